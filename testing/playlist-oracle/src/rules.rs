//! Rules about one media playlist as a whole.

use crate::date_ranges;
use crate::media::{Media, Segment};
use crate::seconds::{Seconds, read_date};
use crate::variables;
use crate::violation::Report;

pub(crate) fn check(media: &Media, body: &str, report: &mut Report) {
    durations(media, report);
    versions(media, body, report);
    control(media, report);
    parts(media, report);
    byte_ranges(media, report);
    state(media, report);
    keys(media, report);
    hints_and_reports(media, report);
    date_ranges::check(media, report);
    variables::start(media, body, report);
    variables::definitions(body, report);
}

/// MP-02, MP-03, MP-07, MP-10.
fn durations(media: &Media, report: &mut Report) {
    report.expect(media.target_duration >= 1, "MP-02", 0, || {
        "no TARGETDURATION".into()
    });
    for segment in &media.segments {
        report.expect(
            segment.duration.rounded() <= media.target_duration,
            "MP-03",
            0,
            || format!("segment {} lasts {}", segment.msn, segment.duration),
        );
    }
}

/// PL-16, PL-17, PL-18: the declared version is the floor of what is used (§8).
fn versions(media: &Media, body: &str, report: &mut Report) {
    let used = |needle: &str| body.lines().any(|line| line.contains(needle));
    let tag = |needle: &str| body.lines().any(|line| line.starts_with(needle));
    let fractions = body
        .lines()
        .filter_map(|line| line.strip_prefix("#EXTINF:"));
    let mut floor = 1;
    let mut raise = |condition: bool, version: u64| {
        if condition {
            floor = floor.max(version);
        }
    };
    raise(
        body.lines()
            .any(|l| l.starts_with("#EXT-X-KEY:") && l.contains(",IV=")),
        2,
    );
    raise(fractions.clone().any(|value| value.contains('.')), 3);
    raise(tag("#EXT-X-BYTERANGE:") || media.i_frames_only, 4);
    raise(
        tag("#EXT-X-KEY:") && (used("METHOD=SAMPLE-AES") || used("KEYFORMAT")),
        5,
    );
    raise(tag("#EXT-X-MAP:"), if media.i_frames_only { 5 } else { 6 });
    raise(tag("#EXT-X-DEFINE:"), 8);
    raise(tag("#EXT-X-SKIP:"), 9);
    raise(media.removed_date_ranges.is_some(), 10);
    raise(
        body.lines()
            .any(|l| l.starts_with("#EXT-X-DEFINE:") && l.contains("QUERYPARAM=")),
        11,
    );
    let declared = media.version.unwrap_or(1);
    report.expect(declared >= floor, "PL-17", 0, || {
        format!("version {declared}, uses {floor}")
    });
    report.expect(declared <= floor, "PL-18", 0, || {
        format!("version {declared}, uses {floor}")
    });
    for removed in ["#EXT-X-ALLOW-CACHE", "PROGRAM-ID="] {
        report.expect(!used(removed), "PL-26", 0, || removed.to_owned());
    }
}

/// LL-05 to LL-10, on printed decimals.
fn control(media: &Media, report: &mut Report) {
    let target = Seconds::whole(media.target_duration);
    let times = |seconds: Seconds, factor: u64| Seconds(seconds.0 * factor);
    if let Some(until) = media.control_seconds("CAN-SKIP-UNTIL") {
        report.expect(until >= times(target, 6), "LL-05", 0, || {
            format!("CAN-SKIP-UNTIL={until}")
        });
    }
    if media.control("CAN-SKIP-DATERANGES").is_some() {
        let both = media.control("CAN-SKIP-UNTIL").is_some();
        report.expect(both, "LL-06", 0, || "CAN-SKIP-DATERANGES alone".into());
    }
    if let Some(back) = media.control_seconds("HOLD-BACK") {
        report.expect(back >= times(target, 3), "LL-07", 0, || {
            format!("HOLD-BACK={back}")
        });
    }
    if let Some(part_target) = media.part_target {
        let back = media.control_seconds("PART-HOLD-BACK");
        report.expect(back.is_some(), "LL-08", 0, || "no PART-HOLD-BACK".into());
        if let Some(back) = back {
            report.expect(back >= times(part_target, 2), "LL-08", 0, || {
                format!("{back}")
            });
            report.expect(back >= times(part_target, 3), "LL-09", 0, || {
                format!("{back}")
            });
        }
    }
    if media.skipped > 0 {
        let offered = media.control("CAN-SKIP-UNTIL").is_some();
        report.expect(offered && !media.ended, "SRV-31", 0, || {
            "a delta nobody offered".into()
        });
    }
}

/// LL-01, LL-03, LL-04, LL-15, LL-19, LL-30, LL-35.
fn parts(media: &Media, report: &mut Report) {
    let any = media.parts().next().is_some();
    let Some(target) = media.part_target else {
        report.expect(!any, "LL-01", 0, || "parts without EXT-X-PART-INF".into());
        return;
    };
    for part in media.parts() {
        report.expect(part.duration <= target, "LL-03", part.line, || {
            format!("{} exceeds the target {target}", part.duration)
        });
    }
    for segment in media.segments.iter().chain([&media.open]) {
        for pair in segment.parts.windows(2) {
            let exempt = pair[0].independent || pair[0].gap || pair[1].gap;
            let long = pair[0].duration.0 * 100 >= target.0 * 85;
            report.expect(exempt || long, "LL-04", pair[0].line, || {
                format!("{} is under 85 % of {target}", pair[0].duration)
            });
        }
    }
    for segment in media
        .segments
        .iter()
        .filter(|segment| !segment.parts.is_empty())
    {
        let sum: u64 = segment.parts.iter().map(|part| part.duration.0).sum();
        let allowed = (segment.parts.len() as u64 + 1) * 10_000;
        report.expect(
            sum.abs_diff(segment.duration.0) <= allowed,
            "LL-19",
            0,
            || {
                format!(
                    "segment {}: parts {}, EXTINF {}",
                    segment.msn,
                    Seconds(sum),
                    segment.duration
                )
            },
        );
        let gap = segment.parts.iter().any(|part| part.gap);
        report.expect(!gap || segment.gap, "AMB-17", 0, || {
            format!("segment {} has a gap part and is none", segment.msn)
        });
    }
    // Parts are removed oldest first (UP-06): none after a complete segment without any.
    let first = media
        .segments
        .iter()
        .position(|segment| !segment.parts.is_empty());
    if let Some(first) = first {
        let hole = media.segments[first..]
            .iter()
            .find(|segment| segment.parts.is_empty());
        report.expect(hole.is_none(), "UP-06", 0, || {
            "a segment without parts among others".into()
        });
    }
    if media.ended {
        report.expect(media.open.parts.is_empty(), "LL-35", 0, || {
            "parts left open".into()
        });
    }
    oldest_parts(media, report);
}

/// UP-09: no part ends further than three target durations from the end of the playlist.
fn oldest_parts(media: &Media, report: &mut Report) {
    let limit = Seconds::whole(media.target_duration * 3).0;
    let mut behind: u64 = media.open.parts.iter().map(|part| part.duration.0).sum();
    for segment in media.segments.iter().rev() {
        if !segment.parts.is_empty() {
            report.expect(behind <= limit, "UP-09", 0, || {
                format!(
                    "parts of {} end {} before the edge",
                    segment.msn,
                    Seconds(behind)
                )
            });
        }
        behind += segment.duration.0;
    }
}

/// LL-14: explicit offsets, contiguous within the parent.
fn byte_ranges(media: &Media, report: &mut Report) {
    for segment in media.segments.iter().chain([&media.open]) {
        let mut expected: Option<(&str, u64)> = None;
        for part in &segment.parts {
            let Some((length, offset)) = part.byte_range else {
                expected = None;
                continue;
            };
            let Some(offset) = offset else {
                report.add("LL-14", part.line, "a byte range without its offset");
                continue;
            };
            if let Some((uri, next)) = expected
                && uri == part.uri
            {
                report.expect(next == offset, "LL-14", part.line, || {
                    format!("{offset}, not {next}")
                });
            }
            expected = Some((&part.uri, offset + length));
        }
        if let (Some((uri, end)), Some((length, Some(start)))) = (expected, segment.byte_range)
            && uri == segment.uri
        {
            report.expect(end == start + length, "LL-17", 0, || {
                format!("segment {}", segment.msn)
            });
        }
    }
}

/// SEG-11, SEG-13, SEG-14, SRV-39: what must be in effect at each segment.
fn state(media: &Media, report: &mut Report) {
    let fragmented = |uri: &str| {
        let path = uri.split(['?', '#']).next().unwrap_or_default();
        [".m4s", ".mp4", ".m4v", ".m4a", ".cmfv", ".cmfa"]
            .iter()
            .any(|e| path.ends_with(e))
    };
    let mut previous: Option<(&Segment, i128)> = None;
    let open = (!media.open.parts.is_empty()).then_some(&media.open);
    for segment in media.segments.iter().chain(open) {
        report.expect(
            !fragmented(&segment.uri) || segment.map.is_some(),
            "SEG-11",
            0,
            || format!("segment {} has no EXT-X-MAP in effect", segment.msn),
        );
        let time = segment.time.as_deref().and_then(read_date);
        if let (Some((before, start)), Some(time)) = (previous, time)
            && before.dsn == segment.dsn
        {
            let gap = time - start - i128::from(before.duration.0);
            report.expect(gap > -1_000_000_000, "SEG-14", 0, || {
                format!(
                    "segment {} overlaps its predecessor by a second",
                    segment.msn
                )
            });
        }
        previous = time.map(|time| (segment, time));
    }
    let dated = media.segments.iter().any(|segment| segment.time.is_some());
    if let Some(part) = media.open.parts.first() {
        let mapped = !fragmented(&part.uri) || media.open.map.is_some();
        report.expect(mapped, "SEG-11", part.line, || {
            "an open segment without a map".into()
        });
        report.expect(
            !dated || media.open.time.is_some(),
            "LL-16",
            part.line,
            || "the open segment's date is missing".into(),
        );
    }
}

/// SEG-07, SEG-10.
fn keys(media: &Media, report: &mut Report) {
    let mut scratch = Report::default();
    for segment in media.segments.iter().chain([&media.open]) {
        for key in &segment.keys {
            let key = crate::line::Attributes::read(key, 0, &mut scratch);
            let method = key.raw("METHOD");
            report.expect(method.is_some(), "SEG-07", 0, || {
                "a key without METHOD".into()
            });
            let alone = key.iter().count() == 1;
            let holds = match method {
                Some("NONE") => alone,
                Some("AES-256-GCM" | "SAMPLE-AES-CTR") => {
                    key.raw("URI").is_some() && key.raw("IV").is_none()
                }
                _ => key.raw("URI").is_some(),
            };
            report.expect(holds, "SEG-07", 0, || format!("{key:?}"));
            let long = key.raw("IV").is_some_and(|iv| iv.len() > 34);
            report.expect(!long, "SEG-07", 0, || format!("{key:?}"));
            if method == Some("AES-128") && segment.map.is_some() {
                let holds = key.raw("IV").is_some();
                report.expect(holds, "SEG-10", 0, || format!("segment {}", segment.msn));
            }
        }
    }
}

/// LL-20, LL-23, LL-24, LL-25, LL-27, AMB-13.
fn hints_and_reports(media: &Media, report: &mut Report) {
    let parts = media
        .hints
        .iter()
        .filter(|hint| hint.kind == "PART")
        .count();
    if media.ended {
        report.expect(media.hints.is_empty(), "LL-24", 0, || {
            "a hint in an ended playlist".into()
        });
    } else if media.part_target.is_some() {
        let listed = media.parts().next().is_some();
        report.expect(parts == 1 || (parts == 0 && !listed), "LL-20", 0, || {
            format!("{parts} hints for a part")
        });
        let last = media.hints.last().is_none_or(|hint| hint.kind == "PART");
        report.expect(last, "AMB-13", 0, || {
            "the last hint is not for a part".into()
        });
    }
    if let Some(hint) = media.hints.iter().find(|hint| hint.kind == "PART") {
        let listed = media.parts().any(|part| {
            let start = part
                .byte_range
                .map_or(0, |(_, offset)| offset.unwrap_or_default());
            part.uri == hint.uri
                && (part.byte_range.is_none() || start == hint.start.unwrap_or_default())
        });
        report.expect(!listed, "LL-20", 0, || {
            format!("{} is listed already", hint.uri)
        });
        let end = media
            .open
            .parts
            .iter()
            .rev()
            .find(|part| part.uri == hint.uri);
        if let Some((length, Some(offset))) = end.and_then(|part| part.byte_range) {
            let start = hint.start.unwrap_or_default();
            report.expect(start == offset + length, "LL-23", 0, || {
                format!("starts at {start}")
            });
        }
    }
    for (uri, _, _) in &media.reports {
        let relative = !uri.contains("://") && !uri.starts_with("//");
        report.expect(relative, "LL-25", 0, || format!("a report for {uri}"));
        let once = media
            .reports
            .iter()
            .filter(|(other, ..)| other == uri)
            .count()
            == 1;
        report.expect(once, "LL-28", 0, || format!("two reports for {uri}"));
    }
}
