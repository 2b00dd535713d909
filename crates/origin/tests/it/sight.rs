//! What operators and their machines see.

use http::StatusCode;
use origin::Server as HttpServer;
use origin::sight::operations;
use tokio::net::TcpListener;

use crate::support::Server;

#[tokio::test]
async fn metrics_are_for_operators_and_health_is_for_everybody() {
    let (server, _publisher) = Server::with_show().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = HttpServer::new(operations(&server.origin)).listen(listener);
    tokio::spawn(app.run(std::future::pending()));

    assert_eq!(server.get("/metrics").await.status, StatusCode::NOT_FOUND);
    for path in ["/healthz", "/readyz"] {
        assert_eq!(server.get(path).await.status, StatusCode::OK, "{path}");
        assert_eq!(
            server.get_from(address, path).await.status,
            StatusCode::OK,
            "{path}"
        );
    }
    let sid = "CMCD=sid%3D%22somebody%22";
    for _ in 0..3 {
        let path = format!("/live/show/video/media.m3u8?{sid}");
        assert_eq!(server.get(&path).await.status, StatusCode::OK);
    }
    assert_eq!(
        server.get("/live/none/index.m3u8").await.status,
        StatusCode::NOT_FOUND
    );

    let metrics = server.get_from(address, "/metrics").await;
    assert!(
        metrics
            .header("content-type")
            .starts_with("application/openmetrics-text")
    );
    let text = std::str::from_utf8(&metrics.body).unwrap();
    for line in [
        "llhls_viewers{stream=\"show\"} 1.0",
        "llhls_http_requests_total{kind=\"playlist\",status=\"200\"} 3",
        "llhls_http_requests_total{kind=\"multivariant\",status=\"404\"} 1",
        "llhls_http_requests_under_way{kind=\"playlist\"} 0.0",
        "llhls_streams 1.0",
    ] {
        assert!(text.lines().any(|it| it == line), "{line}\n{text}");
    }

    let streams = server.get_from(address, "/api/streams").await;
    let streams: serde_json::Value = serde_json::from_slice(&streams.body).unwrap();
    let show = &streams["streams"][0];
    assert_eq!(
        (show["name"].as_str(), show["state"].as_str()),
        (Some("show"), Some("live"))
    );
    assert_eq!(show["viewers"], 1);
    assert!(show["renditions"][0]["parts"].as_u64().unwrap() > 0);
    assert!(show["renditions"][0]["age"].is_u64());

    server.origin.leave();
    let ready = server.get_from(address, "/readyz").await;
    assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(
        server.get_from(address, "/healthz").await.status,
        StatusCode::OK
    );
}

/// A request that is given up is no longer under way.
#[tokio::test]
async fn a_blocked_request_is_seen_while_it_waits_and_not_after() {
    let (server, publisher) = Server::with_show().await;
    let operators = HttpServer::new(operations(&server.origin));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(operators.listen(listener).run(std::future::pending()));
    let under_way = async || {
        let metrics = server.get_from(address, "/metrics").await;
        let prefix = "llhls_http_requests_under_way{kind=\"playlist\"} ";
        let text = std::str::from_utf8(&metrics.body).unwrap();
        let value = text.lines().find_map(|line| line.strip_prefix(prefix));
        value.unwrap().to_owned()
    };
    let mut blocked = Box::pin(server.get("/live/show/video/media.m3u8?_HLS_msn=12"));
    let seen = async {
        while under_way().await != "1.0" {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        answer = &mut blocked => panic!("it did not block: {answer:?}"),
        () = seen => {}
    }
    // Its connection is closed with it.
    drop(blocked);
    while under_way().await != "0.0" {
        tokio::task::yield_now().await;
    }
    drop(publisher);
}
