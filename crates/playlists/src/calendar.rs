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
    /// Moves the entry of a presentation. O(log presentations). If it is the earliest now, the
    /// housekeeper has to be woken, behind the caller's own lock.
    pub(crate) fn move_entry(
        self: &Arc<Self>,
        presentation: &Arc<Presentation>,
        from: Option<Instant>,
        to: Option<Instant>,
    ) -> Option<Alarm> {
        let mut entries = self.lock();
        if let Some(from) = from {
            entries.remove(&(from, presentation.id));
        }
        let key = (to?, presentation.id);
        entries.insert(key, Arc::downgrade(presentation));
        let is_first = entries
            .first_key_value()
            .is_some_and(|(first, _)| *first == key);
        is_first.then(|| Alarm(Arc::clone(self)))
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

    /// Wakes whoever sleeps: the earliest entry is another one, or the registry is going.
    pub(crate) fn wake(&self) {
        self.earlier.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<(Instant, u64), Weak<Presentation>>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakes the housekeeper when it is dropped: another entry is the earliest.
#[derive(Debug)]
#[must_use = "the housekeeper is woken when this is dropped, and no lock may be held then"]
pub(crate) struct Alarm(Arc<Calendar>);

impl Drop for Alarm {
    fn drop(&mut self) {
        self.0.wake();
    }
}
