//! A reader thread without any runtime, and a writer that waits for it.
//!
//! `cargo run -p ring-core --no-default-features --example blocking`

use std::thread;

use bytes::Bytes;
use ring_core::{CacheConfig, ChunkCache, CursorError, RingConfig, Start};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    const PACKETS: u64 = 1000;
    let cache = ChunkCache::new(CacheConfig::default())?;
    let writer = cache.open_with("recording", RingConfig::default().slots(16))?;

    // Registered: a sender overwrites nothing that this thread has not read.
    let mut cursor = writer.reader().registered_cursor(Start::Oldest);
    let recorder = thread::spawn(move || {
        let mut bytes = 0;
        loop {
            match cursor.next_blocking() {
                Ok(packet) => bytes += packet.payload.len(),
                Err(CursorError::Ended { next }) => return (next, bytes),
                Err(error) => panic!("a registered cursor is not overrun: {error}"),
            }
        }
    });

    let mut sent = 0;
    for number in 0..PACKETS {
        let packet = Bytes::from(format!("packet {number}"));
        sent += packet.len();
        writer.send_blocking(packet)?;
    }
    writer.end();
    let (next, bytes) = recorder.join().expect("the recorder does not panic");
    println!("recorded {next} packets, {bytes} bytes");
    assert_eq!((next.value(), bytes), (PACKETS, sent));
    Ok(())
}
