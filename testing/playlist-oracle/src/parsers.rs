//! Other people's parsers, held against ours.

use core::fmt::Debug;

use m3u8_rs::Playlist;
use quick_m3u8::config::ParsingOptionsBuilder;
use quick_m3u8::tag::KnownTag;
use quick_m3u8::tag::hls::Tag;
use quick_m3u8::{HlsLine, Reader};

use crate::media::{Media, Part};
use crate::seconds::Seconds;
use crate::violation::Report;

const PARSER: &str = "parser";

/// Everything both parsers know about a media playlist.
pub(crate) fn compare_media(media: &Media, body: &str, report: &mut Report) {
    compare_m3u8_rs(media, body, report);
    compare_quick_m3u8(media, body, report);
}

fn compare_m3u8_rs(media: &Media, body: &str, report: &mut Report) {
    let playlist = match m3u8_rs::parse_playlist_res(body.as_bytes()) {
        Ok(Playlist::MediaPlaylist(playlist)) => playlist,
        Ok(Playlist::MasterPlaylist(_)) => {
            return report.add(PARSER, 0, "m3u8-rs takes it for a multivariant playlist");
        }
        Err(error) => return report.add(PARSER, 0, format!("m3u8-rs: {error}")),
    };
    let same = &mut Comparison {
        report,
        parser: "m3u8-rs",
    };
    same.check(
        "the version",
        playlist.version.map(|v| v as u64),
        media.version,
    );
    same.check(
        "TARGETDURATION",
        playlist.target_duration,
        media.target_duration,
    );
    same.check(
        "MEDIA-SEQUENCE",
        playlist.media_sequence,
        media.media_sequence,
    );
    let theirs = playlist.discontinuity_sequence;
    same.check(
        "DISCONTINUITY-SEQUENCE",
        theirs,
        media.discontinuity_sequence,
    );
    same.check("ENDLIST", playlist.end_list, media.ended);
    // It makes a segment of whatever trails the last URI.
    let theirs: Vec<_> = playlist
        .segments
        .iter()
        .filter(|s| !s.uri.is_empty())
        .collect();
    same.check("the number of segments", theirs.len(), media.segments.len());
    for (theirs, ours) in theirs.into_iter().zip(&media.segments) {
        same.check("a URI", theirs.uri.as_str(), ours.uri.as_str());
        let close = (f64::from(theirs.duration) - ours.duration.as_f64()).abs() < 1e-3;
        same.check("an EXTINF, closely", close, true);
        same.check("a DISCONTINUITY", theirs.discontinuity, ours.discontinuity);
        let time = theirs.program_date_time.map(|time| time.timestamp_millis());
        let our_time = ours.time.as_deref().and_then(crate::seconds::read_date);
        same.check(
            "a date",
            time,
            our_time.map(|time| (time / 1_000_000) as i64),
        );
    }
}

/// Says so when two readers disagree.
struct Comparison<'r> {
    report: &'r mut Report,
    parser: &'static str,
}

impl Comparison<'_> {
    #[allow(clippy::needless_pass_by_value)] // Most are numbers, and calls read better so.
    fn check<T: PartialEq + Debug>(&mut self, what: &str, theirs: T, ours: T) {
        if theirs != ours {
            let found = format!("{} reads {what} as {theirs:?}, we as {ours:?}", self.parser);
            self.report.add(PARSER, 0, found);
        }
    }
}

fn compare_quick_m3u8(media: &Media, body: &str, report: &mut Report) {
    let options = ParsingOptionsBuilder::new()
        .with_parsing_for_all_tags()
        .build();
    let mut reader = Reader::from_str(body, options);
    let mut theirs = Theirs::default();
    loop {
        match reader.read_line() {
            Ok(None) => break,
            Ok(Some(line)) => theirs.take(line, report),
            Err(error) => report.add(PARSER, 0, format!("quick-m3u8: {error:?}")),
        }
    }
    let same = &mut Comparison {
        report,
        parser: "quick-m3u8",
    };
    let seconds = |value: Option<Seconds>| value.map(Seconds::as_f64);
    let control = |name: &str| media.control_seconds(name).map(Seconds::as_f64);
    same.check("TARGETDURATION", theirs.target, media.target_duration);
    same.check(
        "MEDIA-SEQUENCE",
        theirs.media_sequence,
        media.media_sequence,
    );
    same.check("SKIP", theirs.skipped, media.skipped);
    same.check(
        "PART-TARGET",
        theirs.part_target,
        seconds(media.part_target),
    );
    let (until, back, part_back, block) = theirs.control;
    same.check("CAN-SKIP-UNTIL", until, control("CAN-SKIP-UNTIL"));
    same.check("HOLD-BACK", back, control("HOLD-BACK"));
    same.check("PART-HOLD-BACK", part_back, control("PART-HOLD-BACK"));
    same.check(
        "CAN-BLOCK-RELOAD",
        block,
        media.control("CAN-BLOCK-RELOAD") == Some("YES"),
    );
    same.check("ENDLIST", theirs.ended, media.ended);

    let ours: Vec<_> = media
        .segments
        .iter()
        .map(|s| (s.uri.clone(), s.duration.as_f64()))
        .collect();
    same.check("the segments", theirs.segments, ours);
    let described = |part: &Part| {
        (
            part.uri.clone(),
            part.duration.as_f64(),
            part.independent,
            part.gap,
            part.byte_range,
        )
    };
    let ours: Vec<_> = media.parts().map(described).collect();
    same.check("the parts", theirs.parts, ours);
    let ours: Vec<_> = media
        .hints
        .iter()
        .map(|h| {
            (
                h.kind.clone(),
                h.uri.clone(),
                h.start.unwrap_or_default(),
                h.length,
            )
        })
        .collect();
    same.check("the hints", theirs.hints, ours);
    same.check("the reports", theirs.reports, media.reports.clone());
    let ids = |range: &Vec<(String, String)>| {
        range
            .iter()
            .find(|(name, _)| name == "ID")
            .map(|(_, id)| id.trim_matches('"').to_owned())
    };
    let ours: Vec<_> = media.date_ranges.iter().filter_map(ids).collect();
    same.check("the date ranges", theirs.date_ranges, ours);
}

type TheirPart = (String, f64, bool, bool, Option<(u64, Option<u64>)>);

#[derive(Default)]
struct Theirs {
    target: u64,
    media_sequence: u64,
    skipped: u64,
    part_target: Option<f64>,
    control: (Option<f64>, Option<f64>, Option<f64>, bool),
    segments: Vec<(String, f64)>,
    duration: f64,
    parts: Vec<TheirPart>,
    hints: Vec<(String, String, u64, Option<u64>)>,
    reports: Vec<(String, u64, Option<u64>)>,
    date_ranges: Vec<String>,
    ended: bool,
}

impl Theirs {
    fn take(&mut self, line: HlsLine<'_>, report: &mut Report) {
        match line {
            HlsLine::Uri(uri) => self.segments.push((uri.into_owned(), self.duration)),
            HlsLine::UnknownTag(tag) => {
                report.add(
                    PARSER,
                    0,
                    format!("quick-m3u8 cannot read #EXT{}", tag.name()),
                );
            }
            HlsLine::KnownTag(KnownTag::Hls(tag)) => self.tag(&tag),
            HlsLine::KnownTag(_) | HlsLine::Comment(_) | HlsLine::Blank => {}
        }
    }

    fn tag(&mut self, tag: &Tag<'_>) {
        match tag {
            Tag::Targetduration(tag) => self.target = tag.target_duration(),
            Tag::MediaSequence(tag) => self.media_sequence = tag.media_sequence(),
            Tag::Skip(tag) => self.skipped = tag.skipped_segments(),
            Tag::PartInf(tag) => self.part_target = Some(tag.part_target()),
            Tag::ServerControl(tag) => {
                self.control = (
                    tag.can_skip_until(),
                    tag.hold_back(),
                    tag.part_hold_back(),
                    tag.can_block_reload(),
                );
            }
            Tag::Inf(tag) => self.duration = tag.duration(),
            Tag::Part(tag) => self.parts.push((
                tag.uri().to_owned(),
                tag.duration(),
                tag.independent(),
                tag.gap(),
                tag.byterange().map(|range| (range.length, range.offset)),
            )),
            Tag::PreloadHint(tag) => self.hints.push((
                tag.hint_type().to_string(),
                tag.uri().to_owned(),
                tag.byterange_start(),
                tag.byterange_length(),
            )),
            Tag::RenditionReport(tag) => {
                self.reports
                    .push((tag.uri().to_owned(), tag.last_msn(), tag.last_part()));
            }
            Tag::Daterange(tag) => self.date_ranges.push(tag.id().to_owned()),
            Tag::Endlist(_) => self.ended = true,
            _ => {}
        }
    }
}

/// Counts and URIs that both parsers read from a multivariant playlist.
pub(crate) fn compare_multivariant(variants: &[String], body: &str, report: &mut Report) {
    match m3u8_rs::parse_playlist_res(body.as_bytes()) {
        Ok(Playlist::MasterPlaylist(playlist)) => {
            let theirs: Vec<_> = playlist
                .variants
                .iter()
                .filter(|variant| !variant.is_i_frame)
                .map(|variant| variant.uri.clone())
                .collect();
            report.expect(theirs == variants, PARSER, 0, || {
                format!("m3u8-rs reads the variants {theirs:?}, we {variants:?}")
            });
        }
        Ok(Playlist::MediaPlaylist(_)) => {
            report.add(PARSER, 0, "m3u8-rs takes it for a media playlist");
        }
        Err(error) => report.add(PARSER, 0, format!("m3u8-rs: {error}")),
    }
    let options = ParsingOptionsBuilder::new()
        .with_parsing_for_all_tags()
        .build();
    let mut reader = Reader::from_str(body, options);
    let mut uris = Vec::new();
    loop {
        match reader.read_line() {
            Ok(None) => break,
            Ok(Some(HlsLine::Uri(uri))) => uris.push(uri.into_owned()),
            Ok(Some(HlsLine::UnknownTag(tag))) => {
                report.add(
                    PARSER,
                    0,
                    format!("quick-m3u8 cannot read #EXT{}", tag.name()),
                );
            }
            Ok(Some(_)) => {}
            Err(error) => report.add(PARSER, 0, format!("quick-m3u8: {error:?}")),
        }
    }
    report.expect(uris == variants, PARSER, 0, || {
        format!("quick-m3u8 reads the variants {uris:?}, we {variants:?}")
    });
}
