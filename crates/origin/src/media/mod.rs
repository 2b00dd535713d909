//! The media side of the origin: fMP4 bytes in, parts that a playlist can name out.
//!
//! ```text
//!  bytes ──▶ MediaReader ──▶ InitSection, Fragment ──▶ PartCutter ──▶ MediaPart ──▶ publisher
//!            reader, boxes    init, codec, fragment     cutter          writer
//!
//!  embedded clips ──▶ DemoSource ──▶ the same, re-timed to the wall clock and looped
//! ```
//!
//! Nothing here reads a clock, a socket or a file: bytes and times are arguments. Errors are input,
//! panics are bugs.

mod boxes;
mod codec;
mod config;
mod cutter;
mod demo;
mod entry;
mod error;
mod fragment;
mod growing;
mod init;
mod limits;
mod part;
mod presentation;
mod reader;
mod segmenter;
mod single_track;
mod time;
mod unit;
mod writer;

#[cfg(test)]
mod tests;

pub use boxes::BoxKind;
pub use config::{CutConfig, part_target_for};
pub use cutter::{Accepted, PartCutter};
pub use demo::{DemoIndex, DemoPart, DemoRendition, DemoSegment, DemoSource, PART_DURATION};
pub use error::{Fault, MediaError};
pub use fragment::{CaptureTime, Fragment, Sample, SyncPoint};
pub use init::{InitSection, TrackId, TrackInfo, TrackKind};
pub use limits::MediaLimits;
pub use part::{Continuity, Independence, MediaPart, SegmentStart};
pub use presentation::PresentationCutter;
pub use reader::{MediaItem, MediaReader, StreamEnd};
pub use time::{FrameRate, MediaTime, Timescale};
