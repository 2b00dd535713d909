use bytes::Bytes;
use llhls_manifest::{DiscontinuitySequence, Form, InitVersion, Msn, WallClock};
use playlists::{
    Coding, Media, Part, Playlists, PublishError, Published, Publisher, RenditionConfig, Video,
};

use crate::support::{PARTS, audio, name, part, payload, publish, registry, video, viewer_of};

/// Opens `show/video`, `show/low` and `show/audio`.
fn ladder(playlists: &Playlists) -> [Publisher; 3] {
    let low = RenditionConfig {
        media: Media::Video(Video::new("avc1.64001e", 640, 360)),
        ..video("e1")
    };
    [("video", video("e1")), ("low", low), ("audio", audio("e1"))].map(|(rendition, config)| {
        let mut publisher = playlists
            .publisher(&name("show"), &name(rendition), config)
            .unwrap();
        publisher.init(Bytes::from(format!("{rendition} init")));
        publisher
    })
}

/// The body of each rendition's current version.
fn bodies(playlists: &Playlists) -> Vec<String> {
    ["video", "low", "audio"]
        .iter()
        .map(|rendition| body(playlists, rendition))
        .collect()
}

fn body(playlists: &Playlists, rendition: &str) -> String {
    let version = viewer_of(playlists, rendition).snapshot().unwrap();
    let body = version.body(Form::Full, Coding::Identity);
    let text = String::from_utf8(body.bytes.to_vec()).unwrap();
    if version.view().is_playable() {
        playlist_oracle::assert_media_playlist(&text);
    }
    text
}

/// Publishes part `number` of the renditions in `order` in one step.
fn step(
    publishers: &mut [Publisher; 3],
    order: [usize; 3],
    make: impl Fn(usize) -> Part,
) -> Vec<Result<Published, PublishError>> {
    let mut parts: Vec<_> = publishers
        .iter_mut()
        .enumerate()
        .map(|(index, publisher)| (index, (publisher, make(index))))
        .collect();
    parts.sort_by_key(|(index, _)| order[*index]);
    Publisher::publish_together(parts.into_iter().map(|(_, item)| item))
}

fn together(publishers: &mut [Publisher; 3], number: u64) {
    for result in step(publishers, [0, 1, 2], |_| part(number)) {
        result.unwrap();
    }
}

/// Law 10: what a step gives depends neither on the order of its parts nor on the machine.
#[test]
fn a_step_gives_the_same_bodies_in_any_order() {
    let orders = [[0, 1, 2], [2, 1, 0], [1, 2, 0]];
    let instances = orders.map(|order| {
        let playlists = registry();
        let mut publishers = ladder(&playlists);
        let mut seen = Vec::new();
        for number in 0..PARTS * 4 + 2 {
            if number == PARTS * 2 + 1 {
                publishers[0].init(Bytes::from_static(b"another init"));
            }
            step(&mut publishers, order, |_| part(number).independent());
            seen.push(bodies(&playlists));
        }
        seen
    });
    assert_eq!(instances[0], instances[1]);
    assert_eq!(instances[0], instances[2]);
}

/// LL-26: the reports in a version are those of the instant at which it was made.
#[test]
fn every_version_of_a_step_reports_that_very_step() {
    let playlists = registry();
    let mut publishers = ladder(&playlists);
    for number in 0..PARTS * 3 {
        together(&mut publishers, number);
        let (msn, index) = (1 + number / PARTS, number % PARTS);
        for text in bodies(&playlists) {
            let report = format!("/media.m3u8\",LAST-MSN={msn},LAST-PART={index}\n");
            assert_eq!(text.matches(&report).count(), 2, "after {number}: {text}");
        }
    }
}

/// LL-26 without steps: a report is never ahead of its playlist, and at an equal pace never more
/// than one part behind.
#[test]
fn reports_of_renditions_published_one_by_one_are_never_ahead_and_at_most_a_part_behind() {
    let playlists = registry();
    let mut publishers = ladder(&playlists);
    let last = |text: &str, of: &str| {
        let line = text
            .lines()
            .find(|line| line.starts_with("#EXT-X-RENDITION-REPORT") && line.contains(of))?;
        let number = |key: &str| -> u64 {
            let rest = line.split_once(key).unwrap().1;
            rest.split(',').next().unwrap().parse().unwrap()
        };
        Some((number("LAST-MSN=") - 1) * PARTS + number("LAST-PART="))
    };
    for number in 0..PARTS * 3 {
        for index in 0..3 {
            publishers[index].publish(part(number)).unwrap();
            let names = ["video", "low", "audio"];
            let text = body(&playlists, names[index]);
            for (sibling, of) in names.iter().enumerate().filter(|(it, _)| *it != index) {
                // The siblings before this one have published this part, the others have not.
                let listed = number.checked_sub(u64::from(sibling > index));
                assert_eq!(last(&text, of), listed, "{text}");
            }
        }
    }
}

#[test]
fn a_refused_part_of_a_step_keeps_no_other_back() {
    let playlists = registry();
    let mut publishers = ladder(&playlists);
    together(&mut publishers, 0);
    let too_long = |index| {
        let duration = std::time::Duration::from_millis(500 + u64::from(index == 1));
        Part::new(payload(1), duration.into())
    };
    let results = step(&mut publishers, [0, 1, 2], too_long);
    assert!(results[0].is_ok() && results[2].is_ok());
    assert!(matches!(results[1], Err(PublishError::Refused(_))));

    let other = registry();
    let mut stranger = ladder(&other);
    let [first, _, _] = &mut publishers;
    let [other, _, _] = &mut stranger;
    let results = Publisher::publish_together([(first, part(2)), (other, part(0))]);
    assert!(results[0].is_ok());
    assert!(matches!(results[1], Err(PublishError::OtherPresentation)));
}

#[test]
fn a_codec_change_is_a_discontinuity_in_all_renditions_of_a_step() {
    let playlists = registry();
    let mut publishers = ladder(&playlists);
    for number in 0..PARTS + 2 {
        together(&mut publishers, number);
    }
    let changed = publishers[0].init(Bytes::from_static(b"hvc1 init"));
    let hevc = Media::Video(Video::new("hvc1.1.6.L93.B0", 1920, 1080));
    publishers[0].set_media(hevc).unwrap();
    assert_eq!(changed, InitVersion::new(1));
    let hinted = body(&playlists, "video");
    assert!(
        hinted.contains(
            "#EXT-X-PRELOAD-HINT:TYPE=MAP,URI=\"e1-init1.mp4\"\n#EXT-X-PRELOAD-HINT:TYPE=PART"
        ),
        "{hinted}"
    );
    for result in step(&mut publishers, [2, 0, 1], |_| part(PARTS * 2)) {
        result.unwrap();
    }
    for text in bodies(&playlists) {
        let (before, after) = text
            .split_once("#EXT-X-DISCONTINUITY\n")
            .unwrap_or_else(|| panic!("no discontinuity: {text}"));
        assert!(before.contains("\ne1-2.m4s\n"), "{text}");
        assert!(after.contains("e1-3.0.m4s"), "{text}");
    }
    assert_sequences_match(&playlists, 1);
}

#[tokio::test]
async fn a_codec_change_rewrites_the_multivariant_playlist() {
    let playlists = registry();
    let mut publishers = ladder(&playlists);
    for number in 0..PARTS {
        together(&mut publishers, number);
    }
    let multivariant = async || {
        let body = playlists
            .multivariant("show", Coding::Identity)
            .await
            .unwrap();
        let text = String::from_utf8(body.bytes.to_vec()).unwrap();
        playlist_oracle::assert_multivariant(&text);
        text
    };
    assert!(multivariant().await.contains("avc1.64001f"));
    let hevc = Media::Video(Video::new("hvc1.1.6.L93.B0", 1920, 1080));
    publishers[0].set_media(hevc).unwrap();
    let text = multivariant().await;
    assert!(
        text.contains("hvc1.1.6.L93.B0") && text.contains("1920x1080"),
        "{text}"
    );
    assert!(!text.contains("avc1.64001f"), "{text}");
    let broken = Media::Video(Video::new("two\nlines", 1, 1));
    assert!(publishers[0].set_media(broken).is_err());
}

/// Without steps the siblings follow as soon as they can open a segment, at the same time.
#[test]
fn renditions_published_one_by_one_follow_a_discontinuity_at_the_same_time() {
    let playlists = registry();
    let mut publishers = ladder(&playlists);
    let [video, low, audio] = &mut publishers;
    let at = |number: u64, independent: bool| {
        let part = Part::new(
            payload(number),
            std::time::Duration::from_millis(500).into(),
        )
        .captured_at(WallClock::from_unix_millis(
            1_800_000_000_000 + 500 * number,
        ));
        if independent {
            part.independent()
        } else {
            part
        }
    };
    for number in 0..6 {
        video.publish(at(number, number % 4 == 0)).unwrap();
        low.publish(at(number, number % 4 == 0)).unwrap();
    }
    // Sound is two parts late.
    for number in 0..4 {
        audio.publish(at(number, true)).unwrap();
    }
    video.init(Bytes::from_static(b"another init"));
    video.publish(at(6, true)).unwrap();
    // Not at its next part, which is before the change, but at the part of the same time.
    for number in 4..8 {
        audio.publish(at(number, true)).unwrap();
        let sequence = u64::from(number >= 6);
        assert_eq!(
            sequence_of(&playlists, "audio"),
            sequence,
            "at part {number}"
        );
    }
    // Pictures follow at the next key frame.
    for number in 6..9 {
        low.publish(at(number, number % 4 == 0)).unwrap();
        assert_eq!(sequence_of(&playlists, "low"), u64::from(number == 8));
    }
    assert_sequences_match(&playlists, 1);
    bodies(&playlists);
}

/// A clock that is off by an hour keeps a rendition behind for no longer than a target duration.
#[test]
fn clocks_that_disagree_do_not_keep_renditions_apart() {
    let playlists = registry();
    let [mut video, _low, mut audio] = ladder(&playlists);
    let at = |millis: u64, number: u64| {
        Part::new(
            payload(number),
            std::time::Duration::from_millis(500).into(),
        )
        .captured_at(WallClock::from_unix_millis(millis + 500 * number))
        .independent()
    };
    for number in 0..6 {
        video.publish(at(1_800_003_600_000, number)).unwrap();
        audio.publish(at(1_800_000_000_000, number)).unwrap();
    }
    video
        .publish(at(1_800_003_600_000, 6).discontinuous())
        .unwrap();
    let mut parts = 0;
    while sequence_of(&playlists, "audio") == 0 {
        audio.publish(at(1_800_000_000_000, 6 + parts)).unwrap();
        parts += 1;
        assert!(parts < 10, "it never follows");
    }
    assert_eq!(parts, 5, "one target duration is four parts");
}

/// Two discontinuities before a sibling could follow the first: it follows both, so that the
/// numbers are the same in the end.
#[test]
fn a_rendition_that_missed_two_discontinuities_follows_both() {
    let playlists = registry();
    let [mut video, _low, mut audio] = ladder(&playlists);
    publish(&mut audio, 0..2);
    for number in 0..3 {
        video.publish(part(number * PARTS).discontinuous()).unwrap();
    }
    let sequence = sequence_of(&playlists, "video");
    for number in 2..6 {
        audio.publish(part(number).independent()).unwrap();
    }
    assert_eq!(sequence_of(&playlists, "audio"), sequence);
}

#[test]
fn a_rendition_that_joins_late_has_the_number_of_the_others() {
    let playlists = registry();
    let mut first = playlists
        .publisher(&name("show"), &name("video"), video("e1"))
        .unwrap();
    first.init(Bytes::from_static(b"init"));
    publish(&mut first, 0..PARTS);
    first.publish(part(PARTS).discontinuous()).unwrap();
    let mut late = audio("e1");
    late.manifest = late
        .manifest
        .start(Msn::new(7), DiscontinuitySequence::new(40));
    let mut late = playlists
        .publisher(&name("show"), &name("audio"), late)
        .unwrap();
    late.init(Bytes::from_static(b"init"));
    publish(&mut late, 0..PARTS);
    assert_eq!(sequence_of(&playlists, "audio"), 1);
    assert_eq!(
        body(&playlists, "audio")
            .matches("#EXT-X-DISCONTINUITY\n")
            .count(),
        0
    );
}

/// The Discontinuity Sequence Number of what a rendition published last.
fn sequence_of(playlists: &Playlists, rendition: &str) -> u64 {
    let text = body(playlists, rendition);
    let start: u64 = text
        .lines()
        .find_map(|line| line.strip_prefix("#EXT-X-DISCONTINUITY-SEQUENCE:"))
        .unwrap()
        .parse()
        .unwrap();
    start + text.matches("#EXT-X-DISCONTINUITY\n").count() as u64
}

fn assert_sequences_match(playlists: &Playlists, expected: u64) {
    for rendition in ["video", "low", "audio"] {
        assert_eq!(sequence_of(playlists, rendition), expected, "{rendition}");
    }
}
