//! Bit rates as measured on what was really published (§4.4.6.2.1).

use std::sync::atomic::{AtomicU64, Ordering};

use llhls_manifest::MediaDuration;

/// Peak and mean of the closed segments of one rendition, readable by anybody at any time.
#[derive(Debug, Default)]
pub(crate) struct Rates {
    /// Bits per second of the fattest segment so far.
    peak: AtomicU64,
    /// Bits per second over all segments so far.
    mean: AtomicU64,
}

/// The publisher's side: sums that only it touches.
#[derive(Debug, Default)]
pub(crate) struct RateMeter {
    open_bytes: u64,
    total_bits: u128,
    total_nanos: u128,
}

impl Rates {
    pub(crate) fn peak(&self) -> u64 {
        self.peak.load(Ordering::Relaxed)
    }

    pub(crate) fn mean(&self) -> u64 {
        self.mean.load(Ordering::Relaxed)
    }
}

impl RateMeter {
    /// Counts a part of the open segment.
    pub(crate) fn part(&mut self, bytes: u64) {
        self.open_bytes += bytes;
    }

    /// The open segment became a segment of `duration`.
    pub(crate) fn close(&mut self, duration: MediaDuration, rates: &Rates) {
        let nanos = u128::from(duration.as_nanos());
        let bits = u128::from(std::mem::take(&mut self.open_bytes)) * 8;
        // A segment of gaps says nothing about the rate of what is there.
        if nanos == 0 || bits == 0 {
            return;
        }
        self.total_bits += bits;
        self.total_nanos += nanos;
        let per_second = |bits: u128, nanos: u128| {
            u64::try_from((bits * 1_000_000_000).div_ceil(nanos)).unwrap_or(u64::MAX)
        };
        // Relaxed: two independent gauges, no other data hangs on them.
        rates
            .peak
            .fetch_max(per_second(bits, nanos), Ordering::Relaxed);
        rates.mean.store(
            per_second(self.total_bits, self.total_nanos),
            Ordering::Relaxed,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peak_and_mean_follow_the_segments() {
        let (rates, mut meter) = (Rates::default(), RateMeter::default());
        let second = MediaDuration::from_millis(1000);
        meter.part(500);
        meter.part(500);
        meter.close(second, &rates);
        meter.part(3000);
        meter.close(second, &rates);
        assert_eq!((rates.peak(), rates.mean()), (24_000, 16_000));
    }
}
