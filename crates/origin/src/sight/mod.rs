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

mod condition;
mod delays;
mod hosts;
mod lanes;
mod metrics;
mod observer;
mod operations;
mod process;
mod session;
mod traffic;
mod transport;
mod viewers;
mod witness;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

pub(crate) use condition::Condition;
pub(crate) use delays::Held;
pub use hosts::Hosts;
pub use metrics::reference;
pub(crate) use observer::{
    Alarm, EVERY, Event, Followed, Look, Observed, SERVER_COLUMNS, STREAM_COLUMNS, Samples,
    StreamSample, observe,
};
pub(crate) use operations::health_routes;
pub use operations::operations;
pub(crate) use process::Process;
pub(crate) use transport::{Connected, Protocol, Refusal, Room, Security, Transport};
pub use witness::{Witness, Witnessing};

use llhls::registry::{PresentationInfo, StreamName};

use delays::Delays;
use traffic::Traffic;
use viewers::Viewers;

/// What counting the viewers of one stream takes, in bytes.
pub(crate) const VIEWER_SKETCH_BYTES: u64 = viewers::SKETCH_BYTES;

/// What remembering the last ten minutes of one stream takes, in bytes, and of how many it is done.
pub(crate) const FOLLOWED_BYTES: u64 = observer::STREAM_BYTES;
pub(crate) const MOST_FOLLOWED: u64 = observer::MOST_STREAMS as u64;

/// What is counted of one origin.
#[derive(Debug)]
pub(crate) struct Sight {
    pub(crate) started: SystemTime,
    pub(crate) traffic: Traffic,
    pub(crate) transport: Arc<Transport>,
    pub(crate) delays: Delays,
    pub(crate) viewers: Viewers,
    observed: Mutex<Observed>,
    leaving: AtomicBool,
}

impl Sight {
    pub(crate) fn new() -> Self {
        Self {
            started: SystemTime::now(),
            traffic: Traffic::default(),
            transport: Arc::default(),
            delays: Delays::default(),
            viewers: Viewers::new(),
            observed: Mutex::default(),
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

    /// What was seen in the last ten minutes.
    pub(crate) fn observed(&self) -> MutexGuard<'_, Observed> {
        // A panic under this lock leaves whole samples only.
        self.observed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets who watched streams that are not among these, which are in the order of their names.
    pub(crate) fn forget_viewers_but(&self, streams: &[PresentationInfo]) {
        let is_there = |name: &StreamName| streams.binary_search_by_key(&name, |it| &it.name);
        self.viewers.retain(|name| is_there(name).is_ok());
    }
}
