#!/usr/bin/env bash
# deploy/proxy/try.sh [nginx|haproxy|varnish|caddy…]: runs the configurations of this folder in front
# of an origin, those that are installed or those named, and asks through them what players and
# encoders ask. As root: everything happens in a network of its own, so that the ports can be the
# real ones. The origin is ORIGIN_BIN, or else `origin` in the path.
#
# The files are tried as they are but for the paths of certificates and caches, and for fewer
# connections, since a test machine lends few descriptors.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
origin=$(realpath "$(command -v "${ORIGIN_BIN:-origin}")")

if [ -z "${TRY_INSIDE:-}" ]; then
    exec env TRY_INSIDE=yes unshare --net --mount --pid --fork --mount-proc --kill-child "$0" "$@"
fi
ip link set lo up

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
mkdir "$work/tls" "$work/cache"
chmod 777 "$work/cache"
printf '127.0.0.1 localhost live.example.org\n' >"$work/hosts"
mount --bind "$work/hosts" /etc/hosts
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 \
    -subj /CN=live.example.org -addext subjectAltName=DNS:live.example.org \
    -keyout "$work/tls/privkey.pem" -out "$work/tls/fullchain.pem" 2>/dev/null
cat "$work/tls/fullchain.pem" "$work/tls/privkey.pem" >"$work/tls/both.pem"

LLHLS_OPERATIONS_LISTEN=127.0.0.1:9464 "$origin" --listen 127.0.0.1:8080 >"$work/origin.out" 2>"$work/origin.log" &

# ask ARGUMENTS…: curl through the proxy in turn, over PROTOCOL.
ask() {
    curl --silent --show-error --no-progress-meter --max-time 30 --insecure "$protocol" "$@"
}

until_it_answers() {
    for _ in $(seq 100); do
        if ask --output /dev/null --fail "$base/live/demo/video-720/media.m3u8" 2>/dev/null; then return; fi
        sleep 0.1
    done
    echo "nothing answers at $base in 10 s" >&2
    cat "$work"/*.log >&2
    return 1
}

passed=0
check() { # WHAT CONDITION…
    local what=$1
    shift
    if "$@"; then
        printf '  ok    %s\n' "$what"
        passed=$((passed + 1))
    else
        printf '  FAIL  %s\n' "$what"
        failed=$((failed + 1))
    fi
}
failed=0

field() { # FILE NAME: of a head that curl wrote
    tr -d '\r' <"$1" | awk -F ': ' -v name="$2" 'tolower($1) == name { value = $2 } END { print value }'
}

playlist=/live/demo/video-720/media.m3u8

# The newest part of the demo as the origin itself knows it: MSN and part.
edge() {
    curl --silent --output /dev/null --dump-header "$work/edge" "http://127.0.0.1:8080$playlist"
    field "$work/edge" llhls-last-part | tr . ' '
}

# Requests for playlists that reached the origin.
counted() {
    curl --silent http://127.0.0.1:9464/metrics |
        awk '/^llhls_http_requests_total.*kind="playlist"/ { sum += $2 } END { print sum + 0 }'
}

# Fifty viewers who wait for the segment after this one; how long they waited, and whether any was late.
audience() {
    local msn before
    read -r msn _ < <(edge)
    for _ in $(seq 50); do
        printf 'url = "%s%s?_HLS_msn=%s&_HLS_part=0"\noutput = "/dev/null"\n' "$base" "$playlist" $((msn + 1))
    done >"$work/urls"
    before=$(counted)
    ask --parallel --parallel-max 50 --parallel-immediate --compressed --config "$work/urls" \
        --write-out '%{http_code} %{time_total} %header{llhls-last-updated}\n' >"$work/audience"
    asked=$(($(counted) - before))
    answered=$(grep --count '^200 ' "$work/audience" || true)
    # How far apart the first and the last of them were answered.
    spread=$(sort --key 2 --numeric-sort "$work/audience" | awk '{ t[NR] = $2 } END { printf "%d", (t[NR] - t[1]) * 1000 }')
}

try_viewers() {
    local msn
    ask --output "$work/body" --dump-header "$work/head" --write-out '%{http_version}' "$base$playlist" >"$work/version"
    check "a playlist over HTTP/$(cat "$work/version")" [ "$(cat "$work/version")" = "$wanted_version" ]
    check "scripts of any site may read it" [ "$(field "$work/head" access-control-allow-origin)" = '*' ]

    ask --output "$work/packed" --dump-header "$work/head" --header 'accept-encoding: gzip, br' "$base$playlist"
    check "compressed for those who take gzip" grep --quiet EXTM3U <(gzip --decompress --stdout "$work/packed")
    ask --output "$work/plain" --dump-header "$work/head" "$base$playlist"
    check "as it is for the others" grep --quiet EXTM3U "$work/plain"

    read -r msn _ < <(edge)
    ask --output "$work/body" --dump-header "$work/head" "$base$playlist?_HLS_msn=$((msn + 1))&_HLS_part=1"
    check "a blocked playlist comes when its part does" grep --quiet "[-]$((msn + 1))\.1\.m4s" "$work/body"
    check "and is new: $(field "$work/head" llhls-last-part)" [ "$(field "$work/head" llhls-last-part)" = "$((msn + 1)).1" ]

    ask --output "$work/body" "$base$playlist?_HLS_msn=$((msn + 1))&_HLS_skip=YES"
    check "a delta update, under another key" grep --quiet EXT-X-SKIP "$work/body"

    local hint
    hint=$(curl --silent "http://127.0.0.1:8080$playlist" | sed -n 's/.*PRELOAD-HINT.*URI="\([^"]*\)".*/\1/p')
    ask --output "$work/part" --write-out '%{http_code}' "$base${playlist%/*}/$hint" >"$work/status"
    check "the hinted part is waited for" [ "$(cat "$work/status")" = 200 ]

    local segment
    segment=$(grep '^[^#]' "$work/plain" | tail -n 1)
    ask --output "$work/range" --dump-header "$work/head" --range 100-199 "$base${playlist%/*}/$segment"
    ask --output "$work/segment" "$base${playlist%/*}/$segment"
    check "a range of a segment" cmp --quiet "$work/range" <(tail -c +101 "$work/segment" | head -c 100)

    ask --output /dev/null --write-out '%{http_code}' "$base$playlist?_HLS_msn=$((msn + 100))" >"$work/status"
    check "too far ahead is refused, not held" [ "$(cat "$work/status")" = 400 ]
    ask --output /dev/null --write-out '%{http_code}' "$base/live/nobody/index.m3u8" >"$work/status"
    check "what is not there is 404" [ "$(cat "$work/status")" = 404 ]

    audience
    check "50 who wait for the same are all answered ($asked requests reached the origin, the last $spread ms after the first)" \
        [ "$answered" = 50 ]
    if [ "$coalesces" = yes ]; then
        check "and the origin was asked a few times at most" [ "$asked" -le 5 ]
    fi
}

# A body without an end must come out on the other side part by part.
try_encoder() {
    local name=through-$1 encoder parts=0
    if ! command -v ffmpeg >/dev/null; then
        echo "  (no ffmpeg: ingest is not tried)"
        return
    fi
    ffmpeg -nostdin -v error -re -f lavfi -i testsrc2=size=320x180:rate=30 -c:v libx264 -preset ultrafast \
        -tune zerolatency -pix_fmt yuv420p -g 30 -f mp4 -movflags +cmaf+delay_moov -frag_duration 200000 \
        -tls_verify 0 -method PUT "$base/ingest/$name" 2>>"$work/encoder.log" &
    encoder=$!
    for _ in $(seq 100); do
        if parts=$(curl --silent --fail "http://127.0.0.1:8080/live/$name/video/media.m3u8" | grep --count EXT-X-PART:) \
            && [ "$parts" -ge 10 ]; then
            break
        fi
        sleep 0.1
    done
    check "an encoder's parts come out while it sends" kill -0 "$encoder"
    check "and not at its end: $parts of them" [ "${parts:-0}" -ge 10 ]
    kill "$encoder" 2>/dev/null || true
    wait "$encoder" || true
}

here_is() { # FILE
    sed -e "s#/etc/llhls/tls#$work/tls#g" -e "s#/var/cache/nginx/llhls#$work/cache#g" -e 's/maxconn 65536/maxconn 4096/' "$here/$1"
}

start_nginx() {
    {
        echo "daemon off; error_log $work/nginx.log; pid $work/nginx.pid; events { worker_connections 4096; }"
        echo "http { access_log off;"
        here_is nginx.conf
        echo "}"
    } >"$work/nginx.conf"
    nginx -c "$work/nginx.conf" 2>>"$work/nginx.log" &
    coalesces=no
}

start_haproxy() {
    here_is haproxy.cfg >"$work/haproxy.cfg"
    haproxy -f "$work/haproxy.cfg" 2>"$work/haproxy.log" &
    coalesces=no
}

start_varnish() {
    # With HAProxy in front, as it is meant; the mode of its master process ends with the other.
    varnishd -F -n "$work/varnish" -a :6081 -f "$here/varnish.vcl" -s malloc,256m -p default_grace=0 \
        >"$work/varnish.log" 2>&1 &
    here_is haproxy.cfg | sed 's/127.0.0.1:8080 proto h2 check check-proto h1/127.0.0.1:6081 check/' >"$work/haproxy.cfg"
    haproxy -f "$work/haproxy.cfg" 2>"$work/haproxy.log" &
    other=$!
    coalesces=yes
}

start_caddy() {
    {
        echo '{ skip_install_trust
        admin off }' | sed 's/{ /{\n/; s/ }/\n}/'
        # Its own authority in the place of a public one.
        sed 's/^live.example.org {/&\n\ttls internal/' "$here/Caddyfile"
    } >"$work/Caddyfile"
    HOME=$work caddy run --adapter caddyfile --config "$work/Caddyfile" >"$work/caddy.log" 2>&1 &
    coalesces=no
}

proxies=("$@")
if [ ${#proxies[@]} -eq 0 ]; then
    for proxy in nginx haproxy varnish caddy; do
        program=$proxy
        if [ "$proxy" = varnish ]; then program=varnishd; fi
        if command -v "$program" >/dev/null; then proxies+=("$proxy"); else echo "$proxy is not installed"; fi
    done
fi

protocol=--http1.1 base=http://127.0.0.1:8080
until_it_answers
for proxy in "${proxies[@]}"; do
    protocol=--http2 base=https://live.example.org wanted_version=2 other=
    "start_$proxy"
    running=$!
    echo "$proxy"
    until_it_answers
    try_viewers
    try_encoder "$proxy"
    kill "$running" ${other:+"$other"}
    wait "$running" ${other:+"$other"} 2>/dev/null || true
done
printf '\n%s passed, %s failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
