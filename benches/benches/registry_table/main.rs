//! The registry beside the crate that this project grew from: one run, one table, ratios.
//!
//! `cargo bench -p benches --bench registry_table [-- M4 M5 M6 M7 R9 --rounds 7]`
//!
//! Candidates run in turn, round after round, in one process; times are the thread's CPU time, but
//! for wake-ups, which are timed by the clock on the wall. What is measured is first shown to be
//! right: playlists are judged by the oracle, compressed ones decoded and compared.
//!
//! The peer lists every part of its window, which the specification advises against; so there are
//! two shapes of ours: *as configured*, where parts go three target durations from the edge, and *all
//! parts listed*, where the target duration is so long that none goes.

/// How many live streams a core sustains: M7.
mod capacity;
/// Per part, per request, per byte: M4 to M6.
mod forms;
/// The streams of all rows, ours and the peer's.
mod streams;
/// From publication to the last waiter: R9.
mod waiting;

use benches::asked::Asked;
use benches::turns::Table;

fn main() {
    let Some(asked) = Asked::from_command_line() else {
        return;
    };
    let mut table = Table::new(asked.rounds);
    if asked.wants("M4") {
        forms::per_part(&mut table);
    }
    if asked.wants("M5") {
        forms::per_request(&mut table);
    }
    if asked.wants("M6") {
        forms::sizes();
    }
    if asked.wants("M7") {
        capacity::all(&mut table);
    }
    if asked.wants("R9") {
        waiting::all(&mut table);
    }
}
