use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use llhls_manifest::Msn;
use playlists::{ArchiveHealth, Coding, DirectorySink, StoreError};

use super::folder::{Folder, files, parts, recorded, recording, working};
use super::memory::work;
use crate::support::{PARTS, directives, name, publish, publisher, video, viewer};

/// A clock that a test moves.
#[derive(Clone)]
struct Hands(Arc<AtomicU64>);

impl Hands {
    fn new() -> Self {
        Self(Arc::new(AtomicU64::new(1_795_219_200)))
    }

    fn set_forward(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }

    fn set_back(&self, seconds: u64) {
        self.0.fetch_sub(seconds, Ordering::Relaxed);
    }

    fn tell(&self) -> impl Fn() -> SystemTime + Send + Sync + 'static {
        let hands = self.clone();
        move || UNIX_EPOCH + Duration::from_secs(hands.0.load(Ordering::Relaxed))
    }
}

#[tokio::test]
async fn a_recording_stays_within_its_bytes_and_what_it_lists_stays() {
    const LIMIT: u64 = 200_000;
    let folder = Folder::new();
    // Segments of 4 kB: 25 of them are listed, as many more are kept for those who know them.
    let config = folder.config().recording_bytes(LIMIT);
    let (playlists, archive, mut worker, mut sink) = working(config);
    let directory = sink.directory();
    let mut publisher = publisher(&playlists);
    let dvr = viewer(&playlists).dvr().unwrap();
    for segment in 0..300 {
        parts(&mut publisher, segment..segment + 1, 1000);
        work(&mut worker, &mut sink);
        let body = dvr.playlist(&directives(""), Coding::Identity).await;
        let text = String::from_utf8(body.unwrap().bytes.to_vec()).unwrap();
        let media = playlist_oracle::assert_media_playlist(&text);
        assert!(media.segments.len() <= 25);
        let oldest = &media.segments[0];
        let path = folder.0.join("show/video/e1").join(&oldest.uri);
        assert!(path.is_file(), "{} is listed", oldest.uri);
    }
    assert_eq!((archive.stats().failed, archive.stats().dropped), (0, 0));
    let home = folder.0.join("show/video/e1");
    let sizes = files(&home).into_iter().map(|file| home.join(file));
    let total: u64 = sizes
        .filter(|file| file.extension().is_some())
        .map(|file| fs::metadata(file).unwrap().len())
        .sum();
    assert!((LIMIT / 2..=LIMIT + 4).contains(&total), "{total}");
    // An index does not grow for ever.
    for segment in 300..1500 {
        parts(&mut publisher, segment..segment + 1, 1000);
        work(&mut worker, &mut sink);
    }
    let lines = fs::read_to_string(home.join("index")).unwrap();
    assert!(lines.lines().count() < 1200, "{}", lines.lines().count());
    let stored = directory.recording(&recording("e1")).unwrap().unwrap();
    assert!(stored.segments().len() >= 25);
}

#[test]
fn a_budget_that_is_full_is_said_and_recovers() {
    let folder = Folder::new();
    let config = folder.config().bytes(50_000);
    let (playlists, archive, mut worker, mut sink) = working(config);
    let mut publisher = publisher(&playlists);
    // What is listed may not be deleted for it, and the list is bounded by an hour.
    parts(&mut publisher, 0..20, 1000);
    work(&mut worker, &mut sink);
    let full = StoreError::OverBudget { limit: 50_000 };
    assert_eq!(archive.health(), ArchiveHealth::Failing(full));
    assert_eq!((archive.stats().stored, archive.stats().failed), (12, 8));
    assert!(
        viewer(&playlists).segment(Msn::new(20)).is_ok(),
        "live goes on"
    );

    // The stream is forgotten, and its recording is the first to go for the next one.
    drop(publisher);
    playlists.remove("show");
    let mut second = playlists
        .publisher(&name("show"), &name("video"), video("e2"))
        .unwrap();
    second.init(Bytes::from_static(b"init"));
    parts(&mut second, 0..12, 1000);
    work(&mut worker, &mut sink);
    assert_eq!(archive.health(), ArchiveHealth::Storing);
    let directory = sink.directory();
    assert_eq!(directory.recordings().unwrap(), [recording("e2")]);
}

#[test]
fn a_forgotten_recording_goes_when_it_is_old_and_not_before() {
    let (folder, hands) = (Folder::new(), Hands::new());
    let config = || {
        let config = folder.config().age(Duration::from_secs(3600));
        config.clock(hands.tell())
    };
    let (playlists, _archive, mut worker, mut sink) = working(config());
    let directory = sink.directory();
    let kept = || directory.recordings().unwrap().len();
    let mut publisher = publisher(&playlists);
    publish(&mut publisher, 0..PARTS * 3);
    work(&mut worker, &mut sink);
    hands.set_forward(100_000);
    work(&mut worker, &mut sink);
    assert_eq!(kept(), 1, "the registry still has it");

    publisher.fin();
    playlists.remove("show");
    work(&mut worker, &mut sink);
    hands.set_forward(3600);
    work(&mut worker, &mut sink);
    assert_eq!(kept(), 1, "an hour is not more than an hour");
    hands.set_back(200_000);
    work(&mut worker, &mut sink);
    assert_eq!(kept(), 1, "a clock that steps back makes nothing older");
    hands.set_forward(200_001);
    work(&mut worker, &mut sink);
    assert_eq!(kept(), 0);

    // The same for one that an earlier process left behind.
    drop(sink);
    recorded(&folder, 3);
    let mut sink = DirectorySink::open(config()).unwrap();
    assert_eq!(kept(), 1);
    hands.set_forward(500_000_000);
    work(&mut worker, &mut sink);
    assert_eq!(kept(), 0);
}
