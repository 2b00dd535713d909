//! `directives → ready, wait or reject`: the one state machine of blocking reload (§6.2.5.2).

use core::fmt;

use crate::config::{PlaylistKind, SegmentRequest};
use crate::directive::{Directives, Until};
use crate::edge::WaitFor;
use crate::id::{Msn, PartIndex, Position};
use crate::view::PlaylistView;

/// What to do with a request for a media playlist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Answer with this version.
    Ready,
    /// Hold the request until a version satisfies this, or
    /// [`block_deadline`](PlaylistView::block_deadline) has passed: then answer 503. Decide
    /// anew on the version that satisfies it.
    ///
    /// Requests for the same thing wait for equal values, so their wake-ups can be shared.
    Wait(WaitFor),
    /// Answer 400 at once.
    Reject(Reject),
}

/// Why a request is answered with 400 (SRV-12).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reject {
    /// `_HLS_part` without `_HLS_msn` (SRV-09).
    PartWithoutMsn,
    /// More than two segments after the last complete one (SRV-07).
    MsnTooFar {
        /// The last one that can be waited for.
        limit: Msn,
    },
    /// Beyond the Advance Part Limit (SRV-08).
    PartTooFar {
        /// The last part of that segment that can be waited for.
        limit: Position,
    },
}

impl PlaylistView {
    /// Decides what to do with a request. O(log window), no allocation.
    ///
    /// Nothing is ready before the first complete segment: players refuse a playlist without
    /// one (SRV-22). From then on a request for the past gets the current version (SRV-05), a
    /// part beyond the end of a closed segment means the first part of the next one (SRV-04),
    /// and an ended playlist answers everything (SRV-06).
    ///
    /// ```
    /// use llhls_manifest::*;
    ///
    /// let config = ManifestConfig::new(ResourceNames::new("e1")?).target_duration(1);
    /// let mut manifest = M3u8Manifest::new(config)?;
    /// let part = PartFacts::new(MediaDuration::from_secs(1), MediaRef::new(0)).independent();
    /// manifest.push(part.cut(Cut::After))?;
    ///
    /// let view = manifest.view();
    /// let ask = |query| view.decide(&Directives::parse(Some(query)).unwrap());
    /// let next = Position::new(Msn::new(2), PartIndex::new(0));
    /// assert_eq!(ask("_HLS_msn=1&_HLS_part=0"), Decision::Ready);
    /// assert_eq!(ask("_HLS_msn=2&_HLS_part=0"), Decision::Wait(WaitFor::Part(next)));
    /// assert!(matches!(ask("_HLS_msn=9"), Decision::Reject(Reject::MsnTooFar { .. })));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn decide(&self, directives: &Directives) -> Decision {
        let edge = self.edge();
        if edge.is_ended() {
            return Decision::Ready;
        }
        let wait = match directives.until {
            None => None,
            Some(Until::PartWithoutMsn(_)) => return Decision::Reject(Reject::PartWithoutMsn),
            Some(Until::Segment(msn)) => match self.wait_for_segment(msn) {
                Ok(wait) => wait,
                Err(reject) => return Decision::Reject(reject),
            },
            // A part of a playlist without parts: the segment is meant (SRV-20, AMB-05).
            Some(Until::Part(position)) if self.part_target().is_none() => {
                match self.wait_for_segment(position.msn) {
                    Ok(wait) => wait,
                    Err(reject) => return Decision::Reject(reject),
                }
            }
            Some(Until::Part(position)) => match self.wait_for_part(position) {
                Ok(wait) => wait,
                Err(reject) => return Decision::Reject(reject),
            },
        };
        match wait.filter(|wait| !wait.is_satisfied(&edge)) {
            Some(wait) => Decision::Wait(wait),
            None if self.is_playable() => Decision::Ready,
            // An on-demand playlist has segments and is not there yet; only its end helps.
            None if self.settings().kind == PlaylistKind::Vod => {
                Decision::Wait(WaitFor::Segment(Msn::new(u64::MAX)))
            }
            None => Decision::Wait(WaitFor::Segment(edge.open)),
        }
    }

    fn wait_for_segment(&self, msn: Msn) -> Result<Option<WaitFor>, Reject> {
        self.check_distance(msn)?;
        let meaning = match (self.settings().segment_request, self.part_target()) {
            (SegmentRequest::FirstPart, Some(_)) => {
                WaitFor::Part(Position::new(msn, PartIndex::new(0)))
            }
            _ => WaitFor::Segment(msn),
        };
        Ok(Some(meaning))
    }

    fn wait_for_part(&self, position: Position) -> Result<Option<WaitFor>, Reject> {
        let edge = self.edge();
        self.check_distance(position.msn)?;
        if position.msn < edge.open {
            // A closed segment: either its part is there, or the next segment's first is meant.
            let beyond = edge.last_part.is_none_or(|last| last < position);
            let next = Position::new(edge.open, PartIndex::new(0));
            return Ok(beyond.then_some(WaitFor::Part(next)));
        }
        let listed = if position.msn == edge.open {
            u64::from(edge.open_parts)
        } else {
            0
        };
        // `listed` parts end at index `listed − 1`; N may exceed that by the limit (AMB-03).
        let first_too_far = listed + self.settings().advance_part_limit();
        if u64::from(position.part.value()) >= first_too_far {
            let limit = u32::try_from(first_too_far - 1).unwrap_or(u32::MAX);
            let limit = Position::new(position.msn, PartIndex::new(limit));
            return Err(Reject::PartTooFar { limit });
        }
        Ok(Some(WaitFor::Part(position)))
    }

    /// "more than two greater than the Media Sequence Number of the last Media Segment", which
    /// is the last complete one (AMB-04).
    fn check_distance(&self, msn: Msn) -> Result<(), Reject> {
        // The open segment follows the last complete one.
        let limit = self.edge().open.next();
        if msn > limit {
            Err(Reject::MsnTooFar { limit })
        } else {
            Ok(())
        }
    }
}

impl fmt::Display for Reject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PartWithoutMsn => f.write_str("_HLS_part needs _HLS_msn"),
            Self::MsnTooFar { limit } => {
                write!(
                    f,
                    "_HLS_msn is too far ahead; up to {limit} can be waited for"
                )
            }
            Self::PartTooFar { limit } => {
                write!(
                    f,
                    "_HLS_part is too far ahead; up to {limit} can be waited for"
                )
            }
        }
    }
}
