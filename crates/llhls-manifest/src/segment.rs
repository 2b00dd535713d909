//! Segments: the open one, whose text grows, and closed ones, whose text is final.

use std::ops::Range;

use crate::config::{Addressing, BitRates, Settings};
use crate::decimal::Decimal;
use crate::id::{DiscontinuitySequence, InitVersion, MediaRef, Msn, PartIndex, Position};
use crate::key::Keys;
use crate::names::ResourceNames;
use crate::part::{Availability, Continuity, Independence};
use crate::rolled::ClosedSegment;
use crate::tags::{self, ByteRange};
use crate::time::WallClock;

/// One part, as far as anybody may still ask for it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part {
    pub(crate) media: MediaRef,
    pub(crate) duration: Decimal,
    pub(crate) independence: Independence,
    pub(crate) availability: Availability,
    /// In bytes; zero where nobody needs it.
    pub(crate) size: u64,
}

/// What holds for a segment from its first line on.
#[derive(Clone, Debug)]
pub(crate) struct SegmentStart {
    pub(crate) msn: Msn,
    /// With this segment's own discontinuity counted.
    pub(crate) dsn: DiscontinuitySequence,
    /// Where it starts: the sum of all that was printed before it.
    pub(crate) start: Decimal,
    pub(crate) continuity: Continuity,
    pub(crate) init: Option<InitVersion>,
    /// Whether its text brings the `EXT-X-MAP` along.
    pub(crate) prints_map: bool,
    pub(crate) keys: Keys,
    /// Whether its text brings its keys along.
    pub(crate) prints_keys: bool,
    /// The keys of the segment before, which end ahead of the printed ones.
    pub(crate) keys_before: Keys,
    /// The keys in effect at the `EXT-X-MAP` that is in effect here.
    pub(crate) map_keys: Keys,
    pub(crate) time: Option<WallClock>,
}

impl SegmentStart {
    /// What a parser without memory has to know ahead of this segment's own lines (AMB-06). A key
    /// also applies to the section after it, so their order is kept where that matters.
    pub(crate) fn write_state(&self, names: &ResourceNames, out: &mut String) {
        let map = self.init.filter(|_| !self.prints_map);
        if let Some(map) = map
            && (self.prints_keys || self.map_keys != self.keys)
        {
            if self.map_keys.whole_resources {
                out.push_str(&self.map_keys.lines);
            }
            tags::map(out, names, map);
            // The segment's own lines end the keys of the segment before, which need not be those of
            // the section.
            let ended_below = self.prints_keys && self.keys_before == self.map_keys;
            if self.map_keys.whole_resources && !ended_below {
                self.map_keys.write_end(&self.keys, out);
            }
        }
        if !self.prints_keys {
            out.push_str(&self.keys.lines);
        }
        if let Some(map) = map
            && !self.prints_keys
            && self.map_keys == self.keys
        {
            tags::map(out, names, map);
        }
    }
}

/// The segment that parts are added to. Its text and its index grow by one line and one entry
/// per part; both are shared with views and copied only if one is alive at the next push.
#[derive(Clone, Debug)]
pub(crate) struct OpenSegment {
    pub(crate) at: SegmentStart,
    pub(crate) duration: Decimal,
    pub(crate) parts: Vec<Part>,
    pub(crate) availability: Availability,
    /// Tags of the segment, then PART lines.
    pub(crate) text: String,
    /// The sizes of its parts.
    pub(crate) bytes: u64,
    /// Where the bytes of an I-frame are.
    pub(crate) i_frame_in: Option<(Msn, u64)>,
    /// Where the PART lines start.
    head: usize,
}

impl OpenSegment {
    /// A segment without parts: it is not in the playlist yet.
    pub(crate) fn empty(at: SegmentStart) -> Self {
        Self {
            at,
            duration: Decimal::ZERO,
            parts: Vec::new(),
            availability: Availability::Available,
            text: String::new(),
            bytes: 0,
            i_frame_in: None,
            head: 0,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Whether it has parts and all of them are gaps.
    pub(crate) fn is_outage(&self) -> bool {
        let gap = |part: &Part| part.availability == Availability::Gap;
        self.availability == Availability::Gap && self.parts.iter().all(gap)
    }

    pub(crate) fn end(&self) -> Decimal {
        self.at.start.plus(self.duration)
    }

    pub(crate) fn next_part(&self) -> Position {
        let index = u32::try_from(self.parts.len()).unwrap_or(u32::MAX);
        Position::new(self.at.msn, PartIndex::new(index))
    }

    /// Makes room for as much as the segment before had: segments of a stream are alike.
    pub(crate) fn reserve_like(&mut self, before: &Segment) {
        self.text.reserve(before.text.len() + before.text.len() / 8);
        self.parts.reserve(before.parts.len() + 1);
    }

    /// Writes the lines that precede the first part (LL-16).
    pub(crate) fn begin(&mut self, settings: &Settings) {
        if self.at.continuity == Continuity::Discontinuous {
            tags::discontinuity(&mut self.text);
        }
        if self.at.prints_keys {
            self.at.keys_before.write_end(&self.at.keys, &mut self.text);
            self.text.push_str(&self.at.keys.lines);
        }
        if let (true, Some(init)) = (self.at.prints_map, self.at.init) {
            tags::map(&mut self.text, &settings.names, init);
        }
        if let Some(time) = self.at.time {
            tags::program_date_time(&mut self.text, time);
        }
        self.head = self.text.len();
    }

    pub(crate) fn add(&mut self, settings: &Settings, part: Part) {
        let position = self.next_part();
        if settings.part_target.is_some() {
            let range = ByteRange {
                length: part.size,
                offset: self.bytes,
            };
            // A gap without bytes is no range of anything; it has a name of its own, which
            // leads nowhere.
            let ranged = settings.addressing == Addressing::ByteRanges && part.size > 0;
            let range = Some(range).filter(|_| ranged);
            tags::part(&mut self.text, &settings.names, position, &part, range);
        }
        self.duration = self.duration.plus(part.duration);
        self.bytes = self.bytes.saturating_add(part.size);
        if part.availability == Availability::Gap {
            self.availability = Availability::Gap;
        }
        self.parts.push(part);
    }

    /// Ends the text with EXTINF and the URI; from here on it never changes.
    pub(crate) fn close(mut self, settings: &Settings) -> Segment {
        let parts_end = self.text.len();
        if self.availability == Availability::Gap {
            tags::gap(&mut self.text);
        }
        if settings.bit_rates == BitRates::Printed {
            tags::bit_rate(&mut self.text, kilobits(self.bytes, self.duration));
        }
        let (resource, range) = match self.i_frame_in {
            Some((msn, offset)) => (
                msn,
                Some(ByteRange {
                    length: self.bytes,
                    offset,
                }),
            ),
            None => (self.at.msn, None),
        };
        tags::segment(
            &mut self.text,
            &settings.names,
            resource,
            self.duration,
            range,
        );
        Segment {
            at: self.at,
            duration: self.duration,
            parts: self.parts.into_boxed_slice(),
            availability: self.availability,
            bytes: self.bytes,
            i_frame_in: self.i_frame_in,
            text_end: (0, 0),
            text: self.text.into_boxed_str(),
            part_lines: self.head..parts_end,
        }
    }
}

/// The rate of that many bytes in that time, to the nearest kbit/s; at least one.
fn kilobits(bytes: u64, duration: Decimal) -> u64 {
    let units = u128::from(duration.units().max(1));
    // Bits per 10 µs, times 100 000 for a second, divided by 1000 for kilobits.
    let rate = (u128::from(bytes) * 800 + units / 2) / units;
    u64::try_from(rate).unwrap_or(u64::MAX).max(1)
}

/// A closed segment.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) at: SegmentStart,
    pub(crate) duration: Decimal,
    /// Never empty.
    pub(crate) parts: Box<[Part]>,
    pub(crate) availability: Availability,
    pub(crate) bytes: u64,
    pub(crate) i_frame_in: Option<(Msn, u64)>,
    /// How many bytes all segments' text has up to its end: with every part, and with none.
    pub(crate) text_end: (u64, u64),
    text: Box<str>,
    /// Where in `text` the PART lines are.
    part_lines: Range<usize>,
}

impl Segment {
    pub(crate) fn end(&self) -> Decimal {
        self.at.start.plus(self.duration)
    }

    /// Counts its text on from its predecessor's.
    pub(crate) fn follow(mut self, before: Option<&Self>) -> Self {
        let (with, without) = before.map_or((0, 0), |before| before.text_end);
        let (own, own_bare) = self.text_sizes();
        self.text_end = (with + own, without + own_bare);
        self
    }

    pub(crate) fn text_before(&self) -> (u64, u64) {
        let (own, own_bare) = self.text_sizes();
        (self.text_end.0 - own, self.text_end.1 - own_bare)
    }

    fn text_sizes(&self) -> (u64, u64) {
        let own = self.text.len() as u64;
        (own, own - self.part_lines.len() as u64)
    }

    /// Its lines with every part.
    pub(crate) fn with_parts(&self) -> &str {
        &self.text
    }

    /// Its lines before and after the place where its parts were.
    pub(crate) fn without_parts(&self) -> (&str, &str) {
        (
            &self.text[..self.part_lines.start],
            &self.text[self.part_lines.end..],
        )
    }

    /// The DISCONTINUITY-SEQUENCE of a playlist that starts with this segment: its own tag is
    /// still listed, so it does not count (§6.2.2).
    pub(crate) fn sequence_before(&self) -> DiscontinuitySequence {
        sequence_before(&self.at)
    }

    pub(crate) fn summary(&self) -> ClosedSegment {
        ClosedSegment {
            msn: self.at.msn,
            first: self
                .parts
                .first()
                .expect("a closed segment has a part")
                .media,
            parts: u32::try_from(self.parts.len()).unwrap_or(u32::MAX),
            duration: self.duration.to_media(),
            availability: self.availability,
            continuity: self.at.continuity,
            discontinuity_sequence: self.at.dsn,
            init: self.at.init,
            captured_at: self.at.time,
        }
    }
}

pub(crate) fn sequence_before(at: &SegmentStart) -> DiscontinuitySequence {
    let own = u64::from(at.continuity == Continuity::Discontinuous);
    DiscontinuitySequence::new(at.dsn.value() - own)
}
