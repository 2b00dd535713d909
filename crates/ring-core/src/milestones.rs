//! Exact waiting for a number that is not a stream's position.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::waiters::Token;
use crate::watermark::{TooManyWaiters, Watermark};

/// A number that only grows, and tasks that wait until it reaches theirs.
///
/// What streams use for their positions, for whoever has another number to wait for: a version, a
/// place in a playlist. A task is woken when its own number is reached and not before; a crowd is
/// woken by a chain, so that [`raise`](Self::raise) costs microseconds whoever waits.
///
/// # Ordering
///
/// What happened before `raise` is visible to whoever sees the number it raised to, be it by
/// [`value`](Self::value) or as the end of a wait.
///
/// ```
/// use ring_core::Milestones;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let versions = std::sync::Arc::new(Milestones::new(0, 100, 8));
/// let waiting = tokio::spawn({
///     let versions = versions.clone();
///     async move { versions.reach(2).await }
/// });
/// tokio::task::yield_now().await;
/// versions.raise(1);
/// assert_eq!(versions.waiting(), 1);
/// versions.raise(2);
/// waiting.await.unwrap().unwrap();
/// # }
/// ```
pub struct Milestones {
    mark: Watermark,
}

impl Milestones {
    /// The highest number: raised to it, every wait there is or will be is over.
    pub const MAX: u64 = u64::MAX >> 1;

    /// Starts at `value`. At most `max_waiters` wait at once, about 56 bytes each; `raise` wakes
    /// `wake_batch` of them itself (at least one), and each of those wakes sixteen more as it runs.
    #[must_use]
    pub fn new(value: u64, max_waiters: usize, wake_batch: usize) -> Self {
        Self {
            mark: Watermark::new(value.min(Self::MAX), max_waiters, wake_batch.max(1)),
        }
    }

    /// The number as it is now. One atomic load.
    #[inline]
    #[must_use]
    pub fn value(&self) -> u64 {
        self.mark.value()
    }

    /// Raises the number to `value`, at most to [`MAX`](Self::MAX), and wakes those it reaches. A
    /// lower one changes nothing. Without waiters it concerns: one compare-and-swap.
    pub fn raise(&self, value: u64) {
        self.mark.raise(value.min(Self::MAX));
    }

    /// How many wait and have not been woken.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.mark.waiting()
    }

    /// Waits until the number is at least `target`; at once if it is.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives its place in the list back at once, and passes on a wake-up that
    /// it had received.
    ///
    /// # Errors
    ///
    /// [`TooManyWaiters`], at once, when the list is full.
    pub fn reach(&self, target: u64) -> Reach<'_> {
        Reach {
            mark: &self.mark,
            target: target.min(Self::MAX),
            token: None,
        }
    }
}

impl fmt::Debug for Milestones {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Milestones")
            .field("value", &self.value())
            .field("waiting", &self.waiting())
            .finish_non_exhaustive()
    }
}

/// The future of [`Milestones::reach`].
#[must_use = "futures do nothing unless awaited"]
pub struct Reach<'a> {
    mark: &'a Watermark,
    target: u64,
    token: Option<Token>,
}

impl Future for Reach<'_> {
    type Output = Result<(), TooManyWaiters>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if this.mark.value() < this.target {
            match this
                .mark
                .register(&mut this.token, this.target, context.waker())
            {
                Err(full) => return Poll::Ready(Err(full)),
                Ok(value) if value < this.target => return Poll::Pending,
                Ok(_) => {}
            }
        }
        this.mark.deregister(&mut this.token);
        Poll::Ready(Ok(()))
    }
}

impl Drop for Reach<'_> {
    fn drop(&mut self) {
        self.mark.deregister(&mut self.token);
    }
}

impl fmt::Debug for Reach<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Reach")
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}
