use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use bytes::Bytes;
use ring_core::{DigestPolicy, RingConfig, Seq};
use tokio::sync::Notify;
use tokio::task::yield_now;

use crate::trunk::Parts;
use crate::writes::{ours, seed};
use benches::turns::{Better, Table, median, runtime, thread_cpu};

/// When each waiter ran, relative to the publication; the last one counts.
struct Finish {
    started: Instant,
    waiting: AtomicU64,
    running: AtomicU64,
    last: AtomicU64,
}

impl Finish {
    fn new() -> Arc<Self> {
        let zero = || AtomicU64::new(0);
        Arc::new(Self {
            started: Instant::now(),
            waiting: zero(),
            running: zero(),
            last: zero(),
        })
    }

    fn now(&self) -> u64 {
        self.started.elapsed().as_nanos() as u64
    }

    fn ran(&self) {
        self.last.fetch_max(self.now(), Ordering::AcqRel);
        self.running.fetch_add(1, Ordering::AcqRel);
    }
}

/// Microseconds from publication to the last waiter, and of the publisher's own call; medians of
/// `$times`.
macro_rules! wake_up {
    ($waiters:expr, $times:expr, |$round:ident, $finish:ident| $wait:expr, |$at:ident| { let $publisher:pat = $capture:expr; $publish:expr }) => {{
        let runtime = runtime(2);
        let (mut lasts, mut calls) = (Vec::new(), Vec::new());
        for $round in 0..$times {
            let finish = Finish::new();
            let tasks: Vec<_> = (0..$waiters)
                .map(|_| {
                    let $finish = Arc::clone(&finish);
                    runtime.spawn($wait)
                })
                .collect();
            let (last, call) = runtime.block_on(async {
                while finish.waiting.load(Ordering::Acquire) < $waiters {
                    yield_now().await;
                }
                // They have said so just before they wait; let them get there.
                tokio::time::sleep(std::time::Duration::from_millis(2)).await;
                let $at = $round;
                let $publisher = $capture;
                let clock = Arc::clone(&finish);
                // On a worker, as a publisher is; its own cost in CPU time, because the waiters it
                // wakes may well take its core.
                let (before, call) = runtime
                    .spawn(async move {
                        let before = clock.now();
                        let cpu = thread_cpu();
                        $publish;
                        (before, thread_cpu() - cpu)
                    })
                    .await
                    .expect("no panic");
                for task in tasks {
                    task.await.expect("no panic");
                }
                assert_eq!(finish.running.load(Ordering::Acquire), $waiters);
                (finish.last.load(Ordering::Acquire) - before, call)
            });
            lasts.push(last as f64 / 1e3);
            calls.push(call as f64 / 1e3);
        }
        (median(lasts), median(calls))
    }};
}

/// R9.
pub(crate) fn all(table: &mut Table) {
    for waiters in [1_u64, 1000, 10_000] {
        row(table, waiters, if waiters > 1000 { 3 } else { 9 });
    }
}

fn row(table: &mut Table, waiters: u64, times: u64) {
    let calls = std::cell::RefCell::new([const { Vec::new() }; 4]);
    let note = |candidate: usize, (last, call): (f64, f64)| {
        calls.borrow_mut()[candidate].push(call);
        last
    };
    table.row(
        &format!("R9: publication to the last of {waiters} waiter(s) running, 2 workers"),
        "µs",
        Better::Lower,
        vec![
            (
                "tokio Notify, the floor",
                Box::new(|| {
                    let notify = Arc::new(Notify::new());
                    note(
                        0,
                        wake_up!(
                            waiters,
                            times,
                            |_round, finish| {
                                let notify = Arc::clone(&notify);
                                async move {
                                    let notified = notify.notified();
                                    finish.waiting.fetch_add(1, Ordering::AcqRel);
                                    notified.await;
                                    finish.ran();
                                }
                            },
                            |_at| {
                                let notify = Arc::clone(&notify);
                                notify.notify_waiters()
                            }
                        ),
                    )
                }),
            ),
            (
                "playlists 0.1.6, exact waiter",
                Box::new(|| {
                    let cache = seed(1, 512);
                    note(
                        1,
                        wake_up!(
                            waiters,
                            times,
                            |round, finish| {
                                let cache = Arc::clone(&cache);
                                let id = round as usize + 1;
                                async move {
                                    let waiter =
                                        cache.exact_part_waiter(7, id).expect("room for it");
                                    let notified = waiter.notified();
                                    finish.waiting.fetch_add(1, Ordering::AcqRel);
                                    notified.await;
                                    assert!(cache.get_for_stream_id(7, id).await.is_some());
                                    finish.ran();
                                }
                            },
                            |at| {
                                let cache = Arc::clone(&cache);
                                cache
                                    .add_for_stream_id(
                                        7,
                                        at as usize + 1,
                                        Bytes::from_static(b"part"),
                                    )
                                    .await
                                    .expect("it fits")
                            }
                        ),
                    )
                }),
            ),
            (
                "media-plane 0.8, listen",
                Box::new(|| {
                    let trunk = Parts::new(10_000);
                    note(
                        2,
                        wake_up!(
                            waiters,
                            times,
                            |round, finish| {
                                let trunk = Arc::clone(&trunk);
                                async move {
                                    finish.waiting.fetch_add(1, Ordering::AcqRel);
                                    assert_eq!(trunk.wait(round).await, "part");
                                    finish.ran();
                                }
                            },
                            |_at| {
                                let trunk = Arc::clone(&trunk);
                                trunk.append(Bytes::from_static(b"part"))
                            }
                        ),
                    )
                }),
            ),
            (
                "ring-core, wait",
                Box::new(|| {
                    let cache = ours(512, DigestPolicy::OnDemand);
                    let shape = RingConfig::default().slots(512);
                    let writer = cache.open_with(7, shape).expect("room");
                    note(
                        3,
                        wake_up!(
                            waiters,
                            times,
                            |round, finish| {
                                let reader = writer.reader();
                                async move {
                                    let wait = reader.wait(Seq::new(round));
                                    finish.waiting.fetch_add(1, Ordering::AcqRel);
                                    assert_eq!(wait.await.expect("it comes"), "part");
                                    finish.ran();
                                }
                            },
                            |_at| {
                                let writer = writer.clone();
                                writer
                                    .append(Bytes::from_static(b"part"))
                                    .expect("a live stream")
                            }
                        ),
                    )
                }),
            ),
        ],
    );
    let calls = calls.into_inner().map(median);
    println!(
        "\npublisher's own call, µs: Notify {:.1} · playlists 0.1.6 {:.1} · media-plane {:.1} · ring-core {:.1}",
        calls[0], calls[1], calls[2], calls[3]
    );
}
