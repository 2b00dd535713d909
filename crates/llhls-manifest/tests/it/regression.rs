//! Each test carries the number of the defect in the crate that this one succeeds.

use llhls_manifest::{
    Cut, M3u8Manifest, ManifestConfig, MediaDuration, MediaRef, PartFacts, PushError, ResourceNames,
};

use crate::support::{Feed, body, judged, millis};

/// A part of 233 ms under a target of 200 ms was printed; players drop such a stream.
#[test]
fn seed_3_a_part_above_its_target_is_never_printed() {
    let config = ManifestConfig::new(ResourceNames::new("e1").unwrap())
        .target_duration(2)
        .part_target(millis(200));
    let mut manifest = M3u8Manifest::new(config).unwrap();
    manifest
        .push(PartFacts::new(millis(200), MediaRef::new(0)).cut(Cut::After))
        .unwrap();
    let refused = manifest.push(PartFacts::new(millis(233), MediaRef::new(1)));
    assert!(matches!(refused, Err(PushError::PartTooLong { .. })));
    assert!(!body(&manifest.view()).contains("0.23300"));
    // What the caller does about it: the same media in two parts.
    manifest
        .push(PartFacts::new(millis(200), MediaRef::new(1)).independent())
        .unwrap();
    manifest
        .push(PartFacts::new(millis(33), MediaRef::new(2)))
        .unwrap();
    judged(&manifest.view());
}

/// Groups of pictures of 5 s under a target duration of 2 s gave `EXTINF:5.00000`.
#[test]
fn seed_4_a_long_group_of_pictures_is_cut_before_the_target_breaks() {
    let config = ManifestConfig::new(ResourceNames::new("e1").unwrap())
        .target_duration(2)
        .part_target(millis(500));
    let mut feed = Feed::new(config);
    for index in 0..40 {
        let facts = feed.facts(millis(500));
        feed.push(if index % 10 == 0 {
            facts.independent()
        } else {
            facts
        });
        if feed.view().is_playable() {
            let media = judged(&feed.view());
            assert!(
                media
                    .segments
                    .iter()
                    .all(|segment| segment.duration.rounded() <= 2)
            );
        }
    }
    assert!(judged(&feed.view()).segments.len() >= 6);
}

/// The cost of a part grew with the stream's age: durations were kept for ever and summed.
///
/// Counted in what a part may cost: bytes of text held, versions' sizes and index entries; all
/// must be the same after a day of one-second segments as after a minute.
#[test]
fn seed_5_the_cost_of_a_part_does_not_depend_on_the_age() {
    let config = ManifestConfig::new(ResourceNames::new("e1").unwrap())
        .target_duration(1)
        .part_target(millis(500))
        .window_segments(8)
        .window_duration(MediaDuration::from_secs(8));
    let mut manifest = M3u8Manifest::new(config).unwrap();
    let mut media = 0;
    let mut push = |manifest: &mut M3u8Manifest, segments: u64| {
        let (mut retained, mut longest) = (0, 0);
        for _ in 0..segments {
            for cut in [Cut::Never, Cut::After] {
                let facts = PartFacts::new(millis(500), MediaRef::new(media)).independent();
                let _ = manifest.push(facts.cut(cut)).unwrap();
                media += 1;
            }
            let view = manifest.view();
            let oldest = view.oldest_media().unwrap().value();
            retained = retained.max(media - oldest);
            longest = longest.max(view.listed_duration().as_millis());
        }
        (retained, longest)
    };
    let _ = push(&mut manifest, 60);
    let young = push(&mut manifest, 60);
    let _ = push(&mut manifest, 86_400);
    let old = push(&mut manifest, 60);
    assert_eq!(young, old);
    // Listed and retained together: twice the window, its longest moment, and the open segment.
    assert!(old.0 <= 2 * (2 * 9 + 3), "{old:?}");
    judged(&manifest.view());
}

/// Beyond a maximum of parts per segment the playlist froze until the next segment.
#[test]
fn seed_6_many_parts_in_a_segment_never_freeze_the_playlist() {
    let config = ManifestConfig::new(ResourceNames::new("e1").unwrap())
        .target_duration(6)
        .part_target(millis(100));
    let mut feed = Feed::new(config);
    let mut last = None;
    for index in 0..500 {
        // Short independent parts may be as many as they like.
        let facts = feed.facts(millis(20)).independent();
        feed.push(facts);
        let now = feed.view().edge().last_part;
        assert!(now > last, "part {index} did not move the edge");
        last = now;
    }
    let media = judged(&feed.view());
    assert!(media.parts().count() == 500);
}
