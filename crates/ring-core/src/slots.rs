//! The slots of one ring, made when they are first written.
//!
//! An idle stream must cost next to nothing (a thousand of them are common), and a full ring is
//! 64 bytes a slot before the first payload. So the slots lie in blocks, and a block comes into
//! being with the first write into it. After the first lap nothing is allocated any more.

use std::fmt;
use std::sync::OnceLock;

use crate::slot::Slot;

/// Slots in a block: 4 KiB of slots, a page.
const BLOCK_BITS: u32 = 6;

type Block<M> = Box<[Slot<M>]>;

/// A power-of-two ring of slots.
pub(crate) struct Slots<M> {
    blocks: Box<[OnceLock<Block<M>>]>,
    /// Number of slots − 1.
    mask: u64,
    /// log₂ of the slots in a block.
    block_bits: u32,
}

impl<M> Slots<M> {
    /// `count` must be a power of two; the configuration has seen to that.
    pub(crate) fn new(count: u64) -> Self {
        debug_assert!(count.is_power_of_two());
        let block_bits = BLOCK_BITS.min(count.trailing_zeros());
        let blocks = (0..count >> block_bits).map(|_| OnceLock::new()).collect();
        let slots = Self {
            blocks,
            mask: count - 1,
            block_bits,
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

    #[inline]
    fn locate(&self, seq: u64) -> (usize, usize) {
        let index = seq & self.mask;
        let within = index & ((1 << self.block_bits) - 1);
        ((index >> self.block_bits) as usize, within as usize)
    }

    /// The slot of `seq`, unless nothing was ever written near it.
    #[inline]
    pub(crate) fn get(&self, seq: u64) -> Option<&Slot<M>> {
        let (block, within) = self.locate(seq);
        self.blocks[block].get().map(|slots| &slots[within])
    }

    /// The slot of `seq`, made if need be.
    #[inline]
    pub(crate) fn obtain(&self, seq: u64) -> &Slot<M> {
        let (block, within) = self.locate(seq);
        let slots = self.blocks[block].get_or_init(|| {
            (0..1usize << self.block_bits)
                .map(|_| Slot::new())
                .collect()
        });
        &slots[within]
    }

    /// All slots that exist.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Slot<M>> {
        self.blocks.iter().filter_map(OnceLock::get).flatten()
    }
}

impl<M> fmt::Debug for Slots<M> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let made = self
            .blocks
            .iter()
            .filter(|block| block.get().is_some())
            .count();
        formatter
            .debug_struct("Slots")
            .field("count", &self.count())
            .field("blocks_made", &made)
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, not(ring_loom)))]
mod tests {
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
    fn the_smallest_ring_has_one_slot() {
        let slots = Slots::<()>::new(1);
        assert!(std::ptr::eq(slots.obtain(0), slots.obtain(77)));
        assert_eq!(slots.iter().count(), 1);
    }
}
