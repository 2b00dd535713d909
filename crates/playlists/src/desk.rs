//! What publishing one rendition needs and nobody else touches: handed from publisher to publisher.

use std::sync::Arc;

use bytes::Bytes;
use llhls_manifest::{
    ClosedSegment, DiscontinuitySequence, InitVersion, M3u8Manifest, MediaRef, Msn, PlaylistView,
};
use ring_core::{AppendError, Seq, Writer};

use crate::archive::Recorder;
use crate::error::PublishError;
use crate::listed::Listed;
use crate::part::{Part, Published};
use crate::rates::{RateMeter, Rates};
use crate::snapshot::{InitSection, SiblingReport, Snapshot};
use crate::stats::RenditionCounters;

/// The version that a manifest asks for before any change.
const FIRST_INIT: InitVersion = InitVersion::new(0);

/// The manifest, the writing side of the ring, and the books about both.
#[derive(Debug)]
pub(crate) struct Desk {
    manifest: M3u8Manifest,
    writer: Writer,
    inits: Arc<[InitSection]>,
    meter: RateMeter,
    listed: Listed,
    counters: Arc<RenditionCounters>,
    /// Where closed segments go, besides.
    recorder: Option<Recorder>,
    /// The next part comes from a new publisher.
    interrupted: bool,
}

/// What setting an init section meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InitChange {
    /// Nothing that a viewer could see: the same as before, or the first.
    Unseen(InitVersion),
    /// The playlist hints a new version now.
    Hinted(InitVersion),
}

impl Desk {
    /// A desk whose ring holds what `listed` allows.
    pub(crate) fn new(
        manifest: M3u8Manifest,
        writer: Writer,
        listed: Listed,
        counters: Arc<RenditionCounters>,
        recorder: Option<Recorder>,
    ) -> Self {
        Self {
            manifest,
            writer,
            inits: Arc::new([]),
            meter: RateMeter::default(),
            listed,
            counters,
            recorder,
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

    pub(crate) fn snapshot(&self, reports: Box<[SiblingReport]>) -> Snapshot {
        self.counters.publish.versions.one();
        Snapshot::new(
            self.manifest.view(),
            reports,
            Arc::clone(&self.inits),
            Arc::clone(&self.counters),
        )
    }

    /// The next part does not continue the last one: a publisher came back.
    pub(crate) fn interrupt(&mut self) {
        self.interrupted = self.manifest.view().edge().last_listed().is_some();
    }

    /// Sets the init section that the next part needs.
    pub(crate) fn init(&mut self, bytes: Bytes, rates: &Rates) -> InitChange {
        let (version, change) = match self.inits.last() {
            None => (FIRST_INIT, InitChange::Unseen(FIRST_INIT)),
            Some(last) if last.bytes == bytes => return InitChange::Unseen(last.version),
            Some(last) => {
                let version = InitVersion::new(last.version.value().wrapping_add(1));
                let rolled = self.manifest.change_init(version);
                self.close(rolled.closed_segments(), rates);
                (version, InitChange::Hinted(version))
            }
        };
        let added = [InitSection { version, bytes }];
        self.inits = self.inits.iter().cloned().chain(added).collect();
        change
    }

    /// Stores a part in the ring, in `next`, and rolls the manifest. Nobody sees either yet.
    pub(crate) fn push(
        &mut self,
        part: Part,
        next: Seq,
        rates: &Rates,
    ) -> Result<Published, PublishError> {
        if self.inits.is_empty() {
            return Err(PublishError::NoInit);
        }
        let (bytes, facts) = part.split();
        let len = bytes.len() as u64;
        self.listed.check(next, len)?;

        // Bytes before name (law 1). A part that the manifest then refuses leaves a slot that no
        // playlist names; it goes with the next lap of the ring.
        let slot = self.writer.append(bytes).map_err(refused_by_ring)?;
        let mut facts = facts(MediaRef::new(slot.value()));
        if self.interrupted {
            facts = facts.discontinuous();
        }
        let rolled = self.manifest.push(facts)?;
        self.interrupted = false;

        self.close(rolled.closed, rates);
        self.counters.publish.parts.one();
        self.counters.publish.bytes.add(len);
        self.meter.part(len);
        self.listed.part(slot, len);
        self.close(rolled.closed_after, rates);
        self.release_inits();
        let closed = rolled.closed_segments().last().map(|segment| segment.msn);
        Ok(Published {
            position: rolled.position,
            closed,
        })
    }

    /// Closes the playlist for good.
    pub(crate) fn end(&mut self, rates: &Rates) {
        let rolled = self.manifest.end();
        self.close(rolled.closed_segments(), rates);
        self.writer.end();
        if let Some(recorder) = &mut self.recorder {
            recorder.end();
        }
    }

    /// Books segments that gain no more parts.
    fn close(&mut self, segments: impl IntoIterator<Item = ClosedSegment>, rates: &Rates) {
        for segment in segments {
            self.counters.publish.segments.one();
            self.meter.close(segment.duration, rates);
            self.listed
                .close(&segment, self.manifest.view().edge().media_sequence);
            self.record(&segment);
        }
    }

    /// Hands a closed segment to the archive, if there is one, and goes on whether or not it was
    /// taken.
    fn record(&mut self, segment: &ClosedSegment) {
        let Some(recorder) = &mut self.recorder else {
            return;
        };
        let (view, reader) = (self.manifest.view(), self.writer.reader());
        let media = view
            .segment_media(segment.msn)
            .filter_map(|media| reader.get(Seq::new(media.value())).ok())
            .collect();
        let init = self
            .inits
            .iter()
            .find(|init| Some(init.version) == segment.init);
        recorder.segment(segment, init.map(|init| init.bytes.clone()), media);
    }

    /// Lets go of init sections that nothing listed or retained needs any more (UP-12).
    fn release_inits(&mut self) {
        let Some((newest, older)) = self.inits.split_last() else {
            return;
        };
        let view = self.manifest.view();
        if older.iter().any(|init| !view.needs_init(init.version)) {
            let kept = older.iter().filter(|init| view.needs_init(init.version));
            self.inits = kept.chain([newest]).cloned().collect();
        }
    }
}

/// Bytes and slots were checked before, and one stream's room is never another's.
fn refused_by_ring(error: AppendError) -> PublishError {
    match error {
        AppendError::Ended => PublishError::Ended,
        _ => PublishError::Gone,
    }
}
