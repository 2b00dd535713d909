//! What may change between two versions of a media playlist (§6.2.1, §6.2.2): the `[R]` rows.

use std::collections::BTreeMap;

use crate::media::{Media, Segment};
use crate::seconds::{Seconds, read_date};
use crate::violation::{Report, Violation};

/// Checks a full playlist against an earlier full version of it.
///
/// # Errors
/// Every rule the change breaks.
pub fn check_succession(old: &Media, new: &Media) -> Result<(), Vec<Violation>> {
    let mut report = Report::default();
    let report = &mut report;
    header(old, new, report);
    sequence(old, new, report);
    segments(old, new, report);
    open(old, new, report);
    hint(old, new, report);
    date_ranges(old, new, report);
    if report.violations.is_empty() {
        Ok(())
    } else {
        Err(core::mem::take(&mut report.violations))
    }
}

/// MP-04, MP-05, LL-02, LL-12, MP-11, MP-12, UP-15.
fn header(old: &Media, new: &Media, report: &mut Report) {
    let rule = if old.target_duration == new.target_duration {
        "LL-12"
    } else {
        "MP-04"
    };
    report.expect(old.fixed == new.fixed, rule, 0, || {
        format!("the header changed from {:?} to {:?}", old.fixed, new.fixed)
    });
    report.expect(!old.ended || old == new, "UP-15", 0, || {
        "an ended playlist changed".into()
    });
}

/// UP-03, UP-05, UP-06, MP-12, MP-13.
fn sequence(old: &Media, new: &Media, report: &mut Report) {
    let removed = new.media_sequence.checked_sub(old.media_sequence);
    let Some(removed) = removed else {
        report.add("UP-03", 0, "MEDIA-SEQUENCE fell");
        return;
    };
    let falls = new.discontinuity_sequence < old.discontinuity_sequence;
    report.expect(!falls, "UP-04", 0, || "DISCONTINUITY-SEQUENCE fell".into());
    let edge = |media: &Media| media.media_sequence + media.segments.len() as u64;
    report.expect(edge(new) >= edge(old), "UP-03", 0, || {
        "the edge went back".into()
    });
    if removed > 0 {
        let listed: u64 = new.segments.iter().map(|segment| segment.duration.0).sum();
        let least = Seconds::whole(3 * new.target_duration);
        report.expect(listed >= least.0, "UP-05", 0, || {
            format!("{} are left", Seconds(listed))
        });
        report.expect(new.playlist_type.is_none(), "MP-13", 0, || {
            "a typed list lost some".into()
        });
    }
}

/// UP-02, UP-03, UP-04, UP-06, SEG-08, SEG-14: what a segment is never changes.
fn segments(old: &Media, new: &Media, report: &mut Report) {
    for before in &old.segments {
        let Some(after) = new
            .segments
            .iter()
            .find(|segment| segment.msn == before.msn)
        else {
            report.expect(before.msn < new.media_sequence, "UP-06", 0, || {
                format!("segment {} vanished", before.msn)
            });
            continue;
        };
        same(before, after, report);
        let parts_hold = after.parts.is_empty() || same_parts(before, after, true);
        report.expect(parts_hold, "UP-02", 0, || {
            format!("the parts of {} changed", before.msn)
        });
    }
    // Parts leave oldest first.
    let oldest = |media: &Media| {
        media
            .segments
            .iter()
            .find(|s| !s.parts.is_empty())
            .map_or(media.open.msn, |s| s.msn)
    };
    report.expect(oldest(new) >= oldest(old), "UP-06", 0, || {
        "parts came back".into()
    });
}

fn same(before: &Segment, after: &Segment, report: &mut Report) {
    let msn = before.msn;
    let mut expect = |holds: bool, rule: &'static str, what: &str| {
        report.expect(holds, rule, 0, || {
            format!("{what} of segment {msn} changed")
        });
    };
    expect(before.uri == after.uri, "UP-03", "the URI");
    expect(before.duration == after.duration, "UP-02", "EXTINF");
    expect(
        before.dsn == after.dsn,
        "UP-04",
        "the discontinuity sequence",
    );
    expect(
        before.discontinuity == after.discontinuity,
        "UP-02",
        "DISCONTINUITY",
    );
    expect(before.gap == after.gap, "UP-02", "GAP");
    expect(
        before.byte_range == after.byte_range,
        "UP-02",
        "the byte range",
    );
    expect(before.map == after.map, "SEG-11", "the map");
    expect(before.keys == after.keys, "SEG-08", "the keys");
    expect(before.time == after.time, "SEG-14", "the date");
    expect(before.bitrate == after.bitrate, "UP-02", "the bit rate");
}

/// Whether `after` starts with the parts of `before`, or, if `whole`, has just those.
fn same_parts(before: &Segment, after: &Segment, whole: bool) -> bool {
    let count = before.parts.len();
    let fits = if whole {
        after.parts.len() == count
    } else {
        after.parts.len() >= count
    };
    fits && before
        .parts
        .iter()
        .zip(&after.parts)
        .all(|(before, after)| {
            (
                &before.uri,
                before.duration,
                before.independent,
                before.gap,
                before.byte_range,
            ) == (
                &after.uri,
                after.duration,
                after.independent,
                after.gap,
                after.byte_range,
            )
        })
}

/// UP-02 for the segment that was open: it only grows, and what preceded its parts stays.
fn open(old: &Media, new: &Media, report: &mut Report) {
    if old.open.parts.is_empty() {
        return;
    }
    let now = if new.open.msn == old.open.msn {
        Some(&new.open)
    } else {
        new.segments
            .iter()
            .find(|segment| segment.msn == old.open.msn)
    };
    let Some(now) = now else {
        report.expect(old.open.msn < new.media_sequence, "UP-06", 0, || {
            format!("the open segment {} vanished", old.open.msn)
        });
        return;
    };
    let grown = now.parts.is_empty() || same_parts(&old.open, now, false);
    report.expect(grown, "UP-02", 0, || {
        format!("parts of the open segment {} changed", now.msn)
    });
    let state = |s: &Segment| {
        (
            s.dsn,
            s.discontinuity,
            s.map.clone(),
            s.keys.clone(),
            s.time.clone(),
        )
    };
    report.expect(state(&old.open) == state(now), "LL-16", 0, || {
        format!("what precedes the open segment {} changed", now.msn)
    });
}

/// LL-22: the hinted part comes next, unless its segment closed without it.
fn hint(old: &Media, new: &Media, report: &mut Report) {
    let Some(hint) = old.hints.iter().find(|hint| hint.kind == "PART") else {
        return;
    };
    let now = if new.open.msn == old.open.msn {
        Some(&new.open)
    } else {
        new.segments
            .iter()
            .find(|segment| segment.msn == old.open.msn)
    };
    if let Some(part) = now.and_then(|now| now.parts.get(old.open.parts.len())) {
        let start = part.byte_range.and_then(|(_, offset)| offset);
        // A gap has no bytes that could be had under the hinted name.
        let kept = part.gap
            || part.uri == hint.uri && start.unwrap_or_default() == hint.start.unwrap_or_default();
        report.expect(kept, "LL-22", part.line, || {
            format!("{} was hinted, {} came", hint.uri, part.uri)
        });
    }
}

/// Everything that a playlist says about each date range.
fn known(media: &Media) -> BTreeMap<&str, BTreeMap<&str, &str>> {
    let mut known: BTreeMap<&str, BTreeMap<&str, &str>> = BTreeMap::new();
    for range in &media.date_ranges {
        let id = range
            .iter()
            .find(|(name, _)| name == "ID")
            .map_or("", |(_, id)| id.as_str());
        let attributes = known.entry(id).or_default();
        attributes.extend(
            range
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str())),
        );
    }
    known
}

/// SEG-18, SEG-20: no contradiction, and no removal while a listed segment is in the range.
fn date_ranges(old: &Media, new: &Media, report: &mut Report) {
    let (before, after) = (known(old), known(new));
    let first = new
        .segments
        .first()
        .and_then(|segment| read_date(segment.time.as_deref()?));
    for (id, attributes) in &before {
        if let Some(now) = after.get(id) {
            for (name, value) in attributes {
                report.expect(now.get(name) == Some(value), "SEG-18", 0, || {
                    format!("{name} of {id} changed")
                });
            }
            continue;
        }
        let date = |name: &str| {
            attributes
                .get(name)
                .and_then(|v| read_date(v.trim_matches('"')))
        };
        let start = date("START-DATE");
        let by_duration = || {
            let duration = attributes.get("DURATION").and_then(|v| Seconds::read(v))?;
            Some(start? + i128::from(duration.0))
        };
        // Ends on the next one of its class.
        let by_next = || {
            attributes.get("END-ON-NEXT")?;
            let same = before
                .values()
                .filter(|other| other.get("CLASS") == attributes.get("CLASS"));
            let starts =
                same.filter_map(|other| read_date(other.get("START-DATE")?.trim_matches('"')));
            starts.filter(|other| Some(*other) > start).min()
        };
        let end = date("END-DATE").or_else(by_duration).or_else(by_next);
        let left = end.zip(first).is_some_and(|(end, first)| end <= first);
        report.expect(left, "SEG-20", 0, || format!("{id} was removed too early"));
    }
}
