# shellcheck shell=bash
# What every script here begins with. Sourced, not run.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# No colour codes and no progress bars in a log, no question that nobody answers.
export CARGO_TERM_COLOR="${CARGO_TERM_COLOR:-never}"
export CARGO_TERM_PROGRESS_WHEN=never
export GIT_TERMINAL_PROMPT=0
exec </dev/null

# step NAME COMMAND…: runs one step and says how long it took. A step that fails ends the script.
step() {
    running=$1
    local start=$SECONDS
    shift
    printf '\n==> %s\n' "$running"
    "$@"
    printf '<== %s: %d s\n' "$running" $((SECONDS - start))
    running=
}
running=
trap 'if [ -n "$running" ]; then echo "FAILED: $running" >&2; fi' EXIT

has() {
    command -v "$1" >/dev/null 2>&1
}

# install_tool BINARY CRATE VERSION: a cargo subcommand at a pinned version, unless it is there.
install_tool() {
    local binary=$1 crate=$2 version=$3
    if ! has "$binary"; then
        step "install $crate $version" cargo install --quiet --locked "$crate@$version"
        export PATH="${CARGO_INSTALL_ROOT:-${CARGO_HOME:-$HOME/.cargo}}/bin:$PATH"
    fi
}
