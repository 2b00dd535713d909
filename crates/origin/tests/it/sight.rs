//! What operators and their machines see.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use http::StatusCode;
use llhls::registry::RegistryConfig;
use origin::access::{Access, AccessConfig, Secret, StreamPattern, sign};
use origin::config::TokenPlace;
use origin::sight::{Hosts, operations};
use origin::{Limits, OriginConfig, RecordingConfig, Server as HttpServer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::client::Transport;
use crate::support::{PARTS, Server, audio, publish, video};

/// The listener that operators have.
pub(crate) async fn operators(server: &Server) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = HttpServer::new(operations(
        &server.origin,
        Hosts::new().names(["origin.internal"]),
    ))
    .listen(listener);
    tokio::spawn(app.run(std::future::pending()));
    address
}

async fn json(server: &Server, address: SocketAddr, path: &str) -> serde_json::Value {
    let answer = server.get_from(address, path).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}");
    assert_eq!(answer.header("cache-control"), "no-store", "{path}");
    serde_json::from_slice(&answer.body).unwrap()
}

/// One number of the exposition.
async fn metric(server: &Server, address: SocketAddr, series: &str) -> f64 {
    let answer = server.get_from(address, "/metrics").await;
    let text = std::str::from_utf8(&answer.body).unwrap();
    let value = text
        .lines()
        .find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    value
        .unwrap_or_else(|| panic!("no {series}\n{text}"))
        .parse()
        .unwrap()
}

#[tokio::test]
async fn metrics_are_for_operators_and_health_is_for_everybody() {
    let (server, _publisher) = Server::with_show().await;
    let address = operators(&server).await;
    assert_eq!(server.get("/metrics").await.status, StatusCode::NOT_FOUND);
    for path in ["/healthz", "/readyz"] {
        assert_eq!(server.get(path).await.status, StatusCode::OK, "{path}");
        assert_eq!(
            server.get_from(address, path).await.status,
            StatusCode::OK,
            "{path}"
        );
    }
    let sid = "CMCD=sid%3D%22somebody%22";
    for _ in 0..3 {
        let path = format!("/live/show/video/media.m3u8?{sid}");
        assert_eq!(server.get(&path).await.status, StatusCode::OK);
    }
    assert_eq!(
        server.get("/live/none/index.m3u8").await.status,
        StatusCode::NOT_FOUND
    );

    let metrics = server.get_from(address, "/metrics").await;
    assert!(
        metrics
            .header("content-type")
            .starts_with("application/openmetrics-text")
    );
    let text = std::str::from_utf8(&metrics.body).unwrap();
    for line in [
        "llhls_viewers{stream=\"show\"} 1.0",
        "llhls_http_requests_total{kind=\"playlist\",status=\"200\"} 3",
        "llhls_http_requests_total{kind=\"multivariant\",status=\"404\"} 1",
        "llhls_http_requests_under_way{kind=\"playlist\"} 0.0",
        "llhls_streams 1.0",
    ] {
        assert!(text.lines().any(|it| it == line), "{line}\n{text}");
    }

    let streams = server.get_from(address, "/api/streams").await;
    let streams: serde_json::Value = serde_json::from_slice(&streams.body).unwrap();
    let show = &streams["streams"][0];
    assert_eq!(
        (show["name"].as_str(), show["state"].as_str()),
        (Some("show"), Some("live"))
    );
    assert_eq!(show["viewers"], 1);
    assert!(show["renditions"][0]["parts"].as_u64().unwrap() > 0);
    assert!(show["renditions"][0]["age"].is_u64());

    server.origin.leave();
    let ready = server.get_from(address, "/readyz").await;
    assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(
        server.get_from(address, "/healthz").await.status,
        StatusCode::OK
    );
}

/// A name that a stranger points at this machine, for pages of his to read what operators read.
#[tokio::test]
async fn operators_are_asked_by_names_that_are_theirs() {
    let (server, _publisher) = Server::with_show().await;
    let address = operators(&server).await;
    let ask = async |version: &str, host: &str, path: &str| {
        let mut socket = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/{version}\r\n{host}connection: close\r\n\r\n");
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.unwrap();
        answer
    };
    for path in ["/metrics", "/status", "/api/streams", "/api/server"] {
        let evil = format!("host: rebound.example:{}\r\n", address.port());
        let refused = ask("1.1", &evil, path).await;
        assert!(refused.starts_with("HTTP/1.1 421 "), "{path}: {refused}");
        assert!(refused.contains("operations.hosts"), "{path}: {refused}");
        assert!(!refused.contains("show"), "{path}: {refused}");
        for host in [
            "localhost:1",
            "127.0.0.1",
            "10.9.8.7:9464",
            "Origin.internal",
        ] {
            let answer = ask("1.1", &format!("host: {host}\r\n"), path).await;
            assert!(
                answer.starts_with("HTTP/1.1 200 "),
                "{path} {host}: {answer}"
            );
        }
        let old = ask("1.0", "", path).await;
        assert!(old.starts_with("HTTP/1.0 200 "), "{path}: {old}");
    }
    // A probe may come by any name: they tell nothing.
    let ready = ask("1.1", "host: balancer.example\r\n", "/readyz").await;
    assert!(ready.starts_with("HTTP/1.1 200 "), "{ready}");
}

/// A request that is given up is no longer under way.
#[tokio::test]
async fn a_blocked_request_is_seen_while_it_waits_and_not_after() {
    let (server, publisher) = Server::with_show().await;
    let address = operators(&server).await;
    let under_way = async || {
        let metrics = server.get_from(address, "/metrics").await;
        let prefix = "llhls_http_requests_under_way{kind=\"playlist\"} ";
        let text = std::str::from_utf8(&metrics.body).unwrap();
        let value = text.lines().find_map(|line| line.strip_prefix(prefix));
        value.unwrap().to_owned()
    };
    let mut blocked = Box::pin(server.get("/live/show/video/media.m3u8?_HLS_msn=12"));
    let seen = async {
        while under_way().await != "1.0" {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        answer = &mut blocked => panic!("it did not block: {answer:?}"),
        () = seen => {}
    }
    // Its connection is closed with it.
    drop(blocked);
    while under_way().await != "0.0" {
        tokio::task::yield_now().await;
    }
    drop(publisher);
}

#[tokio::test]
async fn connections_are_seen_by_what_they_speak_with_their_bytes() {
    let (server, _publisher) = Server::with_show_over(Transport::H2Tls).await;
    let address = operators(&server).await;
    let connections = async |family: &str, protocol: &str, security: &str| {
        let series = format!("{family}{{protocol=\"{protocol}\",security=\"{security}\"}}");
        metric(&server, address, &series).await
    };
    server.get("/live/show/index.m3u8").await;
    server.get("/live/show/index.m3u8").await;
    assert_eq!(connections("llhls_connections", "http2", "tls").await, 1.0);
    let begun = "llhls_connections_begun_total";
    assert_eq!(connections(begun, "http2", "tls").await, 1.0);

    // In clear text, one at a time.
    let plain = server
        .get_from(server.address, "/live/show/video/e1-1.m4s")
        .await;
    assert_eq!(plain.status, StatusCode::OK);
    assert_eq!(connections(begun, "http1", "clear").await, 1.0);

    // It says nothing; then it says what is no handshake.
    let mut strange = TcpStream::connect(server.place.tls).await.unwrap();
    while connections("llhls_connections", "unknown", "tls").await != 1.0 {
        tokio::task::yield_now().await;
    }
    strange.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let mut rest = Vec::new();
    // An alert, or a reset: either way it ended.
    let _ = strange.read_to_end(&mut rest).await;
    while connections("llhls_connections", "unknown", "tls").await != 0.0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(
        metric(&server, address, "llhls_failed_tls_handshakes_total").await,
        1.0
    );
    assert_eq!(connections(begun, "unknown", "tls").await, 1.0);

    let sent = metric(&server, address, "llhls_network_sent_bytes_total").await;
    assert!(sent > plain.body.len() as f64, "{sent}");
    assert!(metric(&server, address, "llhls_network_received_bytes_total").await > 100.0);
    let series = format!(
        "llhls_certificate_expiry_timestamp_seconds{{listener=\"{}\"}}",
        server.place.tls
    );
    let end = metric(&server, address, &series).await;
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs_f64();
    assert!(end > now + 86_400.0, "{end}");
}

#[tokio::test]
async fn whoever_is_turned_away_is_counted() {
    let limits = Limits::new().connections(1);
    let server = Server::with(Transport::H1, limits, OriginConfig::new()).await;
    let address = operators(&server).await;
    let _seated = TcpStream::connect(server.address).await.unwrap();
    while metric(
        &server,
        address,
        "llhls_connections{protocol=\"unknown\",security=\"clear\"}",
    )
    .await
        != 1.0
    {
        tokio::task::yield_now().await;
    }
    let mut refused = TcpStream::connect(server.address).await.unwrap();
    // The end, or a reset.
    let _ = refused.read_to_end(&mut Vec::new()).await;
    let series = "llhls_refused_connections_total{reason=\"full\"}";
    assert_eq!(metric(&server, address, series).await, 1.0);
    assert_eq!(
        metric(&server, address, "llhls_connections_limit").await,
        1.0
    );
    server.origin.look();
    let overview = json(&server, address, "/api/server").await;
    assert_eq!(overview["alarms"][0]["kind"], "connections", "{overview:#}");
}

/// The time for which a request waits is no delay of the server's.
#[tokio::test]
async fn waiting_for_a_part_is_told_apart_from_answering() {
    let (server, mut publisher) = Server::with_show().await;
    let address = operators(&server).await;
    let viewer = server.origin.playlists().viewer("show", "video").unwrap();
    let held = Duration::from_millis(60);
    let (answer, ()) = tokio::join!(
        server.get("/live/show/video/media.m3u8?_HLS_msn=11&_HLS_part=1"),
        async {
            while viewer.waiting() == 0 {
                tokio::task::yield_now().await;
            }
            // Not for the other side to be ready: this is the time that is measured.
            tokio::time::sleep(held).await;
            publish(&mut publisher, PARTS * 10 + 1..PARTS * 10 + 2);
        }
    );
    assert_eq!(answer.status, StatusCode::OK);
    let kind = "{kind=\"playlist\"}";
    let of = async |family: &str| {
        let count = metric(&server, address, &format!("{family}_count{kind}")).await;
        let sum = metric(&server, address, &format!("{family}_sum{kind}")).await;
        (count, sum)
    };
    let (waits, waited) = of("llhls_held_seconds").await;
    assert!(waits == 1.0 && waited >= held.as_secs_f64(), "{waited}");
    let (answers, own) = of("llhls_answer_delay_seconds").await;
    assert_eq!(answers, 1.0);
    assert!(own < waited, "{own} of its own, {waited} waiting");
}

#[tokio::test]
async fn an_operator_reads_all_of_a_stream_and_a_viewer_what_a_player_needs() {
    let (server, mut publisher) = Server::with_show().await;
    let address = operators(&server).await;
    server.origin.look();
    publish(&mut publisher, PARTS * 10 + 1..PARTS * 11 + 1);
    server.origin.look();
    let show = json(&server, address, "/api/streams/show").await;
    assert_eq!(
        (&show["state"], &show["name"]),
        (&"live".into(), &"show".into())
    );
    assert!(
        show["opened_at"].is_u64() && show["state_since"].is_u64(),
        "{show:#}"
    );
    assert_eq!(
        show["publishers"].as_array().unwrap().len(),
        0,
        "it is no encoder's"
    );
    let video = &show["renditions"][0];
    assert_eq!(
        video["edge"]["last_part"],
        serde_json::json!([12, 0]),
        "{video:#}"
    );
    assert_eq!(video["edge"]["segments"], 11);
    assert_eq!(
        (&video["parts"], &video["segments"]),
        (&45.into(), &11.into())
    );
    assert_eq!(video["target_duration"], 2000);
    let rates = ["bandwidth", "average_bandwidth"].map(|it| video[it].as_u64().unwrap());
    assert!(rates[0] >= rates[1] && rates[1] > 0);
    let history = &show["past"]["history"];
    assert_eq!(
        (
            history["count"].as_u64(),
            history["rows"].as_array().unwrap().len()
        ),
        (Some(2), 2)
    );
    assert_eq!(show["past"]["events"][0]["kind"], "began");
    let later = json(&server, address, "/api/streams/show?since=1").await;
    assert_eq!(
        later["past"]["history"]["rows"].as_array().unwrap().len(),
        1
    );

    let of_viewer = json(&server, server.address, "/api/streams/show").await;
    for (key, theirs) in [
        ("past", &of_viewer),
        ("publishers", &of_viewer),
        ("opened_at", &of_viewer),
    ] {
        assert!(theirs.get(key).is_none(), "{key}");
    }
    let rendition = of_viewer["renditions"][0].as_object().unwrap();
    let keys: Vec<_> = rendition.keys().map(String::as_str).collect();
    let public = [
        "age",
        "average_bandwidth",
        "bandwidth",
        "codecs",
        "kind",
        "name",
        "resolution",
        "state",
    ];
    assert_eq!(keys, public);

    publisher.fin();
    let ended = json(&server, address, "/api/streams/show").await;
    assert_eq!(ended["state"], "ended");
    for address in [address, server.address] {
        let none = server.get_from(address, "/api/streams/none").await;
        assert_eq!(none.status, StatusCode::NOT_FOUND);
    }
    assert_eq!(
        server.get("/api/server").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn lists_come_in_pages() {
    let server = Server::start().await;
    let address = operators(&server).await;
    let mut publishers = Vec::new();
    for number in 0..5 {
        publishers.push(server.publisher_of(&format!("cam-{number}"), "video", video()));
    }
    let mut names = Vec::new();
    let mut next = String::new();
    loop {
        let page = json(&server, address, &format!("/api/streams?limit=2{next}")).await;
        let streams = page["streams"].as_array().unwrap();
        assert!(streams.len() <= 2);
        names.extend(
            streams
                .iter()
                .map(|it| it["name"].as_str().unwrap().to_owned()),
        );
        assert!(streams.iter().all(|it| it["state"] == "starting"));
        match page["next"].as_str() {
            Some(name) => next = format!("&after={name}"),
            None => break,
        }
    }
    assert_eq!(names, ["cam-0", "cam-1", "cam-2", "cam-3", "cam-4"]);
}

#[tokio::test]
async fn a_viewer_is_shown_what_the_token_is_for() {
    let secret = Secret::new("a signing secret of some length");
    let access = AccessConfig::new()
        .viewers_need_tokens(TokenPlace::Path)
        .token_key(secret.clone());
    let server = Server::of(OriginConfig::new().access(Access::new(access))).await;
    let _all = ["show", "other"].map(|name| server.publisher_of(name, "video", video()));
    let until = SystemTime::now() + Duration::from_secs(60);
    let token = sign(&secret, &StreamPattern::parse("show").unwrap(), until);
    for (path, seen) in [
        (format!("/api/streams?token={token}"), vec!["show"]),
        ("/api/streams".to_owned(), vec![]),
    ] {
        let list = json(&server, server.address, &path).await;
        let names = list["streams"].as_array().unwrap().iter();
        let names: Vec<_> = names.map(|it| it["name"].as_str().unwrap()).collect();
        assert_eq!(names, seen, "{path}");
    }
    let one = async |name: &str| {
        let path = format!("/api/streams/{name}?token={token}");
        server.get(&path).await.status
    };
    assert_eq!(one("show").await, StatusCode::OK);
    // Not told apart from what is not there.
    assert_eq!(one("other").await, StatusCode::NOT_FOUND);
    assert_eq!(one("none").await, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_is_wrong_is_said_in_words() {
    let registry = RegistryConfig::new().presentations(2);
    let server = Server::of(OriginConfig::new().registry(registry)).await;
    let address = operators(&server).await;
    let mut show = server.publisher_of("show", "video", video());
    let mut sound = server.publisher_of("show", "audio", audio());
    publish(&mut show, 0..PARTS * 3);
    publish(&mut sound, 0..PARTS * 3);
    let alarms = async || {
        server.origin.look();
        let overview = json(&server, address, "/api/server").await;
        let alarms = overview["alarms"].as_array().unwrap().iter();
        let of = |it: &serde_json::Value, key: &str| it[key].as_str().unwrap_or("").to_owned();
        alarms
            .map(|it| (of(it, "kind"), of(it, "stream"), of(it, "text")))
            .collect::<Vec<_>>()
    };
    assert_eq!(alarms().await, []);
    drop(sound);
    let found = alarms().await;
    assert_eq!(
        (found.len(), found[0].0.as_str(), found[0].1.as_str()),
        (1, "stalled", "show")
    );
    assert!(found[0].2.contains("nothing of audio"), "{found:?}");
    drop(show);
    let found = alarms().await;
    assert!(found[0].2.contains("show lost its encoder"), "{found:?}");
    let events = json(&server, address, "/api/streams/show").await["past"]["events"].take();
    let kinds: Vec<_> = events
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["kind"].clone())
        .collect();
    assert_eq!(kinds, ["lost", "lost", "began", "began"], "{events:#}");

    // Another one fills the room that there is.
    let _other = server.publisher_of("other", "video", video());
    let found = alarms().await;
    assert!(
        found
            .iter()
            .any(|it| it.0 == "streams" && it.2.contains("memory.streams")),
        "{found:?}"
    );
    server.origin.leave();
    assert!(alarms().await.iter().any(|it| it.0 == "leaving"));
}

#[tokio::test]
async fn recordings_are_listed_and_outlive_their_stream() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("sight-{}", std::process::id()));
    let config = OriginConfig::new().recording(RecordingConfig::new(&folder));
    let server = Server::of(config).await;
    let address = operators(&server).await;
    let mut publisher = server.publisher("video", video());
    publish(&mut publisher, 0..PARTS * 3);
    publisher.fin();
    server.origin.recorded().await;
    let list = json(&server, address, "/api/recordings").await;
    assert_eq!(list["recordings"][0]["name"], "show", "{list:#}");
    assert_eq!(list["recordings"][0]["live"], true);
    assert_eq!(
        json(&server, address, "/api/streams").await["streams"][0]["dvr"],
        "/live/show/dvr.m3u8"
    );
    server.origin.playlists().remove("show");
    let show = json(&server, server.address, "/api/streams/show").await;
    assert_eq!(
        (&show["state"], &show["url"]),
        (&"recorded".into(), &"/live/show/dvr.m3u8".into())
    );
    let overview = json(&server, address, "/api/server").await;
    assert_eq!(overview["recording"]["streams"], 1);
    assert!(overview["recording"]["stored_segments"].as_u64().unwrap() >= 3);
    let bytes = |key: &str| overview["recording"][key].as_u64();
    assert!(bytes("free_bytes") <= bytes("disk_bytes"), "{overview:#}");
    assert!(bytes("disk_bytes") > Some(0), "{overview:#}");
    // Left over is no failure of a test.
    let _ = std::fs::remove_dir_all(&folder);
}
