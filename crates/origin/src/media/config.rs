//! How long parts and segments are meant to be, and how long a track can make them.

use std::time::Duration;

use super::time::{MediaTime, Timescale, ticks_in};

/// How long parts and segments are meant to be. The same for all tracks of a presentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CutConfig {
    /// The wanted length of a part. Each track rounds it up to whole samples.
    pub(crate) part: Duration,
    /// The wanted length of a segment.
    pub(crate) segment: Duration,
    /// No segment grows to this length.
    pub(crate) segment_limit: Duration,
    /// How far apart sync pictures may be, where that is known before they come.
    pub(crate) longest_gop: Option<Duration>,
}

impl CutConfig {
    /// Parts of about `part` in segments of about `segment`.
    ///
    /// A segment never reaches `segment` rounded to whole seconds plus half a second, which is
    /// where its duration would round above a `TARGETDURATION` of that many seconds. Zero lengths count as one millisecond.
    pub fn new(part: Duration, segment: Duration) -> Self {
        let least = Duration::from_millis(1);
        let segment = segment.max(least);
        let whole = Duration::from_secs((segment + Duration::from_millis(500)).as_secs().max(1));
        Self {
            part: part.max(least),
            segment,
            segment_limit: whole + Duration::from_millis(500),
            longest_gop: None,
        }
    }

    /// How far apart the encoder puts sync pictures at most. Segments are then closed early enough
    /// for the longest group of pictures, even when the ones before were short.
    #[must_use]
    pub fn longest_gop(mut self, longest: Duration) -> Self {
        self.longest_gop = Some(longest);
        self
    }
}

/// The part target of a track: `wanted` rounded up to a whole number of its samples.
///
/// A target that is no multiple of the sample duration cannot be met: at 29.97 pictures a second and
/// 200 ms, five pictures are less than 85 % of the target and six are more than all of it.
/// `None` when the sample duration is zero.
pub fn part_target_for(
    wanted: Duration,
    sample_duration: u32,
    timescale: Timescale,
) -> Option<MediaTime> {
    if sample_duration == 0 {
        return None;
    }
    Some(MediaTime::new(
        fit(wanted, sample_duration, timescale),
        timescale,
    ))
}

/// [`part_target_for`] in ticks; a sample without duration counts as one tick.
pub(crate) fn fit(wanted: Duration, sample_duration: u32, timescale: Timescale) -> u64 {
    let wanted = ticks_in(wanted, timescale).max(1);
    let sample = u64::from(sample_duration).max(1);
    wanted.div_ceil(sample).saturating_mul(sample)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn part_targets_are_whole_samples() {
        let target = |wanted, duration, ticks| {
            let timescale = Timescale::new(ticks).expect("not zero");
            part_target_for(Duration::from_millis(wanted), duration, timescale)
                .map(|target| target.ticks / u64::from(duration))
        };
        assert_eq!(target(200, 3000, 90_000), Some(6), "30 pictures a second");
        assert_eq!(target(200, 1001, 30_000), Some(6), "29.97");
        assert_eq!(target(200, 1001, 60_000), Some(12), "59.94");
        assert_eq!(target(200, 3600, 90_000), Some(5), "25");
        assert_eq!(target(200, 1024, 48_000), Some(10), "AAC at 48 kHz");
        assert_eq!(target(200, 1024, 44_100), Some(9), "AAC at 44.1 kHz");
        assert_eq!(target(200, 90_000, 90_000), Some(1), "a slide a second");
        assert_eq!(
            part_target_for(Duration::from_secs(1), 0, Timescale::new(1).expect("one")),
            None
        );
    }

    #[test]
    fn a_segment_never_rounds_above_its_target_duration() {
        let limit = |millis| {
            CutConfig::new(Duration::from_millis(200), Duration::from_millis(millis)).segment_limit
        };
        assert_eq!(limit(2000), Duration::from_millis(2500));
        assert_eq!(limit(1920), Duration::from_millis(2500));
        assert_eq!(limit(1000), Duration::from_millis(1500));
        assert_eq!(limit(100), Duration::from_millis(1500));
    }
}
