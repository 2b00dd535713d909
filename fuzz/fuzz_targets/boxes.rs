//! What an encoder sends: fragmented MP4 from strangers, in pieces of any size.
//!
//! * No input makes the reader or the cutter panic, and what they hold stays within the limits.
//! * However the bytes are cut into pieces, the same items come out, and the same error.
//! * What the cutter gives out is what the reader found: no byte of media more, no sample more.
//! * A header that was completed with the parameter sets of samples holds them, and is one that can be read.
//!
//! The last byte of an input chooses the pieces; the rest is the file, so that any fragmented MP4
//! file is a good first input.
#![no_main]

use std::time::Duration;

use libfuzzer_sys::{Corpus, fuzz_target};
use origin::media::{
    CutConfig, Fragment, InitSection, MediaError, MediaItem, MediaLimits, MediaPart, MediaReader,
    PresentationCutter, StreamEnd,
};

/// Small, so that the fuzzer meets them.
fn limits() -> MediaLimits {
    MediaLimits::default()
        .init_bytes(16 << 10)
        .movie_fragment_bytes(16 << 10)
        .media_data_bytes(64 << 10)
        .tracks(4)
        .samples(256)
}

struct Outcome {
    items: Vec<MediaItem>,
    end: Result<StreamEnd, MediaError>,
}

fn read<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Outcome {
    let mut reader = MediaReader::new(limits());
    let mut items = Vec::new();
    let mut failed = None;
    for piece in pieces {
        match (&failed, reader.read(piece, &mut items)) {
            (None, Ok(())) => {}
            (None, Err(error)) => failed = Some(error),
            (Some(first), again) => assert_eq!(again.as_ref(), Err(first), "it forgot its error"),
        }
    }
    let end = failed.map_or_else(|| Ok(reader.finish()), Err);
    Outcome { items, end }
}

fn assert_same(whole: &Outcome, pieces: &Outcome) {
    assert_eq!(whole.end, pieces.end);
    assert_eq!(whole.items.len(), pieces.items.len());
    for (one, other) in whole.items.iter().zip(&pieces.items) {
        match (one, other) {
            (MediaItem::Init(one), MediaItem::Init(other)) => assert_eq!(one, other),
            (MediaItem::Fragment(one), MediaItem::Fragment(other)) => {
                assert_eq!(one.track(), other.track());
                assert_eq!(one.decode_time(), other.decode_time());
                assert_eq!(one.capture_time(), other.capture_time());
                assert_eq!(one.bytes(), other.bytes());
            }
            (MediaItem::LastSegment, MediaItem::LastSegment) => {}
            _ => panic!("{one:?} became {other:?}"),
        }
    }
}

fn cut(init: &InitSection, fragments: &[&Fragment]) {
    let config = CutConfig::new(Duration::from_millis(200), Duration::from_secs(2));
    let mut cutter = PresentationCutter::new(init, config);
    let mut parts: Vec<MediaPart> = Vec::new();
    for fragment in fragments {
        // An error ends a request; what came out before it stands.
        if cutter.push(fragment, &mut parts).is_err() {
            break;
        }
    }
    let _ = cutter.finish(&mut parts);

    for header in origin::media::fit_headers(init, fragments, &limits()) {
        assert_eq!(header.tracks().count(), init.tracks().count());
    }

    let found: usize = fragments
        .iter()
        .map(|fragment| fragment.samples().len())
        .sum();
    let given: usize = parts.iter().map(|part| part.samples as usize).sum();
    assert!(given <= found, "{given} samples out of {found}");
    assert!(
        parts
            .iter()
            .all(|part| part.samples > 0 && !part.bytes.is_empty())
    );
}

fuzz_target!(|input: &[u8]| -> Corpus {
    let Some((&choice, file)) = input.split_last() else {
        return Corpus::Reject;
    };
    let whole = read(std::iter::once(file));
    let size = usize::from(choice) % 61 + 1;
    assert_same(&whole, &read(file.chunks(size)));

    let mut init = None;
    let mut fragments = Vec::new();
    for item in &whole.items {
        match item {
            MediaItem::Init(next) => {
                if let Some(init) = init.replace(next) {
                    cut(init, &fragments);
                }
                fragments.clear();
            }
            MediaItem::Fragment(fragment) => fragments.push(fragment),
            _ => {}
        }
    }
    if let Some(init) = init {
        cut(init, &fragments);
    }
    Corpus::Keep
});
