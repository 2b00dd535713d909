use std::time::Duration;

use bytes::Bytes;
use mp4_atom::{Encode, Mfhd, Moof, Tfdt, Tfhd, Traf, Trun, TrunEntry};
use proptest::prelude::*;

use crate::media::{
    Continuity, CutConfig, DemoSegment, DemoSource, Fragment, Independence, InitSection,
    MediaError, MediaItem, MediaLimits, MediaPart, MediaReader, PartCutter, SegmentStart,
    SyncPoint,
};

/// What a sample of the generated stream is. Its bytes are its number, over and over.
#[derive(Debug, Clone, Copy)]
struct Picture {
    duration: u32,
    size: u32,
    sync: bool,
    offset: i32,
}

/// A stream of pictures, and where its fragments end.
#[derive(Debug, Clone)]
struct Stream {
    pictures: Vec<Picture>,
    /// Lengths of fragments in pictures, repeated.
    fragments: Vec<usize>,
    start: u64,
}

const SYNC: u32 = 0x0200_0000;
const NOT_SYNC: u32 = 0x0101_0000;

/// The header of the demo's large picture: one video track, 90 000 ticks a second.
fn header() -> InitSection {
    let demo = DemoSource::new(DemoSegment::TwoSeconds);
    InitSection::parse(demo.renditions()[0].init().clone(), &MediaLimits::default())
        .expect("a header")
}

impl Stream {
    /// The stream as an encoder would write it. Not with our own writer, which is under test.
    fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut at = self.start;
        let mut first = 0;
        for (number, &length) in (1_u32..).zip(self.fragments.iter().cycle()) {
            let pictures = &self.pictures
                [first.min(self.pictures.len())..(first + length).min(self.pictures.len())];
            if pictures.is_empty() {
                break;
            }
            let entries: Vec<TrunEntry> = pictures
                .iter()
                .map(|picture| TrunEntry {
                    duration: Some(picture.duration),
                    size: Some(picture.size),
                    flags: Some(if picture.sync { SYNC } else { NOT_SYNC }),
                    cts: Some(picture.offset.into()),
                })
                .collect();
            let moof = |offset: i32| Moof {
                mfhd: Mfhd {
                    sequence_number: number,
                },
                traf: vec![Traf {
                    tfhd: Tfhd {
                        track_id: 1,
                        default_base_is_moof: true,
                        ..Tfhd::default()
                    },
                    tfdt: Some(Tfdt {
                        base_media_decode_time: at,
                    }),
                    trun: vec![Trun {
                        data_offset: Some(offset),
                        samples: entries.clone().into(),
                    }],
                    ..Traf::default()
                }],
            };
            let mut measured = Vec::new();
            moof(0).encode(&mut measured).expect("it can be written");
            moof(i32::try_from(measured.len() + 8).expect("small"))
                .encode(&mut out)
                .expect("it can be written");
            let media: u32 = pictures.iter().map(|picture| picture.size).sum();
            out.extend_from_slice(&(media + 8).to_be_bytes());
            out.extend_from_slice(b"mdat");
            for (index, picture) in pictures.iter().enumerate() {
                out.extend(std::iter::repeat_n(
                    (first + index) as u8,
                    picture.size as usize,
                ));
            }
            at += pictures
                .iter()
                .map(|picture| u64::from(picture.duration))
                .sum::<u64>();
            first += length;
        }
        out
    }
}

fn fragments(init: &InitSection, bytes: &[u8]) -> Vec<Fragment> {
    let mut items = Vec::new();
    let mut reader = MediaReader::with_init(MediaLimits::default(), init.clone());
    reader.read(bytes, &mut items).expect("well-formed");
    items
        .into_iter()
        .filter_map(|item| match item {
            MediaItem::Fragment(fragment) => Some(fragment),
            _ => None,
        })
        .collect()
}

/// Time, duration, flags, composition offset and bytes of each sample, in order.
fn samples(fragments: &[Fragment]) -> Vec<(u64, u32, u32, i64, Bytes)> {
    let mut all = Vec::new();
    for fragment in fragments {
        let mut at = fragment.decode_time().ticks;
        for (index, sample) in fragment.samples().iter().enumerate() {
            all.push((
                at,
                sample.duration,
                sample.flags,
                sample.composition_offset,
                fragment.sample_bytes(index),
            ));
            at += u64::from(sample.duration);
        }
    }
    all
}

fn cut(init: &InitSection, source: &[Fragment], config: CutConfig) -> (Vec<MediaPart>, u64) {
    let track = init.tracks().next().expect("one track");
    let mut cutter = PartCutter::new(track, config);
    let mut parts = Vec::new();
    for fragment in source {
        cutter
            .push(fragment, &mut parts)
            .expect("no picture is longer than a part");
    }
    cutter
        .finish(&mut parts)
        .expect("no picture is longer than a part");
    let target = cutter.part_target().expect("there were pictures").ticks;
    (parts, target)
}

fn stream() -> impl Strategy<Value = Stream> {
    let picture = (0_u32..40, 0_i32..9000);
    (
        proptest::collection::vec(picture, 1..400),
        proptest::sample::select(vec![1500_u32, 3000, 3003, 3600, 3750, 7200]),
        1_usize..120,
        proptest::collection::vec(1_usize..80, 1..6),
        0_u64..1 << 40,
    )
        .prop_map(|(pictures, duration, gop, fragments, start)| Stream {
            pictures: pictures
                .into_iter()
                .enumerate()
                .map(|(index, (size, offset))| Picture {
                    duration,
                    size,
                    sync: index % gop == 0,
                    offset,
                })
                .collect(),
            fragments,
            start,
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Whatever the GOPs and the fragments: the parts hold exactly the samples, within LL-03 and
    /// LL-04, and segments stay below what rounds above the target duration.
    #[test]
    fn parts_are_the_stream(stream in stream(), part in 100_u64..1100, segment in 1_u64..7) {
        let init = header();
        let source = fragments(&init, &stream.bytes());
        let config = CutConfig::new(Duration::from_millis(part), Duration::from_secs(segment));
        let (parts, target) = cut(&init, &source, config);

        let concatenated: Vec<u8> = parts.iter().flat_map(|part| part.bytes.to_vec()).collect();
        let published = fragments(&init, &concatenated);
        prop_assert_eq!(samples(&published), samples(&source));
        prop_assert!(published.windows(2).all(|pair| pair[0].sequence() < pair[1].sequence()), "FMT-11");

        let limit = (segment * 1000 + 500) * 90;
        let mut length = 0;
        for (index, part) in parts.iter().enumerate() {
            prop_assert_eq!(part.continuity, Continuity::Continues);
            prop_assert!(part.duration.ticks <= target, "LL-03");
            let next = parts.get(index + 1);
            let last_of_segment = next.is_none_or(|next| next.segment.opens_segment());
            let exempt = last_of_segment || part.independence == Independence::Independent;
            prop_assert!(exempt || part.duration.ticks * 100 >= target * 85, "LL-04");
            let own = fragments(&init, &part.bytes);
            let has_sync = own.iter().flat_map(Fragment::samples).any(|sample| sample.sync == SyncPoint::Sync);
            prop_assert_eq!(has_sync, part.independence == Independence::Independent, "FMT-08");
            if part.segment == SegmentStart::Starts {
                prop_assert!(own[0].starts_with_sync(), "FMT-05");
            }
            length = if part.segment.opens_segment() { 0 } else { length } + part.duration.ticks;
            prop_assert!(length < limit, "a segment that rounds above its target duration");
        }
        prop_assert!(parts[0].segment.opens_segment());
    }

    /// A fragment that comes twice, at any place, changes nothing (ING-12).
    #[test]
    fn repetition_is_harmless(stream in stream(), again in any::<prop::sample::Index>()) {
        let init = header();
        let source = fragments(&init, &stream.bytes());
        let config = CutConfig::new(Duration::from_millis(200), Duration::from_secs(2));
        let (parts, _) = cut(&init, &source, config);
        let mut twice = source.clone();
        let at = again.index(source.len());
        twice.insert(at + 1, source[at].clone());
        let (repeated, _) = cut(&init, &twice, config);
        let seen = |parts: &[MediaPart]| -> Vec<Bytes> { parts.iter().map(|part| part.bytes.clone()).collect() };
        // A fragment longer than what an encoder sends again is a clock set back instead.
        prop_assume!(source[at].duration().to_duration() <= Duration::from_secs(6));
        prop_assert_eq!(seen(&repeated), seen(&parts));
    }
}

/// How often `needle` is in `bytes`.
fn count(bytes: &[u8], needle: &[u8]) -> usize {
    bytes
        .windows(needle.len())
        .filter(|window| *window == needle)
        .count()
}

/// Two fragments of one second, each with an event message in front and padding before its `mdat`.
fn with_extras() -> Vec<u8> {
    let picture = |index: usize| Picture {
        duration: 3000,
        size: 10,
        sync: index == 0,
        offset: 0,
    };
    let mut bytes = Vec::new();
    for second in 0..2_u64 {
        let stream = Stream {
            pictures: (0..30).map(picture).collect(),
            fragments: vec![30],
            start: second * 90_000,
        };
        let mut unit = stream.bytes();
        // The padding moves the data eight bytes on.
        let mdat = unit
            .windows(4)
            .position(|window| window == b"mdat")
            .expect("an mdat")
            - 4;
        unit.splice(mdat..mdat, *b"\0\0\0\x08free");
        let trun = unit
            .windows(4)
            .position(|window| window == b"trun")
            .expect("a trun");
        let offset = i32::from_be_bytes(unit[trun + 12..trun + 16].try_into().expect("four bytes"));
        unit[trun + 12..trun + 16].copy_from_slice(&(offset + 8).to_be_bytes());
        bytes.extend_from_slice(b"\0\0\0\x10styplmsg\0\0\0\0");
        bytes.extend_from_slice(b"\0\0\0\x14emsg\0\0\0\0an event");
        bytes.extend_from_slice(&unit);
    }
    bytes
}

#[test]
fn event_messages_come_once_with_the_first_part_of_their_fragment() {
    let init = header();
    for part in [200, 1000] {
        let source = fragments(&init, &with_extras());
        let config = CutConfig::new(Duration::from_millis(part), Duration::from_secs(1));
        let (parts, _) = cut(&init, &source, config);
        assert_eq!(parts.len() as u64, 2000 / part);
        let published: Vec<u8> = parts.iter().flat_map(|part| part.bytes.to_vec()).collect();
        assert_eq!(
            (count(&published, b"emsg"), count(&published, b"styp")),
            (2, 0)
        );
        assert!(
            parts
                .iter()
                .filter(|part| part.bytes[4..8] == *b"emsg")
                .all(|part| part.segment.opens_segment())
        );
        assert_eq!(samples(&fragments(&init, &published)), samples(&source));
    }
}

#[test]
fn a_long_encrypted_fragment_is_refused_and_a_short_one_passes() {
    let init = header();
    let picture = |index: usize| Picture {
        duration: 3000,
        size: 10,
        sync: index == 0,
        offset: 0,
    };
    let stream = Stream {
        pictures: (0..30).map(picture).collect(),
        fragments: vec![30],
        start: 0,
    };
    let mut bytes = stream.bytes();
    // An empty `senc` at the end of the `traf`, which is the end of the `moof`.
    let mdat = bytes
        .windows(4)
        .position(|window| window == b"mdat")
        .expect("an mdat")
        - 4;
    bytes.splice(mdat..mdat, *b"\0\0\0\x10senc\0\0\0\0\0\0\0\0");
    for parent in [b"moof", b"traf"] {
        let at = bytes
            .windows(4)
            .position(|window| window == parent)
            .expect("a parent")
            - 4;
        let size = u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
        bytes[at..at + 4].copy_from_slice(&(size + 16).to_be_bytes());
    }
    let trun = bytes
        .windows(4)
        .position(|window| window == b"trun")
        .expect("a trun");
    let offset = i32::from_be_bytes(bytes[trun + 12..trun + 16].try_into().expect("four bytes"));
    bytes[trun + 12..trun + 16].copy_from_slice(&(offset + 16).to_be_bytes());

    let source = fragments(&init, &bytes);
    let track = init.tracks().next().expect("one track");
    let push = |part: u64| {
        let config = CutConfig::new(Duration::from_millis(part), Duration::from_secs(1));
        let mut parts = Vec::new();
        PartCutter::new(track, config)
            .push(&source[0], &mut parts)
            .map(|_| parts.len())
    };
    assert_eq!(push(1000), Ok(1));
    assert_eq!(push(200), Err(MediaError::Encrypted { track: track.id }));
}
