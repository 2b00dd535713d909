use playlists::Coding;

use crate::blocking::futures_are_pending;
use crate::support::{PARTS, at, directives, publish, publisher, registry, viewer};

#[tokio::test(start_paused = true)]
async fn a_dropped_request_gives_its_seat_back() {
    let playlists = registry();
    let mut publisher = publisher(&playlists);
    publish(&mut publisher, 0..PARTS + 1);
    let viewer = viewer(&playlists);
    let request = directives("_HLS_msn=2&_HLS_part=1");
    for _ in 0..1000 {
        let mut playlist = Box::pin(viewer.playlist(&request, Coding::Gzip));
        let mut hinted = Box::pin(viewer.part(at(2, 1)));
        assert!(futures_are_pending(playlist.as_mut()).await);
        assert!(futures_are_pending(hinted.as_mut()).await);
        assert_eq!(viewer.waiting(), 2);
    }
    assert_eq!(viewer.waiting(), 0);
    publish(&mut publisher, PARTS + 1..PARTS + 2);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_multivariant_request_gives_its_seat_back() {
    let playlists = registry();
    let _publisher = publisher(&playlists);
    let viewer = viewer(&playlists);
    let mut waiting = Box::pin(playlists.multivariant("show", Coding::Identity));
    assert!(futures_are_pending(waiting.as_mut()).await);
    assert_eq!(viewer.waiting(), 1);
    drop(waiting);
    assert_eq!(viewer.waiting(), 0);
}
