//! A day of a stream's life: nothing grows with its age (O6, M3).

use std::time::Duration;

use allocation_counter::measure;
use bytes::Bytes;
use llhls_manifest::{Cut, Directives, ManifestConfig, MediaDuration, ResourceNames, Skip};
use playlists::{
    Archive, ArchiveConfig, ArchiveWorker, ArchivedSegment, Coding, Part, Playlists, Progress,
    Publisher, RegistryConfig, RenditionConfig, SegmentSink, StoreError, Viewer,
};

use crate::support::{name, video};

/// 200 ms each, ten to a segment.
const PARTS: u64 = 10;
const SEGMENTS_PER_HOUR: u64 = 1800;

/// Takes everything and keeps nothing.
struct Nowhere;

impl SegmentSink for Nowhere {
    fn store(&mut self, _: &ArchivedSegment) -> Result<(), StoreError> {
        Ok(())
    }
}

/// A stream with an archive behind it and somebody who looks at it every minute.
struct Stream {
    playlists: Playlists,
    publisher: Publisher,
    viewer: Viewer,
    worker: ArchiveWorker,
    payload: Bytes,
}

impl Stream {
    fn new() -> Self {
        let (archive, worker) = Archive::new(ArchiveConfig::new().window(Duration::from_secs(600)));
        let config = RegistryConfig::new()
            .bytes_per_rendition(1 << 20)
            .archive(archive);
        let playlists = Playlists::new(config).unwrap();
        let manifest = ManifestConfig::new(ResourceNames::new("e1").unwrap())
            .target_duration(2)
            .part_target(MediaDuration::from_millis(200));
        let config = RenditionConfig {
            manifest,
            ..video("e1")
        };
        let mut publisher = playlists
            .publisher(&name("show"), &name("video"), config)
            .unwrap();
        publisher.init(Bytes::from_static(b"init"));
        let viewer = playlists.viewer("show", "video").unwrap();
        Self {
            playlists,
            publisher,
            viewer,
            worker,
            payload: Bytes::from_static(&[7; 16]),
        }
    }

    async fn segment(&mut self) {
        for index in 0..PARTS {
            let part = Part::new(self.payload.clone(), MediaDuration::from_millis(200));
            let part = match index {
                0 => part.independent(),
                9 => part.cut(Cut::After),
                _ => part.cut(Cut::Never),
            };
            self.publisher.publish(part).unwrap();
        }
        // Whatever the registry does by the clock, two seconds have passed.
        tokio::time::advance(Duration::from_secs(2)).await;
        while self.worker.step(&mut Nowhere) == Progress::Worked {}
    }

    async fn minute(&mut self) {
        for _ in 0..30 {
            self.segment().await;
        }
        for skip in [None, Some(Skip::Yes)] {
            let mut directives = Directives::NONE;
            directives.skip = skip;
            for coding in [Coding::Identity, Coding::Gzip] {
                let body = self.viewer.playlist(&directives, coding).await.unwrap();
                assert!(body.bytes.len() < 20_000);
            }
        }
    }

    async fn hours(&mut self, hours: u64) {
        for _ in 0..hours * SEGMENTS_PER_HOUR / 30 {
            self.minute().await;
        }
    }
}

#[test]
fn nothing_grows_with_the_age_of_a_stream() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let mut stream = Stream::new();
    let mut hours = |count| measure(|| runtime.block_on(stream.hours(count)));

    let first = hours(1);
    let second = hours(1);
    let to_23 = hours(21);
    let last = hours(1);

    let live = first.bytes_current;
    let grown = second.bytes_current + to_23.bytes_current + last.bytes_current;
    assert!(
        grown <= live / 20,
        "{live} bytes after an hour, {grown} more after a day"
    );
    let (early, late) = (second.count_total, last.count_total);
    assert!(
        late <= early + early / 100,
        "{early} allocations in hour 2, {late} in hour 24"
    );
    assert!(late > 0, "nothing was counted");

    let edge = stream.viewer.edge().unwrap();
    assert_eq!(edge.open.value(), 24 * SEGMENTS_PER_HOUR + 1);
    assert_eq!(stream.playlists.active().len(), 1);
}
