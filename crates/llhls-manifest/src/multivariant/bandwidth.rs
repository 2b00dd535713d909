//! The bandwidths of a stream, measured from its segments (MV-03, MV-04).

use std::collections::VecDeque;

use crate::time::MediaDuration;

/// Measures what `BANDWIDTH` and `AVERAGE-BANDWIDTH` mean (§4.4.6.2): the peak is the largest
/// rate of any run of segments between half and one and a half target durations long, the
/// average is over all of them.
///
/// Sum the meters of a variant and of the largest rendition of each of its groups. For a live
/// stream, declare a representative value with some room: a declared bandwidth must not change.
///
/// ```
/// use llhls_manifest::{BandwidthMeter, MediaDuration};
///
/// let mut meter = BandwidthMeter::new(MediaDuration::from_secs(2));
/// meter.segment(250_000, MediaDuration::from_secs(2));
/// meter.segment(500_000, MediaDuration::from_secs(2));
/// assert_eq!(meter.peak(), Some(2_000_000));
/// assert_eq!(meter.average(), Some(1_500_000));
/// ```
#[derive(Clone, Debug)]
pub struct BandwidthMeter {
    target: MediaDuration,
    /// The newest segments, at most one and a half target durations of them.
    recent: VecDeque<(u64, MediaDuration)>,
    peak: u64,
    bytes: u128,
    duration: u128,
}

impl BandwidthMeter {
    /// For a playlist of this target duration.
    #[must_use]
    pub const fn new(target_duration: MediaDuration) -> Self {
        Self {
            target: target_duration,
            recent: VecDeque::new(),
            peak: 0,
            bytes: 0,
            duration: 0,
        }
    }

    /// Takes a complete segment into account. Linear in the segments of one and a half target
    /// durations.
    pub fn segment(&mut self, bytes: u64, duration: MediaDuration) {
        self.bytes += u128::from(bytes);
        self.duration += u128::from(duration.as_nanos());
        self.recent.push_back((bytes, duration));
        let (shortest, longest) = (
            self.target.as_nanos() / 2,
            self.target.as_nanos().saturating_mul(3) / 2,
        );
        let (mut run_bytes, mut run) = (0_u128, 0_u64);
        let mut kept = 0;
        for (bytes, duration) in self.recent.iter().rev() {
            run_bytes += u128::from(*bytes);
            run = run.saturating_add(duration.as_nanos());
            if run > longest {
                break;
            }
            kept += 1;
            if run >= shortest {
                self.peak = self.peak.max(rate(run_bytes, u128::from(run)));
            }
        }
        // A run that starts before those is longer than any that counts.
        self.recent.drain(..self.recent.len() - kept);
    }

    /// The peak in bit/s, rounded up; `None` before the first run of half a target duration.
    #[must_use]
    pub fn peak(&self) -> Option<u64> {
        (self.peak > 0).then_some(self.peak)
    }

    /// The average in bit/s, rounded up; `None` before the first segment.
    #[must_use]
    pub fn average(&self) -> Option<u64> {
        (self.duration > 0).then(|| rate(self.bytes, self.duration))
    }
}

fn rate(bytes: u128, nanos: u128) -> u64 {
    let bits = bytes.saturating_mul(8_000_000_000).div_ceil(nanos.max(1));
    u64::try_from(bits).unwrap_or(u64::MAX)
}
