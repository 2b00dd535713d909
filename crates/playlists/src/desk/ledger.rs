//! The books of one ring: what the playlist names, what must stay downloadable after it left, and
//! until when (laws 2 and 7; UP-10 … UP-12).

use std::collections::VecDeque;
use std::time::Duration;

use llhls_manifest::{Msn, Removed};
use ring_core::Seq;
use tokio::time::Instant;

use crate::error::PublishError;

/// Which slots and bytes belong to which segment of one rendition.
///
/// Invariants: segments are in the order of the stream; the first `unlisted` of them have left the
/// playlist and have a deadline; slots before `held_from` were given back to the ring.
#[derive(Debug)]
pub(crate) struct Ledger {
    segments: VecDeque<Segment>,
    unlisted: usize,
    /// Bytes of all segments here and the open one.
    held: u64,
    /// Those of them that have left the playlist.
    unlisted_bytes: u64,
    open_bytes: u64,
    held_from: Seq,
    listed_from: Seq,
    max_bytes: u64,
    max_parts: u64,
}

#[derive(Debug)]
struct Segment {
    msn: Msn,
    /// The slot behind its last part.
    end: Seq,
    bytes: u64,
    /// Until when it must be downloadable; nothing while it is listed.
    due: Option<Instant>,
}

/// What the ring and the manifest need not hold any longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Release {
    /// Segments before this one may be forgotten.
    pub(crate) before: Msn,
    /// Slots before this one may be cleared.
    pub(crate) slot: Seq,
    /// How many segments that is.
    pub(crate) segments: u64,
}

impl Ledger {
    /// Nothing yet, in a ring of `max_parts` slots and `max_bytes` of payload.
    pub(crate) fn new(max_parts: u64, max_bytes: u64) -> Self {
        Self {
            segments: VecDeque::new(),
            unlisted: 0,
            held: 0,
            unlisted_bytes: 0,
            open_bytes: 0,
            held_from: Seq::ZERO,
            listed_from: Seq::ZERO,
            max_bytes,
            max_parts,
        }
    }

    /// Whether a part of `len` bytes in slot `next` leaves room for all that is listed.
    pub(crate) fn check(&self, next: Seq, len: u64) -> Result<(), PublishError> {
        let needed = (self.held - self.unlisted_bytes).saturating_add(len);
        if needed > self.max_bytes {
            return Err(PublishError::OverBudget {
                needed,
                limit: self.max_bytes,
            });
        }
        if next.value() - self.listed_from.value() >= self.max_parts {
            return Err(PublishError::TooManyParts {
                limit: self.max_parts,
            });
        }
        Ok(())
    }

    /// Gives up what has left the playlist, oldest first, until a part of `len` bytes fits in slot
    /// `next`: its time is cut short, because listed media goes before it.
    pub(crate) fn make_room(&mut self, next: Seq, len: u64) -> Option<Release> {
        self.release_while(|ledger, _| {
            ledger.held.saturating_add(len) > ledger.max_bytes
                || next.value() - ledger.held_from.value() >= ledger.max_parts
        })
    }

    /// Gives up what need not be downloadable any longer at `now`.
    pub(crate) fn release_due(&mut self, now: Instant) -> Option<Release> {
        self.release_while(|_, oldest| oldest.due.is_some_and(|due| due <= now))
    }

    /// When the next segment may go.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.segments.front()?.due
    }

    /// A part was stored in `slot`.
    pub(crate) fn part(&mut self, len: u64) {
        self.open_bytes += len;
        self.held += len;
    }

    /// The open segment was closed; the next part gets slot `end`.
    pub(crate) fn close(&mut self, msn: Msn, end: Seq) {
        self.segments.push_back(Segment {
            msn,
            end,
            bytes: std::mem::take(&mut self.open_bytes),
            due: None,
        });
    }

    /// Segments left the playlist with the version that becomes visible at `now`.
    pub(crate) fn unlist(&mut self, removed: &Removed, now: Instant) {
        let due = now + Duration::from(removed.keep);
        let last = removed.last();
        for segment in self.segments.range_mut(self.unlisted..) {
            if segment.msn > last {
                break;
            }
            segment.due = Some(due);
            self.unlisted += 1;
            self.unlisted_bytes += segment.bytes;
            self.listed_from = segment.end;
        }
    }

    fn release_while(&mut self, mut goes: impl FnMut(&Self, &Segment) -> bool) -> Option<Release> {
        let mut release: Option<Release> = None;
        while self.unlisted > 0
            && let Some(oldest) = self.segments.front()
            && goes(self, oldest)
        {
            let Segment {
                msn, end, bytes, ..
            } = *oldest;
            self.segments.pop_front();
            self.unlisted -= 1;
            self.unlisted_bytes -= bytes;
            self.held -= bytes;
            self.held_from = end;
            release = Some(Release {
                before: msn.next(),
                slot: end,
                segments: release.map_or(1, |release| release.segments + 1),
            });
        }
        release
    }
}
