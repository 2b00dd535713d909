//! Reading a stream in order.

/// What a cursor gives.
mod delivery;
/// Futures.
#[cfg(feature = "async")]
mod following;

use std::fmt;
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

use crate::blocking::{block_on, deadline_in};
use crate::error::{CursorError, GetError};
use crate::gate::Place;
use crate::reader::Reader;
use crate::ring::Ring;
use crate::seq::{Epoch, Seq};
use crate::sync::Arc;
use crate::waiters::Token;

pub use delivery::Delivery;
#[cfg(feature = "async")]
pub use following::NextDelivery;

/// Where a cursor starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Start {
    /// At the oldest payload held.
    Oldest,
    /// At the next payload to be published.
    Live,
    /// At a position of one's own, held, gone or to come.
    At(Seq),
}

/// Reads a stream in order, each payload once.
///
/// A cursor sees everything from its start on, or is told what it lost: overrun is
/// [`CursorError::Lagged`] with the number of payloads, and reading goes on with the oldest that is
/// left. A reset of the stream is [`CursorError::Discontinuity`]. After [`CursorError::Ended`] and
/// [`CursorError::Gone`] there is nothing more.
///
/// The three ways to read are the same cursor: `next().await`, `poll_next` (what a `Stream` is made
/// of) and [`Cursor::next_blocking`]; each has a batched twin that pays for the wake-up once.
///
/// ```
/// use bytes::Bytes;
/// use ring_core::{CacheConfig, ChunkCache, CursorError, RingConfig, Seq, Start};
///
/// let two_slots = CacheConfig::default().ring(RingConfig::default().slots(2));
/// let cache = ChunkCache::new(two_slots)?;
/// let writer = cache.open(1)?;
/// let mut cursor = writer.reader().cursor(Start::Live);
/// for payload in ["a", "b", "c"] {
///     writer.append(Bytes::from(payload))?;
/// }
/// writer.end();
/// let resume = Seq::new(1);
/// assert_eq!(cursor.next_blocking(), Err(CursorError::Lagged { skipped: 1, resume }));
/// assert_eq!(cursor.next_blocking()?.payload, "b");
/// assert_eq!(cursor.next_blocking()?.payload, "c");
/// assert_eq!(cursor.next_blocking(), Err(CursorError::Ended { next: Seq::new(3) }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Cursor<M = ()> {
    ring: Arc<Ring<M>>,
    /// The position to be read next.
    position: u64,
    /// The epoch the cursor knows of.
    epoch: Epoch,
    /// A place in the list of waiters, while an operation waits.
    token: Option<Token>,
    /// A place among the readers that writers may wait for.
    place: Option<Place>,
    /// Ready answers left before the cursor yields.
    #[cfg(feature = "async")]
    share: u32,
}

impl<M> Reader<M> {
    /// A cursor over the stream.
    #[must_use]
    pub fn cursor(&self, start: Start) -> Cursor<M> {
        let ring = Arc::clone(self.ring());
        // The epoch first: a reset in between is then told, not missed.
        let epoch = ring.epoch();
        let position = match start {
            Start::Oldest => ring.oldest(),
            Start::Live => ring.next(),
            Start::At(seq) => seq.value(),
        };
        Cursor {
            ring,
            position,
            epoch,
            token: None,
            place: None,
            #[cfg(feature = "async")]
            share: following::FAIR_SHARE,
        }
    }

    /// A cursor that writers can wait for: those that [`send`](crate::Writer::send_blocking)
    /// overwrite nothing it has not read. Writers that append do not look at it.
    ///
    /// It holds writers up for as long as it lives; drop it to let them go. Payloads that were
    /// being written while it was made may still overrun it.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use ring_core::{CacheConfig, ChunkCache, RingConfig, SendError, Start};
    ///
    /// let one_slot = CacheConfig::default().ring(RingConfig::default().slots(1));
    /// let writer = ChunkCache::new(one_slot)?.open("log")?;
    /// let mut cursor = writer.reader().registered_cursor(Start::Oldest);
    /// writer.try_send(Bytes::from_static(b"first"))?;
    /// let refused = writer.try_send(Bytes::from_static(b"second"));
    /// assert_eq!(refused, Err(SendError::Full), "the first one is not read yet");
    /// cursor.next_blocking()?;
    /// writer.try_send(Bytes::from_static(b"second"))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn registered_cursor(&self, start: Start) -> Cursor<M> {
        let mut cursor = self.cursor(start);
        cursor.place = Some(cursor.ring.gate().register(cursor.position));
        cursor
    }
}

impl<M> Cursor<M> {
    /// The position to be read next.
    #[must_use]
    pub fn position(&self) -> Seq {
        Seq::new(self.position)
    }

    /// How many published positions lie ahead.
    #[must_use]
    pub fn behind(&self) -> u64 {
        self.ring.next().saturating_sub(self.position)
    }

    /// Goes to another position.
    pub fn seek(&mut self, seq: Seq) {
        self.leave();
        self.position = seq.value();
        self.passed();
    }

    /// A reader of the same stream.
    #[must_use]
    pub fn reader(&self) -> Reader<M> {
        Reader::new(Arc::clone(&self.ring))
    }

    /// Tells waiting writers how far this cursor is.
    fn passed(&self) {
        if let Some(place) = &self.place {
            self.ring.gate().pass(place, self.position);
        }
    }

    fn leave(&mut self) {
        self.ring.head().deregister(&mut self.token);
    }
}

impl<M: Clone> Cursor<M> {
    /// The next payload, if it is there; `None` when it is not there yet.
    ///
    /// # Errors
    ///
    /// As [`Cursor::next_blocking`], but never [`CursorError::TooManyWaiters`].
    pub fn try_next(&mut self) -> Result<Option<Delivery<M>>, CursorError> {
        self.step().transpose()
    }

    /// Blocks the thread until there is a next payload.
    ///
    /// # Errors
    ///
    /// [`CursorError`]; after `Lagged`, `Skipped` and `Discontinuity` the next call goes on.
    pub fn next_blocking(&mut self) -> Result<Delivery<M>, CursorError> {
        self.block_until(None)
            .map(|delivery| delivery.expect("no deadline, hence an answer"))
    }

    /// As [`Cursor::next_blocking`] for no longer than `timeout`; `None` when that is up.
    ///
    /// # Errors
    ///
    /// As [`Cursor::next_blocking`].
    pub fn next_blocking_for(
        &mut self,
        timeout: Duration,
    ) -> Result<Option<Delivery<M>>, CursorError> {
        self.block_until(deadline_in(timeout))
    }

    fn block_until(
        &mut self,
        deadline: Option<Instant>,
    ) -> Result<Option<Delivery<M>>, CursorError> {
        let answer = block_on(deadline, |waker| self.poll_step(waker));
        self.leave();
        answer.transpose()
    }

    /// Blocks the thread until there is a payload, and adds up to `limit` that are there to
    /// `batch`. Returns how many; 0 only for a `limit` of 0.
    ///
    /// # Errors
    ///
    /// As [`Cursor::next_blocking`]. What was added before the error stays; the error comes again
    /// or not as the stream then is.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use ring_core::{CacheConfig, ChunkCache, Start};
    ///
    /// let cache = ChunkCache::new(CacheConfig::default())?;
    /// let writer = cache.open("camera")?;
    /// for payload in ["a", "b", "c"] {
    ///     writer.append(Bytes::from(payload))?;
    /// }
    /// let mut cursor = writer.reader().cursor(Start::Oldest);
    /// let mut batch = Vec::new();
    /// assert_eq!(cursor.next_batch_blocking(&mut batch, 2)?, 2);
    /// assert_eq!(cursor.next_batch_blocking(&mut batch, 2)?, 1);
    /// assert_eq!(batch[2].payload, "c");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn next_batch_blocking(
        &mut self,
        batch: &mut Vec<Delivery<M>>,
        limit: usize,
    ) -> Result<usize, CursorError> {
        if limit == 0 {
            return Ok(0);
        }
        match self.fill(batch, limit) {
            0 => {
                let first = self.next_blocking()?;
                batch.push(first);
                Ok(1 + self.fill(batch, limit - 1))
            }
            filled => Ok(filled),
        }
    }

    /// Adds what is there, up to an interruption; that is told by the next step.
    fn fill(&mut self, batch: &mut Vec<Delivery<M>>, limit: usize) -> usize {
        let head = self.ring.next();
        // After the head: what lies below it then belongs to the epoch the cursor knows of.
        if self.position >= head || self.ring.epoch() != self.epoch {
            return 0;
        }
        let ahead = usize::try_from(head - self.position)
            .unwrap_or(usize::MAX)
            .min(limit);
        batch.reserve(ahead);
        let end = self.position + ahead as u64;
        let filled = self.ring.read_run(self.position, end, |seq, content| {
            batch.push(Delivery::of(seq, content));
        });
        if filled > 0 {
            self.position += filled;
            self.passed();
        }
        filled as usize
    }

    /// One payload, an interruption, or `None` for "not yet".
    fn step(&mut self) -> Option<Result<Delivery<M>, CursorError>> {
        loop {
            if let Some(start) = self.ring.epoch_after(self.epoch) {
                self.epoch = start.epoch;
                self.position = self.position.max(start.first);
                self.passed();
                let resume = Seq::new(self.position);
                return Some(Err(CursorError::Discontinuity {
                    epoch: start.epoch,
                    resume,
                }));
            }
            // The usual answer of a cursor that is up to date, without asking why.
            if self.position >= self.ring.next() && !self.ring.is_ended() {
                return None;
            }
            let seq = Seq::new(self.position);
            let read = self
                .ring
                .read_quietly(self.position, |content| Delivery::of(seq.value(), content));
            return Some(match read {
                Ok(delivery) => {
                    self.position += 1;
                    self.passed();
                    Ok(delivery)
                }
                Err(GetError::NotYet { .. }) => return None,
                // A reset evicts as well, and says so first.
                Err(GetError::Evicted { .. }) if self.ring.epoch() != self.epoch => continue,
                Err(GetError::Evicted { oldest }) => {
                    let skipped = oldest.since(seq);
                    self.position = oldest.value();
                    self.passed();
                    self.ring.counters().lagged(skipped);
                    Err(CursorError::Lagged {
                        skipped,
                        resume: oldest,
                    })
                }
                Err(GetError::Missing { .. }) => {
                    let resume = self.ring.next_present(self.position);
                    let skipped = resume - self.position;
                    self.position = resume;
                    self.passed();
                    Err(CursorError::Skipped {
                        skipped,
                        resume: Seq::new(resume),
                    })
                }
                Err(GetError::Ended { next }) => Err(CursorError::Ended { next }),
                Err(GetError::Gone) => Err(CursorError::Gone),
            });
        }
    }

    /// A step, or a place in the list of waiters; see [`Waiting::poll`](crate::waiting::Waiting).
    fn poll_step(&mut self, waker: &Waker) -> Poll<Result<Delivery<M>, CursorError>> {
        if let Some(answer) = self.step() {
            self.leave();
            return Poll::Ready(answer);
        }
        self.poll_wait(waker)
    }

    /// A place in the list of waiters, after a step that found nothing.
    fn poll_wait(&mut self, waker: &Waker) -> Poll<Result<Delivery<M>, CursorError>> {
        let target = self.position + 1;
        match self.ring.head().register(&mut self.token, target, waker) {
            Err(full) => {
                return Poll::Ready(Err(CursorError::TooManyWaiters { limit: full.limit }));
            }
            // Still the same: nothing was missed, and there is no need to ask in full.
            Ok(reached) if reached < target && !self.ring.is_ended() => return Poll::Pending,
            Ok(_) => {}
        }
        match self.step() {
            Some(answer) => {
                self.leave();
                Poll::Ready(answer)
            }
            None => Poll::Pending,
        }
    }
}

impl<M> Drop for Cursor<M> {
    fn drop(&mut self) {
        self.leave();
        if let Some(place) = self.place.take() {
            self.ring.gate().leave(&place);
        }
    }
}

impl<M> fmt::Debug for Cursor<M> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Cursor")
            .field("position", &self.position)
            .field("epoch", &self.epoch)
            .field("registered", &self.place.is_some())
            .finish_non_exhaustive()
    }
}
