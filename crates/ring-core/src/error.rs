//! What can be answered instead of a payload or a position: one small type an operation.
//!
//! Every variant carries the numbers that let a caller choose what to do. None is fatal to the
//! cache, and none means a bug on either side unless it says so.

use std::error::Error;
use std::fmt;

use crate::seq::{Epoch, Seq};

/// Why a read has no payload to give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum GetError {
    /// The position lies ahead. Wait for it.
    NotYet {
        /// The position the next published payload gets.
        next: Seq,
    },
    /// The position was held and has made room for newer ones, or was dropped by a reset. It will
    /// not come back.
    Evicted {
        /// The oldest position that may still be held.
        oldest: Seq,
    },
    /// The position was given up before its payload came; later ones are there.
    Missing {
        /// The position the next published payload gets.
        next: Seq,
    },
    /// The stream has ended before this position. It will never be there.
    Ended {
        /// One past the last position of the stream.
        next: Seq,
    },
    /// The stream was removed, or its key belongs to a newer generation. This handle is of no more
    /// use.
    Gone,
}

impl fmt::Display for GetError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotYet { next } => {
                write!(formatter, "not there yet: the next position is {next}")
            }
            Self::Evicted { oldest } => {
                write!(formatter, "evicted: the oldest position is {oldest}")
            }
            Self::Missing { next } => write!(formatter, "given up: the next position is {next}"),
            Self::Ended { next } => write!(formatter, "the stream ended before position {next}"),
            Self::Gone => formatter.write_str("the stream is gone"),
        }
    }
}

impl Error for GetError {}

/// Why a wait was not rewarded. Never "not yet": that is what is waited out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum WaitError {
    /// As [`GetError::Evicted`]; also when the payload came and went while the waiter slept.
    Evicted {
        /// The oldest position that may still be held.
        oldest: Seq,
    },
    /// As [`GetError::Missing`].
    Missing {
        /// The position the next published payload gets.
        next: Seq,
    },
    /// As [`GetError::Ended`].
    Ended {
        /// One past the last position of the stream.
        next: Seq,
    },
    /// As [`GetError::Gone`].
    Gone,
    /// As many operations wait on this stream as its configuration allows.
    TooManyWaiters {
        /// The configured number.
        limit: usize,
    },
    /// The deadline passed first.
    Elapsed {
        /// The position the next published payload gets.
        next: Seq,
    },
}

impl fmt::Display for WaitError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Evicted { oldest } => GetError::Evicted { oldest: *oldest }.fmt(formatter),
            Self::Missing { next } => GetError::Missing { next: *next }.fmt(formatter),
            Self::Ended { next } => GetError::Ended { next: *next }.fmt(formatter),
            Self::Gone => GetError::Gone.fmt(formatter),
            Self::TooManyWaiters { limit } => write!(formatter, "{limit} operations wait already"),
            Self::Elapsed { next } => {
                write!(
                    formatter,
                    "the deadline passed: the next position is {next}"
                )
            }
        }
    }
}

impl Error for WaitError {}

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

/// Why a cursor has no payload to give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CursorError {
    /// The cursor was overrun; reading goes on at `resume`.
    Lagged {
        /// Positions that were lost to it.
        skipped: u64,
        /// Where it goes on: the oldest position that may still be held.
        resume: Seq,
    },
    /// Positions were given up before their payloads came; reading goes on at `resume`.
    Skipped {
        /// How many.
        skipped: u64,
        /// Where it goes on.
        resume: Seq,
    },
    /// The stream was reset; reading goes on at `resume`, in a new epoch.
    Discontinuity {
        /// The new epoch.
        epoch: Epoch,
        /// Where it goes on.
        resume: Seq,
    },
    /// The stream has ended and everything has been read.
    Ended {
        /// One past the last position of the stream.
        next: Seq,
    },
    /// The stream was removed.
    Gone,
    /// As many operations wait on this stream as its configuration allows.
    TooManyWaiters {
        /// The configured number.
        limit: usize,
    },
}

impl fmt::Display for CursorError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lagged { skipped, resume } => {
                write!(
                    formatter,
                    "overrun: {skipped} positions lost, going on at {resume}"
                )
            }
            Self::Skipped { skipped, resume } => {
                write!(
                    formatter,
                    "{skipped} positions never came, going on at {resume}"
                )
            }
            Self::Discontinuity { epoch, resume } => {
                write!(
                    formatter,
                    "reset: epoch {epoch} starts, going on at {resume}"
                )
            }
            Self::Ended { next } => GetError::Ended { next: *next }.fmt(formatter),
            Self::Gone => GetError::Gone.fmt(formatter),
            Self::TooManyWaiters { limit } => {
                WaitError::TooManyWaiters { limit: *limit }.fmt(formatter)
            }
        }
    }
}

impl Error for CursorError {}

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

/// Why a stream was not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum OpenError {
    /// As many streams live as the cache may hold. None of them is evicted.
    AtCapacity {
        /// The configured number of streams.
        limit: usize,
    },
    /// The key belongs to a live stream.
    AlreadyOpen,
    /// The shape asked for is not possible.
    Config(ConfigError),
}

impl fmt::Display for OpenError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtCapacity { limit } => write!(formatter, "{limit} streams live already"),
            Self::AlreadyOpen => formatter.write_str("the key belongs to a live stream"),
            Self::Config(error) => error.fmt(formatter),
        }
    }
}

impl Error for OpenError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Config(error) => Some(error),
            Self::AtCapacity { .. } | Self::AlreadyOpen => None,
        }
    }
}

impl From<ConfigError> for OpenError {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
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

/// What is wrong with a configuration. A mistake of the program that wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigError {
    /// A ring needs a slot.
    NoSlots,
    /// More slots than a ring can have.
    TooManySlots {
        /// The most there can be.
        limit: usize,
    },
    /// A budget of no bytes.
    NoBytes,
    /// A cache of no streams.
    NoStreams,
    /// A publication has to wake one waiter at least.
    NoWakeBatch,
    /// The first position is beyond what a stream can hold.
    FirstTooHigh {
        /// The highest position there is.
        limit: Seq,
    },
}

impl fmt::Display for ConfigError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSlots => formatter.write_str("a ring needs at least one slot"),
            Self::TooManySlots { limit } => write!(formatter, "a ring has at most {limit} slots"),
            Self::NoBytes => formatter.write_str("a budget of 0 bytes holds nothing"),
            Self::NoStreams => formatter.write_str("a cache needs room for at least one stream"),
            Self::NoWakeBatch => formatter.write_str("a publication wakes at least one waiter"),
            Self::FirstTooHigh { limit } => write!(formatter, "the highest position is {limit}"),
        }
    }
}

impl Error for ConfigError {}
