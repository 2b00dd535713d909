//! The reading side of a DVR playlist: a handle that answers from both places.

use std::sync::Arc;

use bytes::Bytes;
use llhls_manifest::{
    Availability, Directives, InitVersion, Msn, PlaylistView, ResourceName, SegmentLookup,
};

use super::listing::Dvr;
use crate::archive::ArchivedName;
use crate::encode::{Body, Coding};
use crate::error::{MediaError, PlaylistError};
use crate::viewer::{Viewer, answer};

/// Reads the DVR playlist of one rendition: hours of whole segments, without parts.
///
/// Get one from [`Viewer::dvr`]. A segment is listed once the archive has it; the newest are
/// answered from memory all the same, for as long as they are there.
#[derive(Clone, Debug)]
pub struct DvrViewer {
    live: Viewer,
    dvr: Arc<Dvr>,
}

/// A resource of a DVR playlist: its bytes, or where they are.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DvrResource {
    /// In memory, as the parts it consists of.
    Memory(Vec<Bytes>),
    /// In the archive. The caller reads it, from
    /// [`Directory::path`](crate::Directory::path) or its own sink; a file that is no longer
    /// there was deleted since, for want of room: 410.
    Archived(ArchivedName),
}

impl DvrViewer {
    pub(crate) fn new(live: Viewer, dvr: Arc<Dvr>) -> Self {
        Self { live, dvr }
    }

    /// The DVR playlist. Without parts: `_HLS_msn` waits for a whole segment, `_HLS_skip` gives
    /// delta updates, which a list of hours wants.
    ///
    /// A version is written at most once, O(window), and shared.
    ///
    /// # Errors
    ///
    /// As [`Viewer::playlist`].
    ///
    /// # Cancel safety
    ///
    /// As [`Viewer::playlist`].
    pub async fn playlist(
        &self,
        directives: &Directives,
        coding: Coding,
    ) -> Result<Body, PlaylistError> {
        let rendition = self.live.rendition();
        let patience = |view: &PlaylistView| rendition.patience(view);
        let version = answer(&self.dvr.cache, patience, directives, Arc::clone).await;
        let version = version.inspect_err(|error| self.dvr.counters.view.playlist_failed(error))?;
        Ok(version.body(version.form(directives), coding))
    }

    /// A resource that the DVR playlist names, by that name. Never waits.
    ///
    /// # Errors
    ///
    /// [`MediaError::NotFound`] for what no DVR playlist names, parts among it; otherwise as
    /// [`segment`](Self::segment) and [`init`](Self::init).
    pub fn resource(&self, name: &str) -> Result<DvrResource, MediaError> {
        match self.dvr.names.parse(name) {
            Some(ResourceName::Segment(msn)) => self.segment(msn),
            Some(ResourceName::Init(version)) => self.init(version),
            _ => Err(MediaError::NotFound),
        }
    }

    /// A segment: from memory while it is there, else from the archive.
    ///
    /// # Errors
    ///
    /// [`MediaError::Expired`] after it left the DVR playlist and the time that players have for
    /// it then (UP-11); [`MediaError::NotFound`] for a gap and for what does not exist yet.
    pub fn segment(&self, msn: Msn) -> Result<DvrResource, MediaError> {
        let archived = self.dvr.cache.current().ok_or(MediaError::Gone)?;
        match self.live.find_segment(msn) {
            Ok(media) => return Ok(DvrResource::Memory(media)),
            Err(MediaError::Gone) => return Err(MediaError::Gone),
            Err(_) => {}
        }
        match archived.view().segment(msn) {
            SegmentLookup::Closed(segment) if segment.availability == Availability::Available => {
                Ok(self.archived(self.dvr.names.segment(msn).to_string()))
            }
            SegmentLookup::Gone => Err(MediaError::Expired),
            _ => Err(MediaError::NotFound),
        }
    }

    /// An init section: from memory while it is there, else from the archive.
    ///
    /// # Errors
    ///
    /// [`MediaError::NotFound`] when no segment that is answered for needs it.
    pub fn init(&self, version: InitVersion) -> Result<DvrResource, MediaError> {
        let archived = self.dvr.cache.current().ok_or(MediaError::Gone)?;
        let live = self.live.snapshot().map_err(|_| MediaError::Gone)?;
        if let Some(bytes) = live.init(version) {
            return Ok(DvrResource::Memory(vec![bytes]));
        }
        if archived.view().needs_init(version) {
            return Ok(self.archived(self.dvr.names.init(version).to_string()));
        }
        Err(MediaError::NotFound)
    }

    fn archived(&self, file: String) -> DvrResource {
        DvrResource::Archived(ArchivedName::new(self.dvr.recording.clone(), file))
    }
}
