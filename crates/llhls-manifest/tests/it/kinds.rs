use llhls_manifest::{
    BitRates, Decision, Directives, M3u8Manifest, MediaRef, Msn, PartFacts, PlaylistKind,
    PushError, SegmentLookup,
};

use crate::golden::expect;
use crate::support::{Feed, MIDNIGHT, body, config, judged, millis};

/// MP-12, MP-13: an event loses parts and nothing else.
#[test]
fn an_event_keeps_every_segment() {
    let mut feed = Feed::new(config().kind(PlaylistKind::Event));
    feed.segments(40);
    let media = judged(&feed.view());
    assert_eq!(media.segments.len(), 40);
    assert_eq!(media.playlist_type.as_deref(), Some("EVENT"));
    assert!(media.segments[0].parts.is_empty());
    let _ = feed.manifest.end();
    assert!(judged(&feed.view()).ended);
    assert!(judged(&Feed::new(config()).view()).playlist_type.is_none());
}

/// MP-13: an on-demand playlist does not exist before it is whole.
#[test]
fn on_demand_appears_whole() {
    let mut feed = Feed::new(
        config()
            .kind(PlaylistKind::Vod)
            .bit_rates(BitRates::Printed),
    );
    for index in 0..10 {
        let facts = feed.facts(millis(1_000)).size(250_000);
        feed.push(if index % 2 == 0 {
            facts.independent()
        } else {
            facts
        });
        let view = feed.view();
        assert!(!view.is_playable());
        // Whoever asks waits, and for something that has not happened.
        match view.decide(&Directives::NONE) {
            Decision::Wait(wait) => assert!(!wait.is_satisfied(&view.edge())),
            other => panic!("{other:?}"),
        }
    }
    let _ = feed.manifest.end();
    assert!(feed.view().is_playable());
    assert_eq!(feed.view().decide(&Directives::NONE), Decision::Ready);
    expect("on_demand", &body(&feed.view()));
}

/// MP-14: each I-frame is a range of a segment of the main playlist, as long as the distance to
/// the next one.
#[test]
fn i_frames_only() {
    let mut manifest = M3u8Manifest::new(config().kind(PlaylistKind::IFrames)).unwrap();
    for index in 0..10_u64 {
        let facts = PartFacts::new(millis(1_000), MediaRef::new(index)).independent();
        assert_eq!(manifest.push(facts), Err(PushError::SizeMissing));
        assert_eq!(manifest.push(facts.size(1)), Err(PushError::PlaceMissing));
        let placed = facts
            .size(9_000 + index)
            .i_frame_in(Msn::new(1 + index / 2), 800 * index);
        let _ = manifest
            .push(placed.captured_at(MIDNIGHT.plus(millis(1_000 * index))))
            .unwrap();
        manifest.check_invariants();
    }
    let media = judged(&manifest.view());
    assert!(
        media.i_frames_only
            && media
                .segments
                .iter()
                .all(|segment| segment.parts.is_empty())
    );
    expect("i_frames", &body(&manifest.view()));
    assert!(matches!(
        manifest.view().segment(Msn::new(10)),
        SegmentLookup::Closed(_)
    ));
}
