# shellcheck shell=bash
# What every script here begins with. Sourced, not run.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# No colour codes and no progress bars in a log, no question that nobody answers.
export CARGO_TERM_COLOR="${CARGO_TERM_COLOR:-never}"
export CARGO_TERM_PROGRESS_WHEN=never
export GIT_TERMINAL_PROMPT=0
exec </dev/null

# step NAME COMMAND…: runs one step and says how long it took.
step() {
    local name=$1 start=$SECONDS
    shift
    printf '\n==> %s\n' "$name"
    "$@"
    printf '<== %s: %d s\n' "$name" $((SECONDS - start))
}

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
