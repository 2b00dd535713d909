#!/usr/bin/env bash
# Licences, bans and sources of everything that comes in from outside; security advisories too,
# where their database can be reached.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/common.sh"

install_tool cargo-deny cargo-deny 0.20.2

checks=(bans licenses sources)
if timeout 120 cargo deny --log-level off fetch db; then
    checks+=(advisories)
else
    echo "The advisory database cannot be reached from here: advisories are NOT checked."
fi

# An exception may concern the fuzz targets alone, or the workspace alone.
deny() {
    cargo deny --log-level error --locked --config deny.toml --manifest-path "$1" check \
        --allow license-exception-not-encountered "${checks[@]}"
}

step "the workspace: ${checks[*]}" deny Cargo.toml
step "the fuzz targets: ${checks[*]}" deny fuzz/Cargo.toml
