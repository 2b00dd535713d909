use llhls_manifest::{
    DateCue, DateRange, Extension, ImportError, InitVersion, Key, KeyMethod, M3u8Manifest,
    MediaDuration,
};
use proptest::prelude::*;

use crate::support::{Feed, MIDNIGHT, body, config, judged, millis};

/// A manifest with a bit of everything.
fn rich() -> Feed {
    let mut feed = Feed::new(config().window_segments(4));
    feed.segments(5);
    let key = Key::new(KeyMethod::Aes128, "k1?a=b c").unwrap().iv([7; 16]);
    let _ = feed.manifest.change_keys(&[key]).unwrap();
    feed.segments(2);
    let _ = feed.manifest.change_init(InitVersion::new(3));
    let range = DateRange::interstitial("ad 1%", MIDNIGHT.plus(millis(20_000)), "https://a/b")
        .planned_duration(millis(3_000))
        .cue(DateCue::Once)
        .extension("X-N", Extension::Seconds(millis(1_500)))
        .extension("X-B", Extension::Bytes(vec![1, 255]))
        .scte35_command(&[9])
        .scte35_out(&[0xfc, 0]);
    feed.manifest.set_date_range(&range).unwrap();
    feed.manifest
        .set_date_range(&DateRange::update("ad 1%").scte35_in(&[1]))
        .unwrap();
    let brief = DateRange::new("brief", MIDNIGHT.plus(millis(14_000))).duration(millis(100));
    feed.manifest.set_date_range(&brief).unwrap();
    feed.segments(2);
    let _ = feed.manifest.push_gap(millis(700)).unwrap();
    feed.parts(2);
    feed
}

/// MP-05, UP-17: the continued playlist goes on byte for byte.
#[test]
fn a_continued_playlist_is_the_same_playlist() {
    let mut feed = rich();
    let state = feed.manifest.export();
    let mut other = Feed::new(config());
    other.manifest = M3u8Manifest::import(config().window_segments(4), &state).unwrap();
    assert_eq!(other.manifest.export(), state);
    for index in 0..60 {
        assert_eq!(
            body(&feed.view()),
            body(&other.view()),
            "after {index} parts"
        );
        assert_eq!(feed.view().edge(), other.view().edge());
        assert_eq!(feed.view().oldest_media(), other.view().oldest_media());
        let facts = feed.facts(millis(500));
        let facts = if index % 4 == 0 {
            facts.independent()
        } else {
            facts
        };
        assert_eq!(feed.manifest.push(facts), other.manifest.push(facts));
    }
    judged(&feed.view());
    let _ = (feed.manifest.end(), other.manifest.end());
    assert_eq!(body(&feed.view()), body(&other.view()));
    let ended = feed.manifest.export();
    let again = M3u8Manifest::import(config().window_segments(4), &ended).unwrap();
    assert_eq!(body(&again.view()), body(&feed.view()));
}

/// MP-04, MP-05: whoever continues a playlist must have its targets.
#[test]
fn other_targets_are_refused() {
    let state = rich().manifest.export();
    let import = |config| {
        M3u8Manifest::import(config, &state)
            .map(|_| ())
            .unwrap_err()
    };
    assert_eq!(
        import(config().target_duration(3)),
        ImportError::OtherTargets
    );
    assert_eq!(
        import(config().part_target(millis(400))),
        ImportError::OtherTargets
    );
    assert_eq!(
        import(config().hold_back(millis(9_000))),
        ImportError::OtherTargets
    );
    assert!(matches!(
        import(config().target_duration(0)),
        ImportError::Config(_)
    ));
    let garbage = M3u8Manifest::import(config(), "EXTM3U").map(|_| ());
    assert_eq!(garbage.unwrap_err(), ImportError::Format);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    /// A damaged state is refused, or is a state: never a panic, never an impossible playlist.
    #[test]
    fn damaged_states_are_refused_or_sound(
        line in 0_usize..80,
        word in 0_usize..14,
        value in prop_oneof![
            any::<u64>().prop_map(|n| n.to_string()),
            (0_u64..5).prop_map(|n| n.to_string()),
            Just("-".to_owned()),
            Just(String::new()),
            "[ -~]{0,6}",
        ],
        cut in any::<bool>(),
    ) {
        let state = rich().manifest.export();
        let mut lines: Vec<String> = state.lines().map(str::to_owned).collect();
        let index = line % lines.len();
        if cut {
            lines.remove(index);
        } else {
            let mut words: Vec<&str> = lines[index].split(' ').collect();
            let at = word % words.len();
            words[at] = &value;
            lines[index] = words.join(" ");
        }
        let damaged = lines.join("\n");
        if let Ok(mut manifest) = M3u8Manifest::import(config().window_segments(4), &damaged) {
            manifest.check_invariants();
            let facts = llhls_manifest::PartFacts::new(
                MediaDuration::from_millis(500),
                llhls_manifest::MediaRef::new(0),
            );
            for _ in 0..20 {
                let _ = manifest.push(facts);
                manifest.check_invariants();
                let _ = body(&manifest.view());
            }
        }
    }
}
