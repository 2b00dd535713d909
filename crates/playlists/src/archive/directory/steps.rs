//! What a sink does to one recording, step by step: each leaves books and disk in agreement, or
//! says that it could not.

use std::fs;
use std::io;

use bytes::Bytes;
use llhls_manifest::{Availability, Continuity, DiscontinuitySequence, InitVersion, Msn};

use super::book::Book;
use super::files::Files;
use super::index::Header;
use crate::archive::error::StoreError;
use crate::archive::segment::{ArchivedSegment, SegmentFacts};

/// How many segments may be missing between two lives of a recording. A crash loses those that
/// were queued.
const BRIDGE: u64 = 1024;

/// The segments that a crash lost between the last one that was stored and the next one, as gaps;
/// `None` where they are too many or too few to go on.
pub(super) fn between(last: &SegmentFacts, next: &SegmentFacts) -> Option<Vec<SegmentFacts>> {
    let number = |facts: &SegmentFacts| facts.msn.value();
    let lost = number(next).checked_sub(number(last))?.checked_sub(1)?;
    let own = u64::from(next.continuity == Continuity::Discontinuous);
    let sequence = next.discontinuity_sequence.value().checked_sub(own)?;
    let breaks = sequence.checked_sub(last.discontinuity_sequence.value())?;
    if lost > BRIDGE || breaks > lost {
        return None;
    }
    let gap = |index: u64| SegmentFacts {
        msn: Msn::new(number(last) + 1 + index),
        continuity: if index < breaks {
            Continuity::Discontinuous
        } else {
            Continuity::Continuous
        },
        discontinuity_sequence: DiscontinuitySequence::new(
            last.discontinuity_sequence.value() + breaks.min(index + 1),
        ),
        captured_at: None,
        // How long they were nobody knows any more; segments of a stream are alike.
        ..last.lost()
    };
    Some((0..lost).map(gap).collect())
}

/// Whether a segment is in the books and on the disk as it is offered, byte for byte. Reads the file.
pub(super) fn is_stored(book: &Book, segment: &ArchivedSegment) -> bool {
    let header = Header::new(&segment.names, segment.target_duration, &segment.carries);
    let Some(at) = book.position(segment.facts.msn) else {
        return false;
    };
    if !book.entries[at].facts.is_again(&segment.facts) || !book.header.is_continued_by(&header) {
        return false;
    }
    let Ok(stored) = fs::read(book.segment(segment.facts.msn)) else {
        return false;
    };
    let mut rest = &stored[..];
    let matches = segment.media.iter().all(|part| {
        let after = rest.strip_prefix(&part[..]);
        rest = after.unwrap_or_default();
        after.is_some()
    });
    matches && rest.is_empty()
}

/// Appends a line to the index, and before it those that are still owed; the first of all is the
/// header.
pub(super) fn append(files: &mut dyn Files, book: &mut Book, line: &str) -> io::Result<()> {
    let mut text = String::new();
    if book.len == 0 {
        text.push_str(&book.header.line());
    }
    text.push_str(&book.unwritten);
    text.push_str(line);
    files.append(&book.index(), book.len, &text)?;
    book.len += text.len() as u64;
    book.unwritten.clear();
    Ok(())
}

/// Stores an init section, once. One that an earlier process stored under this name is kept, and
/// must be the same: players may have it in their caches.
pub(super) fn store_init(
    files: &mut dyn Files,
    book: &mut Book,
    version: InitVersion,
    bytes: &Bytes,
) -> Result<(), StoreError> {
    if book.init == Some(version) {
        return Ok(());
    }
    let path = book.init(version);
    match fs::read(&path) {
        Ok(stored) if stored != *bytes => return Err(StoreError::InitReused { version }),
        Ok(_) => {}
        Err(_) => files.write(&path, std::slice::from_ref(bytes))?,
    }
    book.init = Some(version);
    Ok(())
}

/// Deletes the oldest segment of a recording, and its init section if no other needs it. Says how
/// many bytes that makes. What cannot be deleted is an orphan, and goes when the folder is opened
/// the next time.
pub(super) fn delete_first(files: &mut dyn Files, book: &mut Book) -> u64 {
    let Some(facts) = book.pop() else {
        return 0;
    };
    if facts.availability == Availability::Available {
        let _ = files.remove(&book.segment(facts.msn));
    }
    // Versions only grow: what the next one does not need, no later one needs.
    let next = book.entries.front().and_then(|next| next.facts.init);
    if let Some(version) = facts.init
        && Some(version) != next
        && Some(version) != book.init
    {
        let _ = files.remove(&book.init(version));
    }
    facts.bytes
}
