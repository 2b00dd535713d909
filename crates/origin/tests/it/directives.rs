use std::collections::BTreeMap;
use std::time::Instant;

use http::StatusCode;
use llhls::registry::Viewer;
use tokio::task::JoinHandle;

use crate::client::{Answer, Client, Transport, on_every_transport};
use crate::support::{PARTS, Server, publish, video};

on_every_transport![
    the_whole_table,
    directives_elsewhere_are_ignored,
    repeating_a_request_changes_nothing,
];

const PLAYLIST: &str = "/live/show/video/media.m3u8";

/// Three seconds of parts of half a second, rounded up (AMB-03).
const ADVANCE_PART_LIMIT: u64 = 6;

/// How old the stream is when it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The last segment is complete, the next has no part yet.
    OpenIsEmpty,
    /// The open segment has two parts.
    OpenHasParts,
    Ended,
}

/// What the specification wants of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    Now,
    BadRequest,
    /// When this many parts of the stream have been published.
    AfterParts(u64),
}

const SEGMENTS: u64 = 10;

impl Stage {
    fn published(self) -> u64 {
        match self {
            Self::OpenIsEmpty | Self::Ended => SEGMENTS * PARTS,
            Self::OpenHasParts => SEGMENTS * PARTS + 2,
        }
    }

    /// The rules of §6.2.5.2 with what AMB-02 … AMB-05 decide, written a second time: by counting
    /// parts from the start of the stream, which the server never does.
    fn expected(self, msn: Option<u64>, part: Option<u64>) -> Expected {
        if self == Self::Ended {
            return Expected::Now;
        }
        let published = self.published();
        let last_complete = SEGMENTS;
        let open_parts = published - SEGMENTS * PARTS;
        // Segment 1 is the first.
        let start_of = |msn: u64| (msn - 1) * PARTS;
        let wanted = match (msn, part) {
            (None, None) => return Expected::Now,
            (None, Some(_)) => return Expected::BadRequest,
            (Some(msn), _) if msn > last_complete + 2 => return Expected::BadRequest,
            (Some(0), _) => return Expected::Now,
            (Some(msn), None) => start_of(msn) + PARTS,
            // Beyond the end of a closed segment: the first part of the next one.
            (Some(msn), Some(part)) if msn <= last_complete => start_of(msn) + part.min(PARTS) + 1,
            (Some(msn), Some(part)) => {
                let listed = if msn == last_complete + 1 {
                    open_parts
                } else {
                    0
                };
                if part >= listed + ADVANCE_PART_LIMIT {
                    return Expected::BadRequest;
                }
                // A segment that closes with fewer parts than that: the first of the next one.
                start_of(msn) + part.min(PARTS) + 1
            }
        };
        if wanted <= published {
            Expected::Now
        } else {
            Expected::AfterParts(wanted)
        }
    }
}

/// A request that was sent, and what it should get.
struct Sent {
    query: String,
    expected: Expected,
    answer: JoinHandle<Answer>,
}

/// §14 item 5 of the checklist: every kind of `_HLS_msn`, `_HLS_part` and `_HLS_skip` against a
/// stream at three ages. Each held request is answered by the publication that it waits for: not
/// one earlier, not one later.
async fn the_whole_table(transport: Transport) {
    for stage in [Stage::OpenIsEmpty, Stage::OpenHasParts, Stage::Ended] {
        let server = Server::over(transport).await;
        let mut publisher = server.publisher("video", video());
        publish(&mut publisher, 0..stage.published());
        let mut publisher = Some(publisher);
        if stage == Stage::Ended {
            publisher.take().unwrap().fin();
        }
        let viewer = server.origin.playlists().viewer("show", "video").unwrap();
        let asked_at = Instant::now();
        let mut held = BTreeMap::<u64, Vec<Sent>>::new();
        for sent in table(stage, &server.client()) {
            match sent.expected {
                Expected::AfterParts(count) => held.entry(count).or_default().push(sent),
                Expected::Now | Expected::BadRequest => {
                    let answer = sent.answer.await.unwrap();
                    assert!(answer.at >= asked_at);
                    check(&answer, &sent.query, sent.expected, stage.published());
                }
            }
        }
        let Some(mut publisher) = publisher else {
            assert!(held.is_empty());
            continue;
        };
        assert!(held.len() >= 5, "{:?}", held.keys());
        let mut waiting: usize = held.values().map(Vec::len).sum();
        until_waiting(&viewer, waiting).await;
        for number in stage.published()..*held.keys().last().unwrap() {
            let due = held.remove(&(number + 1)).unwrap_or_default();
            let before = Instant::now();
            publish(&mut publisher, number..number + 1);
            waiting -= due.len();
            for sent in due {
                let answer = sent.answer.await.unwrap();
                assert!(answer.at > before, "{} was answered too early", sent.query);
                check(&answer, &sent.query, sent.expected, number + 1);
            }
            // Nobody else was answered: they all wait still.
            assert_eq!(viewer.waiting(), waiting, "after part {number}");
            for sent in held.values().flatten() {
                assert!(
                    !sent.answer.is_finished(),
                    "{} was answered too early",
                    sent.query
                );
            }
        }
        assert!(held.is_empty());
    }
}

/// Sends every combination at once.
fn table(stage: Stage, client: &Client) -> Vec<Sent> {
    let last = SEGMENTS;
    let open_parts = stage.published() - SEGMENTS * PARTS;
    let first_listed = 1;
    let msns = [
        0,
        first_listed,
        last - 1,
        last,
        last + 1,
        last + 2,
        last + 3,
        u64::MAX,
    ];
    let msns = [None].into_iter().chain(msns.map(Some));
    let limit = open_parts + ADVANCE_PART_LIMIT;
    let parts = [
        0,
        open_parts,
        open_parts + 1,
        limit - 1,
        limit,
        PARTS,
        u64::MAX,
    ];
    let parts: Vec<_> = [None].into_iter().chain(parts.map(Some)).collect();
    let mut sent = Vec::new();
    for msn in msns {
        for part in &parts {
            for skip in ["", "_HLS_skip=YES", "_HLS_skip=v2", "_HLS_skip=junk"] {
                let msn_text = msn.map(|msn| format!("_HLS_msn={msn}"));
                let part_text = part.map(|part| format!("_HLS_part={part}"));
                let fields: Vec<_> = [msn_text, part_text, Some(skip.to_owned())]
                    .into_iter()
                    .flatten()
                    .filter(|field| !field.is_empty())
                    .collect();
                let query = fields.join("&");
                let path = format!("{PLAYLIST}?{query}");
                let client = client.clone();
                sent.push(Sent {
                    query,
                    expected: stage.expected(msn, *part),
                    answer: tokio::spawn(async move { client.get(&path).await }),
                });
            }
        }
    }
    sent
}

/// The body holds what was asked for, and is what `published` parts make.
fn check(answer: &Answer, query: &str, expected: Expected, published: u64) {
    if expected == Expected::BadRequest {
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
        assert_eq!(answer.header("cache-control"), "no-store", "{query}");
        return;
    }
    let text = answer.playlist();
    let (complete, open) = (published / PARTS, published % PARTS);
    let last_segment = format!("\ne1-{complete}.m4s\n");
    assert!(text.contains(&last_segment), "{query}: {text}");
    if open > 0 {
        let last_part = format!("URI=\"e1-{}.{}.m4s\"", complete + 1, open - 1);
        assert!(text.contains(&last_part), "{query}: {text}");
    }
    let is_blocking = query.contains("_HLS_msn") || query.contains("_HLS_part");
    let lifetime = if is_blocking {
        "public, max-age=12"
    } else {
        "public, max-age=1"
    };
    assert_eq!(answer.header("cache-control"), lifetime, "{query}");
    let wants_delta = query.contains("YES") || query.contains("v2");
    let is_live = !text.contains("#EXT-X-ENDLIST");
    assert_eq!(
        text.contains("#EXT-X-SKIP:"),
        wants_delta && is_live,
        "{query}: {text}"
    );
}

async fn until_waiting(viewer: &Viewer, count: usize) {
    while viewer.waiting() < count {
        tokio::task::yield_now().await;
    }
    assert_eq!(viewer.waiting(), count);
}

/// SRV-19: they are directives of media playlists.
async fn directives_elsewhere_are_ignored(transport: Transport) {
    let (server, _publisher) = Server::with_show_over(transport).await;
    for path in [
        "/live/show/index.m3u8",
        "/live/show/video/e1-2.m4s",
        "/live/show/video/e1-10.1.m4s",
        "/live/show/video/e1-init0.mp4",
    ] {
        let plain = server.get(path).await;
        let directed = server.get(&format!("{path}?_HLS_msn=x&_HLS_part=99")).await;
        assert_eq!(plain.status, StatusCode::OK, "{path}");
        assert_eq!(directed.status, StatusCode::OK, "{path}");
        assert_eq!(plain.body, directed.body, "{path}");
    }
}

/// SRV-15, SRV-16: the order and the repetition of a request do not matter.
async fn repeating_a_request_changes_nothing(transport: Transport) {
    let (server, _publisher) = Server::with_show_over(transport).await;
    let first = server
        .get(&format!("{PLAYLIST}?_HLS_msn=11&_HLS_part=0&a=b"))
        .await;
    for query in [
        "_HLS_msn=11&_HLS_part=0&a=b",
        "a=b&_HLS_part=0&_HLS_msn=11",
        "_HLS%5Fmsn=1%31&_HLS_part=0",
    ] {
        let again = server.get(&format!("{PLAYLIST}?{query}")).await;
        assert_eq!(again.body, first.body, "{query}");
        assert_eq!(again.header("etag"), first.header("etag"), "{query}");
    }
}
