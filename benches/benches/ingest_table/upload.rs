//! I3: a publishing request over a socket.

use benches::turns::{Better, Candidate, Table, process_cpu};
use bytes::Bytes;

use crate::media::{PART, header, media};
use crate::server::{Bare, Client, bare, ours, runtime};

/// Sixteen seconds.
const SECONDS: u64 = 16;
const BITS: u64 = 8_000_000;

pub(crate) fn row(table: &mut Table) {
    let runtime = runtime();
    let body = [&header()[..], &media(SECONDS, BITS, PART)].concat();
    let body = Bytes::from(body);
    let (_origin, ours) = runtime.block_on(ours());
    let sink = runtime.block_on(bare(Bare::Sink));
    let rate = |address| {
        let (sent, megabytes) = (body.clone(), body.len() as f64 / 1e6);
        let before = process_cpu();
        runtime.block_on(async move {
            // The same path each time: an encoder that starts over.
            Client::open(address).await.put("/ingest/cam", sent).await;
        });
        megabytes / (process_cpu() - before)
    };
    let candidates: Vec<Candidate<'_>> = vec![
        ("origin", Box::new(|| rate(ours))),
        ("bare hyper that drops the body", Box::new(|| rate(sink))),
    ];
    table.row(
        "I3: a request of 16 s at 8 Mbit/s over a socket, fragments of a part, client counted",
        "MB/s of CPU time",
        Better::Higher,
        candidates,
    );
}
