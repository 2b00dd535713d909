use std::cell::RefCell;
use std::rc::Rc;

use llhls_manifest::Directives;
use playlists::{Coding, Playlists, RegistryConfig};
use tokio::task::{LocalSet, yield_now};

use crate::streams::{Ours, Shape};
use benches::turns::{Better, Table, thread_cpu};

/// Far more than the caches of a core hold.
const STREAMS: usize = 4_000;

/// Parts a second.
const RATE: f64 = 5.0;

fn streams() -> Vec<Ours> {
    let config = RegistryConfig::new()
        .presentations(STREAMS)
        .renditions(1)
        .bytes_per_rendition(64 << 20)
        .total_bytes(STREAMS as u64 * (64 << 20));
    let playlists = Playlists::new(config).expect("sound bounds");
    (0..STREAMS)
        .map(|number| Ours::among(playlists.clone(), Shape::LIVE, number))
        .collect()
}

/// M7: streams of five parts a second that one core sustains, each stream in its turn.
pub(crate) fn all(table: &mut Table) {
    let unwatched = RefCell::new(streams());
    unwatched.borrow()[1].assert_gzip();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a thread");
    let local = LocalSet::new();
    let crowd = Crowd::new(streams(), &local);
    runtime.block_on(local.run_until(crowd.round()));
    table.row(
        &format!("M7: live streams on one core, {STREAMS} at once"),
        "streams",
        Better::Higher,
        vec![
            (
                "unwatched",
                Box::new(|| {
                    sustained(3 * STREAMS, || {
                        for _ in 0..3 {
                            unwatched.borrow_mut().iter_mut().for_each(Ours::publish);
                        }
                    })
                }),
            ),
            (
                "one viewer each, waiting for every version in gzip",
                Box::new(|| {
                    sustained(STREAMS, || {
                        runtime.block_on(local.run_until(crowd.round()));
                    })
                }),
            ),
        ],
    );
}

/// How many streams a core sustains that takes so long for so many parts.
fn sustained(parts: usize, run: impl FnOnce()) -> f64 {
    let before = thread_cpu();
    run();
    let nanoseconds = (thread_cpu() - before) as f64 / parts as f64;
    1e9 / nanoseconds / RATE
}

/// Streams with a viewer each, which is a task that waits for the next part again and again.
struct Crowd {
    streams: RefCell<Vec<Ours>>,
    answered: Rc<RefCell<usize>>,
}

impl Crowd {
    fn new(streams: Vec<Ours>, local: &LocalSet) -> Self {
        let answered = Rc::new(RefCell::new(0));
        for stream in &streams {
            let (viewer, answered) = (stream.viewer.clone(), Rc::clone(&answered));
            local.spawn_local(async move {
                loop {
                    let next = viewer.edge().expect("live").next_part();
                    let query = format!("_HLS_msn={}&_HLS_part={}", next.msn, next.part);
                    let request = Directives::parse(Some(&query)).expect("well formed");
                    let body = viewer.playlist(&request, Coding::Gzip).await;
                    assert!(!body.expect("live").bytes.is_empty());
                    *answered.borrow_mut() += 1;
                }
            });
        }
        Self {
            streams: RefCell::new(streams),
            answered,
        }
    }

    /// One part for each stream, and an answer for each viewer.
    async fn round(&self) {
        let due = *self.answered.borrow() + STREAMS;
        // The viewers are given their turn often enough that what was published is still at hand,
        // as it is where streams are not published in the same instant.
        while self
            .streams
            .borrow()
            .iter()
            .any(|stream| stream.viewer.waiting() == 0)
        {
            yield_now().await;
        }
        for at in 0..STREAMS {
            self.streams.borrow_mut()[at].publish();
            if at % 64 == 63 {
                yield_now().await;
            }
        }
        while *self.answered.borrow() < due {
            yield_now().await;
        }
    }
}
