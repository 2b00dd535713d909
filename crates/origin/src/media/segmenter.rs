//! Where the segments of a track start.

use std::collections::VecDeque;

use super::config::CutConfig;
use super::fragment::{Sample, SyncPoint};
use super::part::{Continuity, SegmentEnd, SegmentStart};
use super::time::{MediaTime, Timescale, TrackClock, ticks_in};

/// What opens a segment of a track.
#[derive(Debug)]
pub(crate) enum CutRule {
    /// Sync samples near multiples of the segment length; for sound, any sample there.
    ///
    /// Multiples on the media timeline rather than lengths since the last cut, so that renditions
    /// that arrive apart, or come back later, are cut at the same places without knowing of each other.
    Grid,
    /// Where another track was cut, or will be.
    Follow(VecDeque<Cut>),
}

/// A cut of the track that is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cut {
    /// Nanoseconds, presentation time.
    at: u64,
    /// Whether it was made, or only seen coming.
    certainty: Certainty,
}

/// How sure a cut is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Certainty {
    /// It was made.
    Made,
    /// The rhythm of the pictures has it there. One that is made elsewhere takes its place.
    Expected,
}

/// Decides for each sample of a track, in order, whether it opens a segment.
///
/// The grid is one of decode times. Tracks follow each other by presentation times, which is where they agree: decode
/// times are earlier by what an encoder holds back for reordering, or puts in front of sound.
#[derive(Debug)]
pub(crate) struct Segmenter {
    /// The track's clock, and where its presentation times count from.
    clock: TrackClock,
    /// Whether sync samples are rare, so that the next one may come too late.
    video: bool,
    /// What opens segments.
    rule: CutRule,
    /// Segment length in ticks. Invariant: not zero.
    length: u64,
    /// The length in ticks that no segment reaches.
    limit: u64,
    /// Decode time at which the open segment started.
    start: Option<u64>,
    /// Presentation time of the same, in ticks.
    shown: u64,
    /// The multiple of the segment length which that is near.
    slot: u64,
    /// When sync pictures come.
    rhythm: Rhythm,
    /// Whether the next sync sample opens a segment wherever it is.
    due: bool,
    /// Where segments started since [`Segmenter::take_cuts`]: presentation times in ticks.
    cuts: Vec<u64>,
}

/// When sync pictures come: what was seen, and what was announced.
#[derive(Debug, Default)]
struct Rhythm {
    /// Decode time of the last sync picture.
    last: Option<u64>,
    /// Presentation time minus decode time of the same, in ticks.
    offset: i64,
    /// How long the group of pictures before it was.
    gop: u64,
    /// How many groups in a row were of that length.
    alike: u32,
    /// The groups before that one, and it: a long one is forgotten when four shorter ones have come.
    recent: [u64; 4],
    /// The longest group that was announced.
    announced: u64,
}

/// So many groups of one length, and the next one is expected to be as long.
const STEADY: u32 = 3;

impl Rhythm {
    fn picture(&mut self, at: u64, offset: i64) {
        self.offset = offset;
        if let Some(last) = self.last {
            let gop = at.saturating_sub(last);
            self.alike = if gop == self.gop { self.alike + 1 } else { 1 };
            self.gop = gop;
            self.recent.rotate_right(1);
            self.recent[0] = gop;
        }
        self.last = Some(at);
    }

    /// How long the next group may be; zero where nothing is known.
    fn longest(&self) -> u64 {
        self.recent.into_iter().fold(self.announced, u64::max)
    }

    fn interrupt(&mut self) {
        self.last = None;
        self.alike = 0;
    }

    /// Where the next sync picture will be, to `tolerance` ticks, where that can be relied on: an encoder
    /// that announces a length exceeds it never, and most keep to one.
    fn next(&self, tolerance: u64) -> Option<u64> {
        let as_announced = self.announced > 0 && self.gop.abs_diff(self.announced) <= tolerance;
        let steady = self.alike >= STEADY || (as_announced && self.alike > 0);
        steady.then(|| self.last.map(|last| last + self.gop))?
    }
}

/// The most cuts that are remembered for a track that sends nothing.
const MOST_CUTS_AHEAD: usize = 1024;

impl Segmenter {
    pub(crate) fn new(rule: CutRule, config: CutConfig, clock: TrackClock, video: bool) -> Self {
        let timescale = clock.timescale;
        let announced = config
            .longest_gop
            .map_or(0, |longest| ticks_in(longest, timescale));
        Self {
            clock,
            video,
            rule,
            length: ticks_in(config.segment, timescale).max(1),
            limit: ticks_in(config.segment_limit, timescale),
            start: None,
            shown: 0,
            slot: 0,
            rhythm: Rhythm {
                announced,
                ..Rhythm::default()
            },
            due: false,
            cuts: Vec::new(),
        }
    }

    /// The next sync sample opens a segment, because it needs another header.
    pub(crate) fn cut_next(&mut self) {
        self.due = true;
    }

    /// Decides whether the sample that starts at `at` opens a segment.
    pub(crate) fn sample(
        &mut self,
        at: u64,
        sample: &Sample,
        continuity: Continuity,
    ) -> SegmentStart {
        let sync = sample.sync == SyncPoint::Sync;
        if continuity != Continuity::Continues {
            self.rhythm.interrupt();
        }
        if self.video && sync {
            self.rhythm.picture(at, sample.composition_offset);
        }
        // Half a sample of tolerance: clocks of milliseconds put a GOP of two seconds at 1.999.
        let middle = at.saturating_add(u64::from(sample.duration) / 2);
        let slot = middle / self.length;
        let shown = self.clock.shown(at, sample.composition_offset);
        let now = self.clock.reach(shown, sample.duration).as_nanos();
        let Some(start) = self.start.filter(|_| continuity == Continuity::Continues) else {
            if let CutRule::Follow(cuts) = &mut self.rule {
                // What was due before a break is done by the break; what was to come before a
                // reset was on another timeline.
                cuts.retain(|cut| cut.at > now && continuity != Continuity::Reset);
            }
            self.open(at, shown, slot);
            return SegmentStart::Starts;
        };
        let due = match &mut self.rule {
            CutRule::Grid => self.grid(middle, start, self.rhythm.longest()),
            CutRule::Follow(cuts) => {
                let due = cuts.front().is_some_and(|cut| cut.at <= now);
                // Pictures that follow wait for one that decodes alone.
                if due && sync {
                    cuts.pop_front();
                }
                due.then_some(slot)
            }
        };
        let due = due.or_else(|| (self.due && sync).then_some(slot));
        let elapsed = at.saturating_sub(start);
        if let (Some(slot), true) = (due, sync) {
            self.open(at, shown, slot);
            SegmentStart::Starts
        } else if elapsed.saturating_add(u64::from(sample.duration)) >= self.limit {
            self.open(at, shown, slot);
            if sync {
                SegmentStart::Starts
            } else {
                SegmentStart::Forced
            }
        } else {
            SegmentStart::Continues
        }
    }

    /// On the grid: the slot that a sync sample would open whose middle is `middle`, if it would open one.
    fn grid(&self, middle: u64, start: u64, longest: u64) -> Option<u64> {
        let slot = middle / self.length;
        if slot > self.slot {
            return Some(slot);
        }
        // The picture is before the multiple, but the next one may come too late. It takes the
        // multiple's place, so that the one behind the multiple does not cut again.
        let too_late = self.video
            && longest > 0
            && middle.saturating_sub(start).saturating_add(longest) >= self.limit;
        too_late.then(|| middle.saturating_add(longest) / self.length)
    }

    /// Whether the sample at `at`, which is not here yet, will open a segment. `duration` is the usual one.
    pub(crate) fn end_at(&self, at: u64, duration: u32) -> SegmentEnd {
        let half = u64::from(duration) / 2;
        let middle = at.saturating_add(half);
        let ends = match (&self.rule, self.start) {
            (_, None) => false,
            (CutRule::Grid, Some(start)) => {
                let comes = !self.video
                    || self
                        .rhythm
                        .next(half)
                        .is_some_and(|next| next.abs_diff(at) <= half);
                comes && self.grid(middle, start, self.rhythm.longest()).is_some()
            }
            (CutRule::Follow(cuts), Some(_)) => {
                let shown = self.clock.shown(at, 0);
                let now = self.clock.reach(shown, duration).as_nanos();
                !self.video && cuts.front().is_some_and(|cut| cut.at <= now)
            }
        };
        if ends {
            SegmentEnd::Ends
        } else {
            SegmentEnd::Unknown
        }
    }

    /// Where the next segment will start, in presentation time, where the rhythm of the pictures tells.
    pub(crate) fn expected_cut(&self, duration: u32) -> Option<MediaTime> {
        let (CutRule::Grid, true, Some(start)) = (&self.rule, self.video, self.start) else {
            return None;
        };
        let half = u64::from(duration) / 2;
        let gop = self.rhythm.gop.max(1);
        let first = self.rhythm.next(half)?;
        // A segment is shorter than its limit, so one of these pictures opens the next.
        let most = self.limit / gop + 1;
        let opens = |at: &u64| self.grid(at + half, start, self.rhythm.longest()).is_some();
        let at = (0..most.min(MOST_CUTS_AHEAD as u64))
            .map(|number| first.saturating_add(number * gop))
            .find(opens)?;
        let shown = self.clock.shown(at, self.rhythm.offset);
        Some(MediaTime::new(shown, self.clock.timescale))
    }

    /// Tells a following track to start a segment at its first sample at or after `time`, a presentation time.
    pub(crate) fn follow(&mut self, time: MediaTime, certainty: Certainty) {
        let CutRule::Follow(cuts) = &mut self.rule else {
            return;
        };
        let at = time.as_nanos();
        let known = cuts.back().is_some_and(|cut| cut.at >= at);
        if !known && cuts.len() < MOST_CUTS_AHEAD {
            cuts.push_back(Cut { at, certainty });
        }
    }

    /// The cut that is expected next, where nothing is known for certain.
    pub(crate) fn expected(&self) -> Option<MediaTime> {
        let CutRule::Follow(cuts) = &self.rule else {
            return None;
        };
        let cut = cuts
            .front()
            .filter(|cut| cut.certainty == Certainty::Expected)?;
        Some(MediaTime::new(cut.at, Timescale::NANOSECONDS))
    }

    /// What was expected did not come, or came.
    pub(crate) fn forget_expected(&mut self) {
        if let CutRule::Follow(cuts) = &mut self.rule {
            cuts.retain(|cut| cut.certainty == Certainty::Made);
        }
    }

    /// Whether the open segment started at `time` or later, to `tolerance` ticks: then the cut there was made
    /// already, because the track's own timeline broke too. Also of a track that does not follow.
    pub(crate) fn has_cut(&self, time: MediaTime, tolerance: u64) -> bool {
        let CutRule::Follow(_) = self.rule else {
            return true;
        };
        let shown = self.shown.saturating_add(tolerance);
        let open = self
            .start
            .map(|_| MediaTime::new(shown, self.clock.timescale));
        open.is_some_and(|open| open.cmp_time(time).is_ge())
    }

    /// Opens a segment at a sample that was decided on before.
    pub(crate) fn open_at(&mut self, at: u64, sample: &Sample) {
        let slot = at.saturating_add(u64::from(sample.duration) / 2) / self.length;
        let shown = self.clock.shown(at, sample.composition_offset);
        self.open(at, shown, slot);
    }

    /// Where segments started since the last call, but for the track's first: presentation times.
    pub(crate) fn take_cuts(&mut self) -> Vec<MediaTime> {
        let timescale = self.clock.timescale;
        let cuts = std::mem::take(&mut self.cuts);
        cuts.into_iter()
            .map(|ticks| MediaTime::new(ticks, timescale))
            .collect()
    }

    fn open(&mut self, at: u64, shown: u64, slot: u64) {
        self.slot = slot;
        self.due = false;
        self.shown = shown;
        // The first segment of a track opens with its first sample; nobody has to follow that.
        let is_later = self.start.replace(at).is_some();
        if is_later && self.cuts.len() < MOST_CUTS_AHEAD {
            self.cuts.push(shown);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn sample(duration: u32, sync: SyncPoint) -> Sample {
        Sample {
            duration,
            size: 0,
            flags: 0,
            composition_offset: 0,
            sync,
            at: 0,
        }
    }

    /// Ticks of a millisecond, shown as they are decoded.
    fn clock() -> TrackClock {
        TrackClock {
            timescale: Timescale::new(1000).expect("not zero"),
            shown_from: 0,
        }
    }

    /// Seconds at which segments of a video of `gop` pictures start, for `pictures` of `duration` thousandths.
    fn starts(segment: u64, first: u64, duration: u32, gop: u64, pictures: u64) -> Vec<u64> {
        let config = CutConfig::new(Duration::from_millis(200), Duration::from_millis(segment));
        let mut segmenter = Segmenter::new(CutRule::Grid, config, clock(), true);
        (0..pictures)
            .map(|index| (first + index * u64::from(duration), index % gop == 0))
            .filter(|&(at, sync)| {
                let sync = if sync {
                    SyncPoint::Sync
                } else {
                    SyncPoint::Dependent
                };
                segmenter
                    .sample(at, &sample(duration, sync), Continuity::Continues)
                    .opens_segment()
            })
            .map(|(at, _)| at)
            .collect()
    }

    #[test]
    fn segments_start_on_the_grid_wherever_the_stream_joins_it() {
        assert_eq!(starts(2000, 0, 40, 25, 200), [0, 2000, 4000, 6000]);
        assert_eq!(
            starts(2000, 5000, 40, 25, 200),
            [5000, 6000, 8000, 10_000, 12_000]
        );
    }

    #[test]
    fn a_gop_that_would_overshoot_is_not_waited_for() {
        // GOPs of 0.96 s: the grid alone would wait for 2.88 s.
        assert_eq!(starts(2000, 0, 40, 24, 120), [0, 1920, 3840]);
    }

    #[test]
    fn clocks_of_milliseconds_do_not_miss_the_grid() {
        assert_eq!(starts(2000, 1, 40, 25, 160), [1, 2001, 4001, 6001]);
        assert_eq!(starts(2000, 3999, 40, 25, 110), [3999, 5999, 7999]);
    }

    #[test]
    fn long_gops_are_cut_below_the_limit() {
        assert_eq!(starts(2000, 0, 40, 250, 150), [0, 2480, 4960]);
    }

    #[test]
    fn a_track_that_follows_cuts_once_where_it_is_told() {
        let timescale = Timescale::new(1000).expect("not zero");
        let config = CutConfig::new(Duration::from_millis(200), Duration::from_secs(2));
        let mut sound = Segmenter::new(CutRule::Follow(VecDeque::new()), config, clock(), false);
        let mut starts = Vec::new();
        for index in 0..200 {
            let at = index * 20;
            if at == 900 {
                sound.follow(MediaTime::new(1000, timescale), Certainty::Made);
            }
            if at == 2400 {
                sound.follow(MediaTime::new(2300, timescale), Certainty::Made);
            }
            if sound
                .sample(at, &sample(20, SyncPoint::Sync), Continuity::Continues)
                .opens_segment()
            {
                starts.push(at);
            }
        }
        assert_eq!(
            starts,
            [0, 1000, 2400],
            "on time, and late where it was told late"
        );
    }

    #[test]
    fn a_break_that_both_tracks_have_is_cut_once() {
        let timescale = Timescale::new(1000).expect("not zero");
        let config = CutConfig::new(Duration::from_millis(200), Duration::from_secs(2));
        let mut sound = Segmenter::new(CutRule::Follow(VecDeque::new()), config, clock(), false);
        let tick = sample(20, SyncPoint::Sync);
        assert_eq!(
            sound.sample(0, &tick, Continuity::Continues),
            SegmentStart::Starts
        );
        assert_eq!(
            sound.sample(1500, &tick, Continuity::Gap { ticks: 1480 }),
            SegmentStart::Starts
        );
        assert!(sound.has_cut(MediaTime::new(1480, timescale), 100));
        assert!(!sound.has_cut(MediaTime::new(1700, timescale), 100));
        assert_eq!(
            sound.sample(1520, &tick, Continuity::Continues),
            SegmentStart::Continues
        );
    }

    /// A segmenter of pictures of 40 ms that has seen `pictures`, a sync picture each `gop`.
    fn after(config: CutConfig, gop: u64, pictures: u64) -> Segmenter {
        let mut segmenter = Segmenter::new(CutRule::Grid, config, clock(), true);
        for index in 0..pictures {
            let sync = if index % gop == 0 {
                SyncPoint::Sync
            } else {
                SyncPoint::Dependent
            };
            segmenter.sample(index * 40, &sample(40, sync), Continuity::Continues);
        }
        segmenter
    }

    #[test]
    fn a_steady_rhythm_tells_where_the_segment_ends() {
        let config = CutConfig::new(Duration::from_millis(200), Duration::from_secs(2));
        // A picture a second is sync; the first three groups make it steady.
        let early = after(config, 25, 50);
        assert_eq!(early.end_at(2000, 40), SegmentEnd::Unknown);
        let steady = after(config, 25, 100);
        assert_eq!(steady.end_at(4000, 40), SegmentEnd::Ends);
        assert_eq!(
            steady.end_at(3960, 40),
            SegmentEnd::Unknown,
            "no sync picture"
        );
        let between = after(config, 25, 125);
        assert_eq!(between.end_at(5000, 40), SegmentEnd::Unknown, "no segment");
        assert_eq!(between.expected_cut(40).map(|cut| cut.ticks), Some(6000));
        // An encoder that says how long its groups are at most is believed at once.
        let announced = config.longest_gop(Duration::from_secs(2));
        assert_eq!(after(announced, 50, 100).end_at(4000, 40), SegmentEnd::Ends);
    }

    #[test]
    fn short_groups_do_not_hide_the_longest_one() {
        let config = CutConfig::new(Duration::from_millis(200), Duration::from_secs(4))
            .longest_gop(Duration::from_secs(4));
        let mut segmenter = Segmenter::new(CutRule::Grid, config, clock(), true);
        // Scene cuts at 1 s and 5 s; else a group of 4 s.
        let syncs = [0_u64, 1000, 5000, 9000, 10_000, 14_000];
        let starts: Vec<(u64, SegmentStart)> = (0..400_u64)
            .map(|index| index * 40)
            .map(|at| {
                let sync = if syncs.contains(&at) {
                    SyncPoint::Sync
                } else {
                    SyncPoint::Dependent
                };
                let tick = sample(40, sync);
                (at, segmenter.sample(at, &tick, Continuity::Continues))
            })
            .filter(|(_, start)| start.opens_segment())
            .collect();
        assert!(
            starts
                .iter()
                .all(|(_, start)| *start == SegmentStart::Starts),
            "{starts:?}"
        );
    }

    #[test]
    fn sound_learns_of_a_cut_before_it_comes_and_makes_it_once() {
        let timescale = Timescale::new(1000).expect("not zero");
        let config = CutConfig::new(Duration::from_millis(200), Duration::from_secs(2));
        let mut sound = Segmenter::new(CutRule::Follow(VecDeque::new()), config, clock(), false);
        let mut starts = Vec::new();
        for index in 0..110 {
            let at = index * 20;
            if at == 0 {
                sound.follow(MediaTime::new(1000, timescale), Certainty::Expected);
            }
            if at == 980 {
                assert_eq!(sound.end_at(1000, 20), SegmentEnd::Ends);
            }
            if at == 1040 {
                let made = MediaTime::new(1000, timescale);
                assert!(sound.has_cut(made, 100), "it was made as expected");
            }
            let tick = sample(20, SyncPoint::Sync);
            if sound
                .sample(at, &tick, Continuity::Continues)
                .opens_segment()
            {
                starts.push(at);
            }
        }
        assert_eq!(starts, [0, 1000]);
    }
}
