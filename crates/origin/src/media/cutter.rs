//! Cutting one track into parts and segments, by the timing in the media itself.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hasher as _};
use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;

use super::config::{CutConfig, fit};
use super::error::MediaError;
use super::fragment::{Fragment, Sample, SyncPoint};
use super::growing::{Growing, Piece, Room, Split};
use super::init::{TrackId, TrackInfo};
use super::part::{Continuity, MediaPart, SegmentEnd, SegmentStart};
use super::protection::Protection;
use super::segmenter::{Certainty, CutRule, Segmenter};
use super::time::{MediaTime, TrackClock, ticks_in};
use super::writer;

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
    clock: TrackClock,
    /// Whether sync samples are rare, and so worth starting a part at.
    video: bool,
    /// The wanted lengths.
    config: CutConfig,
    /// Says where segments start.
    segmenter: Segmenter,
    /// The longest part, in ticks; set by the first fragment.
    target: Option<u64>,
    /// Decode time that the next sample should have.
    expected: Option<u64>,
    /// Decode time at which the present timeline started.
    first: u64,
    /// The samples that the present timeline started with.
    beginning: Beginning,
    /// Whether the next fragment may come from an encoder that was started anew.
    source: Source,
    /// The usual duration of a sample, in ticks.
    usual: u32,
    /// The part that is growing.
    growing: Option<Growing>,
    /// The last `mfhd` number that was given out.
    sequence: Option<u32>,
}

impl PartCutter {
    /// A cutter that decides for itself where segments start.
    pub fn new(track: &TrackInfo, config: CutConfig) -> Self {
        Self::with_rule(track, config, CutRule::Grid)
    }

    /// A cutter that starts segments where it is told to ([`PartCutter::follow_cut`]): the sound beside a picture.
    pub fn following(track: &TrackInfo, config: CutConfig) -> Self {
        Self::with_rule(track, config, CutRule::Follow(VecDeque::new()))
    }

    fn with_rule(track: &TrackInfo, config: CutConfig, rule: CutRule) -> Self {
        let clock = TrackClock {
            timescale: track.timescale,
            shown_from: track.shown_from,
        };
        Self {
            track: track.id,
            clock,
            video: track.is_video(),
            config,
            segmenter: Segmenter::new(rule, config, clock, track.is_video()),
            target: None,
            expected: None,
            first: 0,
            beginning: Beginning::default(),
            source: Source::Known,
            usual: 0,
            growing: None,
            sequence: None,
        }
    }

    /// The longest part of this track, for `PART-TARGET`: the wanted length rounded up to whole samples,
    /// as [`part_target_for`](super::part_target_for) does, with the median of the first fragment's samples. `None` before the first fragment; constant after it.
    pub fn part_target(&self) -> Option<MediaTime> {
        self.target
            .map(|ticks| MediaTime::new(ticks, self.clock.timescale))
    }

    /// Takes a fragment of this track and appends the parts that it completes to `parts`.
    ///
    /// # Errors
    /// [`MediaError::SampleTooLong`] for a sample that no part can hold, [`MediaError::Encrypted`] for
    /// an encrypted fragment that would have to be rewritten and cannot be, [`MediaError::PartTooLarge`], [`MediaError::UnknownTrack`] for a
    /// fragment of another track. Parts completed before the error are in `parts`; the cutter is of no use afterwards.
    pub fn push(
        &mut self,
        fragment: &Fragment,
        parts: &mut Vec<MediaPart>,
    ) -> Result<Accepted, MediaError> {
        if fragment.track() != self.track || fragment.timescale() != self.clock.timescale {
            return Err(MediaError::UnknownTrack {
                track: fragment.track(),
            });
        }
        let usual = usual_duration(fragment);
        let target = *self
            .target
            .get_or_insert_with(|| fit(self.config.part, usual, self.clock.timescale));
        self.usual = usual;
        let start = fragment.decode_time().ticks;
        let end = fragment.end_time().ticks;

        let relation = self.relation(fragment);
        if relation != Relation::Repeats {
            self.source = Source::Known;
        }
        let (continuity, skipped) = match relation {
            Relation::Follows => (Continuity::Continues, 0),
            Relation::Overlaps { samples } => (Continuity::Continues, samples),
            Relation::Repeats => return Ok(Accepted::Repeated),
            Relation::Ahead { ticks } => (Continuity::Gap { ticks }, 0),
            Relation::Elsewhere => (Continuity::Reset, 0),
        };
        // What was held back at an expected cut has more behind it now.
        if let Some(cut) = self.segmenter.expected()
            && self.split_at(cut, parts)? == Place::Inside
        {
            self.segmenter.forget_expected();
        }
        if continuity != Continuity::Continues {
            self.flush(SegmentEnd::Unknown, parts)?;
        }
        if continuity == Continuity::Reset || self.expected.is_none() {
            self.first = start;
            self.beginning = Beginning::default();
        }

        let mut at = start
            + fragment.samples()[..skipped]
                .iter()
                .map(|sample| u64::from(sample.duration))
                .sum::<u64>();
        let mut pending_continuity = continuity;
        let mut held_back = false;
        for (index, sample) in fragment.samples().iter().enumerate().skip(skipped) {
            if u64::from(sample.duration) > target {
                return Err(MediaError::SampleTooLong {
                    track: self.track,
                    ticks: u64::from(sample.duration),
                    limit: target,
                });
            }
            let lingers = pending_continuity == Continuity::Continues
                && self.lingers(&fragment.samples()[index..], at, target);
            if lingers {
                self.make_room(end - at, target, parts)?;
                held_back = true;
            }
            let segment = if held_back {
                SegmentStart::Continues
            } else {
                self.segmenter.sample(at, sample, pending_continuity)
            };
            if self.must_flush(target, sample, segment, fragment) {
                let end = if segment.opens_segment() {
                    SegmentEnd::Ends
                } else {
                    SegmentEnd::Unknown
                };
                self.flush(end, parts)?;
            }
            self.grow(fragment, index, at, segment, pending_continuity)?;
            self.beginning.note(at, fragment.sample_slice(sample));
            pending_continuity = Continuity::Continues;
            at += u64::from(sample.duration);
        }
        self.expected = Some(end);
        // A fragment's end is a cut that costs nothing: take it if the part may be that short.
        if !held_back
            && self
                .growing
                .as_ref()
                .is_some_and(|growing| is_long_enough(growing.ticks, target))
        {
            let end = self.segmenter.end_at(end, usual);
            self.flush(end, parts)?;
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
        self.flush(SegmentEnd::Unknown, parts)
    }

    /// The header came again: what follows may be from an encoder that was started anew.
    ///
    /// Such an encoder's clock may start where the present timeline started. It is no repetition when its samples
    /// are others than those that were there at the same times; nor after `SHORTEST_RUN` of media, since nobody sends a
    /// whole stream again from its very start.
    pub fn source_began(&mut self) {
        self.source = Source::New;
    }

    /// As [`PartCutter::source_began`], of an encoder that sends nothing twice: media from the start of the present
    /// timeline is that of a new one, whatever is in it, and however short the run before it was.
    #[cfg_attr(
        not(feature = "rtmp"),
        allow(dead_code, reason = "encoders over HTTP may send anything again")
    )]
    pub(crate) fn source_began_anew(&mut self) {
        self.source = Source::Anew;
    }

    /// The header came from somebody else while the encoder that is known still sends: a second one perhaps, whose
    /// pictures need not be the same to the bit (ING-21). Only the times tell whether it is.
    pub(crate) fn source_began_beside(&mut self) {
        self.source = Source::Beside;
    }

    /// Whether the header came again, and nothing since that tells what that meant.
    pub(crate) fn source_is_new(&self) -> bool {
        matches!(self.source, Source::New | Source::Anew | Source::Beside)
    }

    /// The timeline of another track of the presentation was set back: where this one's goes back too, it is for the same reason.
    pub(crate) fn reset_is_due(&mut self) {
        self.source = Source::Restarted;
    }

    /// Whether `fragment` sets this track's timeline back, and it is the first of its presentation to do so.
    pub(crate) fn is_set_back_by(&self, fragment: &Fragment) -> bool {
        self.source != Source::Restarted && self.relation(fragment) == Relation::Elsewhere
    }

    /// Gives out the part that is growing, and starts a segment with the next sync sample: it needs another header.
    pub(crate) fn cut_next(&mut self, parts: &mut Vec<MediaPart>) -> Result<(), MediaError> {
        self.segmenter.cut_next();
        self.flush(SegmentEnd::Unknown, parts)
    }

    /// How a fragment of this track stands to what was taken before. Changes nothing.
    pub(crate) fn relation(&self, fragment: &Fragment) -> Relation {
        let start = fragment.decode_time().ticks;
        let first_duration = fragment
            .samples()
            .first()
            .map_or(0, |sample| u64::from(sample.duration));
        let Some(expected) = self.expected else {
            return Relation::Follows;
        };
        if start >= expected {
            let missing = start - expected;
            let hole = ticks_in(SMALL_HOLE, self.clock.timescale).max(first_duration);
            return if missing <= hole {
                Relation::Follows
            } else {
                Relation::Ahead { ticks: missing }
            };
        }
        let back = expected - start;
        let is_restart = match self.source {
            Source::Known => false,
            Source::New | Source::Anew | Source::Beside => {
                let run = expected.saturating_sub(self.first);
                let from_the_start = start <= self.first.saturating_add(first_duration)
                    && (self.source == Source::Anew
                        || run >= ticks_in(SHORTEST_RUN, self.clock.timescale));
                let may_differ = self.source != Source::Beside;
                from_the_start || (may_differ && self.beginning.differs(fragment))
            }
            Source::Restarted => true,
        };
        let farthest = self.config.segment.saturating_mul(SEGMENTS_SENT_AGAIN);
        if back < first_duration {
            Relation::Follows
        } else if is_restart || back > ticks_in(farthest, self.clock.timescale) {
            Relation::Elsewhere
        } else if fragment.end_time().ticks <= expected {
            Relation::Repeats
        } else {
            Relation::Overlaps {
                samples: samples_before(fragment, expected),
            }
        }
    }

    /// Tells a following cutter to start a segment at its first sample at or after `time`, a presentation time.
    /// Parts that this completes are appended to `parts`.
    ///
    /// Where that sample waits in the part that is growing, the part is cut there. Where it was given
    /// out already, which happens when an encoder sends this track ahead of the other, the segment
    /// starts with the next part. A cut that was made already, because this track's own timeline broke
    /// there, is not made twice.
    ///
    /// # Errors
    /// As [`PartCutter::push`].
    pub fn follow_cut(
        &mut self,
        time: MediaTime,
        parts: &mut Vec<MediaPart>,
    ) -> Result<(), MediaError> {
        self.follow(time, Certainty::Made, parts)
    }

    /// Tells a following cutter that a segment will start at its first sample at or after `time`, unless the
    /// track that it follows is cut elsewhere after all.
    ///
    /// # Errors
    /// As [`PartCutter::push`].
    pub fn expect_cut(
        &mut self,
        time: MediaTime,
        parts: &mut Vec<MediaPart>,
    ) -> Result<(), MediaError> {
        self.follow(time, Certainty::Expected, parts)
    }

    fn follow(
        &mut self,
        time: MediaTime,
        certainty: Certainty,
        parts: &mut Vec<MediaPart>,
    ) -> Result<(), MediaError> {
        if self.segmenter.has_cut(time, self.target.unwrap_or(0) / 2) {
            return Ok(());
        }
        if certainty == Certainty::Made {
            self.segmenter.forget_expected();
        }
        if self.split_at(time, parts)? == Place::Beyond {
            self.segmenter.follow(time, certainty);
        }
        Ok(())
    }

    /// Starts a segment inside the part that is growing, if `time` is there.
    fn split_at(
        &mut self,
        time: MediaTime,
        parts: &mut Vec<MediaPart>,
    ) -> Result<Place, MediaError> {
        let split = self
            .growing
            .as_mut()
            .map_or(Split::Beyond, |growing| growing.split(time, self.clock));
        match split {
            Split::Beyond => return Ok(Place::Beyond),
            Split::AtStart { at, sample } => {
                self.segmenter.open_at(at, &sample);
                if let Some(growing) = &mut self.growing {
                    growing.segment = SegmentStart::Starts;
                }
            }
            Split::Tail { tail, sample } => {
                self.flush(SegmentEnd::Ends, parts)?;
                self.segmenter.open_at(tail.start, &sample);
                self.growing = Some(tail);
            }
        }
        Ok(Place::Inside)
    }

    /// Whether a fragment of sound has a few frames, `rest`, behind a cut that is expected there and not made.
    ///
    /// They may be the last ones of all, and are held back with what is before them until somebody knows: a segment of their
    /// own would have no picture beside it.
    fn lingers(&self, rest: &[Sample], at: u64, target: u64) -> bool {
        let Some(cut) = self.segmenter.expected().filter(|_| !self.video) else {
            return false;
        };
        let ticks: u64 = rest.iter().map(|sample| u64::from(sample.duration)).sum();
        let first = rest.first().is_some_and(|sample| {
            let shown = self.clock.shown(at, sample.composition_offset);
            let reach = self.clock.reach(shown, sample.duration);
            reach.cmp_time(cut).is_ge()
        });
        first && self.growing.is_some() && ticks <= target / 4
    }

    /// Gives out the first half of the part that is growing where `ticks` more would be too many.
    fn make_room(
        &mut self,
        ticks: u64,
        target: u64,
        parts: &mut Vec<MediaPart>,
    ) -> Result<(), MediaError> {
        let Some(growing) = self
            .growing
            .as_mut()
            .filter(|growing| growing.ticks + ticks > target)
        else {
            return Ok(());
        };
        let middle = growing.start + growing.ticks / 2;
        let middle = MediaTime::new(self.clock.shown(middle, 0), self.clock.timescale);
        if let Split::Tail { mut tail, .. } = growing.split(middle, self.clock) {
            tail.segment = SegmentStart::Continues;
            self.flush(SegmentEnd::Unknown, parts)?;
            self.growing = Some(tail);
        }
        Ok(())
    }

    /// Where segments started since the last call, after the first, for the cutters that follow this one: presentation times.
    pub fn take_cuts(&mut self) -> Vec<MediaTime> {
        self.segmenter.take_cuts()
    }

    /// Where the next segment will start, for the same: `None` unless the encoder's rhythm can be relied on.
    pub fn expected_cut(&self) -> Option<MediaTime> {
        self.segmenter.expected_cut(self.usual)
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
        let growing = self
            .growing
            .get_or_insert_with(|| Growing::new(at, segment, continuity));
        match growing.add(fragment, index) {
            Room::Enough => Ok(()),
            Room::None => Err(MediaError::PartTooLarge { track: self.track }),
        }
    }

    /// Gives out the growing part, if there is one.
    fn flush(&mut self, end: SegmentEnd, parts: &mut Vec<MediaPart>) -> Result<(), MediaError> {
        let Some(growing) = self.growing.take() else {
            return Ok(());
        };
        let shown = self
            .clock
            .shown(growing.start, growing.composition_offset());
        let bytes = self.part_bytes(&growing.pieces)?;
        parts.push(MediaPart {
            track: self.track,
            bytes,
            decode_time: MediaTime::new(growing.start, self.clock.timescale),
            presentation_time: MediaTime::new(shown, self.clock.timescale),
            duration: MediaTime::new(growing.ticks, self.clock.timescale),
            samples: u32::try_from(growing.samples()).unwrap_or(u32::MAX),
            independence: growing.independence,
            segment: growing.segment,
            end,
            continuity: growing.continuity,
            capture_time: growing.capture_time(),
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
        let is_clear = |piece: &Piece| matches!(piece.fragment.protection(), Protection::None);
        if !pieces.iter().all(is_clear) {
            return self.side_by_side(pieces);
        }
        let sequence = self.next_sequence(pieces);
        let pieces: Vec<(&Fragment, Range<usize>)> = pieces
            .iter()
            .map(|piece| (&piece.fragment, piece.range.clone()))
            .collect();
        Ok(writer::fragment(sequence, &pieces))
    }

    /// The number of a fragment that is written anew.
    fn next_sequence(&mut self, pieces: &[Piece]) -> u32 {
        let first = pieces.first().map_or(0, |piece| piece.fragment.sequence());
        let sequence = self
            .sequence
            .map_or(first, |last| last.wrapping_add(1).max(1));
        self.sequence = Some(sequence);
        sequence
    }

    /// Encrypted pieces one behind the other, each in a fragment of its own with what its samples' encryption needs: groups of
    /// samples that each encoder's fragment defines for itself cannot be put into one.
    fn side_by_side(&mut self, pieces: &[Piece]) -> Result<Bytes, MediaError> {
        let mut out = Vec::with_capacity(pieces.len());
        for piece in pieces {
            let Piece { fragment, range } = piece;
            let number = fragment.sequence();
            let number_grows = self.sequence.is_none_or(|last| number > last);
            let is_complete = range.len() == fragment.samples().len();
            if is_complete && fragment.is_whole() && number_grows {
                self.sequence = Some(number);
                out.push(fragment.bytes());
            } else if matches!(fragment.protection(), Protection::Opaque) {
                return Err(MediaError::Encrypted { track: self.track });
            } else {
                let sequence = self.next_sequence(std::slice::from_ref(piece));
                out.push(writer::fragment(sequence, &[(fragment, range.clone())]));
            }
        }
        Ok(out.concat().into())
    }
}

/// How a fragment stands to what a cutter took before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Relation {
    /// It comes next.
    Follows,
    /// It comes next, but for this many samples at its start, which are here already.
    Overlaps { samples: usize },
    /// All of it is here already.
    Repeats,
    /// Media is missing before it: so many ticks.
    Ahead { ticks: u64 },
    /// It is on another timeline.
    Elsewhere,
}

/// Whether a time lies in the part that is growing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Inside,
    Beyond,
}

/// Where the next fragment comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// The encoder that sent the one before.
    Known,
    /// Perhaps another: it has sent its header.
    New,
    /// Perhaps another: it has sent its header, and what it sends it sends once.
    Anew,
    /// The same, while the one before has not ended.
    Beside,
    /// Another: a track beside this one was set back.
    Restarted,
}

/// The samples that a timeline started with, as far as they tell one run of an encoder from another.
#[derive(Debug, Default)]
struct Beginning {
    /// Decode time and digest, in order.
    samples: Vec<(u64, u64)>,
}

/// How many samples a [`Beginning`] has at most. Those of a restarted encoder differ in the first few, unless they are
/// silence or black.
const BEGINNING: usize = 64;

impl Beginning {
    /// Notes a sample, unless there are enough.
    fn note(&mut self, at: u64, bytes: &[u8]) {
        if self.samples.len() < BEGINNING {
            self.samples.push((at, digest(bytes)));
        }
    }

    /// Whether a fragment has other samples than those that were there at the same times.
    fn differs(&self, fragment: &Fragment) -> bool {
        let mut at = fragment.decode_time().ticks;
        fragment.samples().iter().any(|sample| {
            let before = self.samples.binary_search_by_key(&at, |&(at, _)| at);
            at += u64::from(sample.duration);
            before.is_ok_and(|found| self.samples[found].1 != digest(fragment.sample_slice(sample)))
        })
    }
}

/// Tells samples apart that were not made to look alike.
fn digest(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    hasher.finish()
}

/// A timeline that ran this long and starts over is that of an encoder that was started anew. What is
/// sent again after a fault is the segment that failed, and that may be the first of a shorter run.
const SHORTEST_RUN: Duration = Duration::from_secs(2);

/// A hole up to this long (or one sample) is no gap: a picture that a camera dropped where a fragment ended.
/// Players step over it, while a discontinuity would make them start their decoders anew.
const SMALL_HOLE: Duration = Duration::from_millis(100);

/// A fragment that ends up to this many segments before what is expected is one that came again: an
/// encoder sends at most three anew after a fault (ING-23). Farther back, its clock was set.
const SEGMENTS_SENT_AGAIN: u32 = 3;

/// The median duration of a fragment's samples: its first or last one may be odd.
fn usual_duration(fragment: &Fragment) -> u32 {
    let mut durations: Vec<u32> = fragment
        .samples()
        .iter()
        .map(|sample| sample.duration)
        .collect();
    let middle = durations.len() / 2;
    *durations.select_nth_unstable(middle).1
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
