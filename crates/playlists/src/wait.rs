//! Permission to wait: a counted seat that is given back when the waiter leaves, however it leaves.

use std::sync::atomic::{AtomicUsize, Ordering};

/// The seats of one rendition's waiting room.
///
/// A blocked request costs memory for as long as it waits, and anybody may send one; so the number
/// of them is bounded (`design.md` law 7) and a request that finds no seat is told so at once.
#[derive(Debug)]
pub(crate) struct WaitingRoom {
    taken: AtomicUsize,
    seats: usize,
}

impl WaitingRoom {
    pub(crate) fn new(seats: usize) -> Self {
        Self {
            taken: AtomicUsize::new(0),
            seats,
        }
    }

    /// Takes a seat, or says that all are taken.
    pub(crate) fn enter(&self) -> Result<Seat<'_>, Full> {
        // Relaxed: the count guards memory, not data; only its own atomicity matters.
        self.taken
            .try_update(Ordering::Relaxed, Ordering::Relaxed, |taken| {
                (taken < self.seats).then_some(taken + 1)
            })
            .map(|_| Seat { room: self })
            .map_err(|_| Full { seats: self.seats })
    }

    /// How many wait now.
    pub(crate) fn waiting(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }
}

/// A taken seat; dropping it, also by dropping the future that holds it, frees the seat.
#[derive(Debug)]
#[must_use = "the seat is given back when this is dropped"]
pub(crate) struct Seat<'room> {
    room: &'room WaitingRoom,
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        self.room.taken.fetch_sub(1, Ordering::Relaxed);
    }
}

/// All seats are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full {
    pub(crate) seats: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seats_are_bounded_and_come_back() {
        let room = WaitingRoom::new(2);
        let first = room.enter().unwrap();
        let _second = room.enter().unwrap();
        assert_eq!(room.enter().unwrap_err(), Full { seats: 2 });
        drop(first);
        assert_eq!(room.waiting(), 1);
        let _third = room.enter().unwrap();
    }
}
