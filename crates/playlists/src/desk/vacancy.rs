//! A rendition that nobody publishes: how long it waits, how much of the outage it has listed, and
//! when it ends.

use std::time::Duration;

use llhls_manifest::MediaDuration;
use tokio::time::Instant;

use crate::config::Absence;

/// Since when nobody publishes a rendition, and what was listed in place of its media.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Vacancy {
    /// When its publisher left.
    since: Instant,
    /// Up to when media or gaps are listed.
    covered: Instant,
}

/// How time passes for one rendition.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    pub(crate) absence: Absence,
    pub(crate) target_duration: Duration,
    /// How long one part lasts, or one segment where there are no parts.
    pub(crate) part: Duration,
}

/// What an absence asks for at some moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    Nothing,
    /// This much of the outage is to be listed.
    Gap(MediaDuration),
    End,
}

impl Vacancy {
    /// The publisher leaves at `now`; its last part came at `last_part`.
    pub(crate) fn new(now: Instant, last_part: Option<Instant>, pace: &Pace) -> Self {
        // A publisher that was silent before it left: the outage began with its silence. But no
        // playlist lists an hour of gaps at once.
        let earliest = now.checked_sub(pace.target_duration * 3).unwrap_or(now);
        Self {
            since: now,
            covered: last_part.unwrap_or(now).max(earliest),
        }
    }

    /// When `due` will have something new to say.
    pub(crate) fn next_due(&self, pace: &Pace) -> Option<Instant> {
        let end = self.end(pace)?;
        match pace.absence {
            Absence::Gaps { .. } => {
                let gap = (self.covered + pace.part).max(self.lingers_until(pace)?);
                Some(gap.min(end))
            }
            _ => Some(end),
        }
    }

    /// What is to be done at `now`; a gap counts as listed from here on.
    pub(crate) fn due(&mut self, now: Instant, pace: &Pace) -> Due {
        let (Some(end), Some(lingers_until)) = (self.end(pace), self.lingers_until(pace)) else {
            return Due::Nothing;
        };
        if now >= end {
            return Due::End;
        }
        if now < lingers_until || !matches!(pace.absence, Absence::Gaps { .. }) {
            return Due::Nothing;
        }
        // Whole parts only: a part is listed when it would have been complete.
        let missing = now.saturating_duration_since(self.covered).as_nanos();
        let parts = u32::try_from(missing / pace.part.as_nanos().max(1)).unwrap_or(u32::MAX);
        if parts == 0 {
            return Due::Nothing;
        }
        let gap = pace.part * parts;
        self.covered += gap;
        Due::Gap(gap.into())
    }

    fn lingers_until(&self, pace: &Pace) -> Option<Instant> {
        match pace.absence {
            Absence::Wait => None,
            Absence::End { linger } | Absence::Gaps { linger, .. } => {
                Some(self.since + pace.target_duration * linger)
            }
        }
    }

    fn end(&self, pace: &Pace) -> Option<Instant> {
        let gaps = match pace.absence {
            Absence::Gaps { at_most, .. } => at_most,
            _ => 0,
        };
        Some(self.lingers_until(pace)? + pace.target_duration * gaps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(absence: Absence) -> Pace {
        Pace {
            absence,
            target_duration: Duration::from_secs(2),
            part: Duration::from_millis(500),
        }
    }

    fn half_seconds(count: u64) -> Due {
        Due::Gap(MediaDuration::from_millis(500 * count))
    }

    #[test]
    fn an_outage_is_listed_at_the_pace_of_the_media_and_ends() {
        let pace = pace(Absence::Gaps {
            linger: 1,
            at_most: 1,
        });
        let start = Instant::now() + Duration::from_secs(100);
        let at = |millis| start + Duration::from_millis(millis);
        let mut vacancy = Vacancy::new(start, Some(start - Duration::from_millis(100)), &pace);
        assert_eq!(vacancy.next_due(&pace), Some(at(2000)));
        assert_eq!(vacancy.due(at(1999), &pace), Due::Nothing);
        // 2.1 s are missing, which is four whole parts.
        assert_eq!(vacancy.due(at(2000), &pace), half_seconds(4));
        assert_eq!(vacancy.next_due(&pace), Some(at(2400)));
        assert_eq!(vacancy.due(at(2399), &pace), Due::Nothing);
        assert_eq!(vacancy.due(at(2400), &pace), half_seconds(1));
        assert_eq!(vacancy.due(at(3900), &pace), half_seconds(3));
        assert_eq!(vacancy.next_due(&pace), Some(at(4000)));
        assert_eq!(vacancy.due(at(4000), &pace), Due::End);
    }

    #[test]
    fn an_hour_of_silence_is_not_listed() {
        let pace = pace(Absence::Gaps {
            linger: 0,
            at_most: 9,
        });
        let start = Instant::now() + Duration::from_secs(4000);
        let silent_since = start - Duration::from_secs(3600);
        let mut vacancy = Vacancy::new(start, Some(silent_since), &pace);
        assert_eq!(vacancy.due(start, &pace), half_seconds(12));
    }

    #[test]
    fn without_gaps_it_ends_or_waits_for_ever() {
        let start = Instant::now();
        let mut vacancy = Vacancy::new(start, None, &pace(Absence::Wait));
        assert_eq!(vacancy.next_due(&pace(Absence::Wait)), None);
        let day = start + Duration::from_secs(86_400);
        assert_eq!(vacancy.due(day, &pace(Absence::Wait)), Due::Nothing);
        let ends = pace(Absence::End { linger: 3 });
        let due = start + Duration::from_secs(6);
        assert_eq!(vacancy.next_due(&ends), Some(due));
        assert_eq!(
            vacancy.due(due - Duration::from_nanos(1), &ends),
            Due::Nothing
        );
        assert_eq!(vacancy.due(due, &ends), Due::End);
    }
}
