//! Where the borders between segments lie, and which parts cannot be listed at all.

use crate::config::{IndependentSegments, PlaylistKind, Settings};
use crate::decimal::Decimal;
use crate::error::PushError;
use crate::part::{Availability, Continuity, Cut, Independence, PartFacts};
use crate::roller::M3u8Manifest;
use crate::segment::Part;
use crate::time::MediaDuration;

/// How a part is going to be listed.
pub(crate) struct Plan {
    pub(crate) printed: Decimal,
    pub(crate) opens: bool,
}

impl M3u8Manifest {
    /// Decides how a part is printed and whether it opens a segment, changing nothing.
    pub(crate) fn plan(&self, facts: &PartFacts) -> Result<Plan, PushError> {
        if self.ended() {
            return Err(PushError::Ended);
        }
        if facts.duration < Decimal::from_units(1).to_media() {
            return Err(PushError::Empty);
        }
        let settings = &self.settings;
        if settings.needs_sizes() && facts.size.is_none() {
            return Err(PushError::SizeMissing);
        }
        if settings.kind == PlaylistKind::IFrames && facts.i_frame_in.is_none() {
            return Err(PushError::PlaceMissing);
        }
        let limit = settings.part_limit();
        if Decimal::nearest(facts.duration) > limit {
            let limit = limit.to_media();
            return Err(PushError::PartTooLong {
                duration: facts.duration,
                limit,
            });
        }
        let printed = self.rounding.next(facts.duration, limit);
        let opens = self.open.is_empty() || self.cuts_before(facts, printed)?;
        let promised = settings.independent_segments != IndependentSegments::Unstated;
        let dependent = facts.independence == Independence::Dependent
            && facts.availability == Availability::Available;
        if opens && promised && dependent {
            return Err(PushError::NotIndependent);
        }
        Ok(Plan { printed, opens })
    }

    /// Whether the border of the open segment, which has parts, lies before this part.
    fn cuts_before(&self, facts: &PartFacts, printed: Decimal) -> Result<bool, PushError> {
        if facts.continuity == Continuity::Discontinuous || facts.cut == Cut::Before {
            return Ok(true);
        }
        let settings = &self.settings;
        let longer = self.open.duration.plus(printed);
        // §6.2.1: EXTINF, rounded, never exceeds the target duration.
        let overflows = longer > settings.segment_limit;
        // §4.4.4.9: a part under 85 % of the target must be the last of its parent, unless it is
        // independent, a gap, or directly before a gap.
        let last = self.open.parts.last();
        let gap = facts.availability == Availability::Gap;
        let short = last.filter(|last| !gap && !may_be_followed(settings, last));
        match (facts.cut, overflows, short) {
            (Cut::Never, true, _) => Err(PushError::SegmentTooLong {
                duration: longer.to_media(),
                limit: settings.segment_limit.to_media(),
            }),
            (Cut::Never, false, Some(last)) => Err(PushError::ShortPartBefore {
                duration: last.duration.to_media(),
                minimum: MediaDuration::from_nanos(
                    settings.part_limit().to_media().as_nanos() / 100 * 85,
                ),
            }),
            (Cut::Never, false, None) => Ok(false),
            (_, true, _) | (_, _, Some(_)) => Ok(true),
            (_, false, None) => {
                let independent = gap || facts.independence == Independence::Independent;
                // What comes after an outage is not made a gap by it (AMB-17).
                if independent && !gap && self.open.is_outage() {
                    return Ok(true);
                }
                // To within half a part: a segment whose frames are rounded down to ticks must
                // not grow by a whole group of pictures for want of a microsecond.
                let half_part = Decimal::from_units(settings.part_limit().units() / 2);
                let long_enough = settings.part_target.map_or(settings.segment_duration, |_| {
                    settings.segment_duration.minus(half_part)
                });
                Ok(independent && self.open.duration >= long_enough)
            }
        }
    }
}

/// §4.4.4.9, on printed decimals.
pub(crate) fn may_be_followed(settings: &Settings, part: &Part) -> bool {
    let long_enough = settings
        .part_target
        .is_none_or(|target| part.duration.units() * 100 >= target.units() * 85);
    long_enough
        || part.independence == Independence::Independent
        || part.availability == Availability::Gap
}
