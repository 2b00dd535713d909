//! Where evicted payloads go.

use std::fmt;

use bytes::Bytes;

use crate::seq::Seq;

/// Why a payload is no longer held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EvictionCause {
    /// Its slot was needed for a newer payload.
    Slots,
    /// Its bytes were needed for newer payloads.
    Bytes,
    /// The writer let go of it; see [`Writer::release_before`](crate::Writer::release_before).
    Released,
    /// The stream was reset.
    Reset,
    /// The stream was removed.
    Removal,
}

/// A payload that left its ring.
#[non_exhaustive]
pub struct Evicted<M = ()> {
    /// The position it had.
    pub seq: Seq,
    /// The payload, shared with whoever still reads it.
    pub payload: Bytes,
    /// The facts that went with it.
    pub metadata: M,
    /// Why it left.
    pub cause: EvictionCause,
}

impl<M> fmt::Debug for Evicted<M> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Evicted")
            .field("seq", &self.seq)
            .field("len", &self.payload.len())
            .field("cause", &self.cause)
            .finish_non_exhaustive()
    }
}

/// Takes what a stream evicts: a recorder, a second tier of storage.
///
/// Called by the thread that writes, releases, resets or removes, after all of the ring's locks, once for
/// each payload, roughly in order of position (exactly, with one writer that appends). A sink that
/// takes long makes that writer slow, and nobody else; hand over to a channel when in doubt. A
/// stream that is dropped with its last handle does not call it.
///
/// With a sink, [`Writer::append_copy`](crate::Writer::append_copy) has no used memory to copy
/// into, because the sink gets it.
pub trait EvictionSink<M = ()>: Send + Sync {
    /// Takes one payload.
    fn evicted(&self, evicted: Evicted<M>);
}

/// A closure is a sink.
impl<M, F: Fn(Evicted<M>) + Send + Sync> EvictionSink<M> for F {
    fn evicted(&self, evicted: Evicted<M>) {
        self(evicted);
    }
}
