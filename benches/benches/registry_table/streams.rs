use access_unit::Fmp4;
use bytes::Bytes;
use futures_util::FutureExt as _;
use llhls_manifest::{
    Cut, Directives, ManifestConfig, MediaDuration, ResourceNames, Skip, WallClock,
};
use playlists::{
    Body, Coding, Media, Part, Playlists, Publisher, RegistryConfig, RenditionConfig, Video, Viewer,
};
use seed::Options;
use seed::m3u8_cache::M3u8Cache as SeedCache;
use std::sync::Arc;

/// Of each part; shared, so that nothing but the registry is measured.
pub(crate) const PAYLOAD: Bytes = Bytes::from_static(&[7; 64_000]);

/// The shape of a stream.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    /// Segments listed.
    pub(crate) window: u32,
    /// Parts a segment.
    pub(crate) parts: u64,
    pub(crate) part_ms: u64,
    /// In seconds. Parts are listed for three of it.
    pub(crate) target: u32,
}

impl Shape {
    /// The peer's own: 32 segments of 12 parts of 500 ms.
    pub(crate) const AS_CONFIGURED: Self = Self {
        window: 32,
        parts: 12,
        part_ms: 500,
        target: 6,
    };
    /// The same with every part listed, as the peer does.
    pub(crate) const ALL_PARTS: Self = Self {
        target: 64,
        ..Self::AS_CONFIGURED
    };
    /// Five parts a second, as M7 has it: 7 segments of 2 s.
    pub(crate) const LIVE: Self = Self {
        window: 7,
        parts: 10,
        part_ms: 200,
        target: 2,
    };
    /// An hour to rewind.
    pub(crate) const HOUR: Self = Self {
        window: 1800,
        ..Self::LIVE
    };

    fn config(self) -> ManifestConfig {
        let part = MediaDuration::from_millis(self.part_ms);
        ManifestConfig::new(ResourceNames::new("e1").expect("a plain token"))
            .target_duration(self.target)
            .part_target(part)
            .segment_duration(part.saturating_mul(self.parts))
            .window_segments(self.window)
            .window_duration(MediaDuration::ZERO)
    }
}

/// One stream of ours.
pub(crate) struct Ours {
    /// Kept, for a registry that is dropped takes its streams along.
    _playlists: Playlists,
    pub(crate) publisher: Publisher,
    pub(crate) viewer: Viewer,
    shape: Shape,
    parts: u64,
}

impl Ours {
    /// A full window and half a segment, judged.
    pub(crate) fn new(shape: Shape) -> Self {
        let config = RegistryConfig::new()
            .total_bytes(64 << 30)
            .bytes_per_rendition(64 << 30);
        let playlists = Playlists::new(config).expect("sound bounds");
        let ours = Self::among(playlists, shape, 0);
        let text = ours.text(&Directives::NONE);
        let media = playlist_oracle::assert_media_playlist(&text);
        assert_eq!(media.segments.len(), shape.window as usize);
        ours
    }

    /// One of many.
    pub(crate) fn among(playlists: Playlists, shape: Shape, number: usize) -> Self {
        let presentation = format!("stream{number}").parse().expect("a plain name");
        let rendition = "video".parse().expect("a plain name");
        let config = RenditionConfig {
            manifest: shape.config(),
            media: Media::Video(Video::new("avc1.64001f", 1280, 720)),
        };
        let mut publisher = playlists
            .publisher(&presentation, &rendition, config)
            .expect("room");
        publisher.init(Bytes::from_static(b"init"));
        let viewer = playlists
            .viewer(presentation.as_str(), "video")
            .expect("just opened");
        let mut ours = Self {
            _playlists: playlists,
            publisher,
            viewer,
            shape,
            parts: 0,
        };
        for _ in 0..(u64::from(shape.window) + 2) * shape.parts + shape.parts / 2 {
            ours.publish();
        }
        ours
    }

    #[inline]
    pub(crate) fn publish(&mut self) {
        let start = WallClock::from_unix_millis(1_795_219_200_000);
        let length = MediaDuration::from_millis(self.shape.part_ms);
        let at = self.parts % self.shape.parts;
        let part = Part::new(PAYLOAD, length)
            .captured_at(start.plus(length.saturating_mul(self.parts)))
            .cut(if at == self.shape.parts - 1 {
                Cut::After
            } else {
                Cut::Never
            });
        let part = if at == 0 { part.independent() } else { part };
        self.publisher.publish(part).expect("a regular part");
        self.parts += 1;
    }

    /// A request that has nothing to wait for.
    #[inline]
    pub(crate) fn ask(&self, directives: &Directives, coding: Coding) -> Body {
        let answer = self.viewer.playlist(directives, coding).now_or_never();
        answer.expect("it is there").expect("a good request")
    }

    pub(crate) fn text(&self, directives: &Directives) -> String {
        let body = self.ask(directives, Coding::Identity);
        String::from_utf8(body.bytes.to_vec()).expect("text")
    }

    /// Asks for the gzip form and shows that it is the playlist.
    pub(crate) fn assert_gzip(&self) {
        let mut decoded = String::new();
        let body = self.ask(&Directives::NONE, Coding::Gzip);
        let mut decoder = flate2::read::GzDecoder::new(&body.bytes[..]);
        std::io::Read::read_to_string(&mut decoder, &mut decoded).expect("gzip");
        assert_eq!(decoded, self.text(&Directives::NONE));
    }
}

/// A request for a delta update.
pub(crate) fn delta() -> Directives {
    let delta = Directives::parse(Some("_HLS_skip=YES")).expect("well formed");
    assert_eq!(delta.skip, Some(Skip::Yes));
    delta
}

/// One stream of the peer, window and parts as `Shape::AS_CONFIGURED`.
pub(crate) struct Peer {
    playlists: Arc<seed::Playlists>,
    pub(crate) cache: Arc<SeedCache>,
    parts: u64,
}

impl Peer {
    pub(crate) fn new() -> Self {
        let shape = Shape::AS_CONFIGURED;
        let options = Options {
            max_segments: shape.window as usize + 1,
            max_parted_segments: shape.window as usize + 1,
            num_playlists: 2,
            segment_min_ms: 6_000,
            ..Options::default()
        };
        let (playlists, _chunks, cache) = seed::Playlists::new(options);
        let mut peer = Self {
            playlists,
            cache,
            parts: 0,
        };
        for _ in 0..(u64::from(shape.window) + 2) * shape.parts + shape.parts / 2 {
            peer.publish();
        }
        assert!(peer.text().matches("#EXT-X-PART:").count() > 384);
        peer
    }

    #[inline]
    pub(crate) fn publish(&mut self) {
        let at = self.parts % Shape::AS_CONFIGURED.parts;
        let part = Fmp4 {
            init: (self.parts == 0).then(|| Bytes::from_static(b"init")),
            key: at == 0,
            data: PAYLOAD,
            duration: 500,
        };
        assert!(self.playlists.add(7, part));
        self.parts += 1;
    }

    pub(crate) fn gzip(&self) -> Bytes {
        let last = self.cache.last(7).expect("it reads");
        last.expect("a playlist").0
    }

    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        let gzip = self.gzip();
        let mut decoder = flate2::read::GzDecoder::new(&gzip[..]);
        std::io::Read::read_to_string(&mut decoder, &mut text).expect("gzip");
        text
    }
}
