use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use ring_core::{CacheConfig, ChunkCache, DigestPolicy, RingConfig, Seq, Writer};
use seed::Options;
use seed::chunk_cache::ChunkCache as Seed;
use tokio::task::consume_budget;

use crate::trunk::Parts;
use benches::turns::{Better, Table, cpu_per_operation, process_cpu, runtime};

const PAYLOAD: usize = 64 << 10;
const SLOTS: usize = 4096;

/// Writes and reads a second, in CPU time, of one writer task and two reader tasks a stream. The
/// captures at the head of each block are made once a task; what follows them is the loop's body.
macro_rules! beside {
    (
        $streams:expr,
        |$written:ident| { let $wname:pat = $wcapture:expr; $write:expr },
        |$seen:ident| { let $rname:pat = $rcapture:expr; $read:expr }
    ) => {{
        let runtime = runtime(2);
        let stop = Arc::new(AtomicBool::new(false));
        let (written, seen) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let mut tasks = Vec::new();
        let started = process_cpu();
        for stream in 0..$streams {
            tasks.push({
                let (stopped, total) = (Arc::clone(&stop), Arc::clone(&written));
                let $written = stream;
                let $wname = $wcapture;
                runtime.spawn(async move {
                    let mut count = 0_u64;
                    while !stopped.load(Ordering::Relaxed) {
                        let _ = $write;
                        count += 1;
                        consume_budget().await;
                    }
                    total.fetch_add(count, Ordering::Relaxed);
                })
            });
            for _ in 0..2 {
                let (stopped, total) = (Arc::clone(&stop), Arc::clone(&seen));
                let $seen = stream;
                let $rname = $rcapture;
                tasks.push(runtime.spawn(async move {
                    let mut count = 0_u64;
                    while !stopped.load(Ordering::Relaxed) {
                        count += $read;
                        consume_budget().await;
                    }
                    total.fetch_add(count, Ordering::Relaxed);
                }));
            }
        }
        std::thread::sleep(Duration::from_millis(400));
        stop.store(true, Ordering::Relaxed);
        runtime.block_on(async {
            for task in tasks {
                task.await.expect("no panic");
            }
        });
        let elapsed = (process_cpu() - started) / 2.0;
        let rate = |count: &AtomicU64| count.load(Ordering::Relaxed) as f64 / elapsed;
        (rate(&written), rate(&seen))
    }};
}

fn payload() -> Bytes {
    Bytes::from(vec![7; PAYLOAD])
}

/// The peer's ring of the same shape, for `streams` streams.
pub(crate) fn seed(streams: usize, slots: usize) -> Arc<Seed> {
    let options = Options {
        num_playlists: streams,
        max_segments: slots / 128,
        max_parts_per_segment: 128,
        ..Options::default()
    };
    Arc::new(Seed::new(options))
}

/// Our ring: no byte budget below what the slots can hold, so that both keep the same.
pub(crate) fn ours(slots: usize, digest: DigestPolicy) -> ChunkCache {
    shaped(RingConfig::default().slots(slots).digest(digest))
}

/// The same with other switches set.
pub(crate) fn shaped(ring: RingConfig) -> ChunkCache {
    let ring = ring.max_bytes(u64::MAX >> 8);
    let config = CacheConfig::default().max_bytes(u64::MAX >> 8).ring(ring);
    ChunkCache::new(config).expect("a possible shape")
}

fn write_all(writer: &Writer, payload: &Bytes, count: u64) {
    for _ in 0..count {
        writer.append(payload.clone()).expect("a live stream");
    }
}

/// R1 and R2: one stream, sequential writes of a cloned payload.
pub(crate) fn sequential(table: &mut Table) {
    let payload = payload();
    let seed = seed(1, SLOTS);
    let hashed = ours(SLOTS, DigestPolicy::OnWrite).open(1).expect("room");
    let plain = ours(SLOTS, DigestPolicy::OnDemand).open(1).expect("room");
    // The peer's calls are futures that never wait here.
    let append = |payload: Bytes| {
        seed.append(0, payload)
            .now_or_never()
            .expect("nobody holds a lock")
            .expect("it fits");
    };
    let trunk = Parts::new(SLOTS);
    let number = trunk.append(payload.clone());
    assert_eq!(trunk.get(number).as_ref(), Some(&payload));
    append(payload.clone());
    write_all(&hashed, &payload, 1);
    let (bytes, digest) = seed
        .get(0, 1)
        .now_or_never()
        .flatten()
        .expect("just written");
    assert_eq!(bytes, hashed.reader().get(Seq::ZERO).expect("just written"));
    assert_eq!(
        digest,
        hashed
            .reader()
            .digest(Seq::ZERO)
            .expect("just written")
            .value()
    );

    let (slow, quick) = (500, 20_000);
    table.row(
        "R1 and R2: one stream, 64 KiB sequential writes, payload cloned, 4096 slots",
        "CPU ns/op",
        Better::Lower,
        vec![
            (
                "playlists 0.1.6 (always hashes)",
                Box::new(|| {
                    cpu_per_operation(slow, |count| {
                        (0..count).for_each(|_| append(payload.clone()));
                    })
                }),
            ),
            (
                "R1 ring-core, digest on write",
                Box::new(|| cpu_per_operation(quick, |count| write_all(&hashed, &payload, count))),
            ),
            (
                "R2 ring-core, digest on demand",
                Box::new(|| {
                    cpu_per_operation(quick * 10, |count| write_all(&plain, &payload, count))
                }),
            ),
            (
                "media-plane 0.8 (never hashes)",
                Box::new(|| {
                    cpu_per_operation(quick, |count| {
                        for _ in 0..count {
                            trunk.append(payload.clone());
                        }
                    })
                }),
            ),
            (
                "(clone and drop of the payload alone)",
                Box::new(|| {
                    cpu_per_operation(quick * 10, |count| {
                        for _ in 0..count {
                            drop(std::hint::black_box(payload.clone()));
                        }
                    })
                }),
            ),
        ],
    );
}

/// R3: 8 streams, each with a writer and two readers of what is newest; two workers.
pub(crate) fn beside_readers(table: &mut Table) {
    const STREAMS: usize = 8;
    let payload = payload();
    let peer = || {
        let cache = seed(STREAMS, SLOTS);
        let payload = payload.clone();
        beside!(
            STREAMS,
            |stream| {
                let (cache, payload) = (Arc::clone(&cache), payload.clone());
                cache
                    .append(stream, payload.clone())
                    .await
                    .expect("it fits")
            },
            |stream| {
                let cache = Arc::clone(&cache);
                match cache.last(stream) {
                    Some(last) if last > 0 => u64::from(cache.get(stream, last).await.is_some()),
                    _ => 0,
                }
            }
        )
    };
    let own = || {
        let cache = ours(SLOTS, DigestPolicy::OnWrite);
        let writers: Vec<Writer> = (0..STREAMS as u64)
            .map(|key| cache.open(key).expect("room"))
            .collect();
        let payload = payload.clone();
        beside!(
            STREAMS,
            |stream| {
                let (writer, payload) = (writers[stream].clone(), payload.clone());
                writer.append(payload.clone()).expect("a live stream")
            },
            |stream| {
                let reader = writers[stream].reader();
                reader
                    .last()
                    .map_or(0, |last| u64::from(reader.get(last).is_ok()))
            }
        )
    };
    let gigabytes = |operations: f64| operations * PAYLOAD as f64 / 1e9;
    // One run gives both figures: the reads of a round are those that went on beside its writes.
    let (peer_reads, own_reads) = (Cell::new(0.0), Cell::new(0.0));
    let reads = std::cell::RefCell::new((Vec::new(), Vec::new()));
    table.row(
        "R3 writes: 8 streams × (1 writer + 2 readers), 64 KiB, hashed, 2 workers",
        "GB per worker CPU s × 2",
        Better::Higher,
        vec![
            (
                "playlists 0.1.6",
                Box::new(|| {
                    let (written, seen) = peer();
                    peer_reads.set(gigabytes(seen));
                    gigabytes(written)
                }),
            ),
            (
                "ring-core",
                Box::new(|| {
                    let (written, seen) = own();
                    own_reads.set(gigabytes(seen));
                    let mut reads = reads.borrow_mut();
                    reads.0.push(peer_reads.get());
                    reads.1.push(own_reads.get());
                    gigabytes(written)
                }),
            ),
        ],
    );
    let (peer_reads, own_reads) = reads.into_inner();
    let replay = |figures: Vec<f64>| {
        let mut figures = figures.into_iter();
        Box::new(move || figures.next().unwrap_or(f64::NAN))
    };
    table.row(
        "R3 reads, of the same runs",
        "GB per worker CPU s × 2",
        Better::Higher,
        vec![
            ("playlists 0.1.6", replay(peer_reads)),
            ("ring-core", replay(own_reads)),
        ],
    );
}
