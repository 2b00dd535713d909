//! How long answers take, as histograms of fixed size.
//!
//! A low-latency request is held on purpose until its part is there. That time says how often
//! parts come, and nothing of how well the server does; it is kept apart. What is left, from the
//! request or from the publication of what it waited for, whichever is later, to the head of the
//! answer, is the server's own delay.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::lanes::Lanes;
use super::traffic::{KINDS, Kind};

/// Upper bounds of the buckets, in microseconds; one more bucket is for what is longer.
pub(super) const BOUNDS: [u64; 13] = [
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
    5_000_000,
];

/// How long a request was held for what it asked for. An answer that waited carries it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held(pub(crate) Duration);

/// The delays of all answers of delivery.
#[derive(Debug, Default)]
pub(crate) struct Delays {
    own: Lanes<[Histogram; KINDS.len()]>,
    held: Lanes<[Histogram; KINDS.len()]>,
}

impl Delays {
    /// A request was answered after `total`, of which it was held for `held`.
    pub(crate) fn answered(&self, kind: Kind, total: Duration, held: Option<Held>) {
        let held = held.map(|Held(time)| time.min(total));
        self.own.mine()[kind as usize].add(total - held.unwrap_or_default());
        if let Some(held) = held {
            self.held.mine()[kind as usize].add(held);
        }
    }

    pub(super) fn own(&self, kind: Kind) -> Reading {
        Reading::of(self.own.all().map(|lane| &lane[kind as usize]))
    }

    pub(super) fn held(&self, kind: Kind) -> Reading {
        Reading::of(self.held.all().map(|lane| &lane[kind as usize]))
    }
}

/// Counts of durations. All relaxed: nothing else hangs on them.
#[derive(Debug, Default)]
struct Histogram {
    buckets: [AtomicU64; BOUNDS.len() + 1],
    micros: AtomicU64,
}

impl Histogram {
    fn add(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let bucket = BOUNDS.partition_point(|bound| *bound < micros);
        self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }
}

/// What histograms hold together.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    /// The sum in seconds.
    pub(super) sum: f64,
    /// Each bucket's upper bound in seconds with what is in it alone.
    pub(super) buckets: [(f64, u64); BOUNDS.len() + 1],
}

impl Reading {
    fn of<'a>(histograms: impl Iterator<Item = &'a Histogram>) -> Self {
        let mut buckets = [(f64::INFINITY, 0); BOUNDS.len() + 1];
        for (bucket, bound) in buckets.iter_mut().zip(BOUNDS) {
            bucket.0 = bound as f64 / 1e6;
        }
        let mut micros = 0;
        for histogram in histograms {
            for (bucket, count) in buckets.iter_mut().zip(&histogram.buckets) {
                bucket.1 += count.load(Ordering::Relaxed);
            }
            micros += histogram.micros.load(Ordering::Relaxed);
        }
        let sum = micros as f64 / 1e6;
        Self { sum, buckets }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_request_was_held_for_is_kept_apart() {
        let delays = Delays::default();
        let (total, held) = (Duration::from_millis(200), Duration::from_millis(199));
        delays.answered(Kind::Playlist, total, Some(Held(held)));
        delays.answered(Kind::Playlist, Duration::from_micros(100), None);
        // A clock that was set back.
        delays.answered(Kind::Playlist, Duration::ZERO, Some(Held(held)));
        let Reading { sum, buckets: own } = delays.own(Kind::Playlist);
        assert!((sum - 0.0011).abs() < 1e-9, "{sum}");
        let filled: Vec<_> = own.into_iter().filter(|(_, count)| *count > 0).collect();
        assert_eq!(filled, [(0.0001, 2), (0.001, 1)]);
        let Reading { sum, buckets: held } = delays.held(Kind::Playlist);
        assert!((sum - 0.199).abs() < 1e-9, "{sum}");
        assert_eq!(held.iter().map(|(_, count)| count).sum::<u64>(), 2);
        assert_eq!(delays.own(Kind::Media).sum, 0.0);
    }
}
