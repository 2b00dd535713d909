//! One binary for all integration tests of the ring.

/// Waiting with threads.
mod blocking;
/// Random operations against a model.
mod model;
/// Defects of an earlier ring, pinned by name.
mod regression;
/// Which public types may cross threads, checked by the compiler.
mod send_sync;
/// Streams: capacity, ends, removal, generations.
mod streams;
/// Waiting: order, cancellation, bounds.
#[cfg(feature = "async")]
mod waiting;

/// Operations on a cache, and what a simple model says about each.
#[path = "../grammar/mod.rs"]
mod grammar;
