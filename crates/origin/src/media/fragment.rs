//! Fragments: a `moof` and its `mdat`, read down to the sample.

use std::sync::Arc;

use bytes::Bytes;
use mp4_atom::{Mfhd, Tfdt, Tfhd, Trun, TrunSamples};

use super::boxes::{self, BoxKind, Child};
use super::error::MediaError;
use super::init::{InitSection, SampleDefaults, TrackId, TrackInfo, TrackKind};
use super::limits::MediaLimits;
use super::time::{FrameRate, MediaTime, Timescale};
use super::writer;

/// Whether a decoder can start at a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SyncPoint {
    /// Decodable by itself: an IDR picture, or any frame of sound.
    Sync,
    /// Needs samples before it.
    Dependent,
}

/// One sample: a coded picture, or a frame of sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sample {
    /// Ticks until the next sample's decode time.
    pub duration: u32,
    /// Bytes.
    pub size: u32,
    /// ISO BMFF sample flags, as in the file.
    pub flags: u32,
    /// Presentation time minus decode time, in ticks.
    pub composition_offset: i64,
    /// Whether a decoder can start here.
    pub sync: SyncPoint,
    /// Where the sample's bytes start in the unit that holds them.
    pub(crate) at: usize,
}

/// The bit of the sample flags that says "not a sync sample" (ISO/IEC 14496-12 §8.8.3.1).
pub(crate) const NON_SYNC: u32 = 0x0001_0000;

/// When a producer says that a sample was captured (`prft`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CaptureTime {
    /// Nanoseconds since the UNIX epoch at the fragment's decode time.
    pub unix_nanos: u64,
}

/// One track's samples of one `moof` and `mdat`. At least one sample; cheap to clone.
#[derive(Debug, Clone)]
pub struct Fragment {
    /// The track.
    track: TrackId,
    /// The track's clock.
    timescale: Timescale,
    /// `mfhd` sequence number, as the encoder gave it.
    sequence: u32,
    /// Decode time of the first sample, in ticks.
    decode_time: u64,
    /// Sum of the samples' durations. Invariant: `decode_time + duration` does not overflow.
    duration: u64,
    /// Invariant: not empty; each one's bytes are inside `unit`.
    samples: Arc<[Sample]>,
    /// The bytes that the samples' positions count from: events, `moof` and `mdat`.
    unit: Bytes,
    /// What the original `traf` says beyond its samples.
    shape: Shape,
    /// The producer's word on when this was captured.
    capture: Option<CaptureTime>,
}

/// How the fragment stood in the encoder's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Shape {
    /// `sample_description_index`, where `tfhd` overrides the default.
    description: Option<u32>,
    /// Whether the unit's bytes can go to a player as they are.
    whole: bool,
    /// Whether sample encryption boxes forbid a rewrite.
    encrypted: bool,
    /// Where the unit's `moof` starts; event messages are before it.
    moof: usize,
}

impl Fragment {
    /// The track.
    pub fn track(&self) -> TrackId {
        self.track
    }

    /// The encoder's number of this fragment (`mfhd`).
    pub fn sequence(&self) -> u32 {
        self.sequence
    }

    /// Decode time of the first sample.
    pub fn decode_time(&self) -> MediaTime {
        MediaTime::new(self.decode_time, self.timescale)
    }

    /// Sum of the samples' durations.
    pub fn duration(&self) -> MediaTime {
        MediaTime::new(self.duration, self.timescale)
    }

    /// Decode time of what follows the last sample.
    pub fn end_time(&self) -> MediaTime {
        MediaTime::new(self.decode_time + self.duration, self.timescale)
    }

    /// The samples in decode order. Never empty.
    pub fn samples(&self) -> &[Sample] {
        &self.samples
    }

    /// Whether a decoder can start at the first sample.
    pub fn starts_with_sync(&self) -> bool {
        self.samples
            .first()
            .is_some_and(|sample| sample.sync == SyncPoint::Sync)
    }

    /// When the first sample was captured, where the encoder says so (`prft`, ING-16).
    pub fn capture_time(&self) -> Option<CaptureTime> {
        self.capture
    }

    /// Pictures per second by the first sample's duration.
    pub fn frame_rate(&self) -> Option<FrameRate> {
        FrameRate::from_sample_duration(self.samples.first()?.duration, self.timescale)
    }

    /// Bytes of media, without the boxes around it.
    pub fn media_bytes(&self) -> u64 {
        self.samples
            .iter()
            .map(|sample| u64::from(sample.size))
            .sum()
    }

    /// The coded bytes of one of [`Fragment::samples`], shared.
    ///
    /// # Panics
    /// When `index` is not below the number of samples, as slice indexing does.
    pub fn sample_bytes(&self, index: usize) -> Bytes {
        let sample = &self.samples[index];
        self.unit.slice(sample.at..sample.at + sample.size as usize)
    }

    /// A `moof` and `mdat` of this track alone, with its event messages in front.
    ///
    /// Shared with the encoder's bytes when they hold this track only and use
    /// movie-fragment-relative addressing (FMT-03); otherwise written anew, which copies the media once.
    pub fn bytes(&self) -> Bytes {
        if self.shape.whole {
            return self.unit.clone();
        }
        writer::fragment(self.sequence, &[(self, 0..self.samples.len())])
    }

    /// Whether [`Fragment::bytes`] shares the encoder's bytes.
    pub(crate) fn is_whole(&self) -> bool {
        self.shape.whole
    }

    pub(crate) fn is_encrypted(&self) -> bool {
        self.shape.encrypted
    }

    /// Whether both are the same samples of the same unit.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.samples, &other.samples)
    }

    /// Bytes that this fragment keeps in memory.
    pub(crate) fn held_bytes(&self) -> usize {
        self.unit.len()
    }

    pub(crate) fn timescale(&self) -> Timescale {
        self.timescale
    }

    pub(crate) fn description(&self) -> Option<u32> {
        self.shape.description
    }

    /// Event messages (`emsg`) that stood before the `moof`.
    pub(crate) fn events(&self) -> &[u8] {
        &self.unit[..self.shape.moof]
    }

    /// The bytes of a sample, borrowed.
    pub(crate) fn sample_slice(&self, sample: &Sample) -> &[u8] {
        &self.unit[sample.at..sample.at + sample.size as usize]
    }
}

/// Where a unit came from and what came with it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct UnitContext<'a> {
    /// The tracks.
    pub(crate) init: &'a InitSection,
    /// Bounds.
    pub(crate) limits: &'a MediaLimits,
    /// Position of the unit's first byte in the stream, for files that address from the start.
    pub(crate) stream_offset: u64,
    /// `(track, media time, unix nanoseconds)` of a `prft` in front.
    pub(crate) reference: Option<(TrackId, u64, u64)>,
}

/// Reads a unit (`emsg`*, `moof`, `mdat`) into a fragment per track: video first, then as in the file,
/// because the cutting of the other tracks follows the video's.
/// Tracks that cannot be published, and `traf`s without samples, are left out.
pub(crate) fn read_unit(
    unit: &Bytes,
    context: UnitContext<'_>,
) -> Result<Vec<Fragment>, MediaError> {
    let top = boxes::children(unit, 0..unit.len(), BoxKind::MOOF)?;
    let moof = only(&top, BoxKind::MOOF, BoxKind::MOOF)?;
    let mdat = only(&top, BoxKind::MDAT, BoxKind::MOOF)?;
    let inside = boxes::children(unit, moof.body.clone(), BoxKind::MOOF)?;
    let mfhd = only(&inside, BoxKind::MFHD, BoxKind::MOOF)?;
    let sequence = boxes::decode::<Mfhd>(BoxKind::MFHD, &unit[mfhd.whole.clone()])?.sequence_number;
    let trafs: Vec<&Child> = inside
        .iter()
        .filter(|child| child.kind == BoxKind::TRAF)
        .collect();
    if trafs.len() > context.limits.tracks {
        return Err(MediaError::TooManyTracks {
            tracks: trafs.len(),
            limit: context.limits.tracks,
        });
    }

    let mut reader = UnitReader {
        unit,
        context,
        moof: moof.whole.start,
        mdat,
        // Without any base, the first `traf` counts from the `moof`, and each later one from where
        // the data of the one before it ended.
        implicit_base: moof.whole.start as u64,
        samples_left: context.limits.samples,
        single: trafs.len() == 1,
        sequence,
    };
    let mut fragments = Vec::with_capacity(trafs.len());
    for traf in trafs {
        fragments.extend(reader.track_fragment(traf)?);
    }
    fragments.sort_by_key(|fragment| {
        !context
            .init
            .track(fragment.track)
            .is_some_and(TrackInfo::is_video)
    });
    Ok(fragments)
}

fn only(children: &[Child], kind: BoxKind, parent: BoxKind) -> Result<&Child, MediaError> {
    children
        .iter()
        .find(|child| child.kind == kind)
        .ok_or(MediaError::Missing { kind, parent })
}

/// The state that goes from one `traf` of a unit to the next.
#[derive(Debug)]
struct UnitReader<'a> {
    /// The bytes.
    unit: &'a Bytes,
    /// What surrounds them.
    context: UnitContext<'a>,
    /// Where the `moof` starts.
    moof: usize,
    /// The `mdat`.
    mdat: &'a Child,
    /// Where a `traf` without any base counts from.
    implicit_base: u64,
    /// Samples that the limit still allows.
    samples_left: usize,
    /// Whether the unit has a single `traf`.
    single: bool,
    /// `mfhd` sequence number.
    sequence: u32,
}

impl UnitReader<'_> {
    fn track_fragment(&mut self, traf: &Child) -> Result<Option<Fragment>, MediaError> {
        let unit = self.unit;
        let inside = boxes::children(unit, traf.body.clone(), BoxKind::TRAF)?;
        let tfhd = only(&inside, BoxKind::TFHD, BoxKind::TRAF)?;
        let tfhd = boxes::decode::<Tfhd>(BoxKind::TFHD, &unit[tfhd.whole.clone()])?;
        let track = TrackId::new(tfhd.track_id);
        let Some((info, inherited)) = self.context.init.inherited(track)? else {
            return Ok(None);
        };
        let tfdt = only(&inside, BoxKind::TFDT, BoxKind::TRAF)?;
        let decode_time =
            boxes::decode::<Tfdt>(BoxKind::TFDT, &unit[tfdt.whole.clone()])?.base_media_decode_time;

        let defaults = SampleDefaults {
            duration: tfhd.default_sample_duration.unwrap_or(inherited.duration),
            size: tfhd.default_sample_size.unwrap_or(inherited.size),
            flags: tfhd.default_sample_flags.unwrap_or(inherited.flags),
        };
        // Absolute addresses count from the start of the stream, ours from the start of the unit.
        let base = match tfhd.base_data_offset {
            Some(offset) => offset
                .checked_sub(self.context.stream_offset)
                .ok_or(MediaError::SampleOutside { track })?,
            None if tfhd.default_base_is_moof => self.moof as u64,
            None => self.implicit_base,
        };

        let every_sample_is_sync = !matches!(info.kind, TrackKind::Video { .. });
        let mut samples = Vec::new();
        let mut at = base;
        for child in inside.iter().filter(|child| child.kind == BoxKind::TRUN) {
            let trun = boxes::decode::<Trun>(BoxKind::TRUN, &unit[child.whole.clone()])?;
            self.samples_left = self.samples_left.checked_sub(trun.samples.len()).ok_or({
                MediaError::TooManySamples {
                    samples: trun.samples.len() as u64,
                    limit: self.context.limits.samples,
                }
            })?;
            if let Some(offset) = trun.data_offset {
                at = base
                    .checked_add_signed(i64::from(offset))
                    .ok_or(MediaError::SampleOutside { track })?;
            }
            self.run(
                track,
                &trun.samples,
                defaults,
                every_sample_is_sync,
                &mut at,
                &mut samples,
            )?;
        }
        self.implicit_base = at;

        let duration: u64 = samples
            .iter()
            .map(|sample: &Sample| u64::from(sample.duration))
            .sum();
        if samples.is_empty() {
            return Ok(None);
        }
        if decode_time.checked_add(duration).is_none() {
            return Err(MediaError::Malformed {
                kind: BoxKind::TFDT,
                reason: "the timeline overflows".to_owned(),
            });
        }
        let protection = [BoxKind::SENC, BoxKind(*b"saiz"), BoxKind(*b"saio")];
        Ok(Some(Fragment {
            track,
            timescale: info.timescale,
            sequence: self.sequence,
            decode_time,
            duration,
            samples: samples.into(),
            unit: unit.clone(),
            shape: Shape {
                description: tfhd.sample_description_index,
                whole: self.single && tfhd.default_base_is_moof && tfhd.base_data_offset.is_none(),
                encrypted: inside.iter().any(|child| protection.contains(&child.kind)),
                moof: self.moof,
            },
            capture: self
                .context
                .reference
                .and_then(|reference| capture(reference, track, decode_time, info.timescale)),
        }))
    }

    /// Resolves a `trun` against the defaults and places each sample in the unit.
    fn run(
        &self,
        track: TrackId,
        run: &TrunSamples,
        defaults: SampleDefaults,
        every_sample_is_sync: bool,
        at: &mut u64,
        samples: &mut Vec<Sample>,
    ) -> Result<(), MediaError> {
        samples.reserve(run.len());
        for entry in run {
            let size = entry.size.unwrap_or(defaults.size);
            let flags = entry.flags.unwrap_or(defaults.flags);
            let end = at
                .checked_add(u64::from(size))
                .filter(|&end| end <= self.mdat.body.end as u64);
            let (Some(end), true) = (end, *at >= self.mdat.body.start as u64) else {
                return Err(MediaError::SampleOutside { track });
            };
            // Version 0 offsets are unsigned. One beyond i32 is nonsense, and could not be written
            // into one run with a negative one of another fragment.
            let composition_offset = entry.cts.unwrap_or(0);
            if i32::try_from(composition_offset).is_err() {
                return Err(MediaError::Malformed {
                    kind: BoxKind::TRUN,
                    reason: "a composition offset is absurd".to_owned(),
                });
            }
            let is_sync = every_sample_is_sync || flags & NON_SYNC == 0;
            samples.push(Sample {
                duration: entry.duration.unwrap_or(defaults.duration),
                size,
                flags,
                composition_offset,
                sync: if is_sync {
                    SyncPoint::Sync
                } else {
                    SyncPoint::Dependent
                },
                // Bounded by the unit's length just above.
                at: *at as usize,
            });
            *at = end;
        }
        Ok(())
    }
}

/// The wall clock at `decode_time`, from a reference that may stand a little before or after it.
fn capture(
    (reference_track, media_time, unix_nanos): (TrackId, u64, u64),
    track: TrackId,
    decode_time: u64,
    timescale: Timescale,
) -> Option<CaptureTime> {
    if reference_track != track {
        return None;
    }
    let ahead = i128::from(decode_time) - i128::from(media_time);
    let nanos = ahead * 1_000_000_000 / i128::from(timescale.ticks_per_second());
    let unix_nanos = u64::try_from(i128::from(unix_nanos) + nanos).ok()?;
    Some(CaptureTime { unix_nanos })
}
