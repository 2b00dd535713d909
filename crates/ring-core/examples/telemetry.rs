//! Telemetry fan-out: one producer, many consumers that each see everything and never hold it up.
//!
//! `cargo run -p ring-core --example telemetry`

use bytes::Bytes;
use ring_core::{CacheConfig, ChunkCache, Cursor, CursorError, RingConfig, Start};

/// What one consumer has seen.
struct Seen {
    samples: u64,
    lost: u64,
}

async fn consume(mut cursor: Cursor, patience: usize) -> Seen {
    let (mut samples, mut lost) = (0, 0);
    let mut batch = Vec::new();
    loop {
        match cursor.next_batch(&mut batch, 64).await {
            Ok(count) => samples += count as u64,
            Err(CursorError::Lagged { skipped, .. }) => lost += skipped,
            Err(CursorError::Ended { .. } | CursorError::Gone) => return Seen { samples, lost },
            Err(other) => eprintln!("{other}"),
        }
        batch.clear();
        // A slow consumer looks at its samples for a while.
        for _ in 0..patience {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    const SAMPLES: u64 = 10_000;
    let cache = ChunkCache::new(CacheConfig::default().ring(RingConfig::default().slots(256)))?;
    let engine = cache.open("engine-3")?;

    let consumers: Vec<_> = (0..8)
        .map(|consumer| {
            let cursor = engine.reader().cursor(Start::Oldest);
            // The last one cannot keep up.
            let patience = if consumer == 7 { 2000 } else { 0 };
            tokio::spawn(consume(cursor, patience))
        })
        .collect();

    for sample in 0..SAMPLES {
        engine.append(Bytes::from(format!("t={sample} rpm={}", 900 + sample % 50)))?;
        if sample % 100 == 0 {
            tokio::task::yield_now().await;
        }
    }
    engine.end();

    for (consumer, task) in consumers.into_iter().enumerate() {
        let Seen { samples, lost } = task.await?;
        println!("consumer {consumer}: {samples} samples, {lost} lost");
        assert_eq!(
            samples + lost,
            SAMPLES,
            "each sample was seen or told to be lost"
        );
    }
    println!("{:#?}", engine.reader().stats());
    Ok(())
}
