//! The part that is growing: samples of one fragment or several, until there are enough.

use std::ops::Range;

use super::fragment::{CaptureTime, Fragment, Sample, SyncPoint};
use super::part::{Continuity, Independence, SegmentStart};
use super::protection::Protection;
use super::time::{MediaTime, TrackClock};

/// Some samples of a fragment that go into a part.
#[derive(Debug)]
pub(crate) struct Piece {
    /// Where they are.
    pub(crate) fragment: Fragment,
    /// Which they are. Invariant: not empty.
    pub(crate) range: Range<usize>,
}

/// A part that is growing.
#[derive(Debug)]
pub(crate) struct Growing {
    /// Its samples, in order. Invariant: not empty, but for a moment after [`Growing::new`].
    pub(crate) pieces: Vec<Piece>,
    /// Decode time of its first sample.
    pub(crate) start: u64,
    /// Sum of its samples' durations.
    pub(crate) ticks: u64,
    /// Whether it has a sync sample.
    pub(crate) independence: Independence,
    /// Whether it opens a segment.
    pub(crate) segment: SegmentStart,
    /// How it follows from what was before.
    pub(crate) continuity: Continuity,
    /// Bytes of the fragments that its samples are in.
    held: usize,
}

/// The most bytes of fragments that one part holds while it grows. Samples without duration would never fill it otherwise.
const MOST_PART_BYTES: usize = 64 << 20;

/// The most fragments that one part is put together from, for the same reason.
const MOST_PIECES: usize = 4096;

/// Whether a sample could be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Room {
    /// It was.
    Enough,
    /// The part holds too much already.
    None,
}

/// Where a time lies in a growing part.
#[derive(Debug)]
pub(crate) enum Split {
    /// Behind all of its samples, or at one that nothing can start with, or that cannot be cut from the one before it.
    Beyond,
    /// At its first sample, or before it.
    AtStart { at: u64, sample: Sample },
    /// Inside: the samples from there on are now in a part of their own, of which `sample` is the first.
    Tail { tail: Growing, sample: Sample },
}

impl Growing {
    /// A part without samples yet.
    pub(crate) fn new(start: u64, segment: SegmentStart, continuity: Continuity) -> Self {
        Self {
            pieces: Vec::new(),
            start,
            ticks: 0,
            independence: Independence::Dependent,
            segment,
            continuity,
            held: 0,
        }
    }

    /// Adds sample `index` of `fragment`.
    pub(crate) fn add(&mut self, fragment: &Fragment, index: usize) -> Room {
        match self.pieces.last_mut() {
            Some(piece) if piece.range.end == index && piece.fragment.is_same(fragment) => {
                piece.range.end += 1;
            }
            _ => {
                self.held += fragment.held_bytes();
                if self.held > MOST_PART_BYTES || self.pieces.len() == MOST_PIECES {
                    return Room::None;
                }
                self.pieces.push(Piece {
                    fragment: fragment.clone(),
                    range: index..index + 1,
                });
            }
        }
        let sample = &fragment.samples()[index];
        self.ticks += u64::from(sample.duration);
        if sample.sync == SyncPoint::Sync {
            self.independence = Independence::Independent;
        }
        Room::Enough
    }

    /// Presentation time minus decode time of the first sample, in ticks.
    pub(crate) fn composition_offset(&self) -> i64 {
        let first = self.pieces.first().map(|piece| {
            let sample = &piece.fragment.samples()[piece.range.start];
            sample.composition_offset
        });
        first.unwrap_or(0)
    }

    /// How many samples it has.
    pub(crate) fn samples(&self) -> usize {
        self.pieces.iter().map(|piece| piece.range.len()).sum()
    }

    /// When its first sample was captured, where the encoder says so.
    pub(crate) fn capture_time(&self) -> Option<CaptureTime> {
        let fragment = &self.pieces.first()?.fragment;
        let captured = fragment.capture_time()?;
        let begins = fragment.decode_time();
        let inside = MediaTime::new(self.start.saturating_sub(begins.ticks), begins.timescale);
        Some(CaptureTime {
            unix_nanos: captured.unix_nanos.checked_add(inside.as_nanos())?,
        })
    }

    /// Splits the part at its first sample that is shown at `time` or after it, if a decoder can start there.
    /// Linear in its samples.
    pub(crate) fn split(&mut self, time: MediaTime, clock: TrackClock) -> Split {
        let Some((piece, sample, at)) = self.find(time, clock) else {
            return Split::Beyond;
        };
        let first = self.pieces[piece].fragment.samples()[sample];
        let is_inside =
            sample > 0 && matches!(self.pieces[piece].fragment.protection(), Protection::Opaque);
        if first.sync == SyncPoint::Dependent || is_inside {
            return Split::Beyond;
        }
        if piece == 0 && sample == self.pieces[0].range.start {
            return Split::AtStart { at, sample: first };
        }
        let mut tail = Self::new(at, SegmentStart::Starts, Continuity::Continues);
        let mut head = Self::new(self.start, self.segment, self.continuity);
        for (number, old) in std::mem::take(&mut self.pieces).into_iter().enumerate() {
            for index in old.range {
                let into = if (number, index) < (piece, sample) {
                    &mut head
                } else {
                    &mut tail
                };
                // What fitted together fits apart.
                into.add(&old.fragment, index);
            }
        }
        *self = head;
        Split::Tail {
            tail,
            sample: first,
        }
    }

    /// The first sample that is shown at `time` or after it: its piece, its index, its decode time.
    fn find(&self, time: MediaTime, clock: TrackClock) -> Option<(usize, usize, u64)> {
        for (number, piece) in self.pieces.iter().enumerate() {
            let mut at = piece.fragment.decode_time().ticks;
            let samples = piece.fragment.samples().iter().enumerate();
            for (index, sample) in samples.take(piece.range.end) {
                let shown = clock.shown(at, sample.composition_offset);
                let reach = clock.reach(shown, sample.duration);
                if index >= piece.range.start && reach.cmp_time(time).is_ge() {
                    return Some((number, index, at));
                }
                at += u64::from(sample.duration);
            }
        }
        None
    }
}
