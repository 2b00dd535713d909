//! Other people's parsers, held against ours.

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
    let mut same = |what: &str, theirs: String, ours: String| {
        report.expect(theirs == ours, PARSER, 0, || {
            format!("m3u8-rs reads {what} as {theirs}, we as {ours}")
        });
    };
    let version = |version: Option<u64>| format!("{version:?}");
    same(
        "the version",
        version(playlist.version.map(|v| v as u64)),
        version(media.version),
    );
    same(
        "TARGETDURATION",
        playlist.target_duration.to_string(),
        media.target_duration.to_string(),
    );
    same(
        "MEDIA-SEQUENCE",
        playlist.media_sequence.to_string(),
        media.media_sequence.to_string(),
    );
    same(
        "DISCONTINUITY-SEQUENCE",
        playlist.discontinuity_sequence.to_string(),
        media.discontinuity_sequence.to_string(),
    );
    same(
        "ENDLIST",
        playlist.end_list.to_string(),
        media.ended.to_string(),
    );
    // It makes a segment of whatever trails the last URI.
    let theirs: Vec<_> = playlist
        .segments
        .iter()
        .filter(|s| !s.uri.is_empty())
        .collect();
    same(
        "the segments",
        theirs.len().to_string(),
        media.segments.len().to_string(),
    );
    for (theirs, ours) in theirs.into_iter().zip(&media.segments) {
        same("a URI", theirs.uri.clone(), ours.uri.clone());
        let close = (f64::from(theirs.duration) - ours.duration.as_f64()).abs() < 1e-3;
        same("an EXTINF is close", close.to_string(), "true".into());
        same(
            "a DISCONTINUITY",
            theirs.discontinuity.to_string(),
            ours.discontinuity.to_string(),
        );
        let time = theirs.program_date_time.map(|t| t.timestamp_millis());
        let our_time = ours.time.as_deref().and_then(crate::seconds::read_date);
        let our_time = our_time.map(|t| (t / 1_000_000) as i64);
        same("a date", format!("{time:?}"), format!("{our_time:?}"));
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
    let mut same = |what: &str, theirs: String, ours: String| {
        report.expect(theirs == ours, PARSER, 0, || {
            format!("quick-m3u8 reads {what} as {theirs}, we as {ours}")
        });
    };
    let number = |value: Option<f64>| format!("{value:?}");
    let seconds = |value: Option<Seconds>| number(value.map(Seconds::as_f64));
    same(
        "TARGETDURATION",
        theirs.target.to_string(),
        media.target_duration.to_string(),
    );
    same(
        "MEDIA-SEQUENCE",
        theirs.media_sequence.to_string(),
        media.media_sequence.to_string(),
    );
    same(
        "SKIP",
        theirs.skipped.to_string(),
        media.skipped.to_string(),
    );
    same(
        "PART-TARGET",
        number(theirs.part_target),
        seconds(media.part_target),
    );
    let (until, back, part_back, block) = theirs.control;
    same(
        "CAN-SKIP-UNTIL",
        number(until),
        seconds(media.control_seconds("CAN-SKIP-UNTIL")),
    );
    same(
        "HOLD-BACK",
        number(back),
        seconds(media.control_seconds("HOLD-BACK")),
    );
    same(
        "PART-HOLD-BACK",
        number(part_back),
        seconds(media.control_seconds("PART-HOLD-BACK")),
    );
    let blocks = media.control("CAN-BLOCK-RELOAD") == Some("YES");
    same("CAN-BLOCK-RELOAD", block.to_string(), blocks.to_string());
    same("ENDLIST", theirs.ended.to_string(), media.ended.to_string());

    let ours: Vec<_> = media
        .segments
        .iter()
        .map(|s| (s.uri.clone(), s.duration.as_f64()))
        .collect();
    same(
        "the segments",
        format!("{:?}", theirs.segments),
        format!("{ours:?}"),
    );
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
    same(
        "the parts",
        format!("{:?}", theirs.parts),
        format!("{ours:?}"),
    );
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
    same(
        "the hints",
        format!("{:?}", theirs.hints),
        format!("{ours:?}"),
    );
    same(
        "the reports",
        format!("{:?}", theirs.reports),
        format!("{:?}", media.reports),
    );
    let ids = |range: &Vec<(String, String)>| {
        range
            .iter()
            .find(|(name, _)| name == "ID")
            .map(|(_, id)| id.trim_matches('"').to_owned())
    };
    let ours: Vec<_> = media.date_ranges.iter().filter_map(ids).collect();
    same(
        "the date ranges",
        format!("{:?}", theirs.date_ranges),
        format!("{ours:?}"),
    );
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
