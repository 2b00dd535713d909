//! I2: from the last byte of a part to a reader who waits for it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use benches::turns::{Better, Candidate, Table, median};
use bytes::Bytes;
use llhls::manifest::Directives;
use llhls::registry::{Coding, Viewer};
use tokio::runtime::Runtime;
use tokio::sync::{Notify, watch};

use crate::media::{PART, fragment, header, picture};
use crate::server::{Bare, Client, Encoder, Relay, bare, ours, runtime};
use crate::throughput::{Pipeline, config};

/// Bits a second: a part of 200 ms has 50 kB.
const BITS: u64 = 2_000_000;

/// Parts of one turn; its figure is their median.
const TIMES: usize = 50;

/// What is published before the first part counts: six segments of two seconds. By then the rhythm of the key pictures
/// is known, and each hint comes true.
const BEFORE: u64 = 60;

/// For those who are asked to wait to get there.
const SETTLE: Duration = Duration::from_millis(2);

/// The fragment of a part.
fn part(number: u64) -> Vec<u8> {
    fragment(number * PART, PART, picture(BITS))
}

pub(crate) fn in_process(table: &mut Table) {
    let runtime = runtime();
    let mut pipeline = Pipeline::new(config());
    for number in 0..BEFORE {
        pipeline.take(&part(number));
    }
    let pipeline = Arc::new(Mutex::new(pipeline));
    let mut number = BEFORE;
    let candidates: Vec<Candidate<'_>> = vec![
        (
            "boxes read, cut, published; the waiting task has the part",
            Box::new(|| {
                let mut delays = Vec::new();
                for _ in 0..TIMES {
                    let bytes = part(number);
                    number += 1;
                    delays.push(runtime.block_on(through(&pipeline, bytes)));
                }
                median(delays)
            }),
        ),
        (
            "tokio Notify: a waiting task runs",
            Box::new(|| {
                let delays = (0..TIMES).map(|_| runtime.block_on(notified()));
                median(delays.collect())
            }),
        ),
    ];
    table.row(
        "I2: last byte of a part of 50 kB to its waiting reader, in one process",
        "µs",
        Better::Lower,
        candidates,
    );
}

/// One part; the time from its last byte to the reader that has it.
async fn through(pipeline: &Arc<Mutex<Pipeline>>, bytes: Vec<u8>) -> f64 {
    let (most, last) = bytes.split_at(bytes.len() - 1);
    let viewer = {
        let mut pipeline = pipeline.lock().expect("no panic");
        pipeline.take(most);
        pipeline.viewer()
    };
    let next = viewer.edge().expect("live").next_part();
    let waiting = viewer.clone();
    let reader = tokio::spawn(async move {
        let part = waiting.part(next).await.expect("it comes");
        (part.len(), Instant::now())
    });
    until_waiting(&viewer).await;
    let (pipeline, last) = (Arc::clone(pipeline), last.to_vec());
    // On a worker, as a request is.
    let sent = tokio::spawn(async move {
        let sent = Instant::now();
        pipeline.lock().expect("no panic").take(&last);
        sent
    });
    let sent = sent.await.expect("no panic");
    let (len, got) = reader.await.expect("no panic");
    assert_eq!(len, bytes.len());
    got.duration_since(sent).as_nanos() as f64 / 1e3
}

async fn notified() -> f64 {
    let notify = Arc::new(Notify::new());
    let waiting = Arc::clone(&notify).notified_owned();
    let reader = tokio::spawn(async move {
        waiting.await;
        Instant::now()
    });
    tokio::time::sleep(SETTLE).await;
    let sent = tokio::spawn(async move {
        let sent = Instant::now();
        notify.notify_waiters();
        sent
    });
    let sent = sent.await.expect("no panic");
    let got = reader.await.expect("no panic");
    got.duration_since(sent).as_nanos() as f64 / 1e3
}

async fn until_waiting(viewer: &Viewer) {
    while viewer.waiting() == 0 {
        tokio::task::yield_now().await;
    }
    tokio::time::sleep(SETTLE).await;
}

/// An encoder's connection and a reader's.
struct Ends {
    encoder: Encoder,
    reader: Option<Client>,
    number: u64,
}

impl Ends {
    async fn open(address: SocketAddr) -> Self {
        let mut encoder = Encoder::open(address, "/ingest/cam").await;
        let reader = Some(Client::open(address).await);
        encoder.send(&header()).await;
        Self {
            encoder,
            reader,
            number: 0,
        }
    }

    async fn before(&mut self) {
        for _ in 0..BEFORE {
            self.encoder.send(&part(self.number)).await;
            self.number += 1;
        }
    }

    /// One part to a reader that asks for `path` and waits as `asked` tells; the time from its last byte.
    async fn through(&mut self, path: &str, asked: impl AsyncFnOnce()) -> f64 {
        let bytes = part(self.number);
        self.number += 1;
        let (most, last) = bytes.split_at(bytes.len() - 1);
        self.encoder.send(most).await;
        let (mut reader, path) = (self.reader.take().expect("it came back"), path.to_owned());
        let reading = tokio::spawn(async move {
            let part = reader.get(&path).await;
            (reader, part.len(), Instant::now())
        });
        asked().await;
        tokio::time::sleep(SETTLE).await;
        let sent = Instant::now();
        self.encoder.send(last).await;
        let (reader, len, got) = reading.await.expect("no panic");
        self.reader = Some(reader);
        assert_eq!(len, bytes.len());
        got.duration_since(sent).as_nanos() as f64 / 1e3
    }
}

pub(crate) fn over_sockets(table: &mut Table) {
    let runtime = runtime();
    let (origin, address) = runtime.block_on(ours());
    let mut ours = runtime.block_on(async {
        let mut ends = Ends::open(address).await;
        ends.before().await;
        ends
    });
    let viewer = runtime.block_on(async {
        // Until all of that is read: what is measured is the next part, not one of these.
        tokio::time::sleep(SETTLE * 200).await;
        let viewer = origin.playlists().viewer("cam", "video");
        viewer.expect("it was published")
    });
    let (relay, mut bare) = runtime.block_on(relayed());
    let candidates: Vec<Candidate<'_>> = vec![
        (
            "origin: the hinted part",
            Box::new(|| turn(&runtime, async || published(&mut ours, &viewer).await)),
        ),
        (
            "bare hyper that hands on as many bytes",
            Box::new(|| {
                turn(&runtime, async || {
                    let asked = async || {
                        while relay.newest.receiver_count() == 0 {
                            tokio::task::yield_now().await;
                        }
                    };
                    bare.through("/next", asked).await
                })
            }),
        ),
    ];
    table.row(
        "I2: last byte of a part of 50 kB sent to its reader having all of it, over two sockets",
        "µs",
        Better::Lower,
        candidates,
    );
}

fn turn(runtime: &Runtime, mut one: impl AsyncFnMut() -> f64) -> f64 {
    runtime.block_on(async {
        let mut delays = Vec::new();
        for _ in 0..TIMES {
            delays.push(one().await);
        }
        median(delays)
    })
}

/// One part through the origin.
async fn published(ends: &mut Ends, viewer: &Viewer) -> f64 {
    let body = viewer.playlist(&Directives::NONE, Coding::Identity).await;
    let hint = hinted(&body.expect("it is playable").bytes).expect("the stream is live");
    let path = format!("/live/cam/video/{hint}");
    ends.through(&path, async || {
        while viewer.waiting() == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await
}

fn hinted(playlist: &Bytes) -> Option<String> {
    let text = std::str::from_utf8(playlist).ok()?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\""))?;
    Some(line.trim_end_matches('"').to_owned())
}

async fn relayed() -> (Arc<Relay>, Ends) {
    let relay = Arc::new(Relay {
        size: part(0).len(),
        newest: watch::Sender::new(Bytes::new()),
    });
    let address = bare(Bare::Relay(Arc::clone(&relay))).await;
    let encoder = Encoder::open(address, "/ingest/cam").await;
    let ends = Ends {
        encoder,
        reader: Some(Client::open(address).await),
        number: 0,
    };
    (relay, ends)
}
