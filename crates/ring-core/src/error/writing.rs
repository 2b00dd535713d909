//! Writing.

use std::error::Error;
use std::fmt;

use super::OpenError;
use crate::seq::Seq;

/// Why a payload was not appended. The payload is dropped; `Bytes` are cheap to keep a clone of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AppendError {
    /// The stream has ended; the writer's side has said so itself.
    Ended,
    /// The stream was removed, replaced, or never opened.
    Gone,
    /// The payload alone exceeds the bytes its stream may hold.
    TooLarge {
        /// Bytes of the payload.
        len: u64,
        /// Bytes the stream may hold.
        limit: u64,
    },
    /// Other streams hold the bytes of the cache, and this one has nothing left to give up.
    NoRoom {
        /// Bytes the cache may hold.
        limit: u64,
    },
    /// The stream has used up its positions, [`Seq::MAX`] being the last.
    OutOfPositions,
}

impl fmt::Display for AppendError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended => formatter.write_str("the stream has ended"),
            Self::Gone => formatter.write_str("the stream is gone"),
            Self::TooLarge { len, limit } => {
                write!(
                    formatter,
                    "a payload of {len} bytes in a stream of at most {limit}"
                )
            }
            Self::NoRoom { limit } => {
                write!(
                    formatter,
                    "other streams hold the {limit} bytes of the cache"
                )
            }
            Self::OutOfPositions => formatter.write_str("the stream has no more positions"),
        }
    }
}

impl Error for AppendError {}

/// Why a payload was not put at its position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PutError {
    /// The position has made room for newer ones, or was dropped by a reset. Not the caller's
    /// fault: the payload came late.
    TooLate {
        /// The oldest position that may still be held.
        oldest: Seq,
    },
    /// The slot is that of a position that is still missing, and gaps are held. Fill the gap, or
    /// give it up, and put again.
    TooFarAhead {
        /// The first missing position.
        missing: Seq,
        /// The highest position that can be put now.
        limit: Seq,
    },
    /// For the reasons that an append is refused.
    Append(AppendError),
}

impl fmt::Display for PutError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLate { oldest } => write!(formatter, "too late: the oldest is {oldest}"),
            Self::TooFarAhead { missing, limit } => {
                write!(formatter, "beyond {limit} while {missing} is missing")
            }
            Self::Append(error) => error.fmt(formatter),
        }
    }
}

impl Error for PutError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Append(error) => Some(error),
            Self::TooLate { .. } | Self::TooFarAhead { .. } => None,
        }
    }
}

/// Why a payload was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendError {
    /// A registered cursor has not read what would be overwritten.
    Full,
    /// As many writers wait on this stream as its configuration allows.
    TooManyWaiters {
        /// The configured number.
        limit: usize,
    },
    /// For the reasons that an append is refused.
    Append(AppendError),
}

impl fmt::Display for SendError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => formatter.write_str("a registered cursor has not read that far"),
            Self::TooManyWaiters { limit } => write!(formatter, "{limit} writers wait already"),
            Self::Append(error) => error.fmt(formatter),
        }
    }
}

impl Error for SendError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Append(error) => Some(error),
            Self::Full | Self::TooManyWaiters { .. } => None,
        }
    }
}

/// Why a payload was not added to a stream that is opened on first use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AddError {
    /// The stream was not there and could not be opened.
    Open(OpenError),
    /// The payload was refused.
    Append(AppendError),
}

impl fmt::Display for AddError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(error) => error.fmt(formatter),
            Self::Append(error) => error.fmt(formatter),
        }
    }
}

impl Error for AddError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Open(error) => Some(error),
            Self::Append(error) => Some(error),
        }
    }
}
