# Varnish in front of one origin: asks once for all who wait for the same, and keeps what came.
# It speaks no TLS: put HAProxy (haproxy.cfg, its server being this Varnish without `proto h2`) before it.
# docs/operations.md, "Reverse proxies", says why each of it; deploy/proxy/try.sh tries it.
#
#   varnishd -a :6081 -f /etc/varnish/llhls.vcl -s malloc,4g -p default_grace=0 -p thread_pool_max=10000
vcl 4.1;

import std;

backend origin {
    .host = "127.0.0.1";
    .port = "8080";
    .max_connections = 10000;
    # A blocked request is silent for up to three target durations.
    .first_byte_timeout = 60s;
    .between_bytes_timeout = 60s;
    .probe = { .url = "/readyz"; .interval = 2s; .timeout = 1s; .window = 3; .threshold = 2; }
}

sub vcl_recv {
    # Encoders: what they send goes on as it comes.
    if (req.url ~ "^/ingest/") {
        return (pipe);
    }
    if (req.method != "GET" && req.method != "HEAD") {
        return (pass);
    }
    # A range is cut from the whole, but for the open segment, which has no end yet.
    if (req.http.Range) {
        return (pass);
    }
    # The page and the list of streams change as they like; tokens in cookies are private.
    if (req.url !~ "^(/t/[^/]+)?/live/" || req.http.Cookie || req.http.Authorization) {
        return (pass);
    }
    return (hash);
}

sub vcl_backend_response {
    # Stale is wrong here: a playlist of two seconds ago is no playlist.
    set beresp.grace = 0s;
    set beresp.keep = 0s;
    if (beresp.http.Cache-Control ~ "no-store|private") {
        # True now and wrong in a moment. Varnish remembers for so long that this is not to be
        # waited for; its own two minutes would let every viewer through to the origin.
        set beresp.uncacheable = true;
        set beresp.ttl = 1s;
        return (deliver);
    }
}

sub vcl_deliver {
    if (obj.hits > 0) {
        set resp.http.X-Cache = "HIT";
    } else {
        set resp.http.X-Cache = "MISS";
    }
}
