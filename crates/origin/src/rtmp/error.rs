//! Why an encoder that speaks RTMP was sent away.

use std::fmt;
use std::io;

use crate::ingest::IngestError;
use crate::media::NoRoom;

/// Why a connection ended before its encoder ended it.
#[derive(Debug)]
#[non_exhaustive]
pub(crate) enum RtmpError {
    /// The bytes are not RTMP, or not the part of it that is spoken here.
    Protocol(rtmp_rs::Error),
    /// More chunk streams than an encoder needs.
    ChunkStreams { limit: usize },
    /// A message larger than any encoder's.
    MessageTooLarge { bytes: u32, limit: u32 },
    /// A chunk size that makes no sense.
    ChunkSize(u32),
    /// AMF0 of a kind that is not read: too deep, with references, or broken.
    Amf,
    /// A codec that is not taken over RTMP.
    Codec(String),
    /// A tag that cannot be read.
    Tag,
    /// Pictures without their size: neither their parameter sets nor `onMetaData` tell it.
    Size,
    /// Media before, or instead of, a `publish`.
    NotPublishing,
    /// The path, or all of them together, holds as much as it may.
    NoRoom(NoRoom),
    /// Nothing came for too long.
    Silent,
    /// The media cannot be published.
    Ingest(IngestError),
    /// The socket.
    Io(io::Error),
}

impl fmt::Display for RtmpError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Protocol(error) => write!(formatter, "{error}"),
            Self::ChunkStreams { limit } => write!(formatter, "more than {limit} chunk streams"),
            Self::MessageTooLarge { bytes, limit } => {
                write!(
                    formatter,
                    "a message of {bytes} bytes; the limit is {limit}"
                )
            }
            Self::ChunkSize(bytes) => write!(formatter, "a chunk size of {bytes} bytes"),
            Self::Amf => formatter.write_str("AMF0 that is broken, too deep, or has references"),
            Self::Codec(codec) => write!(
                formatter,
                "codec {codec} is not taken over RTMP: H.264, HEVC and AAC are"
            ),
            Self::Tag => formatter.write_str("a media tag that cannot be read"),
            Self::Size => formatter.write_str(
                "neither the parameter sets nor onMetaData tell the size of the pictures",
            ),
            Self::NotPublishing => formatter.write_str("media before the publish command"),
            Self::NoRoom(error) => write!(formatter, "{error}"),
            Self::Silent => formatter.write_str("nothing came for too long"),
            Self::Ingest(error) => write!(formatter, "{error}"),
            Self::Io(error) => write!(formatter, "{error}"),
        }
    }
}

impl std::error::Error for RtmpError {}

impl From<rtmp_rs::Error> for RtmpError {
    fn from(error: rtmp_rs::Error) -> Self {
        Self::Protocol(error)
    }
}

impl From<IngestError> for RtmpError {
    fn from(error: IngestError) -> Self {
        Self::Ingest(error)
    }
}

impl From<io::Error> for RtmpError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}
