//! The directory: many streams by key.

/// Opening streams.
mod opening;

use std::borrow::Borrow;
use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::PoisonError;

use bytes::Bytes;
use crossbeam_utils::sync::ShardedLock;

use crate::budget::Budget;
use crate::config::{CacheConfig, Limits, RingConfig};
use crate::error::{AddError, AppendError, ConfigError, GetError, OpenError};
use crate::hash::KeyHashing;
use crate::hook::Journal;
use crate::outcome::{EndOutcome, RemoveOutcome};
use crate::reader::Reader;
use crate::ring::Ring;
use crate::seq::{Generation, Seq};
use crate::sink::EvictionSink;
use crate::stats::{CacheStats, StreamStats};
use crate::sync::{Arc, AtomicU64, Mutex};
use crate::writer::Writer;

/// How many openings and closings a slow observer may be behind.
const EVENTS: usize = 1024;

/// What a stream is opened with, beside its shape.
type Sink<M> = Option<std::sync::Arc<dyn EvictionSink<M>>>;

type Streams<K, M> = HashMap<K, Arc<Ring<M>>, KeyHashing>;

/// The last payloads of many streams, by key.
///
/// The cache is a directory: it resolves a key to a stream's [`Writer`] or [`Reader`] once, and
/// the handles do the work without it. The calls by key ([`get`](Self::get),
/// [`append`](Self::append), …) are for those who hold no handle; each costs one lookup.
///
/// Cloning is cheap and gives the same cache. Streams never share a lock: what one does, no other
/// waits for.
///
/// # Capacity
///
/// At most [`CacheConfig::max_streams`] streams are in the directory. A stream that has ended
/// stays, for its readers to drain, until its room or its key is needed; a live stream is
/// never evicted: no room is [`OpenError::AtCapacity`].
///
/// ```
/// use bytes::Bytes;
/// use ring_core::{CacheConfig, ChunkCache, Seq};
///
/// let cache = ChunkCache::new(CacheConfig::default())?;
/// cache.add("lobby".to_owned(), Bytes::from_static(b"hello"))?;
/// assert_eq!(cache.last("lobby"), Some(Seq::ZERO));
/// assert_eq!(cache.get("lobby", Seq::ZERO)?, &b"hello"[..]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ChunkCache<K = u64, M = ()> {
    directory: std::sync::Arc<Directory<K, M>>,
}

/// What the clones of a cache share.
struct Directory<K, M> {
    /// Read-mostly: a lock whose readers each touch a cache line of their own core. No other lock
    /// is taken under it but a stream's list of waiters, when opening replaces a stream that ended.
    streams: ShardedLock<Streams<K, M>>,
    limits: Limits,
    budget: Arc<Budget>,
    /// The next generation.
    generations: AtomicU64,
    journal: Arc<Journal<K>>,
}

impl<K: Eq + Hash + Clone> ChunkCache<K> {
    /// A cache of plain payloads.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when the bounds are impossible.
    pub fn new(config: CacheConfig) -> Result<Self, ConfigError> {
        Self::with_metadata(config)
    }
}

impl<K: Eq + Hash + Clone, M: Clone> ChunkCache<K, M> {
    /// A cache whose payloads each carry an `M`.
    ///
    /// # Errors
    ///
    /// As [`ChunkCache::new`].
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a configuration is given away"
    )]
    pub fn with_metadata(config: CacheConfig) -> Result<Self, ConfigError> {
        let limits = config.check()?;
        let budget = Arc::new(Budget::new(limits.max_bytes));
        let events = RingConfig::default().slots(EVENTS).shape()?;
        let unbounded = Arc::new(Budget::new(u64::MAX));
        let events = Arc::new(Ring::new(events, Generation::new(0), unbounded));
        let directory = Directory {
            streams: ShardedLock::new(HashMap::with_hasher(KeyHashing::new())),
            limits,
            budget,
            generations: AtomicU64::new(0),
            journal: Arc::new(Journal {
                events,
                retired: Mutex::new(StreamStats::default()),
            }),
        };
        Ok(Self {
            directory: std::sync::Arc::new(directory),
        })
    }

    /// A further writer of a live stream; `None` when there is none.
    #[must_use]
    pub fn writer<Q>(&self, key: &Q) -> Option<Writer<M>>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        self.find(key, |ring| {
            (!ring.is_ended()).then(|| Writer::new(Arc::clone(ring)))
        })?
    }

    /// A reader of a stream, live or ended; `None` when there is none.
    #[must_use]
    pub fn reader<Q>(&self, key: &Q) -> Option<Reader<M>>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        self.find(key, |ring| {
            (!ring.is_gone()).then(|| Reader::new(Arc::clone(ring)))
        })?
    }

    /// The payload at `seq` of a stream; a stream that is not there is [`GetError::Gone`].
    ///
    /// # Errors
    ///
    /// As [`Reader::get`].
    #[inline]
    pub fn get<Q>(&self, key: &Q, seq: Seq) -> Result<Bytes, GetError>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        self.find(key, |ring| {
            ring.read(seq.value(), |content| content.payload.clone())
        })
        .unwrap_or(Err(GetError::Gone))
    }

    /// The newest position of a stream; `None` when there is no such stream, or nothing in it.
    #[must_use]
    pub fn last<Q>(&self, key: &Q) -> Option<Seq>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        self.find(key, |ring| ring.last().map(Seq::new))?
    }

    /// Ends a stream; see [`Writer::end`].
    pub fn end<Q>(&self, key: &Q) -> EndOutcome
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        self.find(key, Arc::clone)
            .map_or(EndOutcome::Unknown, |ring| {
                EndOutcome::from_ring(ring.end())
            })
    }

    /// Removes a stream: the key is free, the payloads are released at once, and every handle
    /// answers `Gone`. O(slots used), outside of the directory's lock.
    pub fn remove<Q>(&self, key: &Q) -> RemoveOutcome
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let removed = {
            let mut streams = self
                .directory
                .streams
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            streams.remove(key)
        };
        removed.map_or(RemoveOutcome::Unknown, |ring| {
            RemoveOutcome::from_ring(ring.remove())
        })
    }

    /// Streams in the directory, live and ended.
    #[must_use]
    pub fn len(&self) -> usize {
        self.directory
            .streams
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
    }

    /// Whether no stream is in the directory.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The keys in the directory, in no order, as of this moment. O(streams).
    #[must_use]
    pub fn keys(&self) -> Vec<K> {
        let streams = self
            .directory
            .streams
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        streams.keys().cloned().collect()
    }

    /// Bytes of payload held over all streams.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.directory.budget.held()
    }

    /// What happened so far, over all streams and those that are gone. O(streams).
    #[must_use]
    pub fn stats(&self) -> CacheStats {
        let retired = *self.directory.journal.retired.lock();
        let mut stats = CacheStats {
            all: retired,
            ..CacheStats::default()
        };
        let streams = self
            .directory
            .streams
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        for ring in streams.values().filter(|ring| !ring.is_gone()) {
            if ring.is_ended() {
                stats.ended += 1;
            } else {
                stats.live += 1;
            }
            stats.all.add(&ring.stats());
        }
        stats
    }

    #[inline]
    fn find<Q, R>(&self, key: &Q, then: impl FnOnce(&Arc<Ring<M>>) -> R) -> Option<R>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let streams = self
            .directory
            .streams
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        streams.get(key).map(then)
    }
}

impl<K: Eq + Hash + Clone, M: Clone + Default> ChunkCache<K, M> {
    /// Appends to a stream that is open; one that is not there is [`AppendError::Gone`].
    ///
    /// # Errors
    ///
    /// As [`Writer::append`].
    pub fn append<Q>(&self, key: &Q, payload: Bytes) -> Result<Seq, AppendError>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        // The handle is cloned out: a write that evicts runs foreign code (dropping payloads).
        let ring = self.find(key, Arc::clone).ok_or(AppendError::Gone)?;
        ring.append(payload, M::default())
    }
}

impl<K: Eq + Hash + Clone + Send + Sync + 'static, M: Clone + Default> ChunkCache<K, M> {
    /// Appends to a stream, which is opened if it is not there. A stream that has ended is not
    /// opened again.
    ///
    /// # Errors
    ///
    /// [`AddError::Open`] when the stream could not be opened, [`AddError::Append`] when the
    /// payload was refused.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a key that may have to be kept"
    )]
    pub fn add(&self, key: K, payload: Bytes) -> Result<Seq, AddError> {
        loop {
            if let Some(ring) = self.find(&key, Arc::clone) {
                return ring.append(payload, M::default()).map_err(AddError::Append);
            }
            match self.open(key.clone()) {
                // Somebody else was quicker: then it is there now.
                Ok(_) | Err(OpenError::AlreadyOpen) => {}
                Err(error) => return Err(AddError::Open(error)),
            }
        }
    }
}

impl<K, M> Clone for ChunkCache<K, M> {
    fn clone(&self) -> Self {
        Self {
            directory: std::sync::Arc::clone(&self.directory),
        }
    }
}

impl<K, M> fmt::Debug for ChunkCache<K, M> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ChunkCache")
            .field("bytes", &self.directory.budget.held())
            .field("limits", &self.directory.limits)
            .finish_non_exhaustive()
    }
}
