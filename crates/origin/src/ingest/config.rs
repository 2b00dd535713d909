//! What an operator decides about encoders.

use crate::media::{ByteBudget, MediaLimits};

/// What encoders may make an [`Origin`](crate::Origin) hold before anything of it is published.
///
/// What is published is the registry's, under bounds of its own.
///
/// ```
/// use origin::{IngestConfig, Origin, OriginConfig};
///
/// let ingest = IngestConfig::new().points(8).total_bytes(64 << 20);
/// let origin = Origin::new(OriginConfig::new().ingest(ingest))?;
/// # Ok::<(), origin::OriginError>(())
/// ```
#[derive(Clone, Debug)]
pub struct IngestConfig {
    pub(super) points: usize,
    pub(super) sources: usize,
    pub(super) total_bytes: u64,
    pub(super) bytes_per_point: u64,
    pub(super) limits: MediaLimits,
    pub(crate) rtmp_connections: usize,
}

/// What the state of a publishing point takes beside its media and its header.
const POINT_BYTES: u64 = 32 << 10;

/// What an RTMP connection takes: a command on each of its chunk streams, what was read of the
/// socket, and answers.
const RTMP_BYTES: u64 = 704 << 10;

impl IngestConfig {
    /// The defaults named at each setter.
    #[must_use]
    pub fn new() -> Self {
        Self {
            points: 256,
            sources: 8,
            total_bytes: 256 << 20,
            bytes_per_point: 64 << 20,
            limits: MediaLimits::default(),
            rtmp_connections: 128,
        }
    }

    /// How many paths may be published on at once, those included whose encoder may come back.
    /// Default 256.
    #[must_use]
    pub fn points(mut self, limit: usize) -> Self {
        self.points = limit;
        self
    }

    /// How many requests may publish on one path at once. Two are what redundancy needs (ING-21),
    /// and a connection that broke without a word may count for minutes. Default 8.
    #[must_use]
    pub fn sources(mut self, limit: usize) -> Self {
        self.sources = limit;
        self
    }

    /// Bytes that all encoders together may have under way: headers, fragments that are not whole,
    /// media that waits for its part to be long enough, or for the first key frames. Default 256 MiB.
    ///
    /// An encoder that finds no room is refused with 503.
    #[must_use]
    pub fn total_bytes(mut self, limit: u64) -> Self {
        self.total_bytes = limit;
        self
    }

    /// Of these, what one path may have. Default 64 MiB.
    ///
    /// An encoder that needs more is refused with 413.
    #[must_use]
    pub fn bytes_per_point(mut self, limit: u64) -> Self {
        self.bytes_per_point = limit;
        self
    }

    /// The largest boxes, and how many tracks and samples.
    #[must_use]
    pub fn limits(mut self, limits: MediaLimits) -> Self {
        self.limits = limits;
        self
    }

    /// How many encoders may be connected over RTMP. Default 128.
    #[must_use]
    pub fn rtmp_connections(mut self, limit: usize) -> Self {
        self.rtmp_connections = limit;
        self
    }

    /// What the RTMP connections take by themselves, in bytes: what strangers may send before they
    /// publish. Frames are counted with the rest.
    #[must_use]
    pub fn rtmp_worst_case_bytes(&self) -> u64 {
        (self.rtmp_connections as u64).saturating_mul(RTMP_BYTES)
    }

    /// What encoders can make the origin hold, in bytes: everything that is under way, and once more
    /// while it is cut into parts; and the state of each path.
    #[must_use]
    pub fn worst_case_bytes(&self) -> u64 {
        let points = (self.points as u64).saturating_mul(POINT_BYTES);
        self.total_bytes.saturating_mul(2).saturating_add(points)
    }

    pub(super) fn budget(&self) -> ByteBudget {
        ByteBudget::new(self.total_bytes)
    }

    /// What may wait for the first key frames: as much again may be needed by the fragments that
    /// are on their way meanwhile.
    pub(super) fn most_held(&self) -> u64 {
        self.bytes_per_point / 2
    }
}

impl Default for IngestConfig {
    fn default() -> Self {
        Self::new()
    }
}
