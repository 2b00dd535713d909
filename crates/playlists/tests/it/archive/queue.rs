use std::sync::mpsc;

use llhls_manifest::Msn;
use playlists::{
    Archive, ArchiveConfig, ArchiveHealth, ArchivedSegment, Coding, Playlists, RegistryConfig,
    SegmentSink, StoreError,
};

use super::memory::{MemorySink, registry, work};
use crate::support::{PARTS, directives, publish, publisher, viewer};

/// Hangs in its first segment until it is told to go on.
struct Hanging {
    entered: mpsc::Sender<()>,
    go_on: mpsc::Receiver<()>,
    stored: mpsc::Sender<u64>,
}

impl SegmentSink for Hanging {
    fn store(&mut self, segment: &ArchivedSegment) -> Result<(), StoreError> {
        // Fails at once when the test is over.
        let _ = self.entered.send(());
        let _ = self.go_on.recv();
        let _ = self.stored.send(segment.facts.msn.value());
        Ok(())
    }
}

#[test]
fn a_publisher_does_not_wait_for_a_sink_that_hangs() {
    let (entered, is_in) = mpsc::channel();
    let (release, go_on) = mpsc::channel();
    let (stored, was_stored) = mpsc::channel();
    let sink = Hanging {
        entered,
        go_on,
        stored,
    };
    let config = ArchiveConfig::new().queue_segments(4);
    let archive = Archive::start(config, sink).unwrap();
    let config = RegistryConfig::new()
        .bytes_per_rendition(1 << 20)
        .archive(archive.clone());
    let playlists = Playlists::new(config).unwrap();
    let mut publisher = publisher(&playlists);
    publish(&mut publisher, 0..PARTS);
    is_in.recv().unwrap();

    // It hangs, and all of this happens.
    publish(&mut publisher, PARTS..PARTS * 1000);
    assert!(viewer(&playlists).segment(Msn::new(1000)).is_ok());
    let stats = archive.stats();
    // The one it hangs in still counts.
    assert_eq!((stats.queued, stats.dropped, stats.stored), (4, 996, 0));
    assert_eq!(archive.health(), ArchiveHealth::Dropping);

    drop(release);
    assert_eq!(was_stored.iter().take(4).collect::<Vec<_>>(), [1, 2, 3, 4]);
    publish(&mut publisher, PARTS * 1000..PARTS * 1001);
    assert_eq!(was_stored.recv().unwrap(), 1001, "it did not recover");
}

#[tokio::test]
async fn what_did_not_fit_is_a_gap_of_the_same_length() {
    let config = ArchiveConfig::new().queue_segments(2);
    let (playlists, archive, mut worker) = registry(config);
    let mut sink = MemorySink::default();
    let mut publisher = publisher(&playlists);
    let dvr = viewer(&playlists).dvr().unwrap();
    publish(&mut publisher, 0..PARTS * 2);
    work(&mut worker, &mut sink);
    publish(&mut publisher, PARTS * 2..PARTS * 9);
    work(&mut worker, &mut sink);
    publish(&mut publisher, PARTS * 9..PARTS * 10);
    work(&mut worker, &mut sink);

    assert_eq!(archive.stats().dropped, 5);
    let body = dvr.playlist(&directives(""), Coding::Identity).await;
    let text = String::from_utf8(body.unwrap().bytes.to_vec()).unwrap();
    let media = playlist_oracle::assert_media_playlist(&text);
    let gaps: Vec<_> = media.segments.iter().map(|segment| segment.gap).collect();
    let (there, lost) = (false, true);
    assert_eq!(
        gaps,
        [
            there, there, there, there, lost, lost, lost, lost, lost, there
        ]
    );
    assert!(
        media
            .segments
            .iter()
            .all(|it| it.duration == media.segments[0].duration)
    );
    assert_eq!(sink.missing, [5, 6, 7, 8, 9]);
}

#[test]
fn the_queue_is_bounded_in_bytes_too() {
    // "part 0" … are 6 or 7 bytes each: a segment is at least 24.
    let config = ArchiveConfig::new().queue_bytes(60);
    let (playlists, archive, _worker) = registry(config);
    let mut publisher = publisher(&playlists);
    publish(&mut publisher, 0..PARTS * 10);
    let stats = archive.stats();
    assert_eq!((stats.queued, stats.dropped), (2, 8));
    assert!(stats.queued_bytes <= 60);
}

/// Queued media is the queue's; when it is done nothing of it stays.
#[test]
fn everything_queued_is_done_before_the_worker_ends() {
    let (playlists, archive, worker) = registry(ArchiveConfig::new());
    let mut publisher = publisher(&playlists);
    publish(&mut publisher, 0..PARTS * 10);
    publisher.fin();
    drop((playlists, archive));
    let mut sink = MemorySink::default();
    worker.run(&mut sink);
    assert_eq!(sink.files.len(), 11, "ten segments and an init section");
    assert_eq!(sink.ended.len(), 1);
}
