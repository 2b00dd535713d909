#!/usr/bin/env bash
# Format, lints and documentation, with every warning an error.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/common.sh"

# Each member by itself: in a build of the whole workspace a crate sees the features that its
# neighbours ask of shared dependencies, and compiles with something it never asked for.
members=(crates/*/ benches/ testing/*/)

lint() {
    cargo clippy --quiet --locked --all-targets --manifest-path "$1Cargo.toml" "${@:2}" \
        -- --deny warnings
}

document() {
    RUSTDOCFLAGS="--deny warnings" cargo doc --quiet --locked --workspace --no-deps \
        --document-private-items
}

# What only runs when somebody remembers it does not run.
no_idle_tests() {
    ! grep -rnE '#\[ignore|\b(todo|unimplemented)!' --include='*.rs' crates benches testing fuzz/fuzz_targets
}

step "format" cargo fmt --all --check
step "format of the fuzz targets" cargo fmt --manifest-path fuzz/Cargo.toml --check
step "no ignored tests, no holes" no_idle_tests
for member in "${members[@]}"; do
    step "lints of ${member%/}" lint "$member"
done
# A room of the facade alone must compile, and so must their pairs that nobody tries.
for room in registry manifest ring "registry ring" "manifest ring"; do
    step "lints of llhls with $room alone" \
        lint crates/llhls/ --no-default-features --features "$room"
done
step "lints of the origin without its default features" \
    lint crates/origin/ --no-default-features
step "lints of ring-core without its default features" \
    lint crates/ring-core/ --no-default-features
step "lints of ring-core with all of its features" lint crates/ring-core/ --all-features
step "lints of ring-core's concurrency models" \
    env RUSTFLAGS="--cfg ring_loom" cargo clippy --quiet --locked -p ring-core --lib --tests \
    -- --deny warnings
# As cargo-fuzz builds them: what only fuzzing may call is not there otherwise.
step "lints of the fuzz targets" \
    env RUSTFLAGS="--cfg fuzzing" cargo clippy --quiet --locked --all-targets \
    --manifest-path fuzz/Cargo.toml -- --deny warnings
step "documentation" document

if command -v shellcheck >/dev/null; then
    step "shell scripts" shellcheck --external-sources ci/*.sh .ci/run deploy/*.sh deploy/proxy/try.sh
else
    echo "shellcheck is not installed: the scripts go unchecked"
fi
