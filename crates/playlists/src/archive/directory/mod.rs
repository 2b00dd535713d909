//! Recordings as files in folders, with std's blocking calls on the archive's own thread.
//!
//! ```text
//!  ROOT/PRESENTATION/RENDITION/EPOCH/index            a line a segment, appended
//!                                    EPOCH-init0.mp4
//!                                    EPOCH-17.m4s     written beside, then renamed
//!  ROOT/.lock                                        held by the one process that writes
//! ```
//!
//! Tokio's files would be the same calls on a pool of threads behind a queue; the archive has its
//! queue and its thread already, and a pool would let segments overtake each other.

mod book;
mod config;
mod files;
mod index;
mod lock;
mod recording;
mod sink;
mod steps;
#[cfg(test)]
mod tests;

pub use config::DirectoryConfig;
pub use files::Durability;
pub use recording::{Directory, Recording};
pub use sink::DirectorySink;
