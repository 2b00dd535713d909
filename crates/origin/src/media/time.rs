//! Media time as integers: ticks of a track's own clock, never floating point.

use std::fmt;
use std::num::NonZeroU32;
use std::time::Duration;

/// How many ticks of a track's clock make one second. Never zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timescale(NonZeroU32);

impl Timescale {
    /// A clock of `ticks_per_second`; `None` when that is zero.
    pub fn new(ticks_per_second: u32) -> Option<Self> {
        NonZeroU32::new(ticks_per_second).map(Self)
    }

    /// Ticks of a nanosecond.
    pub(crate) const NANOSECONDS: Self = match NonZeroU32::new(1_000_000_000) {
        Some(ticks) => Self(ticks),
        None => unreachable!(),
    };

    /// Ticks per second.
    pub fn ticks_per_second(self) -> u32 {
        self.0.get()
    }
}

/// A position on, or a length of, a track's decode timeline: whole ticks and the clock they count.
///
/// Sums of ticks are exact, so a stream that runs for a year has drifted by nothing. Two values of
/// different clocks are compared through [`MediaTime::cmp_time`], which is exact too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MediaTime {
    /// Whole ticks.
    pub ticks: u64,
    /// The clock that the ticks count.
    pub timescale: Timescale,
}

impl MediaTime {
    /// `ticks` of `timescale`.
    pub fn new(ticks: u64, timescale: Timescale) -> Self {
        Self { ticks, timescale }
    }

    /// Nanoseconds, rounded down. Exact comparisons use [`MediaTime::cmp_time`]. Saturates after 584 years.
    pub fn as_nanos(self) -> u64 {
        let nanos =
            u128::from(self.ticks) * 1_000_000_000 / u128::from(self.timescale.ticks_per_second());
        u64::try_from(nanos).unwrap_or(u64::MAX)
    }

    /// The same as a [`Duration`], rounded down to a nanosecond.
    pub fn to_duration(self) -> Duration {
        Duration::from_nanos(self.as_nanos())
    }

    /// Compares two times of any clocks without rounding.
    pub fn cmp_time(self, other: Self) -> std::cmp::Ordering {
        let left = u128::from(self.ticks) * u128::from(other.timescale.ticks_per_second());
        let right = u128::from(other.ticks) * u128::from(self.timescale.ticks_per_second());
        left.cmp(&right)
    }
}

impl fmt::Display for MediaTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{} s", self.ticks, self.timescale.ticks_per_second())
    }
}

/// From a track's decode times to its presentation times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TrackClock {
    /// Ticks per second.
    pub(crate) timescale: Timescale,
    /// Presentation times count from here, in ticks.
    pub(crate) shown_from: u64,
}

impl TrackClock {
    /// When the sample that is decoded at `at` is shown, in ticks; zero where that is before time zero.
    pub(crate) fn shown(self, at: u64, composition_offset: i64) -> u64 {
        at.saturating_add_signed(composition_offset)
            .saturating_sub(self.shown_from)
    }

    /// The latest cut that a sample which is shown from `shown` on may open a segment for: one that lies up to a
    /// quarter of the sample behind its start, because clocks of milliseconds round.
    pub(crate) fn reach(self, shown: u64, duration: u32) -> MediaTime {
        MediaTime::new(
            shown.saturating_add(u64::from(duration) / 4),
            self.timescale,
        )
    }
}

/// Ticks of `timescale` in `duration`, rounded down. Saturates.
pub(crate) fn ticks_in(duration: Duration, timescale: Timescale) -> u64 {
    let ticks = duration.as_nanos() * u128::from(timescale.ticks_per_second()) / 1_000_000_000;
    u64::try_from(ticks).unwrap_or(u64::MAX)
}

/// Pictures per second as the exact ratio of a track's clock to its sample duration.
///
/// 29.97 is `30000/1001` here; [`fmt::Display`] prints what `FRAME-RATE` of a multivariant playlist
/// takes: a decimal with three places (RFC 8216bis §4.4.6.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FrameRate {
    /// Ticks per second.
    numerator: u32,
    /// Ticks per picture.
    denominator: NonZeroU32,
}

impl FrameRate {
    /// The rate of a track whose pictures last `sample_duration` ticks each; `None` when that is zero.
    pub fn from_sample_duration(sample_duration: u32, timescale: Timescale) -> Option<Self> {
        let denominator = NonZeroU32::new(sample_duration)?;
        Some(Self {
            numerator: timescale.ticks_per_second(),
            denominator,
        })
    }

    /// Thousandths of a picture per second, rounded to nearest.
    pub fn millis(self) -> u64 {
        let denominator = u64::from(self.denominator.get());
        (u64::from(self.numerator) * 1000 + denominator / 2) / denominator
    }
}

impl fmt::Display for FrameRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.millis();
        write!(f, "{}.{:03}", millis / 1000, millis % 1000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scale(ticks: u32) -> Timescale {
        Timescale::new(ticks).expect("not zero")
    }

    #[test]
    fn frame_rates_print_with_three_decimals() {
        let rate = |duration, ticks| {
            FrameRate::from_sample_duration(duration, scale(ticks)).map(|rate| rate.to_string())
        };
        assert_eq!(rate(3000, 90_000).as_deref(), Some("30.000"));
        assert_eq!(rate(1001, 30_000).as_deref(), Some("29.970"));
        assert_eq!(rate(1001, 24_000).as_deref(), Some("23.976"));
        assert_eq!(rate(0, 24_000), None);
    }

    #[test]
    fn times_of_different_clocks_compare_exactly() {
        let third = MediaTime::new(1, scale(3));
        let rounded = MediaTime::new(333_333_333, scale(1_000_000_000));
        assert_eq!(third.as_nanos(), rounded.ticks);
        assert_eq!(third.cmp_time(rounded), std::cmp::Ordering::Greater);
    }
}
