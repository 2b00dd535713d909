//! The publishing side of a rendition: one owner, no lock.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use llhls_manifest::{
    ClosedSegment, DiscontinuitySequence, InitVersion, M3u8Manifest, MediaRef, Msn, PlaylistView,
};
use ring_core::{AppendError, Seq, Writer};

use crate::error::PublishError;
use crate::name::StreamName;
use crate::part::{Part, Published};
use crate::presentation::Presentation;
use crate::rates::{RateMeter, Rates};
use crate::rendition::Rendition;
use crate::snapshot::{InitSection, SiblingReport, Snapshot};

/// Why a publisher has a desk.
const PARKED: &str = "the desk is parked by drop, and by nothing else";

/// The version that a manifest asks for before any change.
const FIRST_INIT: InitVersion = InitVersion::new(0);

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

/// Everything that publishing needs and nobody else touches.
#[derive(Debug)]
pub(crate) struct Desk {
    manifest: M3u8Manifest,
    writer: Writer,
    inits: Arc<[InitSection]>,
    meter: RateMeter,
    listed: Listed,
    /// The next part comes from a new publisher.
    interrupted: bool,
}

/// What the playlist names, by segment, and so must not leave memory.
#[derive(Debug)]
struct Listed {
    segments: VecDeque<ListedSegment>,
    /// Bytes of the open segment.
    open: u64,
    /// Bytes of all listed segments and the open one.
    total: u64,
    max_bytes: u64,
    max_parts: u64,
}

#[derive(Debug)]
struct ListedSegment {
    msn: Msn,
    /// The slot of its first part.
    first: u64,
    bytes: u64,
}

impl Desk {
    /// A desk whose ring holds `max_parts` slots and `max_bytes` of payload.
    pub(crate) fn new(
        manifest: M3u8Manifest,
        writer: Writer,
        max_parts: u64,
        max_bytes: u64,
    ) -> Self {
        let listed = Listed {
            segments: VecDeque::new(),
            open: 0,
            total: 0,
            max_bytes,
            max_parts,
        };
        Self {
            manifest,
            writer,
            inits: Arc::new([]),
            meter: RateMeter::default(),
            listed,
            interrupted: false,
        }
    }

    pub(crate) fn is_ended(&self) -> bool {
        self.manifest.view().edge().is_ended()
    }

    /// Where a successor of this stream has to start, so that no number is used twice (UP-17).
    pub(crate) fn continuation(&self) -> (Msn, DiscontinuitySequence) {
        self.manifest.continuation()
    }

    pub(crate) fn view(&self) -> PlaylistView {
        self.manifest.view()
    }

    /// The next part does not continue the last one: a publisher came back.
    pub(crate) fn interrupt(&mut self) {
        self.interrupted = self.manifest.view().edge().last_listed().is_some();
    }

    pub(crate) fn snapshot(&self, reports: Box<[SiblingReport]>) -> Snapshot {
        Snapshot::new(self.manifest.view(), reports, Arc::clone(&self.inits))
    }

    /// Books segments that gain no more parts.
    fn closed(&mut self, segments: impl IntoIterator<Item = ClosedSegment>, rates: &Rates) {
        for segment in segments {
            self.meter.close(segment.duration, rates);
            self.listed
                .close(&segment, self.manifest.view().edge().media_sequence);
        }
    }

    /// Lets go of init sections that nothing listed or retained needs any more (UP-12).
    fn release_inits(&mut self) {
        if self.inits.len() > 1 {
            let view = self.manifest.view();
            let (_, older) = self.inits.split_last().expect("there are at least two");
            if older.iter().any(|init| !view.needs_init(init.version)) {
                let newest = self.inits.last().map(|init| init.version);
                self.inits = self
                    .inits
                    .iter()
                    .filter(|init| view.needs_init(init.version) || Some(init.version) == newest)
                    .cloned()
                    .collect();
            }
        }
    }

    /// Closes the playlist for good.
    fn end(&mut self, rates: &Rates) {
        let rolled = self.manifest.end();
        self.closed(rolled.closed_segments(), rates);
        self.writer.end();
    }
}

impl Listed {
    /// Whether a part of `len` bytes in `slot` leaves room for all that is listed.
    fn check(&self, slot: Seq, len: usize) -> Result<(), PublishError> {
        let needed = self.total + len as u64;
        if needed > self.max_bytes {
            return Err(PublishError::OverBudget {
                needed,
                limit: self.max_bytes,
            });
        }
        let first = self
            .segments
            .front()
            .map_or_else(|| slot.value(), |segment| segment.first);
        if slot.value() - first >= self.max_parts {
            return Err(PublishError::TooManyParts {
                limit: self.max_parts,
            });
        }
        Ok(())
    }

    fn part(&mut self, len: usize) {
        self.open += len as u64;
        self.total += len as u64;
    }

    fn close(&mut self, segment: &ClosedSegment, first_listed: Msn) {
        self.segments.push_back(ListedSegment {
            msn: segment.msn,
            first: segment.first.value(),
            bytes: std::mem::take(&mut self.open),
        });
        while let Some(gone) = self
            .segments
            .pop_front_if(|segment| segment.msn < first_listed)
        {
            self.total -= gone.bytes;
        }
    }
}

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
    /// version: the next part opens a segment with `EXT-X-MAP` and `EXT-X-DISCONTINUITY` (SEG-05).
    pub fn init(&mut self, bytes: Bytes) -> InitVersion {
        let desk = self.desk.as_mut().expect(PARKED);
        if let Some(last) = desk.inits.last()
            && last.bytes == bytes
        {
            return last.version;
        }
        let version = desk.inits.last().map_or(FIRST_INIT, |last| {
            InitVersion::new(last.version.value().wrapping_add(1))
        });
        let first = desk.inits.is_empty();
        desk.inits = desk
            .inits
            .iter()
            .cloned()
            .chain([InitSection { version, bytes }])
            .collect();
        if !first {
            let rolled = desk.manifest.change_init(version);
            desk.closed(rolled.closed_segments(), &self.rendition.rates);
            // Visible now, before any part needs it: the new section is hinted (LL-21).
            self.make_visible();
        }
        version
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
        let desk = self.desk.as_mut().expect(PARKED);
        if desk.inits.is_empty() {
            return Err(PublishError::NoInit);
        }

        let (bytes, facts) = part.split();
        let len = bytes.len();
        desk.listed.check(self.rendition.reader.next(), len)?;

        // Bytes before name (law 1). A part that the manifest then refuses leaves a slot that no
        // playlist names; it goes with the next lap of the ring.
        let slot = desk.writer.append(bytes).map_err(refused_by_ring)?;
        let mut facts = facts(MediaRef::new(slot.value()));
        if desk.interrupted {
            facts = facts.discontinuous();
        }
        let rolled = desk.manifest.push(facts)?;
        desk.interrupted = false;

        let rates = &self.rendition.rates;
        desk.closed(rolled.closed, rates);
        desk.meter.part(len);
        desk.listed.part(len);
        desk.closed(rolled.closed_after, rates);
        let closed = rolled.closed_segments().last().map(|segment| segment.msn);
        self.make_visible();
        Ok(Published {
            position: rolled.position,
            closed,
        })
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
        let rendition = Arc::clone(&self.rendition);
        let desk = self.desk();
        if !desk.is_ended() {
            desk.end(&rendition.rates);
            self.make_visible();
        }
    }

    fn make_visible(&mut self) {
        let reports = self.presentation.reports(&self.rendition);
        let desk = self.desk();
        desk.release_inits();
        let snapshot = desk.snapshot(reports);
        self.rendition.cache.publish(snapshot);
    }

    fn desk(&mut self) -> &mut Desk {
        self.desk.as_mut().expect(PARKED)
    }
}

/// Bytes and slots were checked before, and one stream's room is never another's.
fn refused_by_ring(error: AppendError) -> PublishError {
    match error {
        AppendError::Ended => PublishError::Ended,
        _ => PublishError::Gone,
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
