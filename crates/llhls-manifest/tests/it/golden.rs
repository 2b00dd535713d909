//! Set `UPDATE_GOLDEN=1` to write the files anew; then read the difference.

use llhls_manifest::{
    Cut, Form, InitVersion, ManifestConfig, Msn, PartIndex, Position, RenditionReport, Skip,
    SkipUntil,
};
use llhls_manifest::{IndependentSegments, LastListed};
use playlist_oracle::{assert_media_playlist, assert_multivariant};

use crate::facts::Facts;
use crate::support::{Feed, body, config, delta, millis, render};

pub(crate) fn expect_text(name: &str, text: &str) {
    expect_file(&format!("{name}.m3u8"), text);
}

fn expect_file(name: &str, text: &str) {
    let path = format!("{}/tests/it/golden/{name}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text, golden, "{name}");
}

/// A media playlist: judged, and beside it what it says, for readers in other languages.
pub(crate) fn expect(name: &str, text: &str) {
    let media = assert_media_playlist(text);
    expect_text(name, text);
    expect_file(&format!("{name}.json"), &Facts::read(&media).json());
}

#[test]
fn first_complete_segment() {
    let mut feed = Feed::new(config());
    feed.segment(4);
    expect("first_complete_segment", &body(&feed.view()));
}

#[test]
fn steady_state_with_an_open_segment() {
    let mut feed = Feed::new(config());
    feed.segments(8);
    feed.parts(2);
    expect("steady", &body(&feed.view()));
}

#[test]
fn right_after_a_segment_closed() {
    let mut feed = Feed::new(config());
    feed.segments(7);
    expect("segment_closed", &body(&feed.view()));
}

#[test]
fn short_final_part() {
    let mut feed = Feed::new(config());
    feed.segments(1);
    feed.parts(3);
    let short = feed.facts(millis(120)).cut(Cut::After);
    feed.push(short);
    expect("short_final_part", &body(&feed.view()));
}

/// LL-21, AMB-13: the hint for the section comes first, and before its segment.
#[test]
fn codec_change_is_hinted() {
    let mut feed = Feed::new(config());
    feed.segments(2);
    feed.parts(2);
    let _ = feed.manifest.change_init(InitVersion::new(1));
    expect("codec_change_hinted", &body(&feed.view()));
    feed.parts(1);
    expect("codec_change", &body(&feed.view()));
}

/// UP-04: the tag leaves with its segment, and the sequence rises in the same version.
#[test]
fn discontinuity_slides_out() {
    let mut feed = Feed::new(config());
    feed.segments(2);
    let facts = feed.facts(millis(500)).independent().discontinuous();
    feed.push(facts);
    let _ = feed.manifest.close_segment();
    feed.segments(6);
    expect("discontinuity_first", &body(&feed.view()));
    feed.segments(1);
    expect("discontinuity_gone", &body(&feed.view()));
}

#[test]
fn outage_becomes_gaps() {
    let mut feed = Feed::new(config());
    feed.segments(2);
    for index in 0..4 {
        let facts = feed.facts(millis(500)).gap();
        feed.push(facts.cut(if index == 3 { Cut::After } else { Cut::Never }));
    }
    feed.parts(1);
    expect("outage", &body(&feed.view()));
}

#[test]
fn ended() {
    let mut feed = Feed::new(config());
    feed.segments(3);
    feed.parts(2);
    let _ = feed.manifest.end();
    let siblings = [RenditionReport {
        uri: "../a/index.m3u8",
        last: LastListed::Segment(Msn::new(4)),
    }];
    expect("ended", &render(&feed.view(), Form::Full, &siblings));
}

#[test]
fn reports_of_the_siblings() {
    let mut feed = Feed::new(config());
    feed.segments(2);
    feed.parts(1);
    let reports = [
        RenditionReport {
            uri: "../audio/index.m3u8",
            last: LastListed::Part(Position::new(Msn::new(3), PartIndex::new(0))),
        },
        RenditionReport {
            uri: "../subtitles/index.m3u8",
            last: LastListed::Segment(Msn::new(2)),
        },
    ];
    expect("reports", &render(&feed.view(), Form::Full, &reports));
}

#[test]
fn delta_update() {
    let mut feed = Feed::new(config().window_segments(9).skip_until(SkipUntil::Auto));
    feed.segments(9);
    feed.parts(1);
    expect("delta", &delta(&feed.view()));
    // `v2` without date ranges to skip is the same (AMB-08).
    assert_eq!(
        render(&feed.view(), Form::Delta(Skip::V2), &[]),
        delta(&feed.view())
    );
}

/// SRV-42: the first kept segment keeps its discontinuity, a skipped one takes its own along.
#[test]
fn delta_at_a_discontinuity() {
    let mut feed = Feed::new(config().window_segments(9));
    feed.segments(2);
    let _ = feed.manifest.change_init(InitVersion::new(1));
    feed.segments(7);
    expect("delta_before_discontinuity", &delta(&feed.view()));
    let mut feed = Feed::new(config().window_segments(9));
    feed.segments(3);
    let _ = feed.manifest.change_init(InitVersion::new(1));
    feed.segments(6);
    expect("delta_at_discontinuity", &delta(&feed.view()));
}

#[test]
fn without_parts() {
    let mut feed = Feed::new(config().without_parts());
    for _ in 0..8 {
        let facts = feed.facts(millis(2000)).independent().cut(Cut::After);
        feed.push(facts);
    }
    expect("without_parts", &body(&feed.view()));
}

#[test]
fn stand_alone_and_undated() {
    let config = ManifestConfig::new(crate::support::names().extension("aac").unwrap())
        .target_duration(2)
        .part_target(millis(500))
        .independent_segments(IndependentSegments::Printed)
        .hold_back(millis(8_000))
        .without_init()
        .skip_until(SkipUntil::Never);
    let mut manifest = llhls_manifest::M3u8Manifest::new(config).unwrap();
    for media in 0..3 {
        let part =
            llhls_manifest::PartFacts::new(millis(500), llhls_manifest::MediaRef::new(media));
        let _ = manifest.push(part.independent()).unwrap();
    }
    let _ = manifest.close_segment();
    expect("stand_alone", &body(&manifest.view()));
}

/// 29.97 frames per second in 12-frame parts of 5 per segment: nothing is a round number.
#[test]
fn drop_frame_rate_does_not_drift() {
    let timescale = core::num::NonZeroU32::new(30_000).unwrap();
    let part = llhls_manifest::MediaDuration::from_ticks(12 * 1001, timescale);
    let config = ManifestConfig::new(crate::support::names())
        .target_duration(2)
        .part_target(part);
    let mut feed = Feed::new(config);
    for index in 0..47 {
        let facts = feed.facts(part);
        feed.push(if index % 5 == 0 {
            facts.independent()
        } else {
            facts
        });
    }
    expect("drop_frame_rate", &body(&feed.view()));
}

#[test]
fn multivariant() {
    use llhls_manifest::{FrameRate, MultivariantPlaylist, Rendition, Resolution, Variant};
    let frames = core::num::NonZeroU32::new(1_001).unwrap();
    let text = MultivariantPlaylist::new()
        .independent_segments()
        .rendition(
            Rendition::audio("aac", "English", "audio.m3u8")
                .language("en")
                .default()
                .channels("2"),
        )
        .variant(
            Variant::new("video_720.m3u8", 2_600_000)
                .average_bandwidth(2_100_000)
                .codecs(["avc1.64001f", "mp4a.40.2"])
                .resolution(Resolution::new(1280, 720))
                .frame_rate(FrameRate::new(30_000, frames))
                .audio("aac"),
        )
        .variant(
            Variant::new("video_360.m3u8", 900_000)
                .codecs(["avc1.4d401e", "mp4a.40.2"])
                .audio("aac"),
        )
        .build()
        .unwrap();
    assert_multivariant(&text);
    expect_text("multivariant", &text);
}

/// The automatic border: an independent part that comes early, on time, within half a part, and
/// late; and one that never comes before the target duration would break.
#[test]
fn independent_frames_early_and_late() {
    let mut feed = Feed::new(config());
    let independent_at = [0, 2, 6, 10, 15, 19];
    for index in 0..30 {
        let facts = feed.facts(millis(480));
        feed.push(if independent_at.contains(&index) {
            facts.independent()
        } else {
            facts
        });
    }
    expect("independent_early_and_late", &body(&feed.view()));
}

/// 600 ms parts under a target duration of 2 s: the last part of a segment is shorter.
#[test]
fn part_target_does_not_divide_the_target_duration() {
    let mut feed = Feed::new(config().part_target(millis(600)));
    for _ in 0..4 {
        for part in [600, 600, 600, 200] {
            let facts = feed.facts(millis(part));
            let cut = if part == 200 { Cut::After } else { Cut::Auto };
            feed.push(facts.cut(cut));
        }
    }
    expect("part_target_not_dividing", &body(&feed.view()));
}

/// 44.1 kHz: parts of 20 frames of 1024 samples, each independent.
#[test]
fn aac_at_44_1_khz() {
    let timescale = core::num::NonZeroU32::new(44_100).unwrap();
    let part = llhls_manifest::MediaDuration::from_ticks(20 * 1024, timescale);
    let mut feed = Feed::new(config().part_target(part));
    for _ in 0..23 {
        let facts = feed.facts(part).independent();
        feed.push(facts);
    }
    expect("aac_44100", &body(&feed.view()));
}

/// PL-11: numbers beyond 2^32 and 2^53.
#[test]
fn large_numbers() {
    for (name, first) in [("msn_2_32", (1 << 32) - 2), ("msn_2_53", (1_u64 << 53) - 2)] {
        let dsn = llhls_manifest::DiscontinuitySequence::new(first);
        let mut feed = Feed::new(config().start(Msn::new(first), dsn));
        feed.segments(3);
        let _ = feed.manifest.change_init(InitVersion::new(u32::MAX));
        feed.parts(2);
        expect(name, &body(&feed.view()));
    }
}
