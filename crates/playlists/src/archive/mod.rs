//! Where closed segments go when they leave the registry: a bounded queue, a thread of its own, a
//! sink that may be slow, full or broken.
//!
//! ```text
//!  Publisher ── Recorder ──try──► queue (bounded) ──► ArchiveWorker ──► SegmentSink
//!                  │ no room: counted                      │ stored, or lost
//!                  ▼                                       ▼
//!             goes on at once                      DVR playlist: listed, or a gap
//! ```
//!
//! Publishing never waits for a disk: what does not fit into the queue is lost to the archive, and
//! only to it. The DVR playlist lists a segment when its fate is known, and so never takes
//! anything back.

mod directory;
mod error;
mod queue;
mod recorder;
mod segment;
mod sink;
mod worker;

pub use directory::{Directory, DirectoryConfig, DirectorySink, Durability, Recording};
pub use error::StoreError;
pub use queue::{Archive, ArchiveConfig, ArchiveHealth, ArchiveStats};
pub(crate) use queue::{Job, Missed, Shared};
pub(crate) use recorder::Recorder;
pub use segment::{ArchivedName, ArchivedSegment, RecordingId, SegmentFacts};
pub use sink::SegmentSink;
pub use worker::{ArchiveWorker, Progress};
