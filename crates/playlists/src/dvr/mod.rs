//! The DVR playlist: hours of closed segments, the newest in memory, the older ones in the sink.

mod listing;
mod viewer;

pub(crate) use listing::{Dvr, on_demand};
pub use viewer::{DvrResource, DvrViewer};

/// The file name of every DVR playlist, beside the media playlist of its rendition.
pub const DVR_PLAYLIST: &str = "dvr.m3u8";
