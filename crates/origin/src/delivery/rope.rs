//! Several `Bytes` in a row that are never joined.

use std::collections::VecDeque;
use std::ops::Range;

use bytes::{Buf as _, Bytes};

/// The parts of a segment, sent one after the other.
///
/// The length is known from the start, so the answer carries a `Content-Length` (HTTP-14), and
/// each part leaves as the very memory that the ring holds.
#[derive(Debug, Default)]
pub(super) struct Rope {
    parts: VecDeque<Bytes>,
    remaining: u64,
}

impl Rope {
    pub(super) fn new(parts: Vec<Bytes>) -> Self {
        let mut parts = VecDeque::from(parts);
        parts.retain(|part| !part.is_empty());
        let remaining = parts.iter().map(|part| part.len() as u64).sum();
        Self { parts, remaining }
    }

    /// Bytes still to send.
    pub(super) fn len(&self) -> u64 {
        self.remaining
    }

    /// Narrows the rope to `range`, in bytes from its start; what lies beyond the end is ignored.
    pub(super) fn slice(mut self, range: Range<u64>) -> Self {
        let mut skip = range.start.min(self.remaining);
        let mut take = range.end.min(self.remaining).saturating_sub(skip);
        self.remaining = take;
        self.parts.retain_mut(|part| {
            let skipped = skip.min(part.len() as u64);
            skip -= skipped;
            part.advance(usize::try_from(skipped).expect("no more than the length of a Bytes"));
            let kept = take.min(part.len() as u64);
            take -= kept;
            part.truncate(usize::try_from(kept).expect("no more than the length of a Bytes"));
            !part.is_empty()
        });
        self
    }
}

impl Iterator for Rope {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        let part = self.parts.pop_front()?;
        self.remaining -= part.len() as u64;
        Some(part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rope() -> Rope {
        Rope::new(vec![
            Bytes::from_static(b"abc"),
            Bytes::from_static(b"defg"),
            Bytes::from_static(b"h"),
        ])
    }

    #[test]
    fn every_slice_holds_exactly_its_bytes() {
        let whole = b"abcdefgh";
        for start in 0..=8 {
            for end in start..=9 {
                let sliced = rope().slice(start as u64..end as u64);
                let expected = &whole[start..end.min(8)];
                assert_eq!(sliced.len(), expected.len() as u64);
                assert_eq!(sliced.flatten().collect::<Vec<u8>>(), expected);
            }
        }
    }

    #[test]
    fn parts_are_handed_out_without_a_copy() {
        let part = Bytes::from(vec![7; 1000]);
        let address = part.as_ptr();
        let rope = Rope::new(vec![part]).slice(10..20);
        assert_eq!(rope.parts[0].as_ptr(), address.wrapping_add(10));
    }
}
