//! The archive's own thread: one job after the other, each to its end.

use std::sync::Arc;
use std::time::Duration;

use super::queue::{Job, Missed, Polled, Shared};
use super::segment::ArchivedSegment;
use super::sink::SegmentSink;
use crate::dvr::Dvr;

/// How long nothing happens before the sink may look at the clock.
const PAUSE: Duration = Duration::from_secs(10);

/// Does an archive's work, where and when its owner likes: on a thread of its own
/// ([`Archive::start`](super::Archive::start) makes one), or job by job in a simulation.
#[derive(Debug)]
pub struct ArchiveWorker {
    shared: Arc<Shared>,
}

/// What [`ArchiveWorker::step`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// One job.
    Worked,
    /// Nothing: there was no job.
    Idle,
    /// Nothing, and there never will be: the archive's last handle was dropped.
    Finished,
}

impl ArchiveWorker {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Works until the archive's last handle is dropped and everything queued is done. Blocks.
    pub fn run(self, sink: &mut dyn SegmentSink) {
        loop {
            match self.shared.wait(PAUSE) {
                Polled::Job(job) => self.work(job, sink),
                Polled::Empty => sink.idle(),
                Polled::Closed => return,
            }
        }
    }

    /// Does one job, if there is one. Waits for nothing but the sink.
    pub fn step(&mut self, sink: &mut dyn SegmentSink) -> Progress {
        match self.shared.poll() {
            Polled::Job(job) => {
                self.work(job, sink);
                Progress::Worked
            }
            Polled::Empty => {
                sink.idle();
                Progress::Idle
            }
            Polled::Closed => Progress::Finished,
        }
    }

    fn work(&self, job: Job, sink: &mut dyn SegmentSink) {
        match job {
            Job::Segment(dvr, missed, segment) => {
                self.segment(&dvr, missed, &segment, sink);
            }
            Job::Gap(dvr, missed, facts) => {
                dvr.missed(missed, Some(&facts), sink);
                dvr.list(&facts, sink);
                self.shared.done(0, None);
            }
            Job::End(dvr, missed) => {
                dvr.missed(missed, None, sink);
                dvr.end();
                sink.ended(dvr.recording());
            }
            Job::Closed(recording) => sink.closed(&recording),
        }
    }

    fn segment(
        &self,
        dvr: &Dvr,
        missed: Missed,
        segment: &ArchivedSegment,
        sink: &mut dyn SegmentSink,
    ) {
        dvr.missed(missed, Some(&segment.facts), sink);
        let outcome = sink.store(segment);
        let facts = match outcome {
            Ok(()) => segment.facts,
            Err(_) => segment.facts.lost(),
        };
        self.shared.done(segment.facts.bytes, Some(outcome));
        dvr.list(&facts, sink);
    }
}
