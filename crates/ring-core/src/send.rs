//! Back-pressure: writing without overwriting what registered readers have not read.

use bytes::Bytes;

use crate::blocking::{block_on, deadline_in};
use crate::error::SendError;
use crate::ring::{Offered, Ring};
use crate::seq::Seq;
use crate::waiters::Token;
use crate::writer::Writer;

use std::fmt;
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

/// A payload on its way, and a place among the writers that wait.
struct Sending<'a, M> {
    ring: &'a Ring<M>,
    offer: Option<(Bytes, M)>,
    token: Option<Token>,
}

impl<'a, M> Sending<'a, M> {
    fn new(ring: &'a Ring<M>, payload: Bytes, metadata: M) -> Self {
        Self {
            ring,
            offer: Some((payload, metadata)),
            token: None,
        }
    }

    /// One attempt; `None` when registered readers stand in the way.
    fn attempt(&mut self) -> Result<Option<Seq>, SendError> {
        let (payload, metadata) = self.offer.take().expect("polled after it was ready");
        match self
            .ring
            .offer(payload, metadata)
            .map_err(SendError::Append)?
        {
            Offered::Stored(seq) => Ok(Some(seq)),
            Offered::Full(payload, metadata) => {
                self.offer = Some((payload, metadata));
                Ok(None)
            }
        }
    }

    fn poll(&mut self, waker: &Waker) -> Poll<Result<Seq, SendError>> {
        let lowest = self.ring.gate().lowest();
        match self.attempt() {
            Err(error) => return self.finish(Err(error)),
            Ok(Some(seq)) => return self.finish(Ok(seq)),
            Ok(None) => {}
        }
        // Anew each time: what is waited for is the next step of whoever is slowest now.
        self.leave();
        let writers = self.ring.gate().waiters();
        if let Err(full) = writers.register(&mut self.token, lowest + 1, waker) {
            return Poll::Ready(Err(SendError::TooManyWaiters { limit: full.limit }));
        }
        match self.attempt() {
            Err(error) => self.finish(Err(error)),
            Ok(Some(seq)) => self.finish(Ok(seq)),
            Ok(None) => Poll::Pending,
        }
    }

    fn finish(&mut self, answer: Result<Seq, SendError>) -> Poll<Result<Seq, SendError>> {
        self.leave();
        Poll::Ready(answer)
    }

    fn leave(&mut self) {
        self.ring.gate().waiters().deregister(&mut self.token);
    }
}

impl<M> Drop for Sending<'_, M> {
    fn drop(&mut self) {
        self.leave();
    }
}

impl<M> Writer<M> {
    /// Appends unless that would overwrite what a
    /// [registered cursor](crate::Reader::registered_cursor) has not read.
    ///
    /// Without registered cursors this is an append. O(registered cursors).
    ///
    /// # Errors
    ///
    /// [`SendError::Full`] when a registered cursor stands in the way; else as an append.
    pub fn try_send_with(&self, payload: Bytes, metadata: M) -> Result<Seq, SendError> {
        Sending::new(self.ring(), payload, metadata)
            .attempt()?
            .ok_or(SendError::Full)
    }

    /// As [`Writer::try_send_with`], but blocks the thread until there is room.
    ///
    /// # Errors
    ///
    /// As an append, and [`SendError::TooManyWaiters`].
    pub fn send_blocking_with(&self, payload: Bytes, metadata: M) -> Result<Seq, SendError> {
        self.block(payload, metadata, None)
    }

    /// As [`Writer::send_blocking_with`], for no longer than `timeout`.
    ///
    /// # Errors
    ///
    /// [`SendError::Full`] when the time is up; else as [`Writer::send_blocking_with`].
    pub fn send_blocking_for_with(
        &self,
        payload: Bytes,
        metadata: M,
        timeout: Duration,
    ) -> Result<Seq, SendError> {
        self.block(payload, metadata, deadline_in(timeout))
    }

    fn block(
        &self,
        payload: Bytes,
        metadata: M,
        deadline: Option<Instant>,
    ) -> Result<Seq, SendError> {
        let mut sending = Sending::new(self.ring(), payload, metadata);
        block_on(deadline, |waker| sending.poll(waker)).unwrap_or(Err(SendError::Full))
    }

    /// Registered cursors at this moment.
    #[must_use]
    pub fn registered_cursors(&self) -> usize {
        self.ring().gate().readers()
    }
}

impl<M: Default> Writer<M> {
    /// As [`Writer::try_send_with`], with default metadata.
    ///
    /// # Errors
    ///
    /// As [`Writer::try_send_with`].
    pub fn try_send(&self, payload: Bytes) -> Result<Seq, SendError> {
        self.try_send_with(payload, M::default())
    }

    /// As [`Writer::send_blocking_with`], with default metadata.
    ///
    /// # Errors
    ///
    /// As [`Writer::send_blocking_with`].
    ///
    /// ```
    /// use bytes::Bytes;
    /// use ring_core::{CacheConfig, ChunkCache, RingConfig, SendError, Start};
    ///
    /// let two_slots = CacheConfig::default().ring(RingConfig::default().slots(2));
    /// let cache = ChunkCache::new(two_slots)?;
    /// let writer = cache.open(1)?;
    /// let mut cursor = writer.reader().registered_cursor(Start::Live);
    /// writer.send_blocking(Bytes::from_static(b"a"))?;
    /// writer.send_blocking(Bytes::from_static(b"b"))?;
    /// assert_eq!(writer.try_send(Bytes::from_static(b"c")), Err(SendError::Full));
    /// assert_eq!(cursor.next_blocking()?.payload, "a");
    /// writer.send_blocking(Bytes::from_static(b"c"))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn send_blocking(&self, payload: Bytes) -> Result<Seq, SendError> {
        self.send_blocking_with(payload, M::default())
    }
}

/// The future of [`Writer::send_with`].
#[cfg(feature = "async")]
#[must_use = "futures do nothing unless awaited"]
pub struct SendPayload<'a, M = ()> {
    sending: Sending<'a, M>,
}

#[cfg(feature = "async")]
impl<M: Unpin> Future for SendPayload<'_, M> {
    type Output = Result<Seq, SendError>;

    fn poll(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> Poll<Self::Output> {
        self.sending.poll(context.waker())
    }
}

#[cfg(feature = "async")]
impl<M> fmt::Debug for SendPayload<'_, M> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SendPayload")
            .field("waits", &self.sending.token.is_some())
            .finish_non_exhaustive()
    }
}

#[cfg(feature = "async")]
impl<M> Writer<M> {
    /// As [`Writer::try_send_with`], but waits until there is room.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future before it is ready means that the payload was not stored and takes no
    /// position.
    ///
    /// # Errors
    ///
    /// As [`Writer::send_blocking_with`].
    pub fn send_with(&self, payload: Bytes, metadata: M) -> SendPayload<'_, M> {
        SendPayload {
            sending: Sending::new(self.ring(), payload, metadata),
        }
    }
}

#[cfg(feature = "async")]
impl<M: Default> Writer<M> {
    /// As [`Writer::send_with`], with default metadata.
    ///
    /// # Errors
    ///
    /// As [`Writer::send_blocking_with`].
    pub fn send(&self, payload: Bytes) -> SendPayload<'_, M> {
        self.send_with(payload, M::default())
    }
}

impl<M> fmt::Debug for Sending<'_, M> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Sending").finish_non_exhaustive()
    }
}
