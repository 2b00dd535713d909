//! Where closed segments go, and the DVR playlist over both places.

/// Files in folders: what is found again, what is deleted, what is refused.
mod directory;
/// The playlist of hours.
mod dvr;
/// Publishing waits for no sink.
mod queue;

/// A sink in memory.
pub(crate) mod memory;
