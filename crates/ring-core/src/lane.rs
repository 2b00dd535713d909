//! A small number for each thread, so that threads can keep out of each other's cache lines.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many lanes there are. Threads beyond that share.
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
