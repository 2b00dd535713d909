use llhls_manifest::{
    Addressing, BitRates, ConfigError, Cut, DateCue, DateRange, DateRangeError, Decision,
    Definition, Directives, Extension, Form, InitVersion, Key, KeyError, KeyMethod, M3u8Manifest,
    ManifestConfig, MediaRef, Msn, PartFacts, PlaylistKind, PushError, SegmentLookup, Skip,
    SkipUntil, StartOffset, StartPrecision,
};
use playlist_oracle::assert_media_playlist;

use crate::golden::expect;
use crate::support::{Feed, MIDNIGHT, body, config, delta, judged, millis, render};

fn aes(number: u8) -> Key {
    Key::new(KeyMethod::Aes128, format!("key{number}"))
        .unwrap()
        .iv([number; 16])
}

/// SEG-07 … SEG-10: keys change at segment borders and stay in effect when their line is gone.
#[test]
fn keys_rotate() {
    let mut feed = Feed::new(config());
    feed.segments(2);
    let _ = feed.manifest.change_keys(&[aes(1)]).unwrap();
    feed.segments(2);
    let _ = feed.manifest.change_keys(&[aes(2)]).unwrap();
    feed.segments(1);
    expect("keys", &body(&feed.view()));
    let _ = feed.manifest.change_keys(&[]).unwrap();
    feed.segments(6);
    expect("keys_gone", &body(&feed.view()));
    let media = judged(&feed.view());
    assert!(
        media.segments.iter().all(|segment| segment.keys.len() == 1),
        "the key or NONE"
    );
    let (msn, keys) = (media.segments[0].msn, media.segments[0].keys.clone());
    assert_eq!((msn, keys), (6, vec!["METHOD=NONE".to_owned()]));
}

/// The section of a playlist is encrypted with the key before it; that stays so when both lines
/// are repeated.
#[test]
fn the_key_of_the_section_stays_its_key() {
    let mut feed = Feed::new(config());
    feed.segments(1);
    let _ = feed.manifest.change_keys(&[aes(1)]).unwrap();
    let _ = feed.manifest.change_init(InitVersion::new(1));
    feed.segments(1);
    let _ = feed.manifest.change_keys(&[aes(2)]).unwrap();
    feed.segments(8);
    let text = body(&feed.view());
    let lines: Vec<&str> = text
        .lines()
        .filter(|l| l.contains("KEY") || l.contains("MAP"))
        .collect();
    let [first, map, second] = lines[..] else {
        panic!("{lines:?}")
    };
    assert!(first.contains("key1") && map.contains("init1") && second.contains("key2"));
    judged(&feed.view());
}

/// A key of the section that had ended before the first listed segment stays ended, although the
/// section's line and its keys are repeated ahead of it.
#[test]
fn the_keys_of_the_section_end_where_they_ended() {
    let mut feed = Feed::new(config());
    let other = aes(1).format("other", "1").unwrap();
    let _ = feed.manifest.change_keys(&[aes(1), other]).unwrap();
    feed.segments(1);
    let _ = feed.manifest.change_keys(&[]).unwrap();
    feed.segments(1);
    let _ = feed.manifest.change_keys(&[aes(2)]).unwrap();
    for _ in 0..9 {
        feed.segment(4);
        let media = judged(&feed.view());
        let third = media.segments.iter().find(|segment| segment.msn == 3);
        assert!(third.is_none_or(|segment| segment.keys.len() == 1));
    }
    assert!(feed.view().edge().media_sequence > Msn::new(3));
}

/// A key lasts until the next one of its KEYFORMAT: another format alone does not end it.
#[test]
fn a_change_of_key_formats_ends_the_old_keys() {
    let mut feed = Feed::new(config());
    let _ = feed.manifest.change_keys(&[aes(1)]).unwrap();
    feed.segments(1);
    let drm = |format: &str| {
        let key = Key::new(KeyMethod::SampleAes, format!("key-{format}")).unwrap();
        key.format(format, "1").unwrap()
    };
    let _ = feed.manifest.change_keys(&[drm("a"), drm("b")]).unwrap();
    feed.segments(1);
    let _ = feed.manifest.change_keys(&[drm("b")]).unwrap();
    feed.segments(1);
    let media = judged(&feed.view());
    let counts: Vec<usize> = media
        .segments
        .iter()
        .map(|segment| segment.keys.len())
        .collect();
    assert_eq!(counts, [1, 2, 1]);
    expect("key_formats", &body(&feed.view()));
}

#[test]
fn keys_are_checked() {
    let mut manifest = M3u8Manifest::new(config()).unwrap();
    let bare = Key::new(KeyMethod::Aes128, "k").unwrap();
    assert_eq!(
        manifest.change_keys(std::slice::from_ref(&bare)),
        Err(KeyError::IvNeeded)
    );
    let gcm = Key::new(KeyMethod::Aes256Gcm, "k").unwrap().iv([0; 16]);
    assert_eq!(manifest.change_keys(&[gcm]), Err(KeyError::IvForbidden));
    assert_eq!(
        manifest.change_keys(&[aes(1), aes(2)]),
        Err(KeyError::SameFormat)
    );
    assert!(Key::new(KeyMethod::SampleAes, "a\"b").is_err());
    let _ = manifest.end();
    assert_eq!(manifest.change_keys(&[aes(1)]), Err(KeyError::Ended));
    let mut plain = M3u8Manifest::new(config().without_init()).unwrap();
    assert!(plain.change_keys(&[bare]).is_ok());
}

/// SRV-39: a delta's reader knows section and key without memory.
#[test]
fn a_delta_repeats_keys() {
    let mut feed = Feed::new(config().window_segments(10));
    let _ = feed.manifest.change_keys(&[aes(1)]).unwrap();
    feed.segments(2);
    let sample = Key::new(KeyMethod::SampleAes, "skd://x")
        .unwrap()
        .format("com.apple", "1")
        .unwrap();
    let _ = feed.manifest.change_keys(&[sample]).unwrap();
    feed.segments(8);
    expect("delta_keys", &delta(&feed.view()));
}

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

/// SEG-17 … SEG-21: a break is announced, extended, and leaves with its time.
#[test]
fn a_date_range_lives_and_leaves() {
    let mut feed = Feed::new(config().window_segments(7));
    feed.segments(2);
    let start = MIDNIGHT.plus(millis(4_000));
    let out = DateRange::new("break", start)
        .planned_duration(millis(4_000))
        .scte35_out(&[0xfc, 1]);
    feed.manifest.set_date_range(&out).unwrap();
    // Said again: nothing new, no new tag.
    feed.manifest.set_date_range(&out).unwrap();
    feed.segments(2);
    let back = DateRange::update("break")
        .duration(millis(4_000))
        .scte35_in(&[0xfc, 2]);
    feed.manifest.set_date_range(&back).unwrap();
    expect("date_range", &body(&feed.view()));
    assert_eq!(judged(&feed.view()).date_ranges.len(), 2);
    // It ends at 8 s, where segment 5 starts: with segment 4 gone, only that date is listed.
    feed.segments(7);
    assert_eq!(feed.view().edge().media_sequence, Msn::new(5));
    assert_eq!(judged(&feed.view()).date_ranges.len(), 2, "SEG-20");
    feed.segments(1);
    assert!(judged(&feed.view()).date_ranges.is_empty());
    assert_eq!(
        feed.manifest
            .set_date_range(&DateRange::new("break", start)),
        Err(DateRangeError::Reused("break".into()))
    );
}

/// AMB-30: an end that nobody knows is not over; END-ON-NEXT ends with the next of its class.
#[test]
fn an_unknown_end_stays() {
    let mut feed = Feed::new(config());
    feed.segments(1);
    let open = DateRange::new("open", MIDNIGHT).planned_duration(millis(100));
    feed.manifest.set_date_range(&open).unwrap();
    let chained = |id: &str, at: u64| {
        DateRange::new(id, MIDNIGHT.plus(millis(at)))
            .class("program")
            .ends_on_next()
    };
    feed.manifest.set_date_range(&chained("one", 0)).unwrap();
    feed.segments(12);
    assert_eq!(judged(&feed.view()).date_ranges.len(), 2);
    feed.manifest
        .set_date_range(&chained("two", 3_000))
        .unwrap();
    feed.segments(1);
    let ids: Vec<String> = judged(&feed.view())
        .date_ranges
        .iter()
        .map(|range| range[0].1.clone())
        .collect();
    assert_eq!(ids, ["\"open\"", "\"two\""]);
}

#[test]
fn date_ranges_are_checked() {
    let mut feed = Feed::new(config());
    feed.segments(1);
    let mut set = |range: &DateRange| feed.manifest.set_date_range(range);
    let range = || DateRange::new("a", MIDNIGHT);
    assert_eq!(
        set(&DateRange::update("b")),
        Err(DateRangeError::Unknown("b".into()))
    );
    assert!(matches!(
        set(&DateRange::new("a\"", MIDNIGHT)),
        Err(DateRangeError::Text(_))
    ));
    assert!(matches!(
        set(&range().class("a\nb")),
        Err(DateRangeError::Text(_))
    ));
    let pre = range().cue(DateCue::Pre).cue(DateCue::Post);
    assert_eq!(set(&pre), Err(DateRangeError::Cue));
    assert_eq!(set(&range().ends_on_next()), Err(DateRangeError::EndOnNext));
    let two_ends = range()
        .end(MIDNIGHT.plus(millis(1_000)))
        .duration(millis(2_000));
    assert_eq!(set(&two_ends), Err(DateRangeError::End));
    let backwards = DateRange::new("a", MIDNIGHT.plus(millis(1))).end(MIDNIGHT);
    assert_eq!(set(&backwards), Err(DateRangeError::End));
    let no_asset = range().class("com.apple.hls.interstitial");
    assert_eq!(set(&no_asset), Err(DateRangeError::Asset));
    let lower = range().extension("X-lower", Extension::Text("v".into()));
    assert!(matches!(set(&lower), Err(DateRangeError::Text(_))));
    set(&range().duration(millis(1_000))).unwrap();
    assert_eq!(
        set(&DateRange::update("a").duration(millis(1_001))),
        Err(DateRangeError::Contradiction("DURATION"))
    );
    set(&DateRange::interstitial("i", MIDNIGHT, "https://ads/1").cue(DateCue::Once)).unwrap();
    let media = judged(&feed.view());
    assert_eq!(media.date_ranges.len(), 2);
}

/// SRV-38, AMB-24: the second kind of delta skips old ranges and names the removed ones.
#[test]
fn a_delta_skips_date_ranges() {
    let mut feed = Feed::new(config().window_segments(9).skip_date_ranges());
    feed.segments(1);
    let at = |millis_: u64| MIDNIGHT.plus(millis(millis_));
    feed.manifest
        .set_date_range(&DateRange::new("old", at(100)).planned_duration(millis(1)))
        .unwrap();
    for id in ["gone", "gone too"] {
        let brief = DateRange::new(id, at(200)).duration(millis(100));
        feed.manifest.set_date_range(&brief).unwrap();
    }
    feed.segments(8);
    feed.manifest
        .set_date_range(&DateRange::new("new", at(17_000)).duration(millis(10)))
        .unwrap();
    feed.segments(1);
    let view = feed.view();
    expect("delta_v2", &render(&view, Form::Delta(Skip::V2), &[]));
    let v2 = assert_media_playlist(&render(&view, Form::Delta(Skip::V2), &[]));
    assert_eq!(v2.version, Some(10));
    let removed = v2.removed_date_ranges.unwrap();
    assert_eq!(removed, ["gone", "gone too"]);
    let ids = |text: &str| -> Vec<String> {
        assert_media_playlist(text)
            .date_ranges
            .iter()
            .map(|range| range[0].1.clone())
            .collect()
    };
    assert_eq!(ids(&render(&view, Form::Delta(Skip::V2), &[])), ["\"new\""]);
    // YES keeps them all; so does v2 where it is not offered (AMB-08).
    assert_eq!(ids(&delta(&view)), ["\"old\"", "\"new\""]);
    assert_eq!(ids(&body(&view)), ["\"old\"", "\"new\""]);

    let check = config().skip_until(SkipUntil::Never).skip_date_ranges();
    assert_eq!(
        M3u8Manifest::new(check).map(|_| ()).unwrap_err(),
        ConfigError::SkipDateRanges
    );
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
