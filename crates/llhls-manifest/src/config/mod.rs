//! What is fixed for a playlist's life.
//!
//! Players treat a change of any of these values as fatal (MP-04, LL-02, LL-12, AMB-11). They
//! are therefore configured, checked once, and never computed from what was seen.

mod choices;
mod settings;

pub use choices::{
    Addressing, BitRates, IndependentSegments, PlaylistKind, Retention, SegmentRequest, SkipUntil,
};
pub(crate) use settings::{NEWEST_VERSION, Settings};

use crate::define::{Definition, StartOffset, StartPrecision};
use crate::error::ConfigError;
use crate::id::{DiscontinuitySequence, InitVersion, Msn};
use crate::names::ResourceNames;
use crate::time::MediaDuration;

/// Describes a media playlist. Checked by [`M3u8Manifest::new`](crate::M3u8Manifest::new).
///
/// Memory: a manifest keeps the text (about 100 bytes) and the index (32 bytes) of each part that
/// is listed or retained, and of up to half as many that no longer are. Listed and retained
/// together are at most about `2 × window + 2 × target duration` of media, if segments are as
/// long as configured.
#[derive(Clone, Debug)]
pub struct ManifestConfig {
    names: ResourceNames,
    target_duration: u32,
    part_target: Option<MediaDuration>,
    part_hold_back: Option<MediaDuration>,
    hold_back: Option<MediaDuration>,
    segment_duration: Option<MediaDuration>,
    window_segments: u32,
    window_duration: Option<MediaDuration>,
    skip_until: SkipUntil,
    first_msn: Msn,
    first_dsn: DiscontinuitySequence,
    init: Option<InitVersion>,
    independent_segments: IndependentSegments,
    segment_request: SegmentRequest,
    kind: PlaylistKind,
    addressing: Addressing,
    bit_rates: BitRates,
    skip_date_ranges: bool,
    definitions: Vec<Definition>,
    uri_query: String,
    start_offset: Option<(StartOffset, StartPrecision)>,
    retention: Retention,
    minimum_version: u8,
    serve_after: MediaDuration,
}

impl ManifestConfig {
    /// The recommended values (B.1): target duration 6 s, parts of 1 s, at least 6 segments and
    /// 72 s listed, delta updates.
    #[must_use]
    pub const fn new(names: ResourceNames) -> Self {
        Self {
            names,
            target_duration: 6,
            part_target: Some(MediaDuration::from_secs(1)),
            part_hold_back: None,
            hold_back: None,
            segment_duration: None,
            window_segments: 6,
            window_duration: None,
            skip_until: SkipUntil::Auto,
            first_msn: Msn::new(1),
            first_dsn: DiscontinuitySequence::new(0),
            init: Some(InitVersion::new(0)),
            independent_segments: IndependentSegments::Unstated,
            segment_request: SegmentRequest::Complete,
            kind: PlaylistKind::Live,
            addressing: Addressing::Discrete,
            bit_rates: BitRates::Unstated,
            skip_date_ranges: false,
            definitions: Vec::new(),
            uri_query: String::new(),
            start_offset: None,
            retention: Retention::MediaTime,
            minimum_version: 1,
            serve_after: MediaDuration::ZERO,
        }
    }

    /// What the playlist is. Default: a sliding window.
    #[must_use]
    pub const fn kind(mut self, kind: PlaylistKind) -> Self {
        self.kind = kind;
        self
    }

    /// How parts are addressed. Default: by names of their own.
    #[must_use]
    pub const fn addressing(mut self, addressing: Addressing) -> Self {
        self.addressing = addressing;
        self
    }

    /// Whether bit rates are printed. Default: no.
    #[must_use]
    pub const fn bit_rates(mut self, bit_rates: BitRates) -> Self {
        self.bit_rates = bit_rates;
        self
    }

    /// `CAN-SKIP-DATERANGES=YES`: a delta update of the second kind skips date ranges too.
    #[must_use]
    pub const fn skip_date_ranges(mut self) -> Self {
        self.skip_date_ranges = true;
        self
    }

    /// Adds an `EXT-X-DEFINE`; they are printed in this order.
    #[must_use]
    pub fn define(mut self, definition: Definition) -> Self {
        self.definitions.push(definition);
        self
    }

    /// What is appended to each URI of a part, segment or initialisation section: a query with
    /// its `?`, which may use variables, `?token={$token}`.
    #[must_use]
    pub fn uri_query(mut self, query: impl Into<String>) -> Self {
        self.uri_query = query.into();
        self
    }

    /// Where players should start.
    #[must_use]
    pub const fn start_offset(mut self, offset: StartOffset, precision: StartPrecision) -> Self {
        self.start_offset = Some((offset, precision));
        self
    }

    /// `EXT-X-TARGETDURATION` in seconds: no segment rounds above it. Default 6.
    #[must_use]
    pub const fn target_duration(mut self, secs: u32) -> Self {
        self.target_duration = secs;
        self
    }

    /// `PART-TARGET`: no part is longer. Printed rounded up to 10 µs. Default 1 s.
    ///
    /// Choose a whole number of frames, so that parts are regular: a part under 85 % of it may
    /// not be followed by another one of its segment unless it is independent.
    #[must_use]
    pub const fn part_target(mut self, target: MediaDuration) -> Self {
        self.part_target = Some(target);
        self
    }

    /// No Partial Segments: a regular live playlist. Each pushed part is then only a fragment
    /// of its segment; blocking reload still works, by segment.
    #[must_use]
    pub const fn without_parts(mut self) -> Self {
        self.part_target = None;
        self
    }

    /// `PART-HOLD-BACK`. In a playlist without parts it is printed if it is given: give all
    /// renditions of a presentation the same (AMB-16). With parts at least two, by default and by recommendation three part targets of
    /// the largest PART-TARGET in the presentation (LL-09). Printed rounded up.
    #[must_use]
    pub const fn part_hold_back(mut self, hold_back: MediaDuration) -> Self {
        self.part_hold_back = Some(hold_back);
        self
    }

    /// `HOLD-BACK`; at least three target durations, which is also what its absence means.
    #[must_use]
    pub const fn hold_back(mut self, hold_back: MediaDuration) -> Self {
        self.hold_back = Some(hold_back);
        self
    }

    /// How long a segment is before [`Cut::Auto`](crate::Cut::Auto) closes it at an independent
    /// part. Default: the target duration.
    #[must_use]
    pub const fn segment_duration(mut self, duration: MediaDuration) -> Self {
        self.segment_duration = Some(duration);
        self
    }

    /// The least number of complete segments that stay listed. Default 6 (MP-15).
    #[must_use]
    pub const fn window_segments(mut self, segments: u32) -> Self {
        self.window_segments = segments;
        self
    }

    /// The least duration of complete segments that stays listed; three target durations stay
    /// in any case (UP-05). Default: twelve target durations.
    #[must_use]
    pub const fn window_duration(mut self, duration: MediaDuration) -> Self {
        self.window_duration = Some(duration);
        self
    }

    /// Whether and where delta updates skip.
    #[must_use]
    pub const fn skip_until(mut self, skip_until: SkipUntil) -> Self {
        self.skip_until = skip_until;
        self
    }

    /// Where numbering starts, so that a stream can go on under its URL (UP-17). Default: 1 and
    /// 0; some players mistake a Media Sequence Number of 0 for none (MP-08).
    #[must_use]
    pub const fn start(mut self, msn: Msn, dsn: DiscontinuitySequence) -> Self {
        self.first_msn = msn;
        self.first_dsn = dsn;
        self
    }

    /// The initialisation section of the first segment. Default: version 0.
    #[must_use]
    pub const fn init(mut self, version: InitVersion) -> Self {
        self.init = Some(version);
        self
    }

    /// No `EXT-X-MAP`: segments initialise themselves (MPEG-TS, packed audio, subtitles).
    #[must_use]
    pub const fn without_init(mut self) -> Self {
        self.init = None;
        self
    }

    /// What is promised about the first frame of each segment.
    #[must_use]
    pub const fn independent_segments(mut self, promise: IndependentSegments) -> Self {
        self.independent_segments = promise;
        self
    }

    /// What a blocking request for a segment without a part waits for.
    #[must_use]
    pub const fn segment_request(mut self, meaning: SegmentRequest) -> Self {
        self.segment_request = meaning;
        self
    }

    /// Who forgets what has left the playlist. Default: the manifest, by media time.
    #[must_use]
    pub const fn retention(mut self, retention: Retention) -> Self {
        self.retention = retention;
        self
    }

    /// How much media complete segments must hold before the first version may be served; the
    /// draft asks for none, Apple's advice to packagers is more than one segment. Default zero: one
    /// complete segment. At most three target durations, about as long as a request is held; whoever
    /// came before the stream did may have to ask again (SRV-22, AMB-21). A stream that ends is served whatever it holds.
    #[must_use]
    pub const fn serve_after(mut self, duration: MediaDuration) -> Self {
        self.serve_after = duration;
        self
    }

    /// `EXT-X-VERSION` is at least this, where the features of a body would do with less: for
    /// validators that want one version in all playlists of a presentation (AMB-18). Where a body
    /// needs more, as delta updates do, it says more. 1 to 13; default 1, so always the floor.
    #[must_use]
    pub const fn minimum_version(mut self, version: u8) -> Self {
        self.minimum_version = version;
        self
    }

    /// How much media may be listed or retained at once when segments are as long as
    /// configured: what a buffer has to hold (UP-10, UP-11). With [`Retention::Caller`] it is as
    /// much as media comes in real time.
    ///
    /// # Errors
    /// As [`M3u8Manifest::new`](crate::M3u8Manifest::new).
    pub fn retained_duration(&self) -> Result<MediaDuration, ConfigError> {
        let settings = self.check()?;
        let by_count = settings
            .segment_duration
            .times(u64::from(settings.window_segments));
        let listed = by_count
            .max(settings.window_duration)
            .plus(settings.segment_duration);
        // Removed segments stay for their own length and the longest playlist; one open segment
        // and the one being closed come on top.
        Ok(listed
            .times(2)
            .plus(settings.segment_limit.times(3))
            .to_media())
    }
}
