//! What an answer allocates. The numbers are written down so that a change of them is meant, not
//! found out later; a server adds its own for the connection and the wire.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use allocation_counter::{AllocationInfo, measure};
use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body::Body as _;
use http_body_util::Empty;
use origin::{Delivery, DeliveryBody, Origin, OriginConfig};
use tower::Service as _;

use crate::support::Server;

fn request(method: &Method, path: &str, headers: &[(&str, &str)]) -> Request<Empty<Bytes>> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Empty::new()).unwrap()
}

/// Asks for something that is there, and takes the answer to its end.
fn take(delivery: &Delivery, request: Request<Empty<Bytes>>) -> (StatusCode, usize) {
    let mut delivery = delivery.clone();
    let mut context = Context::from_waker(Waker::noop());
    let Poll::Ready(Ok(answer)) = pin!(delivery.call(request)).poll(&mut context) else {
        panic!("it is there");
    };
    let (head, body) = answer.into_parts();
    let mut body: std::pin::Pin<&mut DeliveryBody> = pin!(body);
    let mut len = 0;
    while let Poll::Ready(Some(Ok(frame))) = body.as_mut().poll_frame(&mut context) {
        len += frame.into_data().unwrap().len();
    }
    (head.status, len)
}

/// What the second of two such requests allocates: the first one of a version makes what all
/// others share. The request itself is not counted.
fn cost(delivery: &Delivery, path: &str, headers: &[(&str, &str)], wanted: u16) -> AllocationInfo {
    let asked = || request(&Method::GET, path, headers);
    take(delivery, asked());
    let asking = measure(|| drop(asked()));
    let mut cost = measure(|| {
        let (status, _) = take(delivery, asked());
        assert_eq!(status, wanted, "{path}");
    });
    cost.count_total -= asking.count_total;
    cost
}

/// Both for the headers: the map's index and its entries.
#[tokio::test]
async fn a_playlist_that_is_there_allocates_twice() {
    let (server, _publisher) = Server::with_show().await;
    let delivery = server.origin.delivery_service();
    for path in [
        "/show/video/media.m3u8",
        "/show/video/media.m3u8?_HLS_skip=YES",
        "/show/video/media.m3u8?_HLS_msn=11&_HLS_part=0",
    ] {
        for coding in ["identity", "gzip"] {
            let cost = cost(&delivery, path, &[("accept-encoding", coding)], 200);
            assert_eq!(cost.count_total, 2, "{path} {coding}: {cost:?}");
            assert_eq!(cost.bytes_current, 0, "{path} {coding}");
        }
    }
}

/// As a playlist, and the entity tag.
#[tokio::test]
async fn media_allocates_three_times_however_long_it_is() {
    let (server, _publisher) = Server::with_show().await;
    let delivery = server.origin.delivery_service();
    // What may have to wait has a future: seldom asked for, the init section is among it.
    for (name, allocations) in [("e1-10.2.m4s", 3), ("e1-11.0.m4s", 3), ("e1-init0.mp4", 4)] {
        let path = format!("/show/video/{name}");
        let cost = cost(&delivery, &path, &[], 200);
        assert_eq!(cost.count_total, allocations, "{path}: {cost:?}");
        assert_eq!(cost.bytes_current, 0, "{path}");
    }
    // The handles on its parts in a row.
    let segment = cost(&delivery, "/show/video/e1-10.m4s", &[], 200);
    assert!(segment.count_total <= 6, "{segment:?}");
    assert_eq!(segment.bytes_current, 0);
}

/// No answer is dearer than one that gives something, but for its reason in words, and none leaves
/// anything (law 7).
#[tokio::test]
async fn what_is_not_there_leaves_nothing() {
    let (server, _publisher) = Server::with_show().await;
    let delivery = server.origin.delivery_service();
    for (path, status) in [
        ("/nobody/index.m3u8", 404),
        ("/nobody/video/media.m3u8", 404),
        ("/nobody/video/media.m3u8?_HLS_msn=7&_HLS_part=1", 404),
        ("/nobody/video/e1-7.1.m4s", 404),
        ("/show/nothing/media.m3u8", 404),
        ("/show/video/e1-99.m4s", 404),
        ("/show/video/e2-1.m4s", 404),
        ("/show/video/e1-11.9.m4s", 404),
        ("/show/video/%2e%2e", 404),
        ("/", 404),
        ("/show/video/media.m3u8?_HLS_msn=9999", 400),
        ("/show/video/media.m3u8?_HLS_part=1", 400),
        ("/show/video/media.m3u8?_HLS_msn=x", 400),
    ] {
        let cost = cost(&delivery, path, &[], status);
        assert!(cost.count_total <= 12, "{path}: {cost:?}");
        assert!(cost.bytes_max <= 8 << 10, "{path}: {cost:?}");
        assert_eq!((cost.count_current, cost.bytes_current), (0, 0), "{path}");
    }
}

/// A request that waits takes little, and when its client goes away nothing of it is left (law 8).
#[tokio::test]
async fn a_request_that_waits_is_small_and_leaves_nothing() {
    let (server, _publisher) = Server::with_show().await;
    let mut service = server.origin.service();
    for path in [
        "/live/show/video/media.m3u8?_HLS_msn=11&_HLS_part=1",
        "/live/show/video/e1-11.1.m4s",
    ] {
        let mut give_up = || {
            let mut context = Context::from_waker(Waker::noop());
            let mut held = None;
            let begun = measure(|| {
                let asked = request(&Method::GET, path, &[("accept-encoding", "gzip")]);
                let mut answer = Box::pin(service.call(asked));
                assert!(answer.as_mut().poll(&mut context).is_pending(), "{path}");
                held = Some(answer);
            });
            let ended = measure(|| drop(held));
            (begun, ended)
        };
        // The list of those who wait keeps its first room.
        give_up();
        let (begun, ended) = give_up();
        assert!(begun.bytes_current <= 2 << 10, "{path}: {begun:?}");
        assert_eq!(begun.bytes_current + ended.bytes_current, 0, "{path}");
    }
}

/// The same for everything that a stranger can ask of a whole origin.
#[tokio::test]
async fn a_stranger_leaves_nothing_in_an_origin() {
    let origin = Origin::new(OriginConfig::new()).unwrap();
    let mut service = origin.service();
    let mut context = Context::from_waker(Waker::noop());
    let mut ask = |number: u32| {
        let path = format!("/live/s{number}/video/media.m3u8?_HLS_msn={number}&token=t{number}");
        let asked = request(
            &Method::GET,
            &path,
            &[("x-playback-session-id", "a stranger")],
        );
        let Poll::Ready(Ok(answer)) = pin!(service.call(asked)).poll(&mut context) else {
            panic!("nothing to wait for");
        };
        assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    };
    ask(0);
    let left = measure(|| (1..=1000).for_each(&mut ask));
    assert_eq!((left.count_current, left.bytes_current), (0, 0));
}
