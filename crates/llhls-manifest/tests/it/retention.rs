use llhls_manifest::{
    Cut, InitVersion, Msn, PartIndex, PartLookup, Position, Retention, SegmentLookup,
};

use crate::support::{Feed, config, judged, millis};

fn at(msn: u64, part: u32) -> Position {
    Position::new(Msn::new(msn), PartIndex::new(part))
}

/// UP-10, UP-11 by media time: a removed segment is answered for during its own duration plus
/// the longest playlist.
#[test]
fn removed_segments_stay_available() {
    let mut feed = Feed::new(config());
    feed.segments(6);
    assert_eq!(feed.view().edge().media_sequence, Msn::new(1));
    feed.segment(4);
    assert_eq!(feed.view().edge().media_sequence, Msn::new(2));
    // Removed when the edge was at 14 s, with at most 14 s listed: available to 14 + 2 + 14 s.
    while feed.view().edge().last_complete < Some(Msn::new(15)) {
        assert!(matches!(
            feed.view().segment(Msn::new(1)),
            SegmentLookup::Closed(_)
        ));
        assert!(matches!(
            feed.view().part(at(1, 3)),
            PartLookup::Available(_)
        ));
        assert_eq!(feed.view().oldest_media().unwrap().value(), 0);
        feed.segment(4);
    }
    feed.segments(2);
    assert_eq!(feed.view().segment(Msn::new(1)), SegmentLookup::Gone);
    assert_eq!(feed.view().part(at(1, 0)), PartLookup::Gone);
    assert!(feed.view().oldest_media().unwrap().value() > 0);
}

/// HINT-01, HINT-03, HINT-04: what is answered about a part that is not there.
#[test]
fn parts_are_available_hinted_or_not() {
    let mut feed = Feed::new(config());
    feed.segment(3);
    feed.parts(1);
    let view = feed.view();
    assert!(matches!(view.part(at(2, 0)), PartLookup::Available(_)));
    assert_eq!(view.part(at(2, 1)), PartLookup::Hinted);
    assert_eq!(view.part(at(2, 2)), PartLookup::NotYet);
    assert_eq!(view.part(at(3, 0)), PartLookup::NotYet);
    assert_eq!(view.part(at(1, 3)), PartLookup::Never);
    assert_eq!(view.part(at(0, 0)), PartLookup::Gone);
    assert_eq!(view.segment(Msn::new(2)), SegmentLookup::Open);
    assert_eq!(view.segment(Msn::new(3)), SegmentLookup::NotYet);

    let _ = feed.manifest.close_segment();
    assert_eq!(feed.view().part(at(2, 1)), PartLookup::Never);
    assert_eq!(feed.view().part(at(3, 0)), PartLookup::Hinted);
    let _ = feed.manifest.end();
    assert_eq!(feed.view().part(at(3, 0)), PartLookup::Never);
    assert_eq!(feed.view().segment(Msn::new(3)), SegmentLookup::Never);
    assert!(matches!(
        feed.view().part(at(2, 0)),
        PartLookup::Available(_)
    ));
}

/// Numbers go on where they ended, with a discontinuity (UP-17).
#[test]
fn a_successor_continues_the_numbers() {
    let mut feed = Feed::new(config());
    feed.segments(3);
    feed.parts(2);
    let (msn, dsn) = feed.manifest.continuation();
    let old = feed.manifest.view();
    assert_eq!(msn, old.edge().open.next());

    let mut successor = Feed::new(config().start(msn, dsn));
    let facts = successor
        .facts(crate::support::millis(500))
        .independent()
        .discontinuous();
    successor.push(facts);
    let _ = successor.manifest.close_segment();
    let media = judged(&successor.view());
    assert_eq!(media.media_sequence, msn.value());
    assert_eq!(media.segments[0].dsn, dsn.value() + 1);
}

/// UP-12: a section is needed as long as any segment that needs it is answered for, and from the
/// moment it is hinted.
#[test]
fn sections_are_needed_as_long_as_their_segments() {
    let (old, new) = (InitVersion::new(0), InitVersion::new(1));
    let mut feed = Feed::new(config());
    feed.segments(2);
    assert!(feed.view().needs_init(old) && !feed.view().needs_init(new));
    let _ = feed.manifest.change_init(new);
    assert!(feed.view().needs_init(new), "it is hinted");
    assert_eq!(feed.view().hinted_init(), Some(new));
    // Taken back, it was nothing; asked for again, it is one.
    let _ = feed.manifest.change_init(old);
    assert_eq!(feed.view().hinted_init(), None);
    let _ = feed.manifest.change_init(new);
    assert_eq!(feed.view().hinted_init(), Some(new));
    let mut segments = 2;
    while !matches!(feed.view().segment(Msn::new(2)), SegmentLookup::Gone) {
        assert!(
            feed.view().needs_init(old),
            "segment 2 is still answered for"
        );
        feed.segment(4);
        segments += 1;
        assert!(segments < 40, "retention is bounded");
    }
    assert!(!feed.view().needs_init(old) && feed.view().needs_init(new));
}

/// UP-10, UP-11 as data: along a whole stream, each change names exactly the segments, and the
/// segments whose parts, are in the playlist before it and not after it.
#[test]
fn a_change_names_what_left_the_playlist_and_for_how_long_it_stays() {
    for config in [
        config(),
        config().without_parts(),
        config().window_segments(1).window_duration(millis(0)),
    ] {
        let mut feed = Feed::new(config);
        let mut before = judged(&feed.view());
        let (mut removed, mut parts_removed, mut longest) = (0, 0, millis(0));
        for index in 0..97_u32 {
            // At first on a grid, where a parent ends exactly three target durations from the edge.
            let duration = if index >= 50 && index % 7 == 0 {
                450
            } else {
                500
            };
            let facts = feed.facts(millis(duration)).independent();
            let cut = if index % 5 == 4 {
                Cut::After
            } else {
                Cut::Auto
            };
            longest = longest.max(feed.view().listed_duration());
            let rolled = feed.push(facts.cut(cut));
            longest = longest.max(
                feed.view()
                    .listed_duration()
                    .saturating_add(millis(duration)),
            );
            let after = judged(&feed.view());
            let named = |removed: Option<llhls_manifest::Removed>| -> Vec<u64> {
                removed.map_or_else(Vec::new, |it| {
                    (it.first.value()..=it.last().value()).collect()
                })
            };
            let listed = |media: &playlist_oracle::Media, with_parts: bool| -> Vec<u64> {
                let all = media.segments.iter();
                all.filter(|segment| !with_parts || !segment.parts.is_empty())
                    .map(|segment| segment.msn)
                    .collect()
            };
            for (with_parts, rolled) in [(false, rolled.removed), (true, rolled.removed_parts)] {
                let after = listed(&after, with_parts);
                let gone = listed(&before, with_parts)
                    .into_iter()
                    .filter(|msn| !after.contains(msn));
                assert_eq!(
                    named(rolled),
                    gone.collect::<Vec<_>>(),
                    "parts: {with_parts}"
                );
            }
            if let Some(gone) = rolled.removed {
                removed += gone.count;
                let view = feed.view();
                let SegmentLookup::Closed(first) = view.segment(gone.first) else {
                    panic!("what left is still answered for");
                };
                assert!(gone.keep >= first.duration.saturating_add(view.listed_duration()));
                assert!(gone.keep <= millis(2_500).saturating_add(longest));
                let parts: Vec<_> = view.segment_parts(gone.first).collect();
                assert_eq!(parts.len(), first.parts as usize);
                let (position, media) = (at(gone.first.value(), 0), Some(first.first));
                assert_eq!((parts[0].position, parts[0].media), (position, media));
            }
            if let Some(gone) = rolled.removed_parts {
                parts_removed += gone.count;
                assert_eq!(gone.keep, millis(6_000), "three target durations");
            }
            before = after;
        }
        assert!(removed > 10);
        assert!(feed.view().part_target().is_none() || parts_removed > 10);
    }
}

/// A caller with a clock decides when something is forgotten: media that comes faster than it
/// plays forgets nothing.
#[test]
fn a_caller_with_a_clock_releases() {
    let mut feed = Feed::new(config().retention(Retention::Caller));
    feed.segments(60);
    assert!(matches!(
        feed.view().part(at(1, 0)),
        PartLookup::Available(_)
    ));
    assert_eq!(feed.manifest.release(Msn::new(4)), 3);
    assert_eq!(feed.view().segment(Msn::new(3)), SegmentLookup::Gone);
    assert!(matches!(
        feed.view().segment(Msn::new(4)),
        SegmentLookup::Closed(_)
    ));
    assert_eq!(feed.manifest.release(Msn::new(2)), 0);
    // What is listed stays.
    let first = feed.view().edge().media_sequence;
    assert_eq!(feed.manifest.release(Msn::new(u64::MAX)), first.value() - 4);
    assert!(matches!(
        feed.view().segment(first),
        SegmentLookup::Closed(_)
    ));
    feed.segments(1);
    judged(&feed.view());
}

/// A store that runs short of room takes the oldest off the list; what is left still conforms,
/// and what was removed is answered for as if the window had removed it.
#[test]
fn a_list_can_be_shortened_to_what_its_store_holds() {
    let mut feed = Feed::new(config());
    feed.segments(6);
    let before = judged(&feed.view());
    let rolled = feed.manifest.remove_before(Msn::new(3));
    feed.manifest.check_invariants();
    let removed = rolled.removed.unwrap();
    assert_eq!((removed.first, removed.count), (Msn::new(1), 2));
    assert_eq!((removed.keep.as_millis(), rolled.expired), (14_000, 0));
    let after = judged(&feed.view());
    assert_eq!(after.media_sequence, 3);
    playlist_oracle::check_succession(&before, &after).unwrap();

    // Three target durations stay, whatever is asked for (UP-05).
    let rolled = feed.manifest.remove_before(Msn::new(100));
    assert_eq!(rolled.removed.map(|removed| removed.count), Some(1));
    assert_eq!(judged(&feed.view()).segments.len(), 3);
    // The first left when the edge was at 12 s, with 12 s listed: answered for up to 12 + 2 + 12 s.
    feed.segments(7);
    assert!(matches!(
        feed.view().segment(Msn::new(1)),
        SegmentLookup::Closed(_)
    ));
    feed.segment(4);
    assert_eq!(feed.view().segment(Msn::new(1)), SegmentLookup::Gone);

    let _ = feed.manifest.end();
    let ended = judged(&feed.view());
    assert_eq!(feed.manifest.remove_before(Msn::new(100)).removed, None);
    assert_eq!(judged(&feed.view()), ended, "an ended playlist changed");
}
