//! From media time to printed durations, without drift.

use crate::decimal::Decimal;
use crate::time::MediaDuration;

/// How far printed time may lag behind media time before the rest is forgotten.
///
/// A lag arises only from parts that are longer than PART-TARGET by less than half a printed
/// unit. Without a bound a later, shorter part would be stretched by all of it at once.
const GREATEST_LAG: MediaDuration = MediaDuration::from_millis(1);

/// Carries the rounding error of each printed duration over to the next (SEG-02).
///
/// The printed duration of a part is the rounded media time at its end less everything that was
/// printed before it. So a sum of printed durations is never further than half a unit from the
/// media time of the same run, however long the run is.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rounding {
    media: MediaDuration,
    printed: Decimal,
}

impl Rounding {
    /// What a part of this duration is printed as; at most `limit`, and at least one unit.
    pub(crate) fn next(&self, duration: MediaDuration, limit: Decimal) -> Decimal {
        let end = Decimal::nearest(self.media.saturating_add(duration));
        end.minus(self.printed)
            .min(limit)
            .max(Decimal::from_units(1))
    }

    /// Goes past a part.
    pub(crate) fn advance(&mut self, duration: MediaDuration, printed: Decimal) {
        self.media = self.media.saturating_add(duration);
        self.printed = self.printed.plus(printed);
        let furthest = self.printed.to_media().saturating_add(GREATEST_LAG);
        self.media = self.media.min(furthest);
    }

    /// Media time at the end of the last part.
    pub(crate) fn media(&self) -> MediaDuration {
        self.media
    }

    /// An imported state; `None` unless the two are as close as they always are.
    pub(crate) fn restore(media: MediaDuration, printed: Decimal) -> Option<Self> {
        let apart = media.as_nanos().abs_diff(printed.to_media().as_nanos());
        (apart <= GREATEST_LAG.as_nanos()).then_some(Self { media, printed })
    }

    /// All that was printed so far.
    pub(crate) fn printed(&self) -> Decimal {
        self.printed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::num::NonZeroU32;
    use proptest::prelude::*;

    proptest! {
        /// SEG-02 and LL-03 together: sums stay within half a unit, no part exceeds the target.
        #[test]
        fn sums_do_not_drift(ticks in prop::collection::vec(1_000_u64..9_000, 1..400)) {
            let timescale = NonZeroU32::new(44_100).unwrap();
            let target = Decimal::ceil(MediaDuration::from_ticks(9_000, timescale));
            let mut rounding = Rounding::default();
            let mut media = 0_u64;
            for ticks in ticks {
                let duration = MediaDuration::from_ticks(ticks, timescale);
                let printed = rounding.next(duration, target);
                prop_assert!(printed <= target);
                rounding.advance(duration, printed);
                media += duration.as_nanos();
                prop_assert!(rounding.printed().to_media().as_nanos().abs_diff(media) <= 5_000);
            }
        }
    }

    #[test]
    fn lag_is_bounded() {
        let target = Decimal::from_units(20_000);
        let long = MediaDuration::from_nanos(200_004_900);
        let mut rounding = Rounding::default();
        for _ in 0..100_000 {
            let printed = rounding.next(long, target);
            assert_eq!(printed, target);
            rounding.advance(long, printed);
        }
        let half = MediaDuration::from_millis(100);
        assert!(rounding.next(half, target) <= Decimal::from_units(10_101));
    }
}
