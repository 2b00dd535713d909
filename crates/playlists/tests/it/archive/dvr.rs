use std::collections::BTreeMap;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use bytes::Bytes;
use llhls_manifest::{InitVersion, MediaDuration, Msn, WallClock};
use playlist_oracle::{Media, Segment, check_succession};
use playlists::{
    ArchiveConfig, ArchiveHealth, Coding, DvrResource, DvrViewer, MediaError, Part, PlaylistError,
    Playlists, Publisher, StoreError,
};

use super::memory::{MemorySink, registry, work};
use crate::support::{PARTS, directives, name, part, payload, publish, publisher, text, viewer};

fn dvr(playlists: &Playlists) -> DvrViewer {
    viewer(playlists)
        .dvr()
        .expect("the registry has an archive")
}

/// The DVR playlist, judged.
async fn listed(dvr: &DvrViewer, query: &str) -> Media {
    let body = dvr.playlist(&directives(query), Coding::Identity).await;
    let text = String::from_utf8(body.unwrap().bytes.to_vec()).unwrap();
    playlist_oracle::assert_media_playlist(&text)
}

/// A dated segment; every third is a discontinuity, every fifth needs another init section.
fn lively(publisher: &mut Publisher, segment: u64) {
    if segment % 5 == 4 {
        publisher.init(Bytes::from(format!("init {segment}")));
    }
    for number in segment * PARTS..(segment + 1) * PARTS {
        let captured = WallClock::from_unix_millis(1_795_219_200_000);
        let captured = captured.plus(MediaDuration::from_millis(500 * number));
        let mut part = part(number).captured_at(captured);
        if segment % 3 == 2 && number == segment * PARTS {
            part = part.discontinuous();
        }
        publisher.publish(part).unwrap();
    }
}

/// What both playlists say about a segment, but for its parts.
fn essence(segment: &Segment) -> Segment {
    let mut segment = segment.clone();
    segment.parts.clear();
    segment
}

#[tokio::test(start_paused = true)]
async fn it_says_of_each_segment_what_the_live_playlist_said() {
    let config = ArchiveConfig::new().window(Duration::from_secs(200));
    let (playlists, _archive, mut worker) = registry(config);
    let mut sink = MemorySink::default();
    let mut publisher = publisher(&playlists);
    let (viewer, dvr) = (viewer(&playlists), dvr(&playlists));
    let mut said: BTreeMap<u64, Segment> = BTreeMap::new();
    let mut before = None;
    for segment in 0..250 {
        lively(&mut publisher, segment);
        let live = playlist_oracle::assert_media_playlist(&text(&viewer, "").await);
        for segment in &live.segments {
            said.insert(segment.msn, essence(segment));
        }
        work(&mut worker, &mut sink);
        let now = listed(&dvr, "").await;
        if let Some(before) = &before {
            check_succession(before, &now).unwrap();
        }
        for segment in &now.segments {
            assert_eq!(said[&segment.msn], *segment);
        }
        before = Some(now);
        tokio::time::advance(Duration::from_secs(2)).await;
    }
    let last = before.unwrap();
    assert_eq!(last.segments.len(), 100, "200 s of 2 s each");
    assert!(last.part_target.is_none() && last.hints.is_empty() && last.reports.is_empty());
    assert_eq!(sink.missing, [0; 0]);
    // UP-11: kept for its own 2 s and the 202 s that the playlist had at its longest.
    assert_eq!(sink.expired_before, 250 - 100 - 101);

    let delta = listed(&dvr, "_HLS_skip=YES").await;
    // Those that end more than six target durations, six segments, before the last one does.
    assert_eq!(delta.skipped, 100 - 7);

    publisher.fin();
    work(&mut worker, &mut sink);
    let ended = listed(&dvr, "").await;
    assert!(ended.ended);
    check_succession(&last, &ended).unwrap();
    assert_eq!(sink.ended.len(), 1);
}

/// Law 8: dropped after any number of polls, a request leaves no byte and no waiter.
#[tokio::test(start_paused = true)]
async fn a_request_that_is_dropped_leaves_nothing() {
    let (playlists, _archive, mut worker) = registry(ArchiveConfig::new());
    let mut sink = MemorySink::default();
    let mut publisher = publisher(&playlists);
    lively(&mut publisher, 0);
    work(&mut worker, &mut sink);
    let dvr = dvr(&playlists);
    let request = directives("_HLS_msn=2");
    let mut context = Context::from_waker(Waker::noop());
    let mut dropped_after = |polls: u32| {
        let mut running = pin!(dvr.playlist(&request, Coding::Gzip));
        for _ in 0..polls {
            assert!(running.as_mut().poll(&mut context).is_pending());
        }
    };
    dropped_after(1); // Lists grow once and stay; that is not of this request.
    for polls in 0..4 {
        let left = allocation_counter::measure(|| dropped_after(polls));
        assert_eq!((left.count_current, left.bytes_current), (0, 0), "{polls}");
    }

    // Nor does one that is dropped after what it waited for has come.
    let mut late = Box::pin(dvr.playlist(&request, Coding::Gzip));
    assert!(late.as_mut().poll(&mut context).is_pending());
    lively(&mut publisher, 1);
    work(&mut worker, &mut sink);
    drop(late);
    assert_eq!(listed(&dvr, "_HLS_msn=2").await.segments.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn everything_it_names_can_be_had_from_memory_or_from_the_sink() {
    let config = ArchiveConfig::new().window(Duration::from_secs(400));
    let (playlists, _archive, mut worker) = registry(config);
    let mut sink = MemorySink::default();
    let mut publisher = publisher(&playlists);
    for segment in 0..150 {
        tokio::time::advance(Duration::from_secs(2)).await;
        lively(&mut publisher, segment);
        work(&mut worker, &mut sink);
    }
    let dvr = dvr(&playlists);
    let (mut from_memory, mut from_sink) = (0, 0);
    let mut bytes = |resource: DvrResource| match resource {
        DvrResource::Memory(parts) => {
            from_memory += 1;
            Bytes::from(parts.concat())
        }
        DvrResource::Archived(name) => {
            from_sink += 1;
            let key = (name.recording().clone(), name.file().to_owned());
            sink.files[&key].clone()
        }
        other => panic!("{other:?}"),
    };
    for segment in listed(&dvr, "").await.segments {
        let expected: Vec<u8> = ((segment.msn - 1) * PARTS..segment.msn * PARTS)
            .flat_map(payload)
            .collect();
        assert_eq!(bytes(dvr.resource(&segment.uri).unwrap()), expected);
        let map = segment.map.unwrap();
        let uri = map.split('"').nth(1).unwrap();
        let init = bytes(dvr.resource(uri).unwrap());
        let version = (segment.msn - 1) / 5 * 5 + 4;
        let expected = match (segment.msn - 1) % 5 {
            4 => format!("init {version}"),
            _ if segment.msn <= 4 => "init".to_owned(),
            _ => format!("init {}", version - 5),
        };
        assert_eq!(init, expected, "segment {}", segment.msn);
    }
    assert!(
        from_memory > 20 && from_sink > 100,
        "{from_memory} {from_sink}"
    );

    for unknown in ["e1-1.0.m4s", "e1-999.m4s", "e2-1.m4s", "../e1-1.m4s", ""] {
        assert_eq!(
            dvr.resource(unknown).unwrap_err(),
            MediaError::NotFound,
            "{unknown}"
        );
    }
    assert_eq!(
        dvr.init(InitVersion::new(99)).unwrap_err(),
        MediaError::NotFound
    );
}

#[tokio::test]
async fn what_the_sink_refused_is_a_gap_and_never_becomes_anything_else() {
    let (playlists, archive, mut worker) = registry(ArchiveConfig::new());
    let mut sink = MemorySink::default();
    let mut publisher = publisher(&playlists);
    let dvr = dvr(&playlists);
    let mut before: Option<Media> = None;
    for segment in 0..12 {
        lively(&mut publisher, segment);
        if (3..6).contains(&segment) {
            sink.answers.push_back(StoreError::Full);
        }
        work(&mut worker, &mut sink);
        let health = archive.health();
        if (3..6).contains(&segment) {
            assert_eq!(health, ArchiveHealth::Failing(StoreError::Full));
        } else {
            assert_eq!(health, ArchiveHealth::Storing);
        }
        let now = listed(&dvr, "").await;
        if let Some(before) = &before {
            check_succession(before, &now).unwrap();
        }
        before = Some(now);
    }
    let gaps = before.unwrap().segments;
    let gaps: Vec<_> = gaps.iter().filter(|it| it.gap).map(|it| it.msn).collect();
    assert_eq!(gaps, [4, 5, 6]);
    assert_eq!(sink.missing, [4, 5, 6]);
    assert_eq!((archive.stats().failed, archive.stats().stored), (3, 9));
    // While it is in memory it can be had: nobody is refused what is there.
    assert!(matches!(
        dvr.segment(Msn::new(4)),
        Ok(DvrResource::Memory(_))
    ));
}

#[tokio::test]
async fn a_sink_short_of_room_shortens_the_list() {
    let (playlists, _archive, mut worker) = registry(ArchiveConfig::new());
    let mut sink = MemorySink::default();
    let mut publisher = publisher(&playlists);
    let dvr = dvr(&playlists);
    for segment in 0..40 {
        lively(&mut publisher, segment);
        work(&mut worker, &mut sink);
    }
    let before = listed(&dvr, "").await;
    assert_eq!(before.media_sequence, 1);
    sink.list_from = 21;
    lively(&mut publisher, 40);
    work(&mut worker, &mut sink);
    let after = listed(&dvr, "").await;
    assert_eq!(after.media_sequence, 21);
    check_succession(&before, &after).unwrap();
}

#[tokio::test(start_paused = true)]
async fn its_requests_wait_for_whole_segments_and_end_with_the_presentation() {
    let (playlists, _archive, mut worker) = registry(ArchiveConfig::new());
    let mut sink = MemorySink::default();
    let mut publisher = publisher(&playlists);
    let dvr = dvr(&playlists);
    publish(&mut publisher, 0..PARTS);
    work(&mut worker, &mut sink);

    let (one, other) = (directives("_HLS_msn=2"), directives("_HLS_msn=3"));
    let answered = tokio::spawn({
        let dvr = dvr.clone();
        async move { listed(&dvr, "_HLS_msn=2").await }
    });
    tokio::task::yield_now().await;
    // Listed live, but not stored: the DVR playlist does not have it.
    publish(&mut publisher, PARTS..PARTS * 2);
    tokio::task::yield_now().await;
    assert!(!answered.is_finished());
    work(&mut worker, &mut sink);
    assert_eq!(answered.await.unwrap().segments.len(), 2);
    let again = directives("");
    let first = dvr.playlist(&again, Coding::Gzip).await.unwrap();
    let second = dvr.playlist(&again, Coding::Gzip).await.unwrap();
    assert_eq!(
        first.bytes.as_ptr(),
        second.bytes.as_ptr(),
        "a version was written twice"
    );

    assert!(dvr.playlist(&one, Coding::Gzip).await.is_ok());
    let mut waiting = std::pin::pin!(dvr.playlist(&other, Coding::Gzip));
    let timed_out = tokio::time::timeout(Duration::from_secs(5), waiting.as_mut()).await;
    assert!(timed_out.is_err(), "it was answered too early");
    assert_eq!(waiting.await.unwrap_err(), PlaylistError::TimedOut);

    let waiting = tokio::spawn({
        let dvr = dvr.clone();
        async move { dvr.playlist(&other, Coding::Gzip).await }
    });
    tokio::task::yield_now().await;
    playlists.remove("show");
    assert_eq!(waiting.await.unwrap().unwrap_err(), PlaylistError::Gone);
    assert_eq!(dvr.segment(Msn::new(1)).unwrap_err(), MediaError::Gone);
}

#[tokio::test]
async fn the_sink_learns_when_nobody_can_ask_any_more() {
    let (playlists, _archive, mut worker) = registry(ArchiveConfig::new());
    let mut sink = MemorySink::default();
    let mut publisher = publisher(&playlists);
    publish(&mut publisher, 0..PARTS);
    publisher.fin();
    work(&mut worker, &mut sink);
    assert_eq!((sink.ended.len(), sink.closed.len()), (1, 0));

    // Another one takes its place, under the same name.
    let mut second = playlists
        .publisher(&name("show"), &name("video"), crate::support::video("e2"))
        .unwrap();
    second.init(Bytes::from_static(b"init"));
    second
        .publish(Part::new(payload(0), MediaDuration::from_millis(500)).independent())
        .unwrap();
    work(&mut worker, &mut sink);
    assert_eq!(sink.closed.len(), 1);
    assert_eq!(sink.closed[0].to_string(), "show/video/e1");
}

#[tokio::test(start_paused = true)]
async fn a_player_finds_all_renditions_of_it() {
    let (playlists, _archive, mut worker) = registry(ArchiveConfig::new());
    let mut sink = MemorySink::default();
    let mut video = publisher(&playlists);
    let mut sound = playlists
        .publisher(&name("show"), &name("audio"), crate::support::audio("e1"))
        .unwrap();
    sound.init(Bytes::from_static(b"init"));
    publish(&mut video, 0..PARTS);
    publish(&mut sound, 0..PARTS);
    let before = playlists.dvr_multivariant("show", Coding::Identity).await;
    assert_eq!(
        before.unwrap_err(),
        PlaylistError::TimedOut,
        "nothing is stored yet"
    );
    work(&mut worker, &mut sink);
    let body = playlists.dvr_multivariant("show", Coding::Identity).await;
    let text = String::from_utf8(body.unwrap().bytes.to_vec()).unwrap();
    playlist_oracle::assert_multivariant(&text);
    assert!(text.contains("\nvideo/dvr.m3u8\n"), "{text}");
    assert!(text.contains("URI=\"audio/dvr.m3u8\""), "{text}");
    let live = playlists
        .multivariant("show", Coding::Identity)
        .await
        .unwrap();
    let live = String::from_utf8(live.bytes.to_vec()).unwrap();
    assert_eq!(live.replace("media.m3u8", "dvr.m3u8"), text);

    let without = crate::support::registry();
    let _publisher = publisher(&without);
    let gone = without.dvr_multivariant("show", Coding::Identity).await;
    assert_eq!(gone.unwrap_err(), PlaylistError::Gone);
}
