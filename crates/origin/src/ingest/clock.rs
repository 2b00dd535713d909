//! From media time to wall-clock time, for `EXT-X-PROGRAM-DATE-TIME`.

use std::time::{SystemTime, UNIX_EPOCH};

use llhls::manifest::WallClock;

use crate::media::{Fragment, MediaTime, TrackInfo};

/// Tracks of one encoder arrive this close to each other.
const JITTER_NANOS: u128 = 1_000_000_000;

/// One mapping for all tracks of a publishing point, so that their dates agree (MV-23).
///
/// It is set by the first fragment: from the encoder's own `prft` where it sends one, else by
/// assuming that the fragment's last picture was captured when the fragment arrived. After that it
/// stays, whatever the network does, until the encoder's clock is set anew.
#[derive(Debug, Default)]
pub(super) struct CaptureClock {
    /// Unix time at which time zero of the presentation was captured, in nanoseconds; near 1970 for epoch-anchored media.
    zero: Option<i128>,
    /// The next fragment may be on another timeline.
    doubtful: bool,
}

impl CaptureClock {
    /// Sets the mapping, if none is set.
    pub(super) fn observe(&mut self, track: &TrackInfo, fragment: &Fragment, arrived: SystemTime) {
        if std::mem::take(&mut self.doubtful) {
            self.reset(track, fragment, arrived);
        }
        self.zero
            .get_or_insert_with(|| zero(track, fragment, arrived));
    }

    /// The header changed: what follows may come from another encoder, with a clock of its own.
    pub(super) fn doubt(&mut self) {
        self.doubtful = true;
    }

    /// The encoder set its clock: `fragment` is on a new timeline.
    ///
    /// Where the mapping holds for it all the same, because another track said so before, it stays.
    pub(super) fn reset(&mut self, track: &TrackInfo, fragment: &Fragment, arrived: SystemTime) {
        let zero = zero(track, fragment, arrived);
        if self
            .zero
            .is_none_or(|present| present.abs_diff(zero) > JITTER_NANOS)
        {
            self.zero = Some(zero);
        }
    }

    /// Wall-clock time of `time`, a presentation time, once there is a mapping.
    pub(super) fn at(&self, time: MediaTime) -> Option<WallClock> {
        let nanos = self.zero? + i128::from(time.as_nanos());
        u64::try_from(nanos).ok().map(WallClock::from_unix_nanos)
    }
}

/// Presentation times are what players see, and where tracks of one presentation agree: decode times
/// of a picture with B-frames are earlier by as much as its encoder holds pictures back.
fn zero(track: &TrackInfo, fragment: &Fragment, arrived: SystemTime) -> i128 {
    let shown_from = MediaTime::new(track.shown_from, track.timescale).as_nanos();
    let (captured, time) = match fragment.capture_time() {
        Some(capture) => (i128::from(capture.unix_nanos), fragment.decode_time()),
        None => (unix_nanos(arrived), fragment.presentation_end()),
    };
    captured - i128::from(time.as_nanos()) + i128::from(shown_from)
}

fn unix_nanos(time: SystemTime) -> i128 {
    // A clock before 1970 is broken; zero is as good as any answer then.
    time.duration_since(UNIX_EPOCH).map_or(0, |elapsed| {
        i128::try_from(elapsed.as_nanos()).unwrap_or(i128::MAX / 2)
    })
}
