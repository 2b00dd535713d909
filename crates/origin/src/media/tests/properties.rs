use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;

use super::ffmpeg::encode;
use crate::media::{
    CutConfig, MediaError, MediaItem, MediaLimits, MediaPart, MediaReader, PresentationCutter,
};

/// Three seconds of picture and sound in one request, with two tracks in each `moof`, and event-free. About 60 KB.
fn muxed() -> &'static [u8] {
    static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    BYTES.get_or_init(|| {
        encode(
            "-f lavfi -i testsrc2=size=160x90:rate=30:duration=3 -f lavfi -i sine=sample_rate=48000:duration=3",
            "-c:v libx264 -preset ultrafast -bf 2 -g 30 -c:a aac -b:a 32k",
            "-movflags +frag_keyframe+empty_moov+default_base_moof",
        )
    })
}

/// What can be observed of a request: its parts, and how it ended.
#[derive(Debug, PartialEq)]
struct Observed {
    parts: Vec<(u32, u64, u64, Bytes)>,
    error: Option<MediaError>,
}

fn observe<'a>(chunks: impl Iterator<Item = &'a [u8]>) -> Observed {
    let mut reader = MediaReader::new(MediaLimits::default());
    let mut cutter: Option<PresentationCutter> = None;
    let mut parts: Vec<MediaPart> = Vec::new();
    let mut error = None;
    for chunk in chunks {
        let mut items = Vec::new();
        let mut outcome = reader.read(chunk, &mut items);
        for item in items {
            let cut = match (item, &mut cutter) {
                (MediaItem::Init(init), cutter) => {
                    let config = CutConfig::new(Duration::from_millis(200), Duration::from_secs(1));
                    *cutter = Some(PresentationCutter::new(&init, config));
                    Ok(())
                }
                (MediaItem::Fragment(fragment), Some(cutter)) => {
                    cutter.push(&fragment, &mut parts).map(|_| ())
                }
                _ => Ok(()),
            };
            if cut.is_err() {
                outcome = cut;
                break;
            }
        }
        if let Err(fault) = outcome {
            error = Some(fault);
            break;
        }
    }
    if let (Some(cutter), None) = (&mut cutter, &error) {
        error = cutter.finish(&mut parts).err();
    }
    let parts = parts
        .into_iter()
        .map(|part| {
            (
                part.track.value(),
                part.decode_time.ticks,
                part.duration.ticks,
                part.bytes,
            )
        })
        .collect();
    Observed { parts, error }
}

/// Cuts `bytes` at the given places, taken modulo its length.
fn chunked<'a>(bytes: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
    cuts.sort_unstable();
    let mut rest = bytes;
    let mut chunks = Vec::new();
    let mut at = 0;
    for cut in cuts {
        let (chunk, after) = rest.split_at(cut - at);
        chunks.push(chunk);
        rest = after;
        at = cut;
    }
    chunks.push(rest);
    chunks
}

#[test]
fn every_single_byte_in_a_chunk_of_its_own_gives_the_same_parts() {
    let whole = observe(std::iter::once(muxed()));
    assert_eq!(whole.error, None);
    assert!(whole.parts.len() >= 30);
    assert_eq!(observe(muxed().chunks(1)), whole);
}

/// A change to the bytes of a real stream.
#[derive(Debug, Clone)]
enum Damage {
    /// One byte becomes another. Positions are drawn from the boxes' headers too, where it hurts.
    Set { at: usize, to: u8 },
    /// Four bytes become a size.
    Size { at: usize, to: u32 },
    /// The stream ends.
    Truncate { at: usize },
    /// Bytes go missing.
    Remove { at: usize, count: usize },
    /// Bytes come twice.
    Repeat { at: usize, count: usize },
}

/// Offsets of the headers that [`muxed`] has at any depth: four bytes that look like a box's name, less four.
fn headers() -> &'static [usize] {
    static PLACES: OnceLock<Vec<usize>> = OnceLock::new();
    PLACES.get_or_init(|| {
        let names: [&[u8; 4]; 20] = [
            b"ftyp", b"moov", b"mvhd", b"trak", b"tkhd", b"mdia", b"mdhd", b"hdlr", b"stsd",
            b"avc1", b"avcC", b"mp4a", b"esds", b"trex", b"moof", b"mfhd", b"traf", b"tfhd",
            b"trun", b"mdat",
        ];
        let found = muxed()
            .windows(4)
            .enumerate()
            .filter(|(_, window)| names.iter().any(|name| name == window));
        found.map(|(at, _)| at.saturating_sub(4)).collect()
    })
}

fn place() -> impl Strategy<Value = usize> {
    prop_oneof![
        1 => any::<usize>().prop_map(|at| at % muxed().len()),
        3 => (any::<usize>(), 0_usize..40).prop_map(|(which, further)| (headers()[which % headers().len()] + further) % muxed().len()),
    ]
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        4 => (place(), any::<u8>()).prop_map(|(at, to)| Damage::Set { at, to }),
        4 => (place(), prop_oneof![any::<u32>(), 0_u32..64, Just(u32::MAX), Just(1 << 31)]).prop_map(|(at, to)| Damage::Size { at, to }),
        1 => place().prop_map(|at| Damage::Truncate { at }),
        1 => (place(), 1_usize..200).prop_map(|(at, count)| Damage::Remove { at, count }),
        1 => (place(), 1_usize..200).prop_map(|(at, count)| Damage::Repeat { at, count }),
    ]
}

fn damaged(damages: &[Damage]) -> Vec<u8> {
    let mut bytes = muxed().to_vec();
    for damage in damages {
        let length = bytes.len();
        match *damage {
            Damage::Set { at, to } if at < length => bytes[at] = to,
            Damage::Size { at, to } if at + 4 <= length => {
                bytes[at..at + 4].copy_from_slice(&to.to_be_bytes());
            }
            Damage::Truncate { at } => bytes.truncate(at),
            Damage::Remove { at, count } if at + count <= length => {
                bytes.drain(at..at + count);
            }
            Damage::Repeat { at, count } if at + count <= length => {
                let again = bytes[at..at + count].to_vec();
                bytes.splice(at..at, again);
            }
            _ => {}
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn chunking_changes_nothing(cuts in proptest::collection::vec(any::<usize>(), 0..40)) {
        let whole = observe(std::iter::once(muxed()));
        prop_assert_eq!(observe(chunked(muxed(), &cuts).into_iter()), whole);
    }

    #[test]
    fn damaged_streams_never_panic_and_chunking_changes_nothing_for_them(
        damages in proptest::collection::vec(damage(), 1..6),
        cuts in proptest::collection::vec(any::<usize>(), 0..10),
    ) {
        let bytes = damaged(&damages);
        let whole = observe(std::iter::once(bytes.as_slice()));
        prop_assert_eq!(observe(chunked(&bytes, &cuts).into_iter()), whole);
    }

    #[test]
    fn garbage_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        observe(std::iter::once(bytes.as_slice()));
    }

    #[test]
    fn boxes_of_garbage_never_panic(boxes in proptest::collection::vec((0_usize..9, proptest::collection::vec(any::<u8>(), 0..60)), 0..8)) {
        let kinds: [&[u8; 4]; 9] = [b"ftyp", b"moov", b"moof", b"mdat", b"styp", b"prft", b"emsg", b"sidx", b"mfra"];
        let mut bytes = Vec::new();
        for (kind, body) in boxes {
            bytes.extend_from_slice(&u32::try_from(body.len() + 8).expect("small").to_be_bytes());
            bytes.extend_from_slice(kinds[kind]);
            bytes.extend_from_slice(&body);
        }
        observe(std::iter::once(bytes.as_slice()));
    }
}

/// Boxes inside boxes, as deep as the limit on their size allows: a reader that recurses runs out of
/// stack, which ends the process and every stream in it.
#[test]
fn deeply_nested_boxes_do_not_exhaust_the_stack() {
    let source = muxed();
    let stsd = source
        .windows(4)
        .position(|window| window == b"avcC")
        .expect("a video track")
        - 4;
    for kind in [
        b"trak", b"moov", b"meta", b"stsd", b"avc1", b"sinf", b"traf",
    ] {
        let mut nest = Vec::new();
        let depth = 20_000_usize;
        for level in (1..=depth).rev() {
            nest.extend_from_slice(&u32::try_from(level * 8).expect("small").to_be_bytes());
            nest.extend_from_slice(kind);
        }
        // Inside the sample entry, growing every box around it.
        let mut bytes = source.to_vec();
        bytes.splice(stsd..stsd, nest.iter().copied());
        for parent in [
            b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"avc1",
        ] {
            let at = bytes
                .windows(4)
                .position(|window| window == parent)
                .expect("a parent")
                - 4;
            let size = u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
            let grown = size + u32::try_from(nest.len()).expect("small");
            bytes[at..at + 4].copy_from_slice(&grown.to_be_bytes());
        }
        observe(std::iter::once(bytes.as_slice()));
    }
}

#[test]
fn deeply_nested_descriptors_do_not_exhaust_the_stack() {
    let source = muxed();
    let esds = source
        .windows(4)
        .position(|window| window == b"esds")
        .expect("a sound track")
        - 4;
    let mut nest = Vec::new();
    for level in (1..=10_000_u32).rev() {
        let size = (level - 1) * 8 + 3;
        // An ES descriptor (tag 3) with a size of four groups, an identifier and flags, then the next.
        let groups = [21, 14, 7].map(|shift| ((size >> shift) & 0x7f) as u8 | 0x80);
        nest.extend_from_slice(&[
            3,
            groups[0],
            groups[1],
            groups[2],
            (size & 0x7f) as u8,
            0,
            0,
            0,
        ]);
    }
    let mut bytes = source.to_vec();
    bytes.splice(esds + 12..esds + 12, nest.iter().copied());
    let grow = |bytes: &mut Vec<u8>, at: usize| {
        let size = u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
        let grown = size + u32::try_from(nest.len()).expect("small");
        bytes[at..at + 4].copy_from_slice(&grown.to_be_bytes());
    };
    grow(&mut bytes, esds);
    for parent in [
        b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"mp4a",
    ] {
        let at = bytes[..esds]
            .windows(4)
            .rposition(|window| window == parent)
            .expect("a parent")
            - 4;
        grow(&mut bytes, at);
    }
    let outcome = observe(std::iter::once(bytes.as_slice()));
    assert_eq!(
        outcome.error.map(|error| error.fault()),
        Some(crate::media::Fault::TooLarge)
    );
}
