//! Four ways in which clients merge a delta update into what they had; all must end up with what
//! the full playlist says (SRV-40). Shared with the fuzz target `delta`.

use std::collections::{BTreeSet, VecDeque};

use llhls_manifest::{Form, PlaylistView, Skip};
use playlist_oracle::{Media, Segment, assert_media_playlist, read_media};

use crate::facts::{Facts, assert_same};
use crate::history::{Depth, text};
use crate::ops::{Operation, World};

/// Applies the operations; now and then merges the delta into older versions.
pub(crate) fn every_delta_merges(choice: u8, bytes: &[u8], depth: Depth) {
    // Windows long enough, and an offer to skip, or there would be no delta to look at.
    let mut world = World::new((choice & !32) | 7);
    let mut older = VecDeque::new();
    let operations: Vec<Operation> = Operation::decode_all(bytes).collect();
    let (steps, read): (_, fn(&str) -> Media) = match depth {
        Depth::Every => (operations.len(), assert_media_playlist),
        // What is merged was judged by the target `rolling`.
        Depth::Last => (operations.len(), read_media),
    };
    for (step, operation) in operations.iter().enumerate() {
        let _ = world.apply(*operation);
        let view = world.manifest.view();
        let (checks, keeps) = match depth {
            Depth::Every => (step % 3 == 0, step % 4 == 0),
            Depth::Last => (
                step + 1 == steps,
                step == steps / 2 || step == steps / 4 * 3,
            ),
        };
        if checks {
            check_delta(&view, older.make_contiguous(), read);
            let body = text(&view, Form::Delta(Skip::Yes));
            let printed = Facts::read(&read_media(&body));
            let expected = world.delta_facts().unwrap_or_else(|| world.facts());
            assert_same(&printed, &expected, &body);
        }
        if keeps {
            let body = text(&view, Form::Full);
            let media = read(&body);
            older.push_back((body, media));
        }
        if older.len() > 6 {
            older.pop_front();
        }
    }
}

/// What a client must know about a segment. Parts of skipped segments are not part of it: they
/// may have left the playlist meanwhile.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Known {
    msn: u64,
    dsn: u64,
    uri: String,
    duration: u64,
    gap: bool,
    map: Option<String>,
    keys: Vec<String>,
    time: Option<String>,
}

fn known(segment: &Segment) -> Known {
    Known {
        msn: segment.msn,
        dsn: segment.dsn,
        uri: segment.uri.clone(),
        duration: segment.duration.0,
        gap: segment.gap,
        map: segment.map.clone(),
        keys: segment.keys.clone(),
        time: segment.time.clone(),
    }
}

#[derive(Clone, Copy, Debug)]
enum Client {
    /// Takes the old text of the skipped segments, with the state in effect before it.
    Textual,
    /// Takes old segments by number; maps are carried over, discontinuities repaired.
    ByNumber,
    /// Carries all state from the last skipped segment into the delta.
    Carrying,
    /// Believes nothing but what the delta says about its own segments.
    Forgetful,
}

const CLIENTS: [Client; 4] = [
    Client::Textual,
    Client::ByNumber,
    Client::Carrying,
    Client::Forgetful,
];

/// `None` when the old playlist does not reach the skipped segments: the client asks for the
/// full playlist then (AMB-29).
fn merge(client: Client, old: &Media, delta: &Media) -> Option<Vec<Known>> {
    let first = delta.media_sequence;
    let kept = first + delta.skipped;
    let skipped: Vec<&Segment> = old
        .segments
        .iter()
        .filter(|s| (first..kept).contains(&s.msn))
        .collect();
    if skipped.len() as u64 != delta.skipped {
        return None;
    }
    let mut merged: Vec<Known> = skipped.iter().map(|segment| known(segment)).collect();
    // The delta's reader starts at DISCONTINUITY-SEQUENCE and has not seen the skipped tags.
    let unseen = skipped
        .iter()
        .filter(|segment| segment.discontinuity)
        .count() as u64;
    for segment in &delta.segments {
        let mut segment = known(segment);
        segment.dsn += unseen;
        let last = skipped.last();
        match client {
            Client::Forgetful => {}
            Client::ByNumber | Client::Textual => {
                segment.map = segment
                    .map
                    .or_else(|| last.and_then(|last| last.map.clone()));
            }
            Client::Carrying => {
                let last = last.expect("a delta skips something");
                segment.map = segment.map.or_else(|| last.map.clone());
                if segment.keys.is_empty() {
                    segment.keys.clone_from(&last.keys);
                }
            }
        }
        merged.push(segment);
    }
    Some(merged)
}

/// The textual client, for real: old lines in the place of EXT-X-SKIP, then read anew.
fn merge_text(old_text: &str, old: &Media, delta_text: &str, delta: &Media) -> Option<String> {
    let first = delta.media_sequence;
    let kept = first + delta.skipped;
    let reaches = old
        .segments
        .iter()
        .filter(|s| (first..kept).contains(&s.msn))
        .count() as u64;
    if reaches != delta.skipped {
        return None;
    }
    let state = old.segments.iter().find(|segment| segment.msn == first)?;
    let mut lines = String::new();
    let mut msn = old.media_sequence;
    let mut pending = String::new();
    let body = old_text.lines().skip_while(|line| !is_segment_line(line));
    for line in body {
        if line.starts_with("#EXT-X-PART:") {
            // Long past; a client prunes them by itself.
            continue;
        }
        pending += line;
        pending.push('\n');
        if !line.starts_with('#') {
            if msn == first && !pending.contains("#EXT-X-MAP:") {
                for key in &state.keys {
                    lines += &format!("#EXT-X-KEY:{key}\n");
                }
                if let Some(map) = &state.map {
                    lines += &format!("#EXT-X-MAP:{map}\n");
                }
            }
            if (first..kept).contains(&msn) {
                lines += &pending;
            }
            pending.clear();
            msn += 1;
        }
    }
    let mut merged = String::new();
    for line in delta_text.lines() {
        if line.starts_with("#EXT-X-SKIP:") {
            merged += &lines;
        } else {
            merged += line;
            merged.push('\n');
        }
    }
    Some(
        merged
            .replacen("#EXT-X-VERSION:10\n", "#EXT-X-VERSION:6\n", 1)
            .replacen("#EXT-X-VERSION:9\n", "#EXT-X-VERSION:6\n", 1),
    )
}

fn is_segment_line(line: &str) -> bool {
    [
        "#EXTINF",
        "#EXT-X-PART:",
        "#EXT-X-MAP",
        "#EXT-X-KEY",
        "#EXT-X-PROGRAM",
        "#EXT-X-DISCONTINUITY\n",
        "#EXT-X-GAP",
        "#EXT-X-BITRATE",
        "#EXT-X-BYTERANGE",
    ]
    .iter()
    .any(|tag| line.starts_with(tag))
        || line == "#EXT-X-DISCONTINUITY"
}

pub(crate) fn version(view: &PlaylistView) -> (String, Media) {
    let text = text(view, Form::Full);
    let media = assert_media_playlist(&text);
    (text, media)
}

/// Holds every rule about one delta, and merges it into every older version that reaches it.
pub(crate) fn check_delta(view: &PlaylistView, older: &[(String, Media)], read: fn(&str) -> Media) {
    let full_text = text(view, Form::Full);
    let full = assert_media_playlist(&full_text);
    let delta_text = text(view, Form::Delta(Skip::Yes));
    let delta = assert_media_playlist(&delta_text);
    assert_eq!(view.has_delta(), delta.skipped > 0);
    if delta.skipped == 0 {
        assert_eq!(delta_text, full_text, "AMB-07");
        return;
    }
    // SRV-32, SRV-33.
    let until = delta
        .control_seconds("CAN-SKIP-UNTIL")
        .expect("a delta is offered")
        .0;
    let behind = |index: usize| -> u64 {
        full.segments[index + 1..]
            .iter()
            .map(|segment| segment.duration.0)
            .sum()
    };
    let skipped = usize::try_from(delta.skipped).unwrap();
    assert!(behind(skipped - 1) > until, "skipped too much");
    assert!(behind(skipped) <= until, "skipped too little");
    assert_eq!(delta.media_sequence, full.media_sequence);
    assert_eq!(delta.discontinuity_sequence, full.discontinuity_sequence);
    // SRV-35: everything else is there, in order.
    let mut lines = delta_text.lines();
    let kept = full_text.lines().skip_while(|line| !is_segment_line(line));
    let first_kept = &full.segments[skipped].uri;
    let mut after_skip = kept.skip_while(|line| *line != first_kept.as_str());
    assert!(
        after_skip.all(|line| lines.any(|other| other == line)),
        "SRV-35"
    );
    let parts = |media: &Media| {
        media
            .parts()
            .map(|part| (part.uri.clone(), part.duration))
            .collect::<Vec<_>>()
    };
    let tail = parts(&full);
    assert!(
        tail.ends_with(&parts(&delta)) && delta.open.parts.is_empty() == full.open.parts.is_empty()
    );
    assert_eq!(
        (&delta.open.map, &delta.open.time),
        (&full.open.map, &full.open.time)
    );
    assert_eq!((&delta.hints, &delta.reports), (&full.hints, &full.reports));

    check_second_kind(view, &full, &delta, older);
    let expected: Vec<Known> = full.segments.iter().map(known).collect();
    for (old_text, old) in older {
        for client in CLIENTS {
            if let Some(merged) = merge(client, old, &delta) {
                assert_eq!(merged, expected, "{client:?}\n{old_text}\n{delta_text}");
            }
        }
        if let Some(merged) = merge_text(old_text, old, &delta_text, &delta) {
            let media = read(&merged);
            let merged: Vec<Known> = media.segments.iter().map(known).collect();
            assert_eq!(merged, expected, "text\n{old_text}\n{delta_text}");
        }
    }
}

fn ids(media: &Media) -> BTreeSet<String> {
    let id = |range: &Vec<(String, String)>| {
        range
            .iter()
            .find(|(name, _)| name == "ID")
            .map(|(_, id)| id.trim_matches('"').to_owned())
    };
    media.date_ranges.iter().filter_map(id).collect()
}

/// SRV-38: what a client knows of date ranges after a delta of the second kind.
fn check_second_kind(view: &PlaylistView, full: &Media, first: &Media, older: &[(String, Media)]) {
    let v2 = assert_media_playlist(&text(view, Form::Delta(Skip::V2)));
    assert_eq!(ids(first), ids(full), "SRV-35: YES keeps every date range");
    assert_eq!(
        v2.segments.iter().map(known).collect::<Vec<_>>(),
        first.segments.iter().map(known).collect::<Vec<_>>()
    );
    let Some(removed) = &v2.removed_date_ranges else {
        assert_eq!(ids(&v2), ids(full), "AMB-08");
        return;
    };
    let new = ids(&v2);
    assert!(new.is_subset(&ids(full)));
    let removed: BTreeSet<String> = removed.iter().cloned().collect();
    for (_, old) in older {
        // A client may merge for half of CAN-SKIP-UNTIL; it has the newest part of the old
        // playlist then.
        let edge = |media: &Media| {
            let dated = media
                .segments
                .last()
                .and_then(|s| playlist_oracle::read_date(s.time.as_deref()?));
            dated.map(|date| date + i128::from(media.segments.last().map_or(0, |s| s.duration.0)))
        };
        let until = v2
            .control_seconds("CAN-SKIP-UNTIL")
            .map_or(0, |until| until.0);
        let Some(age) = edge(full).zip(edge(old)).map(|(new, old)| new - old) else {
            continue;
        };
        if age * 2 > i128::from(until) || old.media_sequence > full.media_sequence {
            continue;
        }
        let merged: BTreeSet<String> = ids(old)
            .union(&new)
            .filter(|id| !removed.contains(*id))
            .cloned()
            .collect();
        assert_eq!(merged, ids(full), "SRV-38");
    }
}
