//! Benchmarks side by side with peers, and proof that the seed has the defects we avoid.
//!
//! The crate is empty on purpose: benchmarks live in `benches/`, one file a question, and
//! `tests/seed_defects.rs` runs the published seed crate through the probes that our own
//! regression tests are named after.
