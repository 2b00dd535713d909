//! Where closed segments go, and the DVR playlist over both places.

/// Files in folders: what is found again, and what is refused.
mod directory;
/// The playlist of hours.
mod dvr;
/// Publishing waits for no sink.
mod queue;
/// What a directory keeps, and for how long.
mod retention;

/// A sink on a disk.
mod folder;
/// A sink in memory.
pub(crate) mod memory;
