//! One operation that waits: ask, register, ask again, sleep; and never leave a trace.

use std::task::{Poll, Waker};

use crate::error::{GetError, WaitError};
use crate::ring::Ring;
use crate::seq::Seq;
use crate::slot::Content;
use crate::waiters::Token;

/// One waiting operation: at most one place in the stream's list of waiters, given back on drop.
pub(crate) struct Waiting<'a, M> {
    ring: &'a Ring<M>,
    token: Option<Token>,
}

impl<'a, M> Waiting<'a, M> {
    pub(crate) fn new(ring: &'a Ring<M>) -> Self {
        Self { ring, token: None }
    }

    /// Asks for the newest position, and registers while it is before `seq`.
    pub(crate) fn poll_reached(&mut self, seq: Seq, waker: &Waker) -> Poll<Result<Seq, WaitError>> {
        let ring = self.ring;
        self.poll(seq, waker, || match ring.explain(seq.value()) {
            closed @ (GetError::Ended { .. } | GetError::Gone) => Err(closed),
            _ => match ring.next().checked_sub(1) {
                Some(last) if last >= seq.value() => Ok(Seq::new(last)),
                _ => Err(GetError::NotYet { next: seq }),
            },
        })
    }

    /// Asks `attempt`; while it says "not yet", registers for `seq` and asks once more, so that
    /// what happened between question and registration is not missed.
    pub(crate) fn poll<R>(
        &mut self,
        seq: Seq,
        waker: &Waker,
        mut attempt: impl FnMut() -> Result<R, GetError>,
    ) -> Poll<Result<R, WaitError>> {
        if let Some(answer) = decided(attempt()) {
            self.leave();
            return Poll::Ready(answer);
        }
        let target = seq.next().value();
        match self.ring.head().register(&mut self.token, target, waker) {
            Err(full) => {
                return Poll::Ready(Err(WaitError::TooManyWaiters { limit: full.limit }));
            }
            // Still the same: nothing was missed, and there is no need to ask in full.
            Ok(reached) if reached < target && !self.ring.is_ended() => return Poll::Pending,
            Ok(_) => {}
        }
        match decided(attempt()) {
            Some(answer) => {
                self.leave();
                Poll::Ready(answer)
            }
            None => Poll::Pending,
        }
    }

    fn leave(&mut self) {
        self.ring.head().deregister(&mut self.token);
    }
}

impl<M: Clone> Waiting<'_, M> {
    /// Asks for the content of `seq`, and registers if it is not there yet.
    pub(crate) fn poll_read<R>(
        &mut self,
        seq: Seq,
        waker: &Waker,
        mut read: impl FnMut(&Content<M>) -> R,
    ) -> Poll<Result<R, WaitError>> {
        let ring = self.ring;
        self.poll(seq, waker, || ring.read_quietly(seq.value(), &mut read))
    }
}

impl<M> Drop for Waiting<'_, M> {
    fn drop(&mut self) {
        self.leave();
    }
}

/// `None` while the answer is still "not yet".
fn decided<R>(answer: Result<R, GetError>) -> Option<Result<R, WaitError>> {
    Some(match answer {
        Ok(payload) => Ok(payload),
        Err(GetError::NotYet { .. }) => return None,
        Err(GetError::Evicted { oldest }) => Err(WaitError::Evicted { oldest }),
        Err(GetError::Missing { next }) => Err(WaitError::Missing { next }),
        Err(GetError::Ended { next }) => Err(WaitError::Ended { next }),
        Err(GetError::Gone) => Err(WaitError::Gone),
    })
}
