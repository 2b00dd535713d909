//! Durations as they are printed: whole multiples of 10 µs, five decimals.
//!
//! Every comparison that a player makes, it makes on printed decimals; so all arithmetic of
//! targets, sums and distances is done on them (PL-12), in integers, never in floats.

use crate::time::MediaDuration;

/// Nanoseconds in one printed unit.
const UNIT: u64 = 10_000;

/// A printed duration, in units of 10 µs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Decimal(u64);

impl Decimal {
    pub(crate) const ZERO: Self = Self(0);

    pub(crate) const fn from_units(units: u64) -> Self {
        Self(units)
    }

    pub(crate) const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(100_000))
    }

    /// Rounds to the nearest printed value, halves up.
    pub(crate) const fn nearest(duration: MediaDuration) -> Self {
        let nanos = duration.as_nanos();
        Self(nanos / UNIT + (nanos % UNIT >= UNIT / 2) as u64)
    }

    /// Rounds up: for targets and hold-backs, which must not be printed too small.
    pub(crate) const fn ceil(duration: MediaDuration) -> Self {
        Self(duration.as_nanos().div_ceil(UNIT))
    }

    pub(crate) const fn units(self) -> u64 {
        self.0
    }

    pub(crate) const fn to_media(self) -> MediaDuration {
        MediaDuration::from_nanos(self.0.saturating_mul(UNIT))
    }

    pub(crate) const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    pub(crate) const fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    pub(crate) const fn times(self, factor: u64) -> Self {
        Self(self.0.saturating_mul(factor))
    }

    /// Appends the value, always with five decimals and a dot.
    pub(crate) fn write(self, out: &mut String) {
        write_integer(out, self.0 / 100_000);
        let fraction = self.0 % 100_000;
        out.push('.');
        write_pair(out, fraction / 1_000);
        write_pair(out, fraction / 10 % 100);
        out.push_str(&PAIRS[(fraction % 10) as usize * 2 + 1..][..1]);
    }
}

/// Appends a decimal integer without the formatting machinery, which costs ten times as much.
pub(crate) fn write_integer(out: &mut String, value: u64) {
    if value >= 100 {
        write_integer(out, value / 100);
        write_pair(out, value % 100);
    } else if value >= 10 {
        write_pair(out, value);
    } else {
        out.push_str(&PAIRS[value as usize * 2 + 1..][..1]);
    }
}

/// 00 to 99: two digits at a time, and no character by character, which took a fifth of what a
/// whole part costs.
const PAIRS: &str = "00010203040506070809101112131415161718192021222324252627282930313233343536373839\
    40414243444546474849505152535455565758596061626364656667686970717273747576777879\
    8081828384858687888990919293949596979899";

/// Appends two digits.
fn write_pair(out: &mut String, value: u64) {
    out.push_str(&PAIRS[value as usize * 2..][..2]);
}

/// Appends `value` with leading zeros up to `width` digits.
pub(crate) fn write_padded(out: &mut String, value: u64, width: u32) {
    let mut limit = 10_u64.pow(width - 1);
    while limit > 1 && value < limit {
        out.push('0');
        limit /= 10;
    }
    write_integer(out, value);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn printed(value: Decimal) -> String {
        let mut out = String::new();
        value.write(&mut out);
        out
    }

    #[test]
    fn rounding_and_width() {
        assert_eq!(
            printed(Decimal::nearest(MediaDuration::from_nanos(333_333_333))),
            "0.33333"
        );
        assert_eq!(
            printed(Decimal::ceil(MediaDuration::from_nanos(333_333_333))),
            "0.33334"
        );
        assert_eq!(
            printed(Decimal::nearest(MediaDuration::from_nanos(5_000))),
            "0.00001"
        );
        assert_eq!(
            printed(Decimal::nearest(MediaDuration::from_nanos(4_999))),
            "0.00000"
        );
        assert_eq!(printed(Decimal::from_secs(12)), "12.00000");
    }

    proptest! {
        /// PL-10, PL-12: plain decimal with at most five digits after the dot, exact both ways.
        #[test]
        fn printed_form_reads_back(units in any::<u64>()) {
            let text = printed(Decimal::from_units(units));
            let (whole, fraction) = text.split_once('.').unwrap();
            prop_assert!(fraction.len() == 5 && fraction.bytes().all(|b| b.is_ascii_digit()));
            let back = whole.parse::<u128>().unwrap() * 100_000 + fraction.parse::<u128>().unwrap();
            prop_assert_eq!(back, u128::from(units));
        }

        /// PL-11: sequence numbers are printed as 64-bit decimal integers.
        #[test]
        fn integers_read_back(value in any::<u64>()) {
            let mut out = String::new();
            write_integer(&mut out, value);
            prop_assert_eq!(out.parse::<u64>().unwrap(), value);
        }
    }
}
