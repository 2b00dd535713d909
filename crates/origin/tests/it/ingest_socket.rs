//! What happens on an encoder's connection beside its media: words before the body, bodies that are compressed, slow or cut
//! off, and what is too large.

use std::io::Write as _;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{Method, StatusCode};
use origin::OriginConfig;
use origin::access::{Access, AccessConfig, KeyDigest, StreamPattern};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::clips::Clip;
use crate::support::Server;

/// HTTP/1.1, byte by byte.
struct Raw(TcpStream);

impl Raw {
    async fn to(server: &Server) -> Self {
        let socket = TcpStream::connect(server.address).await.unwrap();
        socket.set_nodelay(true).unwrap();
        Self(socket)
    }

    async fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
    }

    /// A piece of a chunked body.
    async fn piece(&mut self, bytes: &[u8]) {
        let head = format!("{:x}\r\n", bytes.len());
        self.send(&[head.as_bytes(), bytes, b"\r\n"].concat()).await;
    }

    /// The next head: up to the empty line.
    async fn head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.0.read_u8().await.unwrap());
        }
        String::from_utf8(head).unwrap()
    }
}

fn put(path: &str, fields: &str) -> Vec<u8> {
    format!("PUT {path} HTTP/1.1\r\nhost: localhost\r\n{fields}\r\n").into_bytes()
}

/// How many parts the video of a presentation lists.
async fn parts(server: &Server, name: &str) -> usize {
    let answer = server.get(&format!("/live/{name}/video/media.m3u8")).await;
    match answer.status {
        StatusCode::NOT_FOUND => 0,
        _ => answer.playlist().matches("#EXT-X-PART:").count(),
    }
}

/// Waits until there are so many.
async fn until_parts(server: &Server, name: &str, count: usize) {
    let patience = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while parts(server, name).await < count {
        let now = std::time::Instant::now();
        assert!(now < patience, "{count} parts never came");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_body_is_asked_for_once_it_is_welcome() {
    let key = KeyDigest::of(b"a publish key of some length");
    let access = AccessConfig::new().publish_key(StreamPattern::parse("guarded").unwrap(), key);
    let access = access.publish_key(
        StreamPattern::parse("cam").unwrap(),
        KeyDigest::of(b"another key of some length"),
    );
    let server = Server::of(OriginConfig::new().access(Access::new(access))).await;
    let clip = Clip::demo().until(4);
    let length = format!("expect: 100-continue\r\ncontent-length: {}\r\n", clip.len());

    let mut welcome = Raw::to(&server).await;
    let path = "/ingest/cam?key=another%20key%20of%20some%20length";
    welcome.send(&put(path, &length)).await;
    assert_eq!(welcome.head().await, "HTTP/1.1 100 Continue\r\n\r\n");
    welcome.send(&clip).await;
    assert!(welcome.head().await.starts_with("HTTP/1.1 200 "));
    assert!(parts(&server, "cam").await > 10);

    // Whoever is refused hears so at once, and need not send what nobody reads.
    let coded = format!("{length}content-encoding: br\r\n");
    for (path, fields, status) in [
        ("/ingest/guarded", &length, "401"),
        (path, &coded, "415"),
        ("/ingest/cam%20a?key=x", &length, "401"),
    ] {
        let mut refused = Raw::to(&server).await;
        refused.send(&put(path, fields)).await;
        let head = refused.head().await;
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{head}");
    }
}

#[tokio::test]
async fn bodies_may_be_compressed_with_gzip_and_nothing_else() {
    let server = Server::start().await;
    let clip = Clip::demo().until(5);
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(&clip).unwrap();
    let packed = Bytes::from(encoder.finish().unwrap());
    let send = async |name: &str, coding: &str, body: Bytes| {
        let path = format!("/ingest/{name}");
        let fields = [("content-encoding", coding)];
        server.request(Method::PUT, &path, &fields, body).await
    };
    for coding in ["gzip", "x-gzip"] {
        let answer = send(&coding.replace('-', "_"), coding, packed.clone()).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    }
    let plain = send("plain", "identity", clip.into()).await;
    assert_eq!(plain.status, StatusCode::OK, "{plain:?}");
    let expected = parts(&server, "plain").await;
    assert_eq!(parts(&server, "gzip").await, expected);
    assert_eq!(parts(&server, "x_gzip").await, expected);

    let other = send("other", "zstd", packed.clone()).await;
    assert_eq!(other.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(other.header("accept-encoding"), "gzip, identity");
    let broken = send("broken", "gzip", Bytes::from_static(b"this is not gzip")).await;
    assert_eq!(broken.status, StatusCode::BAD_REQUEST, "{broken:?}");
}

#[tokio::test]
async fn what_an_encoder_deletes_stays_as_long_as_we_keep_it() {
    let server = Server::start().await;
    let clip = Clip::demo();
    let path = "/ingest/cam/chunk-video-00001.m4s";
    let whole = clip.until(5).into();
    let answer = server.request(Method::PUT, path, &[], whole).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let before = server.get("/live/cam/video/media.m3u8").await;
    for path in [
        path,
        "/ingest/cam/manifest.mpd",
        "/ingest/cam",
        "/ingest/none/video.mp4",
    ] {
        let answer = server
            .request(Method::DELETE, path, &[], Bytes::new())
            .await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {answer:?}");
    }
    let after = server.get("/live/cam/video/media.m3u8").await;
    assert_eq!(before.playlist(), after.playlist());
    let answer = server.get(path).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
}

/// ING-14: wherever the connection breaks, what was whole stays, and what is sent again closes the gap.
#[tokio::test]
async fn a_connection_that_breaks_anywhere_in_a_fragment_loses_nothing_that_is_sent_again() {
    let server = Server::start().await;
    let clip = Clip::demo();
    let third = clip.between(2, 3);
    let fields = "transfer-encoding: chunked\r\n";
    for cut in [1, 7, 8, 60, third.len() / 2, third.len() - 1] {
        let name = format!("cam{cut}");
        let path = format!("/ingest/{name}");
        let mut broken = Raw::to(&server).await;
        broken.send(&put(&path, fields)).await;
        broken.piece(&clip.until(2)).await;
        broken.piece(&third[..cut]).await;
        until_parts(&server, &name, 5).await;
        drop(broken);
        // From the fragment on that was sent last, as encoders do that cannot know what arrived.
        let again = [clip.header(), &clip.between(1, 8)].concat();
        let answer = server.request(Method::PUT, &path, &[], again.into()).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        let answer = server.get(&format!("/live/{name}/video/media.m3u8")).await;
        let text = answer.playlist();
        assert!(!text.contains("#EXT-X-DISCONTINUITY\n"), "{text}");
        assert!(!text.contains("GAP"), "{text}");
        let lengths = text.lines().filter(|line| line.starts_with("#EXTINF:2.0"));
        assert!(lengths.count() >= 3, "{text}");
    }
}

/// Encoders that send a request for each segment begin the next one before the last one was read to its end.
#[tokio::test]
async fn a_segment_that_overtakes_the_one_before_it_waits_for_its_turn() {
    let server = Server::start().await;
    let clip = Clip::demo();
    let chunked = put("/ingest/cam", "transfer-encoding: chunked\r\n");
    let fourth = clip.between(3, 4);
    let mut late = Raw::to(&server).await;
    late.send(&chunked).await;
    late.piece(&clip.until(3)).await;
    late.piece(&fourth[..1000]).await;
    until_parts(&server, "cam", 15).await;
    // The next one, sent and answered before it.
    let early = clip.between(4, 6).into();
    let answer = server.request(Method::PUT, "/ingest/cam", &[], early).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert!(parts(&server, "cam").await < 20, "out of its turn");
    late.piece(&fourth[1000..]).await;
    until_parts(&server, "cam", 30).await;
    late.send(b"0\r\n\r\n").await;
    assert!(late.head().await.starts_with("HTTP/1.1 200 "));
    let rest = clip.between(6, 8).into();
    server.request(Method::PUT, "/ingest/cam", &[], rest).await;
    let answer = server.get("/live/cam/video/media.m3u8").await;
    let text = answer.playlist();
    assert!(!text.contains("#EXT-X-DISCONTINUITY\n"), "{text}");
    assert_eq!(text.matches("#EXTINF:2.0").count(), 4, "{text}");
}

#[tokio::test]
async fn media_that_overtakes_its_header_waits_for_it() {
    let server = Server::start().await;
    let clip = Clip::demo();
    let mut early = Raw::to(&server).await;
    let media = clip.between(0, 5);
    let length = format!("content-length: {}\r\n", media.len());
    early.send(&put("/ingest/cam", &length)).await;
    early.send(&media).await;
    let header = clip.header().to_vec().into();
    let answer = server
        .request(Method::PUT, "/ingest/cam", &[], header)
        .await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let head = early.head().await;
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    assert!(parts(&server, "cam").await > 15);
}

/// ING-07: with the last byte of a fragment, whatever comes behind it and however the body is cut into pieces.
#[tokio::test]
async fn a_part_is_out_with_its_last_byte() {
    let server = Server::start().await;
    let clip = Clip::demo();
    let mut slow = Raw::to(&server).await;
    slow.send(&put("/ingest/cam", "transfer-encoding: chunked\r\n"))
        .await;
    slow.piece(&clip.until(3)).await;
    let mut expected = 15;
    until_parts(&server, "cam", expected).await;
    for second in 3..6 {
        let fragment = clip.between(second, second + 1);
        let (last, most) = fragment.split_last().unwrap();
        let pieces = if second == 3 { 1 } else { 1000 };
        for piece in most.chunks(most.len() / pieces) {
            slow.piece(piece).await;
        }
        let now = parts(&server, "cam").await;
        assert!(now < expected + 5, "out before its last byte");
        slow.piece(&[*last]).await;
        expected += 5;
        until_parts(&server, "cam", expected).await;
    }
}

#[tokio::test]
async fn an_empty_body_asks_whether_the_path_may_be_used() {
    let server = Server::start().await;
    let answer = server
        .request(Method::POST, "/ingest/cam", &[], Bytes::new())
        .await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert!(server.origin.playlists().active().is_empty());
}

#[tokio::test]
async fn eight_tracks_come_over_connections_of_their_own() {
    let server = Server::start().await;
    let clip = Clip::demo().until(5);
    let sending = (0..8).map(|track| {
        let (client, clip) = (server.client(), clip.clone());
        async move {
            let path = format!("/ingest/cam/video-{track}.cmfv");
            let answer = client.request(Method::POST, &path, &[], clip.into()).await;
            assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        }
    });
    futures_util::future::join_all(sending).await;
    let answer = server.get("/live/cam/index.m3u8").await;
    let text = String::from_utf8(answer.body.to_vec()).unwrap();
    assert_eq!(text.matches("#EXT-X-STREAM-INF:").count(), 8, "{text}");
}

#[tokio::test]
async fn what_is_too_large_is_refused_before_it_is_read() {
    let server = Server::start().await;
    let header = Clip::demo().header().to_vec();
    let claim = |size: u32, kind: &[u8; 4]| [&size.to_be_bytes()[..], kind].concat();
    let moof = Clip::demo().between(0, 1);
    let moof_size = u32::from_be_bytes(moof[..4].try_into().unwrap()) as usize;
    // Seventeen tracks in place of one.
    let trak = header.windows(4).position(|kind| kind == b"trak").unwrap() - 4;
    let size = u32::from_be_bytes(header[trak..trak + 4].try_into().unwrap()) as usize;
    let moov = header.windows(4).position(|kind| kind == b"moov").unwrap() - 4;
    let mut tracks = header.clone();
    for _ in 1..17 {
        tracks.splice(trak..trak, header[trak..trak + size].to_vec());
    }
    let grown = u32::try_from(tracks.len() - moov).unwrap();
    tracks[moov..moov + 4].copy_from_slice(&grown.to_be_bytes());

    let ftyp = header[..moov].to_vec();
    let bodies = [
        ("moov", [ftyp, claim((1 << 20) + 1, b"moov")].concat()),
        ("tracks", tracks),
        (
            "moof",
            [&header[..], &claim((1 << 20) + 1, b"moof")].concat(),
        ),
        (
            "mdat",
            [
                &header[..],
                &moof[..moof_size],
                &claim((32 << 20) + 1, b"mdat"),
            ]
            .concat(),
        ),
    ];
    for (name, body) in bodies {
        // The body does not end: the answer comes all the same.
        let mut raw = Raw::to(&server).await;
        let path = format!("/ingest/{name}");
        raw.send(&put(&path, "transfer-encoding: chunked\r\n"))
            .await;
        raw.piece(&body).await;
        let head = raw.head().await;
        assert!(head.starts_with("HTTP/1.1 413 "), "{name}: {head}");
    }
    let mut raw = Raw::to(&server).await;
    let field = format!("x-long: {}\r\n", "x".repeat(1 << 20));
    let request = put("/ingest/cam", &field);
    // It may hang up before it has been told everything.
    let _ = raw.0.write_all(&request).await;
    let mut head = [0; 13];
    let read = raw.0.read_exact(&mut head).await;
    assert!(read.is_err() || &head == b"HTTP/1.1 431 ", "{head:?}");
    assert!(server.origin.playlists().active().is_empty());
}
