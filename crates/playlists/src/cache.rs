//! `M3u8Cache`: the current version of one playlist, and everybody who waits for the next.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::snapshot::Snapshot;
use crate::wait::WaitingRoom;

/// The newest [`Snapshot`] of one rendition, and the only place where a new one becomes visible.
///
/// Publication is one swap: bytes are in the ring before it, text hangs on the snapshot itself, so
/// what a reader sees is always one whole version. Waiters re-test their own condition on every
/// version and leave nothing behind when they are dropped.
#[derive(Debug)]
pub struct M3u8Cache {
    current: watch::Sender<Publication>,
    room: WaitingRoom,
}

/// What is published: a version, or the news that there will be none any more.
#[derive(Clone, Debug)]
pub(crate) enum Publication {
    Version(Arc<Snapshot>),
    Removed,
}

/// How a wait ended.
#[derive(Debug)]
pub(crate) enum Waited<T> {
    /// The condition gave a value.
    Met(T),
    /// The deadline came first.
    TimedOut,
    /// All seats were taken.
    Busy { limit: usize },
    /// The rendition was removed.
    Gone,
}

impl M3u8Cache {
    pub(crate) fn new(first: Snapshot, seats: usize) -> Self {
        let current = watch::Sender::new(Publication::Version(Arc::new(first)));
        Self {
            current,
            room: WaitingRoom::new(seats),
        }
    }

    /// Makes `snapshot` the current version and wakes whoever waits.
    pub(crate) fn publish(&self, snapshot: Snapshot) {
        let next = Publication::Version(Arc::new(snapshot));
        self.current.send_if_modified(|current| match current {
            Publication::Version(_) => {
                *current = next;
                true
            }
            // Removal is final: a publisher that has not noticed yet must not undo it.
            Publication::Removed => false,
        });
    }

    /// Ends all waits; nothing is visible from now on.
    pub(crate) fn remove(&self) {
        self.current.send_replace(Publication::Removed);
    }

    /// The current version, or nothing when the rendition was removed. Never waits.
    #[must_use]
    pub fn current(&self) -> Option<Arc<Snapshot>> {
        match &*self.current.borrow() {
            Publication::Version(snapshot) => Some(Arc::clone(snapshot)),
            Publication::Removed => None,
        }
    }

    /// How many requests wait for a later version now.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.room.waiting()
    }

    /// Waits until `condition` gives a value for the current or a later version, for at most
    /// `patience`.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives back its seat and its subscription; nothing else was changed.
    pub(crate) async fn wait<T>(
        &self,
        patience: Duration,
        mut condition: impl FnMut(&Arc<Snapshot>) -> Option<T>,
    ) -> Waited<T> {
        let deadline = Instant::now() + patience;
        let _seat = match self.room.enter() {
            Ok(seat) => seat,
            Err(full) => return Waited::Busy { limit: full.seats },
        };
        let mut updates = self.current.subscribe();
        loop {
            // The version is marked as seen before it is tested: one that comes in between wakes us.
            match &*updates.borrow_and_update() {
                Publication::Removed => return Waited::Gone,
                Publication::Version(snapshot) => {
                    if let Some(value) = condition(snapshot) {
                        return Waited::Met(value);
                    }
                }
            }
            match tokio::time::timeout_at(deadline, updates.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_closed)) => return Waited::Gone,
                Err(_elapsed) => return Waited::TimedOut,
            }
        }
    }
}
