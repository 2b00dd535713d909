//! Bounds: what a stream and a cache may hold, each with its default, unit and cost.

use crate::error::ConfigError;
use crate::seq::Seq;

/// The most slots a stream can have: 2²⁴, a gigabyte of index.
const MAX_SLOTS: usize = 1 << 24;

/// When a payload's XXH3-64 is computed.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DigestPolicy {
    /// When someone first asks, then kept beside the payload. The default: a stream whose digests
    /// nobody reads pays nothing.
    #[default]
    OnDemand,
    /// By the writer, before the payload is published: about 18 µs per MiB.
    OnWrite,
}

/// What becomes of positions whose payload does not come, while later ones do. It matters to
/// streams that are written with [`Writer::put`](crate::Writer::put) or by several writers.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GapPolicy {
    /// Later payloads stay unpublished until the gap is filled or given up by
    /// [`Writer::skip_to`](crate::Writer::skip_to). A `put` that would need the gap's own slot is
    /// refused. The default.
    #[default]
    Hold,
    /// A gap is given up as soon as a payload this many positions or more beyond it arrives.
    SkipBeyond(u64),
}

/// The shape of one stream.
///
/// # Worst-case memory
///
/// `max_bytes` of payload as long as nobody else holds it, plus 64 bytes a slot of index (the size
/// of the metadata comes on top), made block by block as the stream fills its first lap, plus 56
/// bytes for each waiter.
///
/// ```
/// use ring_core::RingConfig;
///
/// let two_minutes_of_parts = RingConfig::default().slots(600).max_bytes(32 << 20);
/// # let _ = two_minutes_of_parts;
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RingConfig {
    slots: usize,
    max_bytes: u64,
    max_waiters: usize,
    wake_batch: usize,
    first: Seq,
    digest: DigestPolicy,
    gaps: GapPolicy,
    mirrors: bool,
}

impl RingConfig {
    /// The default shape: 4096 slots, 64 MiB, 65 536 waiters.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            slots: 4096,
            max_bytes: 64 << 20,
            max_waiters: 65_536,
            wake_batch: 8,
            first: Seq::ZERO,
            digest: DigestPolicy::OnDemand,
            gaps: GapPolicy::Hold,
            mirrors: true,
        }
    }

    /// How many payloads are held at most. Rounded up to a power of two. Default 4096, at least
    /// 1, at most 2²⁴. Costs 64 bytes each, once written.
    #[must_use]
    pub const fn slots(mut self, slots: usize) -> Self {
        self.slots = slots;
        self
    }

    /// How many bytes of payload are held at most; the oldest make room. Default 64 MiB. A single
    /// larger payload is refused. The bytes that writers are storing at this very moment come on
    /// top.
    #[must_use]
    pub const fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// How many operations may wait on the stream at once. Default 65 536, about 56 bytes each
    /// while they wait.
    #[must_use]
    pub const fn max_waiters(mut self, waiters: usize) -> Self {
        self.max_waiters = waiters;
        self
    }

    /// How many waiters a publication wakes itself; each of those wakes sixteen more as it runs.
    /// Default 8. `usize::MAX` makes the publisher wake them all (about 100 ns each).
    #[must_use]
    pub const fn wake_batch(mut self, waiters: usize) -> Self {
        self.wake_batch = waiters;
        self
    }

    /// The position of the first payload. Default 0.
    #[must_use]
    pub const fn first(mut self, seq: Seq) -> Self {
        self.first = seq;
        self
    }

    /// When digests are computed. Default [`DigestPolicy::OnDemand`].
    #[must_use]
    pub const fn digest(mut self, policy: DigestPolicy) -> Self {
        self.digest = policy;
        self
    }

    /// What becomes of gaps. Default [`GapPolicy::Hold`].
    #[must_use]
    pub const fn gaps(mut self, policy: GapPolicy) -> Self {
        self.gaps = policy;
        self
    }

    /// Whether payloads that several threads read again and again get a handle for each of them,
    /// so that reading scales with the cores. Default true. Costs up to 192 bytes for each
    /// mirrored payload and thread (of eight at most), and nothing for payloads that one thread
    /// reads.
    #[must_use]
    pub const fn mirrors(mut self, mirrors: bool) -> Self {
        self.mirrors = mirrors;
        self
    }

    /// Checks the bounds and fixes the shape.
    pub(crate) fn shape(&self) -> Result<Shape, ConfigError> {
        if self.slots == 0 {
            return Err(ConfigError::NoSlots);
        }
        if self.slots > MAX_SLOTS {
            return Err(ConfigError::TooManySlots { limit: MAX_SLOTS });
        }
        if self.max_bytes == 0 {
            return Err(ConfigError::NoBytes);
        }
        if self.wake_batch == 0 {
            return Err(ConfigError::NoWakeBatch);
        }
        if self.first > Seq::MAX {
            return Err(ConfigError::FirstTooHigh { limit: Seq::MAX });
        }
        Ok(Shape {
            slots: self.slots.next_power_of_two() as u64,
            max_bytes: self.max_bytes,
            max_waiters: self.max_waiters,
            wake_batch: self.wake_batch,
            first: self.first.value(),
            digest: self.digest,
            gaps: self.gaps,
            mirrors: self.mirrors,
        })
    }
}

impl Default for RingConfig {
    fn default() -> Self {
        Self::new()
    }
}

/// A [`RingConfig`] that has been checked.
#[derive(Debug, Clone)]
pub(crate) struct Shape {
    /// A power of two.
    pub(crate) slots: u64,
    pub(crate) max_bytes: u64,
    pub(crate) max_waiters: usize,
    pub(crate) wake_batch: usize,
    pub(crate) first: u64,
    pub(crate) digest: DigestPolicy,
    pub(crate) gaps: GapPolicy,
    pub(crate) mirrors: bool,
}

/// The bounds of a whole cache.
///
/// # Worst-case memory
///
/// `max_bytes` of payload over all streams, plus `max_streams` times the index of a stream (see
/// [`RingConfig`]). An open stream that was never written costs about 5 KiB with the default shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheConfig {
    max_streams: usize,
    max_bytes: u64,
    ring: RingConfig,
}

impl CacheConfig {
    /// The default bounds: 1024 streams, 4 GiB, each stream of the default shape.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            max_streams: 1024,
            max_bytes: 4 << 30,
            ring: RingConfig::new(),
        }
    }

    /// How many streams may be open at once. Default 1024. Streams that ended make room for new
    /// ones; live streams never do.
    #[must_use]
    pub const fn max_streams(mut self, streams: usize) -> Self {
        self.max_streams = streams;
        self
    }

    /// How many bytes of payload are held at most over all streams. Default 4 GiB. When they are
    /// used up, a stream that appends gives up its own oldest payloads, never another stream's.
    #[must_use]
    pub const fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// The shape of streams opened without one of their own.
    #[must_use]
    pub const fn ring(mut self, ring: RingConfig) -> Self {
        self.ring = ring;
        self
    }

    /// Checks the bounds.
    pub(crate) fn check(&self) -> Result<Limits, ConfigError> {
        if self.max_streams == 0 {
            return Err(ConfigError::NoStreams);
        }
        if self.max_bytes == 0 {
            return Err(ConfigError::NoBytes);
        }
        let shape = self.ring.shape()?;
        Ok(Limits {
            max_streams: self.max_streams,
            max_bytes: self.max_bytes,
            shape,
        })
    }
}

impl Default for CacheConfig {
    fn default() -> Self {
        Self::new()
    }
}

/// A [`CacheConfig`] that has been checked.
#[derive(Debug)]
pub(crate) struct Limits {
    pub(crate) max_streams: usize,
    pub(crate) max_bytes: u64,
    pub(crate) shape: Shape,
}
