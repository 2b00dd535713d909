//! The outside of ISO BMFF boxes: sizes, kinds, and walking from one to the next.
//!
//! mp4-atom reads and writes what is *in* the boxes. It is not used for the walk: it reads `moov`
//! into a tree and would drop on writing whatever it does not know, while an encoder's own bytes
//! (`elng`, `kind`, `uuid`, …) should reach the player. So boxes are kept or left out whole here.

use std::fmt;
use std::ops::Range;

use super::error::MediaError;

/// A box's four-character code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BoxKind(pub [u8; 4]);

impl BoxKind {
    pub(crate) const EMSG: Self = Self(*b"emsg");
    pub(crate) const FTYP: Self = Self(*b"ftyp");
    pub(crate) const MDAT: Self = Self(*b"mdat");
    pub(crate) const MFHD: Self = Self(*b"mfhd");
    pub(crate) const MFRA: Self = Self(*b"mfra");
    pub(crate) const MOOF: Self = Self(*b"moof");
    pub(crate) const MOOV: Self = Self(*b"moov");
    pub(crate) const MVEX: Self = Self(*b"mvex");
    pub(crate) const PRFT: Self = Self(*b"prft");
    pub(crate) const SENC: Self = Self(*b"senc");
    pub(crate) const STYP: Self = Self(*b"styp");
    pub(crate) const TFDT: Self = Self(*b"tfdt");
    pub(crate) const TFHD: Self = Self(*b"tfhd");
    pub(crate) const TRAF: Self = Self(*b"traf");
    pub(crate) const TRAK: Self = Self(*b"trak");
    pub(crate) const TREX: Self = Self(*b"trex");
    pub(crate) const TRUN: Self = Self(*b"trun");
}

impl fmt::Display for BoxKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.escape_ascii())
    }
}

impl fmt::Debug for BoxKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BoxKind({self})")
    }
}

/// A box's header: what it is and how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BoxHeader {
    /// The four-character code.
    pub(crate) kind: BoxKind,
    /// Bytes of the header itself: 8, or 16 with a 64-bit size.
    pub(crate) header: usize,
    /// Bytes of the whole box. Invariant: at least `header`.
    pub(crate) size: u64,
}

/// The most bytes a header can need.
pub(crate) const LONGEST_HEADER: usize = 16;

impl BoxHeader {
    /// Reads the header at the start of `bytes`; `Ok(None)` when more bytes are needed to tell.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Option<Self>, MediaError> {
        let Some((size, rest)) = bytes.split_first_chunk::<4>() else {
            return Ok(None);
        };
        let Some((kind, rest)) = rest.split_first_chunk::<4>() else {
            return Ok(None);
        };
        let kind = BoxKind(*kind);
        let (header, size) = match u32::from_be_bytes(*size) {
            0 => return Err(MediaError::OpenEnded { kind }),
            1 => match rest.first_chunk::<8>() {
                Some(size) => (LONGEST_HEADER, u64::from_be_bytes(*size)),
                None => return Ok(None),
            },
            size => (8, u64::from(size)),
        };
        if size < header as u64 {
            return Err(MediaError::BoxSize { kind, size });
        }
        Ok(Some(Self { kind, header, size }))
    }
}

/// A box inside a slice of bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Child {
    /// The four-character code.
    pub(crate) kind: BoxKind,
    /// The whole box, header included, as positions in the slice that was walked.
    pub(crate) whole: Range<usize>,
    /// The box without its header.
    pub(crate) body: Range<usize>,
}

/// The boxes in `bytes[within]`, one after the other. Positions are those of `bytes`.
///
/// Fewer than eight bytes at the end are padding (`QuickTime` writes such). A box that is longer than
/// its parent is [`MediaError::Malformed`].
pub(crate) fn children(
    bytes: &[u8],
    within: Range<usize>,
    parent: BoxKind,
) -> Result<Vec<Child>, MediaError> {
    let mut found = Vec::new();
    let mut at = within.start;
    while within.end.saturating_sub(at) >= 8 {
        let header = BoxHeader::parse(&bytes[at..within.end])?;
        let room = (within.end - at) as u64;
        let Some(header) = header.filter(|header| header.size <= room) else {
            return Err(MediaError::Malformed {
                kind: parent,
                reason: "a box inside is longer than its parent".to_owned(),
            });
        };
        // The filter above bounds the size by the slice, so it fits a usize.
        let end = at + header.size as usize;
        found.push(Child {
            kind: header.kind,
            whole: at..end,
            body: at + header.header..end,
        });
        at = end;
    }
    Ok(found)
}

/// Decodes one box with mp4-atom. `whole` is the box with its header.
pub(crate) fn decode<A: mp4_atom::Atom>(kind: BoxKind, whole: &[u8]) -> Result<A, MediaError> {
    let mut cursor = whole;
    <A as mp4_atom::Decode>::decode(&mut cursor).map_err(|error| MediaError::Malformed {
        kind,
        reason: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_both_sizes_are_read() {
        assert_eq!(BoxHeader::parse(b"\0\0\0\x08fre"), Ok(None));
        assert_eq!(
            BoxHeader::parse(b"\0\0\0\x08free"),
            Ok(Some(BoxHeader {
                kind: BoxKind(*b"free"),
                header: 8,
                size: 8
            }))
        );
        assert_eq!(BoxHeader::parse(b"\0\0\0\x01mdat\0\0\0\0\0\0\0"), Ok(None));
        assert_eq!(
            BoxHeader::parse(b"\0\0\0\x01mdat\0\0\0\x01\0\0\0\0"),
            Ok(Some(BoxHeader {
                kind: BoxKind::MDAT,
                header: 16,
                size: 1 << 32
            }))
        );
    }

    #[test]
    fn impossible_sizes_are_typed_errors() {
        assert_eq!(
            BoxHeader::parse(b"\0\0\0\x07free"),
            Err(MediaError::BoxSize {
                kind: BoxKind(*b"free"),
                size: 7
            })
        );
        assert_eq!(
            BoxHeader::parse(b"\0\0\0\0mdat"),
            Err(MediaError::OpenEnded {
                kind: BoxKind::MDAT
            })
        );
        assert_eq!(
            BoxHeader::parse(b"\0\0\0\x01mdat\0\0\0\0\0\0\0\x0f"),
            Err(MediaError::BoxSize {
                kind: BoxKind::MDAT,
                size: 15
            })
        );
    }

    #[test]
    fn a_child_longer_than_its_parent_is_refused() {
        let bytes = b"\0\0\0\x08free\0\0\0\x09skip";
        assert_eq!(
            children(bytes, 0..8, BoxKind::MOOV).map(|found| found.len()),
            Ok(1)
        );
        assert!(children(bytes, 0..16, BoxKind::MOOV).is_err());
    }
}
