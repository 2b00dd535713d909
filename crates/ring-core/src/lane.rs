//! A small number for each thread, so that threads can keep out of each other's cache lines.
//!
//! A read that hits costs two pairs of atomic read-modify-writes, on the slot's lock and on the
//! payload's reference count. Alone that is 20 ns; with a second core on the same payload both
//! words travel between the caches, and every further core makes it slower. So when lanes keep
//! taking turns on a payload, each of them makes itself a **mirror** of it: a slot of its own
//! with a reference count of its own, around the same memory. Nothing is copied, writers do
//! nothing for it, and whoever takes the payload out of its slot takes the mirrors out as well.
//!
//! ```text
//!   home slot   { stamp 7 · mirrored  │ lock │ Bytes ─┐
//!   lane 0      { stamp 7             │ lock │ Bytes ─┼─▶ payload
//!   lane 1      { stamp 7             │ lock │ Bytes ─┘    (three counts, one memory)
//! ```
//!
//! Mirrors made by the writer were the alternative: 40 ns a lane and write, for payloads nobody may
//! read.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many lanes there are. Threads beyond that share. A power of two: slots note lanes in 3 bits.
pub(crate) const LANES: usize = 8;

thread_local! {
    /// This thread's lane; `usize::MAX` until it is first asked for.
    static LANE: Cell<usize> = const { Cell::new(usize::MAX) };
}

/// The lane of the calling thread, below [`LANES`]. Threads get lanes in turn, which spreads a
/// pool of workers evenly; the number of the core would need a system call or unsafe code.
#[inline]
pub(crate) fn current() -> usize {
    LANE.with(|lane| match lane.get() {
        usize::MAX => assign(lane),
        assigned => assigned,
    })
}

#[cold]
fn assign(lane: &Cell<usize>) -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let assigned = NEXT.fetch_add(1, Ordering::Relaxed) % LANES;
    lane.set(assigned);
    assigned
}

#[cfg(all(test, not(ring_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_thread_keeps_its_lane() {
        assert_eq!(current(), current());
        assert!(current() < LANES);
    }
}
