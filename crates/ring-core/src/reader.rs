//! The reading handle.

use std::fmt;

use bytes::Bytes;

use crate::digest::{self, Digest};
use crate::error::GetError;
use crate::ring::Ring;
use crate::seq::{Epoch, Gap, Generation, Seq};
use crate::slot::Content;
use crate::stats::StreamStats;
use crate::sync::Arc;

/// Reads one stream, at random.
///
/// Cheap to clone (one reference count) and shared freely. It holds no position, so any number of
/// tasks may use one. It belongs to one generation of its key and never shows another one's bytes:
/// after the stream was removed, or its key opened again, it answers [`GetError::Gone`].
///
/// What a reader got stays valid whatever the ring does: `Bytes` share the payload, and the memory
/// is released when the ring and all readers have let go of it.
pub struct Reader<M = ()> {
    ring: Arc<Ring<M>>,
}

impl<M> Reader<M> {
    pub(crate) fn new(ring: Arc<Ring<M>>) -> Self {
        Self { ring }
    }

    pub(crate) fn ring(&self) -> &Arc<Ring<M>> {
        &self.ring
    }

    /// The newest position, if there ever was one. One atomic load. Its payload is readable
    /// unless the stream was removed since.
    #[inline]
    #[must_use]
    pub fn last(&self) -> Option<Seq> {
        self.ring.last().map(Seq::new)
    }

    /// The oldest position that may still be held; equal to [`Reader::next`] when nothing is.
    #[must_use]
    pub fn oldest(&self) -> Seq {
        Seq::new(self.ring.oldest())
    }

    /// The position that the next published payload gets. One atomic load.
    #[inline]
    #[must_use]
    pub fn next(&self) -> Seq {
        Seq::new(self.ring.next())
    }

    /// Bytes of payload the stream holds.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.ring.bytes()
    }

    /// The runs of positions without a payload, from the oldest held to the newest written: gaps
    /// that are waited for, gaps that were given up, and what is being stored at this moment.
    /// O(slots).
    #[must_use]
    pub fn gaps(&self) -> Vec<Gap> {
        self.ring.gaps()
    }

    /// The current epoch; see [`Writer::reset`](crate::Writer::reset).
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.ring.epoch()
    }

    /// What happened so far. Takes no lock.
    #[must_use]
    pub fn stats(&self) -> StreamStats {
        self.ring.stats()
    }

    /// Whether the stream has ended. What it holds stays readable.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.ring.is_ended()
    }

    /// Whether the stream was removed.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.ring.is_gone()
    }

    /// Operations that wait on the stream at this moment.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.ring.head().waiting()
    }

    /// Which life of the key this handle belongs to.
    #[must_use]
    pub fn generation(&self) -> Generation {
        self.ring.generation()
    }
}

impl<M: Clone> Reader<M> {
    /// The payload at `seq`. O(1), without a copy: two reference counts and one slot's shared lock.
    ///
    /// # Errors
    ///
    /// [`GetError`] tells "not yet" from "no more" from "never", with the numbers to act on.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use ring_core::{CacheConfig, ChunkCache, GetError, RingConfig, Seq};
    ///
    /// let two_slots = CacheConfig::default().ring(RingConfig::default().slots(2));
    /// let cache = ChunkCache::new(two_slots)?;
    /// let writer = cache.open("camera")?;
    /// let reader = writer.reader();
    /// for payload in ["a", "b", "c"] {
    ///     writer.append(Bytes::from(payload))?;
    /// }
    /// assert_eq!(reader.get(Seq::new(2))?, "c");
    /// assert_eq!(reader.get(Seq::new(0)), Err(GetError::Evicted { oldest: Seq::new(1) }));
    /// assert_eq!(reader.get(Seq::new(3)), Err(GetError::NotYet { next: Seq::new(3) }));
    /// writer.end();
    /// assert_eq!(reader.get(Seq::new(3)), Err(GetError::Ended { next: Seq::new(3) }));
    /// writer.remove();
    /// assert_eq!(reader.get(Seq::new(2)), Err(GetError::Gone));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn get(&self, seq: Seq) -> Result<Bytes, GetError> {
        self.ring
            .read(seq.value(), |content| content.payload.clone())
    }

    /// Lends the payload and the writer's facts about it, without even a reference count: the
    /// quickest way to look at a few bytes. O(1) beside what `look` does.
    ///
    /// `look` runs under the slot's shared lock. It must be brief, and must not write to the same
    /// stream: a writer that comes round to this slot waits for it.
    ///
    /// # Errors
    ///
    /// As [`Reader::get`].
    ///
    /// ```
    /// use bytes::Bytes;
    /// use ring_core::{CacheConfig, ChunkCache};
    ///
    /// let cache = ChunkCache::new(CacheConfig::default())?;
    /// let writer = cache.open("camera")?;
    /// let seq = writer.append(Bytes::from_static(b"\x47 and 187 more"))?;
    /// let sync_byte = writer.reader().with(seq, |payload, ()| payload[0])?;
    /// assert_eq!(sync_byte, 0x47);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn with<R>(&self, seq: Seq, look: impl FnOnce(&[u8], &M) -> R) -> Result<R, GetError> {
        let mut look = Some(look);
        self.ring.read(seq.value(), |content| {
            let look = look.take().expect("a ring calls its reader once");
            look(&content.payload, &content.metadata)
        })
    }

    /// The `count` payloads from `first` on: all of them, or an error that says which kind of
    /// position stands in the way. They stay separate, ready for a vectored write. O(count).
    ///
    /// All come from one generation, because the handle does. Payloads may be evicted while the
    /// range is being read; then it fails.
    ///
    /// # Errors
    ///
    /// The error of the first position that has no payload.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use ring_core::{CacheConfig, ChunkCache, GetError, Seq};
    ///
    /// let cache = ChunkCache::new(CacheConfig::default())?;
    /// let writer = cache.open("camera")?;
    /// for payload in ["a", "b", "c"] {
    ///     writer.append(Bytes::from(payload))?;
    /// }
    /// let reader = writer.reader();
    /// assert_eq!(reader.range(Seq::new(1), 2)?, ["b", "c"]);
    /// let next = Seq::new(3);
    /// assert_eq!(reader.range(Seq::new(1), 3), Err(GetError::NotYet { next }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn range(&self, first: Seq, count: usize) -> Result<Vec<Bytes>, GetError> {
        if count == 0 {
            return Ok(Vec::new());
        }
        // The last one first: a range that is not complete yet is the usual failure, and nothing
        // has been allocated then.
        let end = first.advanced(count as u64);
        self.get(first)?;
        self.get(Seq::new(end.value() - 1))?;
        let mut payloads = Vec::with_capacity(count);
        let mut seq = first;
        while seq < end {
            payloads.push(self.get(seq)?);
            seq = seq.next();
        }
        Ok(payloads)
    }

    /// The XXH3-64 of the payload at `seq`, computed at most once (twice if two ask at the same
    /// moment) and outside of any lock.
    ///
    /// # Errors
    ///
    /// As [`Reader::get`].
    pub fn digest(&self, seq: Seq) -> Result<Digest, GetError> {
        let (payload, known) = self.ring.read(seq.value(), |content| {
            (content.payload.clone(), content.digest())
        })?;
        let digest = known.unwrap_or_else(|| digest::of(&payload));
        if known.is_none() {
            // Evicted meanwhile: then nobody will ask again.
            let _ = self
                .ring
                .read(seq.value(), |content| content.remember_digest(digest));
        }
        Ok(Digest::new(digest))
    }

    /// The payload at `seq` with the writer's facts about it. O(1).
    ///
    /// # Errors
    ///
    /// As [`Reader::get`].
    ///
    /// ```
    /// use bytes::Bytes;
    /// use ring_core::{CacheConfig, ChunkCache};
    ///
    /// #[derive(Clone, Debug, PartialEq)]
    /// struct Frame {
    ///     key: bool,
    /// }
    ///
    /// let cache: ChunkCache<u64, Frame> = ChunkCache::with_metadata(CacheConfig::default())?;
    /// let writer = cache.open(1)?;
    /// let seq = writer.append_with(Bytes::from_static(b"..."), Frame { key: true })?;
    /// assert_eq!(writer.reader().get_with_metadata(seq)?.1, Frame { key: true });
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn get_with_metadata(&self, seq: Seq) -> Result<(Bytes, M), GetError> {
        let read = |content: &Content<M>| (content.payload.clone(), content.metadata.clone());
        self.ring.read(seq.value(), read)
    }
}

impl<M> Clone for Reader<M> {
    fn clone(&self) -> Self {
        Self {
            ring: Arc::clone(&self.ring),
        }
    }
}

impl<M> fmt::Debug for Reader<M> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Reader")
            .field("generation", &self.generation())
            .field("oldest", &self.oldest())
            .field("next", &self.next())
            .finish_non_exhaustive()
    }
}
