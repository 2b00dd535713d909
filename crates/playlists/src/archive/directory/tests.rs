//! Every operation on the disk fails once, in every place.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use llhls_manifest::{
    Availability, Continuity, DiscontinuitySequence, InitVersion, MediaDuration, Msn, ResourceNames,
};

use super::files::{Disk, Durability, Files, PARTIAL};
use super::{DirectoryConfig, DirectorySink};
use crate::archive::{ArchivedSegment, RecordingId, SegmentFacts, SegmentSink, StoreError};
use crate::media::{Audio, Media};

/// How a disk fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// For good, in the middle of what it does: the process is gone.
    Crash,
    /// For so many operations: there is no room.
    Full(u64),
}

/// A disk whose operations fail from the given one on.
#[derive(Debug)]
struct Faulty {
    disk: Disk,
    done: Arc<AtomicU64>,
    from: u64,
    fault: Fault,
}

impl Faulty {
    /// Whether this operation is one that fails.
    fn fails(&self) -> bool {
        let number = self.done.fetch_add(1, Ordering::Relaxed);
        match self.fault {
            Fault::Crash => number >= self.from,
            Fault::Full(count) => (self.from..self.from + count).contains(&number),
        }
    }

    /// Whether the process was gone before this operation.
    fn is_over(&self) -> bool {
        self.fault == Fault::Crash && self.done.load(Ordering::Relaxed) > self.from + 1
    }

    fn error(&self) -> io::Error {
        match self.fault {
            Fault::Crash => io::Error::other("the process is gone"),
            Fault::Full(_) => io::ErrorKind::StorageFull.into(),
        }
    }
}

impl Files for Faulty {
    fn write(&mut self, path: &Path, rope: &[Bytes]) -> io::Result<()> {
        if !self.fails() {
            return self.disk.write(path, rope);
        }
        if self.fault == Fault::Crash && !self.is_over() {
            let name = path.file_name().unwrap().to_str().unwrap();
            let half = rope.concat();
            let _ = fs::write(
                path.with_file_name(format!("{PARTIAL}{name}")),
                &half[..half.len() / 2],
            );
        }
        Err(self.error())
    }

    fn append(&mut self, path: &Path, len: u64, text: &str) -> io::Result<()> {
        if !self.fails() {
            return self.disk.append(path, len, text);
        }
        // Half of it is written, by a full disk too; by a process that is gone, nothing more.
        if self.is_over() {
            return Err(self.error());
        }
        let _ = self.disk.append(path, len, &text[..text.len() / 2]);
        Err(self.error())
    }

    fn remove(&mut self, path: &Path) -> io::Result<()> {
        // Deleting needs no room.
        if self.fault == Fault::Crash && self.fails() {
            return Err(self.error());
        }
        self.disk.remove(path)
    }

    fn make_folder(&mut self, path: &Path) -> io::Result<()> {
        if self.fails() {
            return Err(self.error());
        }
        self.disk.make_folder(path)
    }

    fn remove_folder(&mut self, path: &Path) -> io::Result<()> {
        self.disk.remove_folder(path)
    }
}

struct Folder(PathBuf);

impl Folder {
    fn new(test: &str, number: u64) -> Self {
        let path = format!("llhls-faults-{test}-{}-{number}", std::process::id());
        Self(std::env::temp_dir().join(path))
    }

    fn faulty(&self, from: u64, fault: Fault) -> (io::Result<DirectorySink>, Arc<AtomicU64>) {
        let done = Arc::new(AtomicU64::new(0));
        let files = Faulty {
            disk: Disk {
                durability: Durability::Lazy,
            },
            done: Arc::clone(&done),
            from,
            fault,
        };
        let config = DirectoryConfig::new(&self.0);
        (DirectorySink::open_with(config, Box::new(files)), done)
    }

    fn reopened(&self) -> DirectorySink {
        DirectorySink::open(DirectoryConfig::new(&self.0)).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn id() -> RecordingId {
    let names = ResourceNames::new("e1").unwrap();
    RecordingId::new("show".parse().unwrap(), "video".parse().unwrap(), &names)
}

fn bytes(msn: u64) -> Bytes {
    Bytes::from(format!("segment {msn} ").repeat(10))
}

fn segment(msn: u64) -> ArchivedSegment {
    let media = bytes(msn);
    ArchivedSegment {
        recording: id(),
        names: ResourceNames::new("e1").unwrap(),
        target_duration: MediaDuration::from_secs(2),
        carries: Media::Audio(Audio::new("mp4a.40.2", 2)),
        facts: SegmentFacts {
            msn: Msn::new(msn),
            duration: MediaDuration::from_secs(2),
            continuity: Continuity::Continuous,
            discontinuity_sequence: DiscontinuitySequence::new(0),
            init: Some(InitVersion::new(0)),
            captured_at: None,
            bytes: media.len() as u64,
            availability: Availability::Available,
        },
        init: Some(Bytes::from_static(b"init")),
        media: vec![media.slice(..20), media.slice(20..)],
    }
}

/// Stores and deletes as an archive would; says what was stored.
fn live(sink: &mut DirectorySink, segments: std::ops::Range<u64>) -> Vec<u64> {
    let mut stored = Vec::new();
    for msn in segments {
        let segment = segment(msn);
        match sink.store(&segment) {
            Ok(()) => stored.push(msn),
            Err(_) => sink.missing(&id(), &segment.facts.lost()),
        }
        sink.expired(&id(), Msn::new(msn.saturating_sub(5)));
    }
    sink.ended(&id());
    stored
}

/// What the index names is whole; gives the numbers it names.
fn whole(sink: &DirectorySink) -> Vec<u64> {
    let directory = sink.directory();
    let Ok(Some(recording)) = directory.recording(&id()) else {
        return Vec::new();
    };
    let available = recording
        .segments()
        .filter(|facts| facts.availability == Availability::Available);
    let numbers: Vec<_> = available.map(|facts| facts.msn.value()).collect();
    for msn in &numbers {
        let name = recording.resource(&format!("e1-{msn}.m4s")).unwrap();
        assert_eq!(fs::read(directory.path(&name)).unwrap(), bytes(*msn));
    }
    if !numbers.is_empty() {
        let init = recording.resource("e1-init0.mp4").unwrap();
        assert_eq!(fs::read(directory.path(&init)).unwrap(), b"init");
    }
    numbers
}

#[test]
fn a_crash_anywhere_loses_what_was_not_stored_and_nothing_else() {
    for from in 0.. {
        let folder = Folder::new("crash", from);
        let (sink, done) = folder.faulty(from, Fault::Crash);
        let stored = sink.map_or_else(|_| Vec::new(), |mut sink| live(&mut sink, 1..13));
        let mut sink = folder.reopened();
        let found = whole(&sink);
        // Those that were not deleted, deleted ones on either side of the crash.
        let kept = stored.iter().filter(|msn| **msn >= 7);
        for msn in kept {
            assert!(
                found.contains(msn),
                "crash at {from}: {msn} of {stored:?} is lost"
            );
        }
        assert!(
            found.iter().all(|msn| stored.contains(msn)),
            "crash at {from}"
        );
        // And it goes on: where it stopped, or anew where nothing is left.
        let next = found.last().map_or(1, |last| last + 1);
        assert_eq!(sink.store(&segment(next)), Ok(()), "crash at {from}");
        drop(sink);
        assert!(whole(&folder.reopened()).contains(&next));
        if done.load(Ordering::Relaxed) <= from {
            assert_eq!(stored.len(), 12, "without a fault everything is stored");
            return;
        }
    }
}

#[test]
fn a_full_disk_costs_what_came_meanwhile_and_is_said() {
    for from in 1..32 {
        for count in [1, 2, 7] {
            let folder = Folder::new("full", from * 10 + count);
            let (sink, _) = folder.faulty(from, Fault::Full(count));
            let mut sink = sink.unwrap();
            let stored = live(&mut sink, 1..13);
            assert!(
                stored.len() as u64 + count >= 12,
                "{from} {count}: {stored:?}"
            );
            drop(sink);
            let expected: Vec<_> = stored.iter().copied().filter(|msn| *msn >= 7).collect();
            let found = whole(&folder.reopened());
            let found: Vec<_> = found.into_iter().filter(|msn| *msn >= 7).collect();
            assert_eq!(found, expected, "{from} {count}");
        }
    }
    let folder = Folder::new("full", 0);
    let (sink, _) = folder.faulty(2, Fault::Full(1));
    assert_eq!(sink.unwrap().store(&segment(1)), Err(StoreError::Full));
}

#[test]
fn a_segment_that_comes_again_may_be_rounded_otherwise_and_nothing_else() {
    let folder = Folder::new("again", 0);
    live(&mut folder.reopened(), 1..4);
    let mut sink = folder.reopened();
    let longer_by = |micros: u64| {
        let mut offered = segment(2);
        let nanos = offered.facts.duration.as_nanos() + micros * 1000;
        offered.facts.duration = MediaDuration::from_nanos(nanos);
        offered
    };
    assert_eq!(sink.store(&longer_by(10)), Ok(()));
    let refused = StoreError::NumberReused {
        msn: Msn::new(2),
        next: Msn::new(4),
    };
    assert_eq!(sink.store(&longer_by(1000)), Err(refused));
    let mut other = segment(2);
    other.media = vec![Bytes::from(vec![b'x'; other.facts.bytes as usize])];
    assert_eq!(sink.store(&other), Err(refused));
    assert_eq!(whole(&sink), [1, 2, 3]);
}
