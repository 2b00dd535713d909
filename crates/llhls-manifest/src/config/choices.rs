//! The choices that a configuration makes between alternatives.

use crate::time::MediaDuration;

/// What a playlist is, over its whole life (§4.4.3.5, §4.4.3.6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlaylistKind {
    /// A sliding window.
    #[default]
    Live,
    /// `PLAYLIST-TYPE:EVENT`: nothing is removed but old parts.
    Event,
    /// `PLAYLIST-TYPE:VOD`: it appears, whole, when the stream has ended; without parts.
    Vod,
    /// `EXT-X-I-FRAMES-ONLY`, sliding: one I-frame a segment, a byte range of the segments of
    /// the rendition that the names belong to; without parts.
    IFrames,
}

/// How parts are addressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Addressing {
    /// Each part has a name of its own.
    #[default]
    Discrete,
    /// A part is a byte range of its segment, which can be read while it grows (HINT-08). Each
    /// part must say its size.
    ByteRanges,
}

/// Whether `EXT-X-BITRATE` is printed (§4.4.4.8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BitRates {
    /// Never. The choice for live.
    #[default]
    Unstated,
    /// For each segment, rounded to kbit/s, from the sizes of its parts.
    Printed,
}

/// How far back a delta update starts to skip: `CAN-SKIP-UNTIL` (§4.4.3.8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SkipUntil {
    /// Six target durations, if the window is configured to be longer; else none.
    #[default]
    Auto,
    /// No delta updates.
    Never,
    /// This far from the end of the last complete segment; at least six target durations.
    At(MediaDuration),
}

/// What is promised about the first frame of each segment (§4.4.2.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IndependentSegments {
    /// Nothing: a segment is cut anywhere before it would break the target duration.
    #[default]
    Unstated,
    /// Each segment begins independently; a part that would break that is refused. The tag is
    /// in the multivariant playlist (AMB-19).
    Promised,
    /// As `Promised`, and `EXT-X-INDEPENDENT-SEGMENTS` is in this playlist: for stand-alone use.
    Printed,
}

/// What a blocking request for a segment without a part waits for (AMB-02).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SegmentRequest {
    /// The complete segment, as the specification says.
    #[default]
    Complete,
    /// Its first part.
    FirstPart,
}

/// Who forgets a segment that has left the playlist (UP-10, UP-11).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Retention {
    /// The manifest, once the stream has played for as long after the removal as the segment must
    /// stay. Right as long as media comes no faster than it plays; while nothing comes, nothing
    /// is forgotten.
    #[default]
    MediaTime,
    /// The caller, who has a clock: [`M3u8Manifest::release`](crate::M3u8Manifest::release).
    /// Until then it is retained, so memory is the caller's to bound.
    Caller,
}
