//! What a media playlist says about each segment.

use crate::reader::Reader;
use crate::seconds::Seconds;
use crate::violation::Report;

/// What a media playlist says. Only what was printed: nothing is filled in, except that state
/// (map, keys, discontinuities) is carried from line to line as a client does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Media {
    /// `EXT-X-VERSION`.
    pub version: Option<u64>,
    /// `EXT-X-INDEPENDENT-SEGMENTS` is there.
    pub independent_segments: bool,
    /// `EXT-X-TARGETDURATION`.
    pub target_duration: u64,
    /// The header lines that must never change, as written.
    pub fixed: Vec<String>,
    /// `EXT-X-MEDIA-SEQUENCE`.
    pub media_sequence: u64,
    /// `EXT-X-DISCONTINUITY-SEQUENCE`.
    pub discontinuity_sequence: u64,
    /// `PART-TARGET`.
    pub part_target: Option<Seconds>,
    /// The attributes of `EXT-X-SERVER-CONTROL`.
    pub server_control: Vec<(String, String)>,
    /// `EXT-X-PLAYLIST-TYPE`.
    pub playlist_type: Option<String>,
    /// `EXT-X-I-FRAMES-ONLY` is there.
    pub i_frames_only: bool,
    /// `SKIPPED-SEGMENTS`; 0 without an `EXT-X-SKIP`.
    pub skipped: u64,
    /// `RECENTLY-REMOVED-DATERANGES`, split.
    pub removed_date_ranges: Option<Vec<String>>,
    /// Complete segments.
    pub segments: Vec<Segment>,
    /// Parts after the last complete segment, with what precedes them.
    pub open: Segment,
    /// `EXT-X-DATERANGE` attributes, in order.
    pub date_ranges: Vec<Vec<(String, String)>>,
    /// Type and URI of each hint, with its byte range.
    pub hints: Vec<Hint>,
    /// Rendition reports: URI, LAST-MSN, LAST-PART.
    pub reports: Vec<(String, u64, Option<u64>)>,
    /// `EXT-X-ENDLIST` is there.
    pub ended: bool,
}

/// A segment, with the state in effect for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Segment {
    /// Its Media Sequence Number.
    pub msn: u64,
    /// Its Discontinuity Sequence Number.
    pub dsn: u64,
    /// Its URI line; empty for the open one.
    pub uri: String,
    /// EXTINF; zero for the open one.
    pub duration: Seconds,
    /// Its own `EXT-X-DISCONTINUITY`.
    pub discontinuity: bool,
    /// `EXT-X-GAP`.
    pub gap: bool,
    /// `EXT-X-BYTERANGE`.
    pub byte_range: Option<(u64, Option<u64>)>,
    /// The value of the `EXT-X-MAP` in effect.
    pub map: Option<String>,
    /// The values of the `EXT-X-KEY` tags in effect.
    pub keys: Vec<String>,
    /// Its own `EXT-X-PROGRAM-DATE-TIME`.
    pub time: Option<String>,
    /// `EXT-X-BITRATE` in effect.
    pub bitrate: Option<String>,
    /// Its parts.
    pub parts: Vec<Part>,
}

/// A Partial Segment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Its URI.
    pub uri: String,
    /// Its duration.
    pub duration: Seconds,
    /// `INDEPENDENT=YES`.
    pub independent: bool,
    /// `GAP=YES`.
    pub gap: bool,
    /// Its `BYTERANGE`.
    pub byte_range: Option<(u64, Option<u64>)>,
    /// Its line, from 1.
    pub line: usize,
}

/// A preload hint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hint {
    /// `PART` or `MAP`.
    pub kind: String,
    /// Its URI.
    pub uri: String,
    /// `BYTERANGE-START`.
    pub start: Option<u64>,
    /// `BYTERANGE-LENGTH`.
    pub length: Option<u64>,
}

impl Media {
    /// The value of an attribute of `EXT-X-SERVER-CONTROL`.
    #[must_use]
    pub fn control(&self, name: &str) -> Option<&str> {
        self.server_control
            .iter()
            .find(|(other, _)| other == name)
            .map(|(_, v)| v.as_str())
    }

    /// The same, as seconds.
    #[must_use]
    pub fn control_seconds(&self, name: &str) -> Option<Seconds> {
        Seconds::read(self.control(name)?)
    }

    /// Every part of every segment.
    pub fn parts(&self) -> impl Iterator<Item = &Part> {
        self.segments
            .iter()
            .chain([&self.open])
            .flat_map(|segment| &segment.parts)
    }

    /// Reads a body; rules about one line at a time are checked on the way.
    pub(crate) fn read(body: &str, report: &mut Report) -> Self {
        Reader::new(report).read(body)
    }
}
