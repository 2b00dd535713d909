//! What a cursor gives.

use bytes::Bytes;

use crate::seq::Seq;
use crate::slot::Content;

/// A payload as a cursor gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Delivery<M = ()> {
    /// Its position.
    pub seq: Seq,
    /// The payload, shared, not copied.
    pub payload: Bytes,
    /// The facts that go with it.
    pub metadata: M,
}

impl<M: Clone> Delivery<M> {
    #[inline]
    pub(super) fn of(seq: u64, content: &Content<M>) -> Self {
        Self {
            seq: Seq::new(seq),
            payload: content.payload.clone(),
            metadata: content.metadata.clone(),
        }
    }
}
