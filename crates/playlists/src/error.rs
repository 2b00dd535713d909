//! One small enum per operation. Each variant says whose fault it is and what can be done.

use std::fmt;

use llhls_manifest::{ConfigError, MultivariantError, PushError, Reject};

/// Why a publisher could not be had.
#[derive(Debug)]
#[non_exhaustive]
pub enum PublisherError {
    /// Somebody else publishes this rendition. Try again when that publisher is gone.
    Conflict,
    /// The registry is full; live streams are never thrown out. The operator's to change.
    AtCapacity {
        /// How many presentations, or renditions of this one, there may be.
        limit: usize,
    },
    /// The manifest's configuration contradicts itself. The caller's fault.
    Config(ConfigError),
    /// A codec or language that no playlist attribute can carry. The caller's fault.
    Media(MultivariantError),
    /// The playlist's window, and what must stay downloadable behind it, has more parts than a
    /// rendition may keep. The operator's to change, or the caller's.
    WindowTooLong {
        /// Regular parts in the window and behind it.
        parts: u64,
        /// How many a rendition may keep.
        limit: u64,
    },
    /// Target duration, part hold-back or skip boundary differ from those of the presentation's
    /// other renditions, and `EXT-X-SERVER-CONTROL` must be the same in all (§6.2.4).
    Mismatch,
}

impl fmt::Display for PublisherError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conflict => formatter.write_str("this rendition already has a publisher"),
            Self::AtCapacity { limit } => write!(formatter, "no room: {limit} are live already"),
            Self::Config(error) => write!(formatter, "manifest configuration: {error}"),
            Self::Media(error) => write!(formatter, "description of the media: {error}"),
            Self::WindowTooLong { parts, limit } => write!(
                formatter,
                "the window needs {parts} parts in memory, a rendition may keep {limit}"
            ),
            Self::Mismatch => formatter.write_str(
                "target duration, part hold-back and skip boundary must equal those of the \
                 presentation's other renditions",
            ),
        }
    }
}

impl std::error::Error for PublisherError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Config(error) => Some(error),
            Self::Media(error) => Some(error),
            _ => None,
        }
    }
}

/// Why a part was not published. Nothing of it is visible.
#[derive(Debug)]
#[non_exhaustive]
pub enum PublishError {
    /// The manifest refuses the part: it would break a promise already printed.
    Refused(PushError),
    /// The media before it had no init section.
    NoInit,
    /// The bytes would push out media that the playlist still names. The bit rate is too high for
    /// the configured budget.
    OverBudget {
        /// What the playlist names and this part, in bytes.
        needed: u64,
        /// The budget of one rendition, in bytes.
        limit: u64,
    },
    /// The playlist already names as many parts as the ring has slots: parts are far shorter than
    /// the part target.
    TooManyParts {
        /// Slots of the ring.
        limit: u64,
    },
    /// The stream was ended; no part may follow.
    Ended,
    /// Another publisher took over; no part of this one will be taken.
    Superseded,
    /// The part was published together with parts of another presentation.
    OtherPresentation,
    /// The presentation was removed.
    Gone,
}

impl fmt::Display for PublishError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(error) => write!(formatter, "part refused: {error}"),
            Self::NoInit => formatter.write_str("an init section must come before the first part"),
            Self::OverBudget { needed, limit } => write!(
                formatter,
                "the listed media needs {needed} bytes, the budget of a rendition is {limit}"
            ),
            Self::TooManyParts { limit } => {
                write!(
                    formatter,
                    "the playlist already names {limit} parts, as many as there may be"
                )
            }
            Self::Ended => formatter.write_str("the stream has ended"),
            Self::Superseded => formatter.write_str("another publisher took over"),
            Self::OtherPresentation => {
                formatter.write_str("the other parts of this step belong to another presentation")
            }
            Self::Gone => formatter.write_str("the presentation was removed"),
        }
    }
}

impl std::error::Error for PublishError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Refused(error) => Some(error),
            _ => None,
        }
    }
}

impl From<PushError> for PublishError {
    fn from(error: PushError) -> Self {
        match error {
            PushError::Ended => Self::Ended,
            error => Self::Refused(error),
        }
    }
}

/// Why a playlist was not answered. Maps to HTTP as §6.2.5.2 wants: only 400 and 503, and 404 or
/// 410 where there is no playlist any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlaylistError {
    /// The directives ask for something that is too far away, or contradict themselves: 400.
    Rejected(Reject),
    /// What was asked for did not appear within the longest hold: 503, worth trying again.
    TimedOut,
    /// Too many requests wait already: 503.
    Busy {
        /// How many may wait.
        limit: usize,
    },
    /// The presentation was removed: 404 or 410.
    Gone,
}

impl fmt::Display for PlaylistError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rejected(reason) => write!(formatter, "{reason}"),
            Self::TimedOut => formatter.write_str("the playlist was not updated in time"),
            Self::Busy { limit } => write!(formatter, "{limit} requests wait already"),
            Self::Gone => formatter.write_str("the presentation was removed"),
        }
    }
}

impl std::error::Error for PlaylistError {}

/// Why a part, a segment or an init section was not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MediaError {
    /// No playlist names it: 404.
    NotFound,
    /// It was there and has left memory: 410.
    Expired,
    /// It was hinted, and did not come within the longest hold: 503.
    TimedOut,
    /// Too many requests wait already: 503.
    Busy {
        /// How many may wait.
        limit: usize,
    },
    /// The presentation was removed: 404 or 410.
    Gone,
}

impl fmt::Display for MediaError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => formatter.write_str("no playlist names this resource"),
            Self::Expired => formatter.write_str("this resource has left the window"),
            Self::TimedOut => formatter.write_str("the hinted part did not come in time"),
            Self::Busy { limit } => write!(formatter, "{limit} requests wait already"),
            Self::Gone => formatter.write_str("the presentation was removed"),
        }
    }
}

impl std::error::Error for MediaError {}
