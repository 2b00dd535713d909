//! The number of a stream's first segment.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use llhls::manifest::Msn;
use llhls::registry::StreamName;

use crate::origin::Origin;

/// 2020-01-01, from which seconds are counted: no player that reads numbers into 31 bits is in
/// trouble before 2088.
const BEGINNING: Duration = Duration::from_secs(1_577_836_800);

/// Where a rendition begins that this origin has not had yet: beside others where they are, or else
/// with the clock.
///
/// Numbers must not go back (UP-03), and an origin that was restarted knows of none. A second has
/// gone by for each segment at least, of two seconds and of one and a half, so whatever number the
/// stream had reached before, this one lies behind it; players that ask for the next one of theirs get
/// the playlist, and no cache has an answer to one of these.
pub(crate) fn first(origin: &Origin, presentation: &StreamName) -> Msn {
    let beside = origin.playlists().info(presentation.as_str());
    let open = beside.and_then(|info| {
        let edges = info.renditions.iter().filter_map(|it| it.edge.as_ref());
        edges.map(|edge| edge.open).max()
    });
    open.unwrap_or_else(|| at(SystemTime::now()))
}

fn at(now: SystemTime) -> Msn {
    // A clock that is not set counts from one, as without one.
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    Msn::new(since.saturating_sub(BEGINNING).as_secs().max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_ahead_of_all_segments_of_a_second_that_were_before() {
        let day = |day: u64| at(UNIX_EPOCH + BEGINNING + Duration::from_secs(day * 86_400)).value();
        let (begun, again) = (day(2_000), day(2_001));
        assert!(again >= begun + 86_400, "a day of segments of a second");
        assert!(day(60 * 365) < 1 << 31, "players with 31 bits");
        assert_eq!(at(UNIX_EPOCH).value(), 1, "a clock that is not set");
    }
}
