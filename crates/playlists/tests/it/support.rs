//! A presentation in a few lines.

use bytes::Bytes;
use llhls_manifest::{
    Cut, Directives, ManifestConfig, MediaDuration, Msn, PartIndex, Position, ResourceNames,
};
use playlists::{
    Audio, Coding, Media, Part, Playlists, Publisher, RegistryConfig, RenditionConfig, StreamName,
    Video, Viewer,
};

/// Parts of a segment in these tests: 4 × 500 ms, a target duration of 2 s.
pub(crate) const PARTS: u64 = 4;

pub(crate) fn name(text: &str) -> StreamName {
    text.parse().unwrap()
}

pub(crate) fn registry() -> Playlists {
    Playlists::new(RegistryConfig::new().bytes_per_rendition(1 << 20)).unwrap()
}

pub(crate) fn manifest(epoch: &str) -> ManifestConfig {
    ManifestConfig::new(ResourceNames::new(epoch).unwrap())
        .target_duration(2)
        .part_target(MediaDuration::from_millis(500))
        .window_segments(10)
}

pub(crate) fn video(epoch: &str) -> RenditionConfig {
    RenditionConfig {
        manifest: manifest(epoch),
        media: Media::Video(Video::new("avc1.64001f", 1280, 720)),
    }
}

pub(crate) fn audio(epoch: &str) -> RenditionConfig {
    RenditionConfig {
        manifest: manifest(epoch),
        media: Media::Audio(Audio::new("mp4a.40.2", 2)),
    }
}

/// Opens `show/video` with an init section.
pub(crate) fn publisher(playlists: &Playlists) -> Publisher {
    let mut publisher = playlists
        .publisher(&name("show"), &name("video"), video("e1"))
        .unwrap();
    publisher.init(Bytes::from_static(b"init"));
    publisher
}

pub(crate) fn viewer(playlists: &Playlists) -> Viewer {
    playlists.viewer("show", "video").unwrap()
}

pub(crate) fn viewer_of(playlists: &Playlists, rendition: &str) -> Viewer {
    playlists.viewer("show", rendition).unwrap()
}

/// The bytes of part `number`, counted from the first of the stream.
pub(crate) fn payload(number: u64) -> Bytes {
    Bytes::from(format!("part {number}"))
}

/// Part `number` of a stream of regular segments whose ends are known.
pub(crate) fn part(number: u64) -> Part {
    let part = Part::new(payload(number), MediaDuration::from_millis(500));
    let part = if number.is_multiple_of(PARTS) {
        part.independent()
    } else {
        part
    };
    part.cut(if number % PARTS == PARTS - 1 {
        Cut::After
    } else {
        Cut::Never
    })
}

/// Publishes the parts of `numbers`.
pub(crate) fn publish(publisher: &mut Publisher, numbers: std::ops::Range<u64>) {
    for number in numbers {
        publisher.publish(part(number)).unwrap();
    }
}

pub(crate) fn at(msn: u64, part: u32) -> Position {
    Position::new(Msn::new(msn), PartIndex::new(part))
}

pub(crate) fn directives(query: &str) -> Directives {
    Directives::parse(Some(query)).unwrap()
}

/// The playlist of a viewer as text, checked by two independent parsers.
pub(crate) async fn text(viewer: &Viewer, query: &str) -> String {
    let body = viewer
        .playlist(&directives(query), Coding::Identity)
        .await
        .unwrap();
    let text = String::from_utf8(body.bytes.to_vec()).unwrap();
    playlist_oracle::assert_media_playlist(&text);
    text
}

/// Numbers that look random and are the same each time.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self((seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }

    pub(crate) fn one_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }
}
