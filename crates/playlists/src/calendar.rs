//! When something is due: one entry for each presentation, so that one task can sleep for all.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use tokio::time::Instant;

use crate::presentation::Presentation;

/// The deadlines of all presentations of a registry.
#[derive(Debug, Default)]
pub(crate) struct Calendar {
    entries: Mutex<BTreeMap<(Instant, u64), Weak<Presentation>>>,
    /// Told when an entry becomes the earliest, and when there will be none any more.
    earlier: Notify,
}

impl Calendar {
    /// Moves the entry of a presentation. O(log presentations).
    pub(crate) fn move_entry(
        &self,
        presentation: &Arc<Presentation>,
        from: Option<Instant>,
        to: Option<Instant>,
    ) {
        let mut entries = self.lock();
        if let Some(from) = from {
            entries.remove(&(from, presentation.id));
        }
        let Some(to) = to else { return };
        let key = (to, presentation.id);
        entries.insert(key, Arc::downgrade(presentation));
        let is_first = entries
            .first_key_value()
            .is_some_and(|(first, _)| *first == key);
        drop(entries);
        if is_first {
            self.earlier.notify_one();
        }
    }

    /// When the next presentation has to be tended.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.lock().first_key_value().map(|((due, _), _)| *due)
    }

    /// Takes out one presentation that is due at `now`.
    pub(crate) fn take_due(&self, now: Instant) -> Option<Weak<Presentation>> {
        let mut entries = self.lock();
        let first = entries.first_entry()?;
        (first.key().0 <= now).then(|| first.remove())
    }

    /// Completes when the earliest entry may be another one than before.
    pub(crate) fn changed(&self) -> Notified<'_> {
        self.earlier.notified()
    }

    /// Wakes whoever sleeps: the registry is going.
    pub(crate) fn wake(&self) {
        self.earlier.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<(Instant, u64), Weak<Presentation>>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
