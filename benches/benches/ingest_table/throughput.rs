//! I1: from bytes to published parts, on one core.

use std::time::Duration;

use benches::turns::{Better, Candidate, Table, thread_cpu};
use llhls::manifest::{Cut, ManifestConfig, MediaDuration, ResourceNames};
use llhls::registry::{
    Media, Part, Playlists, Publisher, RegistryConfig, RenditionConfig, Video, Viewer,
};
use origin::media::{
    CutConfig, Independence, InitSection, MediaItem, MediaLimits, MediaPart, MediaReader,
    PresentationCutter, SegmentEnd,
};

use crate::media::{PART, RATE, header, media};

/// What one read of a socket gives.
const READ: usize = 64 << 10;

fn stream() -> (Publisher, Viewer) {
    let registry = RegistryConfig::new().bytes_per_rendition(512 << 20);
    let playlists = Playlists::new(registry).expect("sound bounds");
    let manifest = ManifestConfig::new(ResourceNames::new("e1").expect("a plain token"))
        .target_duration(2)
        .part_target(MediaDuration::from_millis(200));
    let media = Media::Video(Video::new("avc1.64001f", 1280, 720));
    let (show, video) = ("show".parse(), "video".parse());
    let config = RenditionConfig { manifest, media };
    let publisher = playlists
        .publisher(&show.expect("a name"), &video.expect("a name"), config)
        .expect("an empty registry has room");
    let viewer = playlists.viewer("show", "video");
    (publisher, viewer.expect("it was opened just now"))
}

/// The way from bytes to published parts.
pub(crate) struct Pipeline {
    reader: MediaReader,
    cutter: PresentationCutter,
    publisher: Publisher,
    viewer: Viewer,
    closed: bool,
    /// How many parts were published.
    pub(crate) published: u64,
}

impl Pipeline {
    pub(crate) fn new(config: CutConfig) -> Self {
        let init = InitSection::parse(header(), &MediaLimits::default()).expect("a header");
        let (mut publisher, viewer) = stream();
        publisher.init(init.bytes().clone());
        Self {
            reader: MediaReader::with_init(MediaLimits::default(), init.clone()),
            cutter: PresentationCutter::new(&init, config),
            publisher,
            viewer,
            closed: true,
            published: 0,
        }
    }

    /// A reader of what is published.
    pub(crate) fn viewer(&self) -> Viewer {
        self.viewer.clone()
    }

    pub(crate) fn take(&mut self, bytes: &[u8]) {
        let mut items = Vec::new();
        self.reader.read(bytes, &mut items).expect("well-formed");
        for item in items {
            if let MediaItem::Fragment(fragment) = item {
                let mut parts = Vec::new();
                self.cutter
                    .push(&fragment, &mut parts)
                    .expect("it can be cut");
                parts.into_iter().for_each(|part| self.publish(part));
            }
        }
    }

    fn finish(&mut self) {
        let mut parts = Vec::new();
        self.cutter.finish(&mut parts).expect("it can be cut");
        parts.into_iter().for_each(|part| self.publish(part));
    }

    fn publish(&mut self, part: MediaPart) {
        let opens = self.closed || part.segment.opens_segment();
        let ends = part.end == SegmentEnd::Ends && !opens;
        self.closed = ends;
        let duration = MediaDuration::from_nanos(part.duration.as_nanos());
        let mut ready = Part::new(part.bytes, duration).cut(match (opens, ends) {
            (true, _) => Cut::Before,
            (false, true) => Cut::After,
            (false, false) => Cut::Never,
        });
        if part.independence == Independence::Independent {
            ready = ready.independent();
        }
        self.publisher
            .publish(ready)
            .expect("the media keeps the rules");
        self.published += 1;
    }
}

/// Parts of 200 ms in segments of two seconds.
pub(crate) fn config() -> CutConfig {
    CutConfig::new(Duration::from_millis(200), Duration::from_secs(2))
}

/// From bytes to published parts. How many parts.
fn ingest(bytes: &[u8]) -> u64 {
    let mut pipeline = Pipeline::new(config());
    for piece in bytes.chunks(READ) {
        pipeline.take(piece);
    }
    pipeline.finish();
    pipeline.published
}

/// One copy of the bytes, a fragment at a time. How many bytes.
fn copy(bytes: &[u8], fragment: usize) -> usize {
    bytes
        .chunks(fragment)
        .map(|fragment| {
            let mut held = Vec::with_capacity(fragment.len());
            for piece in fragment.chunks(READ) {
                held.extend_from_slice(piece);
            }
            std::hint::black_box(held).len()
        })
        .sum()
}

/// I1: megabytes a second of one core.
pub(crate) fn row(table: &mut Table, bits: u64, length: u64, name: &str) {
    let seconds = 16_000_000 * 8 / bits;
    // Whole groups of pictures.
    let seconds = seconds.div_ceil(2) * 2;
    let bytes = media(seconds, bits, length);
    let size = bytes.len() / usize::try_from(seconds * RATE / length).expect("few");
    assert_eq!(ingest(&bytes), seconds * RATE / PART);
    let rate = |run: &dyn Fn()| {
        let before = thread_cpu();
        run();
        let nanos = (thread_cpu() - before).max(1);
        bytes.len() as f64 * 1000.0 / nanos as f64
    };
    let candidates: Vec<Candidate<'_>> = vec![
        ("ingest", Box::new(|| rate(&|| assert!(ingest(&bytes) > 0)))),
        (
            "one copy",
            Box::new(|| rate(&|| assert_eq!(copy(&bytes, size), bytes.len()))),
        ),
    ];
    table.row(&format!("I1 {name}"), "MB/s", Better::Higher, candidates);
}
