//! What a media playlist says: as the oracle read it, or as its publisher's books have it. And as
//! JSON, for readers in other languages.

use core::fmt::Write;

use playlist_oracle::{Attributes, Media, Segment, read_date};

/// Durations are nanoseconds, dates milliseconds since 1970, ranges the first byte and the one
/// after the last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) target_duration: u64,
    pub(crate) media_sequence: u64,
    pub(crate) discontinuity_sequence: u64,
    pub(crate) live: bool,
    pub(crate) kind: Option<String>,
    pub(crate) skipped: u64,
    pub(crate) part_target: Option<u64>,
    pub(crate) control: Control,
    pub(crate) segments: Vec<SegmentFact>,
    pub(crate) parts: Vec<PartFact>,
    /// The URI of the hinted part, and where it starts in it.
    pub(crate) hint: Option<(String, Option<u64>)>,
    pub(crate) map_hint: Option<String>,
    /// URI, LAST-MSN, LAST-PART.
    pub(crate) reports: Vec<(String, u64, Option<u64>)>,
    /// In the order in which their IDs came.
    pub(crate) date_ranges: Vec<RangeFact>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Control {
    pub(crate) blocks: bool,
    pub(crate) skip_until: Option<u64>,
    pub(crate) skips_date_ranges: bool,
    pub(crate) hold_back: Option<u64>,
    pub(crate) part_hold_back: Option<u64>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SegmentFact {
    pub(crate) sn: u64,
    pub(crate) cc: u64,
    pub(crate) uri: String,
    pub(crate) duration: u64,
    pub(crate) date: Option<i128>,
    pub(crate) gap: bool,
    pub(crate) map: Option<String>,
    /// Format, method and URI of each key in effect.
    pub(crate) keys: Vec<[String; 3]>,
    pub(crate) range: Option<(u64, u64)>,
    pub(crate) bit_rate: Option<u64>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PartFact {
    pub(crate) sn: u64,
    pub(crate) index: u64,
    pub(crate) uri: String,
    pub(crate) duration: u64,
    pub(crate) independent: bool,
    pub(crate) gap: bool,
    pub(crate) range: Option<(u64, u64)>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RangeFact {
    pub(crate) id: String,
    pub(crate) start: Option<i128>,
    pub(crate) duration: Option<u64>,
    pub(crate) planned: Option<u64>,
    pub(crate) class: Option<String>,
    pub(crate) ends_on_next: bool,
    pub(crate) scte35_out: Option<String>,
}

impl Facts {
    /// What the oracle read.
    pub(crate) fn read(media: &Media) -> Self {
        let seconds = |name: &str| media.control_seconds(name).map(|seconds| seconds.0);
        let hint = |kind: &str| media.hints.iter().find(|hint| hint.kind == kind);
        let holders = media.segments.iter().chain([&media.open]);
        Self {
            target_duration: media.target_duration,
            media_sequence: media.media_sequence,
            discontinuity_sequence: media.discontinuity_sequence,
            live: !media.ended,
            kind: media.playlist_type.clone(),
            skipped: media.skipped,
            part_target: media.part_target.map(|target| target.0),
            control: Control {
                blocks: media.control("CAN-BLOCK-RELOAD").is_some(),
                skip_until: seconds("CAN-SKIP-UNTIL"),
                skips_date_ranges: media.control("CAN-SKIP-DATERANGES").is_some(),
                hold_back: seconds("HOLD-BACK"),
                part_hold_back: seconds("PART-HOLD-BACK"),
            },
            segments: media.segments.iter().map(segment).collect(),
            parts: holders.flat_map(parts).collect(),
            hint: hint("PART").map(|hint| (hint.uri.clone(), hint.start)),
            map_hint: hint("MAP").map(|hint| hint.uri.clone()),
            reports: media.reports.clone(),
            date_ranges: date_ranges(media),
        }
    }

    /// In the order and under the names of `testing/playlist-oracle/hls-js`.
    pub(crate) fn json(&self) -> String {
        let mut out = String::from("{\n");
        let mut field = |name: &str, value: String| {
            let _ = writeln!(out, "  \"{name}\": {value},");
        };
        field("targetDuration", self.target_duration.to_string());
        field("mediaSequence", self.media_sequence.to_string());
        field(
            "discontinuitySequence",
            self.discontinuity_sequence.to_string(),
        );
        field("live", self.live.to_string());
        field("type", or_null(self.kind.as_deref().map(quote)));
        field("skipped", self.skipped.to_string());
        field("partTarget", or_null(self.part_target.map(seconds)));
        field("blocks", self.control.blocks.to_string());
        field(
            "canSkipUntil",
            or_null(self.control.skip_until.map(seconds)),
        );
        field(
            "canSkipDateRanges",
            self.control.skips_date_ranges.to_string(),
        );
        field("holdBack", or_null(self.control.hold_back.map(seconds)));
        field(
            "partHoldBack",
            or_null(self.control.part_hold_back.map(seconds)),
        );
        field("segments", list(&self.segments, SegmentFact::json));
        field("parts", list(&self.parts, PartFact::json));
        let hint = |(uri, start): &(String, Option<u64>)| {
            format!(
                "{{ \"uri\": {}, \"start\": {} }}",
                quote(uri),
                or_null(*start)
            )
        };
        field("hint", or_null(self.hint.as_ref().map(hint)));
        field("mapHint", or_null(self.map_hint.as_deref().map(quote)));
        field(
            "reports",
            list(&self.reports, |(uri, msn, part)| {
                let part = or_null(*part);
                format!(
                    "{{ \"uri\": {}, \"msn\": {msn}, \"part\": {part} }}",
                    quote(uri)
                )
            }),
        );
        let ranges = list(&self.date_ranges, RangeFact::json);
        let _ = writeln!(out, "  \"dateRanges\": {ranges}\n}}");
        out
    }
}

/// Names the first line in which two sets of facts differ, rather than print both.
pub(crate) fn assert_same(printed: &Facts, expected: &Facts, body: &str) {
    if printed != expected {
        let (printed, expected) = (printed.json(), expected.json());
        let lines = printed.lines().zip(expected.lines());
        let first = lines
            .into_iter()
            .find(|(printed, expected)| printed != expected);
        panic!("printed and expected differ in {first:#?}\n{body}");
    }
}

impl SegmentFact {
    fn json(&self) -> String {
        let keys: Vec<String> = self
            .keys
            .iter()
            .map(|[format, method, uri]| {
                format!("[{}, {}, {}]", quote(format), quote(method), quote(uri))
            })
            .collect();
        format!(
            "{{ \"sn\": {}, \"cc\": {}, \"uri\": {}, \"duration\": {}, \"date\": {}, \"gap\": {}, \
             \"map\": {}, \"keys\": [{}], \"range\": {}, \"bitRate\": {} }}",
            self.sn,
            self.cc,
            quote(&self.uri),
            seconds(self.duration),
            or_null(self.date),
            self.gap,
            or_null(self.map.as_deref().map(quote)),
            keys.join(", "),
            or_null(self.range.map(|(from, to)| format!("[{from}, {to}]"))),
            or_null(self.bit_rate),
        )
    }
}

impl PartFact {
    fn json(&self) -> String {
        format!(
            "{{ \"sn\": {}, \"index\": {}, \"uri\": {}, \"duration\": {}, \"independent\": {}, \
             \"gap\": {}, \"range\": {} }}",
            self.sn,
            self.index,
            quote(&self.uri),
            seconds(self.duration),
            self.independent,
            self.gap,
            or_null(self.range.map(|(from, to)| format!("[{from}, {to}]"))),
        )
    }
}

impl RangeFact {
    fn json(&self) -> String {
        format!(
            "{{ \"id\": {}, \"start\": {}, \"duration\": {}, \"planned\": {}, \"class\": {}, \
             \"endOnNext\": {}, \"out\": {} }}",
            quote(&self.id),
            or_null(self.start),
            or_null(self.duration.map(seconds)),
            or_null(self.planned.map(seconds)),
            or_null(self.class.as_deref().map(quote)),
            self.ends_on_next,
            or_null(self.scte35_out.as_deref().map(quote)),
        )
    }
}

fn segment(segment: &Segment) -> SegmentFact {
    let mut keys: Vec<_> = segment
        .keys
        .iter()
        .filter_map(|key| self::key(key))
        .collect();
    keys.sort();
    let date = segment.time.as_deref().and_then(read_date);
    SegmentFact {
        sn: segment.msn,
        cc: segment.dsn,
        uri: segment.uri.clone(),
        duration: segment.duration.0,
        date: date.map(|date| date / 1_000_000),
        gap: segment.gap,
        map: segment.map.as_deref().and_then(|map| attribute(map, "URI")),
        keys,
        range: range(segment.byte_range),
        bit_rate: segment
            .bitrate
            .as_deref()
            .and_then(|rate| rate.parse().ok()),
    }
}

fn parts(segment: &Segment) -> impl Iterator<Item = PartFact> + '_ {
    let parts = segment.parts.iter().zip(0..);
    parts.map(|(part, index)| PartFact {
        sn: segment.msn,
        index,
        uri: part.uri.clone(),
        duration: part.duration.0,
        independent: part.independent,
        gap: part.gap,
        range: range(part.byte_range),
    })
}

fn range(range: Option<(u64, Option<u64>)>) -> Option<(u64, u64)> {
    let (length, offset) = range?;
    Some((offset?, offset? + length))
}

fn key(key: &str) -> Option<[String; 3]> {
    let method = attribute(key, "METHOD").filter(|method| method != "NONE")?;
    let format = attribute(key, "KEYFORMAT").unwrap_or_else(|| "identity".to_owned());
    Some([format, method, attribute(key, "URI").unwrap_or_default()])
}

/// An attribute's value without its quotes.
fn attribute(list: &str, name: &str) -> Option<String> {
    let attributes = Attributes::parse(list);
    attributes
        .raw(name)
        .map(|value| value.trim_matches('"').to_owned())
}

fn date_ranges(media: &Media) -> Vec<RangeFact> {
    let mut ranges: Vec<RangeFact> = Vec::new();
    for tag in &media.date_ranges {
        let get = |name: &str| tag.iter().find(|(other, _)| other == name);
        let text = |name: &str| get(name).map(|(_, value)| value.trim_matches('"').to_owned());
        let nanos = |name: &str| {
            let seconds: f64 = text(name)?.parse().ok()?;
            Some((seconds * 1e9).round() as u64)
        };
        let id = text("ID").unwrap_or_default();
        let known = ranges.iter().position(|range| range.id == id);
        let index = known.unwrap_or_else(|| {
            ranges.push(RangeFact {
                id,
                ..RangeFact::default()
            });
            ranges.len() - 1
        });
        let range = &mut ranges[index];
        let start = text("START-DATE").and_then(|date| read_date(&date));
        range.start = range.start.or_else(|| Some(start? / 1_000_000));
        range.duration = range.duration.or_else(|| nanos("DURATION"));
        range.planned = range.planned.or_else(|| nanos("PLANNED-DURATION"));
        range.class = range.class.take().or_else(|| text("CLASS"));
        range.ends_on_next |= get("END-ON-NEXT").is_some();
        range.scte35_out = range.scte35_out.take().or_else(|| text("SCTE35-OUT"));
    }
    ranges
}

/// A number that reads back as the same double as the printed decimals do.
fn seconds(nanos: u64) -> String {
    (nanos as f64 / 1e9).to_string()
}

/// A JSON string.
pub(crate) fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

pub(crate) fn or_null<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "null".to_owned(), |value| value.to_string())
}

pub(crate) fn list<T>(items: &[T], write: impl Fn(&T) -> String) -> String {
    if items.is_empty() {
        return "[]".to_owned();
    }
    let lines: Vec<String> = items
        .iter()
        .map(|item| format!("    {}", write(item)))
        .collect();
    format!("[\n{}\n  ]", lines.join(",\n"))
}
