use llhls_manifest::{
    Addressing, ConfigError, Cut, DateRange, DateRangeError, Definition, Key, KeyError, KeyMethod,
    M3u8Manifest, ManifestConfig, MediaRef, Msn, PartFacts, PlaylistKind, PushError, StartOffset,
    StartPrecision,
};

use crate::golden::expect;
use crate::support::{Feed, MIDNIGHT, body, config, judged, millis};

/// LL-14, LL-22, LL-23, HINT-08, HINT-09: parts as ranges of their growing segment.
#[test]
fn parts_as_byte_ranges() {
    let config = config().addressing(Addressing::ByteRanges);
    let mut feed = Feed::new(config);
    for index in 0..10_u32 {
        let facts = feed.facts(millis(500)).size(1_000 + u64::from(index));
        let cut = if index % 4 == 3 {
            Cut::After
        } else {
            Cut::Auto
        };
        feed.push(facts.cut(cut));
    }
    expect("byte_ranges", &body(&feed.view()));
    let view = feed.view();
    assert_eq!(
        view.segment_bytes(Msn::new(1)),
        Some(1_000 + 1_001 + 1_002 + 1_003)
    );
    assert_eq!(view.segment_bytes(Msn::new(3)), Some(1_008 + 1_009));
    assert_eq!(view.segment_bytes(Msn::new(4)), None);
    let refused = feed
        .manifest
        .push(PartFacts::new(millis(500), MediaRef::new(0)));
    assert_eq!(refused, Err(PushError::SizeMissing));
}

/// SEG-15: an outage becomes gaps whose durations sum to it.
#[test]
fn an_outage_is_listed() {
    let mut feed = Feed::new(config());
    feed.segments(2);
    let rolled = feed.manifest.push_gap(millis(4_300)).unwrap();
    assert_eq!(rolled.len(), 9);
    let _ = feed.manifest.close_segment();
    feed.segments(1);
    let media = judged(&feed.view());
    let gaps = media.segments.iter().filter(|segment| segment.gap);
    let lost: u64 = gaps.map(|segment| segment.duration.0).sum();
    assert_eq!(lost, 4_300_000_000);
    expect("outage_by_duration", &body(&feed.view()));
}

/// What was there before and comes after an outage stays playable, without anybody cutting.
#[test]
fn an_outage_spoils_no_segment_beside_it() {
    let mut feed = Feed::new(config());
    feed.segments(1);
    feed.parts(2);
    for _ in 0..3 {
        let rolled = feed.manifest.push_gap(millis(500)).unwrap();
        assert_eq!(rolled.len(), 1);
    }
    feed.parts(4);
    let _ = feed.manifest.close_segment();
    let media = judged(&feed.view());
    let gaps: Vec<(bool, usize)> = media
        .segments
        .iter()
        .map(|segment| (segment.gap, segment.parts.len()))
        .collect();
    assert_eq!(gaps, [(false, 4), (false, 2), (true, 3), (false, 4)]);
}

/// SEG-05, MV-21: an interruption that is known before anything comes after it.
#[test]
fn a_discontinuity_can_be_announced() {
    let mut feed = Feed::new(config());
    feed.segments(1);
    feed.parts(1);
    let rolled = feed.manifest.mark_discontinuity();
    assert_eq!(rolled.closed.map(|segment| segment.msn), Some(Msn::new(2)));
    assert_eq!(feed.manifest.mark_discontinuity().closed, None);
    feed.parts(2);
    let _ = feed.manifest.close_segment();
    feed.segments(1);
    let media = judged(&feed.view());
    let marks: Vec<bool> = media.segments.iter().map(|it| it.discontinuity).collect();
    assert_eq!(marks, [false, false, true, false]);
    assert_eq!(media.segments[3].dsn, 1);
}

/// PL-22, PL-23, SRV-23: variables reach every URI, and are defined before.
#[test]
fn definitions_and_start() {
    let config = config()
        .define(Definition::QueryParameter("token".into()))
        .define(Definition::Value {
            name: "cdn".into(),
            value: "a".into(),
        })
        .uri_query("?t={$token}&c={$cdn}")
        .start_offset(StartOffset::BeforeEnd(millis(6_000)), StartPrecision::Exact);
    let mut feed = Feed::new(config);
    feed.segments(2);
    feed.parts(1);
    expect("definitions", &body(&feed.view()));
    // Names as handlers see them have no query.
    let names = crate::support::names();
    assert_eq!(names.segment(Msn::new(1)).to_string(), "e1-1.m4s");

    let check = |config: ManifestConfig| M3u8Manifest::new(config).map(|_| ()).unwrap_err();
    let config = crate::support::config;
    assert_eq!(
        check(config().uri_query("?t={$nowhere}")),
        ConfigError::Definitions
    );
    let twice = config()
        .define(Definition::Import("a".into()))
        .define(Definition::QueryParameter("a".into()));
    assert_eq!(check(twice), ConfigError::Definitions);
    assert_eq!(
        check(config().define(Definition::Import("a b".into()))),
        ConfigError::Definitions
    );
    let forward = config()
        .define(Definition::Value {
            name: "a".into(),
            value: "{$b}".into(),
        })
        .define(Definition::Value {
            name: "b".into(),
            value: String::new(),
        });
    assert_eq!(check(forward), ConfigError::Definitions);
    let mut plain = M3u8Manifest::new(config()).unwrap();
    let key = Key::new(KeyMethod::SampleAes, "{$x}").unwrap();
    assert_eq!(plain.change_keys(&[key]), Err(KeyError::UndefinedVariable));
    let range = DateRange::new("a", MIDNIGHT).class("{$x}");
    assert_eq!(
        plain.set_date_range(&range),
        Err(DateRangeError::UndefinedVariable)
    );
    let near = config().start_offset(
        StartOffset::BeforeEnd(millis(5_999)),
        StartPrecision::Segment,
    );
    assert_eq!(
        check(near),
        ConfigError::StartOffset {
            minimum: millis(6_000)
        }
    );
    for far in [
        StartOffset::BeforeEnd(millis(12_001)),
        StartOffset::FromStart(millis(12_001)),
    ] {
        let config = config().start_offset(far, StartPrecision::Segment);
        let maximum = millis(12_000);
        assert_eq!(
            check(config.clone()),
            ConfigError::StartBeyondWindow { maximum }
        );
        // An event is not trimmed, so that it gets there.
        let event = M3u8Manifest::new(config.kind(PlaylistKind::Event));
        assert!(event.is_ok());
    }
    let imported = config()
        .define(Definition::Import("a".into()))
        .start_offset(
            StartOffset::FromStart(millis(1_000)),
            StartPrecision::Segment,
        );
    let mut feed = Feed::new(imported);
    feed.segments(1);
    let text = body(&feed.view());
    assert!(text.starts_with("#EXTM3U\n#EXT-X-VERSION:8\n"), "{text}");
}

/// SEG-12 … SEG-14: dates are given or follow media time; a clock that was set back by a second
/// or more is not followed.
#[test]
fn dates_follow_media_time() {
    let mut manifest = M3u8Manifest::new(config()).unwrap();
    let mut push = |at: Option<u64>| {
        let facts = PartFacts::new(millis(500), MediaRef::new(0))
            .independent()
            .cut(Cut::After);
        let facts = match at {
            Some(at) => facts.captured_at(MIDNIGHT.plus(millis(at))),
            None => facts,
        };
        let _ = manifest.push(facts).unwrap();
        let media = judged(&manifest.view());
        media
            .segments
            .last()
            .and_then(|segment| segment.time.clone())
    };
    let at = |seconds: &str| Some(format!("2026-11-21T00:00:{seconds}Z"));
    assert_eq!(push(None), None, "no clock is read");
    assert_eq!(push(Some(1_000)), at("01.000"));
    assert_eq!(push(None), at("01.500"));
    assert_eq!(
        push(Some(2_037)),
        at("02.037"),
        "the caller's clock is followed"
    );
    assert_eq!(push(Some(1_538)), at("01.538"), "an overlap under a second");
    assert_eq!(
        push(Some(1_037)),
        at("02.038"),
        "an overlap of a second is not printed"
    );
    assert_eq!(push(Some(9_000)), at("09.000"));
}
