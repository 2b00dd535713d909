//! Waiting for a position, as a future.
//!
//! No runtime is involved: a waiter is a `Waker` in the list of its stream's
//! [`watermark`](crate::watermark). A notifier shared by all waiters of a stream was the simpler
//! alternative, and it wakes everybody at each payload.

use std::fmt;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use bytes::Bytes;

use crate::error::WaitError;
use crate::reader::Reader;
use crate::seq::Seq;
use crate::waiting::Waiting;

/// The future of [`Reader::wait`].
#[must_use = "futures do nothing unless awaited"]
pub struct Wait<'a, M = ()> {
    waiting: Waiting<'a, M>,
    seq: Seq,
}

impl<M: Clone> Future for Wait<'_, M> {
    type Output = Result<Bytes, WaitError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let seq = self.seq;
        self.waiting
            .poll_read(seq, context.waker(), |content| content.payload.clone())
    }
}

impl<M> fmt::Debug for Wait<'_, M> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Wait")
            .field("seq", &self.seq)
            .finish_non_exhaustive()
    }
}

impl<M: Clone> Reader<M> {
    /// Waits until the payload at `seq` is there, and returns it; at once if it is there already
    /// or can never be.
    ///
    /// Event-driven: the task sleeps until its own position is published, the stream ends before
    /// it, or the stream is removed; it is not woken for anything else. Registering and waking are
    /// O(1).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives its place in the list of waiters back at once. Nothing was
    /// consumed: a later `wait` or `get` for the same position finds what this one would have
    /// found.
    ///
    /// # Errors
    ///
    /// [`WaitError`]; never "not yet", never `Elapsed`.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use ring_core::{CacheConfig, ChunkCache, Seq, WaitError};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cache = ChunkCache::new(CacheConfig::default())?;
    /// let writer = cache.open(1)?;
    /// let reader = writer.reader();
    /// let waiter = tokio::spawn(async move { reader.wait(Seq::ZERO).await });
    /// tokio::task::yield_now().await;
    /// writer.append(Bytes::from_static(b"here"))?;
    /// assert_eq!(waiter.await??, &b"here"[..]);
    ///
    /// writer.end();
    /// let beyond = writer.reader().wait(Seq::new(5)).await;
    /// assert_eq!(beyond, Err(WaitError::Ended { next: Seq::new(1) }));
    /// # Ok(()) }
    /// ```
    pub fn wait(&self, seq: Seq) -> Wait<'_, M> {
        Wait {
            waiting: Waiting::new(self.ring()),
            seq,
        }
    }
}

/// The future of [`Reader::wait_at_least`].
#[must_use = "futures do nothing unless awaited"]
pub struct WaitAtLeast<'a, M = ()> {
    waiting: Waiting<'a, M>,
    seq: Seq,
}

impl<M> Future for WaitAtLeast<'_, M> {
    type Output = Result<Seq, WaitError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let seq = self.seq;
        self.waiting.poll_reached(seq, context.waker())
    }
}

impl<M> fmt::Debug for WaitAtLeast<'_, M> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("WaitAtLeast")
            .field("seq", &self.seq)
            .finish_non_exhaustive()
    }
}

impl<M: Clone> Reader<M> {
    /// Waits until `seq` or a later position is published, and returns the newest one. Unlike
    /// [`Reader::wait`] it does not mind that the payload at `seq` itself has come and gone.
    ///
    /// # Cancel safety
    ///
    /// As [`Reader::wait`].
    ///
    /// # Errors
    ///
    /// `Ended`, `Gone` and `TooManyWaiters`.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use ring_core::{CacheConfig, ChunkCache, Seq};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cache = ChunkCache::new(CacheConfig::default())?;
    /// let writer = cache.open(1)?;
    /// for payload in ["a", "b", "c"] {
    ///     writer.append(Bytes::from(payload))?;
    /// }
    /// assert_eq!(writer.reader().wait_at_least(Seq::new(1)).await?, Seq::new(2));
    /// # Ok(()) }
    /// ```
    pub fn wait_at_least(&self, seq: Seq) -> WaitAtLeast<'_, M> {
        WaitAtLeast {
            waiting: Waiting::new(self.ring()),
            seq,
        }
    }

    /// As [`Reader::wait`], until `deadline` is ready: a timer of whatever runtime is there.
    ///
    /// # Cancel safety
    ///
    /// As [`Reader::wait`].
    ///
    /// # Errors
    ///
    /// [`WaitError::Elapsed`] when the deadline is ready first; a payload that is there wins.
    ///
    /// ```
    /// use std::time::Duration;
    /// use ring_core::{CacheConfig, ChunkCache, Seq, WaitError};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cache = ChunkCache::new(CacheConfig::default())?;
    /// let reader = cache.open(1)?.reader();
    /// let soon = tokio::time::sleep(Duration::from_millis(1));
    /// let next = Seq::ZERO;
    /// assert_eq!(reader.wait_until(next, soon).await, Err(WaitError::Elapsed { next }));
    /// # Ok(()) }
    /// ```
    pub async fn wait_until<D: Future>(&self, seq: Seq, deadline: D) -> Result<Bytes, WaitError> {
        self.race(self.wait(seq), deadline).await
    }

    /// As [`Reader::wait_at_least`], until `deadline` is ready.
    ///
    /// # Cancel safety
    ///
    /// As [`Reader::wait`].
    ///
    /// # Errors
    ///
    /// [`WaitError::Elapsed`] when the deadline is ready first.
    pub async fn wait_at_least_until<D: Future>(
        &self,
        seq: Seq,
        deadline: D,
    ) -> Result<Seq, WaitError> {
        self.race(self.wait_at_least(seq), deadline).await
    }

    async fn race<R, D: Future>(
        &self,
        wait: impl Future<Output = Result<R, WaitError>>,
        deadline: D,
    ) -> Result<R, WaitError> {
        let (mut wait, mut deadline) = (pin!(wait), pin!(deadline));
        poll_fn(|context| match wait.as_mut().poll(context) {
            Poll::Pending => deadline
                .as_mut()
                .poll(context)
                .map(|_| Err(WaitError::Elapsed { next: self.next() })),
            ready => ready,
        })
        .await
    }
}
