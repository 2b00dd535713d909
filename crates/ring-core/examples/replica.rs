//! A replica that is filled out of order: packets take different ways and some come twice, one
//! never comes. Readers see a gap-free sequence, later.
//!
//! `cargo run -p ring-core --example replica`

use bytes::Bytes;
use ring_core::{
    CacheConfig, ChunkCache, CursorError, GapPolicy, PutOutcome, RingConfig, Seq, Start,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // A packet that eight later ones have overtaken is given up.
    let shape = RingConfig::default()
        .slots(64)
        .gaps(GapPolicy::SkipBeyond(8));
    let cache = ChunkCache::new(CacheConfig::default())?;
    let replica = cache.open_with("camera", shape)?;
    let mut cursor = replica.reader().cursor(Start::Oldest);

    // As they arrive. 4 comes late, 2 comes twice, 6 never.
    let arrivals = [0, 2, 1, 3, 5, 2, 7, 4, 8, 9, 10, 11, 12, 13, 14];
    let mut read = Vec::new();
    for number in arrivals {
        let packet = Bytes::from(format!("packet {number}"));
        let outcome = replica.put(Seq::new(number), packet)?;
        if outcome != PutOutcome::Inserted {
            println!("{number}: {outcome:?}");
        }
        let gaps: Vec<String> = replica
            .reader()
            .gaps()
            .iter()
            .map(|gap| format!("{}..{}", gap.first, gap.end))
            .collect();
        if !gaps.is_empty() {
            println!("after {number}: missing {}", gaps.join(", "));
        }
        loop {
            match cursor.try_next() {
                Ok(Some(delivery)) => read.push(delivery.seq.value()),
                Ok(None) => break,
                Err(CursorError::Skipped { skipped, resume }) => {
                    println!("given up: {skipped} before {resume}");
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
    println!("read in order: {read:?}");
    assert_eq!(read, [0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14]);
    Ok(())
}
