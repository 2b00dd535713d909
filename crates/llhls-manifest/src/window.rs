//! Closed segments, oldest first: those that are listed, and before them those that left the
//! playlist but must still be answered for (UP-10, UP-11).

use std::collections::VecDeque;

use crate::config::{PlaylistKind, Retention, Settings};
use crate::decimal::Decimal;
use crate::id::Msn;
use crate::list::SegmentList;
use crate::rolled::{Removed, Rolled};
use crate::segment::Segment;

/// The sliding window over closed segments.
///
/// Invariants: oldest first without a hole; at least three target durations are listed once that
/// much was (UP-05); as many expiries as retained segments that are not listed.
#[derive(Debug)]
pub(crate) struct Window {
    list: SegmentList,
    /// For each segment that left the playlist, the edge beyond which nobody may ask for it.
    expiries: VecDeque<Decimal>,
    /// The longest the playlist ever was, parts of the open segment included.
    longest: Decimal,
    /// The parts of every segment before this one have left the playlist, if it has parts.
    parts_from: Msn,
}

impl Window {
    pub(crate) fn new() -> Self {
        Self {
            list: SegmentList::new(),
            expiries: VecDeque::new(),
            longest: Decimal::ZERO,
            parts_from: Msn::new(0),
        }
    }

    pub(crate) fn list(&self) -> &SegmentList {
        &self.list
    }

    pub(crate) fn longest(&self) -> Decimal {
        self.longest
    }

    /// The parts of every segment before this one are listed no more.
    pub(crate) fn parts_from(&self) -> Msn {
        self.parts_from
    }

    pub(crate) fn expiries(&self) -> impl Iterator<Item = Decimal> + '_ {
        self.expiries.iter().copied()
    }

    /// Appends a segment of an imported state; one with an expiry is no longer listed.
    pub(crate) fn restore(&mut self, segment: Segment, expiry: Option<Decimal>) {
        self.list.append(segment);
        if let Some(expiry) = expiry {
            self.expiries.push_back(expiry);
            self.list.unlist();
        }
    }

    pub(crate) fn restore_longest(&mut self, longest: Decimal) {
        self.longest = longest;
    }

    /// Takes note of how long the playlist is with its open segment.
    pub(crate) fn reached(&mut self, edge: Decimal, open_start: Decimal) {
        let start = self
            .list
            .listed()
            .first()
            .map_or(open_start, |first| first.at.start);
        self.longest = self.longest.max(edge.minus(start));
    }

    /// Appends a segment, then removes and forgets what the configuration no longer keeps.
    ///
    /// Amortised O(1).
    pub(crate) fn close(&mut self, settings: &Settings, segment: Segment, rolled: &mut Rolled) {
        let edge = segment.end();
        debug_assert!(self.list.retained().last().is_none_or(|last| {
            last.at.msn.next() == segment.at.msn && last.end() == segment.at.start
        }));
        if settings.retention == Retention::MediaTime {
            let over = self.expiries.iter().take_while(|expiry| **expiry < edge);
            rolled.expired += self.forget(over.count());
        }
        self.list.append(segment);

        while slides(settings) && self.may_remove(settings, edge) {
            self.remove_first(edge, rolled);
        }
    }

    /// Takes the segments before `first` off the list, as far as three target durations stay
    /// listed (UP-05).
    pub(crate) fn remove_before(&mut self, settings: &Settings, first: Msn, rolled: &mut Rolled) {
        let Some(edge) = self.list.listed().last().map(Segment::end) else {
            return;
        };
        let least = settings.target_duration.times(3);
        while slides(settings) && self.is_oldest_before(first) && self.leaves(least, edge) {
            self.remove_first(edge, rolled);
        }
    }

    fn is_oldest_before(&self, first: Msn) -> bool {
        let oldest = self.list.listed().first();
        oldest.is_some_and(|oldest| oldest.at.msn < first)
    }

    /// Whether so much is listed without the oldest segment.
    fn leaves(&self, least: Decimal, edge: Decimal) -> bool {
        let second = self.list.listed().get(1);
        second.is_some_and(|second| edge.minus(second.at.start) >= least)
    }

    /// Takes the oldest listed segment off the list; it stays retained.
    fn remove_first(&mut self, edge: Decimal, rolled: &mut Rolled) {
        let listed = self.list.listed();
        let first = listed.first().expect("what may be removed is listed");
        // §6.2.2: available for its own duration plus the longest playlist that held it.
        // Counted from removal, which covers both wordings of the rule (AMB-23).
        let keep = first.duration.plus(self.longest);
        rolled.removed = Some(Removed::and(rolled.removed, first.at.msn, keep.to_media()));
        self.expiries.push_back(edge.plus(keep));
        self.list.unlist();
    }

    /// Forgets segments before `msn` that are not listed; says how many.
    pub(crate) fn release(&mut self, msn: Msn) -> u64 {
        let unlisted = self.list.retained().iter().take(self.list.unlisted());
        let count = unlisted.take_while(|segment| segment.at.msn < msn).count();
        self.forget(count)
    }

    fn forget(&mut self, count: usize) -> u64 {
        self.expiries.drain(..count);
        self.list.expire(count);
        count as u64
    }

    /// The segments whose parts have left the playlist since this was asked last, now that its
    /// edge is here: a parent's parts go together, once it ends three target durations from the
    /// edge (UP-09, AMB-22).
    ///
    /// Amortised O(1).
    pub(crate) fn parts_left(&mut self, settings: &Settings, edge: Decimal) -> Option<Removed> {
        settings.part_target?;
        let distance = settings.target_duration.times(3);
        let listed_from = self.list.listed().first()?.at.msn;
        let oldest = self.list.retained().first()?.at.msn;
        self.parts_from = self.parts_from.max(oldest);
        let mut left = None;
        while let Some(segment) = self.list.find(self.parts_from) {
            if edge.minus(segment.end()) <= distance && segment.at.msn >= listed_from {
                break;
            }
            left = Some(Removed::and(left, segment.at.msn, distance.to_media()));
            self.parts_from = self.parts_from.next();
        }
        left
    }

    /// Whether what the configuration keeps is listed without the oldest segment too; three
    /// target durations are part of that (UP-05).
    fn may_remove(&self, settings: &Settings, edge: Decimal) -> bool {
        self.list.listed().len() > settings.window_segments as usize
            && self.leaves(settings.window_duration, edge)
    }

    pub(crate) fn check_invariants(&self, settings: &Settings) {
        let retained = self.list.retained();
        assert_eq!(
            self.expiries.len(),
            self.list.unlisted(),
            "one expiry per unlisted segment"
        );
        for (before, after) in retained.iter().zip(retained.iter().skip(1)) {
            assert_eq!(before.at.msn.next(), after.at.msn, "numbers have no hole");
            assert_eq!(before.end(), after.at.start, "segments touch");
        }
        for segment in retained.iter() {
            let sum = segment
                .parts
                .iter()
                .fold(Decimal::ZERO, |sum, part| sum.plus(part.duration));
            assert_eq!(
                sum, segment.duration,
                "EXTINF is the sum of the parts, as printed"
            );
            assert!(
                segment.duration <= settings.segment_limit,
                "EXTINF rounds within the target"
            );
        }
        if self.list.unlisted() > 0 {
            let listed = self.list.listed();
            let start = listed
                .first()
                .expect("the newest segment is never removed")
                .at
                .start;
            let end = listed
                .last()
                .expect("the newest segment is never removed")
                .end();
            assert!(
                end.minus(start) >= settings.target_duration.times(3),
                "UP-05"
            );
        }
    }
}

/// Whether segments ever leave the list.
fn slides(settings: &Settings) -> bool {
    matches!(settings.kind, PlaylistKind::Live | PlaylistKind::IFrames)
}
