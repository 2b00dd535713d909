//! Reading, waiting, following.

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
