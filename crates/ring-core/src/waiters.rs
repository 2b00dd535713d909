//! Who waits for what: a list of wakers ordered by the value they wait for.
//!
//! Pure data under one lock; the lock, the wake-ups and the word that counts are
//! [`watermark`](crate::watermark)'s. Two ideas carry it:
//!
//! * **Buckets.** Waiters for the same target share a bucket, so that an advance looks at the
//!   buckets it reaches and at no one else. Wakers live in a slab and are linked by index:
//!   registering, cancelling and releasing a bucket are O(1), and after warm-up nothing allocates.
//! * **A chain.** Released waiters are not woken all at once: the publisher wakes a few, and each
//!   of those wakes more when it runs. With 10 000 waiters the publisher is held for
//!   microseconds instead of a millisecond, and the last one runs sooner, because all cores wake.

use std::collections::VecDeque;
use std::task::Waker;

use crate::batch::Batch;

/// Index of the list head of released waiters.
const READY: usize = 0;

/// A waiter's place in the slab. Owned by exactly one waiting operation, which gives it back.
#[derive(Debug)]
pub(crate) struct Token(usize);

/// A slab entry: a waiter, a list head, or free.
#[derive(Debug)]
struct Entry {
    /// Taken when the waiter is woken; `None` for list heads and free entries, too.
    waker: Option<Waker>,
    /// What is waited for; for a bucket's head, what all of its waiters wait for.
    target: u64,
    /// Neighbours in a circular list. An entry in no list points at itself.
    before: usize,
    after: usize,
}

/// A bucket: its target, and the slab index of its list head.
#[derive(Debug)]
struct Bucket {
    target: u64,
    head: usize,
}

/// The waiters of one watermark.
#[derive(Debug)]
pub(crate) struct Waiters {
    slab: Vec<Entry>,
    free: Vec<usize>,
    /// Sorted by target. Usually one or two: everybody waits for the next payload.
    buckets: VecDeque<Bucket>,
    /// Waiters in a bucket or released, and not woken yet.
    waiting: usize,
    /// Tokens given out: the waiting ones, and those that rest until their owner waits again.
    tokens: usize,
}

impl Waiters {
    pub(crate) fn new() -> Self {
        let ready = Entry {
            waker: None,
            target: 0,
            before: READY,
            after: READY,
        };
        Self {
            slab: vec![ready],
            free: Vec::new(),
            buckets: VecDeque::new(),
            waiting: 0,
            tokens: 0,
        }
    }

    /// Waiters that have not been woken.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting
    }

    /// Tokens given out.
    pub(crate) fn tokens(&self) -> usize {
        self.tokens
    }

    /// The lowest target anyone waits for; `u64::MAX` when nobody does.
    pub(crate) fn lowest(&self) -> u64 {
        self.buckets
            .front()
            .map_or(u64::MAX, |bucket| bucket.target)
    }

    /// Adds a waiter. O(1), plus O(log buckets) to find its bucket.
    pub(crate) fn register(&mut self, target: u64, waker: Waker) -> Token {
        let head = self.bucket(target);
        let index = self.allocate(target, Some(waker));
        self.link(index, head);
        self.tokens += 1;
        Token(index)
    }

    /// Lets a token's owner wait, again or still: for `target`, to be woken by `waker`.
    pub(crate) fn renew(&mut self, token: &Token, target: u64, waker: Waker) {
        let index = token.0;
        if self.slab[index].waker.is_some() {
            if self.slab[index].target == target {
                self.slab[index].waker = Some(waker);
                return;
            }
            let neighbour = self.slab[index].before;
            self.unlink(index);
            self.retire_if_empty(neighbour);
        }
        let head = self.bucket(target);
        self.slab[index].waker = Some(waker);
        self.slab[index].target = target;
        self.link(index, head);
    }

    /// Takes a waiter out, wherever it is. O(1), plus O(log buckets) for the last of a bucket.
    pub(crate) fn remove(&mut self, token: &Token) {
        let index = token.0;
        let neighbour = self.slab[index].before;
        if self.slab[index].waker.is_some() {
            self.unlink(index);
        }
        self.release(index);
        self.tokens -= 1;
        self.retire_if_empty(neighbour);
    }

    /// Moves everybody whose target satisfies `reached` to the list of released waiters. Targets
    /// are ascending, and `reached` must hold for a contiguous run of them at one end.
    pub(crate) fn release_where(&mut self, reached: impl Fn(u64) -> bool) {
        if self
            .buckets
            .front()
            .is_some_and(|bucket| reached(bucket.target))
        {
            while let Some(bucket) = self.buckets.pop_front_if(|bucket| reached(bucket.target)) {
                self.splice_into_ready(bucket.head);
            }
            return;
        }
        while let Some(bucket) = self.buckets.pop_back_if(|bucket| reached(bucket.target)) {
            self.splice_into_ready(bucket.head);
        }
    }

    /// Takes the wakers of released waiters, longest waiting first, until `batch` has `limit`.
    pub(crate) fn take_released(&mut self, limit: usize, batch: &mut Batch) {
        let mut index = self.slab[READY].after;
        while index != READY && batch.len() < limit {
            let entry = &mut self.slab[index];
            let next = entry.after;
            (entry.before, entry.after) = (index, index);
            if let Some(waker) = entry.waker.take() {
                batch.push(waker);
            }
            self.waiting -= 1;
            index = next;
        }
        self.slab[READY].after = index;
        self.slab[index].before = READY;
    }

    /// Whether a token's owner was woken since it last registered.
    #[cfg(feature = "async")]
    pub(crate) fn was_woken(&self, token: &Token) -> bool {
        self.slab[token.0].waker.is_none()
    }

    /// Whether released waiters still have to be woken.
    pub(crate) fn has_released(&self) -> bool {
        self.slab[READY].after != READY
    }

    /// The head of the bucket for `target`, made if need be.
    fn bucket(&mut self, target: u64) -> usize {
        match self
            .buckets
            .binary_search_by_key(&target, |bucket| bucket.target)
        {
            Ok(at) => self.buckets[at].head,
            Err(at) => {
                let head = self.allocate(target, None);
                self.buckets.insert(at, Bucket { target, head });
                head
            }
        }
    }

    /// If `index` is the head of a bucket without waiters, the bucket goes.
    fn retire_if_empty(&mut self, index: usize) {
        let entry = &self.slab[index];
        if index == READY || entry.after != index || entry.waker.is_some() {
            return;
        }
        let target = entry.target;
        if let Ok(at) = self
            .buckets
            .binary_search_by_key(&target, |bucket| bucket.target)
            && self.buckets[at].head == index
        {
            self.buckets.remove(at);
            self.release(index);
        }
    }

    fn splice_into_ready(&mut self, head: usize) {
        let (first, last) = (self.slab[head].after, self.slab[head].before);
        debug_assert_ne!(first, head, "an empty bucket is retired at once");
        let tail = self.slab[READY].before;
        self.slab[tail].after = first;
        self.slab[first].before = tail;
        self.slab[last].after = READY;
        self.slab[READY].before = last;
        self.release(head);
    }

    fn allocate(&mut self, target: u64, waker: Option<Waker>) -> usize {
        match self.free.pop() {
            Some(index) => {
                self.slab[index] = Entry {
                    waker,
                    target,
                    before: index,
                    after: index,
                };
                index
            }
            None => {
                let index = self.slab.len();
                self.slab.push(Entry {
                    waker,
                    target,
                    before: index,
                    after: index,
                });
                index
            }
        }
    }

    fn release(&mut self, index: usize) {
        self.slab[index].waker = None;
        self.slab[index].before = index;
        self.slab[index].after = index;
        self.free.push(index);
    }

    /// Appends `index` to the list of `head`.
    fn link(&mut self, index: usize, head: usize) {
        let last = self.slab[head].before;
        self.slab[index].before = last;
        self.slab[index].after = head;
        self.slab[last].after = index;
        self.slab[head].before = index;
        self.waiting += 1;
    }

    fn unlink(&mut self, index: usize) {
        let (before, after) = (self.slab[index].before, self.slab[index].after);
        self.slab[before].after = after;
        self.slab[after].before = before;
        self.slab[index].before = index;
        self.slab[index].after = index;
        self.waiting -= 1;
    }
}

#[cfg(all(test, not(ring_loom)))]
mod tests {
    use super::*;

    fn waker() -> Waker {
        Waker::noop().clone()
    }

    /// How many of up to `limit` released ones there are to be woken.
    fn take(waiters: &mut Waiters, limit: usize) -> usize {
        let mut batch = Batch::new();
        waiters.take_released(limit, &mut batch);
        batch.len()
    }

    #[test]
    fn release_reaches_only_the_targets_it_names() {
        let mut waiters = Waiters::new();
        let _low = waiters.register(1, waker());
        let _also_low = waiters.register(1, waker());
        let _high = waiters.register(9, waker());
        assert_eq!(waiters.lowest(), 1);
        waiters.release_where(|target| target <= 5);
        assert_eq!(take(&mut waiters, 8), 2);
        assert_eq!((waiters.lowest(), waiters.waiting()), (9, 1));
    }

    #[test]
    fn release_can_start_at_the_high_end() {
        let mut waiters = Waiters::new();
        let _low = waiters.register(1, waker());
        let _high = waiters.register(9, waker());
        waiters.release_where(|target| target >= 5);
        assert_eq!(take(&mut waiters, 8), 1);
        assert_eq!(waiters.lowest(), 1);
    }

    #[test]
    fn a_cancelled_waiter_leaves_no_trace_wherever_it_was() {
        let mut waiters = Waiters::new();
        let waiting = waiters.register(7, waker());
        let released = waiters.register(2, waker());
        let woken = waiters.register(1, waker());
        waiters.release_where(|target| target <= 2);
        assert_eq!(take(&mut waiters, 1), 1);
        assert!(waiters.has_released());
        for token in [waiting, released, woken] {
            waiters.remove(&token);
        }
        assert!(!waiters.has_released());
        assert_eq!(
            (waiters.waiting() + waiters.tokens(), waiters.lowest()),
            (0, u64::MAX)
        );
        assert_eq!(waiters.free.len() + 1, waiters.slab.len());
    }

    #[test]
    fn a_woken_waiter_can_wait_again() {
        let mut waiters = Waiters::new();
        let token = waiters.register(4, waker());
        waiters.renew(&token, 4, waker());
        waiters.release_where(|_| true);
        assert_eq!(take(&mut waiters, 9), 1);
        assert_eq!(waiters.lowest(), u64::MAX);
        waiters.renew(&token, 4, waker());
        assert_eq!(waiters.lowest(), 4);
        waiters.remove(&token);
        assert_eq!(
            (waiters.waiting() + waiters.tokens(), waiters.lowest()),
            (0, u64::MAX)
        );
    }

    #[test]
    fn a_token_can_wait_for_something_else() {
        let mut waiters = Waiters::new();
        let token = waiters.register(4, waker());
        waiters.renew(&token, 9, waker());
        assert_eq!(
            (waiters.lowest(), waiters.waiting(), waiters.tokens()),
            (9, 1, 1)
        );
        waiters.release_where(|target| target <= 9);
        waiters.renew(&token, 12, waker());
        assert!(!waiters.has_released(), "it waits again");
        assert_eq!((waiters.lowest(), waiters.waiting()), (12, 1));
        waiters.remove(&token);
        assert_eq!(
            (waiters.lowest(), waiters.waiting(), waiters.tokens()),
            (u64::MAX, 0, 0)
        );
        assert_eq!(waiters.free.len() + 1, waiters.slab.len());
    }

    #[test]
    fn the_slab_is_reused() {
        let mut waiters = Waiters::new();
        for target in 0..100 {
            let token = waiters.register(target, waker());
            waiters.release_where(|reached| reached <= target);
            assert_eq!(take(&mut waiters, 1), 1);
            waiters.remove(&token);
        }
        assert!(waiters.slab.len() <= 3);
    }
}
