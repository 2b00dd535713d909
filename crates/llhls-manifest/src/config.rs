//! What is fixed for a playlist's life.
//!
//! Players treat a change of any of these values as fatal (MP-04, LL-02, LL-12, AMB-11). They
//! are therefore configured, checked once, and never computed from what was seen.

use crate::decimal::Decimal;
use crate::define::{self, Definition, StartOffset, StartPrecision};
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
}

/// What a playlist is, over its whole life (§4.4.3.5, §4.4.3.6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlaylistKind {
    /// A sliding window.
    #[default]
    Live,
    /// `PLAYLIST-TYPE:EVENT`: nothing is removed but old parts.
    Event,
    /// `PLAYLIST-TYPE:VOD`: it appears, whole, when the stream has ended; without parts.
    Vod,
    /// `EXT-X-I-FRAMES-ONLY`, sliding: one I-frame a segment, a byte range of the segments of
    /// the rendition that the names belong to; without parts.
    IFrames,
}

/// How parts are addressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Addressing {
    /// Each part has a name of its own.
    #[default]
    Discrete,
    /// A part is a byte range of its segment, which can be read while it grows (HINT-08). Each
    /// part must say its size.
    ByteRanges,
}

/// Whether `EXT-X-BITRATE` is printed (§4.4.4.8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BitRates {
    /// Never. The choice for live.
    #[default]
    Unstated,
    /// For each segment, rounded to kbit/s, from the sizes of its parts.
    Printed,
}

/// How far back a delta update starts to skip: `CAN-SKIP-UNTIL` (§4.4.3.8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SkipUntil {
    /// Six target durations, if the window is configured to be longer; else none.
    #[default]
    Auto,
    /// No delta updates.
    Never,
    /// This far from the end of the last complete segment; at least six target durations.
    At(MediaDuration),
}

/// What is promised about the first frame of each segment (§4.4.2.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IndependentSegments {
    /// Nothing: a segment is cut anywhere before it would break the target duration.
    #[default]
    Unstated,
    /// Each segment begins independently; a part that would break that is refused. The tag is
    /// in the multivariant playlist (AMB-19).
    Promised,
    /// As `Promised`, and `EXT-X-INDEPENDENT-SEGMENTS` is in this playlist: for stand-alone use.
    Printed,
}

/// What a blocking request for a segment without a part waits for (AMB-02).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SegmentRequest {
    /// The complete segment, as the specification says.
    #[default]
    Complete,
    /// Its first part.
    FirstPart,
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

    /// How much media may be listed or retained at once when segments are as long as
    /// configured: what a buffer has to hold (UP-10, UP-11).
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

    pub(crate) fn check(&self) -> Result<Settings, ConfigError> {
        if self.target_duration == 0 || self.target_duration > 86_400 {
            return Err(ConfigError::TargetDuration(self.target_duration));
        }
        if self.first_msn.value() >> 63 != 0 || self.first_dsn.value() >> 63 != 0 {
            return Err(ConfigError::Start);
        }
        let target_duration = Decimal::from_secs(u64::from(self.target_duration));
        // The largest duration that rounds to TARGETDURATION, halves rounding up (MP-03).
        let segment_limit = target_duration.plus(Decimal::from_units(49_999));

        // Neither an on-demand playlist nor one of I-frames has parts.
        let has_parts = matches!(self.kind, PlaylistKind::Live | PlaylistKind::Event);
        let part_target = match self.part_target.filter(|_| has_parts) {
            None => None,
            Some(target) => {
                let printed = Decimal::ceil(target);
                if printed < Decimal::from_units(1_000) || printed > target_duration {
                    return Err(ConfigError::PartTarget(target));
                }
                Some(printed)
            }
        };
        let part_hold_back = match (part_target, self.part_hold_back) {
            // SERVER-CONTROL must be the same in all renditions, also in those without parts
            // (LL-11, AMB-16).
            (None, hold_back) => hold_back
                .filter(|_| self.kind != PlaylistKind::Vod)
                .map(Decimal::ceil),
            (Some(target), None) => Some(target.times(3)),
            (Some(target), Some(hold_back)) => {
                let printed = Decimal::ceil(hold_back);
                let minimum = target.times(2);
                if printed < minimum {
                    return Err(ConfigError::PartHoldBack {
                        minimum: minimum.to_media(),
                    });
                }
                Some(printed)
            }
        };
        let hold_back = self.hold_back.map(Decimal::ceil);
        let minimum = target_duration.times(3);
        if hold_back.is_some_and(|hold_back| hold_back < minimum) {
            return Err(ConfigError::HoldBack {
                minimum: minimum.to_media(),
            });
        }

        let segment_duration = match self.segment_duration {
            None => target_duration,
            Some(duration) => {
                let printed = Decimal::nearest(duration);
                let minimum = part_target.unwrap_or(Decimal::from_units(1));
                if printed < minimum || printed > segment_limit {
                    return Err(ConfigError::SegmentDuration(duration));
                }
                printed
            }
        };
        let window_duration = self
            .window_duration
            .map_or_else(|| target_duration.times(12), Decimal::ceil)
            .max(target_duration.times(3));

        let minimum = target_duration.times(6);
        let by_count = segment_duration.times(u64::from(self.window_segments));
        let skip_until = match self.skip_until {
            SkipUntil::Never => None,
            SkipUntil::Auto => (window_duration.max(by_count) > minimum).then_some(minimum),
            SkipUntil::At(distance) => {
                let printed = Decimal::ceil(distance);
                if printed < minimum {
                    return Err(ConfigError::SkipUntil {
                        minimum: minimum.to_media(),
                    });
                }
                Some(printed)
            }
        };

        let skip_until = skip_until.filter(|_| self.kind != PlaylistKind::Vod);
        if self.skip_date_ranges && skip_until.is_none() {
            return Err(ConfigError::SkipDateRanges);
        }
        let bad_query = self
            .uri_query
            .contains(|c: char| c == '"' || c.is_control() || c == ' ');
        let defined = define::check_all(&self.definitions).is_ok()
            && define::check_references(&self.uri_query, &self.definitions);
        if bad_query || !defined {
            return Err(ConfigError::Definitions);
        }
        let minimum = target_duration.times(3);
        if let Some((StartOffset::BeforeEnd(distance), _)) = self.start_offset
            && self.kind != PlaylistKind::Vod
            && Decimal::ceil(distance) < minimum
        {
            return Err(ConfigError::StartOffset {
                minimum: minimum.to_media(),
            });
        }

        let mut settings = Settings {
            fixed_header: String::new(),
            names: self.names.clone().with_query(&self.uri_query),
            kind: self.kind,
            addressing: self.addressing,
            bit_rates: self.bit_rates,
            skip_date_ranges: self.skip_date_ranges,
            definitions: self.definitions.clone(),
            start_offset: self.start_offset,
            target_secs: self.target_duration,
            target_duration,
            segment_limit,
            part_target,
            part_hold_back,
            hold_back,
            segment_duration,
            window_segments: self.window_segments.max(1),
            window_duration,
            skip_until,
            first_msn: self.first_msn,
            first_dsn: self.first_dsn,
            init: self.init,
            independent_segments: self.independent_segments,
            segment_request: self.segment_request,
        };
        settings.fixed_header = crate::render::fixed_header(&settings);
        Ok(settings)
    }
}

/// A checked configuration, with every duration as it is printed.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The header lines that never change, rendered once.
    pub(crate) fixed_header: String,
    pub(crate) names: ResourceNames,
    pub(crate) kind: PlaylistKind,
    pub(crate) addressing: Addressing,
    pub(crate) bit_rates: BitRates,
    pub(crate) skip_date_ranges: bool,
    pub(crate) definitions: Vec<Definition>,
    pub(crate) start_offset: Option<(StartOffset, StartPrecision)>,
    pub(crate) target_secs: u32,
    pub(crate) target_duration: Decimal,
    /// The longest EXTINF that rounds to the target duration.
    pub(crate) segment_limit: Decimal,
    /// `None`: the playlist has no parts.
    pub(crate) part_target: Option<Decimal>,
    pub(crate) part_hold_back: Option<Decimal>,
    pub(crate) hold_back: Option<Decimal>,
    pub(crate) segment_duration: Decimal,
    pub(crate) window_segments: u32,
    /// At least three target durations.
    pub(crate) window_duration: Decimal,
    pub(crate) skip_until: Option<Decimal>,
    pub(crate) first_msn: Msn,
    pub(crate) first_dsn: DiscontinuitySequence,
    pub(crate) init: Option<InitVersion>,
    pub(crate) independent_segments: IndependentSegments,
    pub(crate) segment_request: SegmentRequest,
}

impl Settings {
    /// Whether each part has to say its size.
    pub(crate) fn needs_sizes(&self) -> bool {
        self.addressing == Addressing::ByteRanges
            || self.bit_rates == BitRates::Printed
            || self.kind == PlaylistKind::IFrames
    }

    /// The longest part that can be listed.
    pub(crate) fn part_limit(&self) -> Decimal {
        self.part_target.unwrap_or(self.segment_limit)
    }

    /// Advance Part Limit: `3/PT` if PT is under a second, else 3 (§6.2.5.2), rounded up
    /// (AMB-03).
    pub(crate) fn advance_part_limit(&self) -> u64 {
        let second = Decimal::from_secs(1);
        match self.part_target {
            Some(target) if target < second => second.times(3).units().div_ceil(target.units()),
            _ => 3,
        }
    }
}
