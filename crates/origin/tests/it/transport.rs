use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode, Version};
use origin::{Limits, OriginConfig, Reloaded, Tls, TlsError};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::client::{Client, Place, Transport, on_every_transport};
use crate::support::{Identity, PARTS, Server, publish, video};

on_every_transport![
    each_transport_is_what_it_says,
    a_client_that_goes_away_gives_its_seat_back,
    stopping_lets_a_blocked_request_finish,
    stopping_answers_503_to_who_would_wait_for_too_long,
    a_request_too_many_is_503,
];

const PLAYLIST: &str = "/live/show/video/media.m3u8";
const BLOCKED: &str = "/live/show/video/media.m3u8?_HLS_msn=11&_HLS_part=1";
const NEXT: std::ops::Range<u64> = PARTS * 10 + 1..PARTS * 10 + 2;
const HOUR: Duration = Duration::from_secs(3600);

async fn with_show(transport: Transport, limits: Limits) -> (Server, llhls::registry::Publisher) {
    let server = Server::with(transport, limits, OriginConfig::new()).await;
    let mut publisher = server.publisher("video", video());
    publish(&mut publisher, 0..PARTS * 10 + 1);
    (server, publisher)
}

async fn until_waiting(server: &Server, count: usize) {
    let viewer = server.origin.playlists().viewer("show", "video").unwrap();
    let reached = async {
        while viewer.waiting() != count {
            tokio::task::yield_now().await;
        }
    };
    let reached = tokio::time::timeout(Duration::from_secs(30), reached).await;
    assert!(reached.is_ok(), "{} wait, not {count}", viewer.waiting());
}

/// HTTP-01: the same over all of them.
async fn each_transport_is_what_it_says(transport: Transport) {
    let (server, _publisher) = Server::with_show_over(transport).await;
    let answer = server.get(PLAYLIST).await;
    let version = match transport {
        Transport::H1 => Version::HTTP_11,
        Transport::H2c | Transport::H2Tls => Version::HTTP_2,
    };
    assert_eq!(answer.version, version);
    let over_h1 = Client::new(Transport::H1, server.place.clone());
    let same = over_h1.get(PLAYLIST).await;
    assert_eq!(answer.playlist(), same.playlist());
    assert_eq!(answer.header("etag"), same.header("etag"));
}

/// HTTP-01: who does not speak HTTP/2 is served as well, over TLS too.
#[tokio::test]
async fn tls_serves_http_1_1_to_who_knows_nothing_else() {
    let (server, _publisher) = Server::with_show().await;
    let mut trusted = (*server.place.trusted).clone();
    trusted.alpn_protocols = vec![b"http/1.1".to_vec()];
    let place = Place {
        trusted: Arc::new(trusted),
        ..server.place.clone()
    };
    let mut stream = place.shake_hands().await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    // HTTP-12: the newest version, where both can.
    let version = stream.get_ref().1.protocol_version();
    assert_eq!(version, Some(rustls::ProtocolVersion::TLSv1_3));
    let request = format!("GET {PLAYLIST} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("#EXTM3U"), "{answer}");
}

/// HTTP-03: as many as a player with all renditions blocked can need.
#[tokio::test]
async fn many_blocked_requests_share_one_http2_connection() {
    for transport in [Transport::H2c, Transport::H2Tls] {
        let (server, mut publisher) = Server::with_show_over(transport).await;
        let requests: Vec<_> = (0..100)
            .map(|_| {
                let client = server.client();
                tokio::spawn(async move { client.get(BLOCKED).await })
            })
            .collect();
        until_waiting(&server, 100).await;
        publish(&mut publisher, NEXT);
        for request in requests {
            assert_eq!(request.await.unwrap().status, StatusCode::OK);
        }
        until_waiting(&server, 0).await;
    }
}

/// SRV-18.
async fn a_client_that_goes_away_gives_its_seat_back(transport: Transport) {
    let (server, mut publisher) = Server::with_show_over(transport).await;
    let requests: Vec<_> = (0..50)
        .map(|_| {
            let client = server.client();
            tokio::spawn(async move { client.get(BLOCKED).await })
        })
        .collect();
    until_waiting(&server, 50).await;
    for request in requests {
        request.abort();
    }
    until_waiting(&server, 0).await;
    publish(&mut publisher, NEXT);
}

async fn stopping_lets_a_blocked_request_finish(transport: Transport) {
    let (server, mut publisher) = with_show(transport, Limits::new().drain_time(HOUR)).await;
    let client = server.client();
    let place = server.place.clone();
    let blocked = tokio::spawn(async move { client.get(BLOCKED).await });
    until_waiting(&server, 1).await;
    let stopping = server.stopping();
    // The listener is closed before anything else, so this is the event to wait for.
    while TcpStream::connect(place.clear).await.is_ok() {
        tokio::task::yield_now().await;
    }
    publish(&mut publisher, NEXT);
    let answer = blocked.await.unwrap();
    answer.playlist();
    if transport == Transport::H1 {
        assert_eq!(answer.header("connection"), "close");
    }
    assert_eq!(stopping.await.unwrap().cut, 0);
}

async fn stopping_answers_503_to_who_would_wait_for_too_long(transport: Transport) {
    let limits = Limits::new().drain_time(Duration::from_millis(10));
    let (server, _publisher) = with_show(transport, limits).await;
    let client = server.client();
    let blocked = tokio::spawn(async move { client.get(BLOCKED).await });
    until_waiting(&server, 1).await;
    let stopping = server.stopping();
    let answer = blocked.await.unwrap();
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert_eq!(stopping.await.unwrap().cut, 0);
}

/// An encoder may feed the requests that wait, and must not hold up the end after that.
#[tokio::test]
async fn stopping_lets_go_of_uploads_when_nobody_reads() {
    let (server, _publisher) = with_show(Transport::H1, Limits::new().drain_time(HOUR)).await;
    let mut encoder = TcpStream::connect(server.address).await.unwrap();
    let head = "PUT /ingest/cam HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\nexpect: 100-continue\r\n\r\n";
    encoder.write_all(head.as_bytes()).await.unwrap();
    let mut buffer = [0; 1024];
    let read = encoder.read(&mut buffer).await.unwrap();
    assert!(
        buffer[..read].starts_with(b"HTTP/1.1 100 "),
        "it is being read"
    );
    let drained = server.stopping().await.unwrap();
    assert_eq!(drained.cut, 0);
    let read = encoder.read(&mut buffer).await.unwrap();
    assert!(buffer[..read].starts_with(b"HTTP/1.1 503 "), "{read}");
}

async fn a_request_too_many_is_503(transport: Transport) {
    let (server, mut publisher) = with_show(transport, Limits::new().requests(1)).await;
    let client = server.client();
    let blocked = tokio::spawn(async move { client.get(BLOCKED).await });
    until_waiting(&server, 1).await;
    let answer = server.get(PLAYLIST).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.header("retry-after"), "1");
    publish(&mut publisher, NEXT);
    blocked.await.unwrap().playlist();
    server.get(PLAYLIST).await.playlist();
}

/// A connection over which a request was answered, and which stays open.
async fn connected(server: &Server) -> TcpStream {
    let mut socket = TcpStream::connect(server.address).await.unwrap();
    let request = "OPTIONS /live/x HTTP/1.1\r\nhost: a\r\n\r\n";
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut buffer = [0; 4096];
    let read = socket.read(&mut buffer).await.unwrap();
    assert!(buffer[..read].starts_with(b"HTTP/1.1 204 "));
    socket
}

/// Waits until the server has closed a connection on which it has nothing to say.
async fn until_closed(mut socket: TcpStream) {
    let mut buffer = [0; 4096];
    match socket.read(&mut buffer).await {
        Ok(0) => {}
        Ok(read) => panic!("{}", String::from_utf8_lossy(&buffer[..read])),
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
    }
}

#[tokio::test]
async fn connections_beyond_the_limit_are_closed_at_once() {
    for limits in [
        Limits::new().connections(2),
        Limits::new().connections_per_address(2),
    ] {
        let (server, _publisher) = with_show(Transport::H1, limits).await;
        let first = connected(&server).await;
        let _second = connected(&server).await;
        until_closed(TcpStream::connect(server.address).await.unwrap()).await;
        drop(first);
        // The server has to notice first.
        loop {
            let mut socket = TcpStream::connect(server.address).await.unwrap();
            let request = format!("GET {PLAYLIST} HTTP/1.1\r\nhost: a\r\n\r\n");
            let sent = socket.write_all(request.as_bytes()).await;
            let mut buffer = [0; 64];
            if sent.is_ok() && socket.read(&mut buffer).await.is_ok_and(|read| read > 0) {
                assert!(buffer.starts_with(b"HTTP/1.1 200 OK"));
                break;
            }
        }
    }
}

/// Slow heads, silence and unfinished handshakes all end.
#[tokio::test]
async fn who_asks_for_nothing_is_closed() {
    let limits = Limits::new().header_time(Duration::from_millis(10));
    let (server, _publisher) = with_show(Transport::H1, limits).await;
    let silent = TcpStream::connect(server.place.clear).await.unwrap();
    let mut half = TcpStream::connect(server.place.clear).await.unwrap();
    half.write_all(b"GET / HTTP/1.1\r\nho").await.unwrap();
    let unshaken = TcpStream::connect(server.place.tls).await.unwrap();
    let mut hello = TcpStream::connect(server.place.tls).await.unwrap();
    hello.write_all(&[0x16, 3, 1, 2, 0, 1]).await.unwrap();
    for socket in [silent, half, unshaken, hello] {
        until_closed(socket).await;
    }
}

/// HTTP-18: what is idle is closed, and what waits is not idle.
#[tokio::test]
async fn a_held_request_outlives_the_idle_time() {
    // A third of it is the time for a ping, which a busy machine needs.
    let limits = Limits::new().idle_time(Duration::from_millis(600));
    let (server, mut publisher) = with_show(Transport::H2c, limits).await;
    let (h1, h2) = (
        Client::new(Transport::H1, server.place.clone()),
        server.client(),
    );
    let blocked = [h1, h2].map(|client| tokio::spawn(async move { client.get(BLOCKED).await }));
    until_waiting(&server, 2).await;
    for _ in 0..2 {
        // Each of these lasts for an idle time.
        until_closed(connected(&server).await).await;
    }
    until_waiting(&server, 2).await;
    publish(&mut publisher, NEXT);
    for request in blocked {
        request.await.unwrap().playlist();
    }
}

/// A client that takes nothing of its answer does not keep it for ever.
#[tokio::test]
async fn an_answer_that_is_not_taken_is_given_up() {
    let limits = Limits::new()
        .answer_time(Duration::from_millis(40))
        .idle_time(Duration::from_millis(40))
        .header_time(Duration::from_millis(40));
    let (server, _publisher) = with_show(Transport::H1, limits).await;
    let mut publisher = server.publisher("large", video());
    let bytes = Bytes::from(vec![7; 12 * 1024 * 1024]);
    let half = llhls::manifest::MediaDuration::from_millis(500);
    let part = llhls::registry::Part::new(bytes, half).independent();
    publisher
        .publish(part.cut(llhls::manifest::Cut::After))
        .unwrap();
    let mut socket = TcpStream::connect(server.address).await.unwrap();
    let request = "GET /live/show/large/e1-1.m4s HTTP/1.1\r\nhost: a\r\n\r\n";
    socket.write_all(request.as_bytes()).await.unwrap();
    // A closed socket answers what it is sent with a reset.
    while socket.write_all(b"\r\n").await.is_ok() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_flood_of_headers_is_431() {
    let (server, _publisher) = with_show(Transport::H1, Limits::new()).await;
    let many = "a: b\r\n".repeat(100);
    let long = format!("a: {}\r\n", "b".repeat(100_000));
    for headers in [many, long] {
        let mut socket = TcpStream::connect(server.address).await.unwrap();
        let request = format!("GET {PLAYLIST} HTTP/1.1\r\nhost: a\r\n{headers}\r\n");
        // It may be closed before it has taken all of that.
        let _ = socket.write_all(request.as_bytes()).await;
        let mut answer = [0; 64];
        let read = socket.read(&mut answer).await.unwrap();
        let answer = String::from_utf8_lossy(&answer[..read]);
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    }
    server.get(PLAYLIST).await.playlist();
}

#[tokio::test]
async fn a_flood_of_headers_ends_its_http2_stream_alone() {
    let (server, _publisher) = with_show(Transport::H2c, Limits::new()).await;
    let client = server.client();
    let long = "b".repeat(60_000);
    let flood = client
        .request(Method::GET, PLAYLIST, &[("a", long.as_str())], Bytes::new())
        .await;
    assert_eq!(flood.status, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    client.get(PLAYLIST).await.playlist();
}

#[tokio::test]
async fn a_certificate_is_read_again_when_its_files_change() {
    let mut identity = Identity::new();
    let tls = Tls::from_files(&identity.certificate, &identity.key)
        .unwrap()
        .check_every(Duration::from_millis(1));
    let server = Server::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut place = Place {
        clear: server.address,
        tls: listener.local_addr().unwrap(),
        trusted: Arc::clone(&identity.trusted),
    };
    let running = origin::Server::new(server.origin.service()).listen_tls(listener, tls);
    tokio::spawn(running.run(std::future::pending()));
    place.shake_hands().await.unwrap();
    identity.renew();
    place.trusted = Arc::clone(&identity.trusted);
    while place.shake_hands().await.is_err() {
        tokio::task::yield_now().await;
    }
}

#[test]
fn a_half_written_certificate_changes_nothing() {
    let identity = Identity::new();
    let tls = Tls::from_files(&identity.certificate, &identity.key).unwrap();
    assert_eq!(tls.reload().unwrap(), Reloaded::Unchanged);
    let other = Identity::new();
    std::fs::copy(&other.certificate, &identity.certificate).unwrap();
    assert!(matches!(tls.reload(), Err(TlsError::Mismatch)));
    std::fs::write(&identity.certificate, "-----BEGIN").unwrap();
    assert!(matches!(tls.reload(), Err(TlsError::Content { .. })));
    std::fs::copy(&other.certificate, &identity.certificate).unwrap();
    std::fs::copy(&other.key, &identity.key).unwrap();
    assert_eq!(tls.reload().unwrap(), Reloaded::Replaced);
    std::fs::remove_file(&identity.key).unwrap();
    assert!(matches!(tls.reload(), Err(TlsError::Read { .. })));
}

/// What a client begins with may come in any pieces, also where they tell HTTP/1.1 from HTTP/2.
#[tokio::test]
async fn a_connection_may_begin_a_byte_at_a_time() {
    let server = Server::start().await;
    let empty_settings = "\0\0\0\x04\0\0\0\0\0";
    let http2 = format!("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n{empty_settings}");
    let http1 = "PATCH /live/ HTTP/1.1\r\nhost: x\r\n\r\n".to_owned();
    for (request, is_http2) in [(http2, true), (http1, false)] {
        let mut socket = TcpStream::connect(server.address).await.unwrap();
        socket.set_nodelay(true).unwrap();
        for byte in request.as_bytes() {
            socket.write_all(&[*byte]).await.unwrap();
            // However many of them the server finds at once, the answer is the same.
            tokio::task::yield_now().await;
        }
        let mut answer = [0; 9];
        socket.read_exact(&mut answer).await.unwrap();
        // The first frame of HTTP/2 is SETTINGS, type 4.
        assert_eq!(answer[3] == 4, is_http2, "{answer:?}");
        assert_eq!(answer.starts_with(b"HTTP/1.1"), !is_http2, "{answer:?}");
    }
}
