//! A playlist's gzip form from blocks that were deflated before.
//!
//! From one version to the next a playlist changes at its front, where the window slides, and at
//! its end. What lies between is cut into groups of segments:
//!
//! ```text
//!  version n     head ──────────┐ group 3 │ group 4 │ … │ tail
//!                header, 14, 15 │ 16 … 31 │ 32 … 47 │   │ open segment, hint, reports
//!  version n+1   header, 14, 15 │ 16 … 31 │ 32 … 47 │   │ open segment, …
//! ```
//!
//! Each is one deflate block that ends on a byte; a version's gzip form is the blocks one after the
//! other, of which only the tail has to be made. Groups start at fixed Media Sequence Numbers, and
//! four complete ones of a size become one of the next, so that a window of hours has few blocks.
//! The cut is a function of the text alone: every machine that holds the stream makes the same
//! bytes, in whatever order its forms were asked for (law 10).
//!
//! A block may refer to the text of the one segment before it, which every playlist with that group
//! lists too: a group never comes first, for the head takes at least one segment. A block for each
//! segment, the obvious cut, makes the whole half as long again; all complete segments in one block
//! costs a whole compression each time the window slides, which hours of a window make dear.
//!
//! The checksum is taken over the whole text: 0.5 µs for 30 KB, less than combining those of the
//! blocks.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bytes::Bytes;
use flate2::Crc;
use llhls_manifest::{Form, Msn, PartLines, Skip};

use crate::deflate::{After, Care, Deflater};

/// Segments of the smallest groups. Smaller ones are longer in sum, because each block brings its
/// codes along; larger ones take longer to make when the first or last segment of one changes.
const GROUP: u64 = 16;

/// How many groups become one of the next size, and segments of the largest.
const MERGED: usize = 4;
const LARGEST: u64 = 1024;

/// RFC 1952: deflate, no name, no time (the same text must give the same bytes), system unknown.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// How a text is cut.
#[derive(Debug, Default)]
pub(crate) struct Layout {
    /// Where the head ends.
    head: usize,
    groups: Vec<Group>,
    /// The last complete segment so far.
    last: Option<(Range<usize>, PartLines)>,
}

#[derive(Debug)]
struct Group {
    key: GroupKey,
    /// The segment before it.
    history: Range<usize>,
    end: usize,
}

/// What a group's text and its history are made of. Segments never change but for losing their
/// parts, oldest first; so equal keys of one stream mean equal text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct GroupKey {
    first: Msn,
    segments: u64,
    /// How many of them have lost their parts.
    without_parts: u64,
    /// Whether the segment before it has.
    history: PartLines,
}

impl Layout {
    /// Takes note of the next complete segment.
    pub(crate) fn add(&mut self, msn: Msn, parts: PartLines, range: Range<usize>) {
        let end = range.end;
        let dropped = u64::from(parts == PartLines::Dropped);
        let before = self.last.replace((range, parts));
        match (before, self.groups.last_mut()) {
            (Some((history, parts)), _) if msn.value().is_multiple_of(GROUP) => {
                let key = GroupKey {
                    first: msn,
                    segments: 1,
                    without_parts: dropped,
                    history: parts,
                };
                self.groups.push(Group { key, history, end });
            }
            (_, Some(group)) => {
                group.key.segments += 1;
                group.key.without_parts += dropped;
                group.end = end;
            }
            (_, None) => self.head = end,
        }
        self.merge();
    }

    /// Makes the last groups one, where they are complete, alike, and those of one larger group.
    fn merge(&mut self) {
        while let Some(at) = self.groups.len().checked_sub(MERGED) {
            let last = &self.groups[at..];
            let first = last[0].key;
            let segments = first.segments * MERGED as u64;
            let alike = |group: &Group| {
                let key = group.key;
                key.segments == first.segments && key.without_parts == first.without_parts
            };
            let uniform = first.without_parts == 0 || first.without_parts == first.segments;
            if segments > LARGEST
                || !first.segments.is_multiple_of(GROUP)
                || !first.first.value().is_multiple_of(segments)
                || !uniform
                || !last.iter().all(alike)
            {
                return;
            }
            let end = last[MERGED - 1].end;
            self.groups.truncate(at + 1);
            let group = &mut self.groups[at];
            group.end = end;
            group.key.segments = segments;
            group.key.without_parts *= MERGED as u64;
        }
    }
}

/// The blocks of one stream that later versions will need again.
///
/// # Memory
///
/// One block for each place where a listed group may start, and one head with its text for each
/// form: together less than one playlist's text. Nothing before the first request for gzip.
#[derive(Debug, Default)]
pub(crate) struct GzipBlocks {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    /// By form.
    heads: [Option<Arc<Head>>; 3],
    /// By the first segment; one state of each, the one last asked for.
    groups: BTreeMap<Msn, (GroupKey, Bytes)>,
}

/// The last block of all forms of one version.
#[derive(Debug, Default)]
pub(crate) struct Tail(OnceLock<Vec<u8>>);

/// A head changes whenever the window slides and otherwise seldom; it is compared, not named.
#[derive(Debug)]
struct Head {
    text: Box<[u8]>,
    block: Vec<u8>,
}

impl GzipBlocks {
    /// The gzip form of `text`. Segments before `oldest` are not listed any more; `tail` is the
    /// version's own block, which its forms share.
    pub(crate) fn gzip(
        &self,
        text: &[u8],
        layout: &Layout,
        form: Form,
        oldest: Msn,
        tail: &Tail,
    ) -> Vec<u8> {
        let head = &text[..layout.head];
        // Found under the lock, made without it. Two that miss the same block at the same moment
        // both make it, and make the same.
        let (known_head, known) = self.find(head, layout, form);
        let mut out = Vec::with_capacity(text.len() / 4 + 256);
        out.extend_from_slice(&HEADER);
        let mut made = Vec::new();
        let mut made_head = None;
        Deflater::with(|deflater| {
            match known_head {
                Some(known) => out.extend_from_slice(&known.block),
                None if head.is_empty() => {}
                None => {
                    let at = out.len();
                    deflater.deflate(&[], head, Care::Kept, After::More, &mut out);
                    made_head = Some(Arc::new(Head {
                        text: head.into(),
                        block: out[at..].to_vec(),
                    }));
                }
            }
            let mut start = layout.head;
            for (group, known) in layout.groups.iter().zip(known) {
                match known {
                    Some(block) => out.extend_from_slice(&block),
                    None => {
                        let (history, lines) =
                            (&text[group.history.clone()], &text[start..group.end]);
                        let at = out.len();
                        deflater.deflate(history, lines, Care::Kept, After::More, &mut out);
                        made.push((group.key, Bytes::copy_from_slice(&out[at..])));
                    }
                }
                start = group.end;
            }
            match &layout.last {
                // Every form lists the last complete segment, and the same behind it.
                Some((history, _)) => {
                    let block = tail.0.get_or_init(|| {
                        let (history, lines) = (&text[history.clone()], &text[start..]);
                        let mut block = Vec::new();
                        deflater.deflate(history, lines, Care::Fleeting, After::End, &mut block);
                        block
                    });
                    out.extend_from_slice(block);
                }
                None => deflater.deflate(&[], text, Care::Fleeting, After::End, &mut out),
            }
        });
        trailer(text, &mut out);
        if made_head.is_some() || !made.is_empty() {
            self.keep(made_head, made, form, oldest);
        }
        out
    }

    fn find(
        &self,
        head: &[u8],
        layout: &Layout,
        form: Form,
    ) -> (Option<Arc<Head>>, Vec<Option<Bytes>>) {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let known_head = kept.heads[index(form)]
            .as_ref()
            .filter(|known| *known.text == *head)
            .cloned();
        let groups = layout.groups.iter().map(|group| {
            let (key, block) = kept.groups.get(&group.key.first)?;
            (*key == group.key).then(|| block.clone())
        });
        (known_head, groups.collect())
    }

    fn keep(
        &self,
        head: Option<Arc<Head>>,
        groups: Vec<(GroupKey, Bytes)>,
        form: Form,
        oldest: Msn,
    ) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(head) = head {
            kept.heads[index(form)] = Some(head);
        }
        for (key, block) in groups {
            kept.groups.insert(key.first, (key, block));
        }
        // The group that the window begins in is part of the head from now on.
        while let Some(first) = kept.groups.first_entry() {
            if *first.key() > oldest {
                break;
            }
            first.remove();
        }
    }
}

/// The gzip form of a text that has no versions to share blocks with.
pub(crate) fn gzip_whole(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() / 4 + 256);
    out.extend_from_slice(&HEADER);
    Deflater::with(|deflater| {
        deflater.deflate(&[], text, Care::Kept, After::End, &mut out);
    });
    trailer(text, &mut out);
    out
}

fn trailer(text: &[u8], out: &mut Vec<u8>) {
    let mut crc = Crc::new();
    crc.update(text);
    out.extend_from_slice(&crc.sum().to_le_bytes());
    // Modulo 2³², as the format has it.
    out.extend_from_slice(&(text.len() as u32).to_le_bytes());
}

const fn index(form: Form) -> usize {
    match form {
        Form::Full => 0,
        Form::Delta(Skip::Yes) => 1,
        Form::Delta(Skip::V2) => 2,
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::io::Read as _;

    use super::*;

    /// A playlist of these segments, of which the last `listed` have parts.
    fn playlist(segments: Range<u64>, listed: u64) -> (String, Layout) {
        let (mut text, mut layout) = (String::new(), Layout::default());
        writeln!(text, "#EXT-X-MEDIA-SEQUENCE:{}", segments.start).unwrap();
        for number in segments.clone() {
            let start = text.len();
            let parts = if number + listed < segments.end {
                PartLines::Dropped
            } else {
                for part in 0..3 {
                    writeln!(text, "#EXT-X-PART:URI=\"{number}.{part}.m4s\"").unwrap();
                }
                PartLines::Listed
            };
            writeln!(text, "#EXTINF:2.00000,\n{number}.m4s").unwrap();
            layout.add(Msn::new(number), parts, start..text.len());
        }
        writeln!(text, "#EXT-X-PRELOAD-HINT:{}", segments.end).unwrap();
        (text, layout)
    }

    fn gzip(blocks: &GzipBlocks, segments: Range<u64>, listed: u64) -> Vec<u8> {
        let (text, layout) = playlist(segments.clone(), listed);
        let form = Form::Full;
        let (oldest, tail) = (Msn::new(segments.start), Tail::default());
        let gzip = blocks.gzip(text.as_bytes(), &layout, form, oldest, &tail);
        let mut decoded = String::new();
        flate2::read::GzDecoder::new(&gzip[..])
            .read_to_string(&mut decoded)
            .unwrap();
        assert_eq!(decoded, text);
        gzip
    }

    #[test]
    fn a_window_that_slides_is_made_of_blocks_known_before() {
        for window in [1, 15, 16, 17, 100, 400] {
            let blocks = GzipBlocks::default();
            let step = if window > 50 { 7 } else { 1 };
            for end in (0..600).step_by(step).chain([5000, 5016, 5017]) {
                let segments = u64::saturating_sub(end, window)..end;
                let slid = gzip(&blocks, segments.clone(), 3);
                if end % 61 == 0 {
                    let fresh = gzip(&GzipBlocks::default(), segments, 3);
                    assert_eq!(slid, fresh, "{window} segments up to {end}");
                }
            }
            let kept = blocks.kept.lock().unwrap().groups.len() as u64;
            assert!(kept <= window / GROUP + 2, "{kept} blocks are kept");
        }
    }

    #[test]
    fn long_windows_have_few_blocks() {
        let (_, layout) = playlist(77..4000, 3);
        let sizes: Vec<_> = layout
            .groups
            .iter()
            .map(|group| group.key.segments)
            .collect();
        assert_eq!(
            sizes,
            [
                [16, 16, 16, 64, 64].as_slice(),
                &[256, 256, 256],
                &[1024, 1024, 256, 256, 256, 64, 64],
                &[16, 16]
            ]
            .concat()
        );
    }
}
