//! Numbers: the position of a payload in its stream, the epoch and the generation it belongs to.

use std::fmt;

/// The position of a payload in its stream.
///
/// Positions are linear: the first payload has the stream's first position (0 unless
/// [`RingConfig::first`](crate::RingConfig::first) says otherwise), each later one the next, and
/// none is ever used twice in the life of a stream. A position is just a number; it says nothing
/// about whether its payload is still held.
///
/// ```
/// use ring_core::Seq;
///
/// let seq = Seq::new(41).next();
/// assert_eq!(seq.value(), 42);
/// assert_eq!(seq.to_string(), "42");
/// ```
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seq(u64);

impl Seq {
    /// Position 0.
    pub const ZERO: Self = Self(0);

    /// The highest position a stream can hold: 2⁵⁵ − 1. At a million payloads a second that is
    /// reached after 1 100 years.
    pub const MAX: Self = Self((1 << 55) - 1);

    /// A position from its number.
    #[must_use]
    pub const fn new(value: u64) -> Self {
        Self(value)
    }

    /// The number.
    #[must_use]
    pub const fn value(self) -> u64 {
        self.0
    }

    /// The position after this one. Saturates at `u64::MAX`, which no stream reaches.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The position `count` places after this one, saturating.
    #[must_use]
    pub const fn advanced(self, count: u64) -> Self {
        Self(self.0.saturating_add(count))
    }

    /// How many positions lie between `earlier` (included) and this one (excluded); 0 when
    /// `earlier` is not earlier.
    #[must_use]
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// Which life of a key a handle belongs to.
///
/// A key that is opened again after its stream ended or was removed gets a new generation and a
/// new ring. Handles keep the generation they were made for; they never see another one's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(u64);

impl Generation {
    pub(crate) const fn new(value: u64) -> Self {
        Self(value)
    }

    /// The number: unique within one [`ChunkCache`](crate::ChunkCache), growing with time.
    #[must_use]
    pub const fn value(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// A stretch of a stream between two resets.
///
/// A reset drops what is held and starts the next epoch; numbering goes on, so a [`Seq`] means one
/// payload whatever the epoch.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(u64);

impl Epoch {
    pub(crate) const fn new(value: u64) -> Self {
        Self(value)
    }

    /// The number: 0 for the first epoch, then one more each time.
    #[must_use]
    pub const fn value(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// A run of positions without a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Gap {
    /// The first missing position.
    pub first: Seq,
    /// One past the last.
    pub end: Seq,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_saturates_and_never_wraps() {
        assert_eq!(Seq::new(u64::MAX).next(), Seq::new(u64::MAX));
        assert_eq!(Seq::new(3).since(Seq::new(5)), 0);
        assert_eq!(Seq::new(5).since(Seq::new(3)), 2);
        assert_eq!(Seq::new(u64::MAX - 1).advanced(9), Seq::new(u64::MAX));
    }
}
