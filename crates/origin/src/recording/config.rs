//! What an operator decides about recording.

use std::path::PathBuf;
use std::time::Duration;

use llhls::registry::{ArchiveConfig, DirectoryConfig, Durability};

/// Where closed segments are kept, how much of them, and how far back viewers may go.
#[derive(Clone, Debug)]
pub struct RecordingConfig {
    pub(super) folder: PathBuf,
    pub(super) directory: DirectoryConfig,
    pub(super) archive: ArchiveConfig,
    pub(super) readers: usize,
}

impl RecordingConfig {
    /// Recordings below `directory`, which is made where there is none, within the defaults named
    /// at each setter. One process at a time may record into it.
    #[must_use]
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        let folder = directory.into();
        Self {
            directory: DirectoryConfig::new(&folder),
            folder,
            archive: ArchiveConfig::new(),
            readers: 1024,
        }
    }

    /// Bytes of all recordings together. Default 64 GiB.
    #[must_use]
    pub fn total_bytes(mut self, limit: u64) -> Self {
        self.directory = self.directory.bytes(limit);
        self
    }

    /// Bytes of one rendition's recording, of which its DVR playlist lists at most half (UP-11).
    /// Default 16 GiB.
    #[must_use]
    pub fn bytes_per_rendition(mut self, limit: u64) -> Self {
        self.directory = self.directory.recording_bytes(limit);
        self
    }

    /// How old a listed segment may be, and how long a recording is kept after its stream is gone.
    /// Default one day.
    #[must_use]
    pub fn age(mut self, limit: Duration) -> Self {
        self.directory = self.directory.age(limit);
        self
    }

    /// How much media the DVR playlist of a live stream lists. Default one hour.
    #[must_use]
    pub fn window(mut self, window: Duration) -> Self {
        self.archive = self.archive.window(window);
        self
    }

    /// Bytes that may wait for the disk, of all streams together. Default 256 MiB.
    #[must_use]
    pub fn queue_bytes(mut self, limit: u64) -> Self {
        self.archive = self.archive.queue_bytes(limit);
        self
    }

    /// How many answers may be read from files at once; one more is answered 503. Default 1024.
    #[must_use]
    pub fn readers(mut self, limit: usize) -> Self {
        self.readers = limit;
        self
    }

    /// What a crash of the machine may cost. Default [`Durability::Lazy`].
    #[must_use]
    pub fn durability(mut self, durability: Durability) -> Self {
        self.directory = self.directory.durability(durability);
        self
    }
}
