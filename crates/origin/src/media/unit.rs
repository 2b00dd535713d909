//! Reading a unit, that is a `moof` and its `mdat`, down to the sample.

use bytes::Bytes;
use mp4_atom::{Mfhd, Tfdt, Tfhd, Trun, TrunSamples};

use super::boxes::{self, BoxKind, Child};
use super::error::MediaError;
use super::fragment::{CaptureTime, Fragment, NON_SYNC, Sample, Shape, SyncPoint};
use super::init::{InitSection, SampleDefaults, TrackId, TrackInfo, TrackKind};
use super::limits::MediaLimits;
use super::protection::{self, Protection};
use super::time::Timescale;

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
        boxes: &inside,
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
    /// What is in it.
    boxes: &'a [Child],
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
            iv_size: inherited.iv_size,
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
        let found = protection::Boxes {
            unit,
            moof: self.boxes,
            traf: &inside,
            base,
        };
        let protection = Protection::read(found, samples.len(), inherited.iv_size);
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
                moof: self.moof,
            },
            protection,
            capture: self
                .context
                .reference
                .and_then(|reference| capture(reference, track, decode_time, info.timescale)),
            held: None,
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
