//! What a playlist names, and so must not leave memory (law 2).

use std::collections::VecDeque;

use llhls_manifest::{ClosedSegment, Msn};
use ring_core::Seq;

use crate::error::PublishError;

/// The slots and bytes that the playlist names now, and how many of each there may be.
#[derive(Debug)]
pub(crate) struct Listed {
    segments: VecDeque<Segment>,
    open: Open,
    /// Bytes of all listed segments and the open one.
    total: u64,
    max_bytes: u64,
    max_parts: u64,
}

#[derive(Debug)]
struct Segment {
    msn: Msn,
    /// The slot of its first part.
    first: Seq,
    bytes: u64,
}

/// The segment that still gains parts.
#[derive(Debug, Default)]
struct Open {
    first: Option<Seq>,
    bytes: u64,
}

impl Listed {
    /// Nothing yet, in a ring of `max_parts` slots and `max_bytes` of payload.
    pub(crate) fn new(max_parts: u64, max_bytes: u64) -> Self {
        Self {
            segments: VecDeque::new(),
            open: Open::default(),
            total: 0,
            max_bytes,
            max_parts,
        }
    }

    /// Whether a part of `len` bytes in slot `next` leaves room for all that is listed.
    pub(crate) fn check(&self, next: Seq, len: u64) -> Result<(), PublishError> {
        let needed = self.total + len;
        if needed > self.max_bytes {
            return Err(PublishError::OverBudget {
                needed,
                limit: self.max_bytes,
            });
        }
        let oldest = self
            .segments
            .front()
            .map(|segment| segment.first)
            .or(self.open.first);
        let named = oldest.map_or(0, |oldest| next.value() - oldest.value());
        if named >= self.max_parts {
            return Err(PublishError::TooManyParts {
                limit: self.max_parts,
            });
        }
        Ok(())
    }

    /// The open segment gained a part.
    pub(crate) fn part(&mut self, slot: Seq, len: u64) {
        self.open.first.get_or_insert(slot);
        self.open.bytes += len;
        self.total += len;
    }

    /// The open segment was closed, and everything before `first_listed` left the playlist.
    pub(crate) fn close(&mut self, segment: &ClosedSegment, first_listed: Msn) {
        let open = std::mem::take(&mut self.open);
        self.segments.push_back(Segment {
            msn: segment.msn,
            first: Seq::new(segment.first.value()),
            bytes: open.bytes,
        });
        while let Some(gone) = self
            .segments
            .pop_front_if(|oldest| oldest.msn < first_listed)
        {
            self.total -= gone.bytes;
        }
    }
}
