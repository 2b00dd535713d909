use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use llhls_manifest::Msn;
use playlists::{
    Absence, Coding, OnConflict, PlaylistError, Playlists, PublishError, Publisher, PublisherError,
    RegistryConfig,
};
use tokio::time::{Instant, sleep, sleep_until};

use crate::blocking::futures_are_pending;
use crate::support::{
    PARTS, audio, directives, name, part, publish, publisher, text, video, viewer, viewer_of,
};

const TARGET: Duration = Duration::from_secs(2);
const PART: Duration = Duration::from_millis(500);

/// A registry with a housekeeper.
fn tended(absence: Absence) -> Playlists {
    let playlists = Playlists::new(RegistryConfig::new().absence(absence)).unwrap();
    tokio::spawn(playlists.housekeeping());
    playlists
}

fn again(playlists: &Playlists) -> Result<Publisher, PublisherError> {
    playlists.publisher(&name("show"), &name("video"), video("e2"))
}

/// Until `due` has passed and whoever it woke has run.
async fn pass(due: Instant) {
    sleep_until(due).await;
    tokio::task::yield_now().await;
}

fn gaps(text: &str) -> usize {
    text.matches("GAP=YES").count()
}

const GAPS: Absence = Absence::Gaps {
    linger: 2,
    at_most: 3,
};

#[tokio::test(start_paused = true)]
async fn a_vanished_publisher_is_waited_for_then_gaps_keep_step_with_the_clock_then_it_ends() {
    let playlists = tended(GAPS);
    let mut publisher = publisher(&playlists);
    publish(&mut publisher, 0..PARTS * 4 + 1);
    let viewer = viewer(&playlists);
    let vanished = Instant::now();
    drop(publisher);
    let mut before = playlist_oracle::assert_media_playlist(&text(&viewer, "").await);

    let listed = || {
        let stats = playlists.rendition_stats("show", "video").unwrap();
        stats.publish.gap_parts
    };

    // For two target durations it stands still.
    pass(vanished + TARGET * 2 - Duration::from_millis(1)).await;
    assert_eq!(gaps(&text(&viewer, "").await), 0);
    // Then all that is missing is listed, and from there on a part each time one would have come.
    for parts in 8..20 {
        pass(vanished + PART * parts).await;
        let now = text(&viewer, "").await;
        assert_eq!(listed(), u64::from(parts), "{now}");
        assert!(!now.contains("#EXT-X-ENDLIST"), "{now}");
        let now = playlist_oracle::assert_media_playlist(&now);
        playlist_oracle::check_succession(&before, &now).unwrap();
        before = now;
        sleep(PART - Duration::from_millis(1)).await;
        assert_eq!(listed(), u64::from(parts), "too early");
    }
    pass(vanished + TARGET * 5).await;
    let ended = text(&viewer, "").await;
    assert!(ended.ends_with("#EXT-X-ENDLIST\n"), "{ended}");
    // What was there before is no gap: its segment was closed.
    let last = ended.split("\ne1-5.m4s\n").next().unwrap();
    assert_eq!(gaps(last), 0, "{ended}");
    let stats = playlists.rendition_stats("show", "video").unwrap().publish;
    assert_eq!((stats.vanished, stats.gap_parts, stats.ended), (1, 19, 1));
}

#[tokio::test(start_paused = true)]
async fn a_gap_releases_those_who_wait_and_is_not_found() {
    let playlists = tended(GAPS);
    let mut publisher = publisher(&playlists);
    publish(&mut publisher, 0..PARTS);
    let viewer = viewer(&playlists);
    drop(publisher);
    let started = Instant::now();
    let body = viewer
        .playlist(&directives("_HLS_msn=2&_HLS_part=0"), Coding::Identity)
        .await
        .unwrap();
    assert_eq!(started.elapsed(), TARGET * 2);
    let text = String::from_utf8(body.bytes.to_vec()).unwrap();
    playlist_oracle::assert_media_playlist(&text);
    assert!(text.contains("\n#EXT-X-GAP\n"), "{text}");
    assert!(viewer.resource("e1-2.0.m4s").await.is_err());
    assert!(viewer.segment(Msn::new(2)).is_err(), "a gap has no bytes");
    assert!(viewer.segment(Msn::new(1)).is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_vanished_publisher_ends_its_stream_where_that_is_wanted() {
    let playlists = tended(Absence::End { linger: 3 });
    let mut publisher = publisher(&playlists);
    publish(&mut publisher, 0..PARTS);
    let vanished = Instant::now();
    drop(publisher);
    let viewer = viewer(&playlists);
    pass(vanished + TARGET * 3 - Duration::from_millis(1)).await;
    assert!(!text(&viewer, "").await.contains("#EXT-X-ENDLIST"));
    pass(vanished + TARGET * 3).await;
    assert!(text(&viewer, "").await.ends_with("#EXT-X-ENDLIST\n"));
}

#[tokio::test(start_paused = true)]
async fn a_stream_can_wait_for_its_publisher_for_ever() {
    let playlists = tended(Absence::Wait);
    let mut first = publisher(&playlists);
    publish(&mut first, 0..PARTS);
    drop(first);
    sleep(Duration::from_secs(86_400)).await;
    let info = &playlists.active()[0].renditions[0];
    assert!(!info.ended && !info.publishing);
    assert!(again(&playlists).is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_return_while_it_is_waited_for_leaves_no_gap() {
    let playlists = tended(GAPS);
    let mut first = publisher(&playlists);
    publish(&mut first, 0..PARTS * 2);
    drop(first);
    sleep(TARGET).await;
    let mut second = again(&playlists).unwrap();
    second.init(Bytes::from_static(b"init"));
    // It holds the rendition: nobody is missed, though nothing comes.
    sleep(TARGET * 3).await;
    publish(&mut second, PARTS * 2..PARTS * 3);
    let text = text(&viewer(&playlists), "").await;
    assert_eq!(gaps(&text), 0, "{text}");
    assert_eq!(text.matches("#EXT-X-DISCONTINUITY\n").count(), 1, "{text}");
    assert!(text.contains("\ne1-3.m4s\n"), "{text}");
    let stats = playlists.rendition_stats("show", "video").unwrap().publish;
    assert_eq!((stats.resumed, stats.discontinuities), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_return_among_gaps_continues_behind_them() {
    let playlists = tended(GAPS);
    let mut first = publisher(&playlists);
    publish(&mut first, 0..PARTS * 2);
    drop(first);
    sleep(TARGET * 3).await;
    tokio::task::yield_now().await;
    let viewer = viewer(&playlists);
    let before = playlist_oracle::assert_media_playlist(&text(&viewer, "").await);
    let mut second = again(&playlists).unwrap();
    second.init(Bytes::from_static(b"init"));
    publish(&mut second, 0..PARTS);
    let text = text(&viewer, "").await;
    let after = playlist_oracle::assert_media_playlist(&text);
    playlist_oracle::check_succession(&before, &after).unwrap();
    let (gone, back) = text.split_once("#EXT-X-DISCONTINUITY\n").unwrap();
    assert_eq!((gaps(gone), gaps(back)), (12, 0), "{text}");
    sleep(TARGET * 9).await;
    assert!(!playlists.active()[0].renditions[0].ended, "it is back");
}

#[tokio::test(start_paused = true)]
async fn a_return_after_the_end_is_a_new_playlist_behind_the_old_numbers() {
    let playlists = tended(Absence::End { linger: 1 });
    let mut first = publisher(&playlists);
    publish(&mut first, 0..PARTS * 2);
    drop(first);
    sleep(TARGET).await;
    tokio::task::yield_now().await;
    let replaced = Instant::now();
    let mut second = again(&playlists).unwrap();
    second.init(Bytes::from_static(b"new init"));
    publish(&mut second, 0..PARTS);
    let viewer = viewer(&playlists);
    let text = text(&viewer, "").await;
    assert!(text.contains("#EXT-X-MEDIA-SEQUENCE:3\n"), "{text}");
    assert!(text.contains("\ne2-3.m4s\n"), "{text}");

    // What the old playlist named stays there for as long as that was, by its own names (UP-11).
    let old = ["e1-1.m4s", "e1-2.3.m4s", "e1-init0.mp4"];
    pass(replaced + TARGET * 3).await;
    for name in old {
        assert!(viewer.resource(name).await.is_ok(), "{name}");
    }
    pass(replaced + TARGET * 4).await;
    for name in old {
        assert!(
            viewer.resource(name).await.is_err(),
            "{name} is kept for ever"
        );
    }
    assert!(viewer.resource("e2-3.m4s").await.is_ok());
}

/// A rendition that never had a part holds nobody up for longer than it is waited for.
#[tokio::test(start_paused = true)]
async fn a_rendition_that_never_came_does_not_hold_the_others_up() {
    let playlists = tended(GAPS);
    let mut video = publisher(&playlists);
    publish(&mut video, 0..PARTS);
    let never = playlists
        .publisher(&name("show"), &name("audio"), audio("e1"))
        .unwrap();
    let mut waiting = std::pin::pin!(playlists.multivariant("show", Coding::Identity));
    assert!(futures_are_pending(waiting.as_mut()).await);
    let vanished = Instant::now();
    drop(never);
    pass(vanished + TARGET * 2).await;
    assert!(playlists.active()[0].renditions[1].ended);
    let body = playlists
        .multivariant("show", Coding::Identity)
        .await
        .unwrap();
    let text = String::from_utf8_lossy(&body.bytes);
    assert!(!text.contains("audio/media.m3u8"), "{text}");
}

/// Two renditions whose publishers vanish at the same moment keep step with each other.
#[tokio::test(start_paused = true)]
async fn siblings_that_vanish_together_list_the_same_gaps() {
    let playlists = tended(GAPS);
    let mut video = publisher(&playlists);
    let mut sound = playlists
        .publisher(&name("show"), &name("audio"), audio("e1"))
        .unwrap();
    sound.init(Bytes::from_static(b"init"));
    for number in 0..PARTS * 2 {
        let step = [(&mut video, part(number)), (&mut sound, part(number))];
        assert!(Publisher::publish_together(step).iter().all(Result::is_ok));
    }
    let vanished = Instant::now();
    drop((video, sound));
    for parts in 8..20 {
        pass(vanished + PART * parts).await;
        let last = 8 + parts - 1;
        let report = format!("LAST-MSN={},LAST-PART={}\n", 1 + last / 4, last % 4);
        for rendition in ["video", "audio"] {
            let text = text(&viewer_of(&playlists, rendition), "").await;
            assert!(text.contains(&report), "{report}{text}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn who_takes_over_continues_and_the_displaced_one_is_told() {
    let config = RegistryConfig::new()
        .on_conflict(OnConflict::TakeOver)
        .absence(GAPS);
    let playlists = Playlists::new(config).unwrap();
    tokio::spawn(playlists.housekeeping());
    let mut first = publisher(&playlists);
    publish(&mut first, 0..PARTS + 2);
    let mut second = again(&playlists).unwrap();
    let unknown = first.init(Bytes::from_static(b"the displaced one's"));
    assert!(matches!(
        first.publish(part(PARTS + 2)),
        Err(PublishError::Superseded)
    ));
    second.init(Bytes::from_static(b"init"));
    publish(&mut second, 0..PARTS);
    assert!(matches!(
        first.publish(part(0)),
        Err(PublishError::Superseded)
    ));
    // Its leaving is nobody's absence, and its last word is not the stream's.
    first.fin();
    sleep(TARGET * 9).await;
    publish(&mut second, 0..PARTS);

    let text = text(&viewer(&playlists), "").await;
    assert_eq!(text.matches("#EXT-X-DISCONTINUITY\n").count(), 1, "{text}");
    assert_eq!(
        (gaps(&text), text.matches("#EXT-X-MAP").count()),
        (0, 2),
        "{text}"
    );
    assert!(text.contains("\ne1-4.m4s\n"), "{text}");
    assert_eq!(unknown.value(), 0);
    let stats = playlists.stats();
    assert_eq!((stats.names.take_overs, stats.names.conflicts), (1, 0));
    assert_eq!(stats.renditions_total.publish.refused_superseded, 2);
}

#[test]
fn a_conflict_is_refused_unless_the_caller_may_take_over() {
    let playlists = crate::support::registry();
    let mut first = publisher(&playlists);
    publish(&mut first, 0..PARTS);
    assert!(matches!(again(&playlists), Err(PublisherError::Conflict)));
    let (show, rendition) = (name("show"), name("video"));
    let taken = playlists.publisher_with(&show, &rendition, video("e2"), OnConflict::TakeOver);
    assert!(taken.is_ok());
    assert!(matches!(
        first.publish(part(PARTS)),
        Err(PublishError::Superseded)
    ));
    assert_eq!(playlists.stats().names.conflicts, 1);
}

/// Every instant at which the housekeeper ran is one at which something was due.
#[tokio::test(start_paused = true)]
async fn the_housekeeper_wakes_when_something_is_due_and_never_else() {
    let playlists = Playlists::new(RegistryConfig::new().absence(GAPS)).unwrap();
    let start = Instant::now();
    let runs = Arc::new(Mutex::new(Vec::new()));
    let housekeeper = tokio::spawn({
        let runs = Arc::clone(&runs);
        let mut housekeeping = Box::pin(playlists.housekeeping());
        std::future::poll_fn(move |context| {
            let mut runs = runs.lock().unwrap();
            let now = start.elapsed();
            if runs.last() != Some(&now) {
                runs.push(now);
            }
            housekeeping.as_mut().poll(context)
        })
    });
    sleep(Duration::from_secs(3600)).await;
    let mut publisher = publisher(&playlists);
    publish(&mut publisher, 0..PARTS);
    sleep(Duration::from_secs(60)).await;
    let vanished = start.elapsed();
    drop(publisher);
    sleep(Duration::from_secs(3600)).await;

    let gaps = (8..20).map(|parts| vanished + PART * parts);
    let due = [Duration::ZERO, vanished].into_iter().chain(gaps);
    let mut due: Vec<_> = due.chain([vanished + TARGET * 5]).collect();
    let mut runs_seen = std::mem::take(&mut *runs.lock().unwrap());
    // The silence before it left is part of the outage, but the grid begins where it is cut off.
    due.dedup();
    runs_seen.dedup();
    assert_eq!(runs_seen, due);

    drop(playlists);
    housekeeper.await.unwrap();
}

/// A host without a runtime of its own for it asks when the next thing is due.
#[tokio::test(start_paused = true)]
async fn a_host_can_keep_house_by_itself() {
    let config = RegistryConfig::new().absence(Absence::End { linger: 1 });
    let playlists = Playlists::new(config).unwrap();
    assert_eq!(playlists.tick(Instant::now()), None);
    let mut publisher = publisher(&playlists);
    publish(&mut publisher, 0..PARTS);
    assert_eq!(playlists.tick(Instant::now()), None);
    drop(publisher);
    let due = Instant::now() + TARGET;
    assert_eq!(playlists.tick(Instant::now()), Some(due));
    tokio::time::advance(TARGET).await;
    assert!(!playlists.active()[0].renditions[0].ended);
    assert_eq!(playlists.tick(due), None);
    assert!(playlists.active()[0].renditions[0].ended);
}

#[tokio::test(start_paused = true)]
async fn a_removed_presentation_is_absent_for_nobody() {
    let playlists = tended(GAPS);
    let mut publisher = publisher(&playlists);
    publish(&mut publisher, 0..PARTS);
    let viewer = viewer(&playlists);
    playlists.remove("show");
    drop(publisher);
    sleep(TARGET * 20).await;
    let answer = viewer.playlist(&directives(""), Coding::Identity).await;
    assert_eq!(answer.unwrap_err(), PlaylistError::Gone);
    assert!(playlists.viewer("show", "video").is_none());
    assert_eq!(playlists.tick(Instant::now()), None, "something is left");
}
