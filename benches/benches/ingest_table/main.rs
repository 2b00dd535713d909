//! What it costs to take media in, beside copying the same bytes once and beside a bare server.
//!
//! `cargo bench -p benches --bench ingest_table [-- I1 I2 I3 --rounds 7]`
//!
//! I1: MB/s on one core from bytes of fragmented MP4, as a socket gives them, to parts that a playlist names. The
//! floor copies the same bytes from the same pieces into one allocation a fragment and does nothing else: less than
//! that no reader can do. Fragments as long as a part go through as they are; longer ones are cut, which copies once more.
//!
//! I2: from the last byte of a part to a reader who waits for it: in one process, and over two sockets beside a hyper
//! server that keeps the bytes and hands them on without looking at them.
//!
//! I3: MB of a publishing request a second of CPU time, both ends of the connection counted, beside a hyper server
//! that reads the body and drops it.

mod latency;
mod media;
mod server;
mod throughput;
mod upload;

use benches::asked::Asked;
use benches::turns::Table;

use media::{GROUP, PART};

fn main() {
    let Some(asked) = Asked::from_command_line() else {
        return;
    };
    let mut table = Table::new(asked.rounds);
    if asked.wants("I1") {
        let mut row = |bits, length, name| throughput::row(&mut table, bits, length, name);
        row(25_000_000, PART, "25 Mbit/s, fragments of a part");
        row(25_000_000, GROUP, "25 Mbit/s, of two seconds");
        row(2_000_000, PART, "2 Mbit/s, fragments of a part");
        row(2_000_000, 1, "2 Mbit/s, of a picture");
    }
    if asked.wants("I2") {
        latency::in_process(&mut table);
        latency::over_sockets(&mut table);
    }
    if asked.wants("I3") {
        upload::row(&mut table);
    }
}
