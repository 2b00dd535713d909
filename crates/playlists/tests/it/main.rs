//! Integration tests of the registry, through its public interface only.

#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

/// Closed segments elsewhere, and the DVR playlist.
mod archive;
/// Waiting: blocking reload, hinted parts, deadlines, seats; all under paused time.
mod blocking;
/// Dropped futures leave nothing behind.
mod cancel;
/// What the steady state allocates.
mod cost;
/// What is counted, and by which reason.
mod counters;
/// Forms and codings: made once, shared, valid.
mod forms;
/// One step for several renditions; discontinuities in all of them together.
mod groups;
/// From a published part to what a viewer reads; the laws on the way.
mod journey;
/// Publishers that vanish, return, are displaced; the end.
mod lifecycle;
/// Who may publish, who continues, what ends.
mod publishing;
/// Defects of the seed crate that must never come back.
mod regression;
/// How long media stays that no playlist names, and what it may cost.
mod retention;
/// What may cross threads.
mod send_sync;
/// Histories from seeds.
mod simulation;
/// A day of a stream's life.
mod soak;
/// Law 10: two instances, one answer.
mod twins;

/// Streams and parts for all of the above.
mod support;
