//! What is kept of streams beyond memory: the registry's archive in a directory, and the way back
//! to it.
//!
//! ```text
//!   Publisher ──► registry ──queue──► archive's thread ──► Watched ──► DirectorySink ──► files
//!                                                            │ tells of trouble, keeps
//!                                                            ▼
//!   GET …/dvr.m3u8 ◄── delivery ◄── registry, while it has the stream
//!                           ◄────── Shelf, when it has it no more (also after a restart)
//! ```
//!
//! While the registry has a stream its DVR playlist is the registry's, over memory and files. What
//! it has forgotten is on the shelf: read from its index when somebody asks, on demand.

mod config;
mod recordings;
mod shelf;
mod space;
mod watched;

pub use config::RecordingConfig;
pub(crate) use recordings::Recordings;
pub(crate) use shelf::LOADED_BYTES;
pub(crate) use space::Space;
