//! One stream's ring: claim, fill, publish; and giving up, which is the same thing backwards.
//!
//! ```text
//!        tail                    head            claim
//!   given up │ readable           │ being written │ free
//!  ──────────┼────────────────────┼───────────────┼─────────▶ positions
//! ```
//!
//! A writer **claims** a position (one compare-and-swap), **fills** its slot (one slot lock) and
//! **publishes** by moving the head over everything that is filled. No lock spans two of these
//! steps, so writers never wait for one another, and a payload that arrives out of order is just a
//! slot filled ahead of the head.
//!
//! Giving a position up goes the other way round: the **tail** is raised first, the slot cleared
//! after it. A fill that comes too late sees the tail under the slot's lock; one that came earlier
//! is found by the clearing. Eviction by bytes, reset and removal are that one movement.

/// Copies in used memory.
mod copying;
/// Looking up, from slots and mirrors.
mod read;
/// Claiming, filling, publishing.
mod write;
/// Eviction, end, reset, removal.
mod yielding;

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;

use bytes::Bytes;
use crossbeam_utils::CachePadded;

use crate::budget::Budget;
use crate::config::Shape;
use crate::error::GetError;
use crate::gate::Gate;
use crate::hook::Hook;
use crate::lane::LANES;
use crate::seq::{Epoch, Gap, Generation, Seq};
use crate::sink::EvictionSink;
use crate::slots::Slots;
use crate::stats::{Counters, StreamStats};
use crate::sync::{Arc, AtomicU64, Mutex, Ordering};
use crate::watermark::Watermark;

pub(crate) use write::Offered;
pub(crate) use yielding::{End, Freed};

/// Set in the claim word when the stream has ended. The position beside it is then final.
const ENDED: u64 = 1;

/// The tail of a stream that is gone: everything is given up.
const GONE: u64 = u64::MAX;

/// The current epoch and where it starts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EpochStart {
    pub(crate) epoch: Epoch,
    pub(crate) first: u64,
}

/// A ring of slots and the words that bound it. Lives behind an `Arc`; handles are that `Arc`.
pub(crate) struct Ring<M> {
    slots: Slots<M>,
    /// Mirrors, by lane; made when a lane first needs one.
    lanes: [OnceLock<Box<Slots<M>>>; LANES],
    shape: Shape,
    generation: Generation,
    /// The number of the current epoch: a hint that lets readers leave the lock beside it alone.
    epoch: AtomicU64,
    /// Written by resets only.
    epoch_start: Mutex<EpochStart>,
    /// Missing positions below are not waited for any more.
    skipped_to: AtomicU64,
    /// `next position to claim << 1 | ended`. Only the gap-filling of replicas happens below it
    /// once it is marked as ended.
    claim: CachePadded<AtomicU64>,
    /// Positions below have been given up: evicted by bytes, by a reset, or all of them by
    /// removal. What the ring's own lap gives up is not noted here; it follows from `claim`.
    tail: CachePadded<AtomicU64>,
    /// Bytes of payload in the slots.
    bytes: CachePadded<AtomicU64>,
    /// Positions below are readable or given up. Published after the slot is written.
    head: Watermark,
    /// Registered readers, for writers that want to wait for them.
    gate: Gate,
    counters: Counters,
    /// Bytes over all streams of the cache.
    budget: Arc<Budget>,
    /// Whether payloads are copied in, so that memory is worth keeping.
    copies: AtomicBool,
    /// Memory of an evicted payload, for the next copy; see [`Ring::append_copy`].
    spare: Mutex<Option<Bytes>>,
    /// Takes what is evicted.
    sink: Option<std::sync::Arc<dyn EvictionSink<M>>>,
    /// Told when the stream ends.
    hook: Option<Box<dyn Hook>>,
}

impl<M> Ring<M> {
    pub(crate) fn new(shape: Shape, generation: Generation, budget: Arc<Budget>) -> Self {
        let first = shape.first;
        Self {
            slots: Slots::new(shape.slots),
            lanes: [const { OnceLock::new() }; LANES],
            epoch: AtomicU64::new(0),
            epoch_start: Mutex::new(EpochStart {
                epoch: Epoch::new(0),
                first,
            }),
            skipped_to: AtomicU64::new(first),
            claim: CachePadded::new(AtomicU64::new(first << 1)),
            tail: CachePadded::new(AtomicU64::new(first)),
            bytes: CachePadded::new(AtomicU64::new(0)),
            head: Watermark::new(first, shape.max_waiters, shape.wake_batch),
            gate: Gate::new(shape.max_waiters, shape.wake_batch),
            counters: Counters::new(),
            copies: AtomicBool::new(false),
            spare: Mutex::new(None),
            sink: None,
            hook: None,
            budget,
            generation,
            shape,
        }
    }

    pub(crate) fn with_sink(mut self, sink: Option<std::sync::Arc<dyn EvictionSink<M>>>) -> Self {
        self.sink = sink;
        self
    }

    pub(crate) fn with_hook(mut self, hook: Box<dyn Hook>) -> Self {
        self.hook = Some(hook);
        self
    }

    pub(crate) fn generation(&self) -> Generation {
        self.generation
    }

    pub(crate) fn head(&self) -> &Watermark {
        &self.head
    }

    pub(crate) fn gate(&self) -> &Gate {
        &self.gate
    }

    pub(crate) fn counters(&self) -> &Counters {
        &self.counters
    }

    /// The first position from `seq` on that is held, or else the head.
    pub(crate) fn next_present(&self, seq: u64) -> u64 {
        let head = self.head.value();
        let absent = |seq: &u64| !self.slots.get(*seq).is_some_and(|slot| slot.covers(*seq));
        seq + (seq..head).take_while(absent).count() as u64
    }

    /// Why `seq` was not found.
    #[cold]
    pub(crate) fn explain(&self, seq: u64) -> GetError {
        // The head first: a position below it has been claimed and perhaps given up, and the
        // words read after it tell.
        let head = self.head.value();
        let claim = self.claim.load(Ordering::Acquire);
        let oldest = self.oldest_of(claim >> 1);
        if self.is_gone() {
            return GetError::Gone;
        }
        let next = Seq::new(head);
        if seq < oldest {
            return GetError::Evicted {
                oldest: Seq::new(oldest),
            };
        }
        if seq >= claim >> 1 && claim & ENDED != 0 {
            return GetError::Ended {
                next: Seq::new(claim >> 1),
            };
        }
        if seq >= head {
            GetError::NotYet { next }
        } else {
            GetError::Missing { next }
        }
    }

    fn oldest_of(&self, claimed: u64) -> u64 {
        self.tail
            .load(Ordering::Acquire)
            .max(claimed.saturating_sub(self.shape.slots))
    }

    /// The oldest position that may still be held; equal to [`Ring::next`] when nothing is.
    pub(crate) fn oldest(&self) -> u64 {
        let head = self.head.value();
        self.oldest_of(self.claim.load(Ordering::Acquire) >> 1)
            .min(head)
    }

    /// The position the next published payload gets.
    #[inline]
    pub(crate) fn next(&self) -> u64 {
        self.head.value()
    }

    /// The newest published position.
    #[inline]
    pub(crate) fn last(&self) -> Option<u64> {
        let head = self.head.value();
        (head > self.shape.first && !self.is_gone()).then(|| head - 1)
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    pub(crate) fn is_ended(&self) -> bool {
        self.claim.load(Ordering::Acquire) & ENDED != 0
    }

    pub(crate) fn is_gone(&self) -> bool {
        self.tail.load(Ordering::Acquire) == GONE
    }

    /// The current epoch, if it is another one than `known`.
    #[inline]
    pub(crate) fn epoch_after(&self, known: Epoch) -> Option<EpochStart> {
        if self.epoch.load(Ordering::Acquire) == known.value() {
            return None;
        }
        Some(*self.epoch_start.lock())
    }

    pub(crate) fn epoch(&self) -> Epoch {
        Epoch::new(self.epoch.load(Ordering::Acquire))
    }

    /// The runs of positions without a payload between the oldest held and the newest claimed.
    pub(crate) fn gaps(&self) -> Vec<Gap> {
        let mut gaps: Vec<Gap> = Vec::new();
        let claimed = self.claim.load(Ordering::Acquire) >> 1;
        let oldest = self.oldest_of(claimed);
        for seq in oldest..claimed.max(oldest) {
            if self.slots.get(seq).is_some_and(|slot| slot.covers(seq)) {
                continue;
            }
            match gaps.last_mut() {
                Some(gap) if gap.end.value() == seq => gap.end = gap.end.next(),
                _ => gaps.push(Gap {
                    first: Seq::new(seq),
                    end: Seq::new(seq + 1),
                }),
            }
        }
        gaps
    }

    pub(crate) fn stats(&self) -> StreamStats {
        let head = self.next();
        let oldest = self.oldest();
        let first = self.shape.first;
        let mut stats = self.counters.snapshot();
        stats.published = (head - first).saturating_sub(stats.skipped);
        stats.evicted_positions = oldest - first;
        stats.bytes = self.bytes();
        stats.waiters = self.head.waiting() as u64;
        stats
    }
}

impl<M> fmt::Debug for Ring<M> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Ring")
            .field("generation", &self.generation)
            .field("oldest", &self.oldest())
            .field("next", &self.next())
            .field("bytes", &self.bytes())
            .field("slots", &self.slots)
            .finish_non_exhaustive()
    }
}

impl<M> Drop for Ring<M> {
    /// The last handle is gone: what the slots still hold goes back to the cache's budget.
    fn drop(&mut self) {
        self.budget.give_back(self.bytes.load(Ordering::Relaxed));
    }
}
