//! What a sink is given, and the names under which it is found again.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use llhls_manifest::{
    Availability, ClosedSegment, Continuity, DiscontinuitySequence, InitVersion, MediaDuration,
    Msn, ResourceNames, WallClock,
};

use crate::media::Media;
use crate::name::StreamName;

/// One life of one rendition: what an epoch of its names stands for.
///
/// Cloning shares the text.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordingId {
    pub(crate) presentation: StreamName,
    pub(crate) rendition: StreamName,
    /// `[A-Za-z0-9_]{1,64}`, as [`ResourceNames`] checks it; so it too is a harmless folder.
    pub(crate) epoch: Arc<str>,
}

impl RecordingId {
    /// The recording of `rendition` under these names.
    #[must_use]
    pub fn new(presentation: StreamName, rendition: StreamName, names: &ResourceNames) -> Self {
        Self {
            presentation,
            rendition,
            epoch: names.epoch().into(),
        }
    }

    /// The presentation.
    #[must_use]
    pub fn presentation(&self) -> &StreamName {
        &self.presentation
    }

    /// The rendition of it.
    #[must_use]
    pub fn rendition(&self) -> &StreamName {
        &self.rendition
    }

    /// The epoch that its resources' names begin with.
    #[must_use]
    pub fn epoch(&self) -> &str {
        &self.epoch
    }
}

impl fmt::Display for RecordingId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{}/{}/{}",
            self.presentation, self.rendition, self.epoch
        )
    }
}

/// What a playlist says about a closed segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentFacts {
    /// Its number.
    pub msn: Msn,
    /// `EXTINF`, as printed.
    pub duration: MediaDuration,
    /// Whether it continues the one before it.
    pub continuity: Continuity,
    /// Its Discontinuity Sequence Number.
    pub discontinuity_sequence: DiscontinuitySequence,
    /// The init section it needs.
    pub init: Option<InitVersion>,
    /// `EXT-X-PROGRAM-DATE-TIME`.
    pub captured_at: Option<WallClock>,
    /// Its length in bytes.
    pub bytes: u64,
    /// Whether its bytes are whole.
    pub availability: Availability,
}

impl SegmentFacts {
    pub(crate) fn new(segment: &ClosedSegment, bytes: u64) -> Self {
        Self {
            msn: segment.msn,
            duration: segment.duration,
            continuity: segment.continuity,
            discontinuity_sequence: segment.discontinuity_sequence,
            init: segment.init,
            captured_at: segment.captured_at,
            bytes,
            availability: segment.availability,
        }
    }

    /// Whether both are one segment, by all that is said of it. Printed durations differ by what was
    /// rounded before them, and so by where a playlist began.
    pub(crate) fn is_again(&self, other: &Self) -> bool {
        const ROUNDED: u64 = 20_000;
        let durations = [self.duration, other.duration].map(MediaDuration::as_nanos);
        let same = Self {
            duration: other.duration,
            ..*self
        };
        durations[0].abs_diff(durations[1]) <= ROUNDED && same == *other
    }

    /// The same segment without its bytes.
    pub(crate) fn lost(mut self) -> Self {
        self.availability = Availability::Gap;
        self.bytes = 0;
        self
    }
}

/// A closed segment with its bytes, as a sink is given it. Shares the ring's memory.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ArchivedSegment {
    /// Whose it is.
    pub recording: RecordingId,
    /// The names of its resources.
    pub names: ResourceNames,
    /// `EXT-X-TARGETDURATION` of its playlist.
    pub target_duration: MediaDuration,
    /// What its rendition carried when it was opened.
    pub carries: Media,
    /// What a playlist says about it.
    pub facts: SegmentFacts,
    /// The init section that it needs, whichever segment came with it first.
    pub init: Option<Bytes>,
    /// Its parts, in order; together its bytes.
    pub media: Vec<Bytes>,
}

impl ArchivedSegment {
    /// The file name under which playlists know it.
    #[must_use]
    pub fn name(&self) -> String {
        self.names.segment(self.facts.msn).to_string()
    }

    /// The file name of its init section.
    #[must_use]
    pub fn init_name(&self) -> Option<String> {
        self.facts
            .init
            .map(|version| self.names.init(version).to_string())
    }
}

/// A resource that a sink stored: the way back to it.
///
/// Only a playlist's own names become one, so the parts of it can be used as file names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ArchivedName {
    recording: RecordingId,
    file: String,
}

impl ArchivedName {
    pub(crate) fn new(recording: RecordingId, file: String) -> Self {
        Self { recording, file }
    }

    /// Whose it is.
    #[must_use]
    pub fn recording(&self) -> &RecordingId {
        &self.recording
    }

    /// Its file name.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }
}
