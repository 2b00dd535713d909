use llhls_manifest::{
    Availability, ConfigError, Cut, DiscontinuitySequence, Form, IndependentSegments, M3u8Manifest,
    ManifestConfig, MediaDuration, MediaRef, Msn, MultivariantError, MultivariantPlaylist,
    PartFacts, PushError, ResourceNames, Skip, SkipUntil, Variant,
};

use crate::support::{Feed, body, config, judged, millis, names, render};

fn part(millis: u64) -> PartFacts {
    PartFacts::new(MediaDuration::from_millis(millis), MediaRef::new(0))
}

#[test]
fn a_long_part_is_refused_and_changes_nothing() {
    let mut feed = Feed::new(config());
    feed.segment(4);
    let before = body(&feed.view());
    let refused = feed.manifest.push(part(501).independent());
    assert_eq!(
        refused,
        Err(PushError::PartTooLong {
            duration: millis(501),
            limit: millis(500)
        })
    );
    assert_eq!(body(&feed.view()), before);
    // Within half a printed unit it fits, and is printed as the target.
    let almost = PartFacts::new(MediaDuration::from_nanos(500_004_999), MediaRef::new(9));
    feed.manifest.push(almost).unwrap();
    assert_eq!(judged(&feed.view()).open.parts[0].duration.0, 500_000_000);
}

#[test]
fn an_empty_part_is_refused() {
    let mut manifest = M3u8Manifest::new(config()).unwrap();
    assert_eq!(manifest.push(part(0)), Err(PushError::Empty));
}

/// LL-04, with its exceptions.
#[test]
fn a_short_part_ends_its_segment() {
    // The automatic cut closes the segment, so the short part is its last.
    let mut feed = Feed::new(config());
    feed.push(part(500).independent());
    feed.push(part(424));
    feed.push(part(500));
    assert_eq!(judged(&feed.view()).segments.len(), 1);

    // Told not to cut, it is refused.
    let mut feed = Feed::new(config());
    feed.push(part(500).independent());
    feed.push(part(424));
    let refused = feed.manifest.push(part(500).cut(Cut::Never));
    assert_eq!(
        refused,
        Err(PushError::ShortPartBefore {
            duration: millis(424),
            minimum: millis(425)
        })
    );

    // 85 % exactly, independent, a gap, before a gap: all may be followed.
    for (short, next) in [
        (part(425), part(500)),
        (part(100).independent(), part(500)),
        (part(100).gap(), part(500)),
        (part(100), part(500).gap()),
    ] {
        let mut feed = Feed::new(config());
        feed.push(part(500).independent());
        feed.push(short);
        feed.push(next.cut(Cut::Never));
        assert_eq!(feed.view().edge().open_parts, 3);
    }
}

/// MP-03 on the printed decimals: with a target of 2, 2.49999 passes and 2.5 does not.
#[test]
fn a_segment_never_rounds_above_the_target() {
    for (last, closes) in [(499_990_000, false), (500_000_000, true)] {
        let mut feed = Feed::new(config());
        for _ in 0..4 {
            feed.push(part(500));
        }
        let last = PartFacts::new(MediaDuration::from_nanos(last), MediaRef::new(4));
        feed.push(last);
        assert_eq!(feed.view().is_playable(), closes);
        if !closes {
            let refused = feed.manifest.push(part(500).cut(Cut::Never));
            assert!(matches!(refused, Err(PushError::SegmentTooLong { .. })));
        }
        feed.manifest.end();
        judged(&feed.view());
    }
}

#[test]
fn a_promise_of_independence_is_kept() {
    let promised = config().independent_segments(IndependentSegments::Promised);
    let mut manifest = M3u8Manifest::new(promised).unwrap();
    assert_eq!(manifest.push(part(500)), Err(PushError::NotIndependent));
    manifest.push(part(500).independent()).unwrap();
    for _ in 0..3 {
        manifest.push(part(500)).unwrap();
    }
    assert_eq!(manifest.push(part(500)), Err(PushError::NotIndependent));
    manifest.push(part(500).independent()).unwrap();
    assert!(!body(&manifest.view()).contains("INDEPENDENT-SEGMENTS"));

    let printed = config().independent_segments(IndependentSegments::Printed);
    let mut feed = Feed::new(printed);
    feed.segment(4);
    assert!(judged(&feed.view()).independent_segments);
}

#[test]
fn an_ended_stream_takes_nothing() {
    let mut feed = Feed::new(config());
    feed.segments(2);
    feed.parts(1);
    let rolled = feed.manifest.end();
    assert_eq!(rolled.closed.unwrap().parts, 1);
    assert_eq!(feed.manifest.push(part(500)), Err(PushError::Ended));
    let text = body(&feed.view());
    feed.manifest.end();
    feed.manifest.close_segment();
    feed.manifest
        .change_init(llhls_manifest::InitVersion::new(7));
    assert_eq!(body(&feed.view()), text);
    assert!(judged(&feed.view()).ended);
}

/// AMB-17.
#[test]
fn a_gap_part_makes_its_segment_a_gap() {
    let mut feed = Feed::new(config());
    feed.push(part(500).independent());
    feed.push(part(500).gap().cut(Cut::After));
    feed.segment(4);
    let media = judged(&feed.view());
    assert!(media.segments[0].gap && media.segments[0].parts[1].gap);
    assert!(!media.segments[1].gap);
    let msn = llhls_manifest::Msn::new(1);
    assert_eq!(feed.view().segment_media(msn).count(), 1);
    let llhls_manifest::SegmentLookup::Closed(closed) = feed.view().segment(msn) else {
        panic!("segment 1 is closed");
    };
    assert_eq!(closed.availability, Availability::Gap);
}

#[test]
fn configurations_are_checked() {
    let check = |config: ManifestConfig| M3u8Manifest::new(config).map(|_| ()).unwrap_err();
    assert_eq!(
        check(config().target_duration(0)),
        ConfigError::TargetDuration(0)
    );
    assert_eq!(
        check(config().part_target(millis(2001))),
        ConfigError::PartTarget(millis(2001))
    );
    assert_eq!(
        check(config().part_target(millis(0))),
        ConfigError::PartTarget(millis(0))
    );
    let minimum = millis(1000);
    assert_eq!(
        check(config().part_hold_back(millis(999))),
        ConfigError::PartHoldBack { minimum }
    );
    let minimum = millis(6000);
    assert_eq!(
        check(config().hold_back(millis(5999))),
        ConfigError::HoldBack { minimum }
    );
    let minimum = millis(12_000);
    let skip = SkipUntil::At(millis(11_999));
    assert_eq!(
        check(config().skip_until(skip)),
        ConfigError::SkipUntil { minimum }
    );
    let long = millis(2500);
    assert_eq!(
        check(config().segment_duration(long)),
        ConfigError::SegmentDuration(long)
    );
    let far = DiscontinuitySequence::new(u64::MAX);
    assert_eq!(check(config().start(Msn::new(1), far)), ConfigError::Start);
    let none = DiscontinuitySequence::new(0);
    assert_eq!(
        check(config().start(Msn::new(1 << 63), none)),
        ConfigError::Start
    );
    assert!(ResourceNames::new("a b").is_err());
    let _ = names();
}

/// LL-09, PL-12: rounded up on the printed decimals.
#[test]
fn targets_are_rounded_up() {
    let third = MediaDuration::from_nanos(333_333_333);
    let mut feed = Feed::new(config().part_target(third));
    feed.push(PartFacts::new(third, MediaRef::new(0)).cut(Cut::After));
    let text = body(&feed.view());
    assert!(text.contains("PART-TARGET=0.33334\n"), "{text}");
    assert!(text.contains("PART-HOLD-BACK=1.00002"), "{text}");
    judged(&feed.view());
}

/// LL-11, AMB-16: all renditions say the same about the server.
#[test]
fn server_control_is_the_same_with_and_without_parts() {
    let control = |config: ManifestConfig| {
        let text = body(&Feed::new(config).view());
        text.lines()
            .find(|line| line.starts_with("#EXT-X-SERVER-CONTROL"))
            .map(str::to_owned)
    };
    let with = control(config());
    assert!(
        with.as_deref()
            .is_some_and(|line| line.contains("PART-HOLD-BACK=1.50000"))
    );
    assert_eq!(
        control(config().without_parts().part_hold_back(millis(1_500))),
        with
    );
    let i_frames = config().kind(llhls_manifest::PlaylistKind::IFrames);
    assert_eq!(control(i_frames.part_hold_back(millis(1_500))), with);
}

/// AMB-18: a version that is configured is declared where the floor is lower, and changes nothing
/// else; where a delta update needs more, it says more.
#[test]
fn a_configured_version_raises_the_declared_one() {
    let text = |version: u8, form: Form| {
        let config = config().window_segments(9).skip_date_ranges();
        let mut feed = Feed::new(config.minimum_version(version));
        feed.segments(9);
        let text = render(&feed.view(), form, &[]);
        let (before, rest) = text.split_once("#EXT-X-VERSION:").unwrap();
        let (version, after) = rest.split_once('\n').unwrap();
        (version.parse::<u8>().unwrap(), format!("{before}{after}"))
    };
    let forms = [
        (Form::Full, 6),
        (Form::Delta(Skip::Yes), 9),
        (Form::Delta(Skip::V2), 10),
    ];
    for (form, floor) in forms {
        for version in 1..=13 {
            let (declared, rest) = text(version, form);
            assert_eq!(declared, floor.max(version));
            assert_eq!(rest, text(1, form).1);
        }
    }
    for version in [0, 14] {
        let refused = M3u8Manifest::new(config().minimum_version(version)).map(|_| ());
        assert_eq!(refused.unwrap_err(), ConfigError::Version(version));
    }
    let multivariant = |version: u8| {
        let playlist = MultivariantPlaylist::new().minimum_version(version);
        playlist.variant(Variant::new("v.m3u8", 1)).build()
    };
    assert!(!multivariant(1).unwrap().contains("VERSION"));
    assert!(multivariant(6).unwrap().contains("#EXT-X-VERSION:6\n"));
    assert_eq!(multivariant(14), Err(MultivariantError::Version(14)));
}

/// MP-15, MP-16, LL-02, LL-33: what nobody configures is what is recommended.
#[test]
fn defaults_are_the_recommended_values() {
    let mut feed = Feed::new(ManifestConfig::new(names()));
    for index in 0..90 {
        let facts = feed.facts(millis(1_000));
        feed.push(if index % 6 == 0 {
            facts.independent()
        } else {
            facts
        });
    }
    let media = judged(&feed.view());
    assert_eq!(media.target_duration, 6);
    assert_eq!(
        media.part_target.map(|target| target.0),
        Some(1_000_000_000)
    );
    assert_eq!(media.control("CAN-SKIP-UNTIL"), Some("36.00000"));
    assert!(media.segments.len() >= 6);
}
