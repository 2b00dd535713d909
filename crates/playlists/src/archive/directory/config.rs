//! What an operator decides about a directory of recordings.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::files::Durability;

/// Tells the time.
pub(super) type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// Where recordings are kept, how much of them, and how carefully.
#[derive(Clone)]
pub struct DirectoryConfig {
    pub(super) root: PathBuf,
    pub(super) bytes: u64,
    pub(super) recording_bytes: u64,
    pub(super) age: Duration,
    pub(super) durability: Durability,
    pub(super) clock: Clock,
}

impl DirectoryConfig {
    /// Recordings below `root`, within the defaults named at each setter.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            bytes: 64 << 30,
            recording_bytes: 16 << 30,
            age: Duration::from_secs(24 * 3600),
            durability: Durability::Lazy,
            clock: Arc::new(SystemTime::now),
        }
    }

    /// Bytes of all recordings together. Default 64 GiB.
    ///
    /// Recordings that nobody publishes any more go first, oldest first; a live one loses nothing
    /// that its playlist lists: rather is a new segment not stored.
    #[must_use]
    pub fn bytes(mut self, limit: u64) -> Self {
        self.bytes = limit;
        self
    }

    /// Bytes of one recording. Default 16 GiB.
    ///
    /// The DVR playlist lists at most half of them: players may ask for as long again for what was
    /// removed (UP-11).
    #[must_use]
    pub fn recording_bytes(mut self, limit: u64) -> Self {
        self.recording_bytes = limit;
        self
    }

    /// How old a listed segment may be, and how long a recording is kept after the registry has
    /// forgotten it. Default one day. By the [clock](Self::clock).
    #[must_use]
    pub fn age(mut self, limit: Duration) -> Self {
        self.age = limit;
        self
    }

    /// What a crash of the machine may cost. Default [`Durability::Lazy`].
    #[must_use]
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// Another clock than the system's. One that steps back makes nothing older.
    #[must_use]
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }
}

impl fmt::Debug for DirectoryConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("DirectoryConfig")
            .field("root", &self.root)
            .field("bytes", &self.bytes)
            .field("recording_bytes", &self.recording_bytes)
            .field("age", &self.age)
            .field("durability", &self.durability)
            .finish_non_exhaustive()
    }
}
