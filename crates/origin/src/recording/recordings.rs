//! The recordings of one origin: the archive that writes them and the shelf that reads them.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use llhls::registry::{
    Archive, ArchiveHealth, ArchiveStats, ArchivedName, Directory, DirectorySink,
};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use super::config::RecordingConfig;
use super::shelf::Shelf;
use super::space::{LastLook, Looking, Space};
use super::watched::Watched;

/// What an origin records, and what it has recorded.
#[derive(Debug)]
pub(crate) struct Recordings {
    archive: Archive,
    directory: Directory,
    shelf: Arc<Shelf>,
    /// Told after each segment, stored or lost.
    progress: Arc<Notify>,
    space: Arc<LastLook>,
    /// For those who read files.
    seats: Arc<Semaphore>,
}

impl Recordings {
    /// Opens the directory, reads what is there, and starts the thread that writes.
    pub(crate) fn open(
        config: &RecordingConfig,
        query_parameter: Option<&str>,
    ) -> io::Result<Self> {
        let sink = DirectorySink::open(config.directory.clone())?;
        let directory = sink.directory();
        let shelf = Arc::new(Shelf::open(directory.clone(), query_parameter)?);
        let progress = Arc::new(Notify::new());
        let space = Arc::new(LastLook::default());
        let looking = Looking::new(config.folder.clone(), Arc::clone(&space));
        let watched = Watched::new(sink, Arc::clone(&shelf), Arc::clone(&progress), looking);
        let archive = Archive::start(config.archive, watched)?;
        Ok(Self {
            archive,
            directory,
            shelf,
            progress,
            space,
            seats: Arc::new(Semaphore::new(config.readers)),
        })
    }

    /// Where the registry sends closed segments.
    pub(crate) fn archive(&self) -> &Archive {
        &self.archive
    }

    /// What is on demand.
    pub(crate) fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    /// Where a stored resource lies.
    pub(crate) fn path(&self, name: &ArchivedName) -> PathBuf {
        self.directory.path(name)
    }

    /// A place to read a file from, kept for as long as it is read; `None` when all are taken.
    pub(crate) fn seat(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.seats).try_acquire_owned().ok()
    }

    pub(crate) fn stats(&self) -> ArchiveStats {
        self.archive.stats()
    }

    pub(crate) fn health(&self) -> ArchiveHealth {
        self.archive.health()
    }

    /// How much room there is, as of some seconds ago; `None` where the system does not tell.
    pub(crate) fn space(&self) -> Option<Space> {
        self.space.read()
    }

    /// What is wrong now, in words.
    pub(crate) fn trouble(&self) -> Option<String> {
        match self.health() {
            ArchiveHealth::Storing => None,
            ArchiveHealth::Failing(error) => Some(error.to_string()),
            ArchiveHealth::Dropping => {
                Some("the disk is slower than the streams, or hangs".to_owned())
            }
            _ => Some("it does not store".to_owned()),
        }
    }

    /// Waits until nothing is queued any more.
    pub(crate) async fn settled(&self) {
        loop {
            let progress = self.progress.notified();
            // Gaps have no bytes: nothing of them can be lost but a line.
            if self.stats().queued_bytes == 0 {
                return;
            }
            progress.await;
        }
    }
}
