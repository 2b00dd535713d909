//! What an operator sees of a running origin: metrics, health, streams, requests, viewers.
//!
//! ```text
//!   request ──► Witness ──► Gate ──► routes           operations listener
//!                  │ counts, names, times                  │
//!                  ▼                                       ▼
//!                Sight (Traffic, Viewers) ◄──── metrics, health, the list of streams
//! ```
//!
//! Counting is relaxed atomics in fixed tables: nothing here grows with what strangers send.

mod metrics;
mod operations;
mod session;
mod traffic;
mod viewers;
mod witness;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

pub(crate) use metrics::age;
pub use metrics::reference;
pub(crate) use operations::health_routes;
pub use operations::operations;
pub use witness::{Witness, Witnessing};

use traffic::Traffic;
use viewers::Viewers;

/// What counting the viewers of one stream takes, in bytes.
pub(crate) const VIEWER_SKETCH_BYTES: u64 = viewers::SKETCH_BYTES;

/// What is counted of one origin.
#[derive(Debug)]
pub(crate) struct Sight {
    pub(crate) started: SystemTime,
    pub(crate) traffic: Traffic,
    pub(crate) viewers: Viewers,
    leaving: AtomicBool,
}

impl Sight {
    pub(crate) fn new() -> Self {
        Self {
            started: SystemTime::now(),
            traffic: Traffic::default(),
            viewers: Viewers::new(),
            leaving: AtomicBool::new(false),
        }
    }

    /// From now on `/readyz` says no: a load balancer should send nobody here any more.
    pub(crate) fn leave(&self) {
        // Relaxed: nothing else hangs on it.
        self.leaving.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_leaving(&self) -> bool {
        self.leaving.load(Ordering::Relaxed)
    }
}
