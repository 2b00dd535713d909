use std::time::Duration;

use llhls_manifest::{Cut, Reject};
use playlists::{Coding, Ending, MediaError, PlaylistError};
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
    assert_eq!(viewer.part(at(1, 0)).await.unwrap_err(), MediaError::Gone);
    assert!(publisher.publish(part(PARTS)).is_err());
}

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
                viewer
                    .playlist(&directives("_HLS_msn=2&_HLS_part=0"), Coding::Gzip)
                    .await
                    .unwrap()
            })
        })
        .collect();
    while viewer.waiting() < 100 {
        tokio::task::yield_now().await;
    }
    publish(&mut publisher, PARTS..PARTS + 1);
    let mut addresses = Vec::new();
    for waiting in waiting {
        addresses.push(waiting.await.unwrap().bytes.as_ptr() as usize);
    }
    addresses.dedup();
    assert_eq!(addresses.len(), 1, "the gzip form was made more than once");
    assert_eq!(viewer.waiting(), 0);
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
