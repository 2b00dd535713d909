#!/usr/bin/env bash
# deploy/try-service.sh [ROOT]: boots a Debian in a container of systemd's, installs the origin there as
# docs/operations.md says, and looks whether the unit does what it says. As root, with debootstrap and
# systemd-nspawn; the origin is ORIGIN_BIN, or else `origin` in the path. ROOT is a Debian with systemd
# and curl to use instead of a fresh one; it is changed.
set -euo pipefail
cd "$(dirname "$0")/.."

origin=$(realpath "$(command -v "${ORIGIN_BIN:-origin}")")
root=${1:-}
if [ -z "$root" ]; then
    made=$(mktemp -d)
    trap 'rm -rf --one-file-system "$made"' EXIT
    root=$made/root
    debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus,curl,procps bookworm "$root" \
        "${DEBIAN_MIRROR:-http://deb.debian.org/debian}" >"$made/log"
fi

# As docs/operations.md, "Installing", has it.
install -m 0755 "$origin" "$root/usr/local/bin/origin"
install -D -m 0644 deploy/llhls-origin.sysusers "$root/etc/sysusers.d/llhls-origin.conf"
chroot "$root" systemd-sysusers
chroot "$root" install -d -m 0750 -g llhls /etc/llhls
install -m 0644 deploy/llhls-origin.service "$root/etc/systemd/system/llhls-origin.service"
ln -sf ../llhls-origin.service "$root/etc/systemd/system/multi-user.target.wants/"
cat >"$root/etc/llhls/origin.toml" <<'END'
[server]
listen = "127.0.0.1:80"   # below 1024, without root
[operations]
listen = "127.0.0.1:9464"
[recording]
directory = "/var/lib/llhls/recordings"
[log]
format = "json"
END
# Soon enough for a test.
mkdir -p "$root/etc/systemd/system/llhls-origin.service.d"
printf '[Service]\nWatchdogSec=2s\n' >"$root/etc/systemd/system/llhls-origin.service.d/watchdog.conf"

cat >"$root/etc/systemd/system/try.service" <<'END'
[Unit]
After=llhls-origin.service multi-user.target
[Service]
Type=oneshot
TimeoutStartSec=3min
ExecStart=/bin/bash /try.sh
ExecStopPost=/bin/systemctl poweroff --force --force
StandardOutput=append:/try.out
StandardError=append:/try.out
[Install]
WantedBy=default.target
END
mkdir -p "$root/etc/systemd/system/default.target.wants"
ln -sf ../try.service "$root/etc/systemd/system/default.target.wants/"

cat >"$root/try.sh" <<'END'
set -u
passed=0 failed=0
check() { # WHAT COMMAND…
    local what=$1
    shift
    if "$@" >/tmp/words 2>&1; then
        echo "  ok    $what"
        passed=$((passed + 1))
    else
        echo "  FAIL  $what"
        cat /tmp/words
        failed=$((failed + 1))
    fi
}
of_unit() { systemctl show llhls-origin --property="$1" --value; }
of_process() { awk -v name="$1:" '$1 == name { print $2 }' "/proc/$(of_unit MainPID)/status"; }
within() { # SECONDS COMMAND…
    local end=$((SECONDS + $1))
    shift
    until "$@" 2>/dev/null; do
        if [ "$SECONDS" -ge "$end" ]; then return 1; fi
        sleep 0.2
    done
}
live=http://127.0.0.1/live/demo/video-720

# It is after the unit, so readiness was told.
check "it is active as soon as it says so" [ "$(of_unit ActiveState)" = active ]
check "and then it answers, on port 80" curl --silent --fail http://127.0.0.1/healthz
check "it is ready" origin --config /etc/llhls/origin.toml health
check "its user is llhls" [ "$(stat --format %U "/proc/$(of_unit MainPID)")" = llhls ]
check "one capability: ports below 1024" [ "$(of_process CapEff)" = 0000000000000400 ]
check "none to gain" [ "$(of_process CapBnd)$(of_process NoNewPrivs)" = 00000000000004001 ]
check "system calls are filtered" [ "$(of_process Seccomp)" = 2 ]
descriptors() { awk '/^Max open files/ { print $5 }' "/proc/$1/limits"; }
lent=$(descriptors 1)
check "65536 descriptors, or as many as this machine lends" \
    [ "$(descriptors "$(of_unit MainPID)")" = "$((lent < 65536 ? lent : 65536))" ]
recorded() { ls /var/lib/llhls/recordings/*/*/*/*.m4s; }
check "recordings are written" within 20 recorded
check "for nobody else to read" [ "$(stat --format %a /var/lib/llhls)" = 750 ]
journal() { journalctl --unit llhls-origin --output cat --no-pager; }
check "the journal has JSON" grep --quiet '^{"timestamp"' <(journal)

# Frozen, it says nothing; the watchdog starts another one.
before=$(of_unit MainPID)
kill -STOP "$before"
another() { [ "$(of_unit MainPID)" != "$before" ] && [ "$(of_unit ActiveState)" = active ]; }
check "the watchdog replaces a frozen one" within 40 another

# A viewer who waits while it stops gets what it waits for.
within 10 curl --silent --fail --output /dev/null "$live/media.m3u8"
msn=$(curl --silent --output /dev/null --dump-header - "$live/media.m3u8" | tr -d '\r' | awk -F '[ .]' '/^llhls-last-part/ { print $2 }')
curl --silent --output /tmp/last --write-out '%{http_code}' "$live/media.m3u8?_HLS_msn=$((msn + 1))&_HLS_part=0" >/tmp/status &
waiting=$!
sleep 0.3
systemctl stop llhls-origin
wait "$waiting"
check "who waits when it is stopped is answered: $(cat /tmp/status)" grep --quiet '^#EXTM3U' /tmp/last
check "it ended by itself, in order" [ "$(of_unit Result)$(of_unit ExecMainStatus)" = success0 ]

# A mistake is told where it is.
echo 'part_targt = "1s"' >>/etc/llhls/origin.toml
start_fails() { ! systemctl start llhls-origin; }
check "with a wrong configuration it does not start" start_fails
check "and the journal says which line" grep --quiet 'origin.toml:[0-9]*:[0-9]*: ' <(journal)
systemd-analyze security llhls-origin.service --no-pager | tail -n 1
echo "$passed passed, $failed failed"
END

rm -f "$root/try.out"
timeout 240 systemd-nspawn --quiet --directory="$root" --private-network --register=no --keep-unit --boot \
    --console=pipe >"$root/boot.log" 2>&1 </dev/null || true
cat "$root/try.out"
grep --quiet ', 0 failed$' "$root/try.out"
