//! What an archive is to a registry: somebody who takes segments and may take long.

use llhls_manifest::Msn;

use super::error::StoreError;
use super::segment::{ArchivedSegment, RecordingId, SegmentFacts};

/// Stores closed segments: on a disk, in an object store.
///
/// Called by the thread that runs the [`ArchiveWorker`](super::ArchiveWorker), which is nobody
/// else's, so it may block: while it does, segments queue up to the archive's bounds, and what
/// comes then is lost to the archive. For each recording calls come in the order of its segments.
///
/// Only [`store`](Self::store) is needed; the rest is for sinks that keep books.
pub trait SegmentSink: Send {
    /// Stores a segment and its init section. The DVR playlist lists it when this returns, so by
    /// then it can be read.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; the DVR playlist then lists a gap. It is not tried again.
    fn store(&mut self, segment: &ArchivedSegment) -> Result<(), StoreError>;

    /// A segment of which there is nothing to store: a gap of the live playlist, or one that did
    /// not fit into the queue, or one that `store` refused.
    fn missing(&mut self, recording: &RecordingId, facts: &SegmentFacts) {
        let _ = (recording, facts);
    }

    /// What is there of a recording that goes on with `next`: consecutive, oldest first, the last
    /// one directly before `next`; gaps for what is known to be missing. Asked once, before the
    /// first segment after a start.
    fn resume(&mut self, recording: &RecordingId, next: &SegmentFacts) -> Vec<SegmentFacts> {
        let _ = (recording, next);
        Vec::new()
    }

    /// The oldest segment that there is room to list. Asked after each segment.
    fn list_from(&mut self, recording: &RecordingId) -> Msn {
        let _ = recording;
        Msn::new(0)
    }

    /// No playlist lists the segments before `first`, nor do players have a claim on them any
    /// more (UP-11): they may be deleted.
    fn expired(&mut self, recording: &RecordingId, first: Msn) {
        let _ = (recording, first);
    }

    /// The stream ended; no segment follows.
    fn ended(&mut self, recording: &RecordingId) {
        let _ = recording;
    }

    /// The registry has forgotten the stream: nobody asks for its DVR playlist any more.
    fn closed(&mut self, recording: &RecordingId) {
        let _ = recording;
    }

    /// Nothing was to be done for a while: time to look at the clock.
    fn idle(&mut self) {}
}
