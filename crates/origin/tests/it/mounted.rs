use axum::Router;
use axum::routing::get;
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Empty};
use origin::{Origin, OriginConfig};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tower::ServiceExt as _;

use crate::client::{Client, Place, Transport};
use crate::support::{Identity, PARTS, Server, payload, publish, video};

/// The example itself: what a reader copies has to work.
#[allow(
    dead_code,
    unreachable_pub,
    reason = "its `main` chooses another address"
)]
#[path = "../../examples/mounted.rs"]
mod example;

async fn ask(app: &Router, path: &str) -> (StatusCode, Bytes) {
    let request = Request::get(path).body(axum::body::Body::empty()).unwrap();
    let answer = app.clone().oneshot(request).await.unwrap();
    let status = answer.status();
    (
        status,
        answer.into_body().collect().await.unwrap().to_bytes(),
    )
}

/// Below any prefix, beside routes of somebody else; every URI is relative, so all are found.
#[tokio::test]
async fn delivery_works_below_any_prefix() {
    let (server, _publisher) = Server::with_show().await;
    let app = Router::new()
        .route("/", get(async || "my own page"))
        .nest_service("/tv/live", server.origin.delivery_service());
    assert_eq!(ask(&app, "/").await.1, "my own page");
    let (status, index) = ask(&app, "/tv/live/show/index.m3u8").await;
    assert_eq!(status, StatusCode::OK);
    assert!(index.ends_with(b"video/media.m3u8\n"), "{index:?}");
    let (status, playlist) = ask(&app, "/tv/live/show/video/media.m3u8").await;
    assert_eq!(status, StatusCode::OK);
    let text = std::str::from_utf8(&playlist).unwrap();
    assert!(text.contains("\ne1-10.m4s\n"), "{text}");
    let (status, part) = ask(&app, "/tv/live/show/video/e1-10.0.m4s").await;
    assert_eq!((status, part), (StatusCode::OK, payload(PARTS * 9)));
    assert_eq!(
        ask(&app, "/live/show/index.m3u8").await.0,
        StatusCode::NOT_FOUND
    );
}

/// The router has the same routes as the service that is served.
#[tokio::test]
async fn router_and_service_answer_alike() {
    let (server, _publisher) = Server::with_show().await;
    let router = server.origin.router();
    for path in [
        "/",
        "/api/nothing",
        "/live/show/index.m3u8",
        "/live/show/video/media.m3u8",
        "/live/show/video/e1-5.m4s",
        "/live/show/video/e1-99.m4s",
        "/live/",
    ] {
        let (status, body) = ask(&router, path).await;
        let request = Request::get(path).body(Empty::<Bytes>::new()).unwrap();
        let served = server.origin.service().oneshot(request).await.unwrap();
        assert_eq!(served.status(), status, "{path}");
        let served = served.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(served, body, "{path}");
    }
}

/// A program that publishes by itself needs nothing of ingest.
#[tokio::test]
async fn what_a_program_publishes_is_delivered() {
    let origin = Origin::new(OriginConfig::new()).unwrap();
    let server = Server::start().await;
    let mut publisher = server.publisher("video", video());
    publish(&mut publisher, 0..PARTS);
    let app = Router::new().nest_service("/a", server.origin.delivery_service());
    assert_eq!(ask(&app, "/a/show/video/e1-1.m4s").await.0, StatusCode::OK);
    // Another origin shares nothing with it.
    let other = Router::new().nest_service("/a", origin.delivery_service());
    let (status, _) = ask(&other, "/a/show/video/e1-1.m4s").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

/// What a reader of the example gets, from its first request to its end. The clock is paused and
/// runs on while all wait, so the first segment takes no time.
#[tokio::test(start_paused = true)]
async fn the_example_serves_below_its_prefix_and_ends_in_order() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let running = example::serve(listener, async { drop(stopped.await) });
    let asking = async {
        let place = Place {
            clear: address,
            tls: address,
            trusted: Identity::new().trusted.clone(),
        };
        let client = Client::new(Transport::H2c, place);
        assert!(
            client
                .get("/")
                .await
                .body
                .ends_with(b"/tv/clock/index.m3u8\n")
        );
        // Held until there is a segment.
        let index = client.get("/tv/clock/index.m3u8").await;
        assert!(index.body.ends_with(b"video/media.m3u8\n"), "{index:?}");
        let folder = "/tv/clock/video";
        let playlist = client.get(&format!("{folder}/media.m3u8")).await;
        let named = playlist
            .playlist()
            .lines()
            .rfind(|line| !line.starts_with('#'));
        let segment = client.get(&format!("{folder}/{}", named.unwrap())).await;
        assert!(
            segment.body.starts_with(b"moof and mdat of part "),
            "{segment:?}"
        );
        stop.send(()).unwrap();
    };
    let (served, ()) = tokio::join!(running, asking);
    served.unwrap();
}
