use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use llhls_manifest::Directives;
use playlists::Coding;
use ring_core::Milestones;
use tokio::sync::Notify;
use tokio::task::yield_now;
use tokio::time::timeout;

use crate::streams::{Ours, Shape};
use benches::turns::{Better, Candidate, Table, median, runtime, thread_cpu};

/// Three target durations, as the registry has it; no server waits without one.
const DEADLINE: Duration = Duration::from_secs(6);

/// When the waiters ran; the last one counts.
struct Finish {
    started: Instant,
    waiting: AtomicU64,
    last: AtomicU64,
}

impl Finish {
    fn now(&self) -> u64 {
        self.started.elapsed().as_nanos() as u64
    }
}

/// Microseconds from publication to the last waiter, and CPU time of the publisher's own call;
/// medians of `times` runs.
fn crowd<W: Future<Output = ()> + Send + 'static>(
    waiters: u64,
    times: usize,
    wait: impl Fn() -> W,
    publish: impl Fn() + Clone + Send + 'static,
) -> (f64, f64) {
    let runtime = runtime(2);
    let (mut lasts, mut calls) = (Vec::new(), Vec::new());
    for _ in 0..times {
        let finish = Arc::new(Finish {
            started: Instant::now(),
            waiting: AtomicU64::new(0),
            last: AtomicU64::new(0),
        });
        let tasks: Vec<_> = (0..waiters)
            .map(|_| {
                let (finish, wait) = (Arc::clone(&finish), wait());
                runtime.spawn(async move {
                    finish.waiting.fetch_add(1, Ordering::AcqRel);
                    wait.await;
                    finish.last.fetch_max(finish.now(), Ordering::AcqRel);
                })
            })
            .collect();
        let (last, call) = runtime.block_on(async {
            while finish.waiting.load(Ordering::Acquire) < waiters {
                yield_now().await;
            }
            // They have said so just before they wait; let them get there.
            tokio::time::sleep(Duration::from_millis(2)).await;
            let (clock, publish) = (Arc::clone(&finish), publish.clone());
            // On a worker, as a publisher is; its own cost in CPU time, because the waiters it
            // wakes may well take its core.
            let (before, call) = runtime
                .spawn(async move {
                    let before = clock.now();
                    let cpu = thread_cpu();
                    publish();
                    (before, thread_cpu() - cpu)
                })
                .await
                .expect("no panic");
            for task in tasks {
                task.await.expect("no panic");
            }
            (finish.last.load(Ordering::Acquire) - before, call)
        });
        lasts.push(last as f64 / 1e3);
        calls.push(call as f64 / 1e3);
    }
    (median(lasts), median(calls))
}

/// R9, through the registry.
pub(crate) fn all(table: &mut Table) {
    for waiters in [1_u64, 1000, 10_000] {
        row(table, waiters, if waiters > 1000 { 5 } else { 11 });
    }
}

fn row(table: &mut Table, waiters: u64, times: usize) {
    const NAMES: [&str; 7] = [
        "tokio Notify, the floor: nothing is published",
        "tokio Notify under a deadline",
        "ring-core Milestones",
        "ring-core Milestones under a deadline",
        "registry: nobody waits for what is published",
        "registry: the playlist with the next part, gzip",
        "registry: the hinted part",
    ];
    let calls = RefCell::new([const { Vec::new() }; 7]);
    let note = |candidate: usize, (last, call): (f64, f64)| {
        calls.borrow_mut()[candidate].push(call);
        last
    };
    let stream = || Arc::new(Mutex::new(Ours::new(Shape::LIVE)));
    let publish = |stream: &Arc<Mutex<Ours>>| {
        let stream = Arc::clone(stream);
        move || stream.lock().expect("no panic").publish()
    };
    let (listed, hinted) = (stream(), stream());
    let viewer = |stream: &Arc<Mutex<Ours>>| stream.lock().expect("no panic").viewer.clone();
    let (playlist, part) = (viewer(&listed), viewer(&hinted));
    let candidates: Vec<Candidate<'_>> = vec![
        (
            NAMES[0],
            Box::new(|| {
                let notify = Arc::new(Notify::new());
                let wait = || Arc::clone(&notify).notified_owned();
                let publisher = Arc::clone(&notify);
                note(
                    0,
                    crowd(waiters, times, wait, move || publisher.notify_waiters()),
                )
            }),
        ),
        (
            NAMES[1],
            Box::new(|| {
                let notify = Arc::new(Notify::new());
                let wait = || {
                    let notified = Arc::clone(&notify).notified_owned();
                    async {
                        timeout(DEADLINE, notified).await.expect("in time");
                    }
                };
                let publisher = Arc::clone(&notify);
                note(
                    1,
                    crowd(waiters, times, wait, move || publisher.notify_waiters()),
                )
            }),
        ),
        (
            NAMES[2],
            Box::new(|| {
                let numbers = Arc::new(Milestones::new(0, 100_000, 4));
                let wait = || {
                    let numbers = Arc::clone(&numbers);
                    let next = numbers.value() + 1;
                    async move { numbers.reach(next).await.expect("room") }
                };
                let publisher = Arc::clone(&numbers);
                note(
                    2,
                    crowd(waiters, times, wait, move || {
                        publisher.raise(publisher.value() + 1);
                    }),
                )
            }),
        ),
        (
            NAMES[3],
            Box::new(|| {
                let numbers = Arc::new(Milestones::new(0, 100_000, 4));
                let wait = || {
                    let numbers = Arc::clone(&numbers);
                    let next = numbers.value() + 1;
                    async move {
                        let reached = timeout(DEADLINE, numbers.reach(next)).await;
                        reached.expect("in time").expect("room");
                    }
                };
                let publisher = Arc::clone(&numbers);
                note(
                    3,
                    crowd(waiters, times, wait, move || {
                        publisher.raise(publisher.value() + 1);
                    }),
                )
            }),
        ),
        (
            NAMES[4],
            Box::new(|| {
                let notify = Arc::new(Notify::new());
                let wait = || Arc::clone(&notify).notified_owned();
                let (publish, notify) = (publish(&hinted), Arc::clone(&notify));
                note(
                    4,
                    crowd(waiters, times, wait, move || {
                        publish();
                        let notify = Arc::clone(&notify);
                        tokio::spawn(async move { notify.notify_waiters() });
                    }),
                )
            }),
        ),
        (
            NAMES[5],
            Box::new(|| {
                let wait = || {
                    let viewer = playlist.clone();
                    let next = viewer.edge().expect("live").next_part();
                    let query = format!("_HLS_msn={}&_HLS_part={}", next.msn, next.part);
                    let request = Directives::parse(Some(&query)).expect("well formed");
                    async move {
                        let body = viewer.playlist(&request, Coding::Gzip).await;
                        assert!(!body.expect("it comes").bytes.is_empty());
                    }
                };
                note(5, crowd(waiters, times, wait, publish(&listed)))
            }),
        ),
        (
            NAMES[6],
            Box::new(|| {
                let wait = || {
                    let viewer = part.clone();
                    let next = viewer.edge().expect("live").next_part();
                    async move {
                        assert!(!viewer.part(next).await.expect("it comes").is_empty());
                    }
                };
                note(6, crowd(waiters, times, wait, publish(&hinted)))
            }),
        ),
    ];
    table.row(
        &format!("R9: publication to the last of {waiters} waiter(s) running, 2 workers"),
        "µs",
        Better::Lower,
        candidates,
    );
    println!("\nPublisher's own call, µs of CPU time:");
    for (name, calls) in NAMES.iter().zip(calls.into_inner()) {
        println!("* {name}: {:.1}", median(calls));
    }
}
