//! Why a configuration or a part is refused. All of it is the caller's input, never a bug here;
//! after any of these errors the manifest is as it was before the call.

use core::fmt;

use crate::time::MediaDuration;

/// A configuration that cannot make a conforming playlist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigError {
    /// TARGETDURATION is zero or above 86 400 s (§4.4.3.1).
    TargetDuration(u32),
    /// PART-TARGET is under 10 ms or above TARGETDURATION (§4.4.3.7).
    PartTarget(MediaDuration),
    /// HOLD-BACK is less than three target durations (§4.4.3.8).
    HoldBack {
        /// The least that is allowed.
        minimum: MediaDuration,
    },
    /// PART-HOLD-BACK is less than twice PART-TARGET (§4.4.3.8).
    PartHoldBack {
        /// The least that is allowed.
        minimum: MediaDuration,
    },
    /// The segment duration is shorter than a part or rounds above TARGETDURATION.
    SegmentDuration(MediaDuration),
    /// CAN-SKIP-UNTIL is less than six target durations (§4.4.3.8).
    SkipUntil {
        /// The least that is allowed.
        minimum: MediaDuration,
    },
    /// Numbering would start where it could reach the end of 64 bits.
    Start,
    /// CAN-SKIP-DATERANGES without CAN-SKIP-UNTIL (§4.4.3.8).
    SkipDateRanges,
    /// A definition is malformed or given twice, or the URIs' query uses one that is not there
    /// (§4.4.2.3).
    Definitions,
    /// A sliding playlist would start outside of what it lists (§4.4.2.2).
    StartBeyondWindow {
        /// The most that is allowed.
        maximum: MediaDuration,
    },
    /// More media than three target durations is asked for before anything is served (AMB-21).
    ServeAfter {
        /// The most that is allowed.
        maximum: MediaDuration,
    },
    /// There is no such protocol version (§8).
    Version(u8),
    /// A live playlist would start less than three target durations before its end (§4.4.2.2).
    StartOffset {
        /// The least that is allowed.
        minimum: MediaDuration,
    },
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TargetDuration(secs) => {
                write!(
                    f,
                    "a target duration of {secs} s is not within 1 s and 86 400 s"
                )
            }
            Self::PartTarget(target) => {
                write!(
                    f,
                    "a part target of {target} is not within 10 ms and the target duration"
                )
            }
            Self::HoldBack { minimum } => write!(f, "the hold-back is less than {minimum}"),
            Self::PartHoldBack { minimum } => {
                write!(f, "the part hold-back is less than {minimum}")
            }
            Self::SegmentDuration(duration) => write!(
                f,
                "a segment duration of {duration} is not within a part and the target duration"
            ),
            Self::SkipUntil { minimum } => write!(f, "can-skip-until is less than {minimum}"),
            Self::Start => f.write_str("numbering starts beyond 2^63"),
            Self::SkipDateRanges => f.write_str("date ranges can be skipped only with segments"),
            Self::Definitions => f.write_str("a definition is malformed, missing or given twice"),
            Self::StartBeyondWindow { maximum } => {
                write!(f, "the start is more than the window of {maximum} away")
            }
            Self::ServeAfter { maximum } => {
                write!(f, "serving would begin after more than {maximum}")
            }
            Self::Version(version) => write!(f, "there is no protocol version {version}"),
            Self::StartOffset { minimum } => {
                write!(f, "the start is less than {minimum} before the live edge")
            }
        }
    }
}

impl core::error::Error for ConfigError {}

/// A part that cannot be listed without breaking a promise of the playlist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PushError {
    /// The stream was ended. Fatal for this manifest.
    Ended,
    /// The part would be printed as zero seconds long.
    Empty,
    /// Longer than PART-TARGET as printed (LL-03). Cut the part before the sample that
    /// overflows it; players drop a stream that lists such a part.
    PartTooLong {
        /// The part's duration.
        duration: MediaDuration,
        /// The longest that can be listed.
        limit: MediaDuration,
    },
    /// The open segment would round above TARGETDURATION (MP-03), and the part was not allowed
    /// to open another one.
    SegmentTooLong {
        /// The segment's duration with the part.
        duration: MediaDuration,
        /// The longest that can be listed.
        limit: MediaDuration,
    },
    /// The part before this one is shorter than 85 % of PART-TARGET, depends on others and is
    /// not a gap, so it must be the last of its segment (LL-04), and this part was not allowed
    /// to open another one.
    ShortPartBefore {
        /// The duration of the part before, as printed.
        duration: MediaDuration,
        /// The shortest that may be followed by another part.
        minimum: MediaDuration,
    },
    /// The part has to open a segment, segments are promised to be independent, and it is not.
    NotIndependent,
    /// The part's size is needed in this playlist and was not given.
    SizeMissing,
    /// The part of a playlist of I-frames lies nowhere: see
    /// [`PartFacts::i_frame_in`](crate::PartFacts::i_frame_in).
    PlaceMissing,
}

impl fmt::Display for PushError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended => f.write_str("the stream has ended"),
            Self::Empty => f.write_str("the part is shorter than 10 µs"),
            Self::PartTooLong { duration, limit } => {
                write!(f, "the part lasts {duration}, the part target is {limit}")
            }
            Self::SegmentTooLong { duration, limit } => {
                write!(f, "the segment would last {duration}, the limit is {limit}")
            }
            Self::ShortPartBefore { duration, minimum } => write!(
                f,
                "the part before lasts {duration}; under {minimum} it must end its segment"
            ),
            Self::NotIndependent => {
                f.write_str("the part has to open a segment, but holds no independent frame")
            }
            Self::SizeMissing => f.write_str("the part's size is needed"),
            Self::PlaceMissing => f.write_str("the I-frame's place is needed"),
        }
    }
}

impl core::error::Error for PushError {}
