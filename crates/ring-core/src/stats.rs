//! Counters: lock-free, a line of them per lane, summed when asked.

use crossbeam_utils::CachePadded;

use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::GetError;
use crate::lane::LANES;

/// What happened to one stream, or to all of a cache, so far.
///
/// Positions and bytes are exact when no writer is active. Hits are counted without an atomic
/// read-modify-write, which would be a quarter of a read: when two threads that share a lane (a
/// process with more than eight reading threads) count at the same instant, one of the two may be
/// lost.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct StreamStats {
    /// Payloads published.
    pub published: u64,
    /// Bytes of payload stored, in all.
    pub written_bytes: u64,
    /// Bytes of payload held now.
    pub bytes: u64,
    /// Positions that were held and are no more, or were given up.
    pub evicted_positions: u64,
    /// Positions published over without a payload: gaps given up.
    pub skipped: u64,
    /// Reads that found their payload.
    pub hits: u64,
    /// Reads of a position that lay ahead.
    pub not_yet: u64,
    /// Reads of a position that was gone already: readers that were too slow.
    pub evicted: u64,
    /// Reads of a gap that was given up.
    pub missing: u64,
    /// Reads beyond the end.
    pub ended: u64,
    /// Reads of a stream that was removed.
    pub gone: u64,
    /// Operations that wait now.
    pub waiters: u64,
    /// How often a cursor was overrun.
    pub lags: u64,
    /// Positions that cursors lost by that.
    pub lagged_positions: u64,
}

impl StreamStats {
    pub(crate) fn add(&mut self, other: &Self) {
        self.published += other.published;
        self.written_bytes += other.written_bytes;
        self.bytes += other.bytes;
        self.evicted_positions += other.evicted_positions;
        self.skipped += other.skipped;
        self.hits += other.hits;
        self.not_yet += other.not_yet;
        self.evicted += other.evicted;
        self.missing += other.missing;
        self.ended += other.ended;
        self.gone += other.gone;
        self.waiters += other.waiters;
        self.lags += other.lags;
        self.lagged_positions += other.lagged_positions;
    }
}

/// What happened in a cache so far.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheStats {
    /// Streams in the directory that have not ended.
    pub live: usize,
    /// Streams in the directory that have ended and can still be read.
    pub ended: usize,
    /// The sums over all streams, those that are gone included.
    pub all: StreamStats,
}

/// One lane's counters: a cache line and a half, on lines of its own.
#[derive(Debug, Default)]
struct Lane {
    hits: AtomicU64,
    written_bytes: AtomicU64,
    not_yet: AtomicU64,
    evicted: AtomicU64,
    missing: AtomicU64,
    ended: AtomicU64,
    gone: AtomicU64,
}

/// The counters of one stream. Never part of a synchronisation, hence `Relaxed` and not loom's.
#[derive(Debug)]
pub(crate) struct Counters {
    lanes: [CachePadded<Lane>; LANES],
    skipped: AtomicU64,
    lags: AtomicU64,
    lagged_positions: AtomicU64,
}

impl Counters {
    pub(crate) fn new() -> Self {
        Self {
            lanes: std::array::from_fn(|_| CachePadded::default()),
            skipped: AtomicU64::new(0),
            lags: AtomicU64::new(0),
            lagged_positions: AtomicU64::new(0),
        }
    }

    /// A load and a store: see [`StreamStats`].
    #[inline]
    pub(crate) fn hits(&self, lane: usize, count: u64) {
        let hits = &self.lanes[lane].hits;
        hits.store(
            hits.load(Ordering::Relaxed).wrapping_add(count),
            Ordering::Relaxed,
        );
    }

    pub(crate) fn miss(&self, lane: usize, error: GetError) {
        let lane = &self.lanes[lane];
        let counter = match error {
            GetError::NotYet { .. } => &lane.not_yet,
            GetError::Evicted { .. } => &lane.evicted,
            GetError::Missing { .. } => &lane.missing,
            GetError::Ended { .. } => &lane.ended,
            GetError::Gone => &lane.gone,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    #[inline]
    pub(crate) fn wrote(&self, lane: usize, bytes: u64) {
        self.lanes[lane]
            .written_bytes
            .fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn skipped(&self) {
        self.skipped.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn lagged(&self, positions: u64) {
        self.lags.fetch_add(1, Ordering::Relaxed);
        self.lagged_positions
            .fetch_add(positions, Ordering::Relaxed);
    }

    /// The sums; what follows from the ring's own words is left at 0.
    pub(crate) fn snapshot(&self) -> StreamStats {
        let sum = |counter: fn(&Lane) -> &AtomicU64| {
            self.lanes
                .iter()
                .map(|lane| counter(lane).load(Ordering::Relaxed))
                .sum()
        };
        StreamStats {
            hits: sum(|lane| &lane.hits),
            written_bytes: sum(|lane| &lane.written_bytes),
            not_yet: sum(|lane| &lane.not_yet),
            evicted: sum(|lane| &lane.evicted),
            missing: sum(|lane| &lane.missing),
            ended: sum(|lane| &lane.ended),
            gone: sum(|lane| &lane.gone),
            skipped: self.skipped.load(Ordering::Relaxed),
            lags: self.lags.load(Ordering::Relaxed),
            lagged_positions: self.lagged_positions.load(Ordering::Relaxed),
            ..StreamStats::default()
        }
    }
}
