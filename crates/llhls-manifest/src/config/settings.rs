//! A checked configuration.

use super::{
    Addressing, BitRates, IndependentSegments, ManifestConfig, PlaylistKind, Retention,
    SegmentRequest, SkipUntil,
};
use crate::decimal::Decimal;
use crate::define::{self, Definition, StartOffset, StartPrecision};
use crate::error::ConfigError;
use crate::id::{DiscontinuitySequence, InitVersion, Msn};
use crate::names::ResourceNames;

/// The newest version that the draft knows.
pub(crate) const NEWEST_VERSION: u8 = 13;

/// A checked configuration, with every duration as it is printed.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The header lines that never change, rendered once.
    pub(crate) fixed_header: String,
    pub(crate) names: ResourceNames,
    pub(crate) kind: PlaylistKind,
    pub(crate) addressing: Addressing,
    pub(crate) bit_rates: BitRates,
    pub(crate) retention: Retention,
    /// What is declared where less would do.
    pub(crate) minimum_version: u8,
    pub(crate) serve_after: Decimal,
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

impl ManifestConfig {
    pub(crate) fn check(&self) -> Result<Settings, ConfigError> {
        if self.target_duration == 0 || self.target_duration > 86_400 {
            return Err(ConfigError::TargetDuration(self.target_duration));
        }
        if self.first_msn.value() >> 63 != 0 || self.first_dsn.value() >> 63 != 0 {
            return Err(ConfigError::Start);
        }
        if !(1..=NEWEST_VERSION).contains(&self.minimum_version) {
            return Err(ConfigError::Version(self.minimum_version));
        }
        let target_duration = Decimal::from_secs(u64::from(self.target_duration));
        // The largest duration that rounds to TARGETDURATION, halves rounding up (MP-03).
        let segment_limit = target_duration.plus(Decimal::from_units(49_999));
        let part_target = self.printed_part_target(target_duration)?;
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
        let by_count = segment_duration.times(u64::from(self.window_segments));
        let window = window_duration.max(by_count);
        let hold_back = self.printed_hold_back(target_duration)?;
        let skip_until = self.printed_skip_until(target_duration, window)?;
        self.check_texts()?;
        self.check_start(target_duration, window)?;

        let mut settings = Settings {
            fixed_header: String::new(),
            names: self.names.clone().with_query(&self.uri_query),
            kind: self.kind,
            addressing: self.addressing,
            bit_rates: self.bit_rates,
            retention: self.retention,
            minimum_version: self.minimum_version,
            serve_after: self.printed_serve_after(target_duration)?,
            skip_date_ranges: self.skip_date_ranges,
            definitions: self.definitions.clone(),
            start_offset: self.start_offset,
            target_secs: self.target_duration,
            target_duration,
            segment_limit,
            part_target,
            part_hold_back: self.printed_part_hold_back(part_target)?,
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

    fn printed_part_target(
        &self,
        target_duration: Decimal,
    ) -> Result<Option<Decimal>, ConfigError> {
        // Neither an on-demand playlist nor one of I-frames has parts.
        let has_parts = matches!(self.kind, PlaylistKind::Live | PlaylistKind::Event);
        let Some(target) = self.part_target.filter(|_| has_parts) else {
            return Ok(None);
        };
        let printed = Decimal::ceil(target);
        if printed < Decimal::from_units(1_000) || printed > target_duration {
            return Err(ConfigError::PartTarget(target));
        }
        Ok(Some(printed))
    }

    fn printed_part_hold_back(
        &self,
        part_target: Option<Decimal>,
    ) -> Result<Option<Decimal>, ConfigError> {
        let given = self.part_hold_back.map(Decimal::ceil);
        let Some(target) = part_target else {
            // SERVER-CONTROL must be the same in all renditions, also in those without parts
            // (LL-11, AMB-16).
            return Ok(given.filter(|_| self.kind != PlaylistKind::Vod));
        };
        let minimum = target.times(2);
        match given {
            Some(given) if given < minimum => Err(ConfigError::PartHoldBack {
                minimum: minimum.to_media(),
            }),
            Some(given) => Ok(Some(given)),
            None => Ok(Some(target.times(3))),
        }
    }

    fn printed_serve_after(&self, target_duration: Decimal) -> Result<Decimal, ConfigError> {
        let printed = Decimal::ceil(self.serve_after);
        let maximum = target_duration.times(3);
        if printed > maximum {
            return Err(ConfigError::ServeAfter {
                maximum: maximum.to_media(),
            });
        }
        Ok(printed)
    }

    fn printed_hold_back(&self, target_duration: Decimal) -> Result<Option<Decimal>, ConfigError> {
        let hold_back = self.hold_back.map(Decimal::ceil);
        let minimum = target_duration.times(3);
        if hold_back.is_some_and(|hold_back| hold_back < minimum) {
            return Err(ConfigError::HoldBack {
                minimum: minimum.to_media(),
            });
        }
        Ok(hold_back)
    }

    fn printed_skip_until(
        &self,
        target_duration: Decimal,
        window: Decimal,
    ) -> Result<Option<Decimal>, ConfigError> {
        let minimum = target_duration.times(6);
        let skip_until = match self.skip_until {
            SkipUntil::Never => None,
            SkipUntil::Auto => (window > minimum).then_some(minimum),
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
        Ok(skip_until)
    }

    fn check_texts(&self) -> Result<(), ConfigError> {
        let bad_query = self
            .uri_query
            .contains(|c: char| c == '"' || c.is_control() || c == ' ');
        let defined = define::check_all(&self.definitions).is_ok()
            && define::check_references(&self.uri_query, &self.definitions);
        if bad_query || !defined {
            return Err(ConfigError::Definitions);
        }
        Ok(())
    }

    fn check_start(&self, target_duration: Decimal, window: Decimal) -> Result<(), ConfigError> {
        let Some((offset, _)) = self.start_offset else {
            return Ok(());
        };
        let (StartOffset::BeforeEnd(distance) | StartOffset::FromStart(distance)) = offset;
        let slides = matches!(self.kind, PlaylistKind::Live | PlaylistKind::IFrames);
        if slides && Decimal::ceil(distance) > window {
            return Err(ConfigError::StartBeyondWindow {
                maximum: window.to_media(),
            });
        }
        let minimum = target_duration.times(3);
        let near = matches!(offset, StartOffset::BeforeEnd(_)) && Decimal::ceil(distance) < minimum;
        if near && self.kind != PlaylistKind::Vod {
            return Err(ConfigError::StartOffset {
                minimum: minimum.to_media(),
            });
        }
        Ok(())
    }
}
