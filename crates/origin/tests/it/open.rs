use bytes::Bytes;
use http::{Method, StatusCode};
use llhls::manifest::Addressing;
use llhls::registry::Publisher;
use origin::{Limits, OriginConfig};

use crate::client::{Opening, Transport, header, on_every_transport};
use crate::clips::Clip;
use crate::support::{PARTS, Server, manifest, payload, publish, video};

on_every_transport![
    the_open_segment_is_sent_part_by_part,
    a_range_of_what_is_listed_is_answered_at_once,
    the_hinted_range_is_held_and_ends_with_its_segment,
    a_range_beyond_the_hint_is_416,
    the_next_segment_is_held_from_its_hint_on,
    a_segment_that_is_never_completed_breaks_off,
    parts_are_cut_from_a_hinted_download_by_their_ranges,
    an_operator_chooses_how_parts_are_addressed,
];

/// The open segment of the show, which has one part.
const OPEN: &str = "/live/show/video/e1-11.m4s";
const NEXT: u64 = PARTS * 10 + 1;

async fn open(server: &Server, headers: &[(&str, &str)]) -> Opening {
    let client = server.client();
    client.open(Method::GET, OPEN, headers, Bytes::new()).await
}

fn publish_next(publisher: &mut Publisher, number: u64) {
    publish(publisher, number..number + 1);
}

async fn piece(answer: &mut Opening) -> Bytes {
    answer.piece().await.unwrap().unwrap()
}

/// HINT-02, HINT-11: a piece for each part, none before its part is whole.
async fn the_open_segment_is_sent_part_by_part(transport: Transport) {
    let (server, mut publisher) = Server::with_show_over(transport).await;
    let viewer = server.origin.playlists().viewer("show", "video").unwrap();
    let mut answer = open(&server, &[]).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(header(&answer.headers, "content-length"), "");
    assert_eq!(piece(&mut answer).await, payload(PARTS * 10));
    for number in NEXT..PARTS * 11 {
        while viewer.waiting() == 0 {
            tokio::task::yield_now().await;
        }
        publish_next(&mut publisher, number);
        assert_eq!(piece(&mut answer).await, payload(number));
    }
    assert!(answer.piece().await.is_none(), "it goes on after its end");
}

/// HINT-08.
async fn a_range_of_what_is_listed_is_answered_at_once(transport: Transport) {
    let (server, mut publisher) = Server::with_show_over(transport).await;
    publish_next(&mut publisher, NEXT);
    let first = payload(PARTS * 10);
    let both = [first.clone(), payload(NEXT)].concat();
    let last = both.len() - 1;
    for (start, last) in [(0, first.len() - 1), (first.len(), last), (3, last)] {
        let range = format!("bytes={start}-{last}");
        let answer = server.get_with(OPEN, &[("range", &range)]).await;
        assert_eq!(answer.status, StatusCode::PARTIAL_CONTENT, "{range}");
        assert_eq!(answer.body, &both[start..=last], "{range}");
        assert_eq!(
            answer.header("content-range"),
            format!("bytes {start}-{last}/*")
        );
        let length = (last + 1 - start).to_string();
        assert_eq!(answer.header("content-length"), length);
    }
}

/// HINT-09, HINT-10, AMB-12: the shape of RFC 8673.
async fn the_hinted_range_is_held_and_ends_with_its_segment(transport: Transport) {
    let (server, mut publisher) = Server::with_show_over(transport).await;
    let viewer = server.origin.playlists().viewer("show", "video").unwrap();
    let start = payload(PARTS * 10).len();
    let range = format!("bytes={start}-9007199254740991");
    let headers = [("range", range.as_str())];
    let (mut answer, ()) = tokio::join!(open(&server, &headers), async {
        while viewer.waiting() == 0 {
            tokio::task::yield_now().await;
        }
        publish_next(&mut publisher, NEXT);
    });
    assert_eq!(answer.status, StatusCode::PARTIAL_CONTENT);
    assert_eq!(
        header(&answer.headers, "content-range"),
        format!("bytes {start}-9007199254740991/*")
    );
    assert_eq!(header(&answer.headers, "content-length"), "");
    assert_eq!(piece(&mut answer).await, payload(NEXT));
    for number in NEXT + 1..PARTS * 11 {
        publish_next(&mut publisher, number);
        assert_eq!(piece(&mut answer).await, payload(number));
    }
    assert!(answer.piece().await.is_none());
}

/// HINT-10.
async fn a_range_beyond_the_hint_is_416(transport: Transport) {
    let (server, _publisher) = Server::with_show_over(transport).await;
    let len = payload(PARTS * 10).len();
    let range = format!("bytes={}-", len + 1);
    let answer = server.get_with(OPEN, &[("range", &range)]).await;
    assert_eq!(answer.status, StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(answer.header("content-range"), format!("bytes */{len}"));
    assert_eq!(answer.header("cache-control"), "no-store");
}

/// HINT-01 where parts are ranges: the hint names a segment before its first byte is there.
async fn the_next_segment_is_held_from_its_hint_on(transport: Transport) {
    let (server, mut publisher) = Server::with_show_over(transport).await;
    publish(&mut publisher, NEXT..PARTS * 11);
    let viewer = server.origin.playlists().viewer("show", "video").unwrap();
    let client = server.client();
    let path = "/live/show/video/e1-12.m4s";
    let (mut answer, ()) = tokio::join!(
        client.open(Method::GET, path, &[("range", "bytes=0-")], Bytes::new()),
        async {
            while viewer.waiting() == 0 {
                tokio::task::yield_now().await;
            }
            publish_next(&mut publisher, PARTS * 11);
        }
    );
    assert_eq!(answer.status, StatusCode::PARTIAL_CONTENT);
    assert_eq!(piece(&mut answer).await, payload(PARTS * 11));
    let beyond = server.get("/live/show/video/e1-13.m4s").await;
    assert_eq!(beyond.status, StatusCode::NOT_FOUND);
}

async fn a_segment_that_is_never_completed_breaks_off(transport: Transport) {
    let (server, _publisher) = Server::with_show_over(transport).await;
    let viewer = server.origin.playlists().viewer("show", "video").unwrap();
    let mut answer = open(&server, &[]).await;
    assert_eq!(piece(&mut answer).await, payload(PARTS * 10));
    while viewer.waiting() == 0 {
        tokio::task::yield_now().await;
    }
    server.origin.playlists().remove("show");
    let end = answer.piece().await;
    assert!(
        matches!(end, Some(Err(_))),
        "half a segment looks whole: {end:?}"
    );
}

/// What a playlist says of a part: the resource, and which bytes of it.
fn ranges(playlist: &str) -> impl Iterator<Item = (&str, usize, usize)> {
    let parts = playlist
        .lines()
        .filter(|line| line.starts_with("#EXT-X-PART:"));
    parts.map(|line| {
        let uri = quoted(line, "URI");
        let (length, offset) = quoted(line, "BYTERANGE").split_once('@').unwrap();
        (uri, offset.parse().unwrap(), length.parse().unwrap())
    })
}

fn quoted<'a>(line: &'a str, attribute: &str) -> &'a str {
    let (_, value) = line.split_once(&format!("{attribute}=\"")).unwrap();
    value.split_once('"').unwrap().0
}

/// LL-14, HINT-08, HINT-09: a client that asks for the hinted bytes once downloads the open segment
/// as it grows. The ranges that later playlists print for its parts cut them out of that download,
/// and get the same bytes when they are asked for one by one.
async fn parts_are_cut_from_a_hinted_download_by_their_ranges(transport: Transport) {
    let server = Server::over(transport).await;
    let config = manifest().addressing(Addressing::ByteRanges);
    let mut publisher = server.publisher_with(config, "video", video());
    publish(&mut publisher, 0..NEXT);
    let viewer = server.origin.playlists().viewer("show", "video").unwrap();
    let playlist = server.get("/live/show/video/media.m3u8").await;
    let text = playlist.playlist();
    let hint = text
        .lines()
        .find(|line| line.starts_with("#EXT-X-PRELOAD-HINT:TYPE=PART"));
    let hint = hint.unwrap();
    let hinted = quoted(hint, "URI").to_owned();
    let start = hint.split_once("BYTERANGE-START=").unwrap().1;
    let start: usize = start.parse().unwrap();

    let path = format!("/live/show/video/{hinted}");
    let range = format!("bytes={start}-9007199254740991");
    let headers = [("range", range.as_str())];
    let client = server.client();
    let (mut download, ()) = tokio::join!(
        client.open(Method::GET, &path, &headers, Bytes::new()),
        async {
            while viewer.waiting() == 0 {
                tokio::task::yield_now().await;
            }
            publish(&mut publisher, NEXT..PARTS * 11);
        }
    );
    let mut body = Vec::new();
    while let Some(piece) = download.piece().await {
        body.extend(piece.unwrap());
    }

    let playlist = server.get("/live/show/video/media.m3u8").await;
    let of_segment = |(uri, ..): &(&str, usize, usize)| *uri == hinted;
    let listed: Vec<_> = ranges(playlist.playlist()).filter(of_segment).collect();
    assert_eq!(listed.len() as u64, PARTS);
    for (number, (_, offset, length)) in (PARTS * 10..).zip(listed) {
        if let Some(from) = offset.checked_sub(start) {
            assert_eq!(body[from..from + length], payload(number));
        }
        let range = format!("bytes={offset}-{}", offset + length - 1);
        let part = server.get_with(&path, &[("range", &range)]).await;
        assert_eq!(part.status, StatusCode::PARTIAL_CONTENT, "{range}");
        assert_eq!(part.body, payload(number), "{range}");
    }
}

/// What is ingested, in either form: each byte that a playlist names of a part is there.
async fn an_operator_chooses_how_parts_are_addressed(transport: Transport) {
    for addressing in [Addressing::Discrete, Addressing::ByteRanges] {
        let config = OriginConfig::new().part_addressing(addressing);
        let server = Server::with(transport, Limits::new(), config).await;
        let clip = Bytes::from(Clip::demo().whole());
        let sent = server.request(Method::PUT, "/ingest/cam", &[], clip).await;
        assert_eq!(sent.status, StatusCode::OK, "{sent:?}");
        let playlist = server.get("/live/cam/video/media.m3u8").await;
        let text = playlist.playlist();
        let parts = text.matches("#EXT-X-PART:").count();
        assert!(parts > 10, "{text}");
        let ranged = match addressing {
            Addressing::Discrete => 0,
            Addressing::ByteRanges => parts,
        };
        assert_eq!(text.matches(",BYTERANGE=\"").count(), ranged, "{text}");
        if ranged == 0 {
            continue;
        }
        for (uri, offset, length) in ranges(text) {
            let path = format!("/live/cam/video/{uri}");
            let range = format!("bytes={offset}-{}", offset + length - 1);
            let part = server.get_with(&path, &[("range", &range)]).await;
            assert_eq!(part.body.len(), length, "{uri} {range}");
            assert_eq!(&part.body[4..8], b"moof", "{uri} {range}");
        }
    }
}
