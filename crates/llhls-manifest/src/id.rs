//! The numbers of a playlist: who is who, and what comes after what.

use core::fmt;

macro_rules! number {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name($inner);

        impl $name {
            /// Wraps the bare number.
            #[must_use]
            pub const fn new(value: $inner) -> Self {
                Self(value)
            }

            /// The bare number.
            #[must_use]
            pub const fn value(self) -> $inner {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number! {
    /// Media Sequence Number: the place of a segment in its stream (§3, §4.4.3.2).
    ///
    /// Only grows while the playlist's URL lives.
    Msn(u64)
}

number! {
    /// The place of a Partial Segment in its parent, from zero (§3.2).
    PartIndex(u32)
}

number! {
    /// Discontinuity Sequence Number: how many `EXT-X-DISCONTINUITY` tags precede (§4.4.3.3).
    DiscontinuitySequence(u64)
}

number! {
    /// Which initialisation section a segment needs; each version has a name of its own, so a
    /// cached one is never wrong.
    InitVersion(u32)
}

number! {
    /// Where the caller keeps a part's bytes. Opaque: this crate carries it and hands it back.
    MediaRef(u64)
}

impl Msn {
    /// The number after this one; stays at the maximum, which no stream reaches.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// This number `count` places further.
    #[must_use]
    pub const fn plus(self, count: u64) -> Self {
        Self(self.0.saturating_add(count))
    }
}

impl PartIndex {
    /// The index after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// A Partial Segment's place in its stream. Ordered as the parts are.
///
/// ```
/// use llhls_manifest::{Msn, PartIndex, Position};
///
/// let last_of_seven = Position::new(Msn::new(7), PartIndex::new(9));
/// let first_of_eight = Position::new(Msn::new(8), PartIndex::new(0));
/// assert!(last_of_seven < first_of_eight);
/// assert_eq!(first_of_eight.to_string(), "8.0");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The parent segment. Declared first: the derived order compares it first.
    pub msn: Msn,
    /// The place within the parent.
    pub part: PartIndex,
}

impl Position {
    /// The part `part` of the segment `msn`.
    #[must_use]
    pub const fn new(msn: Msn, part: PartIndex) -> Self {
        Self { msn, part }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.msn, self.part)
    }
}
