//! From media time to wall-clock time, for `EXT-X-PROGRAM-DATE-TIME`.

use std::time::{SystemTime, UNIX_EPOCH};

use llhls::manifest::WallClock;

use crate::media::{Fragment, MediaTime};

/// Tracks of one encoder arrive this close to each other.
const JITTER_NANOS: u128 = 1_000_000_000;

/// One mapping for all tracks of a publishing point, so that their dates agree (MV-23).
///
/// It is set by the first fragment: from the encoder's own `prft` where it sends one, else by
/// assuming that the fragment's last sample was captured when the fragment arrived. After that it
/// stays, whatever the network does, until the encoder's clock is set anew.
#[derive(Debug, Default)]
pub(super) struct CaptureClock {
    /// Unix time of media time zero, in nanoseconds; before 1970 for epoch-anchored media.
    zero: Option<i128>,
}

impl CaptureClock {
    /// Sets the mapping, if none is set.
    pub(super) fn observe(&mut self, fragment: &Fragment, arrived: SystemTime) {
        self.zero.get_or_insert_with(|| zero(fragment, arrived));
    }

    /// The encoder set its clock: `fragment` is on a new timeline.
    ///
    /// Where the mapping holds for it all the same, because another track said so before, it stays.
    pub(super) fn reset(&mut self, fragment: &Fragment, arrived: SystemTime) {
        let zero = zero(fragment, arrived);
        if self
            .zero
            .is_none_or(|present| present.abs_diff(zero) > JITTER_NANOS)
        {
            self.zero = Some(zero);
        }
    }

    /// Wall-clock time of `time`, once there is a mapping.
    pub(super) fn at(&self, time: MediaTime) -> Option<WallClock> {
        let nanos = self.zero? + i128::from(time.as_nanos());
        u64::try_from(nanos).ok().map(WallClock::from_unix_nanos)
    }
}

fn zero(fragment: &Fragment, arrived: SystemTime) -> i128 {
    match fragment.capture_time() {
        Some(capture) => {
            i128::from(capture.unix_nanos) - i128::from(fragment.decode_time().as_nanos())
        }
        None => unix_nanos(arrived) - i128::from(fragment.end_time().as_nanos()),
    }
}

fn unix_nanos(time: SystemTime) -> i128 {
    // A clock before 1970 is broken; zero is as good as any answer then.
    time.duration_since(UNIX_EPOCH).map_or(0, |elapsed| {
        i128::try_from(elapsed.as_nanos()).unwrap_or(i128::MAX / 2)
    })
}
