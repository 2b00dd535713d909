use bytes::Bytes;
use http::{Method, StatusCode};

use crate::support::{Answer, Server};

/// Eight seconds of H.264, a fragment a group of pictures: what an encoder sends.
const CLIP: &[u8] = include_bytes!("../../demo/video-360.mp4");

async fn send(server: &Server, method: Method, path: &str, body: &'static [u8]) -> Answer {
    server
        .request(method, path, &[], Bytes::from_static(body))
        .await
}

/// Where each top-level box of `bytes` starts, and its kind.
fn boxes(bytes: &[u8]) -> Vec<(usize, [u8; 4])> {
    let mut found = Vec::new();
    let mut at = 0;
    while at + 8 <= bytes.len() {
        let size = u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
        found.push((at, bytes[at + 4..at + 8].try_into().unwrap()));
        at += size.max(8);
    }
    found
}

/// Where the first fragment starts: everything before it is the header.
fn first_fragment() -> usize {
    let is_fragment = |kind: &[u8; 4]| matches!(kind, b"moof" | b"styp" | b"sidx" | b"prft");
    boxes(CLIP)
        .into_iter()
        .find(|(_, kind)| is_fragment(kind))
        .unwrap()
        .0
}

#[tokio::test]
async fn put_and_post_publish_alike() {
    for method in [Method::PUT, Method::POST] {
        let server = Server::start().await;
        let answer = send(&server, method.clone(), "/ingest/cam", CLIP).await;
        assert_eq!(answer.status, StatusCode::OK, "{method}: {answer:?}");

        let playlist = server.get("/live/cam/video/media.m3u8").await;
        let text = playlist.playlist();
        assert!(
            text.contains("#EXT-X-PART-INF:PART-TARGET=0.20000"),
            "{text}"
        );
        assert!(text.contains("#EXT-X-PROGRAM-DATE-TIME:"), "{text}");
        for uri in text
            .lines()
            .filter(|line| !line.starts_with('#') && !line.is_empty())
        {
            let segment = server.get(&format!("/live/cam/video/{uri}")).await;
            assert_eq!(segment.status, StatusCode::OK, "{uri}");
            assert_eq!(&segment.body[4..8], b"moof", "{uri}");
        }
        let multivariant = server.get("/live/cam/index.m3u8").await;
        let text = String::from_utf8(multivariant.body.to_vec()).unwrap();
        playlist_oracle::assert_multivariant(&text);
        assert!(text.contains("RESOLUTION=640x360"), "{text}");
        assert!(text.contains("FRAME-RATE=30.000"), "{text}");
    }
}

#[tokio::test]
async fn a_header_and_fragments_may_come_in_requests_of_their_own() {
    let server = Server::start().await;
    let starts: Vec<usize> = boxes(CLIP)
        .into_iter()
        .filter(|(_, kind)| kind == b"moof")
        .map(|(at, _)| at)
        .collect();
    let header = &CLIP[..first_fragment()];
    assert_eq!(
        send(&server, Method::PUT, "/ingest/cam", header)
            .await
            .status,
        StatusCode::OK
    );
    for (index, &start) in starts.iter().enumerate() {
        let end = starts.get(index + 1).copied().unwrap_or(CLIP.len());
        let answer = send(&server, Method::PUT, "/ingest/cam", &CLIP[start..end]).await;
        assert_eq!(
            answer.status,
            StatusCode::OK,
            "fragment {index}: {answer:?}"
        );
    }
    let playlist = server.get("/live/cam/video/media.m3u8").await;
    let text = playlist.playlist();
    assert!(!text.contains("#EXT-X-DISCONTINUITY\n"), "{text}");
    assert!(text.matches("#EXTINF:").count() >= 3, "{text}");
}

#[tokio::test]
async fn a_fragment_sent_again_changes_nothing() {
    let server = Server::start().await;
    // Without the box at the end of a file, which says that nothing will follow.
    let end = boxes(CLIP)
        .into_iter()
        .find(|(_, kind)| kind == b"mfra")
        .unwrap()
        .0;
    send(&server, Method::PUT, "/ingest/cam", &CLIP[..end]).await;
    let before = server.get("/live/cam/video/media.m3u8").await;
    // Further back than it can be a repetition, it would be an encoder that starts again.
    let mut backwards = boxes(CLIP).into_iter().rev();
    let last = backwards.find(|(_, kind)| kind == b"moof").unwrap().0;
    let again = &CLIP[last..end];
    let answer = send(&server, Method::PUT, "/ingest/cam", again).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let after = server.get("/live/cam/video/media.m3u8").await;
    assert_eq!(before.playlist(), after.playlist());
}

#[tokio::test]
async fn the_label_names_the_rendition() {
    let server = Server::start().await;
    send(&server, Method::PUT, "/ingest/cam/Streams(left.cmfv)", CLIP).await;
    server.get("/live/cam/left/media.m3u8").await.playlist();
}

#[tokio::test]
async fn bad_input_gets_a_reason_and_harms_no_other_stream() {
    let (server, _publisher) = Server::with_show().await;
    let before = server.get("/live/show/video/media.m3u8").await;
    let media = &CLIP[first_fragment()..];
    let refused: [(&str, &'static [u8], StatusCode); 5] = [
        (
            "/ingest/bad",
            b"this is not an mp4 file, not at all",
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ),
        ("/ingest/bad", media, StatusCode::PRECONDITION_FAILED),
        (
            "/ingest/bad",
            b"\xff\xff\xff\xf0ftypiso6",
            StatusCode::PAYLOAD_TOO_LARGE,
        ),
        ("/ingest/..", CLIP, StatusCode::BAD_REQUEST),
        ("/ingest/a%20b", CLIP, StatusCode::BAD_REQUEST),
    ];
    for (path, body, status) in refused {
        let answer = send(&server, Method::PUT, path, body).await;
        assert_eq!(answer.status, status, "{path}: {answer:?}");
        assert!(!answer.body.is_empty(), "{path}");
    }
    let after = server.get("/live/show/video/media.m3u8").await;
    assert_eq!(before.playlist(), after.playlist());
    let names: Vec<_> = server
        .origin
        .playlists()
        .active()
        .into_iter()
        .map(|info| info.name.to_string())
        .collect();
    assert_eq!(names, ["show"], "a refused request left a stream behind");
}

#[tokio::test]
async fn the_end_of_the_file_is_the_end_of_the_stream() {
    let server = Server::start().await;
    send(&server, Method::PUT, "/ingest/cam", CLIP).await;
    let playlist = server.get("/live/cam/video/media.m3u8").await;
    assert!(playlist.playlist().ends_with("#EXT-X-ENDLIST\n"));
    // The same name again is a new stream behind the old one's numbers.
    let segments = playlist.playlist().matches("#EXTINF:").count() as u64;
    let next = number(&playlist, "#EXT-X-MEDIA-SEQUENCE:") + segments;
    send(&server, Method::PUT, "/ingest/cam", CLIP).await;
    let again = server.get("/live/cam/video/media.m3u8").await;
    assert_eq!(number(&again, "#EXT-X-MEDIA-SEQUENCE:"), next);
    let sequence = "#EXT-X-DISCONTINUITY-SEQUENCE:";
    assert!(number(&again, sequence) > number(&playlist, sequence));
}

fn number(playlist: &Answer, tag: &str) -> u64 {
    let found = playlist
        .playlist()
        .lines()
        .find_map(|line| line.strip_prefix(tag));
    found.expect("both are always printed").parse().unwrap()
}

/// A restarted origin knows no number, and must not go back (UP-03, UP-17).
#[tokio::test]
async fn numbers_of_a_new_stream_follow_the_clock_and_of_its_renditions_each_other() {
    let seconds_of_2020 = || {
        let since = std::time::UNIX_EPOCH.elapsed().unwrap();
        since.as_secs() - 1_577_836_800
    };
    let server = Server::start().await;
    let before = seconds_of_2020();
    // Without an end, so that the other one comes beside it.
    let path = "/ingest/cam/one.cmfv";
    send(&server, Method::POST, path, &CLIP[..first_fragment()]).await;
    send(&server, Method::POST, path, &CLIP[first_fragment()..]).await;
    let after = seconds_of_2020();
    let playlist = server.get("/live/cam/one/media.m3u8").await;
    let first = number(&playlist, "#EXT-X-MEDIA-SEQUENCE:");
    assert!((before..=after).contains(&first), "{first}");
    // Players walk arrays as long as this number.
    assert_eq!(number(&playlist, "#EXT-X-DISCONTINUITY-SEQUENCE:"), 0);
    let open = server.origin.playlists().viewer("cam", "one").unwrap();
    let open = open.edge().unwrap().open.value();
    send(&server, Method::PUT, "/ingest/cam/two.cmfv", CLIP).await;
    let beside = server.get("/live/cam/two/media.m3u8").await;
    assert_eq!(number(&beside, "#EXT-X-MEDIA-SEQUENCE:"), open);
}

#[tokio::test]
async fn a_rendition_that_somebody_publishes_is_a_conflict() {
    let (server, _publisher) = Server::with_show().await;
    let answer = send(&server, Method::PUT, "/ingest/show", CLIP).await;
    assert_eq!(answer.status, StatusCode::CONFLICT, "{answer:?}");
}

#[tokio::test]
async fn what_was_whole_before_a_fault_is_published() {
    let server = Server::start().await;
    let mut broken = CLIP.to_vec();
    broken.extend_from_slice(b"\0\0\0\x03moof");
    let broken: &'static [u8] = Vec::leak(broken);
    let answer = send(&server, Method::PUT, "/ingest/cam", broken).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{answer:?}");
    let playlist = server.get("/live/cam/video/media.m3u8").await;
    assert!(playlist.playlist().matches("#EXTINF:").count() >= 3);
}
