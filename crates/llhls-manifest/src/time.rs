//! Media durations and wall-clock instants, both given by the caller.

use core::fmt;
use core::num::NonZeroU32;
use core::time::Duration;
use std::time::{SystemTime, UNIX_EPOCH};

/// A length of media in nanoseconds.
///
/// Exact enough that a million parts given in ticks drift by less than a millisecond, and wide
/// enough for 584 years.
///
/// ```
/// use core::num::NonZeroU32;
/// use llhls_manifest::MediaDuration;
///
/// let timescale = NonZeroU32::new(90_000).unwrap();
/// assert_eq!(MediaDuration::from_ticks(18_000, timescale), MediaDuration::from_millis(200));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MediaDuration(u64);

impl MediaDuration {
    /// No media at all.
    pub const ZERO: Self = Self(0);

    /// From nanoseconds.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// From milliseconds; saturates.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// From whole seconds; saturates.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1_000_000_000))
    }

    /// From a track's ticks, rounded to the nearest nanosecond; saturates.
    #[must_use]
    pub fn from_ticks(ticks: u64, timescale: NonZeroU32) -> Self {
        let timescale = u128::from(timescale.get());
        let nanos = (u128::from(ticks) * 1_000_000_000 + timescale / 2) / timescale;
        Self(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// In nanoseconds.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// In milliseconds, rounded down.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0 / 1_000_000
    }

    /// In seconds, for display and statistics.
    #[must_use]
    pub fn as_secs_f64(self) -> f64 {
        Duration::from(self).as_secs_f64()
    }

    /// The sum, saturating.
    #[must_use]
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// The difference, never below zero.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// `factor` times as long, saturating.
    #[must_use]
    pub const fn saturating_mul(self, factor: u64) -> Self {
        Self(self.0.saturating_mul(factor))
    }
}

impl From<Duration> for MediaDuration {
    /// Saturates beyond 584 years.
    fn from(duration: Duration) -> Self {
        Self(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX))
    }
}

impl From<MediaDuration> for Duration {
    fn from(duration: MediaDuration) -> Self {
        Self::from_nanos(duration.0)
    }
}

impl fmt::Display for MediaDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", Duration::from(*self))
    }
}

/// An instant on the wall clock: nanoseconds since the Unix epoch, UTC, without leap seconds.
///
/// This crate never reads a clock. The caller says when a part was captured and the manifest
/// prints it as ISO 8601 in milliseconds (§4.4.4.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WallClock(u64);

impl WallClock {
    /// From nanoseconds since the Unix epoch.
    #[must_use]
    pub const fn from_unix_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// From milliseconds since the Unix epoch; saturates in the year 2554.
    #[must_use]
    pub const fn from_unix_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// In nanoseconds since the Unix epoch.
    #[must_use]
    pub const fn as_unix_nanos(self) -> u64 {
        self.0
    }

    /// The instant `duration` later; saturates.
    #[must_use]
    pub const fn plus(self, duration: MediaDuration) -> Self {
        Self(self.0.saturating_add(duration.as_nanos()))
    }

    /// How long after `earlier` this is; zero when it is not.
    #[must_use]
    pub const fn since(self, earlier: Self) -> MediaDuration {
        MediaDuration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// The civil date and time, rounded to the nearest millisecond.
    pub(crate) fn civil(self) -> Civil {
        let millis = self.0 / 1_000_000 + u64::from(self.0 % 1_000_000 >= 500_000);
        let (days, in_day) = (millis / 86_400_000, millis % 86_400_000);
        // Days are counted from 0000-03-01, so that the leap day is the last of its year and a
        // month's first day is a linear formula; 719 468 days lie between that and 1970-01-01.
        let shifted = days + 719_468;
        let era = shifted / 146_097;
        let day_of_era = shifted % 146_097;
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let month = if shifted_month < 10 {
            shifted_month + 3
        } else {
            shifted_month - 9
        };
        Civil {
            year: year_of_era + era * 400 + u64::from(month <= 2),
            month,
            day: day_of_year - (153 * shifted_month + 2) / 5 + 1,
            hour: in_day / 3_600_000,
            minute: in_day / 60_000 % 60,
            second: in_day / 1_000 % 60,
            milli: in_day % 1_000,
        }
    }
}

impl From<SystemTime> for WallClock {
    /// An instant before 1970 becomes the epoch.
    fn from(time: SystemTime) -> Self {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
    }
}

/// A date and time of the Gregorian calendar, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Civil {
    pub(crate) year: u64,
    pub(crate) month: u64,
    pub(crate) day: u64,
    pub(crate) hour: u64,
    pub(crate) minute: u64,
    pub(crate) second: u64,
    pub(crate) milli: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn civil(millis: u64) -> (u64, u64, u64, u64, u64, u64, u64) {
        let c = WallClock::from_unix_millis(millis).civil();
        (c.year, c.month, c.day, c.hour, c.minute, c.second, c.milli)
    }

    #[test]
    fn calendar() {
        assert_eq!(civil(0), (1970, 1, 1, 0, 0, 0, 0));
        assert_eq!(civil(951_782_400_000), (2000, 2, 29, 0, 0, 0, 0));
        assert_eq!(civil(951_868_799_999), (2000, 2, 29, 23, 59, 59, 999));
        assert_eq!(civil(951_868_800_000), (2000, 3, 1, 0, 0, 0, 0));
        assert_eq!(civil(1_795_236_455_123), (2026, 11, 21, 4, 47, 35, 123));
        assert_eq!(civil(4_107_542_400_000), (2100, 3, 1, 0, 0, 0, 0));
    }

    #[test]
    fn ticks_round_to_nearest() {
        let timescale = NonZeroU32::new(3).unwrap();
        assert_eq!(
            MediaDuration::from_ticks(1, timescale).as_nanos(),
            333_333_333
        );
        assert_eq!(
            MediaDuration::from_ticks(2, timescale).as_nanos(),
            666_666_667
        );
        assert_eq!(
            MediaDuration::from_ticks(u64::MAX, timescale).as_nanos(),
            u64::MAX
        );
    }
}
