//! A directory sink in a folder of a test's own.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use llhls_manifest::{MediaDuration, ResourceNames};
use playlists::{
    Archive, ArchiveConfig, ArchiveWorker, DirectoryConfig, DirectorySink, Part, Playlists,
    Publisher, RecordingId, RegistryConfig, Removal,
};

use super::memory::{registry, work};
use crate::support::{PARTS, name, payload, publish, publisher};

/// A folder of this test's own; gone with it.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = format!("llhls-archive-{}-{number}", std::process::id());
        Self(std::env::temp_dir().join(path))
    }

    pub(crate) fn config(&self) -> DirectoryConfig {
        DirectoryConfig::new(&self.0)
    }

    pub(crate) fn sink(&self) -> DirectorySink {
        DirectorySink::open(self.config()).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn recording(epoch: &str) -> RecordingId {
    let names = ResourceNames::new(epoch).unwrap();
    RecordingId::new(name("show"), name("video"), &names)
}

pub(crate) fn segment(msn: u64) -> Vec<u8> {
    let numbers = (msn - 1) * PARTS..msn * PARTS;
    numbers.flat_map(payload).collect()
}

/// All files below a folder but its lock, relative to it, in order.
pub(crate) fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            found.extend(files(&path).iter().map(|file| format!("{name}/{file}")));
        } else if name != ".lock" {
            found.push(name);
        }
    }
    found.sort();
    found
}

/// A stream whose playlist has so many segments of one, then another process.
pub(crate) fn recorded(folder: &Folder, segments: u64) {
    let (playlists, archive, mut worker) = registry(ArchiveConfig::new());
    let mut sink = folder.sink();
    let mut publisher = publisher(&playlists);
    publish(&mut publisher, 0..PARTS * segments);
    work(&mut worker, &mut sink);
    // It dies: nobody says that anything ended.
    drop((worker, archive, sink));
}

pub(crate) fn parts(publisher: &mut Publisher, segments: std::ops::Range<u64>, bytes: usize) {
    for number in segments.start * PARTS..segments.end * PARTS {
        let bytes = Bytes::from(vec![number as u8; bytes]);
        let part = Part::new(bytes, MediaDuration::from_millis(500));
        let part = match number % PARTS {
            0 => part.independent(),
            3 => part.cut(llhls_manifest::Cut::After),
            _ => part,
        };
        publisher.publish(part).unwrap();
    }
}

pub(crate) fn working(
    folder: DirectoryConfig,
) -> (Playlists, Archive, ArchiveWorker, DirectorySink) {
    let (archive, worker) = Archive::new(ArchiveConfig::new());
    let config = RegistryConfig::new()
        .bytes_per_rendition(1 << 20)
        .removal(Removal::AtOnce)
        .archive(archive.clone());
    let sink = DirectorySink::open(folder).unwrap();
    (Playlists::new(config).unwrap(), archive, worker, sink)
}
