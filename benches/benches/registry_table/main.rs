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

#[allow(
    dead_code,
    reason = "shared with the ring's table, which has positions too"
)]
#[path = "../ring_table/turns.rs"]
mod turns;

/// How many live streams a core sustains: M7.
mod capacity;
/// Per part, per request, per byte: M4 to M6.
mod forms;
/// The streams of all rows, ours and the peer's.
mod streams;
/// From publication to the last waiter: R9.
mod waiting;

use turns::Table;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --all-targets` starts benchmarks too, without optimisation and without this flag.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return;
    }
    let rounds = arguments
        .iter()
        .position(|argument| argument == "--rounds")
        .and_then(|at| arguments.get(at + 1)?.parse().ok())
        .unwrap_or(7);
    let rows: Vec<&String> = arguments
        .iter()
        .filter(|it| it.starts_with(['M', 'R']))
        .collect();
    let wanted = |row: &str| rows.is_empty() || rows.iter().any(|it| *it == row);
    let mut table = Table::new(rounds);
    if wanted("M4") {
        forms::per_part(&mut table);
    }
    if wanted("M5") {
        forms::per_request(&mut table);
    }
    if wanted("M6") {
        forms::sizes();
    }
    if wanted("M7") {
        capacity::all(&mut table);
    }
    if wanted("R9") {
        waiting::all(&mut table);
    }
}
