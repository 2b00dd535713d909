//! What a publisher hands over, and what it is told.

use bytes::Bytes;
use llhls_manifest::{
    Continuity, Cut, Independence, MediaDuration, MediaRef, Msn, PartFacts, Position, WallClock,
};

/// One part: its bytes, and the facts about them that the playlist states.
///
/// The bytes are whole `moof`+`mdat` pairs; they are never looked into and never copied.
///
/// ```
/// use bytes::Bytes;
/// use llhls_manifest::{Cut, MediaDuration};
/// use playlists::Part;
///
/// let moof_mdat = Bytes::from_static(b"moof mdat");
/// let part = Part::new(moof_mdat, MediaDuration::from_millis(200)).independent().cut(Cut::Before);
/// ```
#[derive(Clone, Debug)]
pub struct Part {
    pub(crate) bytes: Bytes,
    duration: MediaDuration,
    independence: Independence,
    continuity: Continuity,
    pub(crate) captured_at: Option<WallClock>,
    cut: Cut,
}

impl Part {
    /// A part that needs earlier ones to be decoded and leaves the cut to the manifest.
    #[must_use]
    pub fn new(bytes: Bytes, duration: MediaDuration) -> Self {
        Self {
            bytes,
            duration,
            independence: Independence::Dependent,
            continuity: Continuity::Continuous,
            captured_at: None,
            cut: Cut::Auto,
        }
    }

    /// The part can be decoded without an earlier one (`INDEPENDENT=YES`, §4.4.4.9).
    #[must_use]
    pub fn independent(self) -> Self {
        self.independence(Independence::Independent)
    }

    /// Whether the part can be decoded without an earlier one.
    #[must_use]
    pub fn independence(mut self, independence: Independence) -> Self {
        self.independence = independence;
        self
    }

    /// The part does not continue the one before it (`EXT-X-DISCONTINUITY`, §4.4.4.3).
    #[must_use]
    pub fn discontinuous(mut self) -> Self {
        self.continuity = Continuity::Discontinuous;
        self
    }

    /// Wall-clock time of the first sample (`EXT-X-PROGRAM-DATE-TIME`, §4.4.4.6).
    #[must_use]
    pub fn captured_at(mut self, time: WallClock) -> Self {
        self.captured_at = Some(time);
        self
    }

    /// What is known about segment boundaries here.
    ///
    /// [`Cut::After`] is best where it is known: the segment is then complete in the same version
    /// as its last part, and the hint printed next is one that comes true. With [`Cut::Auto`] a cut
    /// shows only with the part behind it, and the hint printed before is given up (§6.2.6).
    #[must_use]
    pub fn cut(mut self, cut: Cut) -> Self {
        self.cut = cut;
        self
    }

    /// The bytes, as they were handed in.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    pub(crate) fn is_independent(&self) -> bool {
        self.independence == Independence::Independent
    }

    pub(crate) fn is_discontinuous(&self) -> bool {
        self.continuity == Continuity::Discontinuous
    }

    /// How long the part plays.
    #[must_use]
    pub fn duration(&self) -> MediaDuration {
        self.duration
    }

    /// The bytes, and the facts for when it is known where they lie.
    pub(crate) fn split(self) -> (Bytes, impl FnOnce(MediaRef) -> PartFacts) {
        let Self {
            bytes,
            duration,
            independence,
            continuity,
            captured_at,
            cut,
        } = self;
        let size = bytes.len() as u64;
        let facts = move |media| {
            let facts = PartFacts::new(duration, media)
                .size(size)
                .independence(independence)
                .continuity(continuity)
                .cut(cut);
            match captured_at {
                Some(time) => facts.captured_at(time),
                None => facts,
            }
        };
        (bytes, facts)
    }
}

/// What became of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Published {
    /// Where it stands in the playlist.
    pub position: Position,
    /// The newest segment that became complete with this version, if one did.
    pub closed: Option<Msn>,
}
