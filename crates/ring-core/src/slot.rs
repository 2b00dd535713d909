//! One place of a ring: the only file where a payload is swapped.
//!
//! ```text
//!   64 bytes, one cache line (metadata of a size other than 0 makes it longer)
//!   ┌──────────┬──────────────────────┬───────────────────────────┬──────────┐
//!   │ stamp  8 │ lock              16 │ Bytes                  32 │ digest 8 │
//!   └──────────┴──────────────────────┴───────────────────────────┴──────────┘
//! ```
//!
//! The stamp names the position whose payload lies here. It is written only under the write lock,
//! so under either lock it is exact; without a lock it is a hint that lets a miss leave the lock
//! alone. A position is stored at most once in a stream's life, therefore "the stamp is mine" is all a reader needs:
//! no generation and no lap has to be compared.

use std::fmt;

use bytes::Bytes;

use crate::sync::{AtomicU64, Ordering, RwLock};

/// What lies in an occupied slot.
pub(crate) struct Content<M> {
    /// The payload, as the writer gave it.
    pub(crate) payload: Bytes,
    /// The writer's own facts about it; nothing at all for `()`.
    pub(crate) metadata: M,
    /// XXH3-64 of the payload, or 0 while nobody has asked. A payload whose digest really is 0 is
    /// hashed at each request, which is right and rare.
    digest: std::sync::atomic::AtomicU64,
}

impl<M> Content<M> {
    pub(crate) fn new(payload: Bytes, metadata: M) -> Self {
        Self {
            payload,
            metadata,
            digest: std::sync::atomic::AtomicU64::new(0),
        }
    }

    pub(crate) fn len(&self) -> u64 {
        self.payload.len() as u64
    }

    /// The remembered digest, if any.
    pub(crate) fn digest(&self) -> Option<u64> {
        match self.digest.load(std::sync::atomic::Ordering::Relaxed) {
            0 => None,
            digest => Some(digest),
        }
    }

    /// Remembers the digest. Racing threads store the same value, so no order is needed.
    pub(crate) fn remember_digest(&self, digest: u64) {
        self.digest
            .store(digest, std::sync::atomic::Ordering::Relaxed);
    }
}

impl<M> fmt::Debug for Content<M> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Content")
            .field("len", &self.payload.len())
            .finish_non_exhaustive()
    }
}

/// Why a payload was not stored.
#[derive(Debug)]
pub(crate) enum Refused<M> {
    /// The position was given up, or its place already belongs to a later lap.
    TooLate(Content<M>),
    /// The position is already held.
    Occupied(Content<M>),
}

/// A place for one payload at a time. Aligned to a cache line of its own: neighbours that share
/// one were measured 3 times slower with two readers.
#[repr(align(64))]
pub(crate) struct Slot<M> {
    stamp: Stamp,
    body: RwLock<Option<Content<M>>>,
}

impl<M> Slot<M> {
    pub(crate) fn new() -> Self {
        Self {
            stamp: Stamp::empty(),
            body: RwLock::new(None),
        }
    }

    /// Whether `seq` or a later position of the same place has been stored here, now or earlier.
    /// False again once the slot has been cleared; the ring's tail tells then.
    #[inline]
    pub(crate) fn covers(&self, seq: u64) -> bool {
        self.stamp.covers(seq)
    }

    /// Runs `read` on the content if it is that of `seq`.
    #[inline]
    pub(crate) fn read<R>(&self, seq: u64, read: impl FnOnce(&Content<M>) -> R) -> Option<R> {
        if !self.stamp.is(seq) {
            return None;
        }
        let body = self.body.read();
        // Between the look and the lock a writer may have come.
        if !self.stamp.is(seq) {
            return None;
        }
        body.as_ref().map(read)
    }

    /// Stores `content` for `seq` and hands back what lay here before.
    ///
    /// `given_up` is asked under the lock: whoever gives a position up first says so (raises the
    /// tail) and then comes here to clear the slot, so it either finds this content or is seen.
    pub(crate) fn fill(
        &self,
        seq: u64,
        content: Content<M>,
        given_up: impl FnOnce() -> bool,
    ) -> Result<Option<(u64, Content<M>)>, Refused<M>> {
        let mut body = self.body.write();
        if given_up() {
            drop(body);
            return Err(Refused::TooLate(content));
        }
        if self.stamp.covers(seq) {
            let refused = if self.stamp.is(seq) {
                Refused::Occupied(content)
            } else {
                Refused::TooLate(content)
            };
            drop(body);
            return Err(refused);
        }
        let earlier = self.stamp.seq();
        let displaced = body.replace(content);
        self.stamp.set(seq);
        Ok(earlier.zip(displaced))
    }

    /// Empties the slot if it holds a position that `unwanted` names. The content is dropped by
    /// the caller, after the lock.
    pub(crate) fn clear(&self, unwanted: impl FnOnce(u64) -> bool) -> Option<(u64, Content<M>)> {
        let mut body = self.body.write();
        let seq = self.stamp.seq()?;
        if !unwanted(seq) {
            return None;
        }
        self.stamp.reset();
        body.take().map(|content| (seq, content))
    }
}

impl<M> fmt::Debug for Slot<M> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Slot")
            .field("seq", &self.stamp.seq())
            .finish_non_exhaustive()
    }
}

/// The word that names a slot's position: `(seq + 1) << 8`, 0 when empty.
///
/// Ordering: stores are `Release` and loads `Acquire`, so that a reader that takes a miss for an
/// answer also sees the claim or the tail that caused it. Content never relies on them, the lock does that.
struct Stamp(AtomicU64);

/// Low bits kept free for marks about a slot's readers.
const MARK_BITS: u32 = 8;

impl Stamp {
    fn empty() -> Self {
        Self(AtomicU64::new(0))
    }

    const fn encode(seq: u64) -> u64 {
        (seq + 1) << MARK_BITS
    }

    #[inline]
    fn is(&self, seq: u64) -> bool {
        self.0.load(Ordering::Acquire) >> MARK_BITS == seq + 1
    }

    #[inline]
    fn covers(&self, seq: u64) -> bool {
        self.0.load(Ordering::Acquire) >> MARK_BITS > seq
    }

    fn seq(&self) -> Option<u64> {
        (self.0.load(Ordering::Acquire) >> MARK_BITS).checked_sub(1)
    }

    fn set(&self, seq: u64) {
        self.0.store(Self::encode(seq), Ordering::Release);
    }

    fn reset(&self) {
        self.0.store(0, Ordering::Release);
    }
}

#[cfg(all(test, not(ring_loom)))]
mod tests {
    use super::*;

    fn content(payload: &'static str) -> Content<()> {
        Content::new(Bytes::from_static(payload.as_bytes()), ())
    }

    #[test]
    fn a_slot_without_metadata_is_one_cache_line() {
        assert_eq!(size_of::<Slot<()>>(), 64);
        assert_eq!(align_of::<Slot<()>>(), 64);
    }

    #[test]
    fn a_slot_answers_only_for_its_own_position() {
        let slot = Slot::new();
        assert!(slot.fill(8, content("a"), || false).unwrap().is_none());
        assert!(slot.read(8, |content| content.payload.clone()).is_some());
        assert!(slot.read(0, |_| ()).is_none());
        assert!(slot.read(16, |_| ()).is_none());
        assert!(slot.covers(0) && slot.covers(8) && !slot.covers(16));
    }

    #[test]
    fn a_position_is_stored_once() {
        let slot = Slot::new();
        slot.fill(8, content("a"), || false).unwrap();
        let again = slot.fill(8, content("a"), || false);
        assert!(matches!(again, Err(Refused::Occupied(_))));
        let earlier = slot.fill(0, content("c"), || false);
        assert!(matches!(earlier, Err(Refused::TooLate(_))));
        let given_up = slot.fill(16, content("d"), || true);
        assert!(matches!(given_up, Err(Refused::TooLate(_))));
        assert!(slot.fill(16, content("e"), || false).unwrap().is_some());
    }

    #[test]
    fn clearing_takes_only_what_is_unwanted() {
        let slot = Slot::new();
        slot.fill(3, content("a"), || false).unwrap();
        assert!(slot.clear(|seq| seq != 3).is_none());
        let (seq, taken) = slot.clear(|seq| seq == 3).unwrap();
        assert_eq!((seq, &taken.payload[..]), (3, &b"a"[..]));
        assert!(slot.clear(|_| true).is_none());
    }
}
