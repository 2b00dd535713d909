//! A sink in memory, which can be told to fail.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use llhls_manifest::Msn;
use playlists::{
    Archive, ArchiveConfig, ArchiveWorker, ArchivedSegment, Playlists, Progress, RecordingId,
    RegistryConfig, Removal, SegmentFacts, SegmentSink, StoreError,
};

/// What was stored, and what was said besides.
#[derive(Debug, Default)]
pub(crate) struct MemorySink {
    /// Files by recording and name.
    pub(crate) files: BTreeMap<(RecordingId, String), Bytes>,
    pub(crate) missing: Vec<u64>,
    pub(crate) ended: Vec<RecordingId>,
    pub(crate) closed: Vec<RecordingId>,
    /// Answers of the next stores; stored when empty.
    pub(crate) answers: VecDeque<StoreError>,
    pub(crate) list_from: u64,
    pub(crate) expired_before: u64,
}

impl SegmentSink for MemorySink {
    fn store(&mut self, segment: &ArchivedSegment) -> Result<(), StoreError> {
        if let Some(error) = self.answers.pop_front() {
            return Err(error);
        }
        let id = &segment.recording;
        let media = segment.media.concat();
        assert_eq!(media.len() as u64, segment.facts.bytes);
        self.files
            .insert((id.clone(), segment.name()), media.into());
        if let (Some(name), Some(bytes)) = (segment.init_name(), &segment.init) {
            self.files.insert((id.clone(), name), bytes.clone());
        }
        Ok(())
    }

    fn missing(&mut self, _: &RecordingId, facts: &SegmentFacts) {
        self.missing.push(facts.msn.value());
    }

    fn list_from(&mut self, _: &RecordingId) -> Msn {
        Msn::new(self.list_from)
    }

    fn expired(&mut self, _: &RecordingId, first: Msn) {
        self.expired_before = first.value();
    }

    fn ended(&mut self, recording: &RecordingId) {
        self.ended.push(recording.clone());
    }

    fn closed(&mut self, recording: &RecordingId) {
        self.closed.push(recording.clone());
    }
}

/// A registry with an archive whose work is done when a test says so.
pub(crate) fn registry(config: ArchiveConfig) -> (Playlists, Archive, ArchiveWorker) {
    registry_with(config, |config| config.removal(Removal::AtOnce))
}

/// The same, configured further.
pub(crate) fn registry_with(
    config: ArchiveConfig,
    further: impl FnOnce(RegistryConfig) -> RegistryConfig,
) -> (Playlists, Archive, ArchiveWorker) {
    let (archive, worker) = Archive::new(config);
    let config = RegistryConfig::new()
        .bytes_per_rendition(1 << 20)
        .archive(archive.clone());
    (Playlists::new(further(config)).unwrap(), archive, worker)
}

/// Does all that is to be done.
pub(crate) fn work(worker: &mut ArchiveWorker, sink: &mut dyn SegmentSink) {
    while worker.step(sink) == Progress::Worked {}
}
