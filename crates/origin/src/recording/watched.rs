//! The sink as the archive's thread sees it: the directory, watched.

use std::mem::discriminant;
use std::sync::Arc;

use llhls::manifest::Msn;
use llhls::registry::{
    ArchivedSegment, DirectorySink, RecordingId, SegmentFacts, SegmentSink, StoreError,
};
use tokio::sync::Notify;

use super::shelf::Shelf;
use super::space::Looking;

/// Stores into a directory, tells operators when that begins and ends to fail, and tells the shelf
/// what changed.
#[derive(Debug)]
pub(super) struct Watched {
    sink: DirectorySink,
    shelf: Arc<Shelf>,
    progress: Arc<Notify>,
    looking: Looking,
    failing: Option<Failing>,
}

/// A run of failures. A line for each of them would fill the disk that is full.
#[derive(Debug)]
struct Failing {
    error: StoreError,
    lost: u64,
}

impl Watched {
    pub(super) fn new(
        sink: DirectorySink,
        shelf: Arc<Shelf>,
        progress: Arc<Notify>,
        looking: Looking,
    ) -> Self {
        Self {
            sink,
            shelf,
            progress,
            looking,
            failing: None,
        }
    }

    fn failed(&mut self, recording: &RecordingId, error: StoreError) {
        match &mut self.failing {
            // Of one kind: some errors name the segment, and each would be another one.
            Some(failing) if discriminant(&failing.error) == discriminant(&error) => {
                failing.lost += 1;
            }
            failing => {
                tracing::error!(%recording, "recording fails, live goes on: {error}");
                let lost = failing.as_ref().map_or(0, |failing| failing.lost) + 1;
                *failing = Some(Failing { error, lost });
            }
        }
    }

    fn stored(&mut self) {
        if let Some(Failing { lost, .. }) = self.failing.take() {
            tracing::warn!(lost, "recording goes on; what was lost is listed as gaps");
        }
    }
}

impl SegmentSink for Watched {
    fn store(&mut self, segment: &ArchivedSegment) -> Result<(), StoreError> {
        let outcome = self.sink.store(segment);
        match outcome {
            Ok(()) => {
                self.shelf.changed(&segment.recording);
                self.stored();
            }
            Err(error) => self.failed(&segment.recording, error),
        }
        self.looking.look();
        outcome
    }

    fn missing(&mut self, recording: &RecordingId, facts: &SegmentFacts) {
        self.sink.missing(recording, facts);
    }

    fn resume(&mut self, recording: &RecordingId, next: &SegmentFacts) -> Vec<SegmentFacts> {
        self.sink.resume(recording, next)
    }

    fn list_from(&mut self, recording: &RecordingId) -> Msn {
        // Asked after each segment, when it is counted.
        self.progress.notify_waiters();
        self.sink.list_from(recording)
    }

    fn expired(&mut self, recording: &RecordingId, first: Msn) {
        self.sink.expired(recording, first);
    }

    fn ended(&mut self, recording: &RecordingId) {
        self.sink.ended(recording);
    }

    fn closed(&mut self, recording: &RecordingId) {
        self.sink.closed(recording);
    }

    fn idle(&mut self) {
        self.sink.idle();
        self.looking.look();
    }
}
