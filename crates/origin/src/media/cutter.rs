//! Cutting one track into parts and segments, by the timing in the media itself.

use std::collections::VecDeque;
use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;

use super::error::MediaError;
use super::fragment::{CaptureTime, Fragment, Sample, SyncPoint};
use super::init::{TrackId, TrackInfo};
use super::part::{Continuity, Independence, MediaPart, SegmentStart};
use super::time::{MediaTime, Timescale, ticks_in};
use super::writer;

/// How long parts and segments are meant to be. The same for all tracks of a presentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CutConfig {
    /// The wanted length of a part. Each track rounds it up to whole samples.
    part: Duration,
    /// The wanted length of a segment.
    segment: Duration,
    /// No segment grows to this length.
    segment_limit: Duration,
}

impl CutConfig {
    /// Parts of about `part` in segments of about `segment`.
    ///
    /// A segment never reaches `segment` rounded to whole seconds plus half a second, which is
    /// where its duration would round above a `TARGETDURATION` of that many seconds. Zero lengths count as one millisecond.
    pub fn new(part: Duration, segment: Duration) -> Self {
        let least = Duration::from_millis(1);
        let segment = segment.max(least);
        let whole = Duration::from_secs((segment + Duration::from_millis(500)).as_secs().max(1));
        Self {
            part: part.max(least),
            segment,
            segment_limit: whole + Duration::from_millis(500),
        }
    }
}

/// What became of a fragment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Accepted {
    /// All of its samples are in parts, given out or to come.
    All,
    /// Samples at its start were there already, and were left out (ING-12, ING-14).
    Rest {
        /// How many samples were left out.
        skipped: usize,
    },
    /// All of it was there already: a repeated fragment. Nothing changed.
    Repeated,
}

/// What opens a segment of a track.
#[derive(Debug)]
enum CutRule {
    /// Sync samples near multiples of the segment length; for sound, any sample there.
    ///
    /// Multiples on the media timeline rather than lengths since the last cut, so that renditions
    /// that arrive apart, or come back later, are cut at the same places without knowing of each other.
    Grid,
    /// Where another track was cut: nanoseconds on the media timeline.
    Follow(VecDeque<u64>),
}

/// Some samples of a fragment that go into the next part.
#[derive(Debug)]
struct Piece {
    /// Where they are.
    fragment: Fragment,
    /// Which they are.
    range: Range<usize>,
}

/// The part that is growing. Invariant: `ticks` is the sum of its samples' durations.
#[derive(Debug)]
struct Growing {
    /// Its samples, in order. Invariant: not empty.
    pieces: Vec<Piece>,
    /// Decode time of its first sample.
    start: u64,
    /// Its length so far.
    ticks: u64,
    /// Bytes of the fragments that its samples are in.
    held: usize,
    /// Whether it has a sync sample.
    independence: Independence,
    /// Whether it opens a segment.
    segment: SegmentStart,
    /// How it follows from what was before.
    continuity: Continuity,
}

/// Cuts the fragments of one track into parts, and says where segments start.
///
/// A fragment that is as long as a part passes through untouched. Shorter ones are put together,
/// longer ones are split between samples; both are written anew, which copies the media once.
/// A part is given out as soon as it is long enough and its last sample is here: with the last fragment that fits,
/// or inside a long one.
///
/// Rules, in order:
/// 1. a segment starts at a sync sample at or after a multiple of the segment length, or
///    earlier when waiting for the next sync sample would make the segment too long;
/// 2. a sync picture starts a part, unless the part before it would be too short for LL-04:
///    then it is inside, and the part is independent all the same;
/// 3. no part is longer than [`PartCutter::part_target`], which is fixed by the first fragment.
#[derive(Debug)]
pub struct PartCutter {
    /// The track.
    track: TrackId,
    /// Its clock.
    timescale: Timescale,
    /// Whether sync samples are rare, and so worth starting a part at.
    video: bool,
    /// The wanted lengths.
    config: CutConfig,
    /// What opens segments.
    rule: CutRule,
    /// The longest part, in ticks; set by the first fragment.
    target: Option<u64>,
    /// Segment length and limit in ticks.
    segment: u64,
    segment_limit: u64,
    /// Decode time that the next sample should have.
    expected: Option<u64>,
    /// Decode time at which the open segment started, and the multiple of the segment length it is near.
    segment_start: Option<u64>,
    segment_slot: u64,
    /// The last sync picture, and how long the GOP before it was.
    last_sync: Option<u64>,
    last_gop: u64,
    /// The part that is growing.
    growing: Option<Growing>,
    /// The last `mfhd` number that was given out.
    sequence: Option<u32>,
    /// Where segments started since [`PartCutter::take_cuts`], in ticks.
    cuts: Vec<u64>,
}

impl PartCutter {
    /// A cutter that decides for itself where segments start.
    pub fn new(track: &TrackInfo, config: CutConfig) -> Self {
        let timescale = track.timescale;
        Self {
            track: track.id,
            timescale,
            video: track.is_video(),
            config,
            rule: CutRule::Grid,
            target: None,
            segment: ticks_in(config.segment, timescale).max(1),
            segment_limit: ticks_in(config.segment_limit, timescale),
            expected: None,
            segment_start: None,
            segment_slot: 0,
            last_sync: None,
            last_gop: 0,
            growing: None,
            sequence: None,
            cuts: Vec::new(),
        }
    }

    /// A cutter that starts segments where it is told to ([`PartCutter::follow_cut`]): the sound beside a picture.
    pub fn following(track: &TrackInfo, config: CutConfig) -> Self {
        Self {
            rule: CutRule::Follow(VecDeque::new()),
            ..Self::new(track, config)
        }
    }

    /// The longest part of this track, for `PART-TARGET`: the wanted length rounded up to whole samples,
    /// as [`part_target_for`] does with the first sample. `None` before the first fragment; constant after it.
    pub fn part_target(&self) -> Option<MediaTime> {
        self.target
            .map(|ticks| MediaTime::new(ticks, self.timescale))
    }

    /// Takes a fragment of this track and appends the parts that it completes to `parts`.
    ///
    /// # Errors
    /// [`MediaError::SampleTooLong`] for a sample that no part can hold, [`MediaError::Encrypted`] for
    /// an encrypted fragment that would have to be rewritten, [`MediaError::PartTooLarge`], [`MediaError::UnknownTrack`] for a
    /// fragment of another track. Parts completed before the error are in `parts`; the cutter is of no use afterwards.
    pub fn push(
        &mut self,
        fragment: &Fragment,
        parts: &mut Vec<MediaPart>,
    ) -> Result<Accepted, MediaError> {
        if fragment.track() != self.track || fragment.timescale() != self.timescale {
            return Err(MediaError::UnknownTrack {
                track: fragment.track(),
            });
        }
        let first_duration = fragment
            .samples()
            .first()
            .map_or(0, |sample| sample.duration);
        let target = *self
            .target
            .get_or_insert_with(|| fit(self.config.part, first_duration, self.timescale));
        let start = fragment.decode_time().ticks;
        let end = fragment.end_time().ticks;

        let (continuity, skipped) = match self.expected {
            None => (Continuity::Continues, 0),
            Some(expected) if start >= expected => {
                let missing = start - expected;
                let hole = ticks_in(SMALL_HOLE, self.timescale).max(u64::from(first_duration));
                if missing <= hole {
                    (Continuity::Continues, 0)
                } else {
                    (Continuity::Gap { ticks: missing }, 0)
                }
            }
            Some(expected) if expected - start < u64::from(first_duration) => {
                (Continuity::Continues, 0)
            }
            Some(expected) if expected - start > ticks_in(REPEAT_HORIZON, self.timescale) => {
                (Continuity::Reset, 0)
            }
            Some(expected) if end <= expected => return Ok(Accepted::Repeated),
            Some(expected) => (Continuity::Continues, samples_before(fragment, expected)),
        };
        if continuity != Continuity::Continues {
            self.flush(parts)?;
            self.last_sync = None;
        }

        let mut at = start
            + fragment.samples()[..skipped]
                .iter()
                .map(|sample| u64::from(sample.duration))
                .sum::<u64>();
        let mut pending_continuity = continuity;
        for (index, sample) in fragment.samples().iter().enumerate().skip(skipped) {
            if u64::from(sample.duration) > target {
                return Err(MediaError::SampleTooLong {
                    track: self.track,
                    ticks: u64::from(sample.duration),
                    limit: target,
                });
            }
            let segment = self.segment_start_at(at, sample, pending_continuity);
            if self.must_flush(target, sample, segment, fragment) {
                self.flush(parts)?;
            }
            self.grow(fragment, index, at, segment, pending_continuity)?;
            pending_continuity = Continuity::Continues;
            at += u64::from(sample.duration);
        }
        self.expected = Some(end);
        // A fragment's end is a cut that costs nothing: take it if the part may be that short.
        if self
            .growing
            .as_ref()
            .is_some_and(|growing| is_long_enough(growing.ticks, target))
        {
            self.flush(parts)?;
        }
        Ok(if skipped == 0 {
            Accepted::All
        } else {
            Accepted::Rest { skipped }
        })
    }

    /// Gives out the part that is growing, however short: the encoder has stopped, and it is the last of its segment.
    ///
    /// # Errors
    /// As [`PartCutter::push`].
    pub fn finish(&mut self, parts: &mut Vec<MediaPart>) -> Result<(), MediaError> {
        self.flush(parts)
    }

    /// Tells a following cutter to start a segment at its first sample at or after `time`. A cut
    /// that it has made already, because its own timeline broke there, is not made twice.
    pub fn follow_cut(&mut self, time: MediaTime) {
        let tolerance = self.target.unwrap_or(0) / 2;
        let open = self
            .segment_start
            .map(|start| MediaTime::new(start.saturating_add(tolerance), self.timescale));
        if let CutRule::Follow(cuts) = &mut self.rule {
            let is_done = open.is_some_and(|open| open.cmp_time(time).is_ge());
            if !is_done && cuts.len() < MOST_CUTS_AHEAD {
                cuts.push_back(time.as_nanos());
            }
        }
    }

    /// Where segments started since the last call, after the first, for the cutters that follow this one.
    pub fn take_cuts(&mut self) -> Vec<MediaTime> {
        let timescale = self.timescale;
        std::mem::take(&mut self.cuts)
            .into_iter()
            .map(|ticks| MediaTime::new(ticks, timescale))
            .collect()
    }

    /// Decides whether the sample that starts at `at` opens a segment, and notes it if so.
    fn segment_start_at(
        &mut self,
        at: u64,
        sample: &Sample,
        continuity: Continuity,
    ) -> SegmentStart {
        let sync = sample.sync == SyncPoint::Sync;
        if self.video && sync {
            self.last_gop = self.last_sync.map_or(0, |last| at.saturating_sub(last));
            self.last_sync = Some(at);
        }
        // Half a sample of tolerance: clocks of milliseconds put a GOP of two seconds at 1.999.
        let middle = at + u64::from(sample.duration) / 2;
        let slot = middle / self.segment;
        let now = MediaTime::new(middle, self.timescale).as_nanos();
        let Some(start) = self
            .segment_start
            .filter(|_| continuity == Continuity::Continues)
        else {
            // What was due before a break is done by the break.
            if let CutRule::Follow(cuts) = &mut self.rule {
                cuts.retain(|&cut| cut > now);
            }
            self.open_segment(at, slot);
            return SegmentStart::Starts;
        };
        let elapsed = at.saturating_sub(start);
        let due = match &mut self.rule {
            CutRule::Grid => {
                let next_would_be_too_late = self.last_gop > 0
                    && elapsed.saturating_add(self.last_gop) >= self.segment_limit;
                slot > self.segment_slot || (self.video && next_would_be_too_late)
            }
            CutRule::Follow(cuts) => {
                let due = cuts.front().is_some_and(|&cut| cut <= now);
                if due {
                    cuts.pop_front();
                }
                due
            }
        };
        if due && sync {
            self.open_segment(at, slot);
            SegmentStart::Starts
        } else if elapsed.saturating_add(u64::from(sample.duration)) >= self.segment_limit {
            self.open_segment(at, slot);
            if sync {
                SegmentStart::Starts
            } else {
                SegmentStart::Forced
            }
        } else {
            SegmentStart::Continues
        }
    }

    fn open_segment(&mut self, at: u64, slot: u64) {
        self.segment_slot = slot;
        // The first segment of a track opens with its first sample; nobody has to follow that.
        let is_later = self.segment_start.replace(at).is_some();
        if is_later && self.cuts.len() < MOST_CUTS_AHEAD {
            self.cuts.push(at);
        }
    }

    /// Whether the growing part ends before this sample.
    fn must_flush(
        &self,
        target: u64,
        sample: &Sample,
        segment: SegmentStart,
        fragment: &Fragment,
    ) -> bool {
        let Some(growing) = &self.growing else {
            return false;
        };
        let starts_decoding =
            self.video && sample.sync == SyncPoint::Sync && is_long_enough(growing.ticks, target);
        // One `traf` has one sample description.
        let other_description = growing
            .pieces
            .last()
            .is_some_and(|piece| piece.fragment.description() != fragment.description());
        segment.opens_segment()
            || starts_decoding
            || other_description
            || growing.ticks + u64::from(sample.duration) > target
    }

    /// Adds a sample to the growing part, or starts one with it.
    fn grow(
        &mut self,
        fragment: &Fragment,
        index: usize,
        at: u64,
        segment: SegmentStart,
        continuity: Continuity,
    ) -> Result<(), MediaError> {
        let sample = &fragment.samples()[index];
        let growing = self.growing.get_or_insert_with(|| Growing {
            pieces: Vec::new(),
            start: at,
            ticks: 0,
            held: 0,
            independence: Independence::Dependent,
            segment,
            continuity,
        });
        match growing.pieces.last_mut() {
            // The range ends where the sample starts only within one fragment: a piece of an
            // earlier fragment ends with that fragment, and indices start again at zero or above what was skipped.
            Some(piece)
                if index > 0 && piece.range.end == index && piece.fragment.is_same(fragment) =>
            {
                piece.range.end = index + 1;
            }
            _ => {
                growing.held += fragment.held_bytes();
                if growing.held > MOST_PART_BYTES || growing.pieces.len() == MOST_PIECES {
                    return Err(MediaError::PartTooLarge { track: self.track });
                }
                growing.pieces.push(Piece {
                    fragment: fragment.clone(),
                    range: index..index + 1,
                });
            }
        }
        growing.ticks += u64::from(sample.duration);
        if sample.sync == SyncPoint::Sync {
            growing.independence = Independence::Independent;
        }
        Ok(())
    }

    /// Gives out the growing part, if there is one.
    fn flush(&mut self, parts: &mut Vec<MediaPart>) -> Result<(), MediaError> {
        let Some(growing) = self.growing.take() else {
            return Ok(());
        };
        let bytes = self.part_bytes(&growing.pieces)?;
        let samples: usize = growing.pieces.iter().map(|piece| piece.range.len()).sum();
        let capture_time = growing.pieces.first().and_then(|piece| {
            let captured = piece.fragment.capture_time()?;
            let inside = MediaTime::new(
                growing.start - piece.fragment.decode_time().ticks,
                self.timescale,
            );
            Some(CaptureTime {
                unix_nanos: captured.unix_nanos.checked_add(inside.as_nanos())?,
            })
        });
        parts.push(MediaPart {
            track: self.track,
            bytes,
            decode_time: MediaTime::new(growing.start, self.timescale),
            duration: MediaTime::new(growing.ticks, self.timescale),
            samples: u32::try_from(samples).unwrap_or(u32::MAX),
            independence: growing.independence,
            segment: growing.segment,
            continuity: growing.continuity,
            capture_time,
        });
        Ok(())
    }

    /// The bytes of a part: shared when it is a whole fragment, otherwise written anew.
    fn part_bytes(&mut self, pieces: &[Piece]) -> Result<Bytes, MediaError> {
        let is_complete = |piece: &Piece| piece.range.len() == piece.fragment.samples().len();
        if let [piece] = pieces {
            let number = piece.fragment.sequence();
            let number_grows = self.sequence.is_none_or(|last| number > last);
            if is_complete(piece) && piece.fragment.is_whole() && number_grows {
                self.sequence = Some(number);
                return Ok(piece.fragment.bytes());
            }
        }
        if pieces.iter().any(|piece| piece.fragment.is_encrypted()) {
            return self.concatenated(pieces, is_complete);
        }
        let first = pieces.first().map_or(0, |piece| piece.fragment.sequence());
        let sequence = self
            .sequence
            .map_or(first, |last| last.wrapping_add(1).max(1));
        self.sequence = Some(sequence);
        let pieces: Vec<(&Fragment, Range<usize>)> = pieces
            .iter()
            .map(|piece| (&piece.fragment, piece.range.clone()))
            .collect();
        Ok(writer::fragment(sequence, &pieces))
    }

    /// Encrypted fragments cannot be rewritten, only put one behind the other.
    fn concatenated(
        &mut self,
        pieces: &[Piece],
        is_complete: impl Fn(&Piece) -> bool,
    ) -> Result<Bytes, MediaError> {
        if !pieces
            .iter()
            .all(|piece| is_complete(piece) && piece.fragment.is_whole())
        {
            return Err(MediaError::Encrypted { track: self.track });
        }
        self.sequence = pieces.last().map(|piece| piece.fragment.sequence());
        let wholes: Vec<Bytes> = pieces.iter().map(|piece| piece.fragment.bytes()).collect();
        Ok(wholes.concat().into())
    }
}

/// The most cuts that a following track is remembered for while it sends nothing.
const MOST_CUTS_AHEAD: usize = 1024;

/// The most bytes of fragments that one part holds while it grows. Samples without duration would never fill it otherwise.
const MOST_PART_BYTES: usize = 64 << 20;

/// The most fragments that one part is put together from, for the same reason.
const MOST_PIECES: usize = 4096;

/// A hole up to this long (or one sample) is no gap: a picture that a camera dropped where a fragment ended.
/// Players step over it, while a discontinuity would make them start their decoders anew.
const SMALL_HOLE: Duration = Duration::from_millis(100);

/// A fragment that ends before what is expected is taken for a repetition up to this far back; farther
/// back, the encoder's clock was set.
const REPEAT_HORIZON: Duration = Duration::from_secs(60);

/// The part target of a track: `wanted` rounded up to a whole number of its samples.
///
/// A target that is no multiple of the sample duration cannot be met: at 29.97 pictures a second and
/// 200 ms, five pictures are less than 85 % of the target and six are more than all of it.
/// `None` when the sample duration is zero.
pub fn part_target_for(
    wanted: Duration,
    sample_duration: u32,
    timescale: Timescale,
) -> Option<MediaTime> {
    if sample_duration == 0 {
        return None;
    }
    Some(MediaTime::new(
        fit(wanted, sample_duration, timescale),
        timescale,
    ))
}

fn fit(wanted: Duration, sample_duration: u32, timescale: Timescale) -> u64 {
    let wanted = ticks_in(wanted, timescale).max(1);
    let sample = u64::from(sample_duration).max(1);
    wanted.div_ceil(sample).saturating_mul(sample)
}

/// LL-04: at least 85 % of the target.
fn is_long_enough(ticks: u64, target: u64) -> bool {
    u128::from(ticks) * 100 >= u128::from(target) * 85
}

/// How many of a fragment's samples start before `time`.
fn samples_before(fragment: &Fragment, time: u64) -> usize {
    let mut at = fragment.decode_time().ticks;
    fragment
        .samples()
        .iter()
        .take_while(|sample| {
            let starts_before = at < time;
            at += u64::from(sample.duration);
            starts_before
        })
        .count()
}
