//! Benchmarks side by side with peers, and proof that the seed has the defects we avoid.
//!
//! Benchmarks live in `benches/`, one file or folder a question; here is what several of them
//! share. `tests/seed_defects.rs` runs the published seed crate through the probes that our own
//! regression tests are named after.

/// The command line of a table.
pub mod asked;
/// Taking turns, clocks, medians.
pub mod turns;
