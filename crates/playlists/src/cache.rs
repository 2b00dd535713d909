//! `M3u8Cache`: the current version of one playlist, and everybody who waits for the next.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use llhls_manifest::WaitFor;
use tokio::time::Instant;

use crate::gzip::GzipBlocks;
use crate::snapshot::Snapshot;
use crate::wait::{Announcement, WaitingRoom};

pub(crate) use crate::wait::Waited;

/// The newest [`Snapshot`] of one rendition, and the only place where a new one becomes visible.
///
/// Publication is one swap: bytes are in the ring before it, text hangs on the snapshot itself, so
/// what a reader sees is always one whole version. Readers take no lock. A version is freed when a
/// newer one has replaced it and whoever was reading it is done.
#[derive(Debug)]
pub struct M3u8Cache {
    /// `None` once the rendition was removed.
    current: ArcSwapOption<Snapshot>,
    room: Arc<WaitingRoom>,
    /// What later versions need again of the text of earlier ones.
    blocks: Arc<GzipBlocks>,
}

impl M3u8Cache {
    pub(crate) fn new(mut first: Snapshot, seats: usize) -> Self {
        let room = Arc::new(WaitingRoom::new(&first.view().edge(), seats));
        let blocks = Arc::new(GzipBlocks::default());
        first.share_blocks(&blocks);
        Self {
            current: ArcSwapOption::from_pointee(first),
            room,
            blocks,
        }
    }

    /// Makes `snapshot` the current version. Whoever waits for what it brings is woken when the
    /// announcement is dropped, and the version before is freed. Nothing happens after removal.
    pub(crate) fn publish(&self, mut snapshot: Snapshot) -> Option<Announcement> {
        snapshot.share_blocks(&self.blocks);
        let version = Arc::new(snapshot);
        self.room
            .publish(&version, || self.current.swap(Some(Arc::clone(&version))))
    }

    /// Nothing is visible from now on. All waits end when the announcement is dropped.
    pub(crate) fn remove(&self) -> Announcement {
        self.room.remove(|| self.current.swap(None))
    }

    /// The current version, or nothing when the rendition was removed. Never waits.
    #[must_use]
    pub fn current(&self) -> Option<Arc<Snapshot>> {
        self.current.load_full()
    }

    /// Lends the current version, without even a reference count that readers would share; nothing
    /// when the rendition was removed.
    pub(crate) fn look<R>(&self, look: impl FnOnce(&Arc<Snapshot>) -> R) -> Option<R> {
        self.current.load().as_ref().map(look)
    }

    /// As [`look`](Self::look), at what `last` gives once the rendition was removed.
    pub(crate) fn look_or<R>(
        &self,
        last: impl FnOnce() -> Option<Arc<Snapshot>>,
        look: impl FnOnce(&Arc<Snapshot>) -> R,
    ) -> Option<R> {
        match &*self.current.load() {
            Some(version) => Some(look(version)),
            None => last().as_ref().map(look),
        }
    }

    /// How many requests wait for a later version now.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.room.waiting()
    }

    /// Waits until `test` gives a value for the current or a later version, for at most
    /// `patience`; a version that does not meet it names what to wait for.
    ///
    /// All who wait for the same are given the same version, the first that has it, however late
    /// they run.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives back its seat; nothing else was changed.
    pub(crate) async fn wait<T>(
        &self,
        patience: Duration,
        test: impl FnMut(&Arc<Snapshot>) -> Result<T, WaitFor>,
    ) -> Waited<T> {
        let deadline = Instant::now() + patience;
        self.room.wait(deadline, || self.current(), test).await
    }
}
