//! How much room there is where recordings are kept.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What a file system says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Space {
    /// Bytes that may still be written.
    pub(crate) free: u64,
    /// Bytes that it has in all; at least one.
    pub(crate) size: u64,
}

/// How often is looked.
const EVERY: Duration = Duration::from_secs(5);

/// The last look, for whoever shows it.
#[derive(Debug, Default)]
pub(super) struct LastLook {
    free: AtomicU64,
    /// Zero before the first look, and where the system does not tell.
    size: AtomicU64,
}

/// Looks, on the thread that writes: a disk that hangs holds up whoever asks for its room.
#[derive(Debug)]
pub(super) struct Looking {
    folder: PathBuf,
    last: Arc<LastLook>,
    looked: Option<Instant>,
}

impl LastLook {
    pub(super) fn read(&self) -> Option<Space> {
        // Relaxed, each for itself: one number of this look beside one of the next harms nobody.
        let (free, size) = (&self.free, &self.size);
        let (free, size) = (free.load(Ordering::Relaxed), size.load(Ordering::Relaxed));
        (size > 0).then_some(Space { free, size })
    }

    fn write(&self, space: Space) {
        self.free.store(space.free, Ordering::Relaxed);
        self.size.store(space.size, Ordering::Relaxed);
    }
}

impl Looking {
    pub(super) fn new(folder: PathBuf, last: Arc<LastLook>) -> Self {
        let mut looking = Self {
            folder,
            last,
            looked: None,
        };
        looking.look();
        looking
    }

    /// Looks, unless that was done a moment ago.
    pub(super) fn look(&mut self) {
        let is_fresh = |at: Instant| at.elapsed() < EVERY;
        if self.looked.is_some_and(is_fresh) {
            return;
        }
        self.looked = Some(Instant::now());
        // Where it cannot be told, what is known stays: storing fails then, and that is told.
        if let Some(space) = Space::of(&self.folder) {
            self.last.write(space);
        }
    }
}

impl Space {
    #[cfg(unix)]
    fn of(folder: &Path) -> Option<Self> {
        let told = rustix::fs::statvfs(folder).ok()?;
        let bytes = |blocks: u64| blocks.saturating_mul(told.f_frsize);
        // Without what is set aside for root.
        let (free, size) = (bytes(told.f_bavail), bytes(told.f_blocks));
        (size > 0).then_some(Self { free, size })
    }

    #[cfg(not(unix))]
    fn of(_folder: &Path) -> Option<Self> {
        None
    }

    /// How much of it is free, from 0 to 1.
    pub(crate) fn share(self) -> f64 {
        self.free as f64 / self.size as f64
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_looked_at_leaves_what_was_seen() {
        let last = Arc::new(LastLook::default());
        let nowhere = PathBuf::from("/nowhere/at/all");
        let mut looking = Looking::new(nowhere, Arc::clone(&last));
        assert_eq!(last.read(), None);
        looking.folder = std::env::temp_dir();
        looking.look();
        assert_eq!(last.read(), None, "looked a moment ago");
        looking.looked = None;
        looking.look();
        let seen = last.read().expect("a file system has a size");
        assert!(seen.free <= seen.size && seen.share() <= 1.0, "{seen:?}");
    }
}
