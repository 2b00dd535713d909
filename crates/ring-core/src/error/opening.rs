//! Building and opening.

use std::error::Error;
use std::fmt;

use crate::seq::Seq;

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
