//! What can be wrong with the bytes of an encoder, and whose move it is.

use std::fmt;

use super::boxes::BoxKind;
use super::budget::NoRoom;
use super::init::TrackId;

/// The kind of answer that a [`MediaError`] deserves. Each maps to one HTTP status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// The bytes break the format: `400`.
    Malformed,
    /// Media came before, or does not fit, its initialization section: `412`. Sending it again helps.
    MissingInit,
    /// A size or count is beyond [`MediaLimits`](super::MediaLimits), or what one stream may hold: `413`.
    TooLarge,
    /// There is no room now, for reasons that are not the encoder's: `503`. Coming again later helps.
    NoRoom,
    /// Well-formed, but nothing that can be published: `415`.
    Unsupported,
}

/// Why a stream of fMP4 bytes was refused. The reader that returned it stays at the fault: each
/// later call returns the same error, and everything read before it remains valid.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum MediaError {
    /// A box states a size smaller than its own header.
    BoxSize {
        /// The box.
        kind: BoxKind,
        /// The size it states, in bytes.
        size: u64,
    },
    /// A box "extends to the end of the file", which a live stream does not have.
    OpenEnded {
        /// The box.
        kind: BoxKind,
    },
    /// A box is larger than the limit for its kind.
    BoxTooLarge {
        /// The box.
        kind: BoxKind,
        /// The size it states, in bytes.
        size: u64,
        /// The limit, in bytes.
        limit: u64,
    },
    /// A box cannot be understood.
    Malformed {
        /// The box, or its parent.
        kind: BoxKind,
        /// What the reader of the box said.
        reason: String,
    },
    /// A box came where the format has no place for it.
    Misplaced {
        /// The box.
        kind: BoxKind,
        /// What should have come first.
        after: BoxKind,
    },
    /// A box that must be there is not.
    Missing {
        /// The missing box.
        kind: BoxKind,
        /// The box that should contain it.
        parent: BoxKind,
    },
    /// Media came before any initialization section.
    MissingInit,
    /// Media of a track that the initialization section does not list.
    UnknownTrack {
        /// The track.
        track: TrackId,
    },
    /// More tracks than the limit.
    TooManyTracks {
        /// How many there are.
        tracks: usize,
        /// The limit.
        limit: usize,
    },
    /// More samples in a fragment than the limit.
    TooManySamples {
        /// How many there are.
        samples: u64,
        /// The limit.
        limit: usize,
    },
    /// A sample's bytes are not inside the fragment's `mdat`.
    SampleOutside {
        /// The track.
        track: TrackId,
    },
    /// The bytes are not fMP4 at all: another container, or text.
    NotMp4,
    /// An MP4 file that is not fragmented, and so cannot be live.
    NotFragmented,
    /// The first sample entry of a track is of a codec that cannot be announced to players.
    UnknownCodec {
        /// Its four-character code.
        format: BoxKind,
    },
    /// The initialization section has no track that can be published.
    NoTracks,
    /// An encrypted fragment would have to be rewritten, and its encryption boxes are not understood.
    Encrypted {
        /// The track.
        track: TrackId,
    },
    /// A part would hold too much before it is long enough: samples without duration, or absurd bit rates.
    PartTooLarge {
        /// The track.
        track: TrackId,
    },
    /// The bytes of a [`ByteBudget`](super::ByteBudget) are used up.
    NoRoom(NoRoom),
    /// A single sample lasts longer than a part may.
    SampleTooLong {
        /// The track.
        track: TrackId,
        /// The sample's duration, in ticks of the track.
        ticks: u64,
        /// The longest part, in ticks of the track.
        limit: u64,
    },
}

impl MediaError {
    /// The kind of answer this deserves.
    pub fn fault(&self) -> Fault {
        match self {
            Self::MissingInit | Self::UnknownTrack { .. } => Fault::MissingInit,
            Self::NoRoom(NoRoom::Whole { .. }) => Fault::NoRoom,
            Self::BoxTooLarge { .. }
            | Self::TooManyTracks { .. }
            | Self::TooManySamples { .. }
            | Self::NoRoom(NoRoom::Part { .. })
            | Self::PartTooLarge { .. } => Fault::TooLarge,
            Self::NoTracks
            | Self::UnknownCodec { .. }
            | Self::NotMp4
            | Self::NotFragmented
            | Self::Encrypted { .. }
            | Self::OpenEnded { .. }
            | Self::SampleTooLong { .. } => Fault::Unsupported,
            Self::BoxSize { .. }
            | Self::Malformed { .. }
            | Self::Misplaced { .. }
            | Self::Missing { .. }
            | Self::SampleOutside { .. } => Fault::Malformed,
        }
    }
}

impl fmt::Display for MediaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BoxSize { kind, size } => write!(f, "box '{kind}' states {size} bytes, less than its own header"),
            Self::OpenEnded { kind } => write!(f, "box '{kind}' has no size; a live stream needs sized boxes"),
            Self::BoxTooLarge { kind, size, limit } => {
                write!(f, "box '{kind}' states {size} bytes; the limit is {limit}")
            }
            Self::Malformed { kind, reason } => write!(f, "box '{kind}' cannot be read: {reason}"),
            Self::Misplaced { kind, after } => write!(f, "box '{kind}' before '{after}'"),
            Self::Missing { kind, parent } => write!(f, "no '{kind}' in '{parent}'"),
            Self::MissingInit => f.write_str("media before its initialization section (ftyp and moov)"),
            Self::UnknownTrack { track } => {
                write!(f, "media of track {track}, which the initialization section does not list")
            }
            Self::TooManyTracks { tracks, limit } => write!(f, "{tracks} tracks; the limit is {limit}"),
            Self::TooManySamples { samples, limit } => {
                write!(f, "{samples} samples in a fragment; the limit is {limit}")
            }
            Self::SampleOutside { track } => write!(f, "a sample of track {track} lies outside the fragment's mdat"),
            Self::NotMp4 => f.write_str("these bytes are not fragmented MP4 (ftyp, moov, then moof and mdat)"),
            Self::NotFragmented => f.write_str(
                "this MP4 is not fragmented; with ffmpeg, add -movflags +cmaf+frag_keyframe+empty_moov+default_base_moof",
            ),
            Self::UnknownCodec { format } => write!(f, "codec '{format}' is none that this origin can announce"),
            Self::NoTracks => f.write_str("the initialization section has no audio, video or text track that can be published"),
            Self::Encrypted { track } => write!(
                f,
                "an encrypted fragment of track {track} cannot be cut: what it says of its samples' encryption is not understood"
            ),
            Self::PartTooLarge { track } => write!(f, "a part of track {track} would hold too much before it is long enough"),
            Self::NoRoom(error) => write!(f, "{error}"),
            Self::SampleTooLong { track, ticks, limit } => {
                write!(f, "a sample of track {track} lasts {ticks} ticks; a part may last {limit}")
            }
        }
    }
}

impl std::error::Error for MediaError {}

impl From<NoRoom> for MediaError {
    fn from(error: NoRoom) -> Self {
        Self::NoRoom(error)
    }
}
