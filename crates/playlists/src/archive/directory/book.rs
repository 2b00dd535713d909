//! What a directory sink knows about one recording without asking the disk.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::time::SystemTime;

use llhls_manifest::{InitVersion, Msn};

use super::index::{Entry, Header, INDEX};
use crate::archive::segment::SegmentFacts;

/// The books of one recording: what lies in its folder.
#[derive(Debug)]
pub(super) struct Book {
    pub(super) header: Header,
    pub(super) folder: PathBuf,
    /// Oldest first, consecutive.
    pub(super) entries: VecDeque<Entry>,
    /// Their bytes.
    pub(super) bytes: u64,
    /// The oldest that a playlist may list, and the bytes from there on.
    pub(super) listed_from: Msn,
    pub(super) listed_bytes: u64,
    /// The newest init section that was stored by this process.
    pub(super) init: Option<InitVersion>,
    /// Lines of the index that could not be written yet.
    pub(super) unwritten: String,
    /// The length of the index, and how many of its lines speak of what is no longer there.
    pub(super) len: u64,
    pub(super) stale: usize,
    /// Since when no registry has had it; `None` while one has.
    pub(super) closed: Option<SystemTime>,
}

impl Book {
    pub(super) fn new(header: Header, folder: PathBuf) -> Self {
        Self {
            header,
            folder,
            entries: VecDeque::new(),
            bytes: 0,
            listed_from: Msn::new(0),
            listed_bytes: 0,
            init: None,
            unwritten: String::new(),
            len: 0,
            stale: 0,
            closed: None,
        }
    }

    /// The number that the next segment must have; `None` where any will do.
    pub(super) fn next(&self) -> Option<Msn> {
        self.entries.back().map(|last| last.facts.msn.next())
    }

    /// Where the entry of a segment is.
    pub(super) fn position(&self, msn: Msn) -> Option<usize> {
        let first = self.entries.front()?.facts.msn.value();
        let at = usize::try_from(msn.value().checked_sub(first)?).ok()?;
        (at < self.entries.len()).then_some(at)
    }

    pub(super) fn index(&self) -> PathBuf {
        self.folder.join(INDEX)
    }

    pub(super) fn segment(&self, msn: Msn) -> PathBuf {
        self.folder.join(self.header.names.segment(msn).to_string())
    }

    pub(super) fn init(&self, version: InitVersion) -> PathBuf {
        self.folder
            .join(self.header.names.init(version).to_string())
    }

    pub(super) fn push(&mut self, entry: Entry) {
        self.bytes += entry.facts.bytes;
        self.listed_bytes += entry.facts.bytes;
        self.entries.push_back(entry);
    }

    /// Drops the oldest entry.
    pub(super) fn pop(&mut self) -> Option<SegmentFacts> {
        let facts = self.entries.pop_front()?.facts;
        self.bytes -= facts.bytes;
        if facts.msn >= self.listed_from {
            self.listed_bytes -= facts.bytes;
        }
        self.stale += 1;
        Some(facts)
    }

    /// Whether its oldest segment is one that no playlist lists.
    pub(super) fn has_unlisted(&self) -> bool {
        self.entries
            .front()
            .is_some_and(|oldest| oldest.facts.msn < self.listed_from)
    }

    /// Takes what is too much, or too old, off the list.
    pub(super) fn unlist(&mut self, most_bytes: u64, not_before: Option<SystemTime>) {
        let Some(oldest) = self.entries.front().map(|oldest| oldest.facts.msn) else {
            return;
        };
        self.listed_from = self.listed_from.max(oldest);
        loop {
            let at = self.listed_from.value() - oldest.value();
            let Some(entry) = usize::try_from(at).ok().and_then(|at| self.entries.get(at)) else {
                return;
            };
            let aged = not_before.is_some_and(|limit| entry.stored < limit);
            if self.listed_bytes <= most_bytes && !aged {
                return;
            }
            self.listed_bytes -= entry.facts.bytes;
            self.listed_from = entry.facts.msn.next();
        }
    }
}
