//! Writing fragments: one `moof` and `mdat` from samples that came in others.

use std::ops::Range;

use bytes::Bytes;
use mp4_atom::{Encode, Mfhd, Moof, Tfdt, Tfhd, Traf, Trun, TrunEntry, TrunSamples};

use super::fragment::{Fragment, Sample};
use super::protection::Protection;

/// Writes one `moof` and `mdat` with the given samples of one track, in order, with the event
/// messages of each fragment whose first sample is among them.
///
/// Copies the media once. The `trun` is as small as the samples allow: what all of them share
/// is said once in `tfhd`.
///
/// # Panics
/// When there is no sample at all: a fragment without samples must never be published (FMT-10).
pub(crate) fn fragment(sequence: u32, pieces: &[(&Fragment, Range<usize>)]) -> Bytes {
    let (first, range) = pieces.first().expect("a part has at least one sample");
    let skipped: u64 = first.samples()[..range.start]
        .iter()
        .map(|sample| u64::from(sample.duration))
        .sum();
    let samples = || {
        pieces
            .iter()
            .flat_map(|(fragment, range)| &fragment.samples()[range.clone()])
    };
    let media: usize = samples().map(|sample| sample.size as usize).sum();
    let events: usize = starting(pieces)
        .map(|fragment| fragment.events().len())
        .sum();

    // 64-bit sizes are not written: `MediaLimits` keeps every part far below 4 GiB.
    let decode_time = first.decode_time().ticks + skipped;
    let moof = match first.protection() {
        Protection::Known(known) if pieces.len() == 1 => {
            header(sequence, first, decode_time, samples, |at| Beside {
                traf: known.for_traf(first.unit(), range.clone(), at),
                moof: known.for_moof(first.unit()),
            })
        }
        _ => header(sequence, first, decode_time, samples, |_| Beside::default()),
    };
    let mut out = Vec::with_capacity(events + moof.len() + 8 + media);
    for fragment in starting(pieces) {
        out.extend_from_slice(fragment.events());
    }
    out.extend_from_slice(&moof);
    let size =
        u32::try_from(8 + media).expect("the samples of a part were read from limited boxes");
    out.extend_from_slice(&size.to_be_bytes());
    out.extend_from_slice(b"mdat");
    for (fragment, range) in pieces {
        for sample in &fragment.samples()[range.clone()] {
            out.extend_from_slice(fragment.sample_slice(sample));
        }
    }
    out.into()
}

/// The fragments of which the pieces hold the first sample.
fn starting<'a>(pieces: &'a [(&'a Fragment, Range<usize>)]) -> impl Iterator<Item = &'a Fragment> {
    pieces
        .iter()
        .filter(|(_, range)| range.start == 0)
        .map(|(fragment, _)| *fragment)
}

/// Boxes that go into a `moof` beside what is written here.
#[derive(Debug, Default)]
struct Beside {
    /// At the end of the `traf`.
    traf: Vec<u8>,
    /// At the end of the `moof`.
    moof: Vec<u8>,
}

/// The `moof`, with the `trun`'s offset pointing just behind the header of the `mdat` that follows.
fn header<'a, I: Iterator<Item = &'a Sample>>(
    sequence: u32,
    fragment: &Fragment,
    decode_time: u64,
    samples: impl Fn() -> I,
    beside: impl FnOnce(usize) -> Beside,
) -> Vec<u8> {
    let duration = shared(samples().map(|sample| sample.duration));
    let size = shared(samples().map(|sample| sample.size));
    let flags = shared(samples().skip(1).map(|sample| sample.flags)).or_else(|| {
        shared(samples().map(|sample| sample.flags)).filter(|_| samples().count() == 1)
    });
    let first_flags = samples()
        .next()
        .map(|sample| sample.flags)
        .filter(|&first| flags.is_some_and(|rest| rest != first));
    let has_offsets = samples().any(|sample| sample.composition_offset != 0);

    let entries: Vec<TrunEntry> = samples()
        .enumerate()
        .map(|(index, sample)| TrunEntry {
            duration: duration.is_none().then_some(sample.duration),
            size: size.is_none().then_some(sample.size),
            flags: match flags {
                None => Some(sample.flags),
                Some(_) if index == 0 => first_flags,
                Some(_) => None,
            },
            cts: has_offsets.then_some(sample.composition_offset),
        })
        .collect();
    let uniform = duration.is_some() && size.is_some() && flags.is_some() && !has_offsets;
    let samples = if uniform {
        let count = u32::try_from(entries.len()).expect("samples per fragment are limited");
        TrunSamples::Inherited { count, first_flags }
    } else {
        TrunSamples::Explicit(entries)
    };

    let traf = Traf {
        tfhd: Tfhd {
            track_id: fragment.track().value(),
            sample_description_index: fragment.description(),
            default_sample_duration: duration,
            default_sample_size: size,
            default_sample_flags: flags,
            default_base_is_moof: true,
            ..Tfhd::default()
        },
        tfdt: Some(Tfdt {
            base_media_decode_time: decode_time,
        }),
        trun: vec![Trun {
            data_offset: Some(0),
            samples,
        }],
        ..Traf::default()
    };
    // The offset depends on the size of the moof, which does not depend on the offset's value.
    let mut moof = Moof {
        mfhd: Mfhd {
            sequence_number: sequence,
        },
        traf: vec![traf],
    };
    let length = encode(&moof).len();
    let beside = beside(length);
    let offset = i32::try_from(length + beside.traf.len() + beside.moof.len() + 8)
        .expect("a moof of limited samples is far below 2 GiB");
    moof.traf[0].trun[0].data_offset = Some(offset);
    let mut bytes = encode(&moof);
    // The `traf` is the last box of the `moof`, so what is added stands at the end of both.
    const TRAF_AT: usize = 8 + 16;
    bytes.extend_from_slice(&beside.traf);
    let traf = bytes.len() - TRAF_AT;
    bytes.extend_from_slice(&beside.moof);
    let whole = bytes.len();
    for (at, size) in [(0, whole), (TRAF_AT, traf)] {
        let size = u32::try_from(size).expect("as above");
        bytes[at..at + 4].copy_from_slice(&size.to_be_bytes());
    }
    bytes
}

fn encode(moof: &Moof) -> Vec<u8> {
    let mut out = Vec::new();
    moof.encode(&mut out)
        .expect("all composition offsets fit an i32: the reader refuses others");
    out
}

/// The value that all of `values` have, if there is one.
fn shared(mut values: impl Iterator<Item = u32>) -> Option<u32> {
    let first = values.next()?;
    values.all(|value| value == first).then_some(first)
}
