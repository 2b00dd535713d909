//! A budget of bytes that many readers share.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes that several holders may have in memory together.
///
/// A bound on each holder times the number of holders is a bound that nobody can live with. This is
/// one number for all of them: whoever wants more takes it from here first, and is refused with
/// [`NoRoom`] when there is none. Cloning shares it.
///
/// ```
/// use origin::media::ByteBudget;
///
/// let all = ByteBudget::new(100);
/// let one = all.part(80);
/// let mut held = one.hold();
/// held.set(70)?;
/// assert_eq!(all.held(), 70);
/// // There is room in the part, but not in the whole.
/// assert!(all.part(80).hold().set(31).is_err());
/// drop(held);
/// assert_eq!(all.held(), 0);
/// # Ok::<(), origin::media::NoRoom>(())
/// ```
#[derive(Clone, Debug)]
pub struct ByteBudget {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    limit: u64,
    held: AtomicU64,
    whole: Option<ByteBudget>,
}

/// There are no bytes left to take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoRoom {
    /// The part has none.
    Part {
        /// What the part may hold, in bytes.
        limit: u64,
    },
    /// The whole has none, whatever this part may hold.
    Whole {
        /// What all may hold together, in bytes.
        limit: u64,
    },
}

impl ByteBudget {
    /// `limit` bytes.
    #[must_use]
    pub fn new(limit: u64) -> Self {
        Self::of(limit, None)
    }

    /// At most `limit` bytes of this budget: for one of many, who shall not have all of it.
    #[must_use]
    pub fn part(&self, limit: u64) -> Self {
        Self::of(limit, Some(self.clone()))
    }

    fn of(limit: u64, whole: Option<Self>) -> Self {
        let held = AtomicU64::new(0);
        let shared = Arc::new(Shared { limit, held, whole });
        Self { shared }
    }

    /// Nothing as yet; [`Held::set`] takes.
    pub fn hold(&self) -> Held {
        Held {
            budget: self.clone(),
            bytes: 0,
        }
    }

    /// What is taken now, in bytes.
    #[must_use]
    pub fn held(&self) -> u64 {
        self.shared.held.load(Ordering::Relaxed)
    }

    fn take(&self, bytes: u64) -> Result<(), NoRoom> {
        let Shared { limit, held, whole } = &*self.shared;
        // Only the sum counts; no other memory hangs on this number.
        let taken = held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |held| {
            held.checked_add(bytes).filter(|sum| sum <= limit)
        });
        let limit = *limit;
        match (taken, whole) {
            (Err(_), Some(_)) => Err(NoRoom::Part { limit }),
            (Err(_), None) => Err(NoRoom::Whole { limit }),
            (Ok(_), None) => Ok(()),
            (Ok(_), Some(whole)) => whole.take(bytes).inspect_err(|_| self.give_back(bytes)),
        }
    }

    fn give_back(&self, bytes: u64) {
        self.shared.held.fetch_sub(bytes, Ordering::Relaxed);
    }

    fn give_back_to_all(&self, bytes: u64) {
        self.give_back(bytes);
        if let Some(whole) = &self.shared.whole {
            whole.give_back_to_all(bytes);
        }
    }
}

/// Bytes of a [`ByteBudget`] that are taken; dropping it gives them back.
#[derive(Debug)]
#[must_use = "what is dropped is given back"]
pub struct Held {
    budget: ByteBudget,
    bytes: u64,
}

impl Held {
    /// Changes how many bytes are taken. O(1), no lock.
    ///
    /// # Errors
    ///
    /// [`NoRoom`] when it should be more than there is; then as many are taken as before.
    pub fn set(&mut self, bytes: u64) -> Result<(), NoRoom> {
        if bytes > self.bytes {
            self.budget.take(bytes - self.bytes)?;
        } else if bytes < self.bytes {
            self.budget.give_back_to_all(self.bytes - bytes);
        }
        self.bytes = bytes;
        Ok(())
    }

    /// Hands everything over; nothing is taken here afterwards.
    pub(crate) fn split(&mut self) -> Self {
        Self {
            budget: self.budget.clone(),
            bytes: std::mem::take(&mut self.bytes),
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.budget.give_back_to_all(self.bytes);
    }
}

impl fmt::Display for NoRoom {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Part { limit } => write!(
                formatter,
                "more than {limit} bytes of this stream are under way before they can be published"
            ),
            Self::Whole { limit } => write!(
                formatter,
                "all encoders together have {limit} bytes under way, as many as they may"
            ),
        }
    }
}

impl std::error::Error for NoRoom {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_dropped_or_handed_over_is_counted_once() {
        let all = ByteBudget::new(10);
        let mut one = all.part(10).hold();
        one.set(6).unwrap();
        let handed = one.split();
        assert_eq!(all.held(), 6);
        one.set(4).unwrap();
        assert_eq!(one.set(5), Err(NoRoom::Part { limit: 10 }));
        assert_eq!(all.held(), 10, "a refusal takes nothing");
        drop(handed);
        assert_eq!(all.held(), 4);
        one.set(10).unwrap();
        one.set(1).unwrap();
        drop(one);
        assert_eq!(all.held(), 0);
    }

    #[test]
    fn a_part_that_finds_the_whole_full_keeps_nothing() {
        let all = ByteBudget::new(10);
        let (mut one, part) = (all.hold(), all.part(8));
        one.set(9).unwrap();
        let mut other = part.hold();
        assert_eq!(other.set(2), Err(NoRoom::Whole { limit: 10 }));
        assert_eq!((part.held(), all.held()), (0, 9));
        assert_eq!(other.set(u64::MAX), Err(NoRoom::Part { limit: 8 }));
        one.set(2).unwrap();
        assert!(other.set(8).is_ok());
    }

    #[test]
    fn many_at_once_never_have_more_than_there_is() {
        let all = ByteBudget::new(100);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let mut held = all.part(60).hold();
                    for round in 0..10_000 {
                        // Refused or not, the sum holds.
                        let _ = held.set(round % 60);
                        assert!(all.held() <= 100);
                    }
                });
            }
        });
        assert_eq!(all.held(), 0);
    }
}
