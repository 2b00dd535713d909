//! Wakers on their way from the list of waiters to being woken.

use std::task::Waker;

/// How many each woken waiter wakes in its turn. With two, as a tree has it, every one of a crowd visits
/// the list once more than it has to; with 16 most find the work done and leave the lock alone.
pub(crate) const FAN_OUT: usize = 16;

/// Wakers taken out under the lock, to be woken after it. The first few need no allocation: with
/// the default batch none ever does. It is filled and emptied where it lies: moving one costs as much
/// as a wake-up.
#[derive(Debug)]
pub(crate) struct Batch {
    few: [Option<Waker>; FAN_OUT],
    more: Vec<Waker>,
    len: usize,
}

impl Batch {
    pub(crate) const fn new() -> Self {
        Self {
            few: [const { None }; FAN_OUT],
            more: Vec::new(),
            len: 0,
        }
    }

    pub(crate) fn push(&mut self, waker: Waker) {
        match self.few.get_mut(self.len) {
            Some(place) => *place = Some(waker),
            None => self.more.push(waker),
        }
        self.len += 1;
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Wakes all. No lock may be held: a waker is foreign code.
    #[inline]
    pub(crate) fn wake(&mut self) {
        let few = self.len.min(FAN_OUT);
        for waker in self.few[..few].iter_mut().filter_map(Option::take) {
            waker.wake();
        }
        self.more.drain(..).for_each(Waker::wake);
        self.len = 0;
    }
}
