//! One binary for all integration tests of the ring.

/// What allocates, and what does not.
mod allocation;
/// Waiting with threads.
mod blocking;
/// Reading in order.
mod cursors;
/// Waiting for numbers that are no positions.
#[cfg(feature = "async")]
mod milestones;
/// Random operations against a model.
mod model;
/// Counters, events, sinks, metadata.
mod observing;
/// Writers that wait for registered readers.
mod pressure;
/// Defects of an earlier ring, pinned by name.
mod regression;
/// Letting go by hand.
mod releasing;
/// Which public types may cross threads, checked by the compiler.
mod send_sync;
/// Streams: capacity, ends, removal, generations.
mod streams;
/// Threads at full speed.
mod stress;
/// Waiting: order, cancellation, bounds.
#[cfg(feature = "async")]
mod waiting;

/// Operations on a cache, and what a simple model says about each.
#[path = "../grammar/mod.rs"]
mod grammar;
