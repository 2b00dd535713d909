use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use ring_core::{DigestPolicy, Start};
use tokio::sync::{Notify, broadcast};

use crate::trunk::Parts;
use crate::writes::ours;
use benches::turns::{Better, Table, process_cpu, runtime};

const SLOTS: usize = 1024;

/// Counts deliveries, and tells the writer when a burst has reached everybody.
struct Tally {
    delivered: AtomicU64,
    all: Notify,
    expected: AtomicU64,
}

impl Tally {
    fn new() -> Arc<Self> {
        let zero = || AtomicU64::new(0);
        Arc::new(Self {
            delivered: zero(),
            all: Notify::new(),
            expected: zero(),
        })
    }

    fn add(&self, count: u64) {
        let delivered = self.delivered.fetch_add(count, Ordering::AcqRel) + count;
        if delivered == self.expected.load(Ordering::Acquire) {
            self.all.notify_one();
        }
    }

    async fn reached(&self) {
        while self.delivered.load(Ordering::Acquire) < self.expected.load(Ordering::Acquire) {
            self.all.notified().await;
        }
    }
}

/// Millions of deliveries a second of CPU time, of all threads: bursts of `$batch` packets to
/// `$readers` tasks, each burst once the one before has reached everybody.
macro_rules! deliveries {
    ($readers:expr, $batch:expr, $bursts:expr,
     |$tally:ident| $reader:expr, |$payload:ident| $write:expr) => {{
        let runtime = runtime(2);
        let tally = Tally::new();
        let tasks: Vec<_> = (0..$readers)
            .map(|_| {
                let $tally = Arc::clone(&tally);
                runtime.spawn($reader)
            })
            .collect();
        let payload = Bytes::from(vec![7; 1024]);
        let elapsed = runtime.block_on(async {
            tokio::task::yield_now().await;
            let started = process_cpu();
            for _ in 0..$bursts {
                tally
                    .expected
                    .fetch_add($readers * $batch, Ordering::AcqRel);
                for _ in 0..$batch {
                    let $payload = payload.clone();
                    $write;
                }
                tally.reached().await;
            }
            process_cpu() - started
        });
        for task in tasks {
            task.abort();
        }
        ($readers * $batch * $bursts) as f64 / elapsed / 1e6
    }};
}

/// R8.
pub(crate) fn all(table: &mut Table) {
    for batch in [1_u64, 256] {
        for readers in [1_u64, 8, 64, 1000] {
            let bursts = (400_000 / (readers * batch)).clamp(4, 8_000);
            row(table, readers, batch, bursts);
        }
    }
}

fn row(table: &mut Table, readers: u64, batch: u64, bursts: u64) {
    table.row(
        &format!("R8: every packet of 1 KiB to {readers} reader(s), bursts of {batch}, 2 workers"),
        "M deliveries per CPU s",
        Better::Higher,
        vec![
            (
                "tokio::sync::broadcast",
                Box::new(|| {
                    let (sender, _keep) = broadcast::channel::<Bytes>(SLOTS);
                    deliveries!(
                        readers,
                        batch,
                        bursts,
                        |tally| {
                            let mut receiver = sender.subscribe();
                            async move {
                                while let Ok(payload) = receiver.recv().await {
                                    assert_eq!(payload.len(), 1024);
                                    tally.add(1);
                                }
                            }
                        },
                        |payload| sender.send(payload).expect("somebody listens")
                    )
                }),
            ),
            (
                "async-broadcast",
                Box::new(|| {
                    let (sender, keep) = async_broadcast::broadcast::<Bytes>(SLOTS);
                    let keep = keep.deactivate();
                    deliveries!(
                        readers,
                        batch,
                        bursts,
                        |tally| {
                            let mut receiver = keep.activate_cloned();
                            async move {
                                while let Ok(payload) = receiver.recv().await {
                                    assert_eq!(payload.len(), 1024);
                                    tally.add(1);
                                }
                            }
                        },
                        |payload| sender.broadcast(payload).await.expect("somebody listens")
                    )
                }),
            ),
            (
                "media-plane 0.8, part by part",
                Box::new(|| {
                    let trunk = Parts::new(SLOTS);
                    deliveries!(
                        readers,
                        batch,
                        bursts,
                        |tally| {
                            let trunk = Arc::clone(&trunk);
                            async move {
                                for number in 0.. {
                                    assert_eq!(trunk.wait(number).await.len(), 1024);
                                    tally.add(1);
                                }
                            }
                        },
                        |payload| trunk.append(payload)
                    )
                }),
            ),
            (
                "ring-core, one at a time",
                Box::new(|| {
                    let writer = ours(SLOTS, DigestPolicy::OnDemand).open(1).expect("room");
                    deliveries!(
                        readers,
                        batch,
                        bursts,
                        |tally| {
                            let mut cursor = writer.reader().cursor(Start::Oldest);
                            async move {
                                while let Ok(delivery) = cursor.next().await {
                                    assert_eq!(delivery.payload.len(), 1024);
                                    tally.add(1);
                                }
                            }
                        },
                        |payload| writer.append(payload).expect("a live stream")
                    )
                }),
            ),
            (
                "ring-core, batched",
                Box::new(|| {
                    let writer = ours(SLOTS, DigestPolicy::OnDemand).open(1).expect("room");
                    deliveries!(
                        readers,
                        batch,
                        bursts,
                        |tally| {
                            let mut cursor = writer.reader().cursor(Start::Oldest);
                            async move {
                                let mut batch = Vec::with_capacity(64);
                                while let Ok(count) = cursor.next_batch(&mut batch, 64).await {
                                    assert!(
                                        batch.iter().all(|delivery| delivery.payload.len() == 1024)
                                    );
                                    batch.clear();
                                    tally.add(count as u64);
                                }
                            }
                        },
                        |payload| writer.append(payload).expect("a live stream")
                    )
                }),
            ),
        ],
    );
}
