//! The types of attributes (PL-09) and the families of tags (PL-07).

use crate::line::Attributes;
use crate::seconds::{Seconds, read_date};
use crate::violation::Report;

/// The value types of §4.2.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Quoted,
    QuotedMaybeEmpty,
    Date,
    Enumerated(&'static [&'static str]),
    Integer,
    Float,
    SignedFloat,
    Hex,
    Resolution,
    /// `n@o`, quoted, the offset required.
    MapRange,
    /// `n[@o]`, quoted.
    Range,
    Any,
}

const YES: Kind = Kind::Enumerated(&["YES"]);
const YES_NO: Kind = Kind::Enumerated(&["YES", "NO"]);

/// The families that must not be mixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    Basic,
    Either,
    Media,
    Segment,
    Metadata,
    Multivariant,
    Unknown,
}

pub(crate) fn family(tag: &str) -> Family {
    match tag {
        "#EXTM3U" | "#EXT-X-VERSION" => Family::Basic,
        "#EXT-X-INDEPENDENT-SEGMENTS" | "#EXT-X-START" | "#EXT-X-DEFINE" => Family::Either,
        "#EXT-X-TARGETDURATION"
        | "#EXT-X-MEDIA-SEQUENCE"
        | "#EXT-X-DISCONTINUITY-SEQUENCE"
        | "#EXT-X-ENDLIST"
        | "#EXT-X-PLAYLIST-TYPE"
        | "#EXT-X-I-FRAMES-ONLY"
        | "#EXT-X-PART-INF"
        | "#EXT-X-SERVER-CONTROL" => Family::Media,
        "#EXTINF"
        | "#EXT-X-BYTERANGE"
        | "#EXT-X-DISCONTINUITY"
        | "#EXT-X-KEY"
        | "#EXT-X-MAP"
        | "#EXT-X-PROGRAM-DATE-TIME"
        | "#EXT-X-GAP"
        | "#EXT-X-BITRATE"
        | "#EXT-X-PART" => Family::Segment,
        "#EXT-X-DATERANGE" | "#EXT-X-SKIP" | "#EXT-X-PRELOAD-HINT" | "#EXT-X-RENDITION-REPORT" => {
            Family::Metadata
        }
        "#EXT-X-MEDIA"
        | "#EXT-X-STREAM-INF"
        | "#EXT-X-I-FRAME-STREAM-INF"
        | "#EXT-X-SESSION-DATA"
        | "#EXT-X-SESSION-KEY"
        | "#EXT-X-CONTENT-STEERING" => Family::Multivariant,
        _ => Family::Unknown,
    }
}

fn kind(tag: &str, attribute: &str) -> Option<Kind> {
    use Kind::{
        Any, Date, Enumerated, Float, Hex, Integer, MapRange, Quoted, QuotedMaybeEmpty, Range,
        Resolution, SignedFloat,
    };
    Some(match (tag, attribute) {
        ("#EXT-X-START", "TIME-OFFSET") => SignedFloat,
        ("#EXT-X-START", "PRECISE") => YES_NO,
        ("#EXT-X-DEFINE", "NAME" | "IMPORT" | "QUERYPARAM") => Quoted,
        ("#EXT-X-DEFINE", "VALUE") => QuotedMaybeEmpty,
        ("#EXT-X-PART-INF", "PART-TARGET") => Float,
        ("#EXT-X-SERVER-CONTROL", "CAN-SKIP-UNTIL" | "HOLD-BACK" | "PART-HOLD-BACK") => Float,
        ("#EXT-X-SERVER-CONTROL", "CAN-SKIP-DATERANGES" | "CAN-BLOCK-RELOAD") => YES,
        ("#EXT-X-KEY" | "#EXT-X-SESSION-KEY", "METHOD") => Enumerated(&[
            "NONE",
            "AES-128",
            "AES-256-GCM",
            "SAMPLE-AES",
            "SAMPLE-AES-CTR",
        ]),
        ("#EXT-X-KEY" | "#EXT-X-SESSION-KEY", "URI" | "KEYFORMAT" | "KEYFORMATVERSIONS") => Quoted,
        ("#EXT-X-KEY" | "#EXT-X-SESSION-KEY", "IV") => Hex,
        ("#EXT-X-MAP", "URI") => Quoted,
        ("#EXT-X-MAP", "BYTERANGE") => MapRange,
        ("#EXT-X-PART", "URI") => Quoted,
        ("#EXT-X-PART", "DURATION") => Float,
        ("#EXT-X-PART", "INDEPENDENT" | "GAP") => YES,
        ("#EXT-X-PART", "BYTERANGE") => Range,
        ("#EXT-X-PRELOAD-HINT", "TYPE") => Enumerated(&["PART", "MAP"]),
        ("#EXT-X-PRELOAD-HINT", "URI") => Quoted,
        ("#EXT-X-PRELOAD-HINT", "BYTERANGE-START" | "BYTERANGE-LENGTH") => Integer,
        ("#EXT-X-RENDITION-REPORT", "URI") => Quoted,
        ("#EXT-X-RENDITION-REPORT", "LAST-MSN" | "LAST-PART") => Integer,
        ("#EXT-X-SKIP", "SKIPPED-SEGMENTS") => Integer,
        ("#EXT-X-SKIP", "RECENTLY-REMOVED-DATERANGES") => QuotedMaybeEmpty,
        ("#EXT-X-DATERANGE", "ID" | "CLASS") => Quoted,
        ("#EXT-X-DATERANGE", "CUE") => Quoted,
        ("#EXT-X-DATERANGE", "START-DATE" | "END-DATE") => Date,
        ("#EXT-X-DATERANGE", "DURATION" | "PLANNED-DURATION") => Float,
        ("#EXT-X-DATERANGE", "END-ON-NEXT") => YES,
        ("#EXT-X-DATERANGE", "SCTE35-CMD" | "SCTE35-OUT" | "SCTE35-IN") => Hex,
        ("#EXT-X-STREAM-INF" | "#EXT-X-I-FRAME-STREAM-INF", name) => match name {
            "BANDWIDTH" | "AVERAGE-BANDWIDTH" => Integer,
            "SCORE" | "FRAME-RATE" => Float,
            "CODECS"
            | "SUPPLEMENTAL-CODECS"
            | "ALLOWED-CPC"
            | "STABLE-VARIANT-ID"
            | "AUDIO"
            | "VIDEO"
            | "SUBTITLES"
            | "PATHWAY-ID"
            | "URI"
            | "REQ-VIDEO-LAYOUT" => Quoted,
            "RESOLUTION" => Resolution,
            "HDCP-LEVEL" => Enumerated(&["TYPE-0", "TYPE-1", "NONE"]),
            "VIDEO-RANGE" => Enumerated(&["SDR", "HLG", "PQ"]),
            // A quoted group or the enumerated NONE; looked at by its own rule.
            "CLOSED-CAPTIONS" => Any,
            _ => return None,
        },
        ("#EXT-X-MEDIA", name) => match name {
            "TYPE" => Enumerated(&["AUDIO", "VIDEO", "SUBTITLES", "CLOSED-CAPTIONS"]),
            "URI"
            | "GROUP-ID"
            | "LANGUAGE"
            | "ASSOC-LANGUAGE"
            | "NAME"
            | "STABLE-RENDITION-ID"
            | "INSTREAM-ID"
            | "CHARACTERISTICS"
            | "CHANNELS" => Quoted,
            "DEFAULT" | "AUTOSELECT" | "FORCED" => YES_NO,
            "BIT-DEPTH" | "SAMPLE-RATE" => Integer,
            _ => return None,
        },
        ("#EXT-X-SESSION-DATA", "DATA-ID" | "VALUE" | "URI" | "LANGUAGE") => Quoted,
        ("#EXT-X-SESSION-DATA", "FORMAT") => Enumerated(&["JSON", "RAW"]),
        ("#EXT-X-CONTENT-STEERING", "SERVER-URI" | "PATHWAY-ID") => Quoted,
        _ => return None,
    })
}

/// Checks every attribute of a tag against its type: PL-09, PL-10, PL-11, PL-13.
pub(crate) fn check(tag: &str, attributes: &Attributes<'_>, line: usize, report: &mut Report) {
    for (name, value) in attributes.iter() {
        // §4.2 and D.2: client-defined attributes say their type by their form.
        if name.starts_with("X-") {
            continue;
        }
        match kind(tag, name) {
            None => report.add("PL-25", line, format!("{tag} has no attribute {name}")),
            Some(kind) => {
                let (rule, holds) = holds(kind, value);
                report.expect(holds, rule, line, || format!("{tag} has {name}={value}"));
            }
        }
    }
}

fn holds(kind: Kind, value: &str) -> (&'static str, bool) {
    let inner = value.strip_prefix('"').and_then(|v| v.strip_suffix('"'));
    match kind {
        Kind::Quoted => ("PL-09", inner.is_some_and(|v| !v.is_empty())),
        Kind::QuotedMaybeEmpty => ("PL-09", inner.is_some()),
        Kind::Date => ("SEG-17", inner.is_some_and(|v| read_date(v).is_some())),
        Kind::Enumerated(values) => ("PL-09", values.contains(&value)),
        Kind::Integer => ("PL-11", is_integer(value)),
        Kind::Float => ("PL-10", Seconds::read(value).is_some()),
        Kind::SignedFloat => (
            "PL-10",
            Seconds::read(value.strip_prefix('-').unwrap_or(value)).is_some(),
        ),
        Kind::Hex => {
            let digits = value
                .strip_prefix("0x")
                .or_else(|| value.strip_prefix("0X"));
            let legal = |c: u8| matches!(c, b'0'..=b'9' | b'A'..=b'F');
            (
                "PL-09",
                digits.is_some_and(|d| !d.is_empty() && d.bytes().all(legal)),
            )
        }
        Kind::Resolution => {
            let both = value.split_once('x');
            (
                "PL-09",
                both.is_some_and(|(w, h)| is_integer(w) && is_integer(h)),
            )
        }
        Kind::MapRange => (
            "SEG-11",
            inner
                .and_then(read_range)
                .is_some_and(|(_, offset)| offset.is_some()),
        ),
        Kind::Range => ("LL-14", inner.and_then(read_range).is_some()),
        Kind::Any => ("PL-09", true),
    }
}

pub(crate) fn is_integer(text: &str) -> bool {
    (1..=20).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_digit())
        && text.parse::<u64>().is_ok()
}

/// Reads `n[@o]`.
pub(crate) fn read_range(text: &str) -> Option<(u64, Option<u64>)> {
    match text.split_once('@') {
        Some((length, offset)) if is_integer(length) && is_integer(offset) => {
            Some((length.parse().ok()?, Some(offset.parse().ok()?)))
        }
        None if is_integer(text) => Some((text.parse().ok()?, None)),
        _ => None,
    }
}
