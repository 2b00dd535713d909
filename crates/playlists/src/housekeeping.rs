//! What time does, on behalf of a host: absent publishers, and media whose time is over.

use std::sync::Arc;

use tokio::time::Instant;

use crate::presentation::Presentation;
use crate::registry::{Inner, Playlists};

impl Playlists {
    /// Sees to everything that is due at `now`: renditions whose publisher is away too long, media
    /// that need not be kept any longer. Says when it has to be called next, if nothing changes
    /// until then. For hosts that cannot run [`housekeeping`](Self::housekeeping).
    ///
    /// O(log presentations) for each that is due, plus what is done for it.
    pub fn tick(&self, now: Instant) -> Option<Instant> {
        while let Some(due) = self.inner.calendar.take_due(now) {
            if let Some(presentation) = due.upgrade() {
                presentation.tend(now);
                self.inner.unlink_if_over(&presentation);
            }
        }
        self.inner.calendar.next()
    }

    /// Calls [`tick`](Self::tick) whenever something is due: spawn it once for each registry.
    ///
    /// It sleeps until the next deadline, by Tokio's clock, and does not poll. The library spawns
    /// nothing by itself; without this, or `tick`, absent publishers go unnoticed and memory
    /// behind a silent stream is not returned.
    ///
    /// Completes when the last `Playlists` is dropped.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves nothing undone that another one would not do.
    ///
    /// ```
    /// # use playlists::{Playlists, RegistryConfig};
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
    /// let playlists = Playlists::new(RegistryConfig::new())?;
    /// let housekeeper = tokio::spawn(playlists.housekeeping());
    /// // … publish, view …
    /// drop(playlists);
    /// housekeeper.await?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn housekeeping(&self) -> impl Future<Output = ()> + Send + use<> {
        let calendar = Arc::clone(&self.inner.calendar);
        let registry = Arc::downgrade(&self.inner);
        async move {
            loop {
                let changed = calendar.changed();
                let next = match registry.upgrade() {
                    Some(inner) => Self { inner }.tick(Instant::now()),
                    None => return,
                };
                match next {
                    Some(due) => {
                        // Either way it is time to look again.
                        let _ = tokio::time::timeout_at(due, changed).await;
                    }
                    None => changed.await,
                }
            }
        }
    }
}

impl Inner {
    /// Forgets a removed presentation whose media is over.
    pub(crate) fn unlink_if_over(&self, over: &Arc<Presentation>) {
        if !over.timeline().is_over() {
            return;
        }
        let mut presentations = self.write();
        let Some(current) = presentations.get(over.name.as_str()).cloned() else {
            return;
        };
        if Arc::ptr_eq(&current, over) {
            match over.previous() {
                Some(previous) => presentations.insert(over.name.clone(), previous),
                None => presentations.remove(over.name.as_str()),
            };
            return;
        }
        let mut newer = current;
        while let Some(next) = newer.previous() {
            if Arc::ptr_eq(&next, over) {
                newer.set_previous(over.previous());
                return;
            }
            newer = next;
        }
    }
}

impl Drop for Inner {
    /// The housekeeper has nothing to keep any more.
    fn drop(&mut self) {
        self.calendar.wake();
    }
}
