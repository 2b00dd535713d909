//! The publishing side of a rendition: one owner, no lock.

use std::sync::Arc;

use bytes::Bytes;
use llhls_manifest::{InitVersion, PlaylistView};

use crate::desk::{Desk, InitChange};
use crate::error::PublishError;
use crate::name::StreamName;
use crate::part::{Part, Published};
use crate::presentation::Presentation;
use crate::rendition::Rendition;

/// The right to publish one rendition.
///
/// There is at most one at a time. It owns the manifest, so publishing takes no lock that anybody
/// else could hold; dropping it parks the state, and the next publisher of the same name continues
/// the Media Sequence Numbers behind an `EXT-X-DISCONTINUITY`.
#[derive(Debug)]
pub struct Publisher {
    presentation: Arc<Presentation>,
    rendition: Arc<Rendition>,
    /// Invariant: present until `drop` parks it.
    desk: Option<Box<Desk>>,
}

/// Why a publisher has a desk.
const PARKED: &str = "the desk is parked by drop, and by nothing else";

impl Publisher {
    pub(crate) fn new(
        presentation: Arc<Presentation>,
        rendition: Arc<Rendition>,
        desk: Box<Desk>,
    ) -> Self {
        Self {
            presentation,
            rendition,
            desk: Some(desk),
        }
    }

    /// Sets the init section that the next part needs.
    ///
    /// The same bytes again change nothing. Other bytes after media has been published start a new
    /// version: it is hinted at once (LL-21), and the next part opens a segment with `EXT-X-MAP` and
    /// `EXT-X-DISCONTINUITY` (SEG-05).
    pub fn init(&mut self, bytes: Bytes) -> InitVersion {
        let desk = self.desk.as_mut().expect(PARKED);
        match desk.init(bytes, &self.rendition.rates) {
            InitChange::Unseen(version) => version,
            InitChange::Hinted(version) => {
                self.make_visible();
                version
            }
        }
    }

    /// Publishes one part: bytes and text become visible in one step, then waiters wake.
    ///
    /// Cost: one ring slot, O(1) amortised for the manifest; text is written only when somebody
    /// asks for it.
    ///
    /// # Errors
    ///
    /// [`PublishError`]; nothing of a refused part is visible, and the next part may be tried.
    pub fn publish(&mut self, part: Part) -> Result<Published, PublishError> {
        if self.rendition.fin_requested() {
            self.end();
        }
        let next = self.rendition.reader.next();
        let desk = self.desk.as_mut().expect(PARKED);
        let published = desk
            .push(part, next, &self.rendition.rates)
            .inspect_err(|error| self.rendition.counters.publish.refused(error))?;
        self.make_visible();
        Ok(published)
    }

    /// Ends the stream: the open segment is closed, the playlist gets `EXT-X-ENDLIST`, everybody
    /// who waits is answered. The media stays readable until the presentation is removed.
    pub fn fin(mut self) {
        self.end();
    }

    /// The name of the rendition.
    #[must_use]
    pub fn rendition(&self) -> &StreamName {
        &self.rendition.name
    }

    /// The manifest's current state, as the next snapshot will show it.
    #[must_use]
    pub fn view(&self) -> PlaylistView {
        self.desk.as_ref().expect(PARKED).view()
    }

    fn end(&mut self) {
        let desk = self.desk.as_mut().expect(PARKED);
        if !desk.is_ended() {
            desk.end(&self.rendition.rates);
            self.make_visible();
        }
    }

    fn make_visible(&self) {
        let reports = self.presentation.reports(&self.rendition);
        let desk = self.desk.as_ref().expect(PARKED);
        self.rendition.cache.publish(desk.snapshot(reports));
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        if self.rendition.fin_requested() {
            self.end();
        }
        if let Some(desk) = self.desk.take() {
            self.rendition.park(desk);
        }
    }
}
