//! Where the segments of a track start.

use std::collections::VecDeque;

use super::config::CutConfig;
use super::fragment::{Sample, SyncPoint};
use super::part::{Continuity, SegmentStart};
use super::time::{MediaTime, Timescale, ticks_in};

/// What opens a segment of a track.
#[derive(Debug)]
pub(crate) enum CutRule {
    /// Sync samples near multiples of the segment length; for sound, any sample there.
    ///
    /// Multiples on the media timeline rather than lengths since the last cut, so that renditions
    /// that arrive apart, or come back later, are cut at the same places without knowing of each other.
    Grid,
    /// Where another track was cut: nanoseconds on the media timeline.
    Follow(VecDeque<u64>),
}

/// Decides for each sample of a track, in order, whether it opens a segment.
#[derive(Debug)]
pub(crate) struct Segmenter {
    /// The track's clock.
    timescale: Timescale,
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
    /// The multiple of the segment length which that is near.
    slot: u64,
    /// Decode time of the last sync picture.
    last_sync: Option<u64>,
    /// How long the GOP before it was.
    last_gop: u64,
    /// Where segments started since [`Segmenter::take_cuts`], in ticks.
    cuts: Vec<u64>,
}

/// The most cuts that are remembered for a track that sends nothing.
const MOST_CUTS_AHEAD: usize = 1024;

impl Segmenter {
    pub(crate) fn new(rule: CutRule, config: CutConfig, timescale: Timescale, video: bool) -> Self {
        Self {
            timescale,
            video,
            rule,
            length: ticks_in(config.segment, timescale).max(1),
            limit: ticks_in(config.segment_limit, timescale),
            start: None,
            slot: 0,
            last_sync: None,
            last_gop: 0,
            cuts: Vec::new(),
        }
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
            self.last_sync = None;
        }
        if self.video && sync {
            self.last_gop = self.last_sync.map_or(0, |last| at.saturating_sub(last));
            self.last_sync = Some(at);
        }
        // Half a sample of tolerance: clocks of milliseconds put a GOP of two seconds at 1.999.
        let middle = at.saturating_add(u64::from(sample.duration) / 2);
        let slot = middle / self.length;
        let now = MediaTime::new(middle, self.timescale).as_nanos();
        let Some(start) = self.start.filter(|_| continuity == Continuity::Continues) else {
            if let CutRule::Follow(cuts) = &mut self.rule {
                // What was due before a break is done by the break; what was to come before a
                // reset was on another timeline.
                cuts.retain(|&cut| cut > now && continuity != Continuity::Reset);
            }
            self.open(at, slot);
            return SegmentStart::Starts;
        };
        let elapsed = at.saturating_sub(start);
        let mut slot = slot;
        let due = match &mut self.rule {
            CutRule::Grid if slot > self.slot => true,
            // This sync picture is before the multiple, but the next one would come too late. It
            // takes the multiple's place, so that the one behind the multiple does not cut again.
            CutRule::Grid if self.video && self.last_gop > 0 => {
                let next = elapsed.saturating_add(self.last_gop) >= self.limit;
                if next && sync {
                    slot = middle.saturating_add(self.last_gop) / self.length;
                }
                next
            }
            CutRule::Grid => false,
            CutRule::Follow(cuts) => {
                let due = cuts.front().is_some_and(|&cut| cut <= now);
                // Pictures that follow wait for one that decodes alone.
                if due && sync {
                    cuts.pop_front();
                }
                due
            }
        };
        if due && sync {
            self.open(at, slot);
            SegmentStart::Starts
        } else if elapsed.saturating_add(u64::from(sample.duration)) >= self.limit {
            self.open(at, slot);
            if sync {
                SegmentStart::Starts
            } else {
                SegmentStart::Forced
            }
        } else {
            SegmentStart::Continues
        }
    }

    /// Tells a following track to start a segment at its first sample at or after `time`.
    pub(crate) fn follow(&mut self, time: MediaTime) {
        if let CutRule::Follow(cuts) = &mut self.rule
            && cuts.len() < MOST_CUTS_AHEAD
        {
            cuts.push_back(time.as_nanos());
        }
    }

    /// Whether the open segment started at `time` or later, to `tolerance` ticks: then the cut there was made
    /// already, because the track's own timeline broke too. Also of a track that does not follow.
    pub(crate) fn has_cut(&self, time: MediaTime, tolerance: u64) -> bool {
        let CutRule::Follow(_) = self.rule else {
            return true;
        };
        let open = self
            .start
            .map(|start| MediaTime::new(start.saturating_add(tolerance), self.timescale));
        open.is_some_and(|open| open.cmp_time(time).is_ge())
    }

    /// Opens a segment at a sample that was decided on before.
    pub(crate) fn open_at(&mut self, at: u64, duration: u32) {
        self.open(at, at.saturating_add(u64::from(duration) / 2) / self.length);
    }

    /// Where segments started since the last call, but for the track's first.
    pub(crate) fn take_cuts(&mut self) -> Vec<MediaTime> {
        let timescale = self.timescale;
        let cuts = std::mem::take(&mut self.cuts);
        cuts.into_iter()
            .map(|ticks| MediaTime::new(ticks, timescale))
            .collect()
    }

    fn open(&mut self, at: u64, slot: u64) {
        self.slot = slot;
        // The first segment of a track opens with its first sample; nobody has to follow that.
        let is_later = self.start.replace(at).is_some();
        if is_later && self.cuts.len() < MOST_CUTS_AHEAD {
            self.cuts.push(at);
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

    /// Seconds at which segments of a video of `gop` pictures start, for `pictures` of `duration` thousandths.
    fn starts(segment: u64, first: u64, duration: u32, gop: u64, pictures: u64) -> Vec<u64> {
        let timescale = Timescale::new(1000).expect("not zero");
        let config = CutConfig::new(Duration::from_millis(200), Duration::from_millis(segment));
        let mut segmenter = Segmenter::new(CutRule::Grid, config, timescale, true);
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
        let mut sound = Segmenter::new(CutRule::Follow(VecDeque::new()), config, timescale, false);
        let mut starts = Vec::new();
        for index in 0..200 {
            let at = index * 20;
            if at == 900 {
                sound.follow(MediaTime::new(1000, timescale));
            }
            if at == 2400 {
                sound.follow(MediaTime::new(2300, timescale));
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
        let mut sound = Segmenter::new(CutRule::Follow(VecDeque::new()), config, timescale, false);
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
}
