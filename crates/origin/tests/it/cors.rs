use bytes::Bytes;
use http::{Method, StatusCode};

use crate::client::{Transport, on_every_transport};
use crate::support::Server;

on_every_transport![
    every_answer_may_be_read_by_scripts_of_any_site,
    a_preflight_allows_ranges_and_is_remembered,
];

async fn every_answer_may_be_read_by_scripts_of_any_site(transport: Transport) {
    let (server, _publisher) = Server::with_show_over(transport).await;
    for (path, status) in [
        ("/live/show/video/media.m3u8", StatusCode::OK),
        (
            "/live/show/video/media.m3u8?_HLS_part=1",
            StatusCode::BAD_REQUEST,
        ),
        ("/live/show/video/e1-2.m4s", StatusCode::OK),
        ("/live/show/video/e1-999.m4s", StatusCode::NOT_FOUND),
        ("/live/none/index.m3u8", StatusCode::NOT_FOUND),
    ] {
        let answer = server
            .get_with(path, &[("origin", "https://player.example")])
            .await;
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{path}");
        let exposed = answer.header("access-control-expose-headers");
        for name in ["age", "date", "content-length", "content-range", "etag"] {
            assert!(
                exposed.split(',').any(|header| header == name),
                "{path}: {exposed}"
            );
        }
    }
}

async fn a_preflight_allows_ranges_and_is_remembered(transport: Transport) {
    let (server, _publisher) = Server::with_show_over(transport).await;
    let answer = server
        .request(
            Method::OPTIONS,
            "/live/show/video/e1-2.m4s",
            &[
                ("origin", "https://player.example"),
                ("access-control-request-method", "GET"),
                ("access-control-request-headers", "range"),
            ],
            Bytes::new(),
        )
        .await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    assert!(
        answer
            .header("access-control-allow-headers")
            .contains("range")
    );
    assert_eq!(answer.header("access-control-max-age"), "86400");
}
