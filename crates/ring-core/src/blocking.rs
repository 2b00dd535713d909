//! Waiting with a thread instead of a task.
//!
//! A blocked thread is a waker like any other: waking unparks it. So tasks and threads share one
//! list of waiters, and nothing here knows how a wait is decided.

use std::sync::Arc;
use std::task::{Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::error::WaitError;
use crate::reader::Reader;
use crate::seq::Seq;
use crate::waiting::Waiting;

/// Unparks its thread.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.unpark();
    }
}

thread_local! {
    /// This thread's waker, made once.
    static WAKER: Waker = Waker::from(Arc::new(Unpark(thread::current())));
}

/// Polls until there is an answer, parking in between; `None` when the deadline passes first.
///
/// An unpark that was meant for somebody else on this thread only costs a round of the loop; one
/// that comes before the park is remembered by it.
pub(crate) fn block_on<T>(
    deadline: Option<Instant>,
    mut poll: impl FnMut(&Waker) -> Poll<T>,
) -> Option<T> {
    WAKER.with(|waker| {
        loop {
            if let Poll::Ready(answer) = poll(waker) {
                return Some(answer);
            }
            match deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())) {
                None => thread::park(),
                Some(Duration::ZERO) => return None,
                Some(left) => thread::park_timeout(left),
            }
        }
    })
}

/// The moment `timeout` from now; `None`, for ever, when it lies beyond what a clock can say.
pub(crate) fn deadline_in(timeout: Duration) -> Option<Instant> {
    Instant::now().checked_add(timeout)
}

impl<M: Clone> Reader<M> {
    /// Blocks the thread until the payload at `seq` is there, and returns it; at once if it is
    /// there already or can never be.
    ///
    /// Not for asynchronous tasks: it holds their thread. Wakes exactly as the future of `wait`
    /// does.
    ///
    /// # Errors
    ///
    /// [`WaitError`]; never `Elapsed`.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use ring_core::{CacheConfig, ChunkCache, Seq};
    ///
    /// let cache = ChunkCache::new(CacheConfig::default())?;
    /// let writer = cache.open(1)?;
    /// let reader = writer.reader();
    /// let thread = std::thread::spawn(move || reader.wait_blocking(Seq::ZERO));
    /// writer.append(Bytes::from_static(b"here"))?;
    /// assert_eq!(thread.join().expect("it does not panic")?, "here");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn wait_blocking(&self, seq: Seq) -> Result<Bytes, WaitError> {
        self.block(seq, None)
    }

    /// As [`Reader::wait_blocking`], for no longer than `timeout`.
    ///
    /// # Errors
    ///
    /// [`WaitError::Elapsed`] when the time is up; else as [`Reader::wait_blocking`].
    pub fn wait_blocking_for(&self, seq: Seq, timeout: Duration) -> Result<Bytes, WaitError> {
        self.block(seq, deadline_in(timeout))
    }

    /// Blocks the thread until `seq` or a later position is published, and returns the newest one.
    ///
    /// # Errors
    ///
    /// `Ended`, `Gone` and `TooManyWaiters`.
    pub fn wait_at_least_blocking(&self, seq: Seq) -> Result<Seq, WaitError> {
        self.block_until_reached(seq, None)
    }

    /// As [`Reader::wait_at_least_blocking`], for no longer than `timeout`.
    ///
    /// # Errors
    ///
    /// [`WaitError::Elapsed`] when the time is up; else as [`Reader::wait_at_least_blocking`].
    pub fn wait_at_least_blocking_for(
        &self,
        seq: Seq,
        timeout: Duration,
    ) -> Result<Seq, WaitError> {
        self.block_until_reached(seq, deadline_in(timeout))
    }

    fn block_until_reached(&self, seq: Seq, deadline: Option<Instant>) -> Result<Seq, WaitError> {
        let mut waiting = Waiting::new(self.ring());
        block_on(deadline, |waker| waiting.poll_reached(seq, waker))
            .unwrap_or_else(|| Err(WaitError::Elapsed { next: self.next() }))
    }

    fn block(&self, seq: Seq, deadline: Option<Instant>) -> Result<Bytes, WaitError> {
        let mut waiting = Waiting::new(self.ring());
        block_on(deadline, |waker| {
            waiting.poll_read(seq, waker, |content| content.payload.clone())
        })
        .unwrap_or_else(|| Err(WaitError::Elapsed { next: self.next() }))
    }
}
