use llhls_manifest::{
    Cut, Form, M3u8Manifest, ManifestConfig, MediaDuration, MediaRef, PartFacts, PlaylistView,
    RenditionReport, ResourceNames, Rolled, Skip, WallClock,
};
use playlist_oracle::{Media, assert_media_playlist};

/// 2026-11-21T00:00:00Z.
pub(crate) const MIDNIGHT: WallClock = WallClock::from_unix_millis(1_795_219_200_000);

pub(crate) fn names() -> ResourceNames {
    ResourceNames::new("e1").unwrap()
}

/// Two-second segments of half-second parts, six segments listed.
pub(crate) fn config() -> ManifestConfig {
    ManifestConfig::new(names())
        .target_duration(2)
        .part_target(MediaDuration::from_millis(500))
        .window_segments(6)
        .window_duration(MediaDuration::from_secs(12))
}

pub(crate) fn millis(millis: u64) -> MediaDuration {
    MediaDuration::from_millis(millis)
}

pub(crate) fn body(view: &PlaylistView) -> String {
    render(view, Form::Full, &[])
}

pub(crate) fn delta(view: &PlaylistView) -> String {
    render(view, Form::Delta(Skip::Yes), &[])
}

pub(crate) fn render(view: &PlaylistView, form: Form, reports: &[RenditionReport<'_>]) -> String {
    let mut text = String::new();
    view.write_playlist(form, reports, &mut text);
    text
}

/// The full playlist, judged by the oracle.
pub(crate) fn judged(view: &PlaylistView) -> Media {
    assert_media_playlist(&body(view))
}

/// A manifest with a steady supply of parts.
pub(crate) struct Feed {
    pub(crate) manifest: M3u8Manifest,
    next: u64,
    media: MediaDuration,
}

impl Feed {
    pub(crate) fn new(config: ManifestConfig) -> Self {
        let manifest = M3u8Manifest::new(config).unwrap();
        Self {
            manifest,
            next: 0,
            media: MediaDuration::ZERO,
        }
    }

    /// The facts of the next part: numbered, dated by media time.
    pub(crate) fn facts(&self, duration: MediaDuration) -> PartFacts {
        PartFacts::new(duration, MediaRef::new(self.next)).captured_at(MIDNIGHT.plus(self.media))
    }

    pub(crate) fn push(&mut self, facts: PartFacts) -> Rolled {
        self.next += 1;
        self.media = self.media.saturating_add(facts.duration());
        let rolled = self.manifest.push(facts).unwrap();
        self.manifest.check_invariants();
        rolled
    }

    /// A segment of `parts` half-second parts, the first independent, closed by its last.
    pub(crate) fn segment(&mut self, parts: u32) {
        for index in 0..parts {
            let facts = self.facts(millis(500));
            let facts = if index == 0 {
                facts.independent()
            } else {
                facts
            };
            let last = index + 1 == parts;
            self.push(facts.cut(if last { Cut::After } else { Cut::Never }));
        }
    }

    pub(crate) fn segments(&mut self, count: u32) {
        for _ in 0..count {
            self.segment(4);
        }
    }

    /// Parts of a segment that stays open.
    pub(crate) fn parts(&mut self, count: u32) {
        for index in 0..count {
            let facts = self.facts(millis(500));
            self.push(if index == 0 {
                facts.independent()
            } else {
                facts
            });
        }
    }

    pub(crate) fn view(&self) -> PlaylistView {
        self.manifest.view()
    }
}
