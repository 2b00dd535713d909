//! A clip: eight seconds of one track, cut into parts that can be placed anywhere in time.

use std::fmt;

use bytes::Bytes;

use super::PARTS_PER_LOOP;
use crate::media::boxes::{self, BoxKind};
use crate::media::error::MediaError;
use crate::media::fragment::{Fragment, SyncPoint};
use crate::media::init::TrackInfo;
use crate::media::limits::MediaLimits;
use crate::media::part::Independence;
use crate::media::reader::{MediaItem, MediaReader};
use crate::media::time::{FrameRate, MediaTime};
use crate::media::writer;

/// How long every clip is.
const CLIP_SECONDS: u64 = 8;

/// A clip that can be looped without a seam.
#[derive(Debug)]
pub(crate) struct Clip {
    /// The track, as the clip's own initialization section describes it.
    pub(crate) track: TrackInfo,
    /// `ftyp` and `moov`.
    pub(crate) init: Bytes,
    /// Pictures per second, of a video clip.
    pub(crate) frame_rate: Option<FrameRate>,
    /// How many samples one loop has.
    samples: u64,
    /// Ticks of each of its samples.
    sample_duration: u32,
    /// One for each 200 ms of the loop.
    parts: Vec<ClipPart>,
}

/// One part of a clip, complete but for its place in time.
#[derive(Debug)]
struct ClipPart {
    /// `moof` and `mdat`.
    template: Bytes,
    /// Where the template has its 32-bit `mfhd` sequence number.
    sequence_at: usize,
    /// Where the template has its 64-bit `tfdt` decode time.
    time_at: usize,
    /// The first of its samples, counted from the start of the loop.
    first: u64,
    /// How many samples.
    samples: u32,
    /// Whether a decoder can start here.
    independence: Independence,
}

/// A part of a clip, placed in time.
#[derive(Debug)]
pub(crate) struct Placed {
    /// `moof` and `mdat`.
    pub(crate) bytes: Bytes,
    /// Decode time of the first sample.
    pub(crate) decode_time: MediaTime,
    /// Sum of the samples' durations.
    pub(crate) duration: MediaTime,
    /// How many samples.
    pub(crate) samples: u32,
    /// Whether a decoder can start here.
    pub(crate) independence: Independence,
}

/// Why bytes are no clip for the demo.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ClipError {
    /// They are not fMP4 that this origin reads.
    Media(MediaError),
    /// There is not exactly one track.
    Tracks(usize),
    /// The samples do not all last equally long, or not eight seconds together.
    Timing,
    /// A second of pictures does not start with a sync sample.
    NoSync {
        /// Which second.
        second: u64,
    },
}

impl fmt::Display for ClipError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Media(error) => error.fmt(f),
            Self::Tracks(tracks) => write!(f, "{tracks} tracks in a clip of one"),
            Self::Timing => write!(
                f,
                "the samples are not equally long, or not {CLIP_SECONDS} s together"
            ),
            Self::NoSync { second } => {
                write!(f, "second {second} does not start with a sync sample")
            }
        }
    }
}

impl From<MediaError> for ClipError {
    fn from(error: MediaError) -> Self {
        Self::Media(error)
    }
}

impl Clip {
    /// Reads a clip and cuts it into parts. Linear in its bytes; done once, when the demo starts.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, ClipError> {
        let mut items = Vec::new();
        MediaReader::new(MediaLimits::default()).read(bytes, &mut items)?;
        let mut init = None;
        let mut fragments: Vec<Fragment> = Vec::new();
        for item in items {
            match item {
                MediaItem::Init(section) => init = Some(section),
                MediaItem::Fragment(fragment) => fragments.push(fragment),
                MediaItem::LastSegment => {}
            }
        }
        let init = init.ok_or(MediaError::MissingInit)?;
        let [track]: [TrackInfo; 1] = init
            .tracks()
            .cloned()
            .collect::<Vec<_>>()
            .try_into()
            .map_err(|tracks: Vec<_>| ClipError::Tracks(tracks.len()))?;

        let samples: u64 = fragments
            .iter()
            .map(|fragment| fragment.samples().len() as u64)
            .sum();
        let sample_duration = fragments
            .first()
            .and_then(|fragment| fragment.samples().first())
            .map_or(0, |sample| sample.duration);
        let ticks = CLIP_SECONDS * u64::from(track.timescale.ticks_per_second());
        let even = fragments
            .iter()
            .flat_map(Fragment::samples)
            .all(|sample| sample.duration == sample_duration);
        if !even || samples * u64::from(sample_duration) != ticks {
            return Err(ClipError::Timing);
        }
        for second in 0..if track.is_video() { CLIP_SECONDS } else { 0 } {
            let at = samples * second / CLIP_SECONDS;
            if sample_at(&fragments, at).is_none_or(|sync| sync != SyncPoint::Sync) {
                return Err(ClipError::NoSync { second });
            }
        }

        let parts = (0..PARTS_PER_LOOP)
            .map(|part| {
                ClipPart::cut(
                    &fragments,
                    boundary(samples, part),
                    boundary(samples, part + 1),
                )
            })
            .collect::<Result<_, _>>()?;
        let frame_rate = if track.is_video() {
            FrameRate::from_sample_duration(sample_duration, track.timescale)
        } else {
            None
        };
        Ok(Self {
            frame_rate,
            init: init.bytes().clone(),
            track,
            samples,
            sample_duration,
            parts,
        })
    }

    /// Part `index` counted from the epoch: the clip's part `index` modulo the loop, re-timed. One
    /// copy of the part's bytes; no other work.
    pub(crate) fn place(&self, index: u64) -> Placed {
        let part = &self.parts[(index % PARTS_PER_LOOP) as usize];
        let first = index / PARTS_PER_LOOP * self.samples + part.first;
        let decode_time = first * u64::from(self.sample_duration);
        // The number is 32 bits wide in the format; it grows by one from part to part and starts
        // again after 27 years.
        let sequence = (index & u64::from(u32::MAX)) as u32;
        let mut bytes = part.template.to_vec();
        bytes[part.sequence_at..part.sequence_at + 4].copy_from_slice(&sequence.to_be_bytes());
        bytes[part.time_at..part.time_at + 8].copy_from_slice(&decode_time.to_be_bytes());
        Placed {
            bytes: bytes.into(),
            decode_time: MediaTime::new(decode_time, self.track.timescale),
            duration: MediaTime::new(
                u64::from(part.samples) * u64::from(self.sample_duration),
                self.track.timescale,
            ),
            samples: part.samples,
            independence: part.independence,
        }
    }

    /// The longest of the parts.
    pub(crate) fn longest_part(&self) -> MediaTime {
        let samples = self
            .parts
            .iter()
            .map(|part| u64::from(part.samples))
            .max()
            .unwrap_or(0);
        MediaTime::new(
            samples * u64::from(self.sample_duration),
            self.track.timescale,
        )
    }

    /// Bits per second of the largest run of `parts` parts that starts at a multiple of `parts`, boxes included.
    pub(crate) fn bit_rate(&self, parts: u64) -> u64 {
        let parts = usize::try_from(parts.max(1)).unwrap_or(usize::MAX);
        self.parts
            .chunks(parts)
            .map(|segment| {
                let bytes: u64 = segment.iter().map(|part| part.template.len() as u64).sum();
                let samples: u64 = segment.iter().map(|part| u64::from(part.samples)).sum();
                let ticks = (samples * u64::from(self.sample_duration)).max(1);
                (bytes * 8 * u64::from(self.track.timescale.ticks_per_second())).div_ceil(ticks)
            })
            .max()
            .unwrap_or(0)
    }
}

impl ClipPart {
    /// Writes samples `first..end` of the loop as a fragment.
    fn cut(fragments: &[Fragment], first: u64, end: u64) -> Result<Self, MediaError> {
        let mut pieces = Vec::new();
        let mut base = 0;
        for fragment in fragments {
            let count = fragment.samples().len() as u64;
            let from = first.clamp(base, base + count) - base;
            let to = end.clamp(base, base + count) - base;
            if from < to {
                pieces.push((fragment, from as usize..to as usize));
            }
            base += count;
        }
        let independence = match sample_at(fragments, first) {
            Some(SyncPoint::Sync) => Independence::Independent,
            _ => Independence::Dependent,
        };
        let template = writer::fragment(0, &pieces);
        let [sequence_at, time_at] = places(&template)?;
        let samples = u32::try_from(end - first).unwrap_or(u32::MAX);
        Ok(Self {
            template,
            sequence_at,
            time_at,
            first,
            samples,
            independence,
        })
    }
}

/// The first sample of part `part` of a loop of `samples`: the last one that starts at or before
/// the part's own start. So a part of sound begins up to one frame early and never ends late: all
/// of it lies in the past when the part becomes available.
fn boundary(samples: u64, part: u64) -> u64 {
    samples * part / PARTS_PER_LOOP
}

fn sample_at(fragments: &[Fragment], mut index: u64) -> Option<SyncPoint> {
    for fragment in fragments {
        let samples = fragment.samples();
        match usize::try_from(index)
            .ok()
            .and_then(|index| samples.get(index))
        {
            Some(sample) => return Some(sample.sync),
            None => index -= samples.len() as u64,
        }
    }
    None
}

/// Where a fragment that we wrote has its sequence number and its decode time: behind the header,
/// version and flags of `mfhd`, and of the 64-bit `tfdt`.
fn places(template: &[u8]) -> Result<[usize; 2], MediaError> {
    let find = |within, parent, kind| -> Result<boxes::Child, MediaError> {
        let mut children = boxes::children(template, within, parent)?.into_iter();
        children
            .find(|child| child.kind == kind)
            .ok_or(MediaError::Missing { kind, parent })
    };
    let moof = find(0..template.len(), BoxKind::MOOF, BoxKind::MOOF)?;
    let mfhd = find(moof.body.clone(), BoxKind::MOOF, BoxKind::MFHD)?;
    let traf = find(moof.body, BoxKind::MOOF, BoxKind::TRAF)?;
    let tfdt = find(traf.body, BoxKind::TRAF, BoxKind::TFDT)?;
    let time_at = tfdt.body.start + 4;
    if tfdt.body.end - time_at != 8 {
        return Err(MediaError::Malformed {
            kind: BoxKind::TFDT,
            reason: "not 64 bits wide".to_owned(),
        });
    }
    Ok([mfhd.body.start + 4, time_at])
}
