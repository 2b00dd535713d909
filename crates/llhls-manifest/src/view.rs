//! One version of a playlist: an immutable value that answers every question of a handler.

use std::sync::Arc;

use crate::config::{PlaylistKind, Settings};
use crate::decimal::Decimal;
use crate::edge::{Edge, Liveness};
use crate::id::{InitVersion, MediaRef, Msn, PartIndex, Position};
use crate::list::SegmentList;
use crate::part::{Availability, Independence};
use crate::ranges::DateRanges;
use crate::rolled::ClosedSegment;
use crate::segment::{OpenSegment, Part, Segment};
use crate::time::MediaDuration;

/// A version of a media playlist.
///
/// Cheap to make and to clone (a few shared pointers), `Send + Sync`, never changes. Text is
/// assembled when [`write_playlist`](Self::write_playlist) is called; everything else is
/// answered from the state, so a handler never reads text.
#[derive(Clone, Debug)]
pub struct PlaylistView {
    pub(crate) settings: Arc<Settings>,
    pub(crate) closed: SegmentList,
    pub(crate) open: Arc<OpenSegment>,
    /// The parts of every segment before this one are listed no more.
    pub(crate) parts_from: Msn,
    pub(crate) edge: Edge,
    /// The initialisation section that the next part needs and no listed segment has.
    pub(crate) next_init: Option<InitVersion>,
    pub(crate) ranges: Arc<DateRanges>,
}

/// What became of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SegmentLookup {
    /// Complete: listed, or retained after it left the playlist. Serve it.
    Closed(ClosedSegment),
    /// Parts of it are listed, its end is not known.
    Open,
    /// Not begun.
    NotYet,
    /// The stream ended before it.
    Never,
    /// No longer retained, or before the stream's start.
    Gone,
}

/// What became of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PartLookup {
    /// Listed, or retained after its tag or its segment left the playlist. Serve it.
    Available(MediaRef),
    /// Listed as a gap: there are no bytes.
    Gap,
    /// The preload hint names it: hold the request (HINT-01).
    Hinted,
    /// Further ahead than the hint: 404 (HINT-03).
    NotYet,
    /// Its segment closed without it, or the stream ended, or has no parts: 404 (HINT-04).
    Never,
    /// No longer retained, or before the stream's start.
    Gone,
}

/// A part that is listed, or retained after its tag left the playlist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListedPart {
    /// Its place.
    pub position: Position,
    /// Where the caller keeps its bytes; `None`: it is a gap.
    pub media: Option<MediaRef>,
    /// How long it plays, as printed.
    pub duration: MediaDuration,
    /// Whether it holds an independent frame.
    pub independence: Independence,
}

impl PlaylistView {
    /// The bounds of this version.
    #[must_use]
    pub const fn edge(&self) -> Edge {
        self.edge
    }

    /// Whether it may be served: it lists a complete segment, and as much media as was configured
    /// or its end (SRV-22, AMB-21).
    #[must_use]
    pub fn is_playable(&self) -> bool {
        let listed = self.closed.listed();
        if self.ended() {
            return !listed.is_empty();
        }
        // An on-demand playlist must never change, so it does not exist before it is whole.
        self.settings.kind != PlaylistKind::Vod && listed.lasts(self.settings.serve_after)
    }

    /// The initialisation section that is hinted: the next part needs it, and no segment has
    /// named it yet (LL-21). The hinted part is [`Edge::next_part`].
    #[must_use]
    pub const fn hinted_init(&self) -> Option<InitVersion> {
        self.next_init
    }

    /// How long a request may be held before it is answered with 503: three target durations
    /// (SRV-10).
    #[must_use]
    pub fn block_deadline(&self) -> MediaDuration {
        self.settings.target_duration.times(3).to_media()
    }

    /// `EXT-X-TARGETDURATION`.
    #[must_use]
    pub fn target_duration(&self) -> MediaDuration {
        self.settings.target_duration.to_media()
    }

    /// `PART-TARGET` as printed; `None` in a playlist without parts.
    #[must_use]
    pub fn part_target(&self) -> Option<MediaDuration> {
        self.settings.part_target.map(Decimal::to_media)
    }

    /// From the start of the first listed segment to the end of the last listed part.
    #[must_use]
    pub fn listed_duration(&self) -> MediaDuration {
        let start = self
            .closed
            .listed()
            .first()
            .map_or(self.open.at.start, |s| s.at.start);
        self.end().minus(start).to_media()
    }

    /// What became of the segment `msn`. O(1).
    #[must_use]
    pub fn segment(&self, msn: Msn) -> SegmentLookup {
        if let Some(segment) = self.closed.find(msn) {
            SegmentLookup::Closed(segment.summary())
        } else if msn < self.edge.open {
            SegmentLookup::Gone
        } else if self.edge.is_ended() {
            SegmentLookup::Never
        } else if msn == self.edge.open && !self.open.is_empty() {
            SegmentLookup::Open
        } else {
            SegmentLookup::NotYet
        }
    }

    /// What became of a part. O(1).
    #[must_use]
    pub fn part(&self, position: Position) -> PartLookup {
        if self.settings.part_target.is_none() {
            return PartLookup::Never;
        }
        let index = position.part.value() as usize;
        let parts = if let Some(segment) = self.closed.find(position.msn) {
            &*segment.parts
        } else if position.msn < self.edge.open {
            return PartLookup::Gone;
        } else if self.edge.is_ended() {
            return PartLookup::Never;
        } else if position.msn == self.edge.open {
            &*self.open.parts
        } else {
            return PartLookup::NotYet;
        };
        match parts.get(index) {
            Some(part) if part.availability == Availability::Gap => PartLookup::Gap,
            Some(part) => PartLookup::Available(part.media),
            None if position.msn < self.edge.open => PartLookup::Never,
            None if position == self.edge.next_part() => PartLookup::Hinted,
            None => PartLookup::NotYet,
        }
    }

    /// The media of a segment's parts so far, in order, gaps left out; empty when it is gone or
    /// not begun.
    pub fn segment_media(&self, msn: Msn) -> impl Iterator<Item = MediaRef> + '_ {
        let available = self
            .parts_of(msn)
            .iter()
            .filter(|part| part.availability == Availability::Available);
        available.map(|part| part.media)
    }

    /// The parts of a segment so far, in order; nothing when it is gone or not begun. Also where
    /// the playlist has no parts, and segments are pushed in pieces.
    pub fn segment_parts(&self, msn: Msn) -> impl Iterator<Item = ListedPart> + '_ {
        let parts = self.parts_of(msn).iter().zip(0..);
        parts.map(move |(part, index)| ListedPart {
            position: Position::new(msn, PartIndex::new(index)),
            media: (part.availability == Availability::Available).then_some(part.media),
            duration: part.duration.to_media(),
            independence: part.independence,
        })
    }

    /// How many bytes of a segment are listed: all of it once it is closed. `None` when it is
    /// gone or not begun. Zero unless parts say their sizes.
    ///
    /// Where parts are byte ranges, this is where a request for the hinted range starts.
    #[must_use]
    pub fn segment_bytes(&self, msn: Msn) -> Option<u64> {
        match self.closed.find(msn) {
            Some(segment) => Some(segment.bytes),
            None if msn == self.edge.open && !self.open.is_empty() => Some(self.open.bytes),
            None => None,
        }
    }

    /// The oldest media that a request may still ask for: everything before it may be dropped.
    #[must_use]
    pub fn oldest_media(&self) -> Option<MediaRef> {
        let closed = self
            .closed
            .retained()
            .iter()
            .flat_map(|segment| segment.parts.iter());
        let mut parts = closed.chain(&self.open.parts);
        parts
            .find(|part| part.availability == Availability::Available)
            .map(|part| part.media)
    }

    /// Whether a listed, retained or coming segment needs this initialisation section (UP-12).
    #[must_use]
    pub fn needs_init(&self, version: InitVersion) -> bool {
        let of = |segment: &Segment| segment.at.init == Some(version);
        self.closed.retained().iter().any(of)
            || self.open.at.init == Some(version)
            || self.next_init == Some(version)
    }

    fn parts_of(&self, msn: Msn) -> &[Part] {
        match self.closed.find(msn) {
            Some(segment) => &segment.parts,
            None if msn == self.edge.open => &self.open.parts,
            None => &[],
        }
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The end of the last listed part: the live edge (AMB-01).
    pub(crate) fn end(&self) -> Decimal {
        self.open.end()
    }

    pub(crate) fn ended(&self) -> bool {
        self.edge.liveness == Liveness::Ended
    }

    pub(crate) fn hinted(&self) -> Position {
        self.open.next_part()
    }
}
