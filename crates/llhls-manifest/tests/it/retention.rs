use llhls_manifest::{InitVersion, Msn, PartIndex, PartLookup, Position, SegmentLookup};

use crate::support::{Feed, config, judged};

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
