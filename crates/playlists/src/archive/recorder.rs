//! The publishing side of an archive: one for each rendition, in its publisher's hands.

use std::sync::Arc;

use bytes::Bytes;
use llhls_manifest::{Availability, ClosedSegment, Continuity, MediaDuration};

use super::queue::{Archive, Job, Missed};
use super::segment::SegmentFacts;
use crate::dvr::Dvr;

/// Hands a rendition's closed segments to the archive, and remembers what it could not.
#[derive(Debug)]
pub(crate) struct Recorder {
    archive: Archive,
    dvr: Arc<Dvr>,
    missed: Missed,
}

impl Recorder {
    pub(crate) fn new(archive: Archive, dvr: Arc<Dvr>) -> Self {
        Self {
            archive,
            dvr,
            missed: Missed::default(),
        }
    }

    /// Offers a segment whose parts are `media`. O(parts) handles, no byte is copied.
    pub(crate) fn segment(
        &mut self,
        segment: &ClosedSegment,
        init: Option<Bytes>,
        media: Vec<Bytes>,
    ) {
        let whole = segment.availability == Availability::Available
            && media.len() == segment.parts as usize;
        let bytes = media.iter().map(|part| part.len() as u64).sum();
        let facts = SegmentFacts::new(segment, bytes);
        let (missed, dvr) = (self.missed, Arc::clone(&self.dvr));
        let taken = if whole {
            self.archive.offer(bytes, || {
                let segment = dvr.archived(facts, init, media);
                Job::Segment(dvr, missed, Box::new(segment))
            })
        } else {
            self.archive
                .offer(0, || Job::Gap(dvr, missed, facts.lost()))
        };
        self.missed = if taken {
            Missed::default()
        } else {
            self.missed.and(&facts)
        };
    }

    /// The stream ended.
    pub(crate) fn end(&mut self) {
        let missed = std::mem::take(&mut self.missed);
        let end = Job::End(Arc::clone(&self.dvr), missed);
        self.archive.shared().tell(end);
    }
}

impl Missed {
    /// How long the segment `index` of them is taken for: all alike, and together exactly as long
    /// as they were. Printed durations are multiples of 10 µs.
    pub(crate) fn share(&self, index: u64) -> MediaDuration {
        const UNIT: u64 = 10_000;
        let units = self.duration / UNIT;
        let longer = u64::from(index < units % self.segments);
        MediaDuration::from_nanos((units / self.segments + longer) * UNIT)
    }

    fn and(mut self, facts: &SegmentFacts) -> Self {
        self.segments += 1;
        self.duration += facts.duration.as_nanos();
        self.discontinuities += u64::from(facts.continuity == Continuity::Discontinuous);
        self
    }
}
