//! A publisher's books: what it handed in, and what the records of change said. They tell what a
//! playlist must say without a look at the manifest's text or its state.

use std::collections::BTreeMap;

use llhls_manifest::{
    Cut, InitVersion, MediaDuration, MediaRef, Msn, PartFacts, PlaylistView, Position,
    ResourceNames, Rolled, WallClock,
};

use crate::facts::{Control, Facts, PartFact, RangeFact, SegmentFact};

/// A part as its publisher sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sketch {
    pub(crate) duration: MediaDuration,
    pub(crate) independent: bool,
    pub(crate) discontinuous: bool,
    pub(crate) gap: bool,
    pub(crate) cut: Cut,
    pub(crate) size: u64,
}

impl Sketch {
    pub(crate) fn facts(self, media: u64, at: WallClock) -> PartFacts {
        let mut facts = PartFacts::new(self.duration, MediaRef::new(media))
            .cut(self.cut)
            .size(self.size)
            .captured_at(at);
        if self.independent {
            facts = facts.independent();
        }
        if self.discontinuous {
            facts = facts.discontinuous();
        }
        if self.gap {
            facts = facts.gap();
        }
        facts
    }
}

#[derive(Clone, Debug)]
struct Booked {
    cc: u64,
    discontinuous: bool,
    date: Option<WallClock>,
    init: InitVersion,
    keys: u8,
    parts: Vec<Sketch>,
    /// EXTINF as the record of its closing said it.
    closed: Option<MediaDuration>,
}

#[derive(Clone, Debug)]
struct BookedRange {
    fact: RangeFact,
    start: WallClock,
    end: Option<WallClock>,
}

#[derive(Debug)]
pub(crate) struct Books {
    segments: BTreeMap<u64, Booked>,
    listed_from: u64,
    parts_from: u64,
    init: InitVersion,
    keys: u8,
    marked: bool,
    clock: Option<WallClock>,
    cc: u64,
    ranges: Vec<BookedRange>,
    ended: bool,
}

/// The keys that a number stands for: format, method, URI.
pub(crate) fn keys_of(number: u8) -> Vec<[String; 3]> {
    let key =
        |format: &str, method: &str| [format, method, &format!("k{number}")].map(str::to_owned);
    match number {
        0 => Vec::new(),
        1 => vec![key("identity", "AES-128")],
        2 => vec![key("f1", "AES-128"), key("identity", "AES-128")],
        _ => vec![key("identity", "SAMPLE-AES")],
    }
}

impl Books {
    pub(crate) fn new() -> Self {
        Self {
            segments: BTreeMap::new(),
            listed_from: 1,
            parts_from: 1,
            init: InitVersion::new(0),
            keys: 0,
            marked: false,
            clock: None,
            cc: 0,
            ranges: Vec::new(),
            ended: false,
        }
    }

    pub(crate) fn pushed(&mut self, part: Sketch, at: Option<WallClock>, rolled: &Rolled) {
        self.closed(rolled.closed.map(|closed| (closed.msn, closed.duration)));
        let Position { msn, part: index } = rolled.position;
        if index.value() == 0 {
            self.open(msn, part.discontinuous, at);
        }
        let open = self
            .segments
            .get_mut(&msn.value())
            .expect("a part has a segment");
        assert_eq!(
            open.parts.len(),
            index.value() as usize,
            "parts come in order"
        );
        open.parts.push(part);
        self.clock = self.clock.map(|clock| clock.plus(part.duration));
        self.closed(
            rolled
                .closed_after
                .map(|closed| (closed.msn, closed.duration)),
        );
        self.left(rolled);
    }

    pub(crate) fn rolled(&mut self, rolled: &Rolled) {
        self.closed(rolled.closed.map(|closed| (closed.msn, closed.duration)));
        self.left(rolled);
    }

    pub(crate) fn init(&mut self, version: InitVersion) {
        self.init = version;
    }

    pub(crate) fn keys(&mut self, number: u8) {
        self.keys = number;
    }

    pub(crate) fn mark(&mut self) {
        self.marked = true;
    }

    pub(crate) fn end(&mut self) {
        self.ended = true;
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.ended
    }

    fn open(&mut self, msn: Msn, discontinuous: bool, at: Option<WallClock>) {
        let before = self.segments.values().next_back();
        let discontinuous =
            discontinuous || self.marked || before.is_some_and(|before| before.init != self.init);
        self.cc += u64::from(discontinuous);
        // A clock that was set back by a second or more is not followed.
        let back = |expected: &WallClock, given: WallClock| {
            expected.since(given) >= MediaDuration::from_secs(1)
        };
        self.clock = match (self.clock, at) {
            (Some(expected), Some(given)) if back(&expected, given) => Some(expected),
            (expected, given) => given.or(expected),
        };
        let booked = Booked {
            cc: self.cc,
            discontinuous,
            date: self.clock,
            init: self.init,
            keys: self.keys,
            parts: Vec::new(),
            closed: None,
        };
        self.segments.insert(msn.value(), booked);
        self.marked = false;
    }

    fn closed(&mut self, closed: Option<(Msn, MediaDuration)>) {
        if let Some((msn, duration)) = closed {
            let segment = self.segments.get_mut(&msn.value()).expect("it was open");
            segment.closed = Some(duration);
        }
    }

    fn left(&mut self, rolled: &Rolled) {
        if let Some(removed) = rolled.removed {
            assert_eq!(removed.first.value(), self.listed_from, "oldest first");
            self.listed_from = removed.last().value() + 1;
        }
        if let Some(removed) = rolled.removed_parts {
            assert_eq!(removed.first.value(), self.parts_from, "oldest first");
            self.parts_from = removed.last().value() + 1;
        }
        let first = self.listed().next().and_then(|(_, segment)| segment.date);
        if let Some(first) = first.filter(|_| rolled.closed_segments().count() > 0) {
            self.ranges
                .retain(|range| range.end.is_none_or(|end| end >= first));
        }
        // Nobody looks back further.
        let oldest = self.listed_from.min(self.parts_from).saturating_sub(1);
        self.segments = self.segments.split_off(&oldest);
    }

    fn listed(&self) -> impl DoubleEndedIterator<Item = (u64, &Booked)> + Clone {
        let listed = self.segments.range(self.listed_from..);
        listed
            .filter(|(_, segment)| segment.closed.is_some())
            .map(|(msn, segment)| (*msn, segment))
    }

    /// A date range that was accepted.
    pub(crate) fn range(&mut self, more: RangeFact, start: WallClock) {
        let known = self
            .ranges
            .iter()
            .position(|range| range.fact.id == more.id);
        let index = known.unwrap_or_else(|| {
            self.ranges.push(BookedRange {
                fact: RangeFact {
                    id: more.id.clone(),
                    ..RangeFact::default()
                },
                start,
                end: None,
            });
            self.ranges.len() - 1
        });
        let range = &mut self.ranges[index];
        let fact = &mut range.fact;
        fact.start = fact.start.or(more.start);
        fact.duration = fact.duration.or(more.duration);
        fact.planned = fact.planned.or(more.planned);
        fact.class = fact.class.take().or(more.class);
        fact.ends_on_next |= more.ends_on_next;
        fact.scte35_out = fact.scte35_out.take().or(more.scte35_out);
        let by_duration = fact
            .duration
            .map(|nanos| range.start.plus(MediaDuration::from_nanos(nanos)));
        range.end = range.end.or(by_duration);
        let starts: Vec<_> = self
            .ranges
            .iter()
            .map(|range| (range.fact.class.clone(), range.start))
            .collect();
        for range in &mut self.ranges {
            if range.fact.ends_on_next && range.end.is_none() {
                let later = starts
                    .iter()
                    .filter(|(class, start)| *class == range.fact.class && *start > range.start);
                range.end = later.map(|(_, start)| *start).min();
            }
        }
    }

    /// How many segments a delta leaves out.
    pub(crate) fn skipped(&self, distance: Option<MediaDuration>) -> u64 {
        let Some(distance) = distance.filter(|_| !self.ended) else {
            return 0;
        };
        let mut behind = 0;
        let mut skipped = 0;
        for (_, segment) in self.listed().rev() {
            skipped += u64::from(behind > distance.as_nanos());
            behind += segment.closed.map_or(0, MediaDuration::as_nanos);
        }
        skipped
    }

    /// What the playlist must say now; with `skipped` segments left out, if it is a delta. The
    /// view is asked for what is configured and for how durations are rounded, for nothing else.
    pub(crate) fn facts(&self, view: &PlaylistView, skipped: u64, choice: u8) -> Facts {
        let (has_ranges, has_parts) = (choice & 64 != 0, choice & 16 == 0);
        let names = ResourceNames::new("f").expect("a letter is an epoch");
        let control = view.server_control();
        let nanos = |duration: Option<MediaDuration>| duration.map(MediaDuration::as_nanos);
        let first = self.segments.range(self.listed_from..).next();
        let unseen = |booked: &Booked| u64::from(booked.discontinuous);
        let discontinuity_sequence =
            first.map_or(self.cc, |(_, booked)| booked.cc - unseen(booked));
        // A reader of a delta has not seen the discontinuities that were skipped.
        let skips = |msn: u64| msn < self.listed_from + skipped;
        let missed: u64 = self
            .listed()
            .filter(|(msn, _)| skips(*msn))
            .map(|(_, it)| unseen(it))
            .sum();
        let segments = self.listed().filter(|(msn, _)| !skips(*msn));
        let listed = segments.clone().map(|(msn, booked)| {
            let bytes: u64 = booked.parts.iter().map(|part| part.size).sum();
            let duration = booked.closed.map_or(0, MediaDuration::as_nanos);
            let rate = (bytes as f64 * 8e6 / duration as f64).round() as u64;
            SegmentFact {
                sn: msn,
                cc: booked.cc - missed,
                uri: names.segment(Msn::new(msn)).to_string(),
                duration,
                date: booked.date.map(millis),
                gap: booked.parts.iter().any(|part| part.gap),
                map: Some(names.init(booked.init).to_string()),
                keys: keys_of(booked.keys),
                range: None,
                bit_rate: has_ranges.then(|| rate.max(1)),
            }
        });
        let open = self
            .segments
            .range(self.listed_from..)
            .filter(|(_, it)| it.closed.is_none());
        let holders = segments.chain(open.map(|(msn, it)| (*msn, it)));
        let parts = holders
            .filter(|(msn, _)| has_parts && *msn >= self.parts_from)
            .flat_map(|(msn, booked)| {
                let mut offset = 0;
                let printed: Vec<_> = view.segment_parts(Msn::new(msn)).collect();
                assert_eq!(printed.len(), booked.parts.len());
                let facts = booked.parts.iter().zip(printed).map(|(part, printed)| {
                    // To within what rounding may carry over.
                    let apart = printed
                        .duration
                        .as_nanos()
                        .abs_diff(part.duration.as_nanos());
                    assert!(apart <= 1_020_000, "{part:?} is {printed:?}");
                    assert_eq!(printed.media.is_none(), part.gap);
                    let ranged = has_ranges && part.size > 0;
                    let (uri, range) = if ranged {
                        let range = (offset, offset + part.size);
                        (names.segment(Msn::new(msn)).to_string(), Some(range))
                    } else {
                        (names.part(printed.position).to_string(), None)
                    };
                    offset += part.size;
                    PartFact {
                        sn: msn,
                        index: u64::from(printed.position.part.value()),
                        uri,
                        duration: printed.duration.as_nanos(),
                        independent: part.independent,
                        gap: part.gap,
                        range,
                    }
                });
                facts.collect::<Vec<_>>()
            });
        let dated = self.listed().any(|(_, segment)| segment.date.is_some());
        let hint = || {
            let newest = self.segments.last_key_value();
            let next = match newest {
                Some((msn, open)) if open.closed.is_none() => (*msn, open.parts.len()),
                Some((msn, _)) => (msn + 1, 0),
                None => (1, 0),
            };
            let bytes = match newest {
                Some((_, open)) if open.closed.is_none() => {
                    open.parts.iter().map(|it| it.size).sum()
                }
                _ => 0,
            };
            let place = Position::new(
                Msn::new(next.0),
                llhls_manifest::PartIndex::new(u32::try_from(next.1).expect("parts are few")),
            );
            if has_ranges {
                (
                    names.segment(place.msn).to_string(),
                    Some(bytes).filter(|bytes| *bytes > 0),
                )
            } else {
                (names.part(place).to_string(), None)
            }
        };
        let live = !self.ended;
        let newest = self.segments.last_key_value();
        Facts {
            target_duration: 2,
            media_sequence: self.listed_from,
            discontinuity_sequence,
            live,
            kind: (choice & 192 == 192).then(|| "EVENT".to_owned()),
            skipped,
            part_target: has_parts.then_some(500_000_000),
            control: Control {
                blocks: true,
                skip_until: nanos(control.can_skip_until),
                skips_date_ranges: choice & 32 == 0,
                hold_back: None,
                part_hold_back: has_parts.then_some(1_500_000_000),
            },
            segments: listed.collect(),
            parts: parts.collect(),
            hint: (live && has_parts).then(hint),
            map_hint: newest
                .filter(|(_, newest)| live && has_parts && newest.init != self.init)
                .map(|_| names.init(self.init).to_string()),
            reports: Vec::new(),
            date_ranges: self
                .ranges
                .iter()
                .filter(|_| dated)
                .map(|range| range.fact.clone())
                .collect(),
        }
    }
}

/// As it is printed: to the nearest millisecond.
pub(crate) fn millis(time: WallClock) -> i128 {
    i128::from((time.as_unix_nanos() + 500_000) / 1_000_000)
}
