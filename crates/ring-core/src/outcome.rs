//! What ending, releasing, removing and putting did.

use crate::ring::{End, Freed};
use crate::seq::Seq;

/// What `end` did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndOutcome {
    /// The stream has ended with this call.
    Ended {
        /// One past the last position of the stream.
        next: Seq,
    },
    /// It had ended before.
    AlreadyEnded {
        /// One past the last position of the stream.
        next: Seq,
    },
    /// There is no such stream.
    Unknown,
}

impl EndOutcome {
    pub(crate) fn from_ring(end: End) -> Self {
        let next = end.next;
        if end.gone {
            return Self::Unknown;
        }
        if end.first_time {
            Self::Ended { next }
        } else {
            Self::AlreadyEnded { next }
        }
    }
}

/// What `remove` did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RemoveOutcome {
    /// The stream is gone with this call.
    Removed {
        /// Payloads given back. Readers that hold clones keep theirs alive.
        payloads: u64,
        /// Their bytes.
        bytes: u64,
    },
    /// There is no such stream (any more).
    Unknown,
}

impl RemoveOutcome {
    pub(crate) fn from_ring(freed: Option<Freed>) -> Self {
        freed.map_or(Self::Unknown, |freed| Self::Removed {
            payloads: freed.payloads,
            bytes: freed.bytes,
        })
    }
}

/// What a release by hand gave back; see [`Writer::release_before`](crate::Writer::release_before).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Released {
    /// Payloads given back. Readers that hold clones keep theirs alive.
    pub payloads: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Released {
    pub(crate) fn from_ring(freed: Freed) -> Self {
        Self {
            payloads: freed.payloads,
            bytes: freed.bytes,
        }
    }
}

/// What `put` found at its position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutOutcome {
    /// Nothing; the payload lies there now.
    Inserted,
    /// The same bytes. Nothing changed.
    AlreadyPresent,
    /// Other bytes. They stay.
    Conflict,
}
