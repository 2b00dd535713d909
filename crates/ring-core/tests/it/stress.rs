//! Threads at full speed; every byte that is read is checked. Seeded: `RING_STRESS_SEED` and
//! `RING_STRESS_ROUNDS` repeat or lengthen a run.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use bytes::Bytes;
use ring_core::{CacheConfig, ChunkCache, GapPolicy, Reader, RingConfig, Seq, Start};

struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|value| value.parse().ok())
        .unwrap_or(default)
}

/// A payload whose every byte follows from its stream and position.
fn payload(stream: u64, seq: u64) -> Bytes {
    let len = 16 + (seq * 7 + stream) % 48;
    let mut bytes = Vec::with_capacity(len as usize);
    bytes.extend_from_slice(&stream.to_be_bytes());
    bytes.extend_from_slice(&seq.to_be_bytes());
    bytes.resize(len as usize, (stream * 31 + seq) as u8);
    Bytes::from(bytes)
}

fn check(stream: u64, seq: u64, found: &[u8]) {
    assert_eq!(
        found,
        payload(stream, seq),
        "stream {stream} position {seq}"
    );
}

fn read_at_random(reader: &Reader, stream: u64, random: &mut Random) -> u64 {
    let mut found = 0;
    let next = reader.next().value();
    let seq = next.saturating_sub(random.below(40));
    if let Ok(payload) = reader.get(Seq::new(seq)) {
        check(stream, seq, &payload);
        found += 1;
    }
    if let Ok(payloads) = reader.range(Seq::new(seq), 3) {
        (seq..)
            .zip(&payloads)
            .for_each(|(seq, payload)| check(stream, seq, payload));
    }
    let _ = reader.with(Seq::new(seq), |payload, ()| check(stream, seq, payload));
    found
}

#[test]
fn readers_beside_writers_resets_and_reopenings_see_only_right_bytes() {
    let rounds = setting("RING_STRESS_ROUNDS", 3000);
    let seed = setting("RING_STRESS_SEED", 0x5eed);
    let ring = RingConfig::default()
        .slots(32)
        .max_bytes(1200)
        .gaps(GapPolicy::SkipBeyond(4));
    let cache = ChunkCache::new(CacheConfig::default().max_streams(2).ring(ring)).unwrap();
    let done = AtomicBool::new(false);
    let found = AtomicU64::new(0);
    // A stream's number is its generation: whoever reopens a key writes other bytes.
    let open = |key: u64| cache.open(key).expect("its last stream has ended");
    for key in 0..2 {
        drop(open(key));
    }
    thread::scope(|scope| {
        let readers: Vec<_> = (0..3)
            .map(|reader| {
                let (cache, done, found) = (&cache, &done, &found);
                scope.spawn(move || {
                    let mut random = Random(seed + reader + 1);
                    while !done.load(Ordering::Relaxed) {
                        let Some(handle) = cache.reader(&random.below(2)) else {
                            continue;
                        };
                        let stream = handle.generation().value();
                        let mut cursor = handle.cursor(Start::Oldest);
                        for _ in 0..50 {
                            let hits = read_at_random(&handle, stream, &mut random);
                            found.fetch_add(hits, Ordering::Relaxed);
                            if let Ok(Some(delivery)) = cursor.try_next() {
                                check(stream, delivery.seq.value(), &delivery.payload);
                            }
                        }
                    }
                })
            })
            .collect();
        let mut writers = Vec::new();
        for key in 0..2 {
            let (cache, open, done, found) = (&cache, &open, &done, &found);
            writers.push(scope.spawn(move || {
                let mut random = Random(seed + 100 + key);
                let mut writer = cache.writer(&key).expect("opened above");
                let mut next = 0;
                // On a busy machine the readers may take a while to come to their turn.
                let enough = || found.load(Ordering::Relaxed) > rounds;
                for round in 0.. {
                    if (round >= rounds && enough()) || done.load(Ordering::Relaxed) {
                        return;
                    }
                    let stream = writer.generation().value();
                    match random.below(100) {
                        0 => {
                            writer.reset().expect("live");
                        }
                        1 => {
                            writer.end();
                            writer = open(key);
                            next = 0;
                        }
                        2..=9 => {
                            // Out of order: the later one first.
                            writer
                                .put(Seq::new(next + 1), payload(stream, next + 1))
                                .unwrap();
                            let _ = writer.put(Seq::new(next), payload(stream, next));
                            next += 2;
                        }
                        10..=19 => {
                            writer.append_copy(&payload(stream, next)).expect("live");
                            next += 1;
                        }
                        _ => {
                            let seq = writer.append(payload(stream, next)).expect("live");
                            assert_eq!(seq.value(), next);
                            next += 1;
                        }
                    }
                }
            }));
        }
        // A reader that fails stops the writers, which would wait for it for ever.
        while !writers.iter().all(|it| it.is_finished())
            && !readers.iter().any(|it| it.is_finished())
        {
            thread::yield_now();
        }
        done.store(true, Ordering::Relaxed);
    });
    for key in 0..2 {
        cache.remove(&key);
    }
    assert_eq!(cache.bytes(), 0);
}

/// Many lanes on few payloads, so that mirrors are made, while the writer overwrites them.
#[test]
fn threads_that_share_payloads_see_only_right_bytes() {
    let rounds = setting("RING_STRESS_ROUNDS", 3000);
    let cache =
        ChunkCache::new(CacheConfig::default().ring(RingConfig::default().slots(4))).unwrap();
    let writer = cache.open(1).unwrap();
    writer.append(payload(0, 0)).unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..4 {
            let (reader, done) = (writer.reader(), &done);
            scope.spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    let last = reader.last().expect("there is one").value();
                    for seq in last.saturating_sub(3)..=last {
                        if let Ok(payload) = reader.get(Seq::new(seq)) {
                            check(0, seq, &payload);
                        }
                    }
                }
            });
        }
        for seq in 1..rounds {
            writer.append(payload(0, seq)).unwrap();
            if seq % 16 == 0 {
                thread::yield_now();
            }
        }
        done.store(true, Ordering::Relaxed);
    });
    assert!(writer.reader().bytes() <= 4 * 64);
    cache.remove(&1);
    assert_eq!(cache.bytes(), 0);
}
