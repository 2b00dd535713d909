use llhls_manifest::{Form, InitVersion, Skip, SkipUntil};
use playlist_oracle::assert_media_playlist;
use proptest::prelude::*;

use crate::history::Depth;
use crate::merge::{self, check_delta, version};
use crate::support::{Feed, body, config, delta, judged, render};

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn every_delta_merges((choice, bytes) in (any::<u8>(), prop::collection::vec(any::<[u8; 4]>(), 40..120))) {
        merge::every_delta_merges(choice, bytes.as_flattened(), Depth::Every);
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
        check_delta(&feed.view(), &older, assert_media_playlist);
        older.push(version(&feed.view()));
        feed.parts(1);
        check_delta(&feed.view(), &older, assert_media_playlist);
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
