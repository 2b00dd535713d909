//! Segments: the open one, whose text grows, and closed ones, whose text is final.

use std::ops::Range;

use crate::config::Settings;
use crate::decimal::Decimal;
use crate::id::{DiscontinuitySequence, InitVersion, MediaRef, Msn, PartIndex, Position};
use crate::part::{Availability, ClosedSegment, Continuity, Independence, PartFacts};
use crate::tags;
use crate::time::WallClock;

/// One part, as far as anybody may still ask for it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part {
    pub(crate) media: MediaRef,
    pub(crate) duration: Decimal,
    pub(crate) independence: Independence,
    pub(crate) availability: Availability,
}

/// What holds for a segment from its first line on.
#[derive(Clone, Copy, Debug)]
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
    pub(crate) time: Option<WallClock>,
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
            head: 0,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    pub(crate) fn end(&self) -> Decimal {
        self.at.start.plus(self.duration)
    }

    pub(crate) fn next_part(&self) -> Position {
        let index = u32::try_from(self.parts.len()).unwrap_or(u32::MAX);
        Position::new(self.at.msn, PartIndex::new(index))
    }

    /// Writes the lines that precede the first part (LL-16).
    pub(crate) fn begin(&mut self, settings: &Settings) {
        if self.at.continuity == Continuity::Discontinuous {
            tags::discontinuity(&mut self.text);
        }
        if let (true, Some(init)) = (self.at.prints_map, self.at.init) {
            tags::map(&mut self.text, &settings.names, init);
        }
        if let Some(time) = self.at.time {
            tags::program_date_time(&mut self.text, time);
        }
        self.head = self.text.len();
    }

    pub(crate) fn add(&mut self, settings: &Settings, facts: &PartFacts, duration: Decimal) {
        let position = self.next_part();
        if settings.part_target.is_some() {
            tags::part(
                &mut self.text,
                &settings.names,
                position,
                duration,
                facts.independence == Independence::Independent,
                facts.availability == Availability::Gap,
            );
        }
        self.duration = self.duration.plus(duration);
        if facts.availability == Availability::Gap {
            self.availability = Availability::Gap;
        }
        self.parts.push(Part {
            media: facts.media,
            duration,
            independence: facts.independence,
            availability: facts.availability,
        });
    }

    /// Ends the text with EXTINF and the URI; from here on it never changes.
    pub(crate) fn close(mut self, settings: &Settings) -> Segment {
        let parts_end = self.text.len();
        if self.availability == Availability::Gap {
            tags::gap(&mut self.text);
        }
        tags::segment(&mut self.text, &settings.names, self.at.msn, self.duration);
        Segment {
            at: self.at,
            duration: self.duration,
            parts: self.parts.into_boxed_slice(),
            availability: self.availability,
            text: self.text.into_boxed_str(),
            part_lines: self.head..parts_end,
        }
    }
}

/// A closed segment.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) at: SegmentStart,
    pub(crate) duration: Decimal,
    /// Never empty.
    pub(crate) parts: Box<[Part]>,
    pub(crate) availability: Availability,
    text: Box<str>,
    /// Where in `text` the PART lines are.
    part_lines: Range<usize>,
}

impl Segment {
    pub(crate) fn end(&self) -> Decimal {
        self.at.start.plus(self.duration)
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
        }
    }
}

pub(crate) fn sequence_before(at: &SegmentStart) -> DiscontinuitySequence {
    let own = u64::from(at.continuity == Continuity::Discontinuous);
    DiscontinuitySequence::new(at.dsn.value() - own)
}
