//! Closed segments as versions share them: one array that only ever grows at its end, and for
//! each version the part of it that was there.
//!
//! ```text
//!            expired │ retained │ listed        │ free
//!  slots    ─────────┼──────────┼───────────────┼──────
//!                   from   listed_from         to
//! ```
//!
//! Appending fills one slot, which no version sees that was made before; so nothing is copied
//! when a segment closes. When the slots are used up, what is retained moves to a new array with
//! half as many free ones: amortised O(1), and at most half as much again is kept alive. The
//! alternative, a new array of pointers for each segment, made a part in a window of 128 segments
//! cost twice what it costs in one of 8.

use std::sync::{Arc, OnceLock};

use crate::decimal::Decimal;
use crate::id::Msn;
use crate::segment::Segment;

/// The closed segments of one version, consecutive in Media Sequence Number.
#[derive(Clone, Debug)]
pub(crate) struct SegmentList {
    /// Each is filled once and never changes.
    slots: Arc<[OnceLock<Arc<Segment>>]>,
    from: usize,
    listed_from: usize,
    to: usize,
}

/// A run of segments, oldest first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segments<'a> {
    slots: &'a [OnceLock<Arc<Segment>>],
}

impl SegmentList {
    pub(crate) fn new() -> Self {
        Self {
            slots: Arc::new([]),
            from: 0,
            listed_from: 0,
            to: 0,
        }
    }

    pub(crate) fn listed(&self) -> Segments<'_> {
        Segments {
            slots: &self.slots[self.listed_from..self.to],
        }
    }

    /// Those that are listed, and before them those that must still be answered for.
    pub(crate) fn retained(&self) -> Segments<'_> {
        Segments {
            slots: &self.slots[self.from..self.to],
        }
    }

    /// How many are retained without being listed.
    pub(crate) fn unlisted(&self) -> usize {
        self.listed_from - self.from
    }

    pub(crate) fn find(&self, msn: Msn) -> Option<&Segment> {
        let retained = self.retained();
        let first = retained.first()?.at.msn;
        let index = usize::try_from(msn.value().checked_sub(first.value())?).ok()?;
        retained.get(index)
    }

    /// How many listed segments, from the oldest, end more than `distance` before `edge`.
    pub(crate) fn further_than(&self, distance: Decimal, edge: Decimal) -> usize {
        let slots = self.listed().slots;
        slots.partition_point(|slot| edge.minus(filled(slot).end()) > distance)
    }

    /// Appends a segment. For the window alone: a version that was given away never grows.
    pub(crate) fn append(&mut self, segment: Segment) {
        let segment = Arc::new(segment.follow(self.retained().last()));
        if self.to == self.slots.len() {
            let kept = &self.slots[self.from..self.to];
            let free = (kept.len() / 2).max(8);
            let slots = kept
                .iter()
                .cloned()
                .chain((0..free).map(|_| OnceLock::new()));
            let moved = slots.collect::<Vec<_>>().into();
            self.to -= self.from;
            self.listed_from -= self.from;
            self.from = 0;
            self.slots = moved;
        }
        self.slots[self.to]
            .set(segment)
            .expect("only the window appends, once to each slot");
        self.to += 1;
    }

    /// Takes the oldest listed segment off the list; it stays retained.
    pub(crate) fn unlist(&mut self) {
        debug_assert!(self.listed_from < self.to);
        self.listed_from += 1;
    }

    /// Retains the `count` oldest segments no longer; none of them is listed.
    pub(crate) fn expire(&mut self, count: usize) {
        debug_assert!(count <= self.unlisted());
        self.from += count;
    }
}

impl<'a> Segments<'a> {
    pub(crate) const fn len(self) -> usize {
        self.slots.len()
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.slots.is_empty()
    }

    pub(crate) fn get(self, index: usize) -> Option<&'a Segment> {
        self.slots.get(index).map(filled)
    }

    pub(crate) fn first(self) -> Option<&'a Segment> {
        self.slots.first().map(filled)
    }

    pub(crate) fn last(self) -> Option<&'a Segment> {
        self.slots.last().map(filled)
    }

    /// Whether it holds a segment, and all together last at least `duration`.
    pub(crate) fn lasts(self, duration: Decimal) -> bool {
        let (first, last) = (self.first(), self.last());
        first
            .zip(last)
            .is_some_and(|(first, last)| last.end().minus(first.at.start) >= duration)
    }

    /// Without the `count` oldest.
    pub(crate) fn after(self, count: usize) -> Self {
        Self {
            slots: &self.slots[count..],
        }
    }

    pub(crate) fn iter(self) -> impl ExactSizeIterator<Item = &'a Segment> {
        self.slots.iter().map(filled)
    }
}

fn filled(slot: &OnceLock<Arc<Segment>>) -> &Segment {
    slot.get()
        .expect("every slot before the end of a list is filled")
}
