//! What the cutting of a track gives: parts, with what a playlist says about each.

use bytes::Bytes;

use super::fragment::CaptureTime;
use super::init::TrackId;
use super::time::MediaTime;

/// Whether a decoder can start in a part (`INDEPENDENT=YES`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Independence {
    /// The part has a sync sample; every part of sound does.
    Independent,
    /// Decoding needs earlier parts.
    Dependent,
}

/// How a part stands to the segment before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SegmentStart {
    /// The part belongs to the segment that is open.
    Continues,
    /// The part is the first of a new segment, at a place where a player can start.
    Starts,
    /// The part must be the first of a new segment, because the open one would grow beyond its limit,
    /// though no decoder can start here: the encoder's GOPs are longer than a segment may be.
    Forced,
}

impl SegmentStart {
    /// Whether the part opens a segment.
    pub fn opens_segment(self) -> bool {
        !matches!(self, Self::Continues)
    }
}

/// Whether a part is the last of its segment.
///
/// Who knows that when the part is given out can say so in the same playlist version, and the hint
/// printed with it names the first part of the next segment (LL-22).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SegmentEnd {
    /// The sample behind the part is not here, and nothing says that it will open a segment.
    Unknown,
    /// The sample behind the part opens a segment: it is here already, or the encoder's steady rhythm has it there.
    Ends,
}

/// How a part's time follows from the part before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Continuity {
    /// The first part, or exactly where the part before it ended, to less than a sample.
    Continues,
    /// Media is missing in between. The part needs a discontinuity, or gap segments before it.
    Gap {
        /// How much is missing, in ticks of the track.
        ticks: u64,
    },
    /// The encoder's clock was set: the part needs a discontinuity.
    Reset,
}

/// A part of one track, ready to be published.
///
/// # Guarantees
/// * `bytes` is one or more whole `moof` and `mdat` pairs of this track alone, each with its own `tfdt`,
///   decodable with nothing but the track's initialization section (FMT-06);
/// * it has at least one sample (FMT-10);
/// * `duration` is the exact sum of its samples' durations, at most the track's part target, and at
///   least 85 % of it unless it is independent or the last of its segment (LL-03, LL-04) — or the samples' own durations leave no such cut;
/// * `mfhd` sequence numbers grow from part to part (FMT-11).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct MediaPart {
    /// The track.
    pub track: TrackId,
    /// What a player downloads.
    pub bytes: Bytes,
    /// Decode time of the first sample.
    pub decode_time: MediaTime,
    /// Presentation time of the first sample: what a player starts the part at. Differs from the decode time where
    /// pictures are reordered (B-frames), and by the edit list of the header. Before time zero it counts as zero.
    pub presentation_time: MediaTime,
    /// Sum of the samples' durations.
    pub duration: MediaTime,
    /// How many samples.
    pub samples: u32,
    /// Whether a decoder can start in it.
    pub independence: Independence,
    /// Whether it opens a segment.
    pub segment: SegmentStart,
    /// Whether it is the last of its segment.
    pub end: SegmentEnd,
    /// Whether it follows from the part before it.
    pub continuity: Continuity,
    /// When its first sample was captured, where the encoder says so.
    pub capture_time: Option<CaptureTime>,
}
