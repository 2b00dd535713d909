//! What a change of the manifest did: small, without pointers, and enough to keep books by.

use crate::id::{DiscontinuitySequence, InitVersion, MediaRef, Msn, Position};
use crate::part::{Availability, Continuity};
use crate::time::{MediaDuration, WallClock};

/// What a change of the manifest did.
///
/// A caller with a clock books two deadlines from it, in O(1): what `removed` and
/// `removed_parts` name must stay downloadable for their `keep`, counted from the moment at which
/// the version without them is published (UP-10, UP-11).
///
/// ```
/// # use llhls_manifest::*;
/// # let names = ResourceNames::new("e1")?;
/// # let second = MediaDuration::from_secs(1);
/// let config = ManifestConfig::new(names).target_duration(1).window_duration(second);
/// let mut manifest = M3u8Manifest::new(config)?;
/// let mut deadlines = std::collections::VecDeque::new();
/// for now in 0..8 {
///     let facts = PartFacts::new(second, MediaRef::new(now)).independent();
///     let rolled = manifest.push(facts.cut(Cut::After))?;
///     if let Some(removed) = rolled.removed {
///         deadlines.push_back((now + removed.keep.as_millis() / 1000, removed.last()));
///     }
/// }
/// // Segment 1 left at second 6; it played for one second, the playlist for up to seven.
/// assert_eq!(deadlines[0], (14, Msn::new(1)));
/// // Where its parts are.
/// let view = manifest.view();
/// let mut parts = view.segment_parts(Msn::new(1)).map(|part| part.media);
/// assert_eq!(parts.next(), Some(Some(MediaRef::new(0))));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rolled {
    /// Of a push: the part's place. Of anything else: the place that the next part gets.
    pub position: Position,
    /// The segment that was closed ahead of the part, or by the call.
    pub closed: Option<ClosedSegment>,
    /// The segment that the part itself closed: [`Cut::After`](crate::Cut::After).
    pub closed_after: Option<ClosedSegment>,
    /// The segments that left the playlist. They stay retained (UP-11).
    pub removed: Option<Removed>,
    /// The segments whose parts left the playlist (UP-09). A part's bytes are also its segment's,
    /// which leaves later and stays longer; this is about the part's own name (UP-10).
    pub removed_parts: Option<Removed>,
    /// How many segments were forgotten: no request for them or their parts needs an answer.
    pub expired: u64,
}

impl Rolled {
    pub(crate) const fn nothing(position: Position) -> Self {
        Self {
            position,
            closed: None,
            closed_after: None,
            removed: None,
            removed_parts: None,
            expired: 0,
        }
    }

    /// The segments that this change closed, oldest first.
    pub fn closed_segments(&self) -> impl Iterator<Item = ClosedSegment> + use<> {
        self.closed.into_iter().chain(self.closed_after)
    }
}

/// Consecutive segments that, or whose parts, left the playlist with one change.
///
/// [`PlaylistView::segment_parts`](crate::PlaylistView::segment_parts) tells their parts and
/// where the caller keeps them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Removed {
    /// The oldest of them.
    pub first: Msn,
    /// How many; at least one.
    pub count: u64,
    /// For how long after the change each of them must at least be served: for segments the
    /// duration of the longest among them plus that of the longest playlist (UP-11, AMB-23), for
    /// parts three target durations (UP-10).
    pub keep: MediaDuration,
}

impl Removed {
    /// The newest of them.
    #[must_use]
    pub const fn last(&self) -> Msn {
        Msn::new(self.first.value() + self.count - 1)
    }

    /// Takes one more, which follows.
    pub(crate) fn and(this: Option<Self>, msn: Msn, keep: MediaDuration) -> Self {
        this.map_or(
            Self {
                first: msn,
                count: 1,
                keep,
            },
            |this| Self {
                count: this.count + 1,
                keep: this.keep.max(keep),
                ..this
            },
        )
    }
}

/// A segment that gains no more parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClosedSegment {
    /// Its number.
    pub msn: Msn,
    /// The media of its first part, which may be a gap: see `availability`.
    pub first: MediaRef,
    /// How many parts it has; at least one.
    pub parts: u32,
    /// The sum of its parts, as printed.
    pub duration: MediaDuration,
    /// Whether any of its parts is a gap.
    pub availability: Availability,
    /// Whether it continues the segment before it.
    pub continuity: Continuity,
    /// Its Discontinuity Sequence Number, its own `EXT-X-DISCONTINUITY` counted.
    pub discontinuity_sequence: DiscontinuitySequence,
    /// The initialisation section it needs.
    pub init: Option<InitVersion>,
    /// When it was captured, as printed.
    pub captured_at: Option<WallClock>,
}
