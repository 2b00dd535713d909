//! The clips are what the demo assumes, and the demo is what it promises.

use std::collections::BTreeSet;

use super::*;
use crate::media::fragment::SyncPoint;
use crate::media::init::TrackKind;
use crate::media::limits::MediaLimits;
use crate::media::part::Independence;
use crate::media::reader::{MediaItem, MediaReader};

/// A Saturday in 2026, on a loop boundary.
const SOME_DAY: u64 = 1_795_219_200 * 5;

fn demo() -> DemoSource {
    DemoSource::new(DemoSegment::TwoSeconds)
}

/// The files themselves, as `demo/make-clips.sh` makes them.
#[test]
fn the_clips_are_eight_seconds_of_whole_gops_and_whole_aac_frames() {
    let clips: [(&[u8], usize, usize, u32); 3] = [
        (include_bytes!("../../../demo/video-720.mp4"), 240, 8, 3000),
        (include_bytes!("../../../demo/video-360.mp4"), 240, 8, 3000),
        (include_bytes!("../../../demo/audio.mp4"), 375, 375, 1024),
    ];
    let total: usize = clips.iter().map(|(bytes, ..)| bytes.len()).sum();
    assert!(
        total < 1_100_000,
        "{total} bytes are embedded in the binary"
    );
    for (bytes, samples, syncs, duration) in clips {
        let mut items = Vec::new();
        MediaReader::new(MediaLimits::default())
            .read(bytes, &mut items)
            .expect("a clip is fMP4");
        let found: Vec<_> = items
            .iter()
            .filter_map(|item| match item {
                MediaItem::Fragment(fragment) => Some(fragment.samples()),
                _ => None,
            })
            .flatten()
            .collect();
        assert_eq!(found.len(), samples);
        assert!(
            found
                .iter()
                .all(|sample| sample.duration == duration && sample.composition_offset == 0)
        );
        let starts: Vec<usize> = (0..samples)
            .filter(|&at| found[at].sync == SyncPoint::Sync)
            .collect();
        assert_eq!(starts.len(), syncs);
        assert!(
            starts.iter().all(|start| start % (samples / syncs) == 0),
            "a sync sample on each second: {starts:?}"
        );
    }
}

#[test]
fn the_clips_say_themselves_what_they_are() {
    let demo = demo();
    let told: Vec<_> = demo
        .renditions()
        .iter()
        .map(|rendition| (rendition.name(), rendition.track().codec.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("video-720", "avc1.64001f"),
            ("video-360", "avc1.64001e"),
            ("audio", "mp4a.40.2")
        ]
    );
    let size = |index: usize| match demo.renditions()[index].track().kind {
        TrackKind::Video { width, height, .. } => Some((width, height)),
        _ => None,
    };
    assert_eq!(
        [size(0), size(1), size(2)],
        [Some((1280, 720)), Some((640, 360)), None]
    );
    assert_eq!(
        demo.renditions()[2].track().kind,
        TrackKind::Audio {
            channels: 2,
            sample_rate: 48_000
        }
    );
    assert_eq!(
        demo.renditions()[0]
            .frame_rate()
            .map(|rate| rate.to_string())
            .as_deref(),
        Some("30.000")
    );
    for rendition in demo.renditions() {
        assert!(rendition.peak_bit_rate() >= rendition.mean_bit_rate());
        assert!(
            (50_000..900_000).contains(&rendition.mean_bit_rate()),
            "{}",
            rendition.mean_bit_rate()
        );
    }
}

#[test]
fn parts_follow_each_other_without_gap_or_overlap_over_the_seam() {
    let demo = demo();
    let mut expected: Vec<Option<u64>> = vec![None; 3];
    for index in SOME_DAY - 50..SOME_DAY + 50 {
        for (part, expected) in demo
            .part_at(DemoIndex(index))
            .renditions
            .iter()
            .zip(&mut expected)
        {
            assert!(
                expected.is_none_or(|expected| expected == part.decode_time.ticks),
                "part {index}"
            );
            *expected = Some(part.decode_time.ticks + part.duration.ticks);
        }
    }
}

#[test]
fn every_part_lies_in_its_slot_of_the_wall_clock() {
    let demo = demo();
    for index in SOME_DAY..SOME_DAY + PARTS_PER_LOOP {
        let slot = index * 200_000_000..(index + 1) * 200_000_000;
        for part in demo.part_at(DemoIndex(index)).renditions {
            let start = part.decode_time.as_nanos();
            let end = start + part.duration.as_nanos();
            assert!(
                start <= slot.start && slot.start - start < 21_400_000,
                "starts within an AAC frame of its slot"
            );
            assert!(
                end <= slot.end && slot.end - end < 21_400_000,
                "is complete when it becomes available"
            );
            assert_eq!(part.capture_time.map(|time| time.unix_nanos), Some(start));
        }
    }
}

#[test]
fn parts_fit_their_targets() {
    let demo = demo();
    let targets: Vec<_> = demo
        .renditions()
        .iter()
        .map(|rendition| rendition.part_target().as_nanos())
        .collect();
    assert_eq!(targets, [200_000_000, 200_000_000, 213_333_333]);
    for index in 0..PARTS_PER_LOOP {
        for (part, rendition) in demo
            .part_at(DemoIndex(index))
            .renditions
            .iter()
            .zip(demo.renditions())
        {
            let target = rendition.part_target().ticks;
            assert!(
                part.duration.ticks <= target && part.duration.ticks * 100 >= target * 85,
                "part {index}"
            );
        }
    }
}

#[test]
fn each_second_starts_with_a_picture_that_decodes_alone() {
    let demo = demo();
    for index in 0..PARTS_PER_LOOP {
        let part = demo.part_at(DemoIndex(index));
        let independent: Vec<_> = part
            .renditions
            .iter()
            .map(|part| part.independence == Independence::Independent)
            .collect();
        assert_eq!(independent, [index % 5 == 0, index % 5 == 0, true]);
        assert!(
            part.renditions
                .iter()
                .all(|part| part.segment.opens_segment() == (index % 10 == 0))
        );
    }
}

#[test]
fn numbering_follows_from_the_index_alone() {
    let demo = demo();
    let part = demo.part_at(DemoIndex(SOME_DAY + 13));
    assert_eq!(
        (part.media_sequence, part.part_in_segment),
        (SOME_DAY / 10 + 1, 3)
    );
    assert_eq!(demo.segment_start(part.index), DemoIndex(SOME_DAY + 10));
    let again = DemoSource::new(DemoSegment::TwoSeconds).part_at(part.index);
    for (one, other) in part.renditions.iter().zip(&again.renditions) {
        assert_eq!(one.bytes, other.bytes, "two origins serve the same bytes");
    }
}

#[test]
fn a_part_is_available_at_its_end_and_not_before() {
    let demo = demo();
    for index in [0, 1, 4_000_000_001] {
        let at = demo.available_at(DemoIndex(index));
        assert_eq!(demo.index_at(at), Some(DemoIndex(index)));
        assert_eq!(
            demo.index_at(at - Duration::from_nanos(1)),
            index.checked_sub(1).map(DemoIndex)
        );
    }
    assert_eq!(demo.index_at(Duration::ZERO), None);
}

#[test]
fn sequence_numbers_grow_and_parts_differ_only_where_they_must() {
    let demo = demo();
    let one = &demo.part_at(DemoIndex(7)).renditions[0];
    let next_loop = &demo.part_at(DemoIndex(7 + PARTS_PER_LOOP)).renditions[0];
    let differing: BTreeSet<usize> = (0..one.bytes.len())
        .filter(|&at| one.bytes[at] != next_loop.bytes[at])
        .collect();
    assert!(
        differing.len() <= 4 + 8 && differing.iter().all(|&at| at < 120),
        "only numbers in the moof: {differing:?}"
    );
}

#[test]
fn segment_lengths_are_whole_gops() {
    for segment in [
        DemoSegment::OneSecond,
        DemoSegment::TwoSeconds,
        DemoSegment::FourSeconds,
    ] {
        assert_eq!(
            segment.duration(),
            PART_DURATION * u32::try_from(segment.parts()).expect("few")
        );
        assert_eq!(PARTS_PER_LOOP % segment.parts(), 0);
    }
}
