//! The ring beside its peers: one run, one table, ratios.
//!
//! `cargo bench -p benches --bench ring_table [-- R1 R5 slots … --rounds 7]`
//!
//! Every row runs its candidates in turn, round after round, in one process, so that what else the
//! machine does falls on all of them. A ratio is the median over the rounds of that round's ratio.
//! Rates count CPU time, of the thread or of all of them; only wake-ups are timed by the clock on
//! the wall. Each candidate is first made to show that it reads what was written.

/// Fan-out of every packet to every reader: R8.
mod fan_out;
/// Idle and finished streams: R10, R11. Each candidate in a process of its own.
mod memory;
/// Reads by position: R4 to R7.
mod reads;
/// What guards a payload: the candidates for a slot's lock.
mod slots;
/// A peer that needs a coat: media-plane.
mod trunk;
/// From publication to the last waiter: R9.
mod wake_up;
/// Writes, and writes beside reads: R1 to R3.
mod writes;

use benches::asked::Asked;
use benches::turns::Table;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(at) = arguments
        .iter()
        .position(|argument| argument == "--memory-of")
    {
        memory::child(&arguments[at + 1]);
        return;
    }
    let Some(asked) = Asked::from_command_line() else {
        return;
    };
    let mut table = Table::new(asked.rounds);

    if asked.wants("R1") || asked.wants("R2") {
        writes::sequential(&mut table);
    }
    if asked.wants("R3") {
        writes::beside_readers(&mut table);
    }
    if asked.wants("slots") {
        slots::all(&mut table);
    }
    for (row, workers) in [("R4", 1), ("R5", 2)] {
        if asked.wants(row) {
            reads::by_position(&mut table, row, workers);
        }
    }
    if asked.wants("R6") {
        reads::crowd(&mut table, "R6", reads::Audience::ScanTheWindow);
    }
    if asked.wants("R7") {
        reads::crowd(&mut table, "R7", reads::Audience::AtTheLiveEdge);
    }
    if asked.wants("R8") {
        fan_out::all(&mut table);
    }
    if asked.wants("R9") {
        wake_up::all(&mut table);
    }
    if asked.wants("R10") {
        memory::idle();
    }
    if asked.wants("R11") {
        memory::finished();
    }
}
