//! Why an encoder was refused, in words that an operator can act on, and the status that says it.

use std::fmt;

use http::StatusCode;
use llhls::registry::{InvalidName, PublishError, PublisherError, StreamName};

use crate::media::{Fault, MediaError};

/// Why a request to publish ended early.
#[derive(Debug)]
#[non_exhaustive]
pub(crate) enum IngestError {
    /// The path does not name a stream.
    Name(InvalidName),
    /// Another encoder has taken the path over.
    Replaced,
    /// As many encoders as may be are publishing on the same path now.
    Busy { limit: usize },
    /// As many paths as there may be are in use.
    Full { limit: usize },
    /// A manifest beside the media, which is read over, is larger than any.
    ManifestTooLarge { limit: usize },
    /// The body is coded in a way that is not read here.
    Coding(String),
    /// The body says that it is gzip, and is not.
    Gzip(std::io::Error),
    /// The task that read the body ended by a fault of ours.
    Broken,
    /// The bytes are not what this origin takes.
    Media(MediaError),
    /// The rendition cannot be opened.
    Open {
        rendition: StreamName,
        error: PublisherError,
    },
    /// A part was refused: it would break what the playlist already promised.
    Publish {
        rendition: StreamName,
        error: PublishError,
    },
    /// No decoder can start where the segment has to: the encoder's key frames are too far apart.
    KeyFrames {
        rendition: StreamName,
        target_duration: u32,
    },
}

impl IngestError {
    /// As DASH-IF ingest maps them (ING-11): 412 for a missing header, 415 for media we do not
    /// take, 409 for a conflict, 503 when there is no room, else 400.
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Name(_) | Self::KeyFrames { .. } => StatusCode::BAD_REQUEST,
            Self::Replaced | Self::Busy { .. } => StatusCode::CONFLICT,
            Self::Full { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Self::ManifestTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Coding(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Gzip(_) => StatusCode::BAD_REQUEST,
            Self::Broken => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Media(error) => match error.fault() {
                Fault::MissingInit => StatusCode::PRECONDITION_FAILED,
                Fault::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
                Fault::NoRoom => StatusCode::SERVICE_UNAVAILABLE,
                Fault::Unsupported => StatusCode::UNSUPPORTED_MEDIA_TYPE,
                Fault::Malformed => StatusCode::BAD_REQUEST,
            },
            Self::Open { error, .. } => match error {
                PublisherError::Conflict => StatusCode::CONFLICT,
                PublisherError::AtCapacity { .. } => StatusCode::SERVICE_UNAVAILABLE,
                _ => StatusCode::BAD_REQUEST,
            },
            Self::Publish { error, .. } => match error {
                PublishError::OverBudget { .. } => StatusCode::PAYLOAD_TOO_LARGE,
                PublishError::Ended | PublishError::Gone => StatusCode::CONFLICT,
                _ => StatusCode::BAD_REQUEST,
            },
        }
    }
}

impl fmt::Display for IngestError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(error) => write!(formatter, "this path names no stream: {error}"),
            Self::Replaced => formatter.write_str("another encoder has taken this path over"),
            Self::Busy { limit } => {
                write!(
                    formatter,
                    "{limit} requests are publishing on this path already"
                )
            }
            Self::Full { limit } => write!(formatter, "{limit} paths are in use already"),
            Self::ManifestTooLarge { limit } => {
                write!(formatter, "a manifest of more than {limit} bytes")
            }
            Self::Coding(coding) => {
                write!(formatter, "content coding '{coding}' is not read; gzip is")
            }
            Self::Gzip(error) => write!(formatter, "the body is not gzip: {error}"),
            Self::Broken => formatter.write_str("reading the body ended by a fault of the origin"),
            Self::Media(error) => write!(formatter, "{error}"),
            Self::Open { rendition, error } => {
                write!(
                    formatter,
                    "rendition '{rendition}' cannot be opened: {error}"
                )
            }
            Self::Publish { rendition, error } => {
                write!(formatter, "rendition '{rendition}': {error}")
            }
            Self::KeyFrames {
                rendition,
                target_duration,
            } => write!(
                formatter,
                "rendition '{rendition}': key frames are too far apart for segments of \
                 {target_duration} s; set the encoder's GOP to {target_duration} s or less"
            ),
        }
    }
}

impl std::error::Error for IngestError {}

impl From<InvalidName> for IngestError {
    fn from(error: InvalidName) -> Self {
        Self::Name(error)
    }
}

impl From<MediaError> for IngestError {
    fn from(error: MediaError) -> Self {
        Self::Media(error)
    }
}
