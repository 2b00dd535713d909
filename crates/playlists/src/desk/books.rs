//! The books of a desk: what each change of the manifest means for the ring, the meter, the archive
//! and the init sections.

use llhls_manifest::{ClosedSegment, Rolled};
use ring_core::Seq;
use tokio::time::Instant;

use super::Desk;
use super::ledger::Release;

impl Desk {
    /// A part was pushed into `slot`.
    pub(super) fn book_part(&mut self, rolled: &Rolled, slot: Seq, len: u64, now: Instant) {
        if let Some(segment) = rolled.closed {
            self.close(&segment, slot);
        }
        self.meter.part(len);
        self.ledger.part(len);
        if let Some(segment) = rolled.closed_after {
            self.close(&segment, slot.next());
        }
        self.slide(rolled, now);
    }

    /// Something else changed; the next part gets slot `end`.
    pub(super) fn book(&mut self, rolled: &Rolled, end: Seq, now: Instant) {
        for segment in rolled.closed_segments() {
            self.close(&segment, end);
        }
        self.slide(rolled, now);
    }

    fn close(&mut self, segment: &ClosedSegment, end: Seq) {
        self.rendition.counters.publish.segments.one();
        self.meter.close(segment.duration, &self.rendition.rates);
        self.ledger.close(segment.msn, end);
        self.record(segment);
    }

    fn slide(&mut self, rolled: &Rolled, now: Instant) {
        if let Some(removed) = &rolled.removed {
            self.ledger.unlist(removed, now);
            // Also without a housekeeper a stream that goes on gives back what is over.
            self.release_due(now);
        }
    }

    pub(super) fn release(&mut self, release: Release) {
        self.manifest.release(release.before);
        self.writer.release_before(release.slot);
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
    pub(super) fn release_inits(&mut self) {
        let Some((newest, older)) = self.inits.split_last() else {
            return;
        };
        if older.is_empty() {
            return;
        }
        let view = self.manifest.view();
        if older.iter().any(|init| !view.needs_init(init.version)) {
            let kept = older.iter().filter(|init| view.needs_init(init.version));
            self.inits = kept.chain([newest]).cloned().collect();
        }
    }
}
