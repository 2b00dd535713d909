//! The live edge: the few numbers that every decision needs.

use crate::id::{Msn, PartIndex, Position};

/// The bounds of one playlist version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// The first listed segment, or the one that will be first.
    pub media_sequence: Msn,
    /// The last segment listed with its URI.
    pub last_complete: Option<Msn>,
    /// The segment that the next part belongs to, unless that part opens another one.
    pub open: Msn,
    /// How many parts of it are listed. Always 0 in a playlist without parts.
    pub open_parts: u32,
    /// The last part of the stream, also when its segment's parts are no longer listed. `None`
    /// before the first, and in a playlist without parts.
    pub last_part: Option<Position>,
    /// Whether the playlist can still grow.
    pub liveness: Liveness,
}

/// Whether a playlist can still grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Liveness {
    /// It can.
    Live,
    /// It has its `EXT-X-ENDLIST`.
    Ended,
}

/// The newest thing that a playlist lists, for a rendition report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastListed {
    /// A part.
    Part(Position),
    /// A segment of a playlist without parts.
    Segment(Msn),
}

impl Edge {
    /// Whether the stream has ended.
    #[must_use]
    pub const fn is_ended(&self) -> bool {
        matches!(self.liveness, Liveness::Ended)
    }

    /// The place of the part that the preload hint names.
    #[must_use]
    pub const fn next_part(&self) -> Position {
        Position::new(self.open, PartIndex::new(self.open_parts))
    }

    /// The newest part, else the newest segment.
    #[must_use]
    pub fn last_listed(&self) -> Option<LastListed> {
        match self.last_part {
            Some(part) => Some(LastListed::Part(part)),
            None => self.last_complete.map(LastListed::Segment),
        }
    }
}

/// What a request waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WaitFor {
    /// This part, or any later one.
    Part(Position),
    /// This complete segment, or any later one.
    Segment(Msn),
}

impl WaitFor {
    /// Whether a version with this edge has it. An ended playlist satisfies every wait: there
    /// is nothing left to wait for (SRV-06).
    ///
    /// Parts are compared in the order of the stream. So a wait for part 5 of a segment that
    /// closes with parts 0 to 4 becomes, without being touched, a wait for part 0 of the next
    /// one (SRV-04).
    #[must_use]
    pub fn is_satisfied(&self, edge: &Edge) -> bool {
        edge.is_ended()
            || match *self {
                Self::Part(position) => edge.last_part.is_some_and(|last| last >= position),
                Self::Segment(msn) => edge.last_complete.is_some_and(|last| last >= msn),
            }
    }
}
