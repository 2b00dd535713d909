//! The media side of the origin: fMP4 bytes in, parts that a playlist can name out.
//!
//! ```text
//!  bytes ──▶ MediaReader ──▶ InitSection, Fragment ──▶ PresentationCutter ──▶ MediaPart ──▶ publisher
//!            boxes, reader    init, entry, codec       segmenter, growing,     part
//!                             unit, fragment           cutter, writer
//!
//!  embedded clips ──▶ DemoSource ──▶ MediaPart, re-timed to the wall clock and looped
//! ```
//!
//! Nothing here reads a clock, a socket or a file: bytes and times are arguments. Errors are input,
//! panics are bugs.

// What everything else speaks of.
mod budget;
mod error;
mod limits;
mod time;
// Bytes to samples. `boxes` walks, `single_track` copies a header for one of several tracks.
mod boxes;
mod codec;
mod entry;
mod fragment;
mod init;
mod language;
mod parameter_sets;
mod protection;
mod reader;
mod single_track;
mod sps;
mod unit;
// Samples to parts. `segmenter` says where segments start, `presentation` keeps tracks together.
mod config;
mod cutter;
mod growing;
mod part;
mod presentation;
mod segmenter;
mod writer;
// Parts from the binary itself.
mod demo;

#[cfg(test)]
mod tests;

pub use boxes::BoxKind;
pub use budget::{ByteBudget, Held, NoRoom};
pub use config::{CutConfig, part_target_for};
pub(crate) use cutter::Relation;
pub use cutter::{Accepted, PartCutter};
pub use demo::{DemoIndex, DemoPart, DemoRendition, DemoSegment, DemoSource, PART_DURATION};
pub use error::{Fault, MediaError};
pub use fragment::{CaptureTime, Fragment, Sample, SyncPoint};
pub use init::{InitSection, TrackId, TrackInfo, TrackKind};
pub use limits::MediaLimits;
pub(crate) use parameter_sets::ParameterSets;
#[cfg(fuzzing)]
#[doc(hidden)]
pub use parameter_sets::fit_headers;
pub use part::{Continuity, Independence, MediaPart, SegmentEnd, SegmentStart};
pub use presentation::PresentationCutter;
pub use reader::{MediaItem, MediaReader, StreamEnd};
#[cfg(feature = "rtmp")]
pub(crate) use sps::Sps;
pub use time::{FrameRate, MediaTime, Timescale};
