//! Four ways in which clients merge a delta update into what they had; all must end up with what
//! the full playlist says (SRV-40).

use llhls_manifest::{Form, InitVersion, PlaylistView, Skip, SkipUntil};
use playlist_oracle::{Media, Segment, assert_media_playlist};
use proptest::prelude::*;

use crate::ops::{Operation, World};
use crate::support::{Feed, body, config, delta, judged, render};

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
    let text = body(view);
    let media = assert_media_playlist(&text);
    (text, media)
}

/// Holds every rule about one delta, and merges it into every older version that reaches it.
pub(crate) fn check_delta(view: &PlaylistView, older: &[(String, Media)]) {
    let full_text = body(view);
    let full = assert_media_playlist(&full_text);
    let delta_text = delta(view);
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

    let expected: Vec<Known> = full.segments.iter().map(known).collect();
    for (old_text, old) in older {
        for client in CLIENTS {
            if let Some(merged) = merge(client, old, &delta) {
                assert_eq!(merged, expected, "{client:?}\n{old_text}\n{delta_text}");
            }
        }
        if let Some(merged) = merge_text(old_text, old, &delta_text, &delta) {
            let media = assert_media_playlist(&merged);
            let merged: Vec<Known> = media.segments.iter().map(known).collect();
            assert_eq!(merged, expected, "text\n{old_text}\n{delta_text}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn every_delta_merges((choice, bytes) in (any::<u8>(), prop::collection::vec(any::<[u8; 4]>(), 40..120))) {
        let mut world = World::new(choice & !32 | 7);
        let mut older = Vec::new();
        for (index, operation) in Operation::decode_all(bytes.as_flattened()).enumerate() {
            let _ = world.apply(operation);
            let view = world.manifest.view();
            if index % 3 == 0 {
                check_delta(&view, &older);
            }
            if index % 4 == 0 {
                older.push(version(&view));
            }
            if older.len() > 6 {
                older.remove(0);
            }
        }
    }
}

/// Every pair of versions in a window, over a discontinuity and a change of sections.
#[test]
fn all_pairs_of_a_window_merge() {
    let mut feed = Feed::new(config().window_segments(14));
    let mut older = Vec::new();
    for segment in 0..24 {
        if segment % 7 == 5 {
            let _ = feed.manifest.change_init(InitVersion::new(segment));
        }
        feed.segment(4);
        check_delta(&feed.view(), &older);
        older.push(version(&feed.view()));
        feed.parts(1);
        check_delta(&feed.view(), &older);
        older.push(version(&feed.view()));
        let _ = feed.manifest.close_segment();
    }
    assert!(feed.view().has_delta());
}

/// SRV-31, AMB-07: no delta of an ended playlist, of a short one, or where none is offered.
#[test]
fn no_delta_where_none_is_due() {
    let mut feed = Feed::new(config().window_segments(10));
    feed.segments(6);
    assert_eq!(delta(&feed.view()), body(&feed.view()));
    feed.segments(4);
    assert!(feed.view().has_delta());
    assert_eq!(judged(&feed.view()).skipped, 0, "LL-31");
    let _ = feed.manifest.end();
    assert!(!feed.view().has_delta());
    assert_eq!(delta(&feed.view()), body(&feed.view()));

    let mut feed = Feed::new(config().window_segments(10).skip_until(SkipUntil::Never));
    feed.segments(12);
    assert_eq!(
        render(&feed.view(), Form::Delta(Skip::V2), &[]),
        body(&feed.view())
    );
}

/// The boundary case of the draft: exactly CAN-SKIP-UNTIL away is kept.
#[test]
fn the_boundary_is_exclusive() {
    let mut feed = Feed::new(config().window_segments(10));
    feed.segments(7);
    // Six segments of 2 s follow the first: 12 s, not more than 12 s.
    assert!(!feed.view().has_delta());
    feed.parts(3);
    assert!(!feed.view().has_delta(), "open parts do not count");
    let _ = feed.manifest.close_segment();
    assert_eq!(assert_media_playlist(&delta(&feed.view())).skipped, 1);
}
