use llhls_manifest::{
    ConfigError, DateCue, DateRange, DateRangeError, Extension, Form, M3u8Manifest, Msn, Skip,
    SkipUntil,
};
use playlist_oracle::assert_media_playlist;

use crate::golden::expect;
use crate::support::{Feed, MIDNIGHT, body, config, delta, judged, millis, render};

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
