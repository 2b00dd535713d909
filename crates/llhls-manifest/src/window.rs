//! Closed segments, oldest first: those that are listed, and before them those that left the
//! playlist but must still be answered for (UP-10, UP-11).

use std::collections::VecDeque;
use std::sync::Arc;

use crate::config::{PlaylistKind, Settings};
use crate::decimal::Decimal;
use crate::id::Msn;
use crate::segment::Segment;

/// The closed segments of one version. Immutable and shared: a view holds one pointer.
#[derive(Clone, Debug)]
pub(crate) struct SegmentList {
    /// Consecutive in Media Sequence Number.
    segments: Arc<[Arc<Segment>]>,
    /// Where the listed ones start.
    listed_from: usize,
}

/// What [`Window::close`] did.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Slide {
    pub(crate) removed: u64,
    pub(crate) expired: u64,
}

impl SegmentList {
    pub(crate) fn listed(&self) -> &[Arc<Segment>] {
        &self.segments[self.listed_from..]
    }

    pub(crate) fn retained(&self) -> &[Arc<Segment>] {
        &self.segments
    }

    pub(crate) fn find(&self, msn: Msn) -> Option<&Segment> {
        let first = self.segments.first()?.at.msn;
        let index = usize::try_from(msn.value().checked_sub(first.value())?).ok()?;
        self.segments.get(index).map(|segment| &**segment)
    }

    /// How many listed segments, from the oldest, end more than `distance` before `edge`.
    pub(crate) fn further_than(&self, distance: Decimal, edge: Decimal) -> usize {
        self.listed()
            .partition_point(|segment| edge.minus(segment.end()) > distance)
    }
}

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
}

impl Window {
    pub(crate) fn new() -> Self {
        Self {
            list: SegmentList {
                segments: Arc::new([]),
                listed_from: 0,
            },
            expiries: VecDeque::new(),
            longest: Decimal::ZERO,
        }
    }

    pub(crate) fn list(&self) -> &SegmentList {
        &self.list
    }

    pub(crate) fn longest(&self) -> Decimal {
        self.longest
    }

    pub(crate) fn expiries(&self) -> impl Iterator<Item = Decimal> + '_ {
        self.expiries.iter().copied()
    }

    /// Appends a segment of an imported state; one with an expiry is no longer listed.
    pub(crate) fn restore(&mut self, segment: Segment, expiry: Option<Decimal>) {
        let segment = segment.follow(self.list.segments.last().map(|last| &**last));
        let kept = self.list.segments.iter().cloned();
        self.list.segments = kept.chain([Arc::new(segment)]).collect::<Vec<_>>().into();
        if let Some(expiry) = expiry {
            self.expiries.push_back(expiry);
            self.list.listed_from += 1;
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

    /// Appends a segment, then removes and expires what the configuration no longer keeps.
    ///
    /// Copies one pointer per retained segment; that is once per segment, not per part.
    pub(crate) fn close(&mut self, settings: &Settings, segment: Segment) -> Slide {
        let edge = segment.end();
        debug_assert!(self.list.segments.last().is_none_or(|last| {
            last.at.msn.next() == segment.at.msn && last.end() == segment.at.start
        }));
        let expired = self
            .expiries
            .iter()
            .take_while(|expiry| **expiry < edge)
            .count();
        self.expiries.drain(..expired);

        let segment = segment.follow(self.list.segments.last().map(|last| &**last));
        let kept = self.list.segments[expired..].iter().cloned();
        self.list.segments = kept.chain([Arc::new(segment)]).collect::<Vec<_>>().into();
        self.list.listed_from -= expired;

        let mut removed = 0;
        let slides = matches!(settings.kind, PlaylistKind::Live | PlaylistKind::IFrames);
        while let ([first, second, ..], true) = (self.list.listed(), slides) {
            let count_after = self.list.listed().len() - 1;
            let duration_after = edge.minus(second.at.start);
            if count_after < settings.window_segments as usize
                || duration_after < settings.window_duration
            {
                break;
            }
            // §6.2.2: available for its own duration plus the longest playlist that held it.
            // Counted from removal, which covers both wordings of the rule (AMB-23).
            self.expiries
                .push_back(edge.plus(first.duration).plus(self.longest));
            self.list.listed_from += 1;
            removed += 1;
        }
        Slide {
            removed,
            expired: expired as u64,
        }
    }

    pub(crate) fn check_invariants(&self, settings: &Settings) {
        assert_eq!(
            self.expiries.len(),
            self.list.listed_from,
            "one expiry per unlisted segment"
        );
        for pair in self.list.segments.windows(2) {
            assert_eq!(
                pair[0].at.msn.next(),
                pair[1].at.msn,
                "numbers have no hole"
            );
            assert_eq!(pair[0].end(), pair[1].at.start, "segments touch");
        }
        for segment in &*self.list.segments {
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
        if self.list.listed_from > 0 {
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
