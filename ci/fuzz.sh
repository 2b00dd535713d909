#!/usr/bin/env bash
# ci/fuzz.sh [SECONDS [TARGET…]]: runs every fuzz target, or those named, for SECONDS (default 30)
# each, starting from the inputs in fuzz/corpus. A crash leaves its input in fuzz/artifacts.
#
# FUZZ_SEED chooses the walk; the default is the same every time, so that a change is not blamed
# for another one's luck, and 0 means a new one.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/common.sh"

seconds=${1:-30}
shift $(($# > 0 ? 1 : 0))
seed=${FUZZ_SEED:-1}
readonly at_once=2

install_tool cargo-fuzz cargo-fuzz 0.13.2

# Sanitizers are unstable flags: a nightly takes them, and the pinned compiler does when told to.
if rustup run nightly rustc --version >/dev/null 2>&1; then
    export RUSTUP_TOOLCHAIN=nightly
else
    export RUSTC_BOOTSTRAP=1
fi
echo "fuzzing with $(rustc --version)"

targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
    mapfile -t targets < <(cargo fuzz list)
fi

logs=$PWD/fuzz/target/logs
found=$PWD/fuzz/target/corpus # what a run finds goes here; fuzz/corpus is kept small, by hand
mkdir -p "$logs"

fuzz() {
    local target=$1
    mkdir -p "fuzz/corpus/$target" "$found/$target"
    if cargo fuzz run "$target" "$found/$target" "fuzz/corpus/$target" -- \
        -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -seed="$seed" \
        -print_final_stats=1 >"$logs/$target" 2>&1; then
        echo "$target: $(grep -o 'Done .*' "$logs/$target")"
    else
        echo "$target: FAILED"
        tail -n 60 "$logs/$target"
        return 1
    fi
}

both() {
    local target pids=() failed=0
    for target in "${targets[@]}"; do
        if [ "$(jobs -rp | wc -l)" -ge "$at_once" ]; then
            wait -n || failed=1
        fi
        fuzz "$target" &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do
        wait "$pid" || failed=1
    done
    return "$failed"
}

step "build the fuzz targets" cargo fuzz build
step "fuzz ${targets[*]}, $seconds s each" both
