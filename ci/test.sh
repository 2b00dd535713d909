#!/usr/bin/env bash
# The test command: everything the project can show of itself on one machine. Fuzzing and the
# checks of style and licences have scripts of their own beside this one.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/common.sh"

ci/setup.sh

# Not --all-targets: benchmarks say nothing without optimisation; ci/lint.sh compiles them.
step "unit and integration tests" \
    cargo test --quiet --locked --workspace --lib --bins --tests --examples
step "documentation examples" cargo test --quiet --locked --workspace --doc
ring_examples() {
    local example
    for example in telemetry replica blocking; do
        cargo run --quiet --locked -p ring-core --example "$example" || return 1
    done
}
step "ring-core's examples run" ring_examples
step "ring-core without its default features" \
    cargo test --quiet --locked -p ring-core --no-default-features
step "ring-core with all of its features" \
    cargo test --quiet --locked -p ring-core --all-features
step "golden playlists and seeded histories, read by the player's own parser" \
    node --test testing/playlist-oracle/hls-js/
# Every interleaving of a few threads, on loom's locks and atomics instead of std's.
step "ring-core's concurrency models" \
    env RUSTFLAGS="--cfg ring_loom" \
    cargo test --quiet --locked -p ring-core --lib --profile loom models

# The real thing: the release build, a browser, an encoder, and every playlist body that went by.
step "the origin, as an operator builds it" cargo build --quiet --locked --release -p origin
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
step "the quickstart, as it stands" ci/quickstart.sh
export ORIGIN_BIN=$target/release/origin
export PLAYLIST_DUMP=$target/playlists
chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
export CHROMIUM=${CHROMIUM:-$chromium}
rm -rf "$PLAYLIST_DUMP"
step "browser and encoder" npm test --silent --prefix crates/origin/web
# Without a single body `check-playlists` fails too: then the browser test recorded nothing.
step "the playlists the browser was served" \
    cargo run --quiet --locked -p playlist-oracle --bin check-playlists -- "$PLAYLIST_DUMP"/*.m3u8
