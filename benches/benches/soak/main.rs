//! A day of a stream's life, hour by hour: what a part costs and what is held (M3, O6).
//!
//! `cargo bench -p benches --bench soak [-- --hours 24]`
//!
//! One rendition, parts of 200 ms with 16 bytes each, an archive behind it whose sink keeps
//! nothing, a viewer who asks for the playlist and its delta, plain and compressed, once a minute.
//! The clock is simulated; the time is the thread's CPU time. What is held is counted by the
//! allocator.

use std::time::Duration;

use allocation_counter::measure;
use benches::turns::thread_cpu;
use bytes::Bytes;
use llhls_manifest::{Cut, Directives, ManifestConfig, MediaDuration, ResourceNames, Skip};
use playlists::{
    Archive, ArchiveConfig, ArchiveWorker, ArchivedSegment, Coding, Media, Part, Playlists,
    Progress, Publisher, RegistryConfig, RenditionConfig, SegmentSink, StoreError, Video, Viewer,
};

/// 200 ms each, ten to a segment.
const PARTS: u64 = 10;
const MINUTE: u64 = 30;
const HOUR: u64 = 60 * MINUTE;

struct Nowhere;

impl SegmentSink for Nowhere {
    fn store(&mut self, _: &ArchivedSegment) -> Result<(), StoreError> {
        Ok(())
    }
}

struct Stream {
    publisher: Publisher,
    viewer: Viewer,
    worker: ArchiveWorker,
}

impl Stream {
    fn new() -> Result<Self, Box<dyn std::error::Error>> {
        let (archive, worker) = Archive::new(ArchiveConfig::new());
        let playlists = Playlists::new(RegistryConfig::new().archive(archive))?;
        let config = RenditionConfig {
            manifest: ManifestConfig::new(ResourceNames::new("e1")?)
                .target_duration(2)
                .part_target(MediaDuration::from_millis(200)),
            media: Media::Video(Video::new("avc1.64001f", 1280, 720)),
        };
        let mut publisher = playlists.publisher(&"show".parse()?, &"video".parse()?, config)?;
        publisher.init(Bytes::from_static(b"init"));
        let viewer = playlists.viewer("show", "video").ok_or("just opened")?;
        Ok(Self {
            publisher,
            viewer,
            worker,
        })
    }

    async fn hour(&mut self) -> Result<(), Box<dyn std::error::Error>> {
        for segment in 0..HOUR {
            for index in 0..PARTS {
                let bytes = Bytes::from_static(b"sixteen bytes ok");
                let part = Part::new(bytes, MediaDuration::from_millis(200));
                self.publisher.publish(match index {
                    0 => part.independent(),
                    9 => part.cut(Cut::After),
                    _ => part.cut(Cut::Never),
                })?;
            }
            tokio::time::advance(Duration::from_secs(2)).await;
            while self.worker.step(&mut Nowhere) == Progress::Worked {}
            if segment % MINUTE == MINUTE - 1 {
                self.look().await?;
            }
        }
        Ok(())
    }

    async fn look(&self) -> Result<(), playlists::PlaylistError> {
        for skip in [None, Some(Skip::Yes)] {
            let mut directives = Directives::NONE;
            directives.skip = skip;
            for coding in [Coding::Identity, Coding::Gzip] {
                self.viewer.playlist(&directives, coding).await?;
            }
        }
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // `cargo test` runs benches too, and asks for nothing.
    let mut arguments = std::env::args().skip_while(|argument| argument != "--hours");
    let hours = match (arguments.next(), arguments.next()) {
        (Some(_), Some(hours)) => hours.parse()?,
        _ if std::env::args().any(|argument| argument == "--bench") => 24,
        _ => return Ok(()),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()?;
    let mut stream = Stream::new()?;
    println!("| hour | CPU ns a part | allocations a part | bytes held |");
    println!("|---:|---:|---:|---:|");
    let mut held = 0;
    for hour in 1..=hours {
        let before = thread_cpu();
        let mut outcome = Ok(());
        let counted = measure(|| outcome = runtime.block_on(stream.hour()));
        outcome?;
        let nanos = (thread_cpu() - before) as f64 / (HOUR * PARTS) as f64;
        let allocations = counted.count_total as f64 / (HOUR * PARTS) as f64;
        held += counted.bytes_current;
        println!("| {hour} | {nanos:.0} | {allocations:.2} | {held} |");
    }
    Ok(())
}
