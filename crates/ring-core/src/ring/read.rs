//! Looking a position up: the lane's mirror, the slot, or why not.

use super::Ring;
use crate::error::GetError;
use crate::lane;
use crate::slot::{Content, Slot};
use crate::slots::Slots;

impl<M: Clone> Ring<M> {
    /// Runs `read` on the content of `seq`, under its slot's shared lock, and counts the answer.
    /// O(1).
    #[inline]
    pub(crate) fn read<R>(
        &self,
        seq: u64,
        read: impl FnMut(&Content<M>) -> R,
    ) -> Result<R, GetError> {
        let answer = self.read_quietly(seq, read);
        if let Err(error) = answer {
            self.counters.miss(lane::current(), error);
        }
        answer
    }

    /// As `read`, but misses are not counted: for those who ask again and again.
    #[inline]
    pub(crate) fn read_quietly<R>(
        &self,
        seq: u64,
        mut read: impl FnMut(&Content<M>) -> R,
    ) -> Result<R, GetError> {
        if let Some(found) = self.read_published(seq, &mut read) {
            return Ok(found);
        }
        match self.explain(seq) {
            // Not yet there when looked for, and there when asked why: look again.
            GetError::Missing { .. } => self
                .read_published(seq, &mut read)
                .ok_or_else(|| self.explain(seq)),
            error => Err(error),
        }
    }

    /// The content of `seq`, if it is published and held.
    #[inline]
    pub(crate) fn read_published<R>(
        &self,
        seq: u64,
        read: impl FnOnce(&Content<M>) -> R,
    ) -> Option<R> {
        self.read_in_lane(lane::current(), seq, read)
    }

    /// The content of `seq`, if it is published and held, from the lane's mirror if there is one.
    #[inline]
    pub(crate) fn read_in_lane<R>(
        &self,
        lane: usize,
        seq: u64,
        read: impl FnOnce(&Content<M>) -> R,
    ) -> Option<R> {
        if seq >= self.head.value() {
            return None;
        }
        let found = self.read_held(lane, seq, read)?;
        self.counters.hits(lane, 1);
        Some(found)
    }

    /// The contents from `first` on, up to `end`, which is not above the head: each that is held,
    /// until one is not. Returns how many those are.
    #[inline]
    pub(crate) fn read_run(
        &self,
        first: u64,
        end: u64,
        mut read: impl FnMut(u64, &Content<M>),
    ) -> u64 {
        let lane = lane::current();
        let count = (first..end)
            .take_while(|seq| {
                self.read_held(lane, *seq, |content| read(*seq, content))
                    .is_some()
            })
            .count() as u64;
        self.counters.hits(lane, count);
        count
    }

    /// The content of a position below the head.
    #[inline]
    fn read_held<R>(
        &self,
        lane: usize,
        seq: u64,
        read: impl FnOnce(&Content<M>) -> R,
    ) -> Option<R> {
        let mut read = Some(read);
        let mut once = |content: &Content<M>| read.take().map(|read| read(content));
        if let Some(mirror) = self.lanes[lane].get().and_then(|mirrors| mirrors.get(seq))
            && let Some(found) = mirror.read(seq, &mut once)
        {
            return found;
        }
        let slot = self.slots.get(seq)?;
        let (found, contended) = slot.read_noting(seq, lane, &mut once)?;
        if contended && self.shape.mirrors {
            self.mirror(lane, seq, slot);
        }
        found
    }

    /// What a lane mirrors in the place of `seq`.
    #[cfg(all(test, ring_loom))]
    pub(crate) fn mirrored_in(&self, lane: usize, seq: u64) -> Option<()> {
        self.lanes[lane].get()?.get(seq)?.read(seq, |_| ())
    }

    /// Gives a lane a mirror of `seq`.
    #[cold]
    fn mirror(&self, lane: usize, seq: u64, slot: &Slot<M>) {
        let Some(mirrored) = slot.read_to_mirror(seq, Content::mirrored) else {
            return;
        };
        let mirrors = self.lanes[lane].get_or_init(|| Box::new(Slots::new(self.shape.slots)));
        // Asked under the mirror's lock: whoever empties the home slot does that first and then
        // comes here, so either it finds this mirror or this question finds the slot empty.
        let displaced = mirrors
            .obtain(seq)
            .mirror(seq, mirrored, || slot.holds(seq));
        drop(displaced);
    }
}
