//! In what state a stream is, in one word.

use std::time::Duration;

use llhls::registry::{PresentationInfo, RenditionInfo};
use serde::Serialize;

/// How much later than a target duration a part may come: encoders that send whole segments are
/// silent for as long as one lasts.
const GRACE: Duration = Duration::from_secs(1);

/// What becomes of a stream or a rendition. The later in this list, the more alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Condition {
    /// It is over; recordings aside.
    Ended,
    /// Its encoder is gone, or sends nothing.
    Stalled,
    /// Somebody publishes it, and there is not enough to play yet.
    Starting,
    /// It is on.
    Live,
}

impl Condition {
    /// All of them, the liveliest first.
    pub(crate) const ALL: [Self; 4] = [Self::Live, Self::Starting, Self::Stalled, Self::Ended];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ended => "ended",
            Self::Stalled => "stalled",
            Self::Starting => "starting",
            Self::Live => "live",
        }
    }

    /// That of a stream: as alive as the liveliest of its renditions.
    pub(crate) fn of(stream: &PresentationInfo) -> Self {
        let all = stream.renditions.iter().map(Self::of_rendition);
        all.max().unwrap_or(Self::Starting)
    }

    pub(crate) fn of_rendition(rendition: &RenditionInfo) -> Self {
        if rendition.ended {
            return Self::Ended;
        }
        let patience = rendition.target_duration + GRACE;
        let is_silent = rendition.since_part.is_some_and(|since| since > patience);
        match (rendition.publishing && !is_silent, rendition.playable) {
            (false, _) => Self::Stalled,
            (true, false) => Self::Starting,
            (true, true) => Self::Live,
        }
    }
}
