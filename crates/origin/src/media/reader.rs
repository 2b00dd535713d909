//! The incremental reader: bytes in any chunking in, initialization sections and fragments out.

use std::sync::Arc;

use bytes::Bytes;
use mp4_atom::{Prft, Styp};

use super::boxes::{self, BoxHeader, BoxKind, LONGEST_HEADER};
use super::budget::{ByteBudget, Held};
use super::error::MediaError;
use super::fragment::Fragment;
use super::init::{InitSection, TrackId};
use super::limits::MediaLimits;
use super::unit::{self, UnitContext};

/// Something a [`MediaReader`] found.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum MediaItem {
    /// An initialization section: the first one, or a repeated or changed one. Compare them to tell.
    Init(InitSection),
    /// Samples of one track. A `moof` with several tracks gives one for each, video first.
    Fragment(Fragment),
    /// The encoder ends the track: a `styp` of brand `lmsg`, or an `mfra` box (ING-17). With `lmsg`
    /// the last fragment still follows.
    LastSegment,
}

/// How a byte stream stood when it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum StreamEnd {
    /// Between two units: nothing is lost.
    Complete,
    /// Inside a unit, whose bytes are dropped. What was read before stays valid (ING-14).
    Truncated {
        /// How many bytes were dropped.
        bytes: u64,
    },
}

/// Reads a stream of fMP4 boxes that arrives in arbitrary pieces.
///
/// ```text
///   ftyp moov | [styp] [prft] [emsg] moof mdat | [styp] [prft] [emsg] moof mdat | … | [mfra]
///      Init   |            Fragment            |            Fragment            |
/// ```
///
/// The same bytes give the same items and the same error however they are cut into chunks.
/// `styp`, `prft` and `sidx` are read or skipped, not passed on; `emsg` stays in front of its `moof`. Boxes of
/// other kinds between units are skipped without being held in memory.
///
/// The reader never panics on input, and holds at most one unit, within [`MediaLimits`]. After an
/// error it refuses everything with that same error: where a box ends is no longer known.
///
/// # Examples
/// ```
/// use origin::media::{MediaItem, MediaLimits, MediaReader};
///
/// let mut reader = MediaReader::new(MediaLimits::default());
/// let mut items = Vec::new();
/// reader.read(b"\0\0\0\x08free", &mut items)?;
/// assert!(items.is_empty());
/// # Ok::<(), origin::media::MediaError>(())
/// ```
#[derive(Debug)]
pub struct MediaReader {
    /// Bounds.
    limits: MediaLimits,
    /// The initialization section in effect.
    init: Option<InitSection>,
    /// What the next byte belongs to.
    state: State,
    /// The unit that is being collected: `ftyp`, or `emsg`s and `moof` and `mdat`.
    unit: Vec<u8>,
    /// A `styp` or `prft`, which is read and dropped.
    aside: Vec<u8>,
    /// Bytes of event messages and the like in front of the coming `moof`.
    small: u64,
    /// Which boxes the unit holds so far.
    progress: Progress,
    /// `prft` of the coming fragment: track, media time, UNIX nanoseconds.
    reference: Option<(TrackId, u64, u64)>,
    /// Position in the stream of the next byte.
    position: u64,
    /// Position in the stream of the unit's first byte.
    unit_at: u64,
    /// Position in the stream that the unit's first byte has as seen from its `moof`: boxes that
    /// were skipped between an event message and the `moof` are not in the unit.
    moof_origin: u64,
    /// What is taken of a budget for the unit and the box aside.
    held: Option<Held>,
    /// The same for the initialization section.
    held_init: Option<Held>,
    /// The error that ended reading.
    failed: Option<MediaError>,
}

/// What the next byte belongs to.
#[derive(Debug, Clone, Copy)]
enum State {
    /// A box header, of which `have` bytes are here.
    Header {
        bytes: [u8; LONGEST_HEADER],
        have: usize,
    },
    /// The body of a box that is collected.
    Body { kind: BoxKind, left: u64 },
    /// The body of a box that nobody needs.
    Skip { left: u64 },
}

impl State {
    const START: Self = Self::Header {
        bytes: [0; LONGEST_HEADER],
        have: 0,
    };
}

/// Which boxes of a unit are complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// None, or event messages only.
    Empty,
    /// `ftyp`; `moov` must follow.
    FileType,
    /// `moof`; `mdat` must follow.
    MovieFragment,
}

impl MediaReader {
    /// A reader at the start of a stream that must begin with an initialization section.
    pub fn new(limits: MediaLimits) -> Self {
        Self {
            limits,
            init: None,
            state: State::START,
            unit: Vec::new(),
            aside: Vec::new(),
            small: 0,
            progress: Progress::Empty,
            reference: None,
            position: 0,
            unit_at: 0,
            moof_origin: 0,
            held: None,
            held_init: None,
            failed: None,
        }
    }

    /// Takes what it holds from a budget, and leaves it with the fragments that it gives out until
    /// they are dropped.
    #[must_use]
    pub fn within(self, budget: &ByteBudget) -> Self {
        Self {
            held: Some(budget.hold()),
            held_init: Some(budget.hold()),
            ..self
        }
    }

    /// A reader of media whose initialization section came before, in another request.
    pub fn with_init(limits: MediaLimits, init: InitSection) -> Self {
        Self {
            init: Some(init),
            ..Self::new(limits)
        }
    }

    /// The initialization section in effect.
    pub fn init(&self) -> Option<&InitSection> {
        self.init.as_ref()
    }

    /// Takes the next bytes and appends what they complete to `items`.
    ///
    /// A fragment is given with the last byte of its `mdat`, whatever comes after. Linear in
    /// the bytes; each byte is copied once, into the allocation that the fragment keeps.
    ///
    /// # Errors
    /// A [`MediaError`] at the first byte that cannot be right, after the items before it were appended.
    pub fn read(&mut self, mut chunk: &[u8], items: &mut Vec<MediaItem>) -> Result<(), MediaError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        while !chunk.is_empty() {
            let used = match self.step(chunk, items) {
                Ok(used) => used,
                Err(error) => {
                    self.failed = Some(error.clone());
                    (self.unit, self.aside) = (Vec::new(), Vec::new());
                    self.held = None;
                    return Err(error);
                }
            };
            chunk = &chunk[used..];
        }
        Ok(())
    }

    /// Ends the stream and says whether anything was cut off.
    pub fn finish(self) -> StreamEnd {
        let idle = matches!(self.state, State::Header { have: 0, .. }) && self.unit.is_empty();
        if idle || self.failed.is_some() {
            StreamEnd::Complete
        } else {
            StreamEnd::Truncated {
                bytes: self.position - self.unit_at,
            }
        }
    }

    /// Takes some bytes of `chunk`, which is not empty, and says how many: at least one.
    fn step(&mut self, chunk: &[u8], items: &mut Vec<MediaItem>) -> Result<usize, MediaError> {
        match self.state {
            State::Header {
                mut bytes,
                mut have,
            } => {
                bytes[have] = chunk[0];
                have += 1;
                self.position += 1;
                self.state = State::Header { bytes, have };
                if have == 8 {
                    self.check_name([bytes[4], bytes[5], bytes[6], bytes[7]])?;
                }
                if let Some(header) = BoxHeader::parse(&bytes[..have])? {
                    self.begin(header, &bytes[..have])?;
                    if header.kind == BoxKind::MFRA {
                        items.push(MediaItem::LastSegment);
                    }
                    // A box may be nothing but its header.
                    self.end_if_complete(items)?;
                }
                Ok(1)
            }
            State::Body { kind, left } => {
                let take = usize::try_from(left).unwrap_or(usize::MAX).min(chunk.len());
                let (into, beside) = if is_aside(kind) {
                    (&mut self.aside, &self.unit)
                } else {
                    (&mut self.unit, &self.aside)
                };
                let more = wanted_room(into, left, take);
                if more > 0 {
                    if let Some(held) = &mut self.held {
                        held.set((into.len() + more + beside.capacity()) as u64)?;
                    }
                    into.reserve_exact(more);
                }
                into.extend_from_slice(&chunk[..take]);
                self.position += take as u64;
                self.state = State::Body {
                    kind,
                    left: left - take as u64,
                };
                self.end_if_complete(items)?;
                Ok(take)
            }
            State::Skip { left } => {
                let take = usize::try_from(left).unwrap_or(usize::MAX).min(chunk.len());
                self.position += take as u64;
                self.state = State::Skip {
                    left: left - take as u64,
                };
                self.end_if_complete(items)?;
                Ok(take)
            }
        }
    }

    /// Decides what to do with a box from its header alone, before any of its body is held.
    fn begin(&mut self, header: BoxHeader, bytes: &[u8]) -> Result<(), MediaError> {
        let BoxHeader { kind, size, .. } = header;
        let left = size - header.header as u64;
        let before = self.position - header.header as u64;
        if self.unit.is_empty() {
            self.unit_at = before;
        }
        let empty = self.progress == Progress::Empty;
        let (limit, expected) = match kind {
            BoxKind::FTYP => (self.limits.small, empty && self.unit.is_empty()),
            BoxKind::MOOV => {
                let limit = self.limits.init.saturating_sub(self.unit.len() as u64);
                (limit, self.progress == Progress::FileType)
            }
            BoxKind::EMSG => (self.limits.small.saturating_sub(self.small), empty),
            BoxKind::STYP | BoxKind::PRFT => (self.limits.small, empty),
            BoxKind::MOOF => (self.limits.movie_fragment, empty),
            // A file whose media comes before, or without, a `moof`.
            BoxKind::MDAT if self.progress == Progress::FileType => {
                return Err(MediaError::NotFragmented);
            }
            BoxKind::MDAT => (
                self.limits.media_data,
                self.progress == Progress::MovieFragment,
            ),
            // Padding between `moof` and `mdat` is part of what the `trun` counts, so it stays.
            _ if self.progress == Progress::MovieFragment => (self.limits.small, true),
            _ => {
                if size > self.limits.media_data {
                    return Err(self.oversized(kind, size));
                }
                self.state = State::Skip { left };
                return Ok(());
            }
        };
        if !expected {
            let after = match (kind, self.progress) {
                (BoxKind::MOOV, _) => BoxKind::FTYP,
                (BoxKind::MDAT, _) => BoxKind::MOOF,
                (_, Progress::FileType) => BoxKind::MOOV,
                (_, Progress::MovieFragment) => BoxKind::MDAT,
                (_, Progress::Empty) => BoxKind::MOOF,
            };
            return Err(MediaError::Misplaced { kind, after });
        }
        if size > limit {
            return Err(MediaError::BoxTooLarge { kind, size, limit });
        }
        if matches!(kind, BoxKind::MOOF) && self.init.is_none() {
            return Err(MediaError::MissingInit);
        }
        match kind {
            BoxKind::EMSG => self.small += size,
            BoxKind::MOOF => self.moof_origin = before - self.unit.len() as u64,
            _ => {}
        }
        let into = if is_aside(kind) {
            &mut self.aside
        } else {
            &mut self.unit
        };
        into.reserve_exact(bytes.len());
        into.extend_from_slice(bytes);
        self.state = State::Body { kind, left };
        Ok(())
    }

    /// The error for a box of no known kind that is too large to skip: at the very start, text or
    /// another container whose bytes happen to look like a box.
    fn oversized(&self, kind: BoxKind, size: u64) -> MediaError {
        if self.position <= LONGEST_HEADER as u64 {
            return MediaError::NotMp4;
        }
        MediaError::BoxTooLarge {
            kind,
            size,
            limit: self.limits.media_data,
        }
    }

    /// Refuses a name that no box has, before its size is believed.
    fn check_name(&self, name: [u8; 4]) -> Result<(), MediaError> {
        // The copyright sign of `QuickTime` is the one exception to printable ASCII.
        if name
            .iter()
            .all(|&byte| byte == 0xa9 || (0x20..0x7f).contains(&byte))
        {
            return Ok(());
        }
        if self.position <= 8 {
            return Err(MediaError::NotMp4);
        }
        Err(MediaError::Malformed {
            kind: BoxKind(name),
            reason: "no box has this name".to_owned(),
        })
    }

    fn end_if_complete(&mut self, items: &mut Vec<MediaItem>) -> Result<(), MediaError> {
        match self.state {
            State::Body { kind, left: 0 } => {
                self.state = State::START;
                self.end(kind, items)
            }
            State::Skip { left: 0 } => {
                self.state = State::START;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// A collected box is complete.
    fn end(&mut self, kind: BoxKind, items: &mut Vec<MediaItem>) -> Result<(), MediaError> {
        match kind {
            BoxKind::FTYP => self.progress = Progress::FileType,
            BoxKind::MOOF => self.progress = Progress::MovieFragment,
            BoxKind::MOOV => {
                let unit = self.take_unit();
                if let Some(held) = &mut self.held_init {
                    // The bytes, and about as much for what they say.
                    held.set(2 * unit.len() as u64)?;
                }
                let init = InitSection::parse(unit, &self.limits)?;
                self.init = Some(init.clone());
                items.push(MediaItem::Init(init));
            }
            BoxKind::STYP => {
                let styp = boxes::decode::<Styp>(kind, &std::mem::take(&mut self.aside))?;
                let last = mp4_atom::FourCC::new(b"lmsg");
                if styp.major_brand == last || styp.compatible_brands.contains(&last) {
                    items.push(MediaItem::LastSegment);
                }
            }
            BoxKind::PRFT => {
                let prft = boxes::decode::<Prft>(kind, &std::mem::take(&mut self.aside))?;
                let track = TrackId::new(prft.reference_track_id);
                self.reference = ntp_to_unix_nanos(prft.ntp_timestamp)
                    .map(|nanos| (track, prft.media_time, nanos));
            }
            BoxKind::MDAT => self.end_fragment(items)?,
            // Event messages stay where they are, in front of the `moof`.
            _ => {}
        }
        Ok(())
    }

    fn end_fragment(&mut self, items: &mut Vec<MediaItem>) -> Result<(), MediaError> {
        let stream_offset = self.moof_origin;
        let held = self.held.as_mut().map(Held::split);
        let unit = self.take_unit();
        let init = self.init.as_ref().ok_or(MediaError::MissingInit)?;
        let reference = self.reference.take();
        let context = UnitContext {
            init,
            limits: &self.limits,
            stream_offset,
            reference,
        };
        let mut fragments = unit::read_unit(&unit, context)?;
        if let Some(mut held) = held {
            let described: usize = fragments.iter().map(Fragment::sample_bytes_held).sum();
            held.set((unit.len() + described) as u64)?;
            let held = Arc::new(held);
            for fragment in &mut fragments {
                fragment.held = Some(Arc::clone(&held));
            }
        }
        items.extend(fragments.into_iter().map(MediaItem::Fragment));
        Ok(())
    }

    fn take_unit(&mut self) -> Bytes {
        self.progress = Progress::Empty;
        self.small = 0;
        let unit = Bytes::from(std::mem::take(&mut self.unit));
        if let Some(held) = &mut self.held {
            // Less is never refused.
            let _ = held.set(self.aside.capacity() as u64);
        }
        unit
    }
}

/// Boxes that are read beside the unit, not passed on.
fn is_aside(kind: BoxKind) -> bool {
    matches!(kind, BoxKind::STYP | BoxKind::PRFT)
}

/// How much more room a body needs of which `left` bytes are to come and `now` are here; none where
/// there is enough.
///
/// Room grows with what has arrived, at most doubling, so that a size which is merely claimed
/// costs no more than [`FIRST_ROOM`]; and it ends exactly at the claimed size, so that the finished
/// fragment wastes nothing.
fn wanted_room(into: &Vec<u8>, left: u64, now: usize) -> usize {
    if into.capacity() - into.len() >= now {
        return 0;
    }
    let left = usize::try_from(left).unwrap_or(usize::MAX);
    left.min(now.max(into.len()).max(FIRST_ROOM))
}

/// What is reserved for a larger body before any of it is here. Most parts fit, and so are never moved;
/// from 16 KiB upwards by doubling, reading was a third slower.
const FIRST_ROOM: usize = 256 << 10;

/// NTP counts from 1900 in units of 2⁻³² seconds; `None` before 1970.
fn ntp_to_unix_nanos(ntp: u64) -> Option<u64> {
    const SECONDS_1900_TO_1970: u64 = 2_208_988_800;
    let seconds = (ntp >> 32).checked_sub(SECONDS_1900_TO_1970)?;
    let nanos = ((ntp & 0xffff_ffff) * 1_000_000_000) >> 32;
    seconds.checked_mul(1_000_000_000)?.checked_add(nanos)
}

#[cfg(test)]
mod tests;
