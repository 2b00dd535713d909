use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::FutureExt;
use ring_core::{DigestPolicy, Reader, RingConfig, Seq};
use tokio::task::yield_now;

use crate::trunk::Parts;
use crate::writes::{ours, seed, shaped};
use benches::turns::{Better, Positions, Table, process_cpu, runtime};

/// How long a run lasts.
const RUN: Duration = Duration::from_millis(300);
/// Reads between two looks at the stop flag and the scheduler, the same for all.
const BURST: u64 = 64;

const STREAMS: u64 = 2;
const PARTS: u64 = 512;
const PART: usize = 5760;

fn part(number: u64, len: usize) -> Bytes {
    Bytes::from(vec![number as u8; len])
}

/// Millions of reads a second, in CPU time, of `$readers` tasks on `$workers` workers. The body
/// reads one position that `$positions` chose, and says whether it found it.
macro_rules! rate {
    ($runtime:expr, $readers:expr, $beside:expr,
     |$positions:ident| { let $name:pat = $capture:expr; $read:expr }) => {{
        let runtime = $runtime;
        let stop = Arc::new(AtomicBool::new(false));
        let total = Arc::new(AtomicU64::new(0));
        let started = process_cpu();
        let tasks: Vec<_> = (0..$readers)
            .map(|reader| {
                let (stop, total) = (Arc::clone(&stop), Arc::clone(&total));
                let $name = $capture;
                runtime.spawn(async move {
                    let mut $positions = Positions::new(reader + 1);
                    let mut count = 0_u64;
                    while !stop.load(Ordering::Relaxed) {
                        for _ in 0..BURST {
                            count += u64::from($read);
                        }
                        yield_now().await;
                    }
                    total.fetch_add(count, Ordering::Relaxed);
                })
            })
            .collect();
        $beside;
        stop.store(true, Ordering::Relaxed);
        runtime.block_on(async {
            for task in tasks {
                task.await.expect("no panic");
            }
        });
        let elapsed = (process_cpu() - started) / runtime.metrics().num_workers() as f64;
        total.load(Ordering::Relaxed) as f64 / elapsed / 1e6
    }};
}

/// R4 and R5: reads of random positions of two streams, by handle and by stream id.
pub(crate) fn by_position(table: &mut Table, row: &str, workers: usize) {
    let peer = seed(STREAMS as usize, PARTS as usize);
    let cache = ours(PARTS as usize, DigestPolicy::OnDemand);
    let readers: Arc<Vec<_>> = Arc::new(
        (0..STREAMS)
            .map(|key| cache.open(key).expect("room").reader())
            .collect(),
    );
    let runtime = runtime(workers);
    let plain = shaped(RingConfig::default().slots(PARTS as usize).mirrors(false));
    let plain_readers: Arc<Vec<Reader>> = Arc::new(
        (0..STREAMS)
            .map(|key| plain.open(key).expect("room").reader())
            .collect(),
    );
    let trunks: Arc<Vec<_>> = Arc::new((0..STREAMS).map(|_| Parts::new(PARTS as usize)).collect());
    for stream in 0..STREAMS {
        for number in 0..PARTS {
            let bytes = part(number, PART);
            peer.add_for_stream_id(stream + 100, number as usize + 1, bytes.clone())
                .now_or_never()
                .expect("nobody holds a lock")
                .expect("it fits");
            plain.append(&stream, bytes.clone()).expect("it fits");
            // Payloads of their own: shared ones would share their reference counts.
            cache.append(&stream, part(number, PART)).expect("it fits");
            trunks[stream as usize].append(part(number, PART));
        }
    }
    for number in 0..PARTS {
        let found = peer
            .get_for_stream_id(101, number as usize + 1)
            .now_or_never()
            .flatten();
        let own = readers[1].get(Seq::new(number)).expect("held");
        assert_eq!(found.expect("held").0, own);
        assert_eq!(cache.get(&1, Seq::new(number)).as_ref(), Ok(&own));
        assert_eq!(trunks[1].get(number).as_ref(), Some(&own));
    }
    let by_handle = |readers: &Arc<Vec<Reader>>| {
        rate!(&runtime, 4, std::thread::sleep(RUN), |positions| {
            let readers = Arc::clone(readers);
            {
                let seq = Seq::new(positions.below(PARTS));
                black_box(readers[positions.below(STREAMS) as usize].get(seq)).is_ok()
            }
        })
    };
    table.row(
        &format!("{row}: reads of random positions, 2 streams × 512 × 5760 B, {workers} worker(s)"),
        "M per worker CPU s × workers",
        Better::Higher,
        vec![
            (
                "playlists 0.1.6, by stream id",
                Box::new(|| {
                    rate!(&runtime, 4, std::thread::sleep(RUN), |positions| {
                        let peer = Arc::clone(&peer);
                        {
                            let id = positions.below(PARTS) as usize + 1;
                            let stream = 100 + positions.below(STREAMS);
                            black_box(peer.get_for_stream_id(stream, id).await).is_some()
                        }
                    })
                }),
            ),
            (
                "media-plane 0.8, by handle",
                Box::new(|| {
                    rate!(&runtime, 4, std::thread::sleep(RUN), |positions| {
                        let trunks = Arc::clone(&trunks);
                        {
                            let number = positions.below(PARTS);
                            let trunk = &trunks[positions.below(STREAMS) as usize];
                            black_box(trunk.get(number)).is_some()
                        }
                    })
                }),
            ),
            (
                "ring-core, by stream id",
                Box::new(|| {
                    rate!(&runtime, 4, std::thread::sleep(RUN), |positions| {
                        let cache = cache.clone();
                        {
                            let seq = Seq::new(positions.below(PARTS));
                            black_box(cache.get(&positions.below(STREAMS), seq)).is_ok()
                        }
                    })
                }),
            ),
            ("ring-core, by handle", Box::new(|| by_handle(&readers))),
            (
                "ring-core, by handle, without mirrors",
                Box::new(|| by_handle(&plain_readers)),
            ),
            (
                "ring-core, by handle, borrowed",
                Box::new(|| {
                    rate!(&runtime, 4, std::thread::sleep(RUN), |positions| {
                        let readers = Arc::clone(&readers);
                        {
                            let seq = Seq::new(positions.below(PARTS));
                            let reader = &readers[positions.below(STREAMS) as usize];
                            black_box(reader.with(seq, |payload, ()| payload[0])).is_ok()
                        }
                    })
                }),
            ),
        ],
    );
}

/// What a crowd of readers reads.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    /// R6: everything in the window, again and again.
    ScanTheWindow,
    /// R7: the three newest parts.
    AtTheLiveEdge,
}

/// R6 and R7: 1000 reader tasks beside one part a millisecond, on two workers.
pub(crate) fn crowd(table: &mut Table, row: &str, audience: Audience) {
    const READERS: u64 = 1000;
    const LEN: usize = 1024;
    let runtime = runtime(2);
    let window = match audience {
        Audience::ScanTheWindow => PARTS - 16,
        Audience::AtTheLiveEdge => 3,
    };
    let beside = |mut write: Box<dyn FnMut(Bytes) + '_>| {
        let started = Instant::now();
        let mut number = 0;
        while started.elapsed() < RUN {
            std::thread::sleep(Duration::from_millis(1));
            write(part(number, LEN));
            number += 1;
        }
    };
    let own = |mirrors: bool| {
        let shape = RingConfig::default().slots(PARTS as usize).mirrors(mirrors);
        let writer = shaped(shape).open(1).expect("room");
        for number in 0..PARTS {
            writer.append(part(number, LEN)).expect("fits");
        }
        let reader = writer.reader();
        rate!(
            &runtime,
            READERS,
            beside(Box::new(|bytes| {
                writer.append(bytes).expect("fits");
            })),
            |positions| {
                let reader = reader.clone();
                {
                    let last = reader.last().expect("it was filled").value();
                    let seq = Seq::new(last - positions.below(window));
                    black_box(reader.get(seq)).is_ok()
                }
            }
        )
    };
    table.row(
        &format!("{row}: 1000 reader tasks on the {window} newest parts, 1 part/ms, 2 workers"),
        "M per worker CPU s × workers",
        Better::Higher,
        vec![
            (
                "playlists 0.1.6",
                Box::new(|| {
                    let peer = seed(1, PARTS as usize);
                    for number in 0..PARTS {
                        peer.append(0, part(number, LEN))
                            .now_or_never()
                            .expect("free")
                            .expect("fits");
                    }
                    let writer = Arc::clone(&peer);
                    rate!(
                        &runtime,
                        READERS,
                        beside(Box::new(|bytes| {
                            futures_util::FutureExt::now_or_never(async {
                                writer.append(0, bytes).await
                            });
                        })),
                        |positions| {
                            let peer = Arc::clone(&peer);
                            {
                                let last = peer.last(0).unwrap_or(0);
                                let id = last - positions.below(window) as usize;
                                black_box(peer.get(0, id).await).is_some()
                            }
                        }
                    )
                }),
            ),
            (
                "media-plane 0.8",
                Box::new(|| {
                    let trunk = Parts::new(PARTS as usize);
                    for number in 0..PARTS {
                        trunk.append(part(number, LEN));
                    }
                    rate!(
                        &runtime,
                        READERS,
                        beside(Box::new(|bytes| {
                            trunk.append(bytes);
                        })),
                        |positions| {
                            let trunk = Arc::clone(&trunk);
                            {
                                let last = trunk.last().expect("it was filled");
                                black_box(trunk.get(last - positions.below(window))).is_some()
                            }
                        }
                    )
                }),
            ),
            ("ring-core", Box::new(|| own(true))),
            ("ring-core, without mirrors", Box::new(|| own(false))),
        ],
    );
}
