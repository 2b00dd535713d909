//! Counters that many cores write to at once: a copy for each lane, added up by whoever looks.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::available_parallelism;

/// The most copies; cores beyond them share.
const MOST: usize = 16;

/// A `T` of counters for each lane. A thread counts on one lane for all its life, so that cores
/// which answer requests do not take a cache line from each other for each of them. Nothing is lost
/// or late: a look adds up what was counted until then.
#[derive(Debug)]
pub(super) struct Lanes<T> {
    /// A power of two of them.
    lanes: Box<[Lane<T>]>,
}

/// Two cache lines, which is what processors fetch at once.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Lane<T>(T);

impl<T: Default> Default for Lanes<T> {
    fn default() -> Self {
        let cores = available_parallelism().map_or(1, usize::from);
        let count = cores.next_power_of_two().min(MOST);
        let lanes = (0..count).map(|_| Lane::default()).collect();
        Self { lanes }
    }
}

impl<T> Lanes<T> {
    /// The counters of this thread's lane.
    pub(super) fn mine(&self) -> &T {
        let Lane(mine) = &self.lanes[lane() % self.lanes.len()];
        mine
    }

    /// Those of all lanes.
    pub(super) fn all(&self) -> impl Iterator<Item = &T> {
        self.lanes.iter().map(|Lane(it)| it)
    }
}

/// The number of this thread: threads take turns at the lanes.
fn lane() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static MINE: usize = NEXT.fetch_add(1, Ordering::Relaxed);
    }
    MINE.with(|mine| *mine)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;

    use super::*;

    #[test]
    fn nothing_that_threads_count_is_lost() {
        let lanes = Lanes::<AtomicU64>::default();
        std::thread::scope(|threads| {
            for _ in 0..2 * MOST {
                threads.spawn(|| {
                    for _ in 0..100 {
                        lanes.mine().fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
        });
        let all = lanes.all().map(|it| it.load(Ordering::Relaxed));
        assert_eq!(all.sum::<u64>(), 200 * MOST as u64);
        assert!(lanes.lanes.len().is_power_of_two());
    }
}
