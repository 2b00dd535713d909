//! A number that only grows, and exact waiting for it.
//!
//! ```text
//!   word:  value << 1 | armed          armed: somebody may be waiting
//! ```
//!
//! Both facts share one atomic word, and that is the whole argument why no wake-up is lost: a
//! waiter registers under the lock and then sets `armed` with a read-modify-write; a writer
//! advances with a read-modify-write. The word's modification order puts one before the other. If
//! the advance comes first, the waiter's own operation returns the advanced value and it does not
//! sleep. If the waiter comes first, the advance returns the armed bit and the writer looks at the
//! list. No fence is needed, and a writer whom nobody waits for pays nothing.
//!
//! Only the first of a crowd pays for that. Who finds, under the lock, somebody waiting for the same
//! value or a lower one, looks at the word and leaves it: an advance that the look misses comes, in
//! the word's order, after the first one's read-modify-write (else that one, and through the lock
//! this one, would know of it), so it sees the bit, sees `lowest`, and takes the lock.
//!
//! The alternative, a separate counter of waiters, needs a sequentially consistent fence in each
//! append (store value, load counter against store counter, load value).

use crossbeam_utils::CachePadded;

use std::fmt;
use std::sync::atomic::AtomicUsize;
use std::task::Waker;

use crate::batch::{Batch, FAN_OUT};
use crate::sync::{AtomicU64, Mutex, Ordering};
use crate::waiters::{Token, Waiters};

const ARMED: u64 = 1;

/// What an attempt to advance found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Advance {
    /// The value is now one higher; `armed` tells whether somebody may have waited for it.
    Done { armed: bool },
    /// The value was not the expected one.
    Elsewhere,
}

/// There are as many waiters as the configuration allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooManyWaiters {
    /// How many are allowed.
    pub limit: usize,
}

impl fmt::Display for TooManyWaiters {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} operations wait already", self.limit)
    }
}

impl std::error::Error for TooManyWaiters {}

/// See the module's text.
#[derive(Debug)]
pub(crate) struct Watermark {
    /// On a cache line of its own: each append writes it, each read looks at it, and what is
    /// constant beside it would be fetched again and again.
    word: CachePadded<AtomicU64>,
    /// A lower bound of what is waited for, so that an advance nobody is concerned by leaves the
    /// lock alone. Written under the lock before `armed` is set; a writer that sees `armed` sees
    /// it, too.
    lowest: AtomicU64,
    waiters: Mutex<Waiters>,
    /// How many are in the list, for those who only want to know. Written under the lock.
    count: AtomicUsize,
    limit: usize,
    /// How many waiters an advance wakes itself; those wake the others.
    batch: usize,
}

impl Watermark {
    pub(crate) fn new(value: u64, limit: usize, batch: usize) -> Self {
        Self {
            word: CachePadded::new(AtomicU64::new(value << 1)),
            lowest: AtomicU64::new(u64::MAX),
            waiters: Mutex::new(Waiters::new()),
            count: AtomicUsize::new(0),
            limit,
            batch,
        }
    }

    /// The value. `Acquire`: everything written before it was reached is visible.
    #[inline]
    pub(crate) fn value(&self) -> u64 {
        self.word.load(Ordering::Acquire) >> 1
    }

    /// The value, read by a read-modify-write: everything that happened before any earlier
    /// operation of this kind is visible, and a later one will see what happened before this one.
    pub(crate) fn value_in_order(&self) -> u64 {
        self.word.fetch_or(0, Ordering::AcqRel) >> 1
    }

    /// From `value` to `value + 1`, when nobody waits. Fails, among other reasons, when somebody
    /// does: the cheapest test for the usual case.
    #[inline]
    pub(crate) fn advance_unarmed(&self, value: u64) -> bool {
        self.word
            .compare_exchange(
                value << 1,
                (value + 1) << 1,
                Ordering::AcqRel,
                Ordering::Relaxed,
            )
            .is_ok()
    }

    /// From `value` to `value + 1`. The caller wakes, by [`Watermark::wake`], once it is done
    /// advancing.
    pub(crate) fn advance(&self, value: u64) -> Advance {
        let mut word = value << 1;
        loop {
            let exchange = self.word.compare_exchange(
                word,
                word + (1 << 1),
                Ordering::AcqRel,
                Ordering::Relaxed,
            );
            match exchange {
                Ok(_) => {
                    return Advance::Done {
                        armed: word & ARMED != 0,
                    };
                }
                Err(current) if current >> 1 == value && current != word => word = current,
                Err(_) => return Advance::Elsewhere,
            }
        }
    }

    /// Raises the value to `value` if it is lower.
    #[cfg(any(feature = "async", test))]
    pub(crate) fn raise(&self, value: u64) {
        let mut word = self.word.load(Ordering::Acquire);
        while word >> 1 < value {
            let raised = value << 1 | (word & ARMED);
            match self
                .word
                .compare_exchange(word, raised, Ordering::AcqRel, Ordering::Acquire)
            {
                Ok(_) => {
                    if word & ARMED != 0 {
                        self.wake(value);
                    }
                    return;
                }
                Err(current) => word = current,
            }
        }
    }

    /// Wakes those who wait for a value up to `value`.
    pub(crate) fn wake(&self, value: u64) {
        if self.lowest.load(Ordering::Acquire) <= value {
            self.wake_where(|target| target <= value);
        }
    }

    /// Wakes those whose target satisfies `reached`: all of them, or one end of their order.
    pub(crate) fn wake_where(&self, reached: impl Fn(u64) -> bool) {
        let mut batch = Batch::new();
        {
            let mut waiters = self.waiters.lock();
            waiters.release_where(reached);
            waiters.take_released(self.batch, &mut batch);
            self.settle(&waiters);
        }
        batch.wake();
    }

    /// Registers or renews a waiter for `target` and returns the value as it is after that: if it
    /// has reached the target, do not sleep.
    pub(crate) fn register(
        &self,
        token: &mut Option<Token>,
        target: u64,
        waker: &Waker,
    ) -> Result<u64, TooManyWaiters> {
        // Cloned before the lock: foreign code.
        let waker = waker.clone();
        let mut batch = None;
        let word = {
            let mut waiters = self.waiters.lock();
            let in_company = waiters.lowest() <= target;
            match token {
                Some(token) => waiters.renew(token, target, waker),
                None if waiters.tokens() >= self.limit => {
                    return Err(TooManyWaiters { limit: self.limit });
                }
                None => *token = Some(waiters.register(target, waker)),
            }
            if waiters.has_released() {
                pass_on(&mut waiters, batch.insert(Batch::new()));
            }
            self.note(&waiters);
            self.lowest
                .store(lowest_concerned(&waiters), Ordering::Release);
            if in_company {
                self.word.load(Ordering::Acquire)
            } else {
                self.word.fetch_or(ARMED, Ordering::AcqRel)
            }
        };
        if let Some(batch) = &mut batch {
            batch.wake();
        }
        Ok(word >> 1)
    }

    /// Ends a waiting operation, and passes the chain of wake-ups on. Must be called for each
    /// token, whether it was woken, ready or cancelled.
    pub(crate) fn deregister(&self, token: &mut Option<Token>) {
        let Some(token) = token.take() else { return };
        let mut batch = Batch::new();
        {
            let mut waiters = self.waiters.lock();
            waiters.remove(&token);
            pass_on(&mut waiters, &mut batch);
            self.settle(&waiters);
        }
        batch.wake();
    }

    /// Ends a wait for `target` that was rewarded. The token rests for the next one, without a
    /// lock, if its owner is known to have been woken and no chain of wake-ups has to be passed on.
    ///
    /// While a waiter is in its bucket, `lowest` is not above its target; while released ones wait
    /// for their wake-up, it is 0. So above the target it says that this one was woken.
    #[cfg(feature = "async")]
    pub(crate) fn rest(&self, token: &mut Option<Token>, target: u64) {
        let Some(resting) = token.as_ref() else {
            return;
        };
        if self.lowest.load(Ordering::Acquire) > target {
            return;
        }
        let mut batch = Batch::new();
        let woken = {
            let mut waiters = self.waiters.lock();
            let woken = waiters.was_woken(resting);
            if woken {
                pass_on(&mut waiters, &mut batch);
                self.settle(&waiters);
            }
            woken
        };
        batch.wake();
        if !woken {
            self.deregister(token);
        }
    }

    /// Waiters registered at this moment.
    pub(crate) fn waiting(&self) -> usize {
        self.count.load(std::sync::atomic::Ordering::Relaxed)
    }

    fn note(&self, waiters: &Waiters) {
        self.count
            .store(waiters.waiting(), std::sync::atomic::Ordering::Relaxed);
    }

    /// Brings the hints up to date with the list; under its lock.
    fn settle(&self, waiters: &Waiters) {
        self.note(waiters);
        let lowest = lowest_concerned(waiters);
        self.lowest.store(lowest, Ordering::Release);
        // The bit changes under the lock only, so a look is enough to leave it alone.
        if lowest == u64::MAX && self.word.load(Ordering::Relaxed) & ARMED != 0 {
            self.word.fetch_and(!ARMED, Ordering::AcqRel);
        }
    }
}

/// The lowest value whose advance has work to do: any, while a chain of wake-ups is on its way.
fn lowest_concerned(waiters: &Waiters) -> u64 {
    if waiters.has_released() {
        0
    } else {
        waiters.lowest()
    }
}

/// Every visit to the list helps a chain of wake-ups along, so that one task that was woken and
/// does not run cannot hold up those behind it.
fn pass_on(waiters: &mut Waiters, batch: &mut Batch) {
    waiters.take_released(FAN_OUT, batch);
}

#[cfg(all(test, not(ring_loom)))]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn an_advance_wakes_those_it_concerns_and_nobody_else() {
        let watermark = Watermark::new(0, 8, 8);
        let (near, far) = (Arc::new(Count::default()), Arc::new(Count::default()));
        let (mut near_token, mut far_token) = (None, None);
        watermark
            .register(&mut near_token, 1, &near.clone().into())
            .unwrap();
        watermark
            .register(&mut far_token, 2, &far.clone().into())
            .unwrap();
        assert!(!watermark.advance_unarmed(0), "somebody waits");
        assert_eq!(watermark.advance(0), Advance::Done { armed: true });
        watermark.wake(1);
        assert_eq!(
            (near.0.load(Ordering::SeqCst), far.0.load(Ordering::SeqCst)),
            (1, 0)
        );
        watermark.deregister(&mut near_token);
        watermark.deregister(&mut far_token);
        assert_eq!(watermark.waiting(), 0);
        assert!(watermark.advance_unarmed(1), "nobody waits any more");
    }

    #[test]
    fn the_chain_goes_on_when_a_woken_waiter_is_dropped() {
        let watermark = Watermark::new(0, 100, 1);
        let woken = Arc::new(Count::default());
        let mut tokens: Vec<Option<Token>> = (0..3 * FAN_OUT).map(|_| None).collect();
        for token in &mut tokens {
            watermark.register(token, 1, &woken.clone().into()).unwrap();
        }
        watermark.raise(1);
        assert_eq!(woken.0.load(Ordering::SeqCst), 1, "the publisher wakes one");
        watermark.deregister(&mut tokens[0]);
        assert_eq!(
            woken.0.load(Ordering::SeqCst),
            1 + FAN_OUT,
            "that one wakes its share"
        );
        for token in &mut tokens[1..] {
            watermark.deregister(token);
        }
        assert_eq!(woken.0.load(Ordering::SeqCst), 3 * FAN_OUT);
        assert_eq!(watermark.waiting(), 0);
    }

    #[test]
    fn the_number_of_waiters_is_bounded() {
        let watermark = Watermark::new(0, 1, 8);
        let (mut first, mut second) = (None, None);
        watermark.register(&mut first, 1, Waker::noop()).unwrap();
        let refused = watermark.register(&mut second, 1, Waker::noop());
        assert_eq!(refused, Err(TooManyWaiters { limit: 1 }));
        watermark
            .register(&mut first, 1, Waker::noop())
            .expect("a renewal takes no place");
        watermark.deregister(&mut first);
        watermark.register(&mut second, 1, Waker::noop()).unwrap();
        watermark.deregister(&mut second);
    }
}
