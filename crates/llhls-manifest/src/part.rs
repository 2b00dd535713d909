//! What the caller says about a part.

use crate::id::{MediaRef, Msn};
use crate::time::{MediaDuration, WallClock};

/// The facts of one part, in the order of the media.
///
/// Durations come from the samples of the governing track (video, else audio), never from
/// arrival times (§3).
///
/// ```
/// use llhls_manifest::{Cut, MediaDuration, MediaRef, PartFacts, WallClock};
///
/// let facts = PartFacts::new(MediaDuration::from_millis(200), MediaRef::new(17))
///     .independent()
///     .captured_at(WallClock::from_unix_millis(1_795_236_455_123))
///     .cut(Cut::Before);
/// assert_eq!(facts.media(), MediaRef::new(17));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartFacts {
    pub(crate) duration: MediaDuration,
    pub(crate) media: MediaRef,
    pub(crate) independence: Independence,
    pub(crate) continuity: Continuity,
    pub(crate) availability: Availability,
    pub(crate) captured_at: Option<WallClock>,
    pub(crate) cut: Cut,
    pub(crate) size: Option<u64>,
    pub(crate) i_frame_in: Option<(Msn, u64)>,
}

impl PartFacts {
    /// A dependent, continuous, available part whose segment the manifest chooses.
    #[must_use]
    pub const fn new(duration: MediaDuration, media: MediaRef) -> Self {
        Self {
            duration,
            media,
            independence: Independence::Dependent,
            continuity: Continuity::Continuous,
            availability: Availability::Available,
            captured_at: None,
            cut: Cut::Auto,
            size: None,
            i_frame_in: None,
        }
    }

    /// Holds an independent frame: `INDEPENDENT=YES` (§4.4.4.9). For audio alone, every part
    /// does (AMB-20).
    #[must_use]
    pub const fn independent(self) -> Self {
        self.independence(Independence::Independent)
    }

    /// Says whether the part holds an independent frame.
    #[must_use]
    pub const fn independence(mut self, independence: Independence) -> Self {
        self.independence = independence;
        self
    }

    /// Does not continue what came before: opens a segment with `EXT-X-DISCONTINUITY`
    /// (§4.4.4.3).
    #[must_use]
    pub const fn discontinuous(self) -> Self {
        self.continuity(Continuity::Discontinuous)
    }

    /// Says whether the part continues what came before.
    #[must_use]
    pub const fn continuity(mut self, continuity: Continuity) -> Self {
        self.continuity = continuity;
        self
    }

    /// Its bytes are missing: `GAP=YES`, and its segment becomes an `EXT-X-GAP` (AMB-17).
    #[must_use]
    pub const fn gap(self) -> Self {
        self.availability(Availability::Gap)
    }

    /// Says whether the part's bytes exist.
    #[must_use]
    pub const fn availability(mut self, availability: Availability) -> Self {
        self.availability = availability;
        self
    }

    /// When its first sample was captured. Printed as `EXT-X-PROGRAM-DATE-TIME` of the segment
    /// that the part opens; without it time goes on from the previous segment by media time.
    #[must_use]
    pub const fn captured_at(mut self, time: WallClock) -> Self {
        self.captured_at = Some(time);
        self
    }

    /// Where the segment border is.
    #[must_use]
    pub const fn cut(mut self, cut: Cut) -> Self {
        self.cut = cut;
        self
    }

    /// Its length in bytes. Needed where parts are byte ranges of their segment, in playlists of
    /// I-frames, and where bit rates are printed.
    #[must_use]
    pub const fn size(mut self, bytes: u64) -> Self {
        self.size = Some(bytes);
        self
    }

    /// For a playlist of I-frames: the frame's bytes start at `offset` of the segment `msn` of
    /// the rendition that the names belong to. The duration is the distance to the next I-frame.
    #[must_use]
    pub const fn i_frame_in(mut self, msn: Msn, offset: u64) -> Self {
        self.i_frame_in = Some((msn, offset));
        self
    }

    /// The same facts about a part whose bytes are kept elsewhere.
    #[must_use]
    pub const fn stored_at(mut self, media: MediaRef) -> Self {
        self.media = media;
        self
    }

    /// How long the part plays.
    #[must_use]
    pub const fn duration(&self) -> MediaDuration {
        self.duration
    }

    /// Where the caller keeps its bytes.
    #[must_use]
    pub const fn media(&self) -> MediaRef {
        self.media
    }
}

/// Whether a part can be decoded without what came before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Independence {
    /// Holds an independent frame.
    Independent,
    /// Needs earlier parts.
    #[default]
    Dependent,
}

/// Whether a part goes on where the previous one ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Continuity {
    /// Same tracks, same encoding, timestamps go on.
    #[default]
    Continuous,
    /// Anything of that changed.
    Discontinuous,
}

/// Whether a part's bytes exist.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Availability {
    /// They can be downloaded the moment the part is listed.
    #[default]
    Available,
    /// They are lost.
    Gap,
}

/// Where the border between two segments is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cut {
    /// The manifest draws it: before an independent part once the open segment is as long as
    /// configured (to within half a PART-TARGET), and wherever a limit would be broken otherwise.
    ///
    /// The border is known only when the next part arrives, so the preload hint before it names
    /// a part that never comes. [`Cut::After`] avoids that.
    #[default]
    Auto,
    /// This part opens a segment.
    Before,
    /// This part ends its segment: its PART, the segment's EXTINF and URI and the hint to the
    /// next segment's first part become visible in one version (AMB-25). The best choice for a
    /// caller that can see one frame ahead. The border before the part is as in [`Cut::Auto`].
    After,
    /// This part belongs to the open segment; if that breaks a limit it is refused.
    Never,
}
