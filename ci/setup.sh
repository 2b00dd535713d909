#!/usr/bin/env bash
# Installs what the tests need beyond Rust: a C++ compiler, Node, Chromium, ffmpeg, the page's npm
# packages. On Debian as root it installs the system's part by itself, elsewhere it says what is
# missing. Run again, it finds everything in place and does nothing.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/common.sh"

readonly node_wanted=20

missing=() # Debian's names

if ! has c++; then missing+=(g++); fi
if ! has node || ! has npm; then missing+=(nodejs npm); fi
if ! has chromium && ! has chromium-browser && ! has google-chrome && [ -z "${CHROMIUM:-}" ]; then
    missing+=(chromium)
fi
if ! has ffmpeg || ! has ffprobe; then missing+=(ffmpeg); fi
if ! has curl; then missing+=(curl); fi
if ! has openssl; then missing+=(openssl); fi

if [ ${#missing[@]} -gt 0 ]; then
    if has apt-get && [ "$(id -u)" = 0 ]; then
        export DEBIAN_FRONTEND=noninteractive
        step "apt-get update" apt-get update -qq
        # Along with them the checker of these scripts, without which ci/lint.sh makes do.
        step "apt-get install ${missing[*]}" \
            apt-get install -qq --yes --no-install-recommends "${missing[@]}" shellcheck
    else
        echo "Please install (Debian's names): ${missing[*]}" >&2
        exit 1
    fi
fi

node_found=$(node --version)
node_major=${node_found#v}
if [ "${node_major%%.*}" -lt "$node_wanted" ]; then
    echo "Node $node_found is too old: please install version $node_wanted or later" >&2
    exit 1
fi

# npm writes its own copy of the lock file last, so a newer one means a complete installation.
web=crates/origin/web
if [ ! "$web/node_modules/.package-lock.json" -nt "$web/package-lock.json" ]; then
    step "npm ci" npm ci --prefix "$web" --no-audit --no-fund --loglevel=error
fi

echo "ready: $(rustc --version), node $node_found, $(ffmpeg -version | head -n 1 | cut -d ' ' -f 1-3)"
