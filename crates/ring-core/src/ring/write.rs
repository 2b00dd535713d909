//! Claim, fill, publish.

use bytes::Bytes;

use super::{ENDED, Ring};
use crate::config::{DigestPolicy, GapPolicy};
use crate::digest;
use crate::error::{AppendError, PutError};
use crate::lane;
use crate::outcome::PutOutcome;
use crate::seq::Seq;
use crate::sink::EvictionCause;
use crate::slot::{Content, Refused};
use crate::sync::Ordering;
use crate::watermark::Advance;

/// Whether a payload was stored without overwriting what registered readers have not read.
#[derive(Debug)]
pub(crate) enum Offered<M> {
    Stored(Seq),
    /// It comes back.
    Full(Bytes, M),
}

/// Whether a payload found its slot.
#[derive(Debug)]
enum Written<M> {
    /// It lies there.
    Stored,
    /// The position was given up, or belongs to a later lap. The payload comes back.
    TooLate(Content<M>),
    /// The position is held already. The payload comes back.
    Occupied(Content<M>),
}

impl<M> Ring<M> {
    /// Claims the next position, fills it, publishes. O(1) plus the payloads that make room.
    pub(crate) fn append(&self, payload: Bytes, metadata: M) -> Result<Seq, AppendError> {
        self.admit(payload.len() as u64)?;
        let content = self.content(payload, metadata);
        let seq = self.claim_next()?;
        self.store_claimed(seq, content)
    }

    /// Stores `payload` at a position of the caller's choice, in any order.
    pub(crate) fn put(
        &self,
        seq: u64,
        payload: Bytes,
        metadata: M,
    ) -> Result<PutOutcome, PutError> {
        if seq > Seq::MAX.value() {
            return Err(PutError::Append(AppendError::OutOfPositions));
        }
        self.admit(payload.len() as u64).map_err(PutError::Append)?;
        let head = self.head.value();
        let beyond = seq >= head.saturating_add(self.shape.slots);
        if self.shape.gaps == GapPolicy::Hold && beyond && !self.is_ended() {
            let limit = Seq::new(head).advanced(self.shape.slots - 1);
            return Err(PutError::TooFarAhead {
                missing: Seq::new(head),
                limit,
            });
        }
        self.claim_through(seq).map_err(PutError::Append)?;
        let written = self.fill(seq, self.content(payload, metadata));
        self.evict_excess();
        if let GapPolicy::SkipBeyond(reach) = self.shape.gaps {
            self.skipped_to
                .fetch_max((seq + 1).saturating_sub(reach), Ordering::AcqRel);
        }
        self.publish(seq);
        match written {
            Written::Stored => Ok(PutOutcome::Inserted),
            Written::TooLate(_) if self.is_gone() => Err(PutError::Append(AppendError::Gone)),
            Written::TooLate(_) => Err(PutError::TooLate {
                oldest: Seq::new(self.oldest()),
            }),
            Written::Occupied(offered) => {
                // Compared outside of the lock: payloads can be long.
                let held = self
                    .slots
                    .get(seq)
                    .and_then(|slot| slot.read(seq, |it| it.payload.clone()));
                match held {
                    Some(held) if held == offered.payload => Ok(PutOutcome::AlreadyPresent),
                    Some(_) => Ok(PutOutcome::Conflict),
                    None => Err(PutError::TooLate {
                        oldest: Seq::new(self.oldest()),
                    }),
                }
            }
        }
    }

    /// Appends if no registered reader still needs what would make room.
    pub(crate) fn offer(&self, payload: Bytes, metadata: M) -> Result<Offered<M>, AppendError> {
        let len = payload.len() as u64;
        if len > self.shape.max_bytes {
            return Err(AppendError::TooLarge {
                len,
                limit: self.shape.max_bytes,
            });
        }
        let needed = self.gate.lowest();
        while self.bytes().saturating_add(len) > self.shape.max_bytes {
            if self.is_ended() {
                return Err(self.closed());
            }
            if self.oldest() >= needed || !self.evict_oldest(EvictionCause::Bytes) {
                return Ok(Offered::Full(payload, metadata));
            }
        }
        self.admit(len)?;
        match self.claim_below(needed.saturating_add(self.shape.slots))? {
            Some(seq) => {
                let content = self.content(payload, metadata);
                self.store_claimed(seq, content).map(Offered::Stored)
            }
            None => Ok(Offered::Full(payload, metadata)),
        }
    }

    /// Gives up the missing positions below `seq`; later ones are published over them.
    pub(crate) fn skip_to(&self, seq: u64) -> Result<(), AppendError> {
        if seq > Seq::MAX.value() {
            return Err(AppendError::OutOfPositions);
        }
        if let Some(before) = seq.checked_sub(1) {
            self.claim_through(before)?;
            self.sweep(before, seq);
        }
        self.skipped_to.fetch_max(seq, Ordering::AcqRel);
        self.settle();
        Ok(())
    }

    pub(super) fn content(&self, payload: Bytes, metadata: M) -> Content<M> {
        let content = Content::new(payload, metadata);
        if self.shape.digest == DigestPolicy::OnWrite {
            content.remember_digest(digest::of(&content.payload));
        }
        content
    }

    /// Stores at a position that `claim_next` gave, and publishes it.
    pub(super) fn store_claimed(
        &self,
        mut seq: u64,
        mut content: Content<M>,
    ) -> Result<Seq, AppendError> {
        loop {
            match self.fill(seq, content) {
                Written::Stored => break,
                // Given up between claim and fill: by a reset, or by a whole lap of other
                // writers. The position was ours, and it has already passed.
                Written::TooLate(_) if !self.is_gone() => break,
                Written::TooLate(_) => return Err(AppendError::Gone),
                // A `put` named the position that this append had claimed; there is a next one.
                Written::Occupied(back) => {
                    content = back;
                    seq = self.claim_next()?;
                }
            }
        }
        self.evict_excess();
        self.publish(seq);
        Ok(Seq::new(seq))
    }

    /// Refuses what can never fit, and makes room in the cache's budget.
    pub(super) fn admit(&self, len: u64) -> Result<(), AppendError> {
        if len > self.shape.max_bytes {
            return Err(AppendError::TooLarge {
                len,
                limit: self.shape.max_bytes,
            });
        }
        if self.budget.has_room(len) {
            return Ok(());
        }
        self.make_room(len)
    }

    #[cold]
    fn make_room(&self, len: u64) -> Result<(), AppendError> {
        let mut made = Ok(());
        while !self.budget.has_room(len) && made.is_ok() {
            if self.is_ended() {
                return Err(self.closed());
            }
            // Nothing is given up in vain: if the others alone leave no room, all stays.
            let others = self.budget.held().saturating_sub(self.bytes());
            let in_vain = others.saturating_add(len) > self.budget.limit();
            if in_vain || !self.evict_oldest(EvictionCause::Bytes) {
                made = Err(AppendError::NoRoom {
                    limit: self.budget.limit(),
                });
            }
        }
        self.settle();
        made
    }

    fn closed(&self) -> AppendError {
        if self.is_gone() {
            AppendError::Gone
        } else {
            AppendError::Ended
        }
    }

    pub(super) fn claim_next(&self) -> Result<u64, AppendError> {
        self.claim_below(u64::MAX)
            .map(|seq| seq.expect("no position is that high"))
    }

    /// Claims the next position; `None` when it is not below `bound`.
    fn claim_below(&self, bound: u64) -> Result<Option<u64>, AppendError> {
        let mut claim = self.claim.load(Ordering::Acquire);
        loop {
            if claim & ENDED != 0 {
                return Err(self.closed());
            }
            let seq = claim >> 1;
            if seq > Seq::MAX.value() {
                return Err(AppendError::OutOfPositions);
            }
            if seq >= bound {
                return Ok(None);
            }
            match self.claim.compare_exchange_weak(
                claim,
                claim + (1 << 1),
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                Ok(_) => return Ok(Some(seq)),
                Err(current) => claim = current,
            }
        }
    }

    /// Makes `seq` a claimed position, and all before it. After the end no position is added, but
    /// gaps are still filled.
    fn claim_through(&self, seq: u64) -> Result<(), AppendError> {
        let mut claim = self.claim.load(Ordering::Acquire);
        while claim >> 1 <= seq {
            if claim & ENDED != 0 {
                return Err(self.closed());
            }
            let raised = (seq + 1) << 1;
            match self.claim.compare_exchange_weak(
                claim,
                raised,
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                Ok(_) => {
                    self.sweep(claim >> 1, seq);
                    return Ok(());
                }
                Err(current) => claim = current,
            }
        }
        if self.is_gone() {
            Err(AppendError::Gone)
        } else {
            Ok(())
        }
    }

    /// Empties the places of the positions from `from` up to `to` (excluded), which were claimed
    /// without being written: what lies there is a lap old and no longer in the window.
    fn sweep(&self, from: u64, to: u64) {
        for seq in from.max(to.saturating_sub(self.shape.slots))..to {
            let earlier = self
                .slots
                .get(seq)
                .and_then(|slot| slot.clear(|held| held < seq));
            if let Some(displaced) = earlier {
                self.account(0, displaced.content.len());
                self.dispose(displaced, EvictionCause::Slots);
            }
        }
    }

    /// Stores at a claimed position and accounts for it.
    fn fill(&self, seq: u64, content: Content<M>) -> Written<M> {
        let len = content.len();
        let given_up = || self.oldest_of(self.claim.load(Ordering::Acquire) >> 1) > seq;
        match self.slots.obtain(seq).fill(seq, content, given_up) {
            Ok(displaced) => {
                self.counters.wrote(lane::current(), len);
                let freed = displaced.as_ref().map_or(0, |it| it.content.len());
                self.account(len, freed);
                // After the lock: freeing a payload can be slow, and a sink is foreign code.
                if let Some(displaced) = displaced {
                    self.dispose(displaced, EvictionCause::Slots);
                }
                Written::Stored
            }
            Err(Refused::TooLate(content)) => Written::TooLate(content),
            Err(Refused::Occupied(content)) => Written::Occupied(content),
        }
    }

    /// Equal sizes cost nothing, which is what a ring of equal packets in its second lap does.
    pub(super) fn account(&self, added: u64, freed: u64) {
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
        if self.head.advance_unarmed(seq) {
            self.advance_from(seq + 1);
        } else {
            self.settle();
        }
    }

    /// Moves the head over everything settled.
    pub(super) fn settle(&self) {
        self.advance_from(self.head.value_in_order());
    }

    fn advance_from(&self, mut reached: u64) {
        let mut armed = false;
        while reached < self.claim.load(Ordering::Acquire) >> 1 {
            let Some(filled) = self.settled(reached) else {
                break;
            };
            match self.head.advance(reached) {
                Advance::Done { armed: seen } => {
                    armed |= seen;
                    reached += 1;
                    if !filled {
                        self.counters.skipped();
                    }
                }
                Advance::Elsewhere => reached = self.head.value_in_order(),
            }
        }
        if armed {
            self.head.wake(reached);
        }
    }

    /// Whether nothing has to be waited for at `seq` any more, and if so, whether it was filled.
    fn settled(&self, seq: u64) -> Option<bool> {
        if self.slots.get(seq).is_some_and(|slot| slot.covers(seq)) {
            return Some(true);
        }
        let given_up = self.skipped_to.load(Ordering::Acquire) > seq
            || self.oldest_of(self.claim.load(Ordering::Acquire) >> 1) > seq;
        given_up.then_some(false)
    }
}
