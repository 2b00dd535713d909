use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body::Body as _;
use http_body_util::{BodyExt as _, Empty};
use llhls::manifest::{Cut, MediaDuration};
use llhls::registry::Part;
use origin::{Delivery, DeliveryBody, Origin, OriginConfig};
use tower::ServiceExt as _;

use crate::support::{PARTS, Server, payload, video};

async fn ask(delivery: &Delivery, path: &str) -> http::Response<DeliveryBody> {
    let request = Request::builder()
        .method(Method::GET)
        .uri(path)
        .body(Empty::<Bytes>::new())
        .unwrap();
    delivery.clone().oneshot(request).await.unwrap()
}

/// What leaves is the memory that was published, also in pieces of a segment.
#[tokio::test]
async fn no_byte_is_copied_between_slot_and_socket() {
    let server = Server::start().await;
    let mut publisher = server.publisher("video", video());
    let payloads: Vec<Bytes> = (0..PARTS).map(payload).collect();
    for (number, bytes) in payloads.iter().enumerate() {
        let part = Part::new(bytes.clone(), MediaDuration::from_millis(500));
        let is_last = number as u64 == PARTS - 1;
        let cut = if is_last { Cut::After } else { Cut::Never };
        publisher.publish(part.independent().cut(cut)).unwrap();
    }
    let delivery = server.origin.delivery_service();
    let part = ask(&delivery, "/show/video/e1-1.1.m4s").await;
    let frame = part.into_body().frame().await.unwrap().unwrap();
    assert_eq!(frame.into_data().unwrap().as_ptr(), payloads[1].as_ptr());

    let mut segment = ask(&delivery, "/show/video/e1-1.m4s").await.into_body();
    let whole: u64 = payloads.iter().map(|bytes| bytes.len() as u64).sum();
    assert_eq!(segment.size_hint().exact(), Some(whole));
    for bytes in &payloads {
        let frame = segment.frame().await.unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap().as_ptr(), bytes.as_ptr());
    }
    assert!(segment.is_end_stream());
}

/// Two answers of a version share their body and their headers' values.
#[tokio::test]
async fn a_version_is_written_once() {
    let (server, _publisher) = Server::with_show().await;
    let delivery = server.origin.delivery_service();
    let path = "/show/video/media.m3u8?_HLS_msn=5&_HLS_part=0";
    let (first, second) = (ask(&delivery, path).await, ask(&delivery, path).await);
    for name in [
        "etag",
        "cache-control",
        "llhls-last-part",
        "llhls-last-updated",
    ] {
        let [first, second] = [&first, &second].map(|answer| answer.headers()[name].as_bytes());
        assert_eq!(first.as_ptr(), second.as_ptr(), "{name} was written twice");
    }
    let mut bodies = Vec::new();
    for answer in [first, second] {
        let frame = answer.into_body().frame().await.unwrap().unwrap();
        bodies.push(frame.into_data().unwrap());
    }
    assert_eq!(bodies[0].as_ptr(), bodies[1].as_ptr());
}

/// Law 7: asking for what does not exist leaves nothing. (The attack that OvenMediaEngine had:
/// polling a dead playlist until memory ran out.)
#[tokio::test]
async fn nothing_is_kept_of_what_does_not_exist() {
    let origin = Origin::new(OriginConfig::new()).unwrap();
    let delivery = origin.delivery_service();
    let before = format!("{:?}", origin.playlists().stats());
    for number in 0..10_000 {
        for path in [
            format!("/s{number}/index.m3u8"),
            format!("/s{number}/video/media.m3u8?_HLS_msn={number}"),
            format!("/s{number}/video/e1-{number}.m4s"),
        ] {
            let answer = ask(&delivery, &path).await;
            assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
        }
    }
    assert_eq!(format!("{:?}", origin.playlists().stats()), before);
    assert!(origin.playlists().active().is_empty());
}
