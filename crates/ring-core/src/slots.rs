//! The slots of one ring, made when they are first written.
//!
//! An idle stream must cost next to nothing (a thousand of them are common), and a full ring is
//! 64 bytes a slot before the first payload. So the slots lie in blocks, and a block comes into
//! being with the first write into it. After the first lap nothing is allocated any more.

use std::fmt;
use std::sync::OnceLock;

use crate::slot::Slot;

/// Slots in a block: 4 KiB of slots, a page. A smaller ring is one block.
const BLOCK: usize = 64;

/// Blocks whose place is in the ring itself: a read has one pointer less to follow, and was measured
/// 5 % quicker. That is 2048 slots; a larger ring keeps the places of the others apart.
const NEAR: usize = 32;

type Block<M> = OnceLock<Box<[Slot<M>]>>;

/// A power-of-two ring of slots.
pub(crate) struct Slots<M> {
    /// Number of slots − 1.
    mask: u64,
    near: [Block<M>; NEAR],
    far: Box<[Block<M>]>,
}

impl<M> Slots<M> {
    /// `count` must be a power of two; the configuration has seen to that.
    pub(crate) fn new(count: u64) -> Self {
        debug_assert!(count.is_power_of_two());
        let far = (NEAR as u64..count / BLOCK as u64)
            .map(|_| OnceLock::new())
            .collect();
        let slots = Self {
            mask: count - 1,
            near: [const { OnceLock::new() }; NEAR],
            far,
        };
        if cfg!(ring_loom) {
            // The model checker does not see that a `OnceLock` orders the making before the use.
            for seq in 0..count {
                slots.obtain(seq);
            }
        }
        slots
    }

    /// Number of slots.
    pub(crate) fn count(&self) -> u64 {
        self.mask + 1
    }

    /// The block of `seq`, and the place in it.
    #[inline]
    fn locate(&self, seq: u64) -> (&Block<M>, usize) {
        let index = (seq & self.mask) as usize;
        let block = index / BLOCK;
        let block = match self.near.get(block) {
            Some(near) => near,
            None => &self.far[block - NEAR],
        };
        (block, index % BLOCK)
    }

    /// The slot of `seq`, unless nothing was ever written near it.
    #[inline]
    pub(crate) fn get(&self, seq: u64) -> Option<&Slot<M>> {
        let (block, within) = self.locate(seq);
        block.get().map(|slots| &slots[within])
    }

    /// The slot of `seq`, made if need be.
    #[inline]
    pub(crate) fn obtain(&self, seq: u64) -> &Slot<M> {
        let (block, within) = self.locate(seq);
        let slots = block.get_or_init(|| {
            let slots = (BLOCK as u64).min(self.count());
            (0..slots).map(|_| Slot::new()).collect()
        });
        &slots[within]
    }

    fn blocks(&self) -> impl Iterator<Item = &Box<[Slot<M>]>> {
        self.near.iter().chain(&self.far).filter_map(OnceLock::get)
    }

    /// All slots that exist.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Slot<M>> {
        self.blocks().flatten()
    }
}

impl<M> fmt::Debug for Slots<M> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Slots")
            .field("count", &self.count())
            .field("blocks_made", &self.blocks().count())
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, not(ring_loom)))]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn positions_map_to_places_round_and_round() {
        let slots = Slots::<()>::new(128);
        assert!(slots.get(5).is_none());
        let made: *const Slot<()> = slots.obtain(5);
        assert!(std::ptr::eq(made, slots.obtain(133)));
        assert!(!std::ptr::eq(made, slots.obtain(6)));
        assert_eq!(slots.iter().count(), 64, "one block of two");
    }

    #[test]
    fn a_large_ring_reaches_all_of_its_places() {
        let slots = Slots::<()>::new(4096);
        let places: HashSet<*const Slot<()>> = (0..4096)
            .map(|seq| std::ptr::from_ref(slots.obtain(seq)))
            .collect();
        assert_eq!((places.len(), slots.iter().count()), (4096, 4096));
        assert!(slots.get(5000).is_some());
    }

    #[test]
    fn the_smallest_ring_has_one_slot() {
        let slots = Slots::<()>::new(1);
        assert!(std::ptr::eq(slots.obtain(0), slots.obtain(77)));
        assert_eq!(slots.iter().count(), 1);
    }
}
