//! When the newest part of a rendition came, for those who only look.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use llhls_manifest::{MediaDuration, WallClock};
use tokio::time::Instant;

/// Nothing yet, or nothing known.
const NONE: u64 = u64::MAX;

/// Written by the publisher with each part; all relaxed, since no other data hangs on it.
#[derive(Debug)]
pub(crate) struct Freshness {
    born: Instant,
    /// Nanoseconds from `born` to the newest part.
    last_part: AtomicU64,
    /// Nanoseconds from the capture of the newest part's end to its publication.
    delay: AtomicU64,
}

impl Freshness {
    pub(crate) fn new() -> Self {
        Self {
            born: Instant::now(),
            last_part: AtomicU64::new(NONE),
            delay: AtomicU64::new(NONE),
        }
    }

    /// A part was taken in at `now`, whose first sample was captured at `captured_at`.
    pub(crate) fn part(
        &self,
        now: Instant,
        captured_at: Option<WallClock>,
        duration: MediaDuration,
    ) {
        self.last_part
            .store(nanos(now.duration_since(self.born)), Ordering::Relaxed);
        let delay = captured_at.map_or(NONE, |captured_at| {
            let unix = SystemTime::now().duration_since(UNIX_EPOCH);
            let end = captured_at.plus(duration).as_unix_nanos();
            nanos(unix.unwrap_or_default()).saturating_sub(end)
        });
        self.delay.store(delay, Ordering::Relaxed);
    }

    /// How long ago the newest part came.
    pub(crate) fn since_part(&self) -> Option<Duration> {
        let at = known(&self.last_part)?;
        Some(self.born.elapsed().saturating_sub(at))
    }

    /// How late the newest part was when it became visible.
    pub(crate) fn delay(&self) -> Option<Duration> {
        known(&self.delay)
    }
}

fn known(cell: &AtomicU64) -> Option<Duration> {
    let value = cell.load(Ordering::Relaxed);
    (value != NONE).then(|| Duration::from_nanos(value))
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(NONE - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_age_of_the_newest_part_grows_and_starts_again() {
        let freshness = Freshness::new();
        assert_eq!((freshness.since_part(), freshness.delay()), (None, None));
        tokio::time::advance(Duration::from_secs(3)).await;
        let half = MediaDuration::from_millis(500);
        freshness.part(Instant::now(), None, half);
        assert_eq!(freshness.since_part(), Some(Duration::ZERO));
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(freshness.since_part(), Some(Duration::from_secs(2)));
        assert_eq!(freshness.delay(), None, "nobody said when it was captured");

        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let at = |time: Duration| WallClock::from_unix_nanos(nanos(time));
        let earlier = at(now.checked_sub(Duration::from_secs(10)).unwrap());
        freshness.part(Instant::now(), Some(earlier), half);
        assert!(freshness.delay().unwrap() >= Duration::from_millis(9_500));
        let ahead = at(now + Duration::from_secs(60));
        freshness.part(Instant::now(), Some(ahead), half);
        assert_eq!(
            freshness.delay(),
            Some(Duration::ZERO),
            "a clock ahead of ours"
        );
    }
}
