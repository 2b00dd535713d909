//! The sink itself: files in, files out, and books that survive a crash.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use llhls_manifest::{Availability, Msn};

use super::book::Book;
use super::config::DirectoryConfig;
use super::files::{Disk, Files};
use super::index::{Entry, Header, INDEX, Index, end_line};
use super::lock::Lock;
use super::recording::Directory;
use super::steps::{append, between, delete_first, is_stored, store_init};
use crate::archive::error::StoreError;
use crate::archive::segment::{ArchivedSegment, RecordingId, SegmentFacts};
use crate::archive::sink::SegmentSink;

/// Stores recordings below one folder.
///
/// A segment is written beside its place and renamed into it, then its line is appended to the
/// index: whatever crashes, the index names whole files only. Memory: about 100 bytes a stored
/// segment. One process at a time may write below a root, which is locked meanwhile.
///
/// A recording is one run of numbers. A stream that continues it (see
/// [`Recording::continuation`](super::Recording::continuation)) is appended and its DVR playlist
/// begins with what was recorded before; up to 1024 segments that a crash lost in between are
/// listed as gaps. One that goes on further ahead replaces it. One that begins with segments that are
/// stored already, byte for byte, as a stream does whose numbers follow the clock, goes on behind
/// them. One that counts anew under the old epoch is refused with [`StoreError::NumberReused`].
///
/// Names of streams are names of folders, so the file system has to tell `a` from `A` if streams
/// are named like that.
#[derive(Debug)]
pub struct DirectorySink {
    config: DirectoryConfig,
    directory: Directory,
    files: Box<dyn Files>,
    _lock: Lock,
    books: BTreeMap<RecordingId, Book>,
    /// Bytes of all books.
    bytes: u64,
    swept: SystemTime,
}

/// How often closed recordings are looked at for their age.
const SWEEP: Duration = Duration::from_secs(10);

/// Stale lines that an index may have beside as many good ones.
const STALE: usize = 1024;

impl DirectorySink {
    /// Opens a folder, making it where there is none, and reads the index of each recording in it.
    ///
    /// What a crash left behind is tidied up: half-written files and files that no index names
    /// are deleted; what an index names and is not whole is listed as a gap.
    ///
    /// # Errors
    ///
    /// When the folder cannot be made, read or written;
    /// [`ResourceBusy`](io::ErrorKind::ResourceBusy) when another process records into it.
    pub fn open(config: DirectoryConfig) -> io::Result<Self> {
        let disk = Disk {
            durability: config.durability,
        };
        Self::open_with(config, Box::new(disk))
    }

    pub(super) fn open_with(
        config: DirectoryConfig,
        mut files: Box<dyn Files>,
    ) -> io::Result<Self> {
        let directory = Directory::new(config.root.clone());
        let swept = (config.clock)();
        files.make_folder(directory.root())?;
        let mut sink = Self {
            _lock: Lock::take(directory.root())?,
            config,
            directory,
            files,
            books: BTreeMap::new(),
            bytes: 0,
            swept,
        };
        for id in sink.directory.recordings()? {
            let text = fs::read(sink.directory.folder(&id).join(INDEX))?;
            let text = String::from_utf8_lossy(&text);
            let index = Index::read(&text).filter(|it| it.header.names.epoch() == &*id.epoch);
            // One whose first line is damaged is none of ours any more, and left alone.
            if let Some(index) = index {
                let book = sink.reopen(&id, index, text.len() as u64)?;
                sink.bytes += book.bytes;
                sink.books.insert(id, book);
            }
        }
        Ok(sink)
    }

    /// The reading side.
    #[must_use]
    pub fn directory(&self) -> Directory {
        self.directory.clone()
    }

    /// The books of a recording as the disk has it; what does not agree is put right.
    fn reopen(&mut self, id: &RecordingId, index: Index, text: u64) -> io::Result<Book> {
        let mut book = Book::new(index.header, self.directory.folder(id));
        let mut wanted = BTreeSet::from([book.index()]);
        let mut whole = index.len == text;
        for mut entry in index.entries {
            let path = book.segment(entry.facts.msn);
            let stored = entry.facts.availability == Availability::Available;
            if stored && !fs::metadata(&path).is_ok_and(|file| file.len() == entry.facts.bytes) {
                whole = false;
                // The oldest ones were deleted on purpose; one further on was lost.
                if book.entries.is_empty() {
                    continue;
                }
                entry.facts = entry.facts.lost();
            } else if stored {
                wanted.insert(path);
                wanted.extend(entry.facts.init.map(|version| book.init(version)));
            }
            book.closed = Some(entry.stored);
            book.push(entry);
        }
        book.closed.get_or_insert(self.swept);
        book.len = index.len;
        for file in fs::read_dir(&book.folder)? {
            let path = file?.path();
            if !wanted.contains(&path) {
                self.files.remove(&path)?;
            }
        }
        if !whole {
            self.rewrite(&mut book)?;
            if index.ended {
                append(&mut *self.files, &mut book, &end_line())?;
            }
        }
        Ok(book)
    }

    /// Writes an index anew, without the lines that no longer count.
    fn rewrite(&mut self, book: &mut Book) -> io::Result<()> {
        let text = Index::write(&book.header, &book.entries);
        let len = text.len() as u64;
        self.files.write(&book.index(), &[Bytes::from(text)])?;
        (book.len, book.stale) = (len, 0);
        book.unwritten.clear();
        Ok(())
    }

    fn now(&self) -> SystemTime {
        (self.config.clock)()
    }

    /// Makes room for `bytes` more of a recording, by deleting what nobody lists.
    fn make_room(&mut self, id: &RecordingId, bytes: u64) -> Result<(), StoreError> {
        while self.bytes.saturating_add(bytes) > self.config.bytes {
            if !self.delete_oldest_closed() && !self.delete_unlisted(id) {
                let limit = self.config.bytes;
                return Err(StoreError::OverBudget { limit });
            }
        }
        let limit = self.config.recording_bytes;
        while self
            .books
            .get(id)
            .map_or(0, |book| book.bytes)
            .saturating_add(bytes)
            > limit
        {
            if !self.delete_unlisted(id) {
                return Err(StoreError::OverBudget { limit });
            }
        }
        Ok(())
    }

    fn delete_oldest_closed(&mut self) -> bool {
        let closed = self
            .books
            .iter()
            .filter_map(|(id, book)| Some((book.closed?, id)));
        let Some((_, id)) = closed.min().map(|(since, id)| (since, id.clone())) else {
            return false;
        };
        self.delete(&id);
        true
    }

    fn delete(&mut self, id: &RecordingId) {
        if let Some(book) = self.books.remove(id) {
            self.bytes -= book.bytes;
            // What cannot be deleted now is found again when the folder is opened the next time.
            let _ = self.files.remove_folder(&book.folder);
        }
    }

    fn delete_unlisted(&mut self, id: &RecordingId) -> bool {
        match self.books.get_mut(id) {
            Some(book) if book.has_unlisted() => {
                self.bytes -= delete_first(&mut *self.files, book);
                true
            }
            _ => false,
        }
    }

    /// Deletes recordings that were closed long ago.
    fn sweep(&mut self) {
        let now = self.now();
        // A clock that steps back starts the pause anew.
        if now
            .duration_since(self.swept)
            .is_ok_and(|passed| passed < SWEEP)
        {
            return;
        }
        self.swept = now;
        let age = |since: SystemTime| now.duration_since(since).unwrap_or_default();
        let limit = self.config.age;
        let old = |book: &Book| book.closed.is_some_and(|since| age(since) > limit);
        let gone: Vec<_> = self
            .books
            .iter()
            .filter(|(_, book)| old(book))
            .map(|(id, _)| id.clone())
            .collect();
        for id in gone {
            self.delete(&id);
        }
    }

    /// Whether this very segment is stored already.
    fn holds(&mut self, segment: &ArchivedSegment) -> Result<bool, StoreError> {
        let Some(book) = self.books.get_mut(&segment.recording) else {
            return Ok(false);
        };
        if !is_stored(book, segment) {
            return Ok(false);
        }
        if let (Some(version), Some(bytes)) = (segment.facts.init, &segment.init) {
            store_init(&mut *self.files, book, version, bytes)?;
        }
        book.closed = None;
        Ok(true)
    }

    /// The books of a recording that a segment is about to be added to.
    fn book(&mut self, segment: &ArchivedSegment) -> Result<&mut Book, StoreError> {
        let id = &segment.recording;
        let msn = segment.facts.msn;
        let header = Header::new(&segment.names, segment.target_duration, &segment.carries);
        if let Some(book) = self.books.get(id) {
            let next = book.next().unwrap_or(msn);
            if msn < next {
                return Err(StoreError::NumberReused { msn, next });
            }
            if msn > next || !book.header.is_continued_by(&header) {
                self.delete(id);
            }
        }
        if !self.books.contains_key(id) {
            let folder = self.directory.folder(id);
            self.files.make_folder(&folder)?;
            self.books.insert(id.clone(), Book::new(header, folder));
        }
        let book = self.books.get_mut(id);
        Ok(book.expect("it was there, or was put there"))
    }
}

impl SegmentSink for DirectorySink {
    fn store(&mut self, segment: &ArchivedSegment) -> Result<(), StoreError> {
        self.sweep();
        if self.holds(segment)? {
            return Ok(());
        }
        self.book(segment)?.closed = None;
        let id = &segment.recording;
        self.make_room(id, segment.facts.bytes)?;
        let (now, age) = (self.now(), self.config.age);
        let half = self.config.recording_bytes / 2;
        let book = self.books.get_mut(id).expect("it was just looked at");
        let files = &mut *self.files;
        if let (Some(version), Some(bytes)) = (segment.facts.init, &segment.init) {
            store_init(files, book, version, bytes)?;
        }
        let path = book.segment(segment.facts.msn);
        files.write(&path, &segment.media)?;
        let entry = Entry {
            facts: segment.facts,
            stored: now,
        };
        if let Err(error) = append(files, book, &entry.line()) {
            // Without its line nobody would ever find it.
            let _ = files.remove(&path);
            return Err(error.into());
        }
        book.push(entry);
        book.unlist(half, now.checked_sub(age));
        self.bytes += segment.facts.bytes;
        Ok(())
    }

    fn missing(&mut self, recording: &RecordingId, facts: &SegmentFacts) {
        let stored = self.now();
        let Some(book) = self.books.get_mut(recording) else {
            return;
        };
        // A number that was refused because it is taken is nothing that is missing.
        if book.next() != Some(facts.msn) {
            return;
        }
        let entry = Entry {
            facts: *facts,
            stored,
        };
        if append(&mut *self.files, book, &entry.line()).is_err() {
            book.unwritten.push_str(&entry.line());
        }
        book.push(entry);
    }

    fn resume(&mut self, recording: &RecordingId, next: &SegmentFacts) -> Vec<SegmentFacts> {
        let stored = self.now();
        let Some(book) = self.books.get_mut(recording) else {
            return Vec::new();
        };
        if let Some(at) = book.position(next.msn)
            && book.entries[at].facts.is_again(next)
        {
            book.closed = None;
            return book.entries.range(..at).map(|entry| entry.facts).collect();
        }
        let last = book.entries.back().map(|last| last.facts);
        let Some(lost) = last.and_then(|last| between(&last, next)) else {
            return Vec::new();
        };
        book.closed = None;
        for facts in lost {
            let entry = Entry { facts, stored };
            book.unwritten.push_str(&entry.line());
            book.push(entry);
        }
        book.entries.iter().map(|entry| entry.facts).collect()
    }

    fn list_from(&mut self, recording: &RecordingId) -> Msn {
        let book = self.books.get(recording);
        book.map_or(Msn::new(0), |book| book.listed_from)
    }

    fn expired(&mut self, recording: &RecordingId, first: Msn) {
        let Some(book) = self.books.get_mut(recording) else {
            return;
        };
        while book
            .entries
            .front()
            .is_some_and(|oldest| oldest.facts.msn < first)
        {
            self.bytes -= delete_first(&mut *self.files, book);
        }
        if book.stale > book.entries.len() + STALE
            && let Some(mut book) = self.books.remove(recording)
        {
            // Where it fails the index stays long, and is tried again with the next one.
            let _ = self.rewrite(&mut book);
            self.books.insert(recording.clone(), book);
        }
    }

    fn ended(&mut self, recording: &RecordingId) {
        if let Some(book) = self.books.get_mut(recording) {
            // Without it the recording reads as one that broke off.
            let _ = append(&mut *self.files, book, &end_line());
        }
    }

    fn closed(&mut self, recording: &RecordingId) {
        let now = self.now();
        if let Some(book) = self.books.get_mut(recording) {
            book.closed = Some(now);
        }
    }

    fn idle(&mut self) {
        self.sweep();
    }
}
