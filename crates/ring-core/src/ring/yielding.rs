//! Giving positions up: eviction, end, reset, removal.

use super::{ENDED, EpochStart, GONE, Ring};
use crate::error::AppendError;
use crate::seq::{Epoch, Seq};
use crate::sink::{Evicted, EvictionCause};
use crate::slot::{Content, Displaced};
use crate::sync::Ordering;

/// What a removal or a release gave back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Freed {
    pub(crate) payloads: u64,
    pub(crate) bytes: u64,
}

/// What `end` found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct End {
    pub(crate) next: Seq,
    pub(crate) first_time: bool,
    pub(crate) gone: bool,
}

impl<M> Ring<M> {
    /// Evicts the oldest payloads until the bytes are within bounds.
    #[inline]
    pub(super) fn evict_excess(&self) {
        while self.bytes.load(Ordering::Relaxed) > self.shape.max_bytes || self.budget.is_exceeded()
        {
            if !self.evict_oldest(EvictionCause::Bytes) {
                break;
            }
        }
    }

    /// Gives up the oldest payload that is held; false when none is.
    pub(super) fn evict_oldest(&self, cause: EvictionCause) -> bool {
        loop {
            let tail = self.tail.load(Ordering::Acquire);
            let end = self.claim.load(Ordering::Acquire) >> 1;
            let oldest = self.oldest_of(end);
            if tail == GONE || oldest >= end {
                return false;
            }
            let raised =
                self.tail
                    .compare_exchange(tail, oldest + 1, Ordering::AcqRel, Ordering::Relaxed);
            if raised.is_err() {
                continue;
            }
            let cleared = self
                .slots
                .get(oldest)
                .and_then(|slot| slot.clear(|seq| seq <= oldest));
            if let Some(displaced) = cleared {
                self.account(0, displaced.content.len());
                self.dispose(displaced, cause);
                return true;
            }
        }
    }

    /// Gives up what is published below `seq`. O(payloads given up), at most the slots.
    pub(crate) fn release_before(&self, seq: u64) -> Freed {
        // Not beyond the head: a position that is still to come is somebody's to fill and
        // somebody else's to wait for.
        let end = seq.min(self.head.value());
        let released_to = self.tail.fetch_max(end, Ordering::AcqRel);
        let mut freed = Freed::default();
        for place in released_to.max(end.saturating_sub(self.shape.slots))..end {
            let cleared = self
                .slots
                .get(place)
                .and_then(|slot| slot.clear(|held| held < end));
            if let Some(displaced) = cleared {
                freed.payloads += 1;
                freed.bytes += displaced.content.len();
                self.account(0, displaced.content.len());
                self.dispose(displaced, EvictionCause::Released);
            }
        }
        if freed.bytes > 0 {
            self.gate.room_made();
        }
        freed
    }

    /// What becomes of content that is no longer held. No lock of the ring is held here.
    pub(super) fn dispose(&self, displaced: Displaced<M>, cause: EvictionCause) {
        self.drop_mirrors(&displaced);
        let seq = displaced.seq;
        let Content {
            payload, metadata, ..
        } = displaced.content;
        match &self.sink {
            Some(sink) => sink.evicted(Evicted {
                seq: Seq::new(seq),
                payload,
                metadata,
                cause,
            }),
            None if cause == EvictionCause::Bytes
                && self.copies.load(std::sync::atomic::Ordering::Relaxed) =>
            {
                self.keep_spare(payload);
            }
            None => drop(payload),
        }
    }

    /// Empties the mirrors of what left its slot.
    #[inline]
    pub(super) fn drop_mirrors(&self, displaced: &Displaced<M>) {
        if displaced.mirrored {
            self.drop_mirrors_of(displaced.seq);
        }
    }

    #[cold]
    fn drop_mirrors_of(&self, seq: u64) {
        for mirrors in &self.lanes {
            let mirror = mirrors.get().and_then(|mirrors| mirrors.get(seq));
            let dropped = mirror.and_then(|mirror| mirror.clear(|held| held <= seq));
            drop(dropped);
        }
    }

    /// No position after this one. Readers drain what is held; waiters beyond the end are woken.
    pub(crate) fn end(&self) -> End {
        let claim = self.claim.fetch_or(ENDED, Ordering::AcqRel);
        let next = claim >> 1;
        let first_time = claim & ENDED == 0;
        if first_time {
            self.head.wake_where(|target| target > next);
            self.gate.close();
            if let Some(hook) = &self.hook {
                hook.ended();
            }
        }
        End {
            next: Seq::new(next),
            first_time,
            gone: self.is_gone(),
        }
    }

    /// Gives up everything claimed so far and starts a new epoch, in which numbering goes on.
    pub(crate) fn reset(&self) -> Result<Epoch, AppendError> {
        let start = {
            let mut start = self.epoch_start.lock();
            let claim = self.claim.load(Ordering::Acquire);
            if claim & ENDED != 0 {
                return Err(if self.is_gone() {
                    AppendError::Gone
                } else {
                    AppendError::Ended
                });
            }
            let epoch = Epoch::new(start.epoch.value() + 1);
            *start = EpochStart {
                epoch,
                first: claim >> 1,
            };
            self.epoch.store(epoch.value(), Ordering::Release);
            *start
        };
        self.tail.fetch_max(start.first, Ordering::AcqRel);
        for slot in self.slots.iter() {
            if let Some(displaced) = slot.clear(|seq| seq < start.first) {
                self.account(0, displaced.content.len());
                self.dispose(displaced, EvictionCause::Reset);
            }
        }
        self.settle();
        self.gate.room_made();
        Ok(start.epoch)
    }

    /// Gives everything up, for good. One slot is locked at a time; O(slots that were ever used).
    pub(crate) fn remove(&self) -> Option<Freed> {
        // The tail first, so that nobody is told "ended" of a stream that is gone.
        if self.tail.swap(GONE, Ordering::AcqRel) == GONE {
            return None;
        }
        self.claim.fetch_or(ENDED, Ordering::AcqRel);
        let mut freed = Freed::default();
        for slot in self.slots.iter() {
            if let Some(displaced) = slot.clear(|_| true) {
                freed.payloads += 1;
                freed.bytes += displaced.content.len();
                self.account(0, displaced.content.len());
                self.dispose(displaced, EvictionCause::Removal);
            }
        }
        let spare = self.spare.lock().take();
        drop(spare);
        self.head.wake_where(|_| true);
        self.gate.close();
        if let Some(hook) = &self.hook {
            let mut stats = self.stats();
            (stats.bytes, stats.waiters) = (0, 0);
            hook.removed(stats);
        }
        Some(freed)
    }
}
