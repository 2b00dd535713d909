//! The asynchronous half of a cursor: futures, fairness, and a token that rests between waits.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::{Cursor, Delivery};
use crate::error::CursorError;

/// Ready answers in a row after which an asynchronous cursor lets other tasks run.
pub(super) const FAIR_SHARE: u32 = 128;

impl<M: Clone> Cursor<M> {
    /// Waits for the next payload.
    ///
    /// A cursor that always finds something gives other tasks a turn after every 128 answers.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the cursor where it is: no payload was taken, and the place
    /// in the list of waiters is given back at once.
    ///
    /// # Errors
    ///
    /// As [`Cursor::next_blocking`].
    ///
    /// ```
    /// use bytes::Bytes;
    /// use ring_core::{CacheConfig, ChunkCache, CursorError, Start};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cache = ChunkCache::new(CacheConfig::default())?;
    /// let writer = cache.open(1)?;
    /// let mut cursor = writer.reader().cursor(Start::Oldest);
    /// writer.append(Bytes::from_static(b"one"))?;
    /// writer.append(Bytes::from_static(b"two"))?;
    /// writer.end();
    /// let mut seen = Vec::new();
    /// loop {
    ///     match cursor.next().await {
    ///         Ok(delivery) => seen.push(delivery.payload),
    ///         Err(CursorError::Ended { .. } | CursorError::Gone) => break,
    ///         Err(lost) => eprintln!("{lost}"),
    ///     }
    /// }
    /// assert_eq!(seen, ["one", "two"]);
    /// # Ok(()) }
    /// ```
    #[expect(
        clippy::should_implement_trait,
        reason = "the name that cursors and streams have"
    )]
    pub fn next(&mut self) -> NextDelivery<'_, M> {
        NextDelivery {
            cursor: self,
            waits: false,
        }
    }

    /// Waits for a payload, and adds up to `limit` that are there to `batch`: a batch pays for
    /// the wake-up once. Returns how many were added; 0 only for a `limit` of 0.
    ///
    /// # Cancel safety
    ///
    /// As [`Cursor::next`]: a dropped future has added nothing and taken nothing.
    ///
    /// # Errors
    ///
    /// As [`Cursor::next_batch_blocking`].
    pub async fn next_batch(
        &mut self,
        batch: &mut Vec<Delivery<M>>,
        limit: usize,
    ) -> Result<usize, CursorError> {
        if limit == 0 {
            return Ok(0);
        }
        let mut next = self.next();
        poll_fn(|context| next.poll_batch(context, batch, limit)).await
    }

    /// The next payload, or a wake-up when there is one: what `Stream::poll_next` is. `None`
    /// after the end and after removal.
    pub fn poll_next(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Delivery<M>, CursorError>>> {
        self.poll_fairly(context, Self::poll_following)
            .map(|answer| match answer {
                Err(CursorError::Ended { .. } | CursorError::Gone) => None,
                answer => Some(answer),
            })
    }

    /// The next payload, if it is there and nothing stands in between: the usual answer to a cursor
    /// that is behind.
    #[inline]
    fn ready(&mut self) -> Option<Delivery<M>> {
        let seq = self.position;
        let head = self.ring.next();
        if seq >= head || self.ring.epoch() != self.epoch {
            return None;
        }
        let delivery = self
            .ring
            .read_published(seq, |content| Delivery::of(seq, content))?;
        self.position += 1;
        self.passed();
        Some(delivery)
    }

    /// As `poll_step`, but a token that was woken rests until the next wait.
    #[inline]
    fn poll_following(&mut self, waker: &Waker) -> Poll<Result<Delivery<M>, CursorError>> {
        let target = self.position + 1;
        if let Some(delivery) = self.ready() {
            self.ring.head().rest(&mut self.token, target);
            return Poll::Ready(Ok(delivery));
        }
        self.poll_step_or_wait(target, waker)
    }

    fn poll_step_or_wait(
        &mut self,
        target: u64,
        waker: &Waker,
    ) -> Poll<Result<Delivery<M>, CursorError>> {
        match self.step() {
            Some(Ok(delivery)) => {
                self.ring.head().rest(&mut self.token, target);
                Poll::Ready(Ok(delivery))
            }
            Some(interruption) => {
                self.leave();
                Poll::Ready(interruption)
            }
            None => self.poll_wait(waker),
        }
    }

    /// As `poll_following`, for as many as are there.
    fn poll_following_batch(
        &mut self,
        waker: &Waker,
        batch: &mut Vec<Delivery<M>>,
        limit: usize,
    ) -> Poll<Result<usize, CursorError>> {
        let target = self.position + 1;
        let filled = self.fill(batch, limit);
        if filled > 0 {
            self.ring.head().rest(&mut self.token, target);
            return Poll::Ready(Ok(filled));
        }
        self.poll_step_or_wait(target, waker).map_ok(|first| {
            batch.push(first);
            1 + self.fill(batch, limit - 1)
        })
    }

    /// Polls, but gives other tasks a turn when this one has had its share.
    #[inline]
    fn poll_fairly<R>(
        &mut self,
        context: &mut Context<'_>,
        poll: impl FnOnce(&mut Self, &Waker) -> Poll<R>,
    ) -> Poll<R> {
        if self.share == 0 {
            self.share = FAIR_SHARE;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let answer = poll(self, context.waker());
        match answer {
            Poll::Ready(_) => self.share -= 1,
            Poll::Pending => self.share = FAIR_SHARE,
        }
        answer
    }
}

/// The future of [`Cursor::next`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct NextDelivery<'a, M = ()> {
    cursor: &'a mut Cursor<M>,
    /// Whether the last answer was to wait.
    waits: bool,
}

impl<M: Clone> Future for NextDelivery<'_, M> {
    type Output = Result<Delivery<M>, CursorError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = self.cursor.poll_fairly(context, Cursor::poll_following);
        self.waits = answer.is_pending();
        answer
    }
}

impl<M: Clone> NextDelivery<'_, M> {
    fn poll_batch(
        &mut self,
        context: &mut Context<'_>,
        batch: &mut Vec<Delivery<M>>,
        limit: usize,
    ) -> Poll<Result<usize, CursorError>> {
        let answer = self.cursor.poll_fairly(context, |cursor, waker| {
            cursor.poll_following_batch(waker, batch, limit)
        });
        self.waits = answer.is_pending();
        answer
    }
}

impl<M> Drop for NextDelivery<'_, M> {
    fn drop(&mut self) {
        if self.waits {
            self.cursor.leave();
        }
    }
}

#[cfg(feature = "stream")]
impl<M: Clone> futures_core::Stream for Cursor<M> {
    type Item = Result<Delivery<M>, CursorError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Self::poll_next(self.get_mut(), context)
    }
}
