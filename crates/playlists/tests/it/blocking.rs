use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake};
use std::time::Duration;

use bytes::Bytes;
use llhls_manifest::{Cut, Form, Reject};
use playlists::{Coding, Ending, MediaError, PlaylistError, Playlists, RegistryConfig};
use tokio::time::Instant;

use crate::support::{
    PARTS, at, directives, part, payload, publish, publisher, registry, text, viewer,
};

/// Three target durations of the streams in these tests.
const LONGEST: Duration = Duration::from_secs(6);

#[tokio::test(start_paused = true)]
async fn a_request_for_the_next_part_is_released_by_that_part() {
    let playlists = registry();
    let mut publisher = publisher(&playlists);
    publish(&mut publisher, 0..PARTS + 1);
    let viewer = viewer(&playlists);

    let waiting = tokio::spawn({
        let viewer = viewer.clone();
        async move { text(&viewer, "_HLS_msn=2&_HLS_part=1").await }
    });
    while viewer.waiting() == 0 {
        tokio::task::yield_now().await;
    }
    let before = Instant::now();
    publish(&mut publisher, PARTS + 1..PARTS + 2);
    let text = waiting.await.unwrap();
    assert!(text.contains("e1-2.1.m4s"), "{text}");
    assert_eq!(
        before.elapsed(),
        Duration::ZERO,
        "it waited for a clock, not for the part"
    );
}

#[tokio::test(start_paused = true)]
async fn a_request_without_a_part_waits_for_the_whole_segment() {
    let playlists = registry();
    let mut publisher = publisher(&playlists);
    publish(&mut publisher, 0..PARTS);
    let viewer = viewer(&playlists);
    let request = directives("_HLS_msn=2");
    let mut waiting = std::pin::pin!(viewer.playlist(&request, Coding::Identity));

    for number in PARTS..2 * PARTS - 1 {
        publish(&mut publisher, number..number + 1);
        assert!(
            futures_are_pending(waiting.as_mut()).await,
            "answered after part {number}"
        );
    }
    publish(&mut publisher, 2 * PARTS - 1..2 * PARTS);
    let body = waiting.await.unwrap();
    assert!(String::from_utf8_lossy(&body.bytes).contains("\ne1-2.m4s\n"));
}

#[tokio::test(start_paused = true)]
async fn a_part_beyond_a_closed_segment_means_the_first_of_the_next() {
    let playlists = registry();
    let mut publisher = publisher(&playlists);
    publish(&mut publisher, 0..PARTS);
    let viewer = viewer(&playlists);
    let request = directives(&format!("_HLS_msn=1&_HLS_part={PARTS}"));
    let mut waiting = std::pin::pin!(viewer.playlist(&request, Coding::Identity));
    assert!(futures_are_pending(waiting.as_mut()).await);
    publish(&mut publisher, PARTS..PARTS + 1);
    let body = waiting.await.unwrap();
    assert!(String::from_utf8_lossy(&body.bytes).contains("e1-2.0.m4s"));
}

#[tokio::test(start_paused = true)]
async fn a_stalled_publisher_means_503_after_three_target_durations() {
    let playlists = registry();
    let mut publisher = publisher(&playlists);
    publish(&mut publisher, 0..PARTS);
    let viewer = viewer(&playlists);
    let started = Instant::now();
    let answer = viewer
        .playlist(&directives("_HLS_msn=2&_HLS_part=0"), Coding::Gzip)
        .await;
    assert_eq!(answer.unwrap_err(), PlaylistError::TimedOut);
    assert_eq!(started.elapsed(), LONGEST);
}

#[tokio::test(start_paused = true)]
async fn what_is_too_far_ahead_is_rejected_at_once() {
    let playlists = registry();
    let mut publisher = publisher(&playlists);
    publish(&mut publisher, 0..PARTS);
    let viewer = viewer(&playlists);
    let started = Instant::now();
    let answer = viewer
        .playlist(&directives("_HLS_msn=4"), Coding::Identity)
        .await;
    assert!(
        matches!(
            answer,
            Err(PlaylistError::Rejected(Reject::MsnTooFar { .. }))
        ),
        "{answer:?}"
    );
    assert_eq!(started.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn before_the_first_segment_everybody_waits() {
    let playlists = registry();
    let mut publisher = publisher(&playlists);
    publish(&mut publisher, 0..PARTS - 1);
    let viewer = viewer(&playlists);
    let request = directives("");
    let mut waiting = std::pin::pin!(viewer.playlist(&request, Coding::Identity));
    assert!(
        futures_are_pending(waiting.as_mut()).await,
        "a playlist without segments was served"
    );
    publish(&mut publisher, PARTS - 1..PARTS);
    waiting.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_hinted_part_is_held_and_any_other_future_part_is_not_found() {
    let playlists = registry();
    let mut publisher = publisher(&playlists);
    publish(&mut publisher, 0..PARTS + 1);
    let viewer = viewer(&playlists);
    assert_eq!(
        viewer.part(at(2, 2)).await.unwrap_err(),
        MediaError::NotFound
    );

    let mut waiting = std::pin::pin!(viewer.part(at(2, 1)));
    assert!(futures_are_pending(waiting.as_mut()).await);
    publish(&mut publisher, PARTS + 1..PARTS + 2);
    assert_eq!(waiting.await.unwrap(), payload(PARTS + 1));
}

#[tokio::test(start_paused = true)]
async fn a_hint_that_is_given_up_is_not_found_at_that_moment() {
    let playlists = registry();
    let mut publisher = publisher(&playlists);
    publish(&mut publisher, 0..PARTS + 1);
    let viewer = viewer(&playlists);
    let mut waiting = std::pin::pin!(viewer.part(at(2, 1)));
    assert!(futures_are_pending(waiting.as_mut()).await);

    let started = Instant::now();
    let early = part(2 * PARTS).cut(Cut::Before);
    publisher.publish(early).unwrap();
    assert_eq!(waiting.await.unwrap_err(), MediaError::NotFound);
    assert_eq!(started.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_stream_answers_all_who_wait() {
    let playlists = registry();
    let mut publisher = publisher(&playlists);
    publish(&mut publisher, 0..PARTS + 1);
    let viewer = viewer(&playlists);
    let request = directives("_HLS_msn=2&_HLS_part=1");
    let mut playlist = std::pin::pin!(viewer.playlist(&request, Coding::Identity));
    let mut hinted = std::pin::pin!(viewer.part(at(2, 1)));
    assert!(futures_are_pending(playlist.as_mut()).await);
    assert!(futures_are_pending(hinted.as_mut()).await);

    publisher.fin();
    let body = playlist.await.unwrap();
    assert!(String::from_utf8_lossy(&body.bytes).contains("#EXT-X-ENDLIST"));
    assert_eq!(hinted.await.unwrap_err(), MediaError::NotFound);
    // A finished playlist ignores directives (SRV-06).
    text(&viewer, "_HLS_msn=99999").await;
}

#[tokio::test(start_paused = true)]
async fn removal_answers_all_who_wait() {
    let playlists = registry();
    let mut publisher = publisher(&playlists);
    publish(&mut publisher, 0..PARTS);
    let viewer = viewer(&playlists);
    let request = directives("_HLS_msn=2&_HLS_part=0");
    let mut waiting = std::pin::pin!(viewer.playlist(&request, Coding::Identity));
    assert!(futures_are_pending(waiting.as_mut()).await);
    assert_eq!(playlists.remove("show"), Ending::Done);
    assert_eq!(waiting.await.unwrap_err(), PlaylistError::Gone);
    // Its media stays for a while (UP-16), but nothing comes to it.
    assert_eq!(viewer.part(at(1, 0)).await.unwrap(), payload(0));
    assert_eq!(viewer.part(at(2, 0)).await.unwrap_err(), MediaError::Gone);
    assert!(publisher.publish(part(PARTS)).is_err());
}

/// SRV-17. Nobody runs before three more parts have come: all answer with the first version that has
/// what they asked for, and it is freed with the last of them.
#[tokio::test(start_paused = true)]
async fn all_who_wait_for_one_version_get_the_same_bytes() {
    let playlists = registry();
    let mut publisher = publisher(&playlists);
    publish(&mut publisher, 0..PARTS);
    let viewer = viewer(&playlists);
    let waiting: Vec<_> = (0..100)
        .map(|_| {
            let viewer = viewer.clone();
            tokio::spawn(async move {
                let request = directives("_HLS_msn=2&_HLS_part=0");
                viewer.playlist(&request, Coding::Gzip).await.unwrap()
            })
        })
        .collect();
    while viewer.waiting() < 100 {
        tokio::task::yield_now().await;
    }
    publish(&mut publisher, PARTS..PARTS + 1);
    let reading = viewer.snapshot().unwrap();
    let due = reading.body(Form::Full, Coding::Gzip);
    let first = Arc::downgrade(&reading);
    drop(reading);
    publish(&mut publisher, PARTS + 1..PARTS + 4);
    assert!(first.strong_count() > 0, "those who wait for it hold it");
    for waiting in waiting {
        let body = waiting.await.unwrap();
        assert_eq!(body.bytes.as_ptr(), due.bytes.as_ptr());
    }
    assert_eq!(viewer.waiting(), 0);
    assert_eq!(first.strong_count(), 0, "it outlived its readers");
}

#[tokio::test(start_paused = true)]
async fn a_request_is_woken_for_what_it_waits_for_and_for_nothing_else() {
    let playlists = registry();
    let mut publisher = publisher(&playlists);
    publish(&mut publisher, 0..PARTS + 1);
    let viewer = viewer(&playlists);
    let part = directives("_HLS_msn=2&_HLS_part=2");
    let mut part = std::pin::pin!(viewer.playlist(&part, Coding::Identity));
    let segment = directives("_HLS_msn=2");
    let mut segment = std::pin::pin!(viewer.playlist(&segment, Coding::Identity));
    let (part_woken, segment_woken) = (Arc::new(Woken::default()), Arc::new(Woken::default()));
    assert!(part_woken.poll(part.as_mut()).is_pending());
    assert!(segment_woken.poll(segment.as_mut()).is_pending());

    let woken = || (part_woken.count(), segment_woken.count());
    publish(&mut publisher, PARTS + 1..PARTS + 2);
    assert_eq!(woken(), (0, 0));
    publish(&mut publisher, PARTS + 2..PARTS + 3);
    assert_eq!(woken(), (1, 0));
    publish(&mut publisher, PARTS + 3..PARTS + 4);
    assert_eq!(woken(), (1, 1));
    assert!(part_woken.poll(part).is_ready());
    assert!(segment_woken.poll(segment).is_ready());
}

#[tokio::test(start_paused = true)]
async fn a_crowd_is_woken_whole_though_the_publisher_wakes_a_few() {
    let playlists = registry();
    let mut publisher = publisher(&playlists);
    publish(&mut publisher, 0..PARTS + 1);
    let viewer = viewer(&playlists);
    let woken = Arc::new(Woken::default());
    let mut crowd: Vec<_> = (0..1000).map(|_| Box::pin(viewer.part(at(2, 1)))).collect();
    for request in &mut crowd {
        assert!(woken.poll(request.as_mut()).is_pending());
    }
    publish(&mut publisher, PARTS + 1..PARTS + 2);
    assert!(woken.count() <= 8, "the publisher woke {}", woken.count());
    // Those who run, and those who leave instead, wake the others.
    for (number, mut request) in crowd.into_iter().enumerate() {
        assert!(woken.count() > number, "the chain broke");
        if number % 3 != 0 {
            assert!(woken.poll(request.as_mut()).is_ready());
        }
    }
    assert_eq!((woken.count(), viewer.waiting()), (1000, 0));
}

/// Between threads, where a version can come at any moment of a request. A wake-up that is lost shows
/// as a deadline that passes.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_wake_up_is_lost_between_threads() {
    let playlists = registry();
    let mut publisher = publisher(&playlists);
    publish(&mut publisher, 0..PARTS);
    let viewer = viewer(&playlists);
    let viewers: Vec<_> = (0..16)
        .map(|number| {
            let viewer = viewer.clone();
            tokio::spawn(async move {
                let mut answers = 0;
                loop {
                    let edge = viewer.edge().unwrap();
                    if edge.is_ended() {
                        return answers;
                    }
                    let next = edge.next_part();
                    let request =
                        directives(&format!("_HLS_msn={}&_HLS_part={}", next.msn, next.part));
                    if number % 4 == 0 {
                        // Gives up at once, and so leaves beside those who wait.
                        let given_up = viewer.version(&request);
                        let _ = tokio::time::timeout(Duration::ZERO, given_up).await;
                    }
                    let version = viewer.version(&request).await.unwrap();
                    let edge = version.view().edge();
                    assert!(
                        edge.is_ended() || edge.last_part >= Some(next),
                        "{next}: {edge:?}"
                    );
                    answers += 1;
                }
            })
        })
        .collect();
    for number in PARTS..PARTS * 200 {
        publish(&mut publisher, number..number + 1);
        // Now in the midst of those who come, now when somebody waits already.
        let goes_on = || viewers.iter().all(|viewer| !viewer.is_finished());
        while number % 4 == 0 && viewer.waiting() == 0 && goes_on() {
            tokio::task::yield_now().await;
        }
    }
    publisher.fin();
    for viewer in viewers {
        assert!(viewer.await.unwrap() > 10);
    }
    assert_eq!(viewer.waiting(), 0);
}

#[tokio::test(start_paused = true)]
async fn who_finds_no_seat_is_told_at_once() {
    let config = RegistryConfig::new()
        .bytes_per_rendition(1 << 20)
        .waiters(2);
    let playlists = Playlists::new(config).unwrap();
    let mut publisher = publisher(&playlists);
    publish(&mut publisher, 0..1);
    let viewer = viewer(&playlists);
    let request = directives("");
    let mut first = Box::pin(viewer.playlist(&request, Coding::Identity));
    let mut hinted = std::pin::pin!(viewer.part(at(1, 1)));
    assert!(futures_are_pending(first.as_mut()).await);
    assert!(futures_are_pending(hinted.as_mut()).await);

    let busy = viewer.playlist(&request, Coding::Identity).await;
    assert_eq!(busy.unwrap_err(), PlaylistError::Busy { limit: 2 });
    let busy = viewer.part(at(1, 1)).await;
    assert_eq!(busy.unwrap_err(), MediaError::Busy { limit: 2 });
    let busy = playlists.multivariant("show", Coding::Identity).await;
    assert_eq!(busy.unwrap_err(), PlaylistError::Busy { limit: 2 });

    drop(first);
    let mut second = std::pin::pin!(viewer.playlist(&request, Coding::Identity));
    assert!(futures_are_pending(second.as_mut()).await);
    publish(&mut publisher, 1..PARTS);
    second.await.unwrap();
    assert_eq!(hinted.await.unwrap(), payload(1));
}

#[tokio::test(start_paused = true)]
async fn a_hinted_part_that_does_not_come_means_503_after_three_target_durations() {
    let playlists = registry();
    let mut publisher = publisher(&playlists);
    publish(&mut publisher, 0..PARTS + 1);
    let started = Instant::now();
    let answer = viewer(&playlists).part(at(2, 1)).await;
    assert_eq!(answer.unwrap_err(), MediaError::TimedOut);
    assert_eq!(started.elapsed(), LONGEST);
}

#[tokio::test(start_paused = true)]
async fn a_hint_is_given_up_when_another_init_section_closes_its_segment() {
    let playlists = registry();
    let mut publisher = publisher(&playlists);
    publish(&mut publisher, 0..PARTS + 1);
    let viewer = viewer(&playlists);
    let mut waiting = std::pin::pin!(viewer.part(at(2, 1)));
    assert!(futures_are_pending(waiting.as_mut()).await);
    let started = Instant::now();
    publisher.init(Bytes::from_static(b"another"));
    assert_eq!(waiting.await.unwrap_err(), MediaError::NotFound);
    assert_eq!(started.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn the_multivariant_playlist_waits_for_a_segment_of_each_rendition() {
    let playlists = registry();
    let mut publisher = publisher(&playlists);
    publish(&mut publisher, 0..PARTS - 1);
    let mut waiting = std::pin::pin!(playlists.multivariant("show", Coding::Identity));
    assert!(futures_are_pending(waiting.as_mut()).await);
    publish(&mut publisher, PARTS - 1..PARTS);
    waiting.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn each_way_for_a_multivariant_request_to_end_without_one() {
    let playlists = registry();
    let mut publisher = publisher(&playlists);
    publish(&mut publisher, 0..1);
    let started = Instant::now();
    let late = playlists.multivariant("show", Coding::Identity).await;
    assert_eq!(late.unwrap_err(), PlaylistError::TimedOut);
    assert_eq!(started.elapsed(), LONGEST);

    let mut waiting = std::pin::pin!(playlists.multivariant("show", Coding::Identity));
    assert!(futures_are_pending(waiting.as_mut()).await);
    playlists.remove("show");
    assert_eq!(waiting.await.unwrap_err(), PlaylistError::Gone);
    let unknown = playlists.multivariant("show", Coding::Identity).await;
    assert_eq!(unknown.unwrap_err(), PlaylistError::Gone);
}

/// Counts how often it is woken.
#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Woken {
    fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    fn poll<F: Future>(self: &Arc<Self>, future: Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(&Arc::clone(self).into()))
    }
}

/// Polls once; whether the future still waits.
pub(crate) async fn futures_are_pending<F: Future>(future: std::pin::Pin<&mut F>) -> bool {
    let mut future = Some(future);
    std::future::poll_fn(|context| {
        let future = future.take().expect("polled once");
        std::task::Poll::Ready(future.poll(context).is_pending())
    })
    .await
}
