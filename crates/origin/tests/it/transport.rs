use bytes::Bytes;
use http::{Method, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

use crate::support::{PARTS, Server, publish, request_by};

#[tokio::test]
async fn cleartext_http2_serves_the_same() {
    let (server, _publisher) = Server::with_show().await;
    let client = Client::builder(TokioExecutor::new())
        .http2_only(true)
        .build_http();
    let path = "/live/show/video/media.m3u8";
    let over_h2 = request_by(
        &client,
        server.address,
        Method::GET,
        path,
        &[],
        Bytes::new(),
    )
    .await;
    let over_h1 = server.get(path).await;
    assert_eq!(over_h2.playlist(), over_h1.playlist());
    assert_eq!(over_h2.header("etag"), over_h1.header("etag"));
}

#[tokio::test]
async fn many_blocked_requests_share_one_http2_connection() {
    let (server, mut publisher) = Server::with_show().await;
    let client = Client::builder(TokioExecutor::new())
        .http2_only(true)
        .build_http();
    let viewer = server.origin.playlists().viewer("show", "video").unwrap();
    let path = "/live/show/video/media.m3u8?_HLS_msn=11&_HLS_part=1";
    let requests: Vec<_> = (0..100)
        .map(|_| {
            let (client, address) = (client.clone(), server.address);
            tokio::spawn(async move {
                request_by(&client, address, Method::GET, path, &[], Bytes::new()).await
            })
        })
        .collect();
    while viewer.waiting() < 100 {
        tokio::task::yield_now().await;
    }
    publish(&mut publisher, PARTS * 10 + 1..PARTS * 10 + 2);
    for request in requests {
        assert_eq!(request.await.unwrap().status, StatusCode::OK);
    }
    assert_eq!(viewer.waiting(), 0);
}

#[tokio::test]
async fn a_client_that_goes_away_gives_its_seat_back() {
    let (server, mut publisher) = Server::with_show().await;
    let viewer = server.origin.playlists().viewer("show", "video").unwrap();
    let path = "/live/show/video/media.m3u8?_HLS_msn=11&_HLS_part=1";
    let requests: Vec<_> = (0..50)
        .map(|_| {
            let client = Client::builder(TokioExecutor::new()).build_http();
            let address = server.address;
            tokio::spawn(async move {
                request_by(&client, address, Method::GET, path, &[], Bytes::new()).await
            })
        })
        .collect();
    while viewer.waiting() < 50 {
        tokio::task::yield_now().await;
    }
    for request in requests {
        request.abort();
    }
    while viewer.waiting() > 0 {
        tokio::task::yield_now().await;
    }
    publish(&mut publisher, PARTS * 10 + 1..PARTS * 10 + 2);
}

#[tokio::test]
async fn stopping_lets_a_blocked_request_finish() {
    let (server, mut publisher) = Server::with_show().await;
    let viewer = server.origin.playlists().viewer("show", "video").unwrap();
    let client = Client::builder(TokioExecutor::new()).build_http();
    let address = server.address;
    let blocked = tokio::spawn(async move {
        let path = "/live/show/video/media.m3u8?_HLS_msn=11&_HLS_part=1";
        request_by(&client, address, Method::GET, path, &[], Bytes::new()).await
    });
    while viewer.waiting() == 0 {
        tokio::task::yield_now().await;
    }
    let (answer, ()) = tokio::join!(
        async {
            publish(&mut publisher, PARTS * 10 + 1..PARTS * 10 + 2);
            blocked.await.unwrap()
        },
        server.stop(),
    );
    answer.playlist();
}
