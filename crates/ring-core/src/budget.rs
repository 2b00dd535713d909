//! The bytes that all streams of a cache share.

use crossbeam_utils::CachePadded;

use crate::sync::{AtomicU64, Ordering};

/// A count of bytes and its bound. Only a count: nothing is published through it, so `Relaxed`
/// is enough. Writers that store at the same moment may exceed the bound by what they are storing.
#[derive(Debug)]
pub(crate) struct Budget {
    held: CachePadded<AtomicU64>,
    limit: u64,
}

impl Budget {
    pub(crate) fn new(limit: u64) -> Self {
        Self {
            held: CachePadded::new(AtomicU64::new(0)),
            limit,
        }
    }

    pub(crate) fn limit(&self) -> u64 {
        self.limit
    }

    pub(crate) fn held(&self) -> u64 {
        self.held.load(Ordering::Relaxed)
    }

    pub(crate) fn has_room(&self, len: u64) -> bool {
        self.held().saturating_add(len) <= self.limit
    }

    pub(crate) fn is_exceeded(&self) -> bool {
        self.held() > self.limit
    }

    pub(crate) fn take(&self, len: u64) {
        self.held.fetch_add(len, Ordering::Relaxed);
    }

    pub(crate) fn give_back(&self, len: u64) {
        self.held.fetch_sub(len, Ordering::Relaxed);
    }
}
