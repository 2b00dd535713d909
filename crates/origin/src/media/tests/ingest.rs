use std::time::Duration;

use super::ffmpeg::{Packet, TempFile, decoded_frames, encode, ffmpeg_encoder, packets};
use crate::media::{
    Continuity, CutConfig, Fragment, Independence, InitSection, MediaItem, MediaLimits, MediaPart,
    MediaReader, PresentationCutter, SegmentStart, TrackInfo,
};

const PART: Duration = Duration::from_millis(200);
const SEGMENT: Duration = Duration::from_secs(2);

/// What a request became.
struct Published {
    init: InitSection,
    fragments: Vec<Fragment>,
    parts: Vec<MediaPart>,
    cutter: PresentationCutter,
}

fn publish(bytes: &[u8]) -> Published {
    publish_in(bytes, SEGMENT)
}

fn publish_in(bytes: &[u8], segment: Duration) -> Published {
    let mut items = Vec::new();
    let mut reader = MediaReader::new(MediaLimits::default());
    for chunk in bytes.chunks(7777) {
        reader
            .read(chunk, &mut items)
            .expect("ffmpeg writes what we read");
    }
    let init = reader.init().expect("a header came first").clone();
    let mut cutter = PresentationCutter::new(&init, CutConfig::new(PART, segment));
    let mut parts = Vec::new();
    let mut fragments = Vec::new();
    for item in items {
        if let MediaItem::Fragment(fragment) = item {
            cutter.push(&fragment, &mut parts).expect("it can be cut");
            fragments.push(fragment);
        }
    }
    cutter.finish(&mut parts).expect("it can be cut");
    Published {
        init,
        fragments,
        parts,
        cutter,
    }
}

impl Published {
    fn parts_of(&self, track: &TrackInfo) -> Vec<&MediaPart> {
        self.parts
            .iter()
            .filter(|part| part.track == track.id)
            .collect()
    }

    /// The rules of LL-03, LL-04, FMT-04, FMT-06, FMT-08, FMT-10 and FMT-11 on every track.
    fn check_rules(&self) {
        for track in self.init.tracks() {
            let parts = self.parts_of(track);
            let target = self.cutter.part_target(track.id).expect("media came").ticks;
            let init = self.init.for_track(track.id).expect("a track of this init");
            let mut expected_time = None;
            let mut last_sequence = None;
            for (index, part) in parts.iter().enumerate() {
                assert_eq!(part.continuity, Continuity::Continues);
                assert!(part.duration.ticks <= target, "LL-03: {part:?}");
                let last_of_segment = parts
                    .get(index + 1)
                    .is_none_or(|next| next.segment.opens_segment());
                let exempt = last_of_segment || part.independence == Independence::Independent;
                assert!(
                    exempt || part.duration.ticks * 100 >= target * 85,
                    "LL-04: {part:?}"
                );

                let mut items = Vec::new();
                let mut alone = MediaReader::new(MediaLimits::default());
                alone.read(&init, &mut items).expect("the track's own init");
                alone
                    .read(&part.bytes, &mut items)
                    .expect("a part parses alone (FMT-06)");
                let fragments: Vec<Fragment> = items
                    .into_iter()
                    .filter_map(|item| match item {
                        MediaItem::Fragment(fragment) => Some(fragment),
                        _ => None,
                    })
                    .collect();
                let samples: usize = fragments
                    .iter()
                    .map(|fragment| fragment.samples().len())
                    .sum();
                assert!(samples > 0 && samples == part.samples as usize, "FMT-10");
                for fragment in &fragments {
                    let time = fragment.decode_time().ticks;
                    assert!(
                        expected_time.is_none_or(|expected| expected == time),
                        "FMT-04 at part {index}"
                    );
                    expected_time = Some(fragment.end_time().ticks);
                    assert!(
                        last_sequence.is_none_or(|last| last < fragment.sequence()),
                        "FMT-11 at part {index}"
                    );
                    last_sequence = Some(fragment.sequence());
                }
                let independent = fragments.iter().any(|fragment| {
                    fragment
                        .samples()
                        .iter()
                        .any(|sample| sample.sync == crate::media::SyncPoint::Sync)
                });
                assert_eq!(
                    independent,
                    part.independence == Independence::Independent,
                    "FMT-08"
                );
                if part.segment == SegmentStart::Starts {
                    assert!(fragments[0].starts_with_sync(), "FMT-05");
                }
            }
        }
    }

    /// Segments of all tracks start at the same time for those who watch, to two samples of sound: ffmpeg lets sound
    /// run that far ahead in a fragment, and what is out is out.
    fn check_alignment(&self) {
        let starts: Vec<Vec<u64>> = self
            .init
            .tracks()
            .map(|track| {
                let parts = self.parts_of(track);
                parts
                    .iter()
                    .filter(|part| part.segment.opens_segment())
                    .map(|part| part.presentation_time.as_nanos())
                    .collect()
            })
            .collect();
        for other in &starts[1..] {
            assert_eq!(
                starts[0].len(),
                other.len(),
                "as many segments in each rendition: {starts:?}"
            );
            for (one, other) in starts[0].iter().zip(other) {
                assert!(one.abs_diff(*other) < 25_000_000, "{starts:?}");
            }
        }
    }

    /// Each track's parts, behind the track's own init, decode without a warning and hold exactly the packets of the source.
    fn check_against(&self, source: &[u8]) {
        let source = TempFile::with("mp4", source);
        for track in self.init.tracks() {
            let mut bytes = self
                .init
                .for_track(track.id)
                .expect("a track of this init")
                .to_vec();
            for part in self.parts_of(track) {
                bytes.extend_from_slice(&part.bytes);
            }
            let cut = TempFile::with("mp4", &bytes);
            let stream = if track.is_video() { "v:0" } else { "a:0" };
            let expected = packets(source.path(), stream);
            assert_eq!(
                packets(cut.path(), stream),
                expected,
                "no packet lost, doubled or moved"
            );
            let samples: u32 = self.parts_of(track).iter().map(|part| part.samples).sum();
            assert_eq!(samples as usize, expected.len());
            assert!(decoded_frames(cut.path()) > 0);
        }
    }

    fn check(&self, source: &[u8]) {
        self.check_rules();
        self.check_alignment();
        self.check_against(source);
    }
}

fn video(rate: &str, seconds: u32) -> String {
    format!("-f lavfi -i testsrc2=size=320x180:rate={rate}:duration={seconds}")
}

fn sound(rate: u32, seconds: u32) -> String {
    format!("-f lavfi -i sine=frequency=440:sample_rate={rate}:duration={seconds}")
}

const X264: &str = "-c:v libx264 -preset ultrafast -bf 0 -g 30 -keyint_min 30 -sc_threshold 0";
const AAC: &str = "-c:a aac -b:a 64k";

/// One `moof` per GOP, with a `traf` for each of two tracks: what `ffmpeg -f mp4` to an ingest sends by default.
#[test]
fn muxed_gops_of_a_second_become_parts_of_each_track() {
    let source = encode(
        &format!("{} {}", video("30", 5), sound(48_000, 5)),
        &format!("{X264} {AAC}"),
        "-movflags +cmaf+frag_keyframe+empty_moov+default_base_moof",
    );
    let published = publish(&source);
    assert_eq!(published.init.tracks().count(), 2);
    published.check(&source);
    let tracks: Vec<_> = published.init.tracks().collect();
    let video = published.parts_of(tracks[0]);
    assert_eq!(video.len(), 25);
    assert_eq!(
        video
            .iter()
            .filter(|part| part.independence == Independence::Independent)
            .count(),
        5
    );
    assert_eq!(
        video
            .iter()
            .filter(|part| part.segment.opens_segment())
            .count(),
        3
    );
}

#[test]
fn fragments_of_a_part_pass_through_as_they_are() {
    let source = encode(
        &video("30", 4),
        X264,
        "-movflags +cmaf+empty_moov+default_base_moof -frag_duration 200000",
    );
    let published = publish(&source);
    published.check(&source);
    assert_eq!(published.parts.len(), published.fragments.len());
    for (part, fragment) in published.parts.iter().zip(&published.fragments) {
        assert_eq!(
            part.bytes.as_ptr(),
            fragment.bytes().as_ptr(),
            "shared, not copied"
        );
    }
}

#[test]
fn fragments_of_a_frame_are_put_together() {
    let source = encode(
        &format!("{} {}", video("25", 4), sound(48_000, 4)),
        &format!("{X264} {AAC}"),
        "-movflags +cmaf+empty_moov+default_base_moof -frag_duration 1",
    );
    publish(&source).check(&source);
}

#[test]
fn b_frames_keep_their_composition_offsets() {
    let source = encode(
        &video("25", 5),
        "-c:v libx264 -preset veryfast -bf 3 -g 50 -keyint_min 50 -sc_threshold 0",
        "-movflags +frag_keyframe+empty_moov+default_base_moof",
    );
    let published = publish(&source);
    assert!(
        published.fragments[0]
            .samples()
            .iter()
            .any(|sample| sample.composition_offset != 0)
    );
    published.check(&source);
}

#[test]
fn ntsc_rates_and_44100_hertz_fit_their_own_targets() {
    let source = encode(
        &format!("{} {}", video("30000/1001", 5), sound(44_100, 5)),
        &format!("{X264} {AAC}"),
        "-movflags +cmaf+frag_keyframe+empty_moov+default_base_moof",
    );
    let published = publish(&source);
    published.check(&source);
    let tracks: Vec<_> = published.init.tracks().collect();
    let target = published
        .cutter
        .part_target(tracks[0].id)
        .expect("media came");
    assert_eq!(
        target.as_nanos(),
        200_200_000,
        "six pictures of 1001/30000 s"
    );
    assert_eq!(
        published.fragments[0]
            .frame_rate()
            .map(|rate| rate.to_string())
            .as_deref(),
        Some("29.970")
    );
}

/// Files from before `default-base-is-moof` count their data offsets from the start of the stream.
#[test]
fn absolute_addresses_are_rewritten() {
    let source = encode(
        &format!("{} {}", video("30", 4), sound(48_000, 4)),
        &format!("{X264} {AAC}"),
        "-movflags +frag_keyframe+empty_moov",
    );
    publish(&source).check(&source);
}

#[test]
fn sound_alone_is_cut_on_the_grid() {
    let source = encode(
        &sound(48_000, 7),
        AAC,
        "-movflags +cmaf+empty_moov+default_base_moof -frag_duration 1000000",
    );
    let published = publish(&source);
    published.check(&source);
    assert!(
        published
            .parts
            .iter()
            .all(|part| part.independence == Independence::Independent)
    );
    let starts = published
        .parts
        .iter()
        .filter(|part| part.segment.opens_segment());
    let seconds: Vec<u64> = starts
        .map(|part| (part.decode_time.as_nanos() + 20_000_000) / 1_000_000_000)
        .collect();
    assert_eq!(seconds, [0, 2, 4, 6]);
}

/// Whichever outlives the other, by less than half a part, by less than a part, or by several: all of it is there.
#[test]
fn sound_and_pictures_end_where_the_encoder_ended_them() {
    let lengths = [
        ("5.00", "5.00"),
        ("5.00", "5.02"),
        ("5.00", "5.04"),
        ("5.00", "5.09"),
        ("5.00", "5.13"),
        ("5.00", "5.17"),
        ("5.00", "5.65"),
        ("5.10", "5.00"),
        ("5.60", "5.00"),
    ];
    for (pictures, tone) in lengths {
        let source = encode(
            &format!(
                "-f lavfi -i testsrc2=size=160x90:rate=30:duration={pictures} \
                 -f lavfi -i sine=sample_rate=48000:duration={tone}"
            ),
            &format!("{X264} {AAC}"),
            "-movflags +cmaf+delay_moov -frag_duration 200000",
        );
        let published = publish_in(&source, Duration::from_secs(1));
        published.check_rules();
        published.check_against(&source);
        let tracks: Vec<_> = published.init.tracks().collect();
        let (video, audio) = (published.parts_of(tracks[0]), published.parts_of(tracks[1]));
        let segments = |parts: &[&MediaPart]| {
            let opens = |part: &&&MediaPart| part.segment.opens_segment();
            parts.iter().filter(opens).count()
        };
        if pictures == tone {
            // The frame with which the sound's encoder began is behind the last picture, and no segment of its own.
            assert_eq!((segments(&video), segments(&audio)), (5, 5));
        }
    }
}

/// Five seconds between pictures that decode alone, in segments of two: cut all the same, and said so.
#[test]
fn gops_longer_than_a_segment_are_cut_by_force() {
    let source = encode(
        &video("30", 6),
        "-c:v libx264 -preset ultrafast -bf 0 -g 150 -keyint_min 150 -sc_threshold 0",
        "-movflags +cmaf+frag_keyframe+empty_moov+default_base_moof",
    );
    let published = publish(&source);
    published.check(&source);
    assert!(
        published
            .parts
            .iter()
            .any(|part| part.segment == SegmentStart::Forced)
    );
    let mut length = 0;
    for part in &published.parts {
        length = if part.segment.opens_segment() {
            0
        } else {
            length
        } + part.duration.as_nanos();
        assert!(
            length < 2_500_000_000,
            "a segment that rounds above its target duration"
        );
    }
}

#[test]
fn repeated_fragments_change_nothing() {
    let source = encode(
        &video("30", 3),
        X264,
        "-movflags +cmaf+frag_keyframe+empty_moov+default_base_moof",
    );
    let published = publish(&source);
    let mut cutter = PresentationCutter::new(&published.init, CutConfig::new(PART, SEGMENT));
    let mut parts = Vec::new();
    for fragment in &published.fragments {
        cutter.push(fragment, &mut parts).expect("it can be cut");
        let before = parts.len();
        let again = cutter.push(fragment, &mut parts).expect("it can be cut");
        assert_eq!(
            (again, parts.len()),
            (crate::media::Accepted::Repeated, before)
        );
    }
    assert_eq!(parts.len(), published.parts.len());
}

#[test]
fn a_missing_fragment_is_a_gap_and_a_new_segment() {
    let source = encode(
        &video("30", 4),
        X264,
        "-movflags +cmaf+frag_keyframe+empty_moov+default_base_moof",
    );
    let published = publish(&source);
    let mut cutter = PresentationCutter::new(&published.init, CutConfig::new(PART, SEGMENT));
    let mut parts = Vec::new();
    for (index, fragment) in published.fragments.iter().enumerate() {
        if index != 1 {
            cutter.push(fragment, &mut parts).expect("it can be cut");
        }
    }
    let after: Vec<_> = parts
        .iter()
        .filter(|part| part.continuity != Continuity::Continues)
        .collect();
    assert_eq!(after.len(), 1);
    let ticks = published.fragments[1].duration().ticks;
    assert_eq!(after[0].continuity, Continuity::Gap { ticks });
    assert_eq!(after[0].segment, SegmentStart::Starts);
}

/// Codec names as players expect them, from what encoders write.
#[test]
fn codecs_are_named_from_the_sample_entries() {
    let flags = "-movflags +empty_moov+default_base_moof+frag_keyframe+delay_moov";
    let name = |input: &str, codec: &str| {
        let published = publish(&encode(
            input,
            codec,
            &format!("{flags} -strict experimental"),
        ));
        let track = published.init.tracks().next().expect("one track").clone();
        track.codec
    };
    let picture = video("25", 1);
    let tone = sound(48_000, 1);
    assert!(
        name(&picture, "-c:v libx264 -profile:v high -pix_fmt yuv420p").starts_with("avc1.6400")
    );
    let hevc = name(
        &picture,
        "-c:v libx265 -x265-params log-level=none -pix_fmt yuv420p -tag:v hvc1",
    );
    assert!(
        hevc.starts_with("hvc1.1.6.L") && hevc.ends_with(".90"),
        "{hevc}"
    );
    assert!(
        name(&picture, "-c:v libvpx-vp9 -deadline realtime -cpu-used 8").starts_with("vp09.00.")
    );
    assert_eq!(name(&tone, "-c:a aac"), "mp4a.40.2");
    assert_eq!(name(&tone, "-c:a libopus"), "opus");
    assert_eq!(name(&tone, "-c:a flac"), "fLaC");
    assert_eq!(name(&tone, "-c:a ac3"), "ac-3");
    assert_eq!(name(&tone, "-c:a eac3"), "ec-3");
}

/// What `ffmpeg -f dash` sends: a header, then a request per segment, each with `styp` and `prft` in front.
#[test]
fn a_header_and_segments_in_requests_of_their_own_are_one_track() {
    let folder = std::env::temp_dir().join(format!("origin-media-dash-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("the temporary directory can be written");
    let manifest = folder.join("live.mpd");
    ffmpeg_encoder(&format!(
        "-y {} {X264} -b:v 300k -f dash -ldash 1 -streaming 1 -use_timeline 0 -use_template 1 -seg_duration 1 -frag_duration 0.2 \
         -frag_type duration -write_prft 1 -utc_timing_url https://time.example {}",
        video("30", 3),
        manifest.to_str().expect("a temporary path is UTF-8"),
    ));
    let file = |name: &str| std::fs::read(folder.join(name)).expect("ffmpeg wrote it");
    let mut items = Vec::new();
    let mut header = MediaReader::new(MediaLimits::default());
    header
        .read(&file("init-stream0.m4s"), &mut items)
        .expect("a header");
    let init = header.init().expect("a header").clone();
    let mut cutter = PresentationCutter::new(&init, CutConfig::new(PART, SEGMENT));
    let mut parts = Vec::new();
    for number in 1..=3 {
        let mut segment = MediaReader::with_init(MediaLimits::default(), init.clone());
        let mut items = Vec::new();
        segment
            .read(&file(&format!("chunk-stream0-{number:05}.m4s")), &mut items)
            .expect("a segment");
        for item in items {
            if let MediaItem::Fragment(fragment) = item {
                assert!(fragment.capture_time().is_some(), "prft is read");
                cutter.push(&fragment, &mut parts).expect("it can be cut");
            }
        }
    }
    std::fs::remove_dir_all(&folder).expect("it was made above");
    assert_eq!(parts.len(), 15);
    assert!(
        parts
            .iter()
            .all(|part| part.continuity == Continuity::Continues && part.bytes[4..8] == *b"moof")
    );
    // ffmpeg wrote the time at which it encoded, which was just now.
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .expect("after 1970");
    for part in parts {
        let captured = Duration::from_nanos(part.capture_time.expect("prft").unix_nanos);
        assert!(
            captured.abs_diff(now) < Duration::from_secs(3600),
            "{captured:?}"
        );
    }
}

#[test]
fn headers_of_old_brands_are_given_one_that_fits() {
    let source = encode(
        &video("30", 1),
        X264,
        "-movflags +frag_keyframe+empty_moov+default_base_moof -brand mp42",
    );
    let published = publish(&source);
    let track = published.init.tracks().next().expect("one track").id;
    let init = published
        .init
        .for_track(track)
        .expect("a track of this init");
    let mut items = Vec::new();
    MediaReader::new(MediaLimits::default())
        .read(&init, &mut items)
        .expect("still a header");
    let brands = &init[8..u32::from_be_bytes([init[0], init[1], init[2], init[3]]) as usize];
    assert!(
        brands.chunks_exact(4).any(|brand| brand == b"iso6"),
        "{brands:?}"
    );
}

/// An encoder that was restarted begins its clock anew, on the same header.
#[test]
fn an_encoder_that_starts_again_is_a_reset_and_not_a_repetition() {
    let source = encode(
        &format!("{} {}", video("30", 9), sound(48_000, 9)),
        &format!("{X264} {AAC}"),
        "-movflags +cmaf+frag_keyframe+empty_moov+default_base_moof",
    );
    let published = publish(&source);
    let mut cutter = PresentationCutter::new(&published.init, CutConfig::new(PART, SEGMENT));
    let mut parts = Vec::new();
    for fragment in published.fragments.iter().chain(&published.fragments) {
        cutter.push(fragment, &mut parts).expect("it can be cut");
    }
    cutter.finish(&mut parts).expect("it can be cut");
    for track in published.init.tracks() {
        let parts: Vec<_> = parts.iter().filter(|part| part.track == track.id).collect();
        let resets = parts
            .iter()
            .filter(|part| part.continuity == Continuity::Reset)
            .count();
        assert_eq!(resets, 1);
        let segments = parts
            .iter()
            .filter(|part| part.segment.opens_segment())
            .count();
        assert_eq!(segments, 10, "five of nine seconds, twice");
    }
}

#[test]
fn packets_are_read_with_their_times() {
    let source = encode(
        &video("25", 1),
        X264,
        "-movflags +cmaf+frag_keyframe+empty_moov+default_base_moof",
    );
    let file = TempFile::with("mp4", &source);
    let found: Vec<Packet> = packets(file.path(), "v:0");
    assert_eq!(found.len(), 25);
    assert!(found.windows(2).all(|pair| pair[0].dts < pair[1].dts));
}
