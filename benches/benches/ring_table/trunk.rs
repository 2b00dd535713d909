//! `media-plane`'s Trunk, as far as it does what a ring does: parts by (segment, part), and a
//! notification of everybody who listens at each part. It hashes nothing, has no wait for one
//! position, and no cursor over parts; its cursors are over samples, which nobody is woken for,
//! and closed segments.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use media_plane::ids::{PartIndex, SegmentSeq};
use media_plane::trunk::{PartEntry, SegmentWriter};
use media_plane::{Trunk, TrunkConfig};

/// Parts in a segment: four seconds of half-second ones. A lookup scans those of its segment.
const PER_SEGMENT: u64 = 8;

/// One stream of parts, numbered in a line.
pub(crate) struct Parts {
    trunk: Arc<Trunk>,
    writer: SegmentWriter,
    next: AtomicU64,
}

fn place(number: u64) -> (SegmentSeq, PartIndex) {
    let narrow = |number: u64| u32::try_from(number).expect("a short run");
    let segment = SegmentSeq::new(narrow(number / PER_SEGMENT));
    (segment, PartIndex::new(narrow(number % PER_SEGMENT)))
}

impl Parts {
    /// Keeps `capacity` parts; as many may wait.
    pub(crate) fn new(capacity: usize) -> Arc<Self> {
        let few = NonZeroUsize::MIN;
        let parts = NonZeroUsize::new(capacity).expect("room for something");
        let trunk = Trunk::new(TrunkConfig::new(few, few, few, few, parts));
        let writer = trunk.segment_writer().expect("the first writer");
        Arc::new(Self {
            trunk,
            writer,
            next: AtomicU64::new(0),
        })
    }

    /// Publishes the next part, and returns its number.
    pub(crate) fn append(&self, bytes: Bytes) -> u64 {
        let number = self.next.load(Ordering::Relaxed);
        let (segment, part) = place(number);
        let entry = PartEntry::new(bytes, segment, part, Duration::from_millis(500), true);
        self.writer.publish_part(entry);
        self.next.store(number + 1, Ordering::Release);
        number
    }

    /// The number of the newest part.
    pub(crate) fn last(&self) -> Option<u64> {
        self.next.load(Ordering::Acquire).checked_sub(1)
    }

    pub(crate) fn get(&self, number: u64) -> Option<Bytes> {
        let (segment, part) = place(number);
        self.trunk.part_bytes(segment, part)
    }

    /// Waits for a part: listens, and looks again, as its documentation asks.
    pub(crate) async fn wait(&self, number: u64) -> Bytes {
        loop {
            if let Some(bytes) = self.get(number) {
                return bytes;
            }
            let listener = self.trunk.listen().expect("room for a waiter");
            if let Some(bytes) = self.get(number) {
                return bytes;
            }
            listener.await;
        }
    }
}
