//! The one thing that changes: parts in, a small record of the change out.

use std::sync::Arc;

use crate::config::{ManifestConfig, PlaylistKind, Settings};
use crate::decimal::Decimal;
use crate::edge::{Edge, Liveness};
use crate::error::{ConfigError, PushError};
use crate::id::{DiscontinuitySequence, InitVersion, Position};
use crate::key::Keys;
use crate::part::{Continuity, Cut, PartFacts};
use crate::ranges::DateRanges;
use crate::render::prints_map;
use crate::rolled::{ClosedSegment, Rolled};
use crate::rounding::Rounding;
use crate::segment::{OpenSegment, Part, SegmentStart};
use crate::time::{MediaDuration, WallClock};
use crate::view::PlaylistView;
use crate::window::Window;

/// Rolls a media playlist: segments and parts, their numbers, their text, the window.
///
/// *Changing* methods take `&mut self`, do no I/O, read no clock, and say in a [`Rolled`] what
/// they did: [`push`](Self::push), [`push_gap`](Self::push_gap),
/// [`close_segment`](Self::close_segment), [`mark_discontinuity`](Self::mark_discontinuity),
/// [`change_init`](Self::change_init), [`change_keys`](Self::change_keys), [`end`](Self::end). After each of them the caller
/// publishes the bytes first and then a fresh [`view`](Self::view) (§6.2.1: what is listed can be
/// downloaded at once).
///
/// A part costs one line of text and one index entry, whatever the window's size and the
/// stream's age: amortised O(1).
///
/// The same calls give the same bytes on every machine.
///
/// ```
/// use llhls_manifest::*;
///
/// let config = ManifestConfig::new(ResourceNames::new("e1")?)
///     .target_duration(1)
///     .part_target(MediaDuration::from_millis(500));
/// let mut manifest = M3u8Manifest::new(config)?;
///
/// let half = MediaDuration::from_millis(500);
/// manifest.push(PartFacts::new(half, MediaRef::new(0)).independent())?;
/// let rolled = manifest.push(PartFacts::new(half, MediaRef::new(1)).cut(Cut::After))?;
/// assert_eq!(rolled.closed_after.unwrap().parts, 2);
///
/// let mut text = String::new();
/// manifest.view().write_playlist(Form::Full, &[], &mut text);
/// assert_eq!(text, "\
/// ##EXTM3U
/// ##EXT-X-VERSION:6
/// ##EXT-X-TARGETDURATION:1
/// ##EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=6.00000,PART-HOLD-BACK=1.50000
/// ##EXT-X-PART-INF:PART-TARGET=0.50000
/// ##EXT-X-MEDIA-SEQUENCE:1
/// ##EXT-X-DISCONTINUITY-SEQUENCE:0
/// ##EXT-X-MAP:URI=\"e1-init0.mp4\"
/// ##EXT-X-PART:DURATION=0.50000,URI=\"e1-1.0.m4s\",INDEPENDENT=YES
/// ##EXT-X-PART:DURATION=0.50000,URI=\"e1-1.1.m4s\"
/// ##EXTINF:1.00000,
/// e1-1.m4s
/// ##EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"e1-2.0.m4s\"
/// ");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct M3u8Manifest {
    pub(crate) settings: Arc<Settings>,
    pub(crate) window: Window,
    pub(crate) open: Arc<OpenSegment>,
    pub(crate) rounding: Rounding,
    /// When the next part is captured, if nobody says otherwise.
    pub(crate) clock: Option<WallClock>,
    /// What the next part needs, and whether a listed segment already names it.
    pub(crate) init: Option<InitVersion>,
    pub(crate) init_changed: bool,
    /// Whether the next segment is a discontinuity whatever its first part says.
    pub(crate) breaks: bool,
    /// What the next segment is encrypted with.
    pub(crate) keys: Keys,
    pub(crate) ranges: Arc<DateRanges>,
    pub(crate) last_part: Option<Position>,
    pub(crate) liveness: Liveness,
}

impl M3u8Manifest {
    /// An empty playlist.
    ///
    /// # Errors
    /// When the configuration cannot make a conforming playlist.
    #[allow(clippy::needless_pass_by_value)] // A configuration is used up by what it configures.
    pub fn new(config: ManifestConfig) -> Result<Self, ConfigError> {
        let settings = config.check()?;
        let open = OpenSegment::empty(SegmentStart {
            msn: settings.first_msn,
            dsn: settings.first_dsn,
            start: Decimal::ZERO,
            continuity: Continuity::Continuous,
            init: settings.init,
            prints_map: true,
            keys: Keys::default(),
            prints_keys: false,
            keys_before: Keys::default(),
            map_keys: Keys::default(),
            time: None,
        });
        Ok(Self {
            window: Window::new(),
            open: Arc::new(open),
            rounding: Rounding::default(),
            clock: None,
            init: settings.init,
            init_changed: true,
            breaks: false,
            keys: Keys::default(),
            ranges: Arc::default(),
            last_part: None,
            liveness: Liveness::Live,
            settings: Arc::new(settings),
        })
    }

    /// Appends a part.
    ///
    /// The part goes to the open segment or opens one, as [`Cut`] says; a discontinuity always
    /// opens one. Amortised O(1).
    ///
    /// # Errors
    /// When the part cannot be listed without breaking a promise; nothing has changed then, and
    /// the caller may push it again with another [`Cut`], or push its halves.
    pub fn push(&mut self, facts: PartFacts) -> Result<Rolled, PushError> {
        let plan = self.plan(&facts)?;
        let mut rolled = Rolled::nothing(self.open.next_part());
        if plan.opens {
            rolled.closed = self.close(&mut rolled);
            self.begin(&facts);
        }
        let (settings, open) = (&self.settings, Arc::make_mut(&mut self.open));
        rolled.position = open.next_part();
        open.i_frame_in = facts.i_frame_in;
        open.add(
            settings,
            Part {
                media: facts.media,
                duration: plan.printed,
                independence: facts.independence,
                availability: facts.availability,
                size: facts.size.unwrap_or_default(),
            },
        );
        self.rounding.advance(facts.duration, plan.printed);
        self.clock = self.clock.map(|clock| clock.plus(facts.duration));
        self.last_part = Some(rolled.position);
        self.window.reached(self.open.end(), self.open.at.start);
        if facts.cut == Cut::After || self.settings.kind == PlaylistKind::IFrames {
            rolled.closed_after = self.close(&mut rolled);
        }
        rolled.removed_parts = self.window.parts_left(&self.settings, self.open.end());
        Ok(rolled)
    }

    /// The current version. O(1): shares what the manifest holds.
    #[must_use]
    pub fn view(&self) -> PlaylistView {
        let listed = self.window.list().listed();
        let has_parts = self.settings.part_target.is_some();
        let open_parts = if has_parts { self.open.parts.len() } else { 0 };
        PlaylistView {
            settings: Arc::clone(&self.settings),
            edge: Edge {
                media_sequence: listed
                    .first()
                    .map_or(self.open.at.msn, |first| first.at.msn),
                last_complete: listed.last().map(|last| last.at.msn),
                open: self.open.at.msn,
                open_parts: u32::try_from(open_parts).unwrap_or(u32::MAX),
                last_part: self.last_part.filter(|_| has_parts),
                liveness: self.liveness,
            },
            next_init: self
                .init
                .filter(|_| self.init_changed && self.last_part.is_some()),
            parts_from: self.window.parts_from(),
            closed: self.window.list().clone(),
            open: Arc::clone(&self.open),
            ranges: Arc::clone(&self.ranges),
        }
    }

    /// The place that the next part gets if it does not open a segment: the hinted one.
    #[must_use]
    pub fn next_part(&self) -> Position {
        self.open.next_part()
    }

    /// Where the stream would go on: what [`ManifestConfig::start`] of a successor has to be
    /// given for numbers never to fall (UP-17). The successor's first part is a discontinuity.
    #[must_use]
    pub fn continuation(&self) -> (crate::id::Msn, DiscontinuitySequence) {
        let open = &self.open;
        let msn = if open.is_empty() {
            open.at.msn
        } else {
            open.at.msn.next()
        };
        (msn, open.at.dsn)
    }

    pub(crate) fn ended(&self) -> bool {
        self.liveness == Liveness::Ended
    }

    /// Opens the segment that a part begins.
    fn begin(&mut self, facts: &PartFacts) {
        let discontinuous = facts.continuity == Continuity::Discontinuous
            || self.breaks
            || (self.init_changed && self.last_part.is_some());
        let continuity = if discontinuous {
            Continuity::Discontinuous
        } else {
            Continuity::Continuous
        };
        self.clock = match (self.clock, facts.captured_at) {
            // Dates may overlap by less than a second (SEG-14); a clock that was set back
            // further is not followed.
            (Some(expected), Some(given)) if expected.since(given) >= SECOND => Some(expected),
            (expected, given) => given.or(expected),
        };
        let before = &self.open.at;
        let prints_map = prints_map(continuity, self.init_changed);
        let mut open = OpenSegment::empty(SegmentStart {
            msn: before.msn,
            dsn: DiscontinuitySequence::new(before.dsn.value() + u64::from(discontinuous)),
            start: before.start,
            continuity,
            init: self.init,
            prints_map,
            map_keys: if prints_map {
                self.keys.clone()
            } else {
                before.map_keys.clone()
            },
            prints_keys: self.keys != before.keys || (discontinuous && !self.keys.lines.is_empty()),
            keys_before: before.keys.clone(),
            keys: self.keys.clone(),
            time: self.clock,
        });
        if let Some(last) = self.window.list().retained().last() {
            open.reserve_like(last);
        }
        open.begin(&self.settings);
        self.open = Arc::new(open);
        self.init_changed = false;
        self.breaks = false;
    }

    /// Closes the open segment, if it has parts, and slides the window.
    pub(crate) fn close(&mut self, rolled: &mut Rolled) -> Option<ClosedSegment> {
        if self.open.is_empty() {
            return None;
        }
        let next = OpenSegment::empty(SegmentStart {
            msn: self.open.at.msn.next(),
            start: self.open.end(),
            continuity: Continuity::Continuous,
            prints_map: false,
            prints_keys: false,
            time: None,
            ..self.open.at.clone()
        });
        let open = std::mem::replace(&mut self.open, Arc::new(next));
        let segment = Arc::unwrap_or_clone(open).close(&self.settings);
        let summary = segment.summary();
        self.window.close(&self.settings, segment, rolled);
        self.slide_date_ranges();
        Some(summary)
    }
}

impl M3u8Manifest {
    pub(crate) fn slide_date_ranges(&mut self) {
        let listed = self.window.list().listed();
        let Some(first) = listed.first().and_then(|segment| segment.at.time) else {
            return;
        };
        let now = self.open.at.start;
        // A client may have seen an ID in anything that it can still merge with.
        let memory = self
            .settings
            .skip_until
            .unwrap_or_default()
            .max(self.window.longest());
        if self.ranges.slides(first, now, memory) {
            Arc::make_mut(&mut self.ranges).slide(first, now, memory);
        }
    }
}

const SECOND: MediaDuration = MediaDuration::from_secs(1);
