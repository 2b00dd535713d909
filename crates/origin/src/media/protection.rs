//! What encryption says of each sample, so that an encrypted fragment can be cut between samples.
//!
//! Samples are copied as they are: nobody here has a key. What belongs to them, an initialization vector and the ranges
//! that are encrypted, stands beside them in the `traf` (ISO/IEC 23001-7 §7), in their order, and is cut with them.

use std::ops::Range;
use std::sync::Arc;

use super::boxes::{BoxKind, Child};

const PSSH: BoxKind = BoxKind(*b"pssh");
const SAIO: BoxKind = BoxKind(*b"saio");
const SAIZ: BoxKind = BoxKind(*b"saiz");
const SBGP: BoxKind = BoxKind(*b"sbgp");
const SGPD: BoxKind = BoxKind(*b"sgpd");

/// The flag of `senc` that says that samples are encrypted in ranges.
const SUBSAMPLES: u32 = 2;

/// The largest auxiliary information of a sample: `saiz` counts it in a byte.
const LARGEST: usize = 255;

/// How the samples of a fragment are encrypted.
#[derive(Debug, Clone)]
pub(crate) enum Protection {
    /// They are not, or by rules that are all in the header.
    None,
    /// Each sample's information is known.
    Known(Arc<Auxiliary>),
    /// In a way that is not understood: the fragment can only be passed on whole.
    Opaque,
}

/// What the boxes beside the samples say. Positions are those of the unit.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Auxiliary {
    /// Each sample's information; empty where there is none beyond the groups.
    samples: Vec<Range<usize>>,
    /// The flags of a `senc` that holds them.
    flags: u32,
    /// Which sample is of which group, by type.
    groupings: Vec<Grouping>,
    /// Boxes that are the same for all samples: `sgpd`.
    descriptions: Vec<Range<usize>>,
    /// Boxes of the `moof`: `pssh`.
    systems: Vec<Range<usize>>,
}

/// A `sbgp`: runs of samples that are of one group.
#[derive(Debug, PartialEq, Eq)]
struct Grouping {
    /// From the version to the parameter, where there is one: everything before the count.
    head: Range<usize>,
    /// How many samples, and the group's number.
    runs: Vec<(u32, [u8; 4])>,
}

/// Where the boxes of a `traf` are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Boxes<'a> {
    pub(crate) unit: &'a [u8],
    /// Boxes of the `moof`.
    pub(crate) moof: &'a [Child],
    /// Boxes of the `traf`.
    pub(crate) traf: &'a [Child],
    /// Where offsets of the `traf` count from.
    pub(crate) base: u64,
}

impl Protection {
    /// Reads the boxes of a `traf` of so many samples, whose initialization vectors are `iv_size` bytes long unless a group
    /// of samples says otherwise.
    pub(crate) fn read(boxes: Boxes<'_>, samples: usize, iv_size: Option<u8>) -> Self {
        let is_encryption = |child: &&Child| {
            let of_group = || boxes.unit.get(child.body.start + 4..child.body.start + 8);
            match child.kind {
                BoxKind::SENC | SAIZ | SAIO => true,
                SBGP | SGPD => of_group() == Some(b"seig"),
                _ => false,
            }
        };
        if !boxes.traf.iter().any(|child| is_encryption(&child)) {
            return Self::None;
        }
        let read = Auxiliary::read(boxes, samples, iv_size);
        read.map_or(Self::Opaque, |known| Self::Known(Arc::new(known)))
    }
}

impl Auxiliary {
    fn read(boxes: Boxes<'_>, samples: usize, iv_size: Option<u8>) -> Option<Self> {
        let Boxes { unit, traf, .. } = boxes;
        let find = |kind| traf.iter().find(|child| child.kind == kind);
        let of = |list: &[Child], kind| {
            let of_kind = list.iter().filter(|child| child.kind == kind);
            of_kind.map(|child| child.whole.clone()).collect::<Vec<_>>()
        };
        let sizes = match find(SAIZ) {
            Some(saiz) => Some(sizes(&unit[saiz.body.clone()], samples)?),
            None => None,
        };
        let (ranges, flags) = match (find(BoxKind::SENC), sizes) {
            (Some(senc), sizes) => {
                let flags = number(unit, senc.body.start)? & 0x00ff_ffff;
                let count = number(unit, senc.body.start + 4)?;
                if count as usize != samples || flags & !SUBSAMPLES != 0 {
                    return None;
                }
                let within = senc.body.start + 8..senc.body.end;
                let ranges = match sizes {
                    Some(sizes) => ranges(within, sizes)?,
                    None => walk(unit, within, samples, flags, usize::from(iv_size?))?,
                };
                (ranges, flags)
            }
            (None, Some(sizes)) => {
                let at = usize::try_from(offset(unit, find(SAIO)?, boxes.base)?).ok()?;
                let iv_size = usize::from(iv_size?);
                let flags = if sizes.iter().any(|&size| size > iv_size) {
                    SUBSAMPLES
                } else {
                    0
                };
                (ranges(at..unit.len(), sizes)?, flags)
            }
            (None, None) => (Vec::new(), 0),
        };
        let groupings = traf.iter().filter(|child| child.kind == SBGP);
        Some(Self {
            samples: ranges,
            flags,
            groupings: groupings
                .map(|child| Grouping::read(unit, child))
                .collect::<Option<_>>()?,
            descriptions: of(traf, SGPD),
            systems: of(boxes.moof, PSSH),
        })
    }

    /// Boxes for the `traf` of some of the samples, which will start at `at` in its `moof`.
    pub(crate) fn for_traf(&self, unit: &[u8], range: Range<usize>, at: usize) -> Vec<u8> {
        let mut out = Vec::new();
        for description in &self.descriptions {
            out.extend_from_slice(&unit[description.clone()]);
        }
        for grouping in &self.groupings {
            grouping.write(unit, &range, &mut out);
        }
        let Some(samples) = self.samples.get(range) else {
            return out;
        };
        let count = u32::try_from(samples.len()).expect("samples per fragment are limited");
        put(&mut out, SAIZ, |out| {
            // No default: a size for each.
            out.extend_from_slice(&[0; 5]);
            out.extend_from_slice(&count.to_be_bytes());
            out.extend(samples.iter().map(|sample| sample.len() as u8));
        });
        // The information itself is behind this box and the header of the next.
        const OFFSET_BOX: usize = 20;
        const SENC_HEAD: usize = 16;
        let offset = at + out.len() + OFFSET_BOX + SENC_HEAD;
        put(&mut out, SAIO, |out| {
            let offset = u32::try_from(offset).expect("a moof of limited samples is small");
            for field in [0, 1, offset] {
                out.extend_from_slice(&field.to_be_bytes());
            }
        });
        put(&mut out, BoxKind::SENC, |out| {
            out.extend_from_slice(&self.flags.to_be_bytes());
            out.extend_from_slice(&count.to_be_bytes());
            for sample in samples {
                out.extend_from_slice(&unit[sample.clone()]);
            }
        });
        out
    }

    /// Boxes for the `moof`.
    pub(crate) fn for_moof(&self, unit: &[u8]) -> Vec<u8> {
        let systems = self.systems.iter();
        systems
            .flat_map(|system| &unit[system.clone()])
            .copied()
            .collect()
    }
}

impl Grouping {
    fn read(unit: &[u8], sbgp: &Child) -> Option<Self> {
        let version = *unit.get(sbgp.body.start)?;
        let head = if version == 0 { 8 } else { 12 };
        let count = number(unit, sbgp.body.start + head)? as usize;
        let entries = unit.get(sbgp.body.start + head + 4..sbgp.body.end)?;
        if entries.len() / 8 < count {
            return None;
        }
        let runs = entries.chunks_exact(8).take(count).map(|entry| {
            let group = [entry[4], entry[5], entry[6], entry[7]];
            (number(entry, 0).unwrap_or(0), group)
        });
        Some(Self {
            head: sbgp.body.start..sbgp.body.start + head,
            runs: runs.collect(),
        })
    }

    /// Writes the runs of some of the samples.
    fn write(&self, unit: &[u8], range: &Range<usize>, out: &mut Vec<u8>) {
        let mut at = 0_usize;
        let mut runs = Vec::new();
        for &(count, group) in &self.runs {
            let end = at.saturating_add(count as usize);
            let inside = end.min(range.end).saturating_sub(at.max(range.start));
            if inside > 0 {
                // A part of a run of 32 bits.
                runs.push((inside as u32, group));
            }
            at = end;
        }
        put(out, SBGP, |out| {
            out.extend_from_slice(&unit[self.head.clone()]);
            let count = u32::try_from(runs.len()).expect("no more runs than were read");
            out.extend_from_slice(&count.to_be_bytes());
            for (count, group) in runs {
                out.extend_from_slice(&count.to_be_bytes());
                out.extend_from_slice(&group);
            }
        });
    }
}

/// The size of each sample's information by a `saiz`.
fn sizes(body: &[u8], samples: usize) -> Option<Vec<usize>> {
    let has_type = body.get(3)? & 1 == 1;
    let rest = body.get(if has_type { 12 } else { 4 }..)?;
    let (&default, rest) = rest.split_first()?;
    if number(rest, 0)? as usize != samples {
        return None;
    }
    if default > 0 {
        return Some(vec![usize::from(default); samples]);
    }
    let sizes = rest.get(4..4 + samples)?;
    Some(sizes.iter().map(|&size| usize::from(size)).collect())
}

/// Where a `saio` says that the information starts.
fn offset(unit: &[u8], saio: &Child, base: u64) -> Option<u64> {
    let at = saio.body.start;
    let (version, has_type) = (*unit.get(at)?, unit.get(at + 3)? & 1 == 1);
    let at = at + if has_type { 12 } else { 4 };
    // With more than one, each is of a run of its own, which nobody writes.
    if number(unit, at)? != 1 {
        return None;
    }
    let offset = match version {
        0 => u64::from(number(unit, at + 4)?),
        _ => u64::from(number(unit, at + 4)?) << 32 | u64::from(number(unit, at + 8)?),
    };
    base.checked_add(offset)
}

/// One range after the other, of these sizes.
fn ranges(within: Range<usize>, sizes: Vec<usize>) -> Option<Vec<Range<usize>>> {
    let mut at = within.start;
    sizes
        .into_iter()
        .map(|size| {
            let range = at..at.checked_add(size).filter(|&end| end <= within.end)?;
            at = range.end;
            Some(range)
        })
        .collect()
}

/// Each sample's information in a `senc`, by what it says itself.
fn walk(
    unit: &[u8],
    within: Range<usize>,
    samples: usize,
    flags: u32,
    iv_size: usize,
) -> Option<Vec<Range<usize>>> {
    let mut at = within.start;
    let mut found = Vec::new();
    for _ in 0..samples {
        let start = at;
        at += iv_size;
        if flags & SUBSAMPLES != 0 {
            let count = unit.get(at..at + 2)?;
            at += 2 + 6 * usize::from(u16::from_be_bytes([count[0], count[1]]));
        }
        if at > within.end || at - start > LARGEST {
            return None;
        }
        found.push(start..at);
    }
    Some(found)
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let field = bytes.get(at..)?.first_chunk::<4>()?;
    Some(u32::from_be_bytes(*field))
}

fn put(out: &mut Vec<u8>, kind: BoxKind, body: impl FnOnce(&mut Vec<u8>)) {
    let at = out.len();
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&kind.0);
    body(out);
    let size = u32::try_from(out.len() - at).expect("no larger than the limited original");
    out[at..at + 4].copy_from_slice(&size.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::boxes::children;

    fn boxed(kind: &[u8; 4], body: &[&[u8]]) -> Vec<u8> {
        let mut out = Vec::new();
        put(&mut out, BoxKind(*kind), |out| out.extend(body.concat()));
        out
    }

    fn read(traf: &[u8], iv_size: Option<u8>, samples: usize) -> Protection {
        let inside = children(traf, 0..traf.len(), BoxKind::TRAF).expect("boxes");
        let boxes = Boxes {
            unit: traf,
            moof: &[],
            traf: &inside,
            base: 0,
        };
        Protection::read(boxes, samples, iv_size)
    }

    fn known(protection: Protection) -> Arc<Auxiliary> {
        match protection {
            Protection::Known(known) => known,
            other => panic!("{other:?}"),
        }
    }

    /// Six samples with an eight-byte vector each, of which two are in a range of their own.
    fn vectors() -> Vec<u8> {
        let samples: Vec<u8> = (0..6_u8)
            .flat_map(|index| [[index; 8].as_slice(), &[0, 1, 0, 9, 0, 0, 0, index]].concat())
            .collect();
        boxed(b"senc", &[&[0, 0, 0, 2], &[0, 0, 0, 6], &samples])
    }

    /// Keys change behind the fourth sample.
    fn groups() -> Vec<u8> {
        let group = |number: u8| [0, 1, 0, number];
        let runs = [[0, 0, 0, 4], group(1), [0, 0, 0, 2], group(2)].concat();
        let sgpd = boxed(b"sgpd", &[b"\x01\0\0\0seig", &[0; 8], b"two keys"]);
        let sbgp = boxed(b"sbgp", &[b"\0\0\0\0seig", &[0, 0, 0, 2], &runs]);
        [sgpd, sbgp].concat()
    }

    #[test]
    fn what_belongs_to_a_sample_goes_where_it_goes() {
        let whole = [groups(), vectors()].concat();
        let all = known(read(&whole, Some(8), 6));
        for range in [0..6, 0..3, 3..5, 5..6] {
            let traf = all.for_traf(&whole, range.clone(), 100);
            let piece = known(read(&traf, None, range.len()));
            let of = |known: &Auxiliary, bytes: &[u8], range: Range<usize>| {
                let samples = known.samples[range].iter();
                samples
                    .map(|sample| bytes[sample.clone()].to_vec())
                    .collect::<Vec<_>>()
            };
            assert_eq!(
                of(&piece, &traf, 0..range.len()),
                of(&all, &whole, range.clone())
            );
            let group_of = |known: &Auxiliary| {
                let runs = known.groupings[0].runs.iter();
                runs.flat_map(|&(count, group)| vec![group; count as usize])
                    .collect::<Vec<_>>()
            };
            assert_eq!(group_of(&piece), group_of(&all)[range]);
            assert_eq!(piece.flags, all.flags);
            assert_eq!(&traf[..32], &whole[..32], "descriptions are copied");
            // The offset leads to the first byte of the information.
            let saio = traf
                .windows(4)
                .position(|window| window == b"saio")
                .expect("it is there");
            let offset = number(&traf, saio + 12).expect("a number") as usize - 100;
            assert_eq!(offset, piece.samples[0].start);
        }
    }

    #[test]
    fn what_is_not_understood_is_not_cut() {
        let is_opaque = |traf: &[u8], iv_size, samples| {
            matches!(read(traf, iv_size, samples), Protection::Opaque)
        };
        assert!(
            is_opaque(&vectors(), Some(8), 5),
            "another number of samples"
        );
        assert!(is_opaque(&vectors(), None, 6), "a size that nothing tells");
        assert!(
            is_opaque(&vectors(), Some(16), 6),
            "a size that does not fit"
        );
        let far = boxed(b"saio", &[&[0; 4], &[0, 0, 0, 1], &[0, 0, 9, 0]]);
        let saiz = boxed(b"saiz", &[&[0; 4], &[8], &[0, 0, 0, 2]]);
        assert!(
            is_opaque(&[saiz, far].concat(), Some(8), 2),
            "beyond the unit"
        );
        assert!(matches!(
            read(&boxed(b"free", &[]), None, 1),
            Protection::None
        ));
    }
}
