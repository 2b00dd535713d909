#!/usr/bin/env bash
# ci/quickstart.sh [clean]: does what docs/quickstart.md says, command by command, as it stands
# there, and holds what comes out against what the page shows.
#
# As it is: with this machine's Rust and ffmpeg, in a home of its own and, where the system allows
# it, in a network of its own, which has nothing but loopback. With `clean`, as root: in a fresh
# Debian, as a user who has nothing but sudo; it fetches that Debian, the packages and the crates.
#
# A comment before a block of the page, `<!-- quickstart: KIND -->`, says how it is run:
#   prepare, rust    to its end; in a clean Debian only
#   run              to its end
#   file NAME        is written to NAME
#   origin, publish  in the background, in the place of the last one of its kind
#   watch            again and again until it says what the page says, a minute long
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/common.sh"

readonly page=docs/quickstart.md patience=60
mode=${1:-here}
work=$(mktemp -d)
steps=$work/steps
mkdir "$steps"

# NN.kind, NN.commands (the lines after `$ ` and what they go on with), NN.expected (the others).
awk -v to="$steps/" '
    /^<!-- quickstart: .* -->$/ { kind = $0; gsub(/^<!-- quickstart: | -->$/, "", kind); next }
    /^```/ && open { open = 0; kind = ""; next }
    /^```/ && kind { open = 1; more = 0; step = to sprintf("%02d", ++count); print kind > (step ".kind"); next }
    open && kind ~ /^file / { print > (step ".commands"); next }
    open && /^\$ / { print substr($0, 3) > (step ".commands"); more = /\\$/; next }
    open && more { print > (step ".commands"); more = /\\$/; next }
    open { print > (step ".expected") }
' "$page"

# What is run inside: a home, a network, and in a clean Debian a root and a user.
inside=()
declare -A running_since=()

stop() { # KIND: the process of this kind, and all it started
    local pid=${running_since[$1]:-}
    if [ -n "$pid" ]; then
        kill -TERM -- "-$pid" 2>/dev/null || true
        # They end in order: what was begun is finished.
        local end=$((SECONDS + patience))
        while kill -0 -- "-$pid" 2>/dev/null; do
            if [ "$SECONDS" -ge "$end" ]; then kill -KILL -- "-$pid"; fi
            sleep 0.1
        done
        unset "running_since[$1]"
    fi
}

finish() {
    stop publish
    stop origin
    if [ -n "${holder:-}" ]; then kill "$holder" 2>/dev/null || true; fi
    if [ "$mode" = clean ]; then
        for place in proc dev; do umount "$work/root/$place" 2>/dev/null || true; done
    fi
    rm -rf --one-file-system "$work"
    if [ -n "$running" ]; then echo "FAILED: $running" >&2; fi
}
trap finish EXIT

# A network of its own: the ports of the page are free there, and nothing comes from outside.
network=()
isolate() {
    unshare --net sleep infinity &
    holder=$!
    until [ "$(readlink "/proc/$holder/ns/net")" != "$(readlink /proc/self/ns/net)" ]; do
        kill -0 "$holder" # it fails when there will never be one
        sleep 0.1
    done
    network=(nsenter "--net=/proc/$holder/ns/net")
    "${network[@]}" ip link set lo up
}
if [ "$(id -u)" = 0 ] && has unshare && has nsenter && has ip && unshare --net true 2>/dev/null; then
    isolate
else
    echo "no network of its own: the ports of the page have to be free here"
fi

prepare_here() {
    mkdir "$work/home"
    # Cargo's own things are this machine's; what it installs is not.
    inside=(env "HOME=$work/home" "CARGO_INSTALL_ROOT=$work/home/.cargo"
        "CARGO_HOME=${CARGO_HOME:-$HOME/.cargo}" "RUSTUP_HOME=${RUSTUP_HOME:-$HOME/.rustup}"
        "CARGO_TARGET_DIR=$(realpath -m "${CARGO_TARGET_DIR:-target}")"
        "PATH=$work/home/.cargo/bin:$PATH" bash)
    place=$PWD
}

prepare_clean() {
    local root=$work/root
    debootstrap --variant=minbase --include=sudo bookworm "$root" "${DEBIAN_MIRROR:-http://deb.debian.org/debian}" \
        >"$work/debootstrap.log" || { tail -n 20 "$work/debootstrap.log"; return 1; }
    mount --bind /proc "$root/proc"
    mount --bind /dev "$root/dev"
    cp /etc/resolv.conf "$root/etc/"
    # Whom this machine trusts beside Debian's authorities, such as a proxy's.
    mkdir --parents "$root/usr/local/share/ca-certificates"
    cp --recursive /usr/local/share/ca-certificates/. "$root/usr/local/share/ca-certificates/"
    chroot "$root" useradd --create-home --shell /bin/bash newcomer
    echo 'newcomer ALL=(ALL) NOPASSWD: ALL' >"$root/etc/sudoers.d/newcomer"
    mkdir "$root/home/newcomer/llhls"
    git archive HEAD | tar --extract --directory "$root/home/newcomer/llhls"
    chroot "$root" chown --recursive newcomer: /home/newcomer
    chroot "$root" apt-get update -qq
    inside=(env --ignore-environment TERM=dumb LANG=C.UTF-8 HOME=/home/newcomer USER=newcomer
        "PATH=$PATH" chroot --userspec=newcomer:newcomer "$root" /bin/bash --login)
    place=/home/newcomer/llhls
}

# rustup, as the page has it; where its server cannot be reached, the toolchain of this machine, and
# that is said.
rust() { # NAME
    if timeout 600 curl --proto '=https' --tlsv1.2 -sSf --output /dev/null https://sh.rustup.rs; then
        once "$1"
        return
    fi
    echo "NOT RUN as it stands: rustup's server cannot be reached; this machine's toolchain stands in"
    local home=$work/root/home/newcomer toolchain
    toolchain=$(rustc --print sysroot)
    mkdir --parents "$home/.cargo/bin" "$home/toolchain"
    cp --archive "$toolchain/bin" "$toolchain/lib" "$home/toolchain/"
    ln --symbolic /home/newcomer/toolchain/bin/{cargo,rustc} "$home/.cargo/bin/"
    # shellcheck disable=SC2016 # it is for the shell that reads it
    echo 'export PATH=/home/newcomer/.cargo/bin:$PATH' >>"$home/.profile"
    chroot "$work/root" chown --recursive newcomer: /home/newcomer
}

# Runs the commands of a block inside, in the folder that those before it left.
script() { # NAME [PREFIX]
    local file=$work/script-$1
    if [ "$mode" = clean ]; then file=$work/root/tmp/script-$1; fi
    {
        printf 'set -eu\ncd %q\n%s' "$place" "${2:-}"
        cat "$steps/$1.commands"
        # Standard output is what the page shows.
        printf 'pwd >&3\n'
    } >"$file"
    chmod 644 "$file"
    # In a clean Debian /tmp is another one.
    "${enter[@]}" "${inside[@]}" "${file#"$work/root"}" 3>"$work/place"
}

put() { # FILE NAME
    local outside=$place
    if [ "$mode" = clean ]; then outside=$work/root$place; fi
    cp "$steps/$2.commands" "$outside/$1"
    chmod 644 "$outside/$1"
}

# Whether each expected line is among the given ones, in order; `…` stands for anything.
shows() { # EXPECTED OUTPUT
    [ -e "$1" ] || return 0
    awk -v output="$2" '
        function fits(line, wanted,    pieces, count, at, piece) {
            count = split(wanted, pieces, "…")
            if (index(line, pieces[1]) != 1) return 0
            line = substr(line, length(pieces[1]) + 1)
            for (piece = 2; piece <= count; piece++) {
                at = index(line, pieces[piece])
                if (!at && pieces[piece] != "") return 0
                if (pieces[piece] != "") line = substr(line, at + length(pieces[piece]))
                else line = ""
            }
            return line == ""
        }
        $0 == "…" { next }
        {
            found = 0
            while (!found && (getline line < output) > 0) found = fits(line, $0)
            if (!found) { print "the page shows a line that did not come: " $0; exit 1 }
        }
    ' "$1"
}

enter=()
once() { # NAME
    if script "$1" >"$work/output" 2>"$work/words" && shows "$steps/$1.expected" "$work/output"; then
        place=$(cat "$work/place")
    else
        cat "$work/output" "$work/words"
        return 1
    fi
}

again() { # NAME
    local end=$((SECONDS + patience))
    until once "$1" >"$work/last"; do
        if [ "$SECONDS" -ge "$end" ]; then
            cat "$work/last" "$work"/words-*
            return 1
        fi
        sleep 0.5
    done
}

background() { # NAME KIND
    stop "$2"
    set -m
    # In the place of its shell, so that it is stopped with it.
    script "$1" "exec " >"$work/log-$2" 2>"$work/words-$2" &
    running_since[$2]=$!
    set +m
    local end=$((SECONDS + patience))
    until shows "$steps/$1.expected" "$work/log-$2" >"$work/last"; do
        if [ "$SECONDS" -ge "$end" ] || ! kill -0 "${running_since[$2]}" 2>/dev/null; then
            cat "$work/last" "$work/log-$2" "$work/words-$2"
            return 1
        fi
        sleep 0.2
    done
}

step "prepare: $mode" "prepare_$mode"
for kind in "$steps"/*.kind; do
    name=$(basename "$kind" .kind)
    kind=$(cat "$kind")
    first=$(head -n 1 "$steps/$name.commands")
    first=${first% \\}
    enter=()
    case $kind in
        prepare | rust) [ "$mode" = clean ] || continue ;;
    esac
    case $kind in
        rust) step "$first" rust "$name" ;;
        prepare) step "$first" once "$name" ;;
        # What is compiled is fetched first.
        run) if [[ $first != cargo\ * ]]; then enter=("${network[@]}"); fi; step "$first" once "$name" ;;
        watch) enter=("${network[@]}"); step "$first" again "$name" ;;
        origin | publish) enter=("${network[@]}"); step "$first" background "$name" "$kind" ;;
        file\ *) step "$kind" put "${kind#file }" "$name" ;;
        *) echo "$page: what is a block that is '$kind'?" >&2; exit 1 ;;
    esac
done
step "the player page needs nobody else" \
    "${network[@]}" curl --silent --show-error --fail --output "$work/hls.js" http://127.0.0.1:8080/hls.js
