use std::fs;

use bytes::Bytes;
use llhls_manifest::{DiscontinuitySequence, MediaDuration, Msn};
use playlist_oracle::Media;
use playlists::{
    Archive, ArchiveConfig, ArchiveHealth, Coding, Directory, DirectorySink, Durability,
    DvrResource, Part, Playlists, Recording, RegistryConfig, StoreError,
};

use super::folder::{Folder, files, parts, recorded, recording, segment, working};
use super::memory::{registry, work};
use crate::support::{PARTS, directives, manifest, name, publish, publisher, video, viewer};

#[test]
fn a_recording_is_what_was_published_as_files() {
    let folder = Folder::new();
    recorded(&folder, 3);
    let home = "show/video/e1/";
    let expected = ["e1-1.m4s", "e1-2.m4s", "e1-3.m4s", "e1-init0.mp4", "index"];
    assert_eq!(
        files(&folder.0),
        expected.map(|file| format!("{home}{file}"))
    );
    for msn in 1..=3 {
        let path = folder.0.join(format!("{home}e1-{msn}.m4s"));
        assert_eq!(fs::read(path).unwrap(), segment(msn));
    }

    let directory = Directory::new(&folder.0);
    assert_eq!(directory.recordings().unwrap(), [recording("e1")]);
    let stored = directory.recording(&recording("e1")).unwrap().unwrap();
    assert_eq!(stored.duration(), MediaDuration::from_secs(6));
    assert_eq!(stored.continuation().unwrap().0, Msn::new(4));
    assert!(!stored.has_ended());
    let media = playlist_oracle::assert_media_playlist(&stored.playlist().unwrap());
    assert_eq!(media.playlist_type.as_deref(), Some("VOD"));
    for listed in &media.segments {
        let name = stored.resource(&listed.uri).expect("it is listed");
        assert_eq!(
            fs::read(directory.path(&name)).unwrap(),
            segment(listed.msn)
        );
    }
    let init = stored.resource("e1-init0.mp4").unwrap();
    assert_eq!(fs::read(directory.path(&init)).unwrap(), b"init");
    let all = Recording::multivariant([&stored], Some("token")).unwrap();
    assert!(
        all.contains("video/dvr.m3u8?token={$token}\n") && all.contains("CODECS=\"avc1."),
        "{all}"
    );
    let guarded = stored.playlist_with(Some("token")).unwrap();
    assert!(guarded.contains("e1-1.m4s?token={$token}\n"), "{guarded}");
    for unknown in [
        "e1-4.m4s",
        "e1-1.0.m4s",
        "e1-init1.mp4",
        "index",
        "../index",
        "",
    ] {
        assert_eq!(stored.resource(unknown), None, "{unknown}");
    }
}

#[test]
fn flushing_changes_nothing_that_can_be_seen() {
    let (lazy, flushed) = (Folder::new(), Folder::new());
    for (folder, durability) in [(&lazy, Durability::Lazy), (&flushed, Durability::Flushed)] {
        let config = folder.config().durability(durability);
        let (playlists, archive, mut worker, mut sink) = working(config);
        let mut publisher = publisher(&playlists);
        publish(&mut publisher, 0..PARTS * 2);
        work(&mut worker, &mut sink);
        assert_eq!(archive.stats().stored, 2);
    }
    assert_eq!(files(&lazy.0), files(&flushed.0));
}

/// Continues the recording of five segments with number `msn`; gives what its DVR playlist lists.
async fn continued(folder: &Folder, msn: u64) -> Media {
    let mut sink = folder.sink();
    let directory = sink.directory();
    let (playlists, _archive, mut worker) = registry(ArchiveConfig::new());
    let mut config = video("e1");
    config.manifest = manifest("e1").start(Msn::new(msn), DiscontinuitySequence::new(0));
    let mut publisher = playlists
        .publisher(&name("show"), &name("video"), config)
        .unwrap();
    publisher.init(Bytes::from_static(b"init"));
    for number in (msn - 1) * PARTS..(msn + 2) * PARTS {
        let mut part = crate::support::part(number);
        if number == (msn - 1) * PARTS {
            part = part.discontinuous();
        }
        publisher.publish(part).unwrap();
    }
    work(&mut worker, &mut sink);

    let dvr = viewer(&playlists).dvr().unwrap();
    let body = dvr.playlist(&directives(""), Coding::Identity).await;
    let text = String::from_utf8(body.unwrap().bytes.to_vec()).unwrap();
    let media = playlist_oracle::assert_media_playlist(&text);
    for listed in media.segments.iter().filter(|listed| !listed.gap) {
        let bytes = match dvr.resource(&listed.uri).unwrap() {
            DvrResource::Memory(parts) => parts.concat(),
            DvrResource::Archived(name) => fs::read(directory.path(&name)).unwrap(),
            other => panic!("{other:?}"),
        };
        assert_eq!(bytes, segment(listed.msn));
    }
    // And another process finds the same.
    drop(sink);
    let stored = folder.sink().directory().recording(&recording("e1"));
    let again = stored.unwrap().unwrap().playlist().unwrap();
    let again = playlist_oracle::assert_media_playlist(&again);
    assert_eq!(again.segments, media.segments);
    media
}

#[tokio::test]
async fn a_stream_that_continues_exactly_goes_on_with_its_recording() {
    let folder = Folder::new();
    recorded(&folder, 5);
    let directory = folder.sink().directory();
    let stored = directory.recording(&recording("e1")).unwrap().unwrap();
    let (msn, dsn) = stored.continuation().unwrap();
    assert_eq!((msn.value(), dsn.value()), (6, 0));

    let media = continued(&folder, 6).await;
    assert_eq!((media.media_sequence, media.segments.len()), (1, 8));
    assert!(media.segments[5].discontinuity);
    assert!(media.segments.iter().all(|segment| !segment.gap));
}

#[tokio::test]
async fn what_a_crash_lost_in_between_is_a_gap() {
    let folder = Folder::new();
    recorded(&folder, 5);
    let media = continued(&folder, 9).await;
    assert_eq!((media.media_sequence, media.segments.len()), (1, 11));
    let gaps = media.segments.iter().filter(|segment| segment.gap);
    assert_eq!(gaps.map(|gap| gap.msn).collect::<Vec<_>>(), [6, 7, 8]);
}

/// Gaps of both kinds at once: the sink knows what is missing at the start, the queue what it
/// dropped; and the recording that is made of both reads back as it was listed.
#[tokio::test]
async fn what_was_dropped_at_the_start_is_not_counted_twice() {
    let folder = Folder::new();
    recorded(&folder, 5);
    let mut sink = folder.sink();
    let (playlists, archive, mut worker) = registry(ArchiveConfig::new().queue_bytes(4000));
    let mut config = video("e1");
    config.manifest = manifest("e1").start(Msn::new(6), DiscontinuitySequence::new(0));
    let mut publisher = playlists
        .publisher(&name("show"), &name("video"), config)
        .unwrap();
    publisher.init(Bytes::from_static(b"init"));
    // Two segments too large for the queue, one that fits, one too large behind it, and so on.
    for (segment, bytes) in [(0, 2000), (1, 2000), (2, 10), (3, 2000), (4, 10), (5, 2000)] {
        if segment == 4 {
            publisher.init(Bytes::from_static(b"other init"));
        }
        parts(&mut publisher, segment..segment + 1, bytes);
        work(&mut worker, &mut sink);
    }
    publisher.fin();
    work(&mut worker, &mut sink);
    assert_eq!((archive.stats().stored, archive.stats().dropped), (2, 4));

    let dvr = viewer(&playlists).dvr().unwrap();
    let body = dvr.playlist(&directives(""), Coding::Identity).await;
    let text = String::from_utf8(body.unwrap().bytes.to_vec()).unwrap();
    let media = playlist_oracle::assert_media_playlist(&text);
    let there = media.segments.iter().filter(|segment| !segment.gap);
    let there: Vec<_> = there.map(|segment| segment.msn).collect();
    assert_eq!(there, [1, 2, 3, 4, 5, 8, 10]);
    assert_eq!((media.media_sequence, media.segments.len()), (1, 11));

    let stored = sink.directory().recording(&recording("e1")).unwrap();
    let again = stored.unwrap().playlist().unwrap();
    let again = playlist_oracle::assert_media_playlist(&again);
    assert_eq!(again.segments, media.segments);
}

#[tokio::test]
async fn what_goes_on_far_ahead_is_another_recording() {
    let folder = Folder::new();
    recorded(&folder, 5);
    let media = continued(&folder, 5000).await;
    assert_eq!((media.media_sequence, media.segments.len()), (5000, 3));
    let home = folder.0.join("show/video/e1");
    assert!(!home.join("e1-5.m4s").exists(), "nobody could ever list it");
}

#[test]
fn numbers_that_are_taken_are_refused_and_nothing_is_overwritten() {
    let folder = Folder::new();
    recorded(&folder, 3);
    let before = files(&folder.0);
    let (playlists, archive, mut worker) = registry(ArchiveConfig::new());
    let mut sink = folder.sink();
    let mut publisher = publisher(&playlists);
    for _ in 0..PARTS {
        let half = MediaDuration::from_millis(500);
        let other = Part::new(Bytes::from_static(b"other"), half).independent();
        publisher.publish(other).unwrap();
    }
    publisher.fin();
    work(&mut worker, &mut sink);
    let refused = StoreError::NumberReused {
        msn: Msn::new(1),
        next: Msn::new(4),
    };
    assert_eq!(archive.health(), ArchiveHealth::Failing(refused));
    assert_eq!(files(&folder.0), before);
    let path = folder.0.join("show/video/e1/e1-1.m4s");
    assert_eq!(fs::read(path).unwrap(), segment(1));
}

/// As a stream does whose numbers follow the clock: its process starts again, and fills its window.
#[tokio::test]
async fn a_stream_that_begins_again_within_what_is_stored_goes_on() {
    let folder = Folder::new();
    recorded(&folder, 6);
    let (playlists, archive, mut worker) = registry(ArchiveConfig::new());
    let mut sink = folder.sink();
    let mut config = video("e1");
    config.manifest = manifest("e1").start(Msn::new(4), DiscontinuitySequence::new(0));
    let mut publisher = playlists
        .publisher(&name("show"), &name("video"), config)
        .unwrap();
    publisher.init(Bytes::from_static(b"init"));
    publish(&mut publisher, PARTS * 3..PARTS * 8);
    work(&mut worker, &mut sink);
    assert_eq!(archive.health(), ArchiveHealth::Storing);
    assert_eq!(archive.stats().stored, 5);
    let dvr = viewer(&playlists).dvr().unwrap();
    let dvr = dvr.playlist(&directives(""), Coding::Identity).await;
    let text = String::from_utf8(dvr.unwrap().bytes.to_vec()).unwrap();
    let media = playlist_oracle::assert_media_playlist(&text);
    assert_eq!((media.media_sequence, media.segments.len()), (1, 8));
    assert!(media.segments.iter().all(|segment| !segment.gap));
    for msn in 1..=8 {
        let path = folder.0.join(format!("show/video/e1/e1-{msn}.m4s"));
        assert_eq!(fs::read(path).unwrap(), segment(msn));
    }
}

#[test]
fn a_root_is_one_process_s_at_a_time() {
    let folder = Folder::new();
    let sink = folder.sink();
    let refused = DirectorySink::open(folder.config()).unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ResourceBusy);
    let said = refused.to_string();
    let id = format!("({})", std::process::id());
    assert!(
        said.contains(&id) && said.contains(folder.0.to_str().unwrap()),
        "{said}"
    );
    drop(sink);
    // The file is still there, and locks nothing.
    assert!(folder.0.join(".lock").exists());
    folder.sink();
}

#[test]
fn another_init_section_under_a_name_that_is_taken_is_refused() {
    let folder = Folder::new();
    recorded(&folder, 3);
    let (playlists, archive, mut worker) = registry(ArchiveConfig::new());
    let mut sink = folder.sink();
    let mut config = video("e1");
    config.manifest = manifest("e1").start(Msn::new(4), Default::default());
    let mut publisher = playlists
        .publisher(&name("show"), &name("video"), config)
        .unwrap();
    publisher.init(Bytes::from_static(b"other"));
    publish(&mut publisher, 0..PARTS);
    work(&mut worker, &mut sink);
    assert!(matches!(
        archive.health(),
        ArchiveHealth::Failing(StoreError::InitReused { .. })
    ));
    let path = folder.0.join("show/video/e1/e1-init0.mp4");
    assert_eq!(fs::read(path).unwrap(), b"init");
}

#[test]
fn what_a_crash_left_behind_is_tidied_up() {
    let folder = Folder::new();
    recorded(&folder, 6);
    let home = folder.0.join("show/video/e1");
    // Half a file, a file without a line, half a line, and two that the machine lost.
    fs::write(home.join(".partial-e1-7.m4s"), b"half").unwrap();
    fs::write(home.join("e1-7.m4s"), b"whole").unwrap();
    let index = fs::read_to_string(home.join("index")).unwrap();
    fs::write(home.join("index"), format!("{index}segment 7 2000")).unwrap();
    fs::write(home.join("e1-3.m4s"), b"short").unwrap();
    fs::remove_file(home.join("e1-1.m4s")).unwrap();

    drop(folder.sink());
    let expected = [
        "e1-2.m4s",
        "e1-4.m4s",
        "e1-5.m4s",
        "e1-6.m4s",
        "e1-init0.mp4",
        "index",
    ];
    assert_eq!(files(&home), expected);
    let directory = Directory::new(&folder.0);
    let stored = directory.recording(&recording("e1")).unwrap().unwrap();
    let media = playlist_oracle::assert_media_playlist(&stored.playlist().unwrap());
    let listed: Vec<_> = media.segments.iter().map(|it| (it.msn, it.gap)).collect();
    assert_eq!(
        listed,
        [(2, false), (3, true), (4, false), (5, false), (6, false)]
    );

    // Folders of others are left alone, damaged indexes too.
    fs::write(home.join("index"), "something else").unwrap();
    let before = files(&folder.0);
    drop(folder.sink());
    assert_eq!(files(&folder.0), before);
}

#[test]
fn the_thread_of_its_own_stores_and_ends() {
    let folder = Folder::new();
    let sink = folder.sink();
    let directory = sink.directory();
    let archive = Archive::start(ArchiveConfig::new(), sink).unwrap();
    let config = RegistryConfig::new().archive(archive.clone());
    let playlists = Playlists::new(config).unwrap();
    let mut publisher = publisher(&playlists);
    publish(&mut publisher, 0..PARTS * 50);
    publisher.fin();
    drop((playlists, archive));
    // It works until everything is stored; the index then says that the stream ended.
    loop {
        let stored = directory.recording(&recording("e1"));
        if let Ok(Some(stored)) = stored
            && stored.has_ended()
        {
            assert_eq!(stored.segments().len(), 50);
            return;
        }
        std::thread::yield_now();
    }
}
