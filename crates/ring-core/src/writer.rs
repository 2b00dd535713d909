//! The writing handle.

use std::fmt;

use bytes::Bytes;

use crate::error::{AppendError, PutError};
use crate::outcome::{EndOutcome, PutOutcome, Released, RemoveOutcome};
use crate::reader::Reader;
use crate::ring::Ring;
use crate::seq::{Epoch, Generation, Seq};
use crate::sync::Arc;

/// Writes one stream.
///
/// Cheap to clone (one reference count) and shared freely: several writers append to one stream
/// at once, each payload gets a position of its own, and positions become readable in order.
/// A writer never waits, neither for readers nor for other writers.
///
/// Dropping a writer does not end its stream; say [`Writer::end`] when there is nothing more to
/// come, so that readers know. The handle belongs to one generation: after the stream was removed,
/// or its key opened again, it answers [`AppendError::Gone`].
///
/// ```
/// use bytes::Bytes;
/// use ring_core::{CacheConfig, ChunkCache, Seq};
///
/// let cache = ChunkCache::new(CacheConfig::default())?;
/// let writer = cache.open(7)?;
/// assert_eq!(writer.append(Bytes::from_static(b"first"))?, Seq::new(0));
/// assert_eq!(writer.append(Bytes::from_static(b"second"))?, Seq::new(1));
/// writer.end();
/// assert_eq!(writer.reader().get(Seq::new(1))?, &b"second"[..]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Writer<M = ()> {
    ring: Arc<Ring<M>>,
}

impl<M> Writer<M> {
    pub(crate) fn new(ring: Arc<Ring<M>>) -> Self {
        Self { ring }
    }

    /// Appends a payload with the facts that go with it, and returns its position. O(1) and
    /// without allocation once the ring has been round once, plus the payloads that make room.
    ///
    /// The payload is readable, and those who wait for it are awake, when this returns, unless
    /// another writer is still storing an earlier position; then it is that writer who publishes
    /// both.
    ///
    /// # Errors
    ///
    /// [`AppendError`] says which. After `Ended`, `Gone` and `OutOfPositions` no append will
    /// succeed; the others concern this payload alone.
    pub fn append_with(&self, payload: Bytes, metadata: M) -> Result<Seq, AppendError> {
        self.ring.append(payload, metadata)
    }

    /// Appends a copy of `payload`, in the memory of the payload that makes room for it: in the
    /// steady state nothing is allocated. O(len).
    ///
    /// The memory is used again if it is large enough, nobody holds it any more and the stream has
    /// no sink; else the copy gets memory of its own. For payloads that are in a `Bytes` already,
    /// [`Writer::append_with`] is cheaper.
    ///
    /// # Errors
    ///
    /// As [`Writer::append_with`].
    ///
    /// ```
    /// use ring_core::{CacheConfig, ChunkCache};
    ///
    /// let cache = ChunkCache::new(CacheConfig::default())?;
    /// let writer = cache.open("sensor")?;
    /// let mut line = String::new();
    /// for rpm in [900, 950] {
    ///     line.clear();
    ///     line.push_str(&format!("rpm={rpm}"));
    ///     let seq = writer.append_copy(line.as_bytes())?;
    ///     assert_eq!(writer.reader().get(seq)?, line);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn append_copy_with(&self, payload: &[u8], metadata: M) -> Result<Seq, AppendError> {
        self.ring.append_copy(payload, metadata)
    }

    /// Stores a payload at a position of the caller's choice, in any order: what a replica does.
    ///
    /// Positions become readable, and waiters wake, up to the first one that is missing. What
    /// becomes of a gap is the stream's [`GapPolicy`](crate::GapPolicy); [`Reader::gaps`] lists
    /// them. After the end, gaps below it can still be filled. O(1) plus what becomes readable, and
    /// plus the comparison of bytes when the position is held.
    ///
    /// # Errors
    ///
    /// [`PutError`] says which; only `Append` with `Gone` means that no put will succeed.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use ring_core::{CacheConfig, ChunkCache, PutOutcome, Seq};
    ///
    /// let cache = ChunkCache::new(CacheConfig::default())?;
    /// let replica = cache.open(1)?;
    /// let reader = replica.reader();
    /// let (first, second) = (Bytes::from_static(b"first"), Bytes::from_static(b"second"));
    ///
    /// assert_eq!(replica.put(Seq::new(1), second.clone())?, PutOutcome::Inserted);
    /// assert_eq!(reader.last(), None, "the first one is missing");
    /// assert_eq!(replica.put(Seq::new(0), first.clone())?, PutOutcome::Inserted);
    /// assert_eq!(reader.last(), Some(Seq::new(1)));
    /// assert_eq!(replica.put(Seq::new(1), second)?, PutOutcome::AlreadyPresent);
    /// assert_eq!(replica.put(Seq::new(1), first)?, PutOutcome::Conflict);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn put_with(&self, seq: Seq, payload: Bytes, metadata: M) -> Result<PutOutcome, PutError> {
        self.ring.put(seq.value(), payload, metadata)
    }

    /// Gives up what is missing below `seq`, and publishes what lies beyond. The next append gets
    /// `seq` or a later position.
    ///
    /// # Errors
    ///
    /// `Ended`, `Gone`, and `OutOfPositions` for a position beyond [`Seq::MAX`].
    ///
    /// ```
    /// use bytes::Bytes;
    /// use ring_core::{CacheConfig, ChunkCache, GetError, Seq};
    ///
    /// let cache = ChunkCache::new(CacheConfig::default())?;
    /// let writer = cache.open("camera")?;
    /// writer.put(Seq::new(2), Bytes::from_static(b"third"))?;
    /// let reader = writer.reader();
    /// assert_eq!(reader.last(), None, "two are missing");
    /// assert_eq!(reader.gaps().len(), 1);
    ///
    /// writer.skip_to(Seq::new(2))?;
    /// assert_eq!(reader.last(), Some(Seq::new(2)));
    /// let next = Seq::new(3);
    /// assert_eq!(reader.get(Seq::ZERO), Err(GetError::Missing { next }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn skip_to(&self, seq: Seq) -> Result<(), AppendError> {
        self.ring.skip_to(seq.value())
    }

    /// Lets go of every payload older than `seq`, as if the ring had come round to it: readers are
    /// told [`GetError::Evicted`](crate::GetError::Evicted) with the oldest position left, the memory
    /// is given back at once, and a sink gets what goes. For a writer that knows better than slots
    /// and bytes how long a payload is of use: by age, by segment, by what a manifest names.
    ///
    /// Only what is published goes: `seq` beyond [`Reader::next`] releases all there is and claims
    /// nothing, and no reader that waits is woken or told anything else than before. When nothing
    /// is older than `seq`, nothing happens; positions never come back. A cursor that has not read
    /// what goes is told that it lags, a [registered](Reader::registered_cursor) one too, and
    /// senders that wait for bytes look again.
    ///
    /// After the end it works as before; on a stream that was removed it finds nothing.
    /// O(payloads released), one slot locked at a time.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use ring_core::{CacheConfig, ChunkCache, GetError, Released, Seq};
    ///
    /// let cache = ChunkCache::new(CacheConfig::default())?;
    /// let writer = cache.open("camera")?;
    /// let reader = writer.reader();
    /// for payload in ["old", "older than that", "new"] {
    ///     writer.append(Bytes::from(payload))?;
    /// }
    /// let newest = Seq::new(2);
    /// assert_eq!(writer.release_before(newest), Released { payloads: 2, bytes: 18 });
    /// assert_eq!(reader.get(Seq::ZERO), Err(GetError::Evicted { oldest: newest }));
    /// assert_eq!(reader.get(newest)?, "new");
    /// assert_eq!(writer.release_before(newest), Released::default());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn release_before(&self, seq: Seq) -> Released {
        Released::from_ring(self.ring.release_before(seq.value()))
    }

    /// Drops what is held and starts a new epoch; numbering goes on, so no old number will ever
    /// name new bytes. Cursors are told by a discontinuity. O(slots used).
    ///
    /// # Errors
    ///
    /// `Ended` and `Gone`: what is over stays over.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use ring_core::{CacheConfig, ChunkCache, CursorError, Seq, Start};
    ///
    /// let cache = ChunkCache::new(CacheConfig::default())?;
    /// let writer = cache.open("camera")?;
    /// writer.append(Bytes::from_static(b"before"))?;
    /// let mut cursor = writer.reader().cursor(Start::Live);
    ///
    /// let epoch = writer.reset()?;
    /// let seq = writer.append(Bytes::from_static(b"after"))?;
    /// assert_eq!(seq, Seq::new(1), "no number is used twice");
    /// let told = cursor.try_next();
    /// assert_eq!(told, Err(CursorError::Discontinuity { epoch, resume: seq }));
    /// assert_eq!(cursor.try_next()?.expect("it is there").payload, "after");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn reset(&self) -> Result<Epoch, AppendError> {
        self.ring.reset()
    }

    pub(crate) fn ring(&self) -> &Ring<M> {
        &self.ring
    }

    /// A reader of the same stream.
    #[must_use]
    pub fn reader(&self) -> Reader<M> {
        Reader::new(Arc::clone(&self.ring))
    }

    /// Ends the stream: what is held stays readable, waiters beyond the end are woken, and no
    /// position follows. Appends that have their position already are completed.
    pub fn end(&self) -> EndOutcome {
        EndOutcome::from_ring(self.ring.end())
    }

    /// Removes the stream: its payloads are released at once and every handle answers `Gone`.
    /// O(slots used), one slot locked at a time. The key becomes free when it is next opened, or by
    /// [`ChunkCache::remove`](crate::ChunkCache::remove).
    pub fn remove(&self) -> RemoveOutcome {
        RemoveOutcome::from_ring(self.ring.remove())
    }

    /// Which life of the key this handle belongs to.
    #[must_use]
    pub fn generation(&self) -> Generation {
        self.ring.generation()
    }
}

impl<M: Default> Writer<M> {
    /// Appends a payload; see [`Writer::append_with`].
    ///
    /// # Errors
    ///
    /// As [`Writer::append_with`].
    pub fn append(&self, payload: Bytes) -> Result<Seq, AppendError> {
        self.append_with(payload, M::default())
    }

    /// Appends a copy; see [`Writer::append_copy_with`].
    ///
    /// # Errors
    ///
    /// As [`Writer::append_with`].
    pub fn append_copy(&self, payload: &[u8]) -> Result<Seq, AppendError> {
        self.append_copy_with(payload, M::default())
    }

    /// Stores at a position; see [`Writer::put_with`].
    ///
    /// # Errors
    ///
    /// As [`Writer::put_with`].
    pub fn put(&self, seq: Seq, payload: Bytes) -> Result<PutOutcome, PutError> {
        self.put_with(seq, payload, M::default())
    }
}

impl<M> Clone for Writer<M> {
    fn clone(&self) -> Self {
        Self {
            ring: Arc::clone(&self.ring),
        }
    }
}

impl<M> fmt::Debug for Writer<M> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Writer")
            .field("generation", &self.generation())
            .field("next", &self.ring.next())
            .finish_non_exhaustive()
    }
}
