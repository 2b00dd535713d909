use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{Method, StatusCode};
use llhls::registry::RegistryConfig;
use origin::{Limits, OriginConfig};

use crate::client::{Transport, on_every_transport};
use crate::support::{PARTS, Server, audio, payload, publish, video};

on_every_transport![
    every_kind_of_answer_has_the_profile_s_lifetime,
    playlists_come_before_media_and_all_media_is_alike,
    nothing_redirects_and_nothing_claims_an_age,
    media_types_follow_the_rendition,
    a_known_version_still_blocks_and_only_the_released_one_is_304,
    lists_of_tags_and_weak_ones_are_understood,
    a_playlist_tells_how_old_its_newest_part_is,
    a_wait_that_takes_too_long_is_503,
    removal_answers_whoever_waits_at_once,
    a_hint_that_is_given_up_is_404_at_that_moment,
    options_cost_nothing_and_other_methods_are_told_what_goes,
    a_body_is_refused_and_never_read,
    all_waiters_get_the_same_bytes,
    part_and_playlist_are_there_together,
];

const PLAYLIST: &str = "/live/show/video/media.m3u8";

/// HTTP-05, HTTP-21, UP-14: the table, row by row.
async fn every_kind_of_answer_has_the_profile_s_lifetime(transport: Transport) {
    let (server, _publisher) = Server::with_show_over(transport).await;
    for (path, status, lifetime) in [
        ("video/media.m3u8", 200, "public, max-age=1"),
        ("video/media.m3u8?_HLS_skip=YES", 200, "public, max-age=1"),
        ("video/media.m3u8?_HLS_msn=5", 200, "public, max-age=12"),
        (
            "video/media.m3u8?_HLS_msn=11&_HLS_part=0",
            200,
            "public, max-age=12",
        ),
        ("index.m3u8", 200, "public, max-age=1"),
        ("video/e1-10.2.m4s", 200, "public, max-age=3600, immutable"),
        ("video/e1-5.m4s", 200, "public, max-age=3600, immutable"),
        ("video/e1-init0.mp4", 200, "public, max-age=3600, immutable"),
        ("video/media.m3u8?_HLS_msn=99", 400, "no-store"),
        ("video/media.m3u8?_HLS_part=1", 400, "no-store"),
        ("none/media.m3u8", 404, "public, max-age=2"),
        ("none/media.m3u8?_HLS_msn=5", 404, "public, max-age=8"),
        ("video/e1-11.3.m4s", 404, "public, max-age=1"),
        ("video/anything", 404, "public, max-age=1"),
    ] {
        let answer = server.get(&format!("/live/show/{path}")).await;
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(answer.header("cache-control"), lifetime, "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{path}");
    }
}

/// HTTP-02: urgency by RFC 9218.
async fn playlists_come_before_media_and_all_media_is_alike(transport: Transport) {
    let (server, _publisher) = Server::with_show_over(transport).await;
    let mut sound = server.publisher("audio", audio());
    publish(&mut sound, 0..PARTS * 10);
    for (path, urgency) in [
        ("index.m3u8", "u=1"),
        ("video/media.m3u8", "u=1"),
        ("video/media.m3u8?_HLS_msn=3", "u=1"),
        ("video/e1-5.m4s", "u=3"),
        ("video/e1-10.1.m4s", "u=3"),
        ("audio/e1-10.1.m4s", "u=3"),
    ] {
        let answer = server.get(&format!("/live/show/{path}")).await;
        assert_eq!(answer.header("priority"), urgency, "{path}");
    }
}

/// HTTP-06, HTTP-13, HTTP-15.
async fn nothing_redirects_and_nothing_claims_an_age(transport: Transport) {
    let (server, _publisher) = Server::with_show_over(transport).await;
    for path in [
        "/live",
        "/live/",
        "/live/show",
        "/live/show/",
        "/live/show/index.m3u8",
        "/live/show/index.m3u8/",
        "/live/show/video/",
        "/live/show/video/media.m3u8",
        "/live/show/video/e1-5.m4s",
        "//live/show/index.m3u8",
    ] {
        let answer = server.get(path).await;
        assert!(!answer.status.is_redirection(), "{path}: {}", answer.status);
        assert_eq!(answer.header("age"), "", "{path}");
        assert_eq!(answer.header("last-modified"), "", "{path}");
        assert!(!answer.header("date").is_empty(), "{path}");
    }
}

/// HTTP-11.
async fn media_types_follow_the_rendition(transport: Transport) {
    let (server, _publisher) = Server::with_show_over(transport).await;
    let mut sound = server.publisher("audio", audio());
    publish(&mut sound, 0..PARTS * 10);
    for (path, kind) in [
        ("index.m3u8", "application/vnd.apple.mpegurl"),
        ("video/media.m3u8", "application/vnd.apple.mpegurl"),
        ("video/e1-init0.mp4", "video/mp4"),
        ("video/e1-5.m4s", "video/mp4"),
        ("audio/e1-init0.mp4", "audio/mp4"),
        ("audio/e1-10.1.m4s", "audio/mp4"),
        ("none/media.m3u8", "text/plain; charset=utf-8"),
    ] {
        let answer = server.get(&format!("/live/show/{path}")).await;
        assert_eq!(answer.header("content-type"), kind, "{path}");
    }
}

/// HTTP-09, AMB-26: the condition is about the version that comes out of the wait.
async fn a_known_version_still_blocks_and_only_the_released_one_is_304(transport: Transport) {
    let (server, mut publisher) = Server::with_show_over(transport).await;
    let viewer = server.origin.playlists().viewer("show", "video").unwrap();
    let known = server.get(PLAYLIST).await.header("etag").to_owned();
    let blocking = format!("{PLAYLIST}?_HLS_msn=11&_HLS_part=1");
    let headers = [("if-none-match", known.as_str())];
    let (answer, ()) = tokio::join!(server.get_with(&blocking, &headers), async {
        while viewer.waiting() == 0 {
            tokio::task::yield_now().await;
        }
        publish(&mut publisher, PARTS * 10 + 1..PARTS * 10 + 2);
    });
    assert_eq!(answer.status, StatusCode::OK);
    let released = answer.header("etag");
    assert_ne!(released, known);
    let again = server
        .get_with(&blocking, &[("if-none-match", released)])
        .await;
    assert_eq!(again.status, StatusCode::NOT_MODIFIED);
    assert_eq!(again.header("cache-control"), "public, max-age=12");
    assert_eq!(again.header("vary"), "accept-encoding");
}

async fn lists_of_tags_and_weak_ones_are_understood(transport: Transport) {
    let (server, _publisher) = Server::with_show_over(transport).await;
    for path in [PLAYLIST, "/live/show/video/e1-5.m4s"] {
        let tag = server.get(path).await.header("etag").to_owned();
        for condition in [
            format!("\"a\", {tag}"),
            format!("W/{tag}"),
            format!("\"a\",W/\"b\" , W/{tag}"),
            "*".to_owned(),
        ] {
            let answer = server
                .get_with(path, &[("if-none-match", &condition)])
                .await;
            assert_eq!(
                answer.status,
                StatusCode::NOT_MODIFIED,
                "{path}: {condition}"
            );
        }
        for condition in ["\"a\", \"b\"", "nonsense"] {
            let answer = server.get_with(path, &[("if-none-match", condition)]).await;
            assert_eq!(answer.status, StatusCode::OK, "{path}: {condition}");
        }
        // A weak tag never makes a range of one representation out of another (RFC 9110 §13.1.5).
        let weak = format!("W/{tag}");
        let headers = [("range", "bytes=0-1"), ("if-range", weak.as_str())];
        assert_eq!(server.get_with(path, &headers).await.status, StatusCode::OK);
    }
}

async fn a_playlist_tells_how_old_its_newest_part_is(transport: Transport) {
    let before = SystemTime::now();
    let (server, mut publisher) = Server::with_show_over(transport).await;
    let first = server.get(PLAYLIST).await;
    assert_eq!(first.header("llhls-last-part"), "11.0");
    let updated: u64 = first.header("llhls-last-updated").parse().unwrap();
    let updated = UNIX_EPOCH + Duration::from_millis(updated + 1);
    assert!(before <= updated && updated <= SystemTime::now() + Duration::from_millis(1));
    let again = server.get(PLAYLIST).await;
    assert_eq!(
        again.header("llhls-last-updated"),
        first.header("llhls-last-updated")
    );
    publish(&mut publisher, PARTS * 10 + 1..PARTS * 10 + 2);
    assert_eq!(server.get(PLAYLIST).await.header("llhls-last-part"), "11.1");
}

/// SRV-10, HINT-05: with an operator's cap below three target durations, so that nobody waits.
async fn a_wait_that_takes_too_long_is_503(transport: Transport) {
    let patience = RegistryConfig::new().longest_block(Duration::from_millis(20));
    let config = OriginConfig::new().registry(patience);
    let server = Server::with(transport, Limits::new(), config).await;
    let mut publisher = server.publisher("video", video());
    publish(&mut publisher, 0..PARTS * 10 + 1);
    for path in [
        "/live/show/video/media.m3u8?_HLS_msn=11",
        "/live/show/video/media.m3u8?_HLS_msn=11&_HLS_part=1",
        "/live/show/video/e1-11.1.m4s",
    ] {
        let answer = server.get(path).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        assert_eq!(answer.header("retry-after"), "1", "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{path}");
    }
}

/// SRV-24.
async fn removal_answers_whoever_waits_at_once(transport: Transport) {
    let (server, _publisher) = Server::with_show_over(transport).await;
    let viewer = server.origin.playlists().viewer("show", "video").unwrap();
    let (playlist, part, ()) = tokio::join!(
        server.get("/live/show/video/media.m3u8?_HLS_msn=11&_HLS_part=1"),
        server.get("/live/show/video/e1-11.1.m4s"),
        async {
            while viewer.waiting() < 2 {
                tokio::task::yield_now().await;
            }
            server.origin.playlists().remove("show");
        },
    );
    assert_eq!(playlist.status, StatusCode::NOT_FOUND);
    assert_eq!(part.status, StatusCode::NOT_FOUND);
    assert_eq!(playlist.header("cache-control"), "public, max-age=4");
}

/// HINT-04.
async fn a_hint_that_is_given_up_is_404_at_that_moment(transport: Transport) {
    let (server, publisher) = Server::with_show_over(transport).await;
    let viewer = server.origin.playlists().viewer("show", "video").unwrap();
    let (answer, ()) = tokio::join!(server.get("/live/show/video/e1-11.1.m4s"), async {
        while viewer.waiting() == 0 {
            tokio::task::yield_now().await;
        }
        publisher.fin();
    });
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert_eq!(answer.header("cache-control"), "public, max-age=1");
    let later = server.get("/live/show/video/e1-11.1.m4s").await;
    assert_eq!(later.status, StatusCode::NOT_FOUND);
}

/// HTTP-20.
async fn options_cost_nothing_and_other_methods_are_told_what_goes(transport: Transport) {
    let server = Server::over(transport).await;
    let options = server
        .request(Method::OPTIONS, PLAYLIST, &[], Bytes::new())
        .await;
    assert_eq!(options.status, StatusCode::NO_CONTENT);
    assert_eq!(options.header("allow"), "GET, HEAD, OPTIONS");
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
        let answer = server.request(method, PLAYLIST, &[], Bytes::new()).await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(answer.header("allow"), "GET, HEAD, OPTIONS");
        assert_eq!(answer.header("access-control-allow-origin"), "*");
    }
}

async fn a_body_is_refused_and_never_read(transport: Transport) {
    let (server, _publisher) = Server::with_show_over(transport).await;
    let body = Bytes::from(vec![0; 1024]);
    let answer = server.request(Method::GET, PLAYLIST, &[], body).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
}

/// SRV-17.
async fn all_waiters_get_the_same_bytes(transport: Transport) {
    let (server, mut publisher) = Server::with_show_over(transport).await;
    let viewer = server.origin.playlists().viewer("show", "video").unwrap();
    let requests: Vec<_> = (0..50)
        .map(|_| {
            let client = server.client();
            let path = format!("{PLAYLIST}?_HLS_msn=11&_HLS_part=1");
            tokio::spawn(async move { client.get(&path).await })
        })
        .collect();
    while viewer.waiting() < 50 {
        tokio::task::yield_now().await;
    }
    publish(&mut publisher, PARTS * 10 + 1..PARTS * 10 + 2);
    let mut bodies = Vec::new();
    for request in requests {
        let answer = request.await.unwrap();
        bodies.push((answer.header("etag").to_owned(), answer.body));
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1);
}

/// HINT-06: whoever was told of a part can fetch it, and whoever waited for either is answered by
/// the same publication.
async fn part_and_playlist_are_there_together(transport: Transport) {
    let (server, mut publisher) = Server::with_show_over(transport).await;
    let viewer = server.origin.playlists().viewer("show", "video").unwrap();
    let (playlist, part, ()) = tokio::join!(
        server.get("/live/show/video/media.m3u8?_HLS_msn=11&_HLS_part=1"),
        server.get("/live/show/video/e1-11.1.m4s"),
        async {
            while viewer.waiting() < 2 {
                tokio::task::yield_now().await;
            }
            publish(&mut publisher, PARTS * 10 + 1..PARTS * 10 + 2);
        },
    );
    assert!(playlist.playlist().contains("URI=\"e1-11.1.m4s\""));
    assert_eq!(part.body, payload(PARTS * 10 + 1));
    assert_eq!(viewer.waiting(), 0);
}
