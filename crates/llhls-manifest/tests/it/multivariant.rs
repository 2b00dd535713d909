use core::num::NonZeroU32;

use llhls_manifest::{
    BandwidthMeter, ClosedCaptions, ContentSteering, Definition, FrameRate, HdcpLevel,
    IFrameVariant, Key, KeyMethod, MultivariantError, MultivariantPlaylist, Rendition, Resolution,
    Score, SessionData, StartOffset, StartPrecision, Variant, VideoRange,
};
use playlist_oracle::assert_multivariant;
use proptest::prelude::*;

use crate::golden::expect_text;
use crate::support::millis;

fn frame_rate(frames: u32, seconds: u32) -> FrameRate {
    FrameRate::new(frames, NonZeroU32::new(seconds).unwrap())
}

fn score(thousandths: u32) -> Score {
    Score::from_thousandths(NonZeroU32::new(thousandths).unwrap())
}

fn everything() -> MultivariantPlaylist {
    let audio = |group: &str, channels: &str, uri: &str| {
        Rendition::audio(group, "English", uri)
            .language("en")
            .default()
            .channels(channels)
            .characteristics(["public.accessibility.describes-video"])
    };
    MultivariantPlaylist::new()
        .independent_segments()
        .start_offset(
            StartOffset::BeforeEnd(millis(12_000)),
            StartPrecision::Segment,
        )
        .define(Definition::Value {
            name: "host".into(),
            value: "cdn".into(),
        })
        .session_data(SessionData::value("com.example.title", "A title").language("en"))
        .session_data(SessionData::json("com.example.more", "more.json"))
        .session_data(SessionData::raw("com.example.logo", "logo.png"))
        .session_key(
            Key::new(KeyMethod::SampleAes, "skd://1")
                .unwrap()
                .format("com.apple", "1")
                .unwrap(),
        )
        .content_steering(ContentSteering::new("steer.json").pathway("a"))
        .rendition(
            audio("stereo", "2", "stereo.m3u8")
                .bit_depth(16)
                .sample_rate(48_000),
        )
        .rendition(audio("surround", "6", "surround.m3u8").stable_id("en/6"))
        .rendition(
            Rendition::subtitles("subs", "English", "en.m3u8")
                .language("en")
                .forced()
                .autoselect(),
        )
        .rendition(Rendition::closed_captions("cc", "Captions", "SERVICE2").language("en"))
        .rendition(Rendition::video("angles", "Main", "angle.m3u8"))
        .variant(
            Variant::new("{$host}/1080.m3u8", 6_000_000)
                .average_bandwidth(5_000_000)
                .score(score(2_500))
                .codecs(["hvc1.2.4.L123.B0", "ec-3"])
                .supplemental_codecs(["dvh1.08.07/db4h"])
                .resolution(Resolution::new(1920, 1080))
                .frame_rate(frame_rate(60_000, 1_001))
                .hdcp_level(HdcpLevel::Type1)
                .allowed_cpc("com.example.drm", ["SMART-TV", "PC"])
                .video_range(VideoRange::from_transfer_characteristics(16))
                .stable_id("v1080")
                .pathway("a")
                .video("angles")
                .audio("surround")
                .subtitles("subs")
                .closed_captions(ClosedCaptions::Group("cc".into())),
        )
        .variant(
            Variant::new("360.m3u8", 900_000)
                .score(score(1_000))
                .codecs(["avc1.4d401e", "mp4a.40.2"])
                .resolution(Resolution::new(640, 360))
                .frame_rate(frame_rate(30, 1))
                .video_range(VideoRange::from_transfer_characteristics(1))
                .pathway("b")
                .audio("stereo")
                .closed_captions(ClosedCaptions::Group("cc".into())),
        )
        .i_frame_variant(
            IFrameVariant::new("i.m3u8", 300_000)
                .codecs(["avc1.4d401e"])
                .resolution(Resolution::new(640, 360)),
        )
}

#[test]
fn all_of_it() {
    let text = everything().build().unwrap();
    assert_multivariant(&text);
    expect_text("multivariant_full", &text);
}

/// MV-31: the version is the floor, and absent at 1.
#[test]
fn version_floors() {
    let version = |playlist: MultivariantPlaylist| {
        let text = playlist.variant(Variant::new("v.m3u8", 1)).build().unwrap();
        assert_multivariant(&text);
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("#EXT-X-VERSION:"));
        line.map_or(1, |version| version.parse().unwrap())
    };
    let new = MultivariantPlaylist::new;
    let value = Definition::Value {
        name: "a".into(),
        value: String::new(),
    };
    assert_eq!(version(new()), 1);
    assert_eq!(
        version(new().rendition(Rendition::closed_captions("c", "n", "CC1"))),
        1
    );
    assert_eq!(
        version(new().rendition(Rendition::closed_captions("c", "n", "SERVICE63"))),
        7
    );
    assert_eq!(version(new().define(value)), 8);
    assert_eq!(
        version(new().define(Definition::QueryParameter("t".into()))),
        11
    );
    let layout = Variant::new("s.m3u8", 1).required_layout("CH-STEREO/PROJ-HEQU");
    assert_eq!(version(new().variant(layout)), 12);
    assert_eq!(
        version(new().rendition(Rendition::muxed_audio("a", "n").instream_id("1"))),
        13
    );
    let key = Key::new(KeyMethod::Aes128, "k").unwrap();
    assert_eq!(version(new().session_key(key.clone())), 1);
    assert_eq!(version(new().session_key(key.clone().iv([1; 16]))), 2);
    assert_eq!(version(new().session_key(key.format("f", "1").unwrap())), 5);
}

/// MV-10 … MV-28: what does not fit together is an error that says so.
#[test]
fn inconsistent_graphs_are_refused() {
    use MultivariantError as E;
    let new = MultivariantPlaylist::new;
    let variant = || Variant::new("v.m3u8", 10);
    let build = |playlist: MultivariantPlaylist| playlist.build().unwrap_err();
    let with = |variant: Variant| build(new().variant(variant));
    let having = |rendition: Rendition| build(new().rendition(rendition).variant(variant()));
    let unknown = |group: &str| E::UnknownGroup(group.into());
    let bandwidth = || E::Bandwidth {
        uri: "v.m3u8".into(),
    };

    assert_eq!(build(new()), E::NoVariant);
    assert_eq!(with(Variant::new("v.m3u8", 0)), bandwidth());
    assert_eq!(with(variant().average_bandwidth(11)), bandwidth());
    for uri in ["", "#a", "a b", "a\nb", "a\"b"] {
        assert!(
            matches!(
                with(Variant::new(uri, 1)),
                E::Text {
                    attribute: "URI",
                    ..
                }
            ),
            "{uri:?}"
        );
    }
    assert!(matches!(
        with(variant().codecs(["a,b"])),
        E::Text {
            attribute: "CODECS",
            ..
        }
    ));
    let orphan = variant().supplemental_codecs(["dvh1/db4h"]);
    assert!(matches!(
        with(orphan),
        E::Text {
            attribute: "SUPPLEMENTAL-CODECS",
            ..
        }
    ));
    assert!(matches!(
        with(variant().required_layout("CH-MONO")),
        E::Text { .. }
    ));
    assert!(matches!(
        with(variant().required_layout("CH-3D")),
        E::Text { .. }
    ));
    assert!(matches!(with(variant().stable_id("a b")), E::Text { .. }));
    assert!(matches!(with(variant().pathway("a b")), E::Text { .. }));
    assert!(matches!(
        with(variant().allowed_cpc("f", ["low"])),
        E::Text { .. }
    ));
    assert_eq!(with(variant().audio("a")), unknown("a"));
    assert_eq!(with(variant().video("a")), unknown("a"));
    assert_eq!(with(variant().subtitles("a")), unknown("a"));
    assert_eq!(
        with(variant().closed_captions(ClosedCaptions::Group("a".into()))),
        unknown("a")
    );

    // A group of another type is another group.
    let subtitles = Rendition::subtitles("a", "n", "s.m3u8");
    let wrong_type = new().rendition(subtitles).variant(variant().audio("a"));
    assert_eq!(build(wrong_type), unknown("a"));

    let two = |one: Variant, other: Variant| build(new().variant(one).variant(other));
    let other = || Variant::new("w.m3u8", 10);
    assert_eq!(
        two(variant().score(score(1)), other()),
        E::OnSomeVariants("SCORE")
    );
    assert_eq!(
        two(variant().closed_captions(ClosedCaptions::None), other()),
        E::OnSomeVariants("CLOSED-CAPTIONS=NONE")
    );
    assert_eq!(
        two(variant().stable_id("a"), variant().stable_id("b")),
        E::StableId("v.m3u8".into())
    );

    let wrong = |attribute| E::Rendition {
        name: "n".into(),
        attribute,
    };
    assert_eq!(
        having(Rendition::closed_captions("c", "n", "CC5")),
        wrong("INSTREAM-ID")
    );
    assert_eq!(
        having(Rendition::closed_captions("c", "n", "SERVICE64")),
        wrong("INSTREAM-ID")
    );
    assert_eq!(
        having(Rendition::muxed_audio("a", "n").forced()),
        wrong("FORCED")
    );
    assert_eq!(
        having(Rendition::video("v", "n", "u").channels("2")),
        wrong("CHANNELS")
    );
    assert_eq!(
        having(Rendition::video("v", "n", "u").bit_depth(8)),
        wrong("BIT-DEPTH")
    );
    assert_eq!(
        having(Rendition::video("v", "n", "u").sample_rate(8)),
        wrong("SAMPLE-RATE")
    );

    let audio = |group: &str, name: &str| Rendition::audio(group, name, "a.m3u8");
    let group = |one: Rendition, other: Rendition| {
        build(new().rendition(one).rendition(other).variant(variant()))
    };
    assert_eq!(
        group(audio("a", "n"), audio("a", "n")),
        E::AmbiguousGroup("a".into())
    );
    assert_eq!(
        group(audio("a", "n").default(), audio("a", "m").default()),
        E::AmbiguousGroup("a".into())
    );
    assert_eq!(
        group(audio("a", "n"), audio("b", "m")),
        E::UnequalGroups {
            one: "a".into(),
            other: "b".into()
        }
    );

    let data = || SessionData::value("d", "v");
    let session = new()
        .session_data(data())
        .session_data(data())
        .variant(variant());
    assert_eq!(build(session), E::Duplicate("d".into()));
    let key = || Key::new(KeyMethod::SampleAesCtr, "k").unwrap();
    let keys = new()
        .session_key(key())
        .session_key(key())
        .variant(variant());
    assert_eq!(build(keys), E::Duplicate("a session key".into()));
    assert_eq!(
        build(new().session_key(key().iv([0; 16])).variant(variant())),
        E::SessionKey
    );
    let steering = new()
        .content_steering(ContentSteering::new("s").pathway("x"))
        .variant(variant());
    assert_eq!(build(steering), E::UnknownPathway("x".into()));
    let import = new()
        .define(Definition::Import("a".into()))
        .variant(variant());
    assert_eq!(build(import), E::Definitions);
    assert_eq!(with(Variant::new("{$x}.m3u8", 1)), E::Definitions);
    assert_eq!(with(variant().codecs(["{$x}"])), E::Definitions);
    assert_eq!(having(Rendition::muxed_audio("a", "{$x}")), E::Definitions);
}

/// MV-03: runs of half to one and a half target durations.
#[test]
fn bandwidth_is_measured_over_runs() {
    let mut meter = BandwidthMeter::new(millis(2_000));
    assert_eq!((meter.peak(), meter.average()), (None, None));
    // Too short to count alone; with its neighbour it is a run of 1 s.
    meter.segment(100_000, millis(500));
    assert_eq!(meter.peak(), None);
    meter.segment(25_000, millis(500));
    assert_eq!(meter.peak(), Some(1_000_000));
    meter.segment(500_000, millis(2_000));
    assert_eq!(meter.peak(), Some(2_000_000));
    assert_eq!(meter.average(), Some(1_666_667));
}

proptest! {
    /// Whatever the texts are, a playlist is refused or conforms.
    #[test]
    fn any_text_is_refused_or_conforms(
        uri in "[ -~\u{e9}\n]{0,8}",
        group in "[ -~\t]{0,6}",
        name in "\\PC{0,6}",
        codec in "[ -~]{0,6}",
        average in 0_u64..4,
        bandwidth in 0_u64..4,
    ) {
        let built = MultivariantPlaylist::new()
            .rendition(Rendition::audio(group.clone(), name, uri.clone()).language(codec.clone()))
            .variant(
                Variant::new(uri, bandwidth)
                    .average_bandwidth(average)
                    .codecs([codec])
                    .audio(group),
            )
            .build();
        if let Ok(text) = built {
            assert_multivariant(&text);
        }
    }
}
