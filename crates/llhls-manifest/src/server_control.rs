//! What has to be the same in every media playlist of a presentation (§6.2.4).

use crate::names::ResourceNames;
use crate::time::MediaDuration;
use crate::view::PlaylistView;

/// The target duration and the attributes of `EXT-X-SERVER-CONTROL`, as printed.
///
/// Two playlists may stand in one multivariant playlist only if these are equal (LL-11, MV-20).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerControl {
    /// `EXT-X-TARGETDURATION`.
    pub target_duration: MediaDuration,
    /// `CAN-SKIP-UNTIL`, where deltas are offered.
    pub can_skip_until: Option<MediaDuration>,
    /// `HOLD-BACK`, where it is not the default of three target durations.
    pub hold_back: Option<MediaDuration>,
    /// `PART-HOLD-BACK`, where there are parts.
    pub part_hold_back: Option<MediaDuration>,
}

impl PlaylistView {
    /// The names of everything this playlist refers to, and the way back from a name.
    #[must_use]
    pub fn names(&self) -> &ResourceNames {
        &self.settings().names
    }

    /// What this playlist promises about delivery; fixed for its life.
    #[must_use]
    pub fn server_control(&self) -> ServerControl {
        let settings = self.settings();
        ServerControl {
            target_duration: settings.target_duration.to_media(),
            can_skip_until: settings.skip_until.map(|distance| distance.to_media()),
            hold_back: settings.hold_back.map(|distance| distance.to_media()),
            part_hold_back: settings.part_hold_back.map(|distance| distance.to_media()),
        }
    }
}
