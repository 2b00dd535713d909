//! One writer per tag. Each appends whole lines to the text and cannot fail.
//!
//! Attribute order within a tag is ours and fixed: the same stream gives the same bytes on every
//! machine.

use crate::decimal::{Decimal, write_integer, write_padded};
use crate::id::{DiscontinuitySequence, InitVersion, Msn, Position};
use crate::names::{ResourceName, ResourceNames};
use crate::part::{Availability, Independence};
use crate::segment::Part;
use crate::text::quoted;
use crate::time::WallClock;

/// `#EXTM3U`, the first line of every playlist (§4.4.1.1).
pub(crate) fn extm3u(out: &mut String) {
    out.push_str("#EXTM3U\n");
}

/// `#EXT-X-VERSION` (§4.4.1.2): the floor of what the body uses (§8).
pub(crate) fn version(out: &mut String, version: u8) {
    integer_tag(out, "#EXT-X-VERSION:", u64::from(version));
}

/// `#EXT-X-INDEPENDENT-SEGMENTS` (§4.4.2.1).
pub(crate) fn independent_segments(out: &mut String) {
    out.push_str("#EXT-X-INDEPENDENT-SEGMENTS\n");
}

/// `#EXT-X-TARGETDURATION` (§4.4.3.1).
pub(crate) fn target_duration(out: &mut String, secs: u32) {
    integer_tag(out, "#EXT-X-TARGETDURATION:", u64::from(secs));
}

/// `#EXT-X-SERVER-CONTROL` (§4.4.3.8). Never prints `=NO`: some players take presence for YES.
pub(crate) fn server_control(
    out: &mut String,
    skip_until: Option<Decimal>,
    skip_date_ranges: bool,
    hold_back: Option<Decimal>,
    part_hold_back: Option<Decimal>,
) {
    out.push_str("#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES");
    if let Some(skip_until) = skip_until {
        out.push_str(",CAN-SKIP-UNTIL=");
        skip_until.write(out);
        if skip_date_ranges {
            out.push_str(",CAN-SKIP-DATERANGES=YES");
        }
    }
    for (name, value) in [
        (",HOLD-BACK=", hold_back),
        (",PART-HOLD-BACK=", part_hold_back),
    ] {
        if let Some(value) = value {
            out.push_str(name);
            value.write(out);
        }
    }
    out.push('\n');
}

/// `#EXT-X-PART-INF` (§4.4.3.7).
pub(crate) fn part_inf(out: &mut String, part_target: Decimal) {
    out.push_str("#EXT-X-PART-INF:PART-TARGET=");
    part_target.write(out);
    out.push('\n');
}

/// `#EXT-X-MEDIA-SEQUENCE` (§4.4.3.2).
pub(crate) fn media_sequence(out: &mut String, first: Msn) {
    integer_tag(out, "#EXT-X-MEDIA-SEQUENCE:", first.value());
}

/// `#EXT-X-DISCONTINUITY-SEQUENCE` (§4.4.3.3): always there, so that clients can align
/// renditions from the first version on (MP-10).
pub(crate) fn discontinuity_sequence(out: &mut String, first: DiscontinuitySequence) {
    integer_tag(out, "#EXT-X-DISCONTINUITY-SEQUENCE:", first.value());
}

/// `#EXT-X-PLAYLIST-TYPE` (§4.4.3.5).
pub(crate) fn playlist_type(out: &mut String, name: &str) {
    out.push_str("#EXT-X-PLAYLIST-TYPE:");
    out.push_str(name);
    out.push('\n');
}

/// `#EXT-X-I-FRAMES-ONLY` (§4.4.3.6).
pub(crate) fn i_frames_only(out: &mut String) {
    out.push_str("#EXT-X-I-FRAMES-ONLY\n");
}

/// `#EXT-X-SKIP` (§4.4.5.2); with `removed`, date ranges are skipped too.
pub(crate) fn skip(out: &mut String, segments: u64, removed: Option<&str>) {
    out.push_str("#EXT-X-SKIP:SKIPPED-SEGMENTS=");
    write_integer(out, segments);
    if let Some(removed) = removed {
        quoted(out, "RECENTLY-REMOVED-DATERANGES", removed);
    }
    out.push('\n');
}

/// `#EXT-X-DISCONTINUITY` (§4.4.4.3).
pub(crate) fn discontinuity(out: &mut String) {
    out.push_str("#EXT-X-DISCONTINUITY\n");
}

/// `#EXT-X-MAP` (§4.4.4.5).
pub(crate) fn map(out: &mut String, names: &ResourceNames, version: InitVersion) {
    out.push_str("#EXT-X-MAP:URI=\"");
    names.write(out, ResourceName::Init(version));
    out.push_str("\"\n");
}

/// `#EXT-X-PROGRAM-DATE-TIME` (§4.4.4.6), UTC in milliseconds.
pub(crate) fn program_date_time(out: &mut String, time: WallClock) {
    out.push_str("#EXT-X-PROGRAM-DATE-TIME:");
    date_time(out, time);
    out.push('\n');
}

/// ISO 8601 in milliseconds.
pub(crate) fn date_time(out: &mut String, time: WallClock) {
    let civil = time.civil();
    write_padded(out, civil.year, 4);
    out.push('-');
    write_padded(out, civil.month, 2);
    out.push('-');
    write_padded(out, civil.day, 2);
    out.push('T');
    write_padded(out, civil.hour, 2);
    out.push(':');
    write_padded(out, civil.minute, 2);
    out.push(':');
    write_padded(out, civil.second, 2);
    out.push('.');
    write_padded(out, civil.milli, 3);
    out.push('Z');
}

/// A range of bytes within a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ByteRange {
    pub(crate) length: u64,
    pub(crate) offset: u64,
}

impl ByteRange {
    /// `n@o`; the offset is always printed (SEG-04, LL-14).
    fn write(self, out: &mut String) {
        write_integer(out, self.length);
        out.push('@');
        write_integer(out, self.offset);
    }
}

/// `#EXT-X-PART` (§4.4.4.9). With a range, the part is one of its segment.
pub(crate) fn part(
    out: &mut String,
    names: &ResourceNames,
    position: Position,
    part: &Part,
    range: Option<ByteRange>,
) {
    out.push_str("#EXT-X-PART:DURATION=");
    part.duration.write(out);
    out.push_str(",URI=\"");
    match range {
        None => names.write(out, ResourceName::Part(position)),
        Some(range) => {
            names.write(out, ResourceName::Segment(position.msn));
            out.push_str("\",BYTERANGE=\"");
            range.write(out);
        }
    }
    out.push('"');
    if part.independence == Independence::Independent {
        out.push_str(",INDEPENDENT=YES");
    }
    if part.availability == Availability::Gap {
        out.push_str(",GAP=YES");
    }
    out.push('\n');
}

/// `#EXT-X-BITRATE` (§4.4.4.8), in kbit/s.
pub(crate) fn bit_rate(out: &mut String, kilobits: u64) {
    integer_tag(out, "#EXT-X-BITRATE:", kilobits);
}

/// `#EXT-X-BYTERANGE` (§4.4.4.2).
pub(crate) fn byte_range(out: &mut String, range: ByteRange) {
    out.push_str("#EXT-X-BYTERANGE:");
    range.write(out);
    out.push('\n');
}

/// `#EXT-X-GAP` (§4.4.4.7).
pub(crate) fn gap(out: &mut String) {
    out.push_str("#EXT-X-GAP\n");
}

/// `#EXTINF` and the segment's URI line (§4.4.4.1).
pub(crate) fn segment(
    out: &mut String,
    names: &ResourceNames,
    msn: Msn,
    duration: Decimal,
    range: Option<ByteRange>,
) {
    out.push_str("#EXTINF:");
    duration.write(out);
    out.push_str(",\n");
    if let Some(range) = range {
        byte_range(out, range);
    }
    names.write(out, ResourceName::Segment(msn));
    out.push('\n');
}

/// `#EXT-X-PRELOAD-HINT:TYPE=MAP` (§4.4.5.3); printed ahead of the part's hint, because some
/// players keep only the last one (AMB-13).
pub(crate) fn preload_hint_map(out: &mut String, names: &ResourceNames, version: InitVersion) {
    out.push_str("#EXT-X-PRELOAD-HINT:TYPE=MAP,URI=\"");
    names.write(out, ResourceName::Init(version));
    out.push_str("\"\n");
}

/// `#EXT-X-PRELOAD-HINT:TYPE=PART` (§4.4.5.3). With a start, the part is the range of its
/// segment that begins there; how long it will be is not known, so that is not said (LL-23).
pub(crate) fn preload_hint_part(
    out: &mut String,
    names: &ResourceNames,
    position: Position,
    start: Option<u64>,
) {
    out.push_str("#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"");
    match start {
        None => names.write(out, ResourceName::Part(position)),
        Some(_) => names.write(out, ResourceName::Segment(position.msn)),
    }
    out.push('"');
    // An absent start means zero.
    if let Some(start) = start.filter(|start| *start > 0) {
        out.push_str(",BYTERANGE-START=");
        write_integer(out, start);
    }
    out.push('\n');
}

/// `#EXT-X-RENDITION-REPORT` (§4.4.5.4). Nothing is left out: players disagree on what an
/// omission means (AMB-14).
pub(crate) fn rendition_report(out: &mut String, uri: &str, last: Msn, part: Option<u32>) {
    out.push_str("#EXT-X-RENDITION-REPORT:URI=\"");
    out.push_str(uri);
    out.push_str("\",LAST-MSN=");
    write_integer(out, last.value());
    if let Some(part) = part {
        out.push_str(",LAST-PART=");
        write_integer(out, u64::from(part));
    }
    out.push('\n');
}

/// `#EXT-X-ENDLIST` (§4.4.3.4).
pub(crate) fn endlist(out: &mut String) {
    out.push_str("#EXT-X-ENDLIST\n");
}

fn integer_tag(out: &mut String, tag: &str, value: u64) {
    out.push_str(tag);
    write_integer(out, value);
    out.push('\n');
}
