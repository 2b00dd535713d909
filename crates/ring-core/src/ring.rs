//! One stream's ring: claim, fill, publish; and giving up, which is the same thing backwards.
//!
//! ```text
//!        tail                    head            claim
//!   given up │ readable           │ being written │ free
//!  ──────────┼────────────────────┼───────────────┼─────────▶ positions
//! ```
//!
//! A writer **claims** a position (one compare-and-swap), **fills** its slot (one slot lock) and **publishes** by
//! moving the head over everything that is filled. No lock spans two of these steps, so writers
//! never wait for one another, and a payload that arrives out of order is just a slot filled ahead of the head.
//!
//! Giving a position up goes the other way round: the **tail** is raised first, the slot cleared after it.
//! A fill that comes too late sees the tail under the slot's lock; one that came earlier is found
//! by the clearing. Eviction by bytes, reset and removal are that one movement.

use bytes::Bytes;
use crossbeam_utils::CachePadded;

use crate::budget::Budget;
use crate::config::{DigestPolicy, Shape};
use crate::digest;
use crate::error::{AppendError, GetError};
use crate::seq::{Generation, Seq};
use crate::slot::{Content, Refused};
use crate::slots::Slots;
use crate::sync::{Arc, AtomicU64, Ordering};
use crate::watermark::{Advance, Watermark};

/// Set in the claim word when the stream has ended. The position beside it is then final.
const ENDED: u64 = 1;

/// The tail of a stream that is gone: everything is given up.
const GONE: u64 = u64::MAX;

/// What a removal gave back.
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
}

/// A ring of slots and the words that bound it. Lives behind an `Arc`; handles are that `Arc`.
#[derive(Debug)]
pub(crate) struct Ring<M> {
    slots: Slots<M>,
    shape: Shape,
    generation: Generation,
    /// `next position to claim << 1 | ended`. Once ended it never changes again.
    claim: CachePadded<AtomicU64>,
    /// Positions below have been given up: evicted by bytes, by a reset, or all of them by
    /// removal. What the ring's own lap gives up is not noted here; it follows from `claim`.
    tail: CachePadded<AtomicU64>,
    /// Bytes of payload in the slots.
    bytes: CachePadded<AtomicU64>,
    /// Positions below are readable or given up. Published after the slot is written.
    head: Watermark,
    /// Bytes over all streams of the cache.
    budget: Arc<Budget>,
}

impl<M> Ring<M> {
    pub(crate) fn new(shape: Shape, generation: Generation, budget: Arc<Budget>) -> Self {
        Self {
            slots: Slots::new(shape.slots),
            claim: CachePadded::new(AtomicU64::new(shape.first << 1)),
            tail: CachePadded::new(AtomicU64::new(shape.first)),
            bytes: CachePadded::new(AtomicU64::new(0)),
            head: Watermark::new(shape.first, shape.max_waiters, shape.wake_batch),
            budget,
            generation,
            shape,
        }
    }

    pub(crate) fn generation(&self) -> Generation {
        self.generation
    }

    pub(crate) fn head(&self) -> &Watermark {
        &self.head
    }

    // ── Writing ────────────────────────────────────────────────────────────────────────────

    /// Claims the next position, fills it, publishes. O(1) plus the payloads that make room.
    pub(crate) fn append(&self, payload: Bytes, metadata: M) -> Result<Seq, AppendError> {
        let len = payload.len() as u64;
        self.admit(len)?;
        let content = Content::new(payload, metadata);
        if self.shape.digest == DigestPolicy::OnWrite {
            content.remember_digest(digest::of(&content.payload));
        }
        let seq = self.claim_next()?;
        // Dropped at the end, after the last lock: freeing a payload can be slow.
        let _displaced = match self.fill(seq, content) {
            Ok(displaced) => displaced,
            // Given up between claim and fill: by removal, by a reset, or by a whole lap of other writers. The position was
            // ours, and it has already passed.
            Err(Refused::TooLate(content) | Refused::Occupied(content)) => {
                if self.tail.load(Ordering::Acquire) == GONE {
                    return Err(AppendError::Gone);
                }
                Some(content)
            }
        };
        let _evicted = self.evict_excess();
        self.publish(seq);
        Ok(Seq::new(seq))
    }

    /// Refuses what can never fit, and makes room in the cache's budget.
    fn admit(&self, len: u64) -> Result<(), AppendError> {
        if len > self.shape.max_bytes {
            return Err(AppendError::TooLarge {
                len,
                limit: self.shape.max_bytes,
            });
        }
        while !self.budget.has_room(len) {
            if self.is_ended() {
                return Err(self.closed());
            }
            // Nothing is given up in vain: if the others alone leave no room, all stays.
            let others = self.budget.held().saturating_sub(self.bytes());
            if others.saturating_add(len) > self.budget.limit() || self.evict_oldest().is_none() {
                return Err(AppendError::NoRoom {
                    limit: self.budget.limit(),
                });
            }
        }
        Ok(())
    }

    fn closed(&self) -> AppendError {
        if self.is_gone() {
            AppendError::Gone
        } else {
            AppendError::Ended
        }
    }

    fn claim_next(&self) -> Result<u64, AppendError> {
        let mut claim = self.claim.load(Ordering::Relaxed);
        loop {
            if claim & ENDED != 0 {
                return Err(self.closed());
            }
            let seq = claim >> 1;
            if seq > Seq::MAX.value() {
                return Err(AppendError::OutOfPositions);
            }
            match self.claim.compare_exchange_weak(
                claim,
                claim + (1 << 1),
                Ordering::AcqRel,
                Ordering::Relaxed,
            ) {
                Ok(_) => return Ok(seq),
                Err(current) => claim = current,
            }
        }
    }

    /// Stores a claimed position and accounts for it. Hands back what lay there.
    fn fill(&self, seq: u64, content: Content<M>) -> Result<Option<Content<M>>, Refused<M>> {
        let len = content.len();
        let given_up = || self.tail.load(Ordering::Acquire) > seq;
        let displaced = self.slots.obtain(seq).fill(seq, content, given_up)?;
        let freed = displaced.as_ref().map_or(0, Content::len);
        self.account(len, freed);
        Ok(displaced)
    }

    /// Equal sizes cost nothing, which is what a ring of equal packets in its second lap does.
    fn account(&self, added: u64, freed: u64) {
        if added > freed {
            self.bytes.fetch_add(added - freed, Ordering::Relaxed);
            self.budget.take(added - freed);
        } else if freed > added {
            self.bytes.fetch_sub(freed - added, Ordering::Relaxed);
            self.budget.give_back(freed - added);
        }
    }

    /// Moves the head over everything settled, starting with `seq`, and wakes whom it concerns.
    ///
    /// Two writers that fill neighbours must not both believe that the other one will publish.
    /// Each therefore visits the head with a read-modify-write after its fill. Whoever comes
    /// second in the head's modification order sees the other's slot.
    fn publish(&self, seq: u64) {
        let mut reached = if self.head.advance_unarmed(seq) {
            seq + 1
        } else {
            self.head.value_in_order()
        };
        let mut armed = false;
        loop {
            if reached >= self.claim.load(Ordering::Acquire) >> 1 || !self.is_settled(reached) {
                break;
            }
            match self.head.advance(reached) {
                Advance::Done { armed: seen } => {
                    armed |= seen;
                    reached += 1;
                }
                Advance::Elsewhere => reached = self.head.value_in_order(),
            }
        }
        if armed {
            self.head.wake(reached);
        }
    }

    /// Whether nothing has to be waited for at `seq` any more.
    fn is_settled(&self, seq: u64) -> bool {
        self.slots.get(seq).is_some_and(|slot| slot.covers(seq))
            || self.tail.load(Ordering::Acquire) > seq
    }

    // ── Giving up ──────────────────────────────────────────────────────────────────────────

    /// Evicts the oldest payloads until the stream's bytes are within bounds.
    fn evict_excess(&self) -> Vec<Content<M>> {
        let mut evicted = Vec::new();
        while self.bytes.load(Ordering::Relaxed) > self.shape.max_bytes || self.budget.is_exceeded()
        {
            match self.evict_oldest() {
                Some(content) => evicted.push(content),
                None => break,
            }
        }
        evicted
    }

    /// Gives up the oldest payload that is held.
    fn evict_oldest(&self) -> Option<Content<M>> {
        loop {
            let tail = self.tail.load(Ordering::Acquire);
            let end = self.claim.load(Ordering::Acquire) >> 1;
            let oldest = tail.max(end.saturating_sub(self.shape.slots));
            if tail == GONE || oldest >= end {
                return None;
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
                .and_then(|slot| slot.clear(|seq| seq == oldest));
            if let Some((_, content)) = cleared {
                self.account(0, content.len());
                return Some(content);
            }
        }
    }

    /// No position after this one. Readers drain what is held; waiters beyond the end are woken.
    pub(crate) fn end(&self) -> End {
        let claim = self.claim.fetch_or(ENDED, Ordering::AcqRel);
        let next = claim >> 1;
        let first_time = claim & ENDED == 0;
        if first_time {
            self.head.wake_where(|target| target > next);
        }
        End {
            next: Seq::new(next),
            first_time,
        }
    }

    /// Gives everything up, for good. One slot is locked at a time; O(slots that were ever used).
    pub(crate) fn remove(&self) -> Option<Freed> {
        self.claim.fetch_or(ENDED, Ordering::AcqRel);
        if self.tail.swap(GONE, Ordering::AcqRel) == GONE {
            return None;
        }
        let mut freed = Freed::default();
        for slot in self.slots.iter() {
            if let Some((_, content)) = slot.clear(|_| true) {
                freed.payloads += 1;
                freed.bytes += content.len();
                self.account(0, content.len());
            }
        }
        self.head.wake_where(|_| true);
        Some(freed)
    }

    // ── Reading ────────────────────────────────────────────────────────────────────────────

    /// Runs `read` on the content of `seq`, under its slot's shared lock. O(1).
    #[inline]
    pub(crate) fn read<R>(
        &self,
        seq: u64,
        mut read: impl FnMut(&Content<M>) -> R,
    ) -> Result<R, GetError> {
        if let Some(found) = self.attempt(seq, &mut read) {
            return Ok(found);
        }
        match self.explain(seq) {
            // Not yet there when looked for, and there when asked why: look again.
            GetError::Missing { .. } => self
                .attempt(seq, &mut read)
                .ok_or_else(|| self.explain(seq)),
            error => Err(error),
        }
    }

    #[inline]
    fn attempt<R>(&self, seq: u64, read: &mut impl FnMut(&Content<M>) -> R) -> Option<R> {
        if seq >= self.head.value() {
            return None;
        }
        self.slots.get(seq)?.read(seq, read)
    }

    /// Why `seq` was not found.
    #[cold]
    fn explain(&self, seq: u64) -> GetError {
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
    pub(crate) fn next(&self) -> u64 {
        self.head.value()
    }

    /// The newest readable position.
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
}

impl<M> Drop for Ring<M> {
    /// The last handle is gone: what the slots still hold goes back to the cache's budget.
    fn drop(&mut self) {
        self.budget.give_back(self.bytes.load(Ordering::Relaxed));
    }
}
