//! How a stream tells its directory what became of it.

use bytes::Bytes;

use crate::ring::Ring;
use crate::seq::Generation;
use crate::stats::StreamStats;
use crate::sync::{Arc, Mutex};

/// Told once each, by the thread that did it, with no lock of the stream held.
pub(crate) trait Hook: Send + Sync {
    fn ended(&self);
    fn removed(&self, stats: StreamStats);
}

/// A stream that came or went.
///
/// A stream that is removed before it ended is `Removed` without having been `Ended`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StreamEvent<K> {
    /// A key was opened.
    Opened {
        /// The key.
        key: K,
        /// Which life of it.
        generation: Generation,
    },
    /// Its stream has ended; what it holds can still be read.
    Ended {
        /// The key.
        key: K,
        /// Which life of it.
        generation: Generation,
    },
    /// Its stream is gone.
    Removed {
        /// The key.
        key: K,
        /// Which life of it.
        generation: Generation,
    },
}

/// What outlives the streams of a cache: the ring of events, and the counts of streams that are
/// gone.
#[derive(Debug)]
pub(crate) struct Journal<K> {
    /// A ring like any other. The event is the metadata of an empty payload.
    pub(crate) events: Arc<Ring<StreamEvent<K>>>,
    pub(crate) retired: Mutex<StreamStats>,
}

impl<K> Journal<K> {
    pub(crate) fn record(&self, event: StreamEvent<K>) {
        // The ring of events is bounded, never ended and never removed: nothing can be refused
        // before its positions are used up.
        let _ = self.events.append(Bytes::new(), event);
    }
}

/// The hook of one stream.
#[derive(Debug)]
pub(crate) struct Registration<K> {
    pub(crate) key: K,
    pub(crate) generation: Generation,
    pub(crate) journal: Arc<Journal<K>>,
}

impl<K: Clone + Send + Sync> Hook for Registration<K> {
    fn ended(&self) {
        self.journal.record(StreamEvent::Ended {
            key: self.key.clone(),
            generation: self.generation,
        });
    }

    fn removed(&self, stats: StreamStats) {
        self.journal.retired.lock().add(&stats);
        self.journal.record(StreamEvent::Removed {
            key: self.key.clone(),
            generation: self.generation,
        });
    }
}
