//! Opening streams, and telling who follows that.

use std::collections::hash_map::Entry;
use std::hash::Hash;
use std::sync::PoisonError;

use super::{ChunkCache, Sink};
use crate::config::{RingConfig, Shape};
use crate::cursor::{Cursor, Start};
use crate::error::OpenError;
use crate::hook::{Registration, StreamEvent};
use crate::reader::Reader;
use crate::ring::Ring;
use crate::seq::Generation;
use crate::sink::EvictionSink;
use crate::sync::{Arc, Ordering};
use crate::writer::Writer;

impl<K: Eq + Hash + Clone + Send + Sync + 'static, M: Clone> ChunkCache<K, M> {
    /// Opens a stream of the cache's default shape.
    ///
    /// If the key's last stream has ended, that one is removed first (its handles answer `Gone`),
    /// and the new one is a new generation that starts empty.
    ///
    /// # Errors
    ///
    /// [`OpenError::AlreadyOpen`] while the key's stream lives, [`OpenError::AtCapacity`] when as
    /// many others live as the cache may hold.
    pub fn open(&self, key: K) -> Result<Writer<M>, OpenError> {
        self.open_shape(key, self.directory.limits.shape.clone(), None)
    }

    /// Opens a stream of a shape of its own. O(streams) when the cache is full, else O(1).
    ///
    /// # Errors
    ///
    /// As [`ChunkCache::open`]; [`OpenError::Config`] when the shape is impossible.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a configuration is given away"
    )]
    pub fn open_with(&self, key: K, config: RingConfig) -> Result<Writer<M>, OpenError> {
        self.open_shape(key, config.shape()?, None)
    }

    /// As [`ChunkCache::open_with`]; what the stream evicts is handed to `sink`.
    ///
    /// # Errors
    ///
    /// As [`ChunkCache::open_with`].
    ///
    /// ```
    /// use std::sync::mpsc;
    /// use bytes::Bytes;
    /// use ring_core::{CacheConfig, ChunkCache, Evicted, RingConfig, Seq};
    ///
    /// let cache = ChunkCache::new(CacheConfig::default())?;
    /// let (recorder, recorded) = mpsc::channel();
    /// let sink = move |evicted: Evicted| {
    ///     let _ = recorder.send((evicted.seq, evicted.payload));
    /// };
    /// let writer = cache.open_recorded(1, RingConfig::default().slots(1), sink)?;
    /// writer.append(Bytes::from_static(b"first"))?;
    /// writer.append(Bytes::from_static(b"second"))?;
    /// assert_eq!(recorded.try_recv()?, (Seq::ZERO, Bytes::from_static(b"first")));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a configuration is given away"
    )]
    pub fn open_recorded(
        &self,
        key: K,
        config: RingConfig,
        sink: impl EvictionSink<M> + 'static,
    ) -> Result<Writer<M>, OpenError> {
        self.open_shape(key, config.shape()?, Some(std::sync::Arc::new(sink)))
    }

    /// Follows the streams as they open, end and go, from now on. Who is more than 1024 events
    /// behind is told by [`CursorError::Lagged`](crate::CursorError::Lagged), and can start again
    /// from [`ChunkCache::keys`].
    ///
    /// ```
    /// use ring_core::{CacheConfig, ChunkCache, StreamEvent};
    ///
    /// let cache = ChunkCache::new(CacheConfig::default())?;
    /// let mut events = cache.events();
    /// let generation = cache.open("lobby")?.generation();
    /// let opened = events.next_blocking()?.metadata;
    /// assert_eq!(opened, StreamEvent::Opened { key: "lobby", generation });
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn events(&self) -> Cursor<StreamEvent<K>> {
        Reader::new(Arc::clone(&self.directory.journal.events)).cursor(Start::Live)
    }

    fn open_shape(&self, key: K, shape: Shape, sink: Sink<M>) -> Result<Writer<M>, OpenError> {
        let directory = &*self.directory;
        let (ring, opened, replaced) = {
            let mut streams = directory
                .streams
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            let mut replaced = Vec::new();
            if let Entry::Occupied(held) = streams.entry(key.clone()) {
                if !held.get().is_ended() {
                    return Err(OpenError::AlreadyOpen);
                }
                replaced.push(held.remove());
            }
            let limit = directory.limits.max_streams;
            if streams.len() >= limit {
                // The longest opened first; which of the ended ones hardly matters.
                let ended = streams
                    .iter()
                    .filter(|(_, ring)| ring.is_ended())
                    .min_by_key(|(_, ring)| ring.generation())
                    .map(|(key, _)| key.clone());
                let ended = ended.ok_or(OpenError::AtCapacity { limit })?;
                replaced.extend(streams.remove(&ended));
            }
            let generation = Generation::new(directory.generations.fetch_add(1, Ordering::Relaxed));
            let opened = StreamEvent::Opened {
                key: key.clone(),
                generation,
            };
            let journal = Arc::clone(&directory.journal);
            let hook = Registration {
                key: key.clone(),
                generation,
                journal,
            };
            let ring = Ring::new(shape, generation, Arc::clone(&directory.budget))
                .with_sink(sink)
                .with_hook(Box::new(hook));
            let ring = Arc::new(ring);
            streams.insert(key, Arc::clone(&ring));
            (ring, opened, replaced)
        };
        for ended in replaced {
            ended.remove();
        }
        directory.journal.record(opened);
        Ok(Writer::new(ring))
    }
}
