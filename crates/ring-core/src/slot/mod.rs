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
//! alone. A position is stored at most once in a stream's life, therefore "the stamp is mine" is
//! all a reader needs: no generation and no lap has to be compared.

/// The word beside the lock.
mod stamp;

use std::fmt;

use bytes::Bytes;

use crate::sync::RwLock;

use stamp::Stamp;

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

impl<M: Clone> Content<M> {
    /// The same content behind a reference count of its own, on a cache line of its own: clones
    /// of it do not meet clones of this one.
    pub(crate) fn mirrored(&self) -> Self {
        let payload = Bytes::from_owner(Mirror(self.payload.clone()));
        let mirrored = Self::new(payload, self.metadata.clone());
        mirrored.remember_digest(self.digest().unwrap_or(0));
        mirrored
    }
}

/// Owns a payload for a lane.
#[repr(align(64))]
struct Mirror(Bytes);

impl AsRef<[u8]> for Mirror {
    fn as_ref(&self) -> &[u8] {
        &self.0
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

/// What left a slot.
#[derive(Debug)]
pub(crate) struct Displaced<M> {
    /// The position it had.
    pub(crate) seq: u64,
    pub(crate) content: Content<M>,
    /// Whether lanes may hold mirrors of it.
    pub(crate) mirrored: bool,
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

    /// As `read`, by a reader of `lane`, and says whether a mirror would pay: when readers of
    /// different lanes keep taking turns on this slot.
    #[inline]
    pub(crate) fn read_noting<R>(
        &self,
        seq: u64,
        lane: usize,
        read: impl FnOnce(&Content<M>) -> R,
    ) -> Option<(R, bool)> {
        if !self.stamp.is(seq) {
            return None;
        }
        let body = self.body.read();
        let contended = self.stamp.note(seq, lane as u64)?;
        body.as_ref().map(|content| (read(content), contended))
    }

    /// As `read`, for the maker of a mirror: whoever empties the slot after this will look for it.
    pub(crate) fn read_to_mirror<R>(
        &self,
        seq: u64,
        read: impl FnOnce(&Content<M>) -> R,
    ) -> Option<R> {
        let body = self.body.read();
        if !self.stamp.is(seq) {
            return None;
        }
        self.stamp.note_mirrors();
        body.as_ref().map(read)
    }

    /// Whether `seq` lies here, for those who hold another slot's lock.
    pub(crate) fn holds(&self, seq: u64) -> bool {
        self.stamp.is(seq)
    }

    /// Makes this slot, one of a lane, a mirror of `seq`, if `held` still says so under the lock.
    /// Hands back what lay here.
    pub(crate) fn mirror(
        &self,
        seq: u64,
        content: Content<M>,
        held: impl FnOnce() -> bool,
    ) -> Option<Content<M>> {
        let mut body = self.body.write();
        if !held() || self.stamp.covers(seq) {
            drop(body);
            return Some(content);
        }
        let displaced = body.replace(content);
        self.stamp.set(seq);
        displaced
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
    ) -> Result<Option<Displaced<M>>, Refused<M>> {
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
        let (earlier, mirrored) = self.stamp.parts();
        let displaced = body.replace(content);
        self.stamp.set(seq);
        let displaced = earlier.zip(displaced);
        Ok(displaced.map(|(seq, content)| Displaced {
            seq,
            content,
            mirrored,
        }))
    }

    /// Empties the slot if it holds a position that `unwanted` names. The content is dropped by
    /// the caller, after the lock.
    pub(crate) fn clear(&self, unwanted: impl FnOnce(u64) -> bool) -> Option<Displaced<M>> {
        let mut body = self.body.write();
        let (seq, mirrored) = self.stamp.parts();
        let seq = seq.filter(|seq| unwanted(*seq))?;
        self.stamp.reset();
        body.take().map(|content| Displaced {
            seq,
            content,
            mirrored,
        })
    }
}

impl<M> fmt::Debug for Slot<M> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Slot")
            .field("seq", &self.stamp.parts().0)
            .finish_non_exhaustive()
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
    fn lanes_that_take_turns_are_noted_and_a_single_lane_is_not() {
        let slot = Slot::new();
        slot.fill(5, content("a"), || false).unwrap();
        let contended = |lane| slot.read_noting(5, lane, |_| ()).unwrap().1;
        assert!((0..100).all(|_| !contended(3)));
        assert!((0..100).any(|round| contended(round % 2)));
        assert!(!slot.clear(|_| true).unwrap().mirrored, "nobody made one");

        slot.fill(6, content("b"), || false).unwrap();
        assert!(slot.read_to_mirror(6, |_| ()).is_some());
        assert!(
            slot.fill(7, content("c"), || false)
                .unwrap()
                .unwrap()
                .mirrored
        );
        assert!(
            !slot.clear(|_| true).unwrap().mirrored,
            "a new payload starts anew"
        );
    }

    #[test]
    fn clearing_takes_only_what_is_unwanted() {
        let slot = Slot::new();
        slot.fill(3, content("a"), || false).unwrap();
        assert!(slot.clear(|seq| seq != 3).is_none());
        let taken = slot.clear(|seq| seq == 3).unwrap();
        assert_eq!((taken.seq, &taken.content.payload[..]), (3, &b"a"[..]));
        assert!(slot.clear(|_| true).is_none());
    }
}
