//! Loom models: small programs whose every interleaving is run.
//!
//! `RUSTFLAGS="--cfg ring_loom" cargo test -p ring-core --lib --profile loom models`

mod append;
mod mirrors;
#[cfg(feature = "async")]
mod wait;

use bytes::Bytes;

use crate::budget::Budget;
use crate::config::RingConfig;
use crate::ring::Ring;
use crate::seq::Generation;
use crate::sync::Arc;

/// Runs `model` under every interleaving with at most three preemptions: enough for every bug
/// these models have found, and minutes less than all. `LOOM_MAX_PREEMPTIONS` overrides it.
pub(crate) fn check(model: impl Fn() + Send + Sync + 'static) {
    check_within(3, model);
}

/// As `check`, with another number: for models of three threads.
pub(crate) fn check_within(preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(Some(preemptions));
    builder.check(model);
}

/// A ring of its own for a model.
pub(crate) fn ring(slots: usize) -> Arc<Ring<()>> {
    shaped(&RingConfig::default().slots(slots))
}

pub(crate) fn shaped(config: &RingConfig) -> Arc<Ring<()>> {
    let shape = config.shape().expect("a possible shape");
    Arc::new(Ring::new(
        shape,
        Generation::new(0),
        Arc::new(Budget::new(u64::MAX)),
    ))
}

/// A payload that tells which position it was written for.
pub(crate) fn payload(seq: u64) -> Bytes {
    Bytes::copy_from_slice(&seq.to_be_bytes())
}

/// What is read, if it is, must be what was written for that position.
pub(crate) fn read_checked(ring: &Ring<()>, seq: u64) -> Result<(), crate::GetError> {
    ring.read(seq, |content| {
        assert_eq!(content.payload, payload(seq), "bytes of another position");
    })
}
