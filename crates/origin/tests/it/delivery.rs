use std::io::Read as _;

use bytes::Bytes;
use http::{Method, StatusCode};

use crate::client::{Transport, on_every_transport};
use crate::support::{PARTS, Server, audio, payload, publish, video};

on_every_transport![
    a_playlist_says_what_it_is_and_how_long_it_is_good,
    a_blocked_request_is_answered_by_the_part_it_waits_for,
    the_hinted_part_is_held_until_it_is_there,
    directives_fail_with_400_and_are_not_cached,
    a_finished_stream_ignores_directives,
    gzip_is_sent_to_those_who_take_it_under_a_tag_of_its_own,
    an_unchanged_resource_is_304,
    a_segment_is_its_parts_and_answers_ranges,
    head_is_get_without_a_body_and_other_methods_are_405,
    what_is_not_there_is_404_with_a_reason,
    the_multivariant_playlist_lists_what_is_published,
    the_first_request_waits_for_a_stream_that_is_starting,
    the_page_is_in_the_binary,
    the_player_library_that_the_build_found_is_served_with_its_licence,
];

const PLAYLIST: &str = "/live/show/video/media.m3u8";

async fn a_playlist_says_what_it_is_and_how_long_it_is_good(transport: Transport) {
    let (server, _publisher) = Server::with_show_over(transport).await;
    let answer = server.get(PLAYLIST).await;
    assert_eq!(
        answer.header("content-type"),
        "application/vnd.apple.mpegurl"
    );
    assert_eq!(answer.header("cache-control"), "public, max-age=1");
    assert_eq!(answer.header("vary"), "accept-encoding");
    assert_eq!(
        answer.header("content-length"),
        answer.body.len().to_string()
    );
    assert!(
        answer
            .playlist()
            .contains("#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"e1-11.1.m4s\"")
    );

    let blocking = server
        .get("/live/show/video/media.m3u8?_HLS_msn=11&_HLS_part=0")
        .await;
    assert_eq!(blocking.header("cache-control"), "public, max-age=12");
    assert_eq!(blocking.playlist(), answer.playlist());
}

async fn a_blocked_request_is_answered_by_the_part_it_waits_for(transport: Transport) {
    let (server, mut publisher) = Server::with_show_over(transport).await;
    let viewer = server.origin.playlists().viewer("show", "video").unwrap();
    let (answer, ()) = tokio::join!(
        server.get("/live/show/video/media.m3u8?_HLS_msn=11&_HLS_part=1&_HLS_skip=YES"),
        async {
            while viewer.waiting() == 0 {
                tokio::task::yield_now().await;
            }
            publish(&mut publisher, PARTS * 10 + 1..PARTS * 10 + 2);
        }
    );
    let text = answer.playlist();
    assert!(text.contains("URI=\"e1-11.1.m4s\""), "{text}");
    assert!(text.contains("#EXT-X-SKIP:SKIPPED-SEGMENTS="), "{text}");
    assert!(
        !text.contains("_HLS_"),
        "a directive leaked into a URI: {text}"
    );
}

async fn the_hinted_part_is_held_until_it_is_there(transport: Transport) {
    let (server, mut publisher) = Server::with_show_over(transport).await;
    let viewer = server.origin.playlists().viewer("show", "video").unwrap();
    let (answer, ()) = tokio::join!(server.get("/live/show/video/e1-11.1.m4s"), async {
        while viewer.waiting() == 0 {
            tokio::task::yield_now().await;
        }
        publish(&mut publisher, PARTS * 10 + 1..PARTS * 10 + 2);
    });
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.body, payload(PARTS * 10 + 1));
}

async fn directives_fail_with_400_and_are_not_cached(transport: Transport) {
    let (server, _publisher) = Server::with_show_over(transport).await;
    for query in [
        "_HLS_part=0",
        "_HLS_msn=x",
        "_HLS_msn=",
        "_HLS_msn=-1",
        "_HLS_msn=1&_HLS_msn=2",
        "_HLS_msn=18446744073709551616",
        "_HLS_msn=13",
        "_HLS_msn=11&_HLS_part=99",
    ] {
        let answer = server.get(&format!("{PLAYLIST}?{query}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
        assert_eq!(answer.header("cache-control"), "no-store", "{query}");
        assert!(!answer.body.is_empty(), "{query}: no reason given");
    }
    for query in [
        "_HLS_msn=1",
        "_HLS_msn=5&_HLS_part=99",
        "_HLS_skip=maybe",
        "a=b&_HLS_x=1",
    ] {
        server.get(&format!("{PLAYLIST}?{query}")).await.playlist();
    }
}

async fn a_finished_stream_ignores_directives(transport: Transport) {
    let (server, publisher) = Server::with_show_over(transport).await;
    publisher.fin();
    for query in ["", "_HLS_msn=99999", "_HLS_part=3", "_HLS_msn=x"] {
        let answer = server.get(&format!("{PLAYLIST}?{query}")).await;
        assert!(answer.playlist().ends_with("#EXT-X-ENDLIST\n"), "{query}");
    }
}

async fn gzip_is_sent_to_those_who_take_it_under_a_tag_of_its_own(transport: Transport) {
    let (server, _publisher) = Server::with_show_over(transport).await;
    let identity = server.get(PLAYLIST).await;
    let gzip = server
        .get_with(PLAYLIST, &[("accept-encoding", "gzip")])
        .await;
    assert_eq!(gzip.header("content-encoding"), "gzip");
    assert_ne!(gzip.header("etag"), identity.header("etag"));
    let mut decoded = Vec::new();
    flate2::read::GzDecoder::new(&gzip.body[..])
        .read_to_end(&mut decoded)
        .unwrap();
    assert_eq!(decoded, identity.body);

    let refused = server
        .get_with(PLAYLIST, &[("accept-encoding", "gzip;q=0")])
        .await;
    assert_eq!(refused.header("content-encoding"), "");
}

async fn an_unchanged_resource_is_304(transport: Transport) {
    let (server, _publisher) = Server::with_show_over(transport).await;
    for path in [
        PLAYLIST,
        "/live/show/video/e1-5.m4s",
        "/live/show/video/e1-10.2.m4s",
    ] {
        let first = server.get(path).await;
        let tag = first.header("etag");
        assert!(tag.starts_with('"'), "{path}: not a strong tag: {tag}");
        let second = server.get_with(path, &[("if-none-match", tag)]).await;
        assert_eq!(second.status, StatusCode::NOT_MODIFIED, "{path}");
        assert!(second.body.is_empty());
        assert_eq!(second.header("etag"), tag);
        assert_eq!(
            second.header("cache-control"),
            first.header("cache-control")
        );
        let other = server
            .get_with(path, &[("if-none-match", "\"other\"")])
            .await;
        assert_eq!(other.status, StatusCode::OK, "{path}");
    }
}

async fn a_segment_is_its_parts_and_answers_ranges(transport: Transport) {
    let (server, _publisher) = Server::with_show_over(transport).await;
    let path = "/live/show/video/e1-2.m4s";
    let whole: Vec<u8> = (PARTS..PARTS * 2)
        .flat_map(|number| payload(number).to_vec())
        .collect();
    let answer = server.get(path).await;
    assert_eq!(answer.body, whole);
    assert_eq!(answer.header("content-type"), "video/mp4");
    assert_eq!(answer.header("accept-ranges"), "bytes");
    assert!(answer.header("cache-control").contains("immutable"));
    assert_eq!(answer.header("content-length"), whole.len().to_string());

    for (range, expected) in [
        ("bytes=0-9", &whole[..10]),
        ("bytes=30-69", &whole[30..70]),
        ("bytes=-5", &whole[whole.len() - 5..]),
    ] {
        let part = server.get_with(path, &[("range", range)]).await;
        assert_eq!(part.status, StatusCode::PARTIAL_CONTENT, "{range}");
        assert_eq!(part.body, expected, "{range}");
        assert!(
            part.header("content-range")
                .ends_with(&format!("/{}", whole.len())),
            "{range}"
        );
    }
    let beyond = server.get_with(path, &[("range", "bytes=9999-")]).await;
    assert_eq!(beyond.status, StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(
        beyond.header("content-range"),
        format!("bytes */{}", whole.len())
    );
    let stale = server
        .get_with(path, &[("range", "bytes=0-9"), ("if-range", "\"x\"")])
        .await;
    assert_eq!(stale.status, StatusCode::OK);
    let on_playlist = server.get_with(PLAYLIST, &[("range", "bytes=0-9")]).await;
    assert_eq!(
        on_playlist.status,
        StatusCode::OK,
        "a range on a playlist is ignored"
    );
}

async fn head_is_get_without_a_body_and_other_methods_are_405(transport: Transport) {
    let (server, _publisher) = Server::with_show_over(transport).await;
    for path in [
        PLAYLIST,
        "/live/show/video/e1-2.m4s",
        "/live/show/index.m3u8",
        "/api/streams",
    ] {
        let get = server.get(path).await;
        let head = server.request(Method::HEAD, path, &[], Bytes::new()).await;
        assert_eq!(head.status, get.status, "{path}");
        assert!(head.body.is_empty(), "{path}");
        for name in ["content-type", "cache-control", "etag"] {
            assert_eq!(head.header(name), get.header(name), "{path}: {name}");
        }
        // The list tells ages: a moment later it may have a digit more.
        if path != "/api/streams" {
            assert_eq!(head.header("content-length"), get.header("content-length"));
        }
        let delete = server
            .request(Method::DELETE, path, &[], Bytes::new())
            .await;
        assert_eq!(delete.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
    }
}

async fn what_is_not_there_is_404_with_a_reason(transport: Transport) {
    let (server, _publisher) = Server::with_show_over(transport).await;
    for path in [
        "/nothing",
        "/live/other/index.m3u8",
        "/live/other/video/media.m3u8",
        "/live/show/other/media.m3u8",
        "/live/show/video/e1-11.2.m4s",
        "/live/show/video/e1-99.m4s",
        "/live/show/video/e2-1.m4s",
        "/live/show/video/..%2f..%2fetc",
        "/live/show/video/e1-1.m4s%00",
    ] {
        let answer = server.get(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert!(!answer.body.is_empty(), "{path}");
    }
}

async fn the_multivariant_playlist_lists_what_is_published(transport: Transport) {
    let (server, _video) = Server::with_show_over(transport).await;
    let mut sound = server.publisher("audio", audio());
    publish(&mut sound, 0..PARTS * 10 + 1);
    let answer = server.get("/live/show/index.m3u8").await;
    let text = std::str::from_utf8(&answer.body).unwrap();
    playlist_oracle::assert_multivariant(text);
    assert!(text.contains("RESOLUTION=1280x720"), "{text}");
    assert!(text.contains("URI=\"audio/media.m3u8\""), "{text}");

    // A report names exactly the playlist that the multivariant playlist names (LL-25).
    let of_audio = server.get("/live/show/audio/media.m3u8").await;
    assert!(of_audio.playlist().contains("URI=\"../video/media.m3u8\""));
    assert_eq!(
        server
            .get("/live/show/audio/e1-2.m4s")
            .await
            .header("content-type"),
        "audio/mp4"
    );

    let streams: serde_json::Value =
        serde_json::from_slice(&server.get("/api/streams").await.body).unwrap();
    assert_eq!(streams["streams"][0]["url"], "/live/show/index.m3u8");
    assert_eq!(
        streams["streams"][0]["renditions"][0]["resolution"],
        "1280x720"
    );
    assert_eq!(streams["streams"][0]["renditions"][1]["kind"], "audio");
}

async fn the_first_request_waits_for_a_stream_that_is_starting(transport: Transport) {
    let server = Server::over(transport).await;
    let mut publisher = server.publisher("video", video());
    let viewer = server.origin.playlists().viewer("show", "video").unwrap();
    let (index, playlist, ()) = tokio::join!(
        server.get("/live/show/index.m3u8"),
        server.get(PLAYLIST),
        async {
            while viewer.waiting() < 2 {
                tokio::task::yield_now().await;
            }
            publish(&mut publisher, 0..PARTS);
        }
    );
    assert_eq!(index.status, StatusCode::OK);
    assert!(playlist.playlist().contains("\ne1-1.m4s\n"));
}

async fn the_page_is_in_the_binary(transport: Transport) {
    let server = Server::over(transport).await;
    let page = server.get("/").await;
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    let text = String::from_utf8(page.body.to_vec()).unwrap();
    for path in [
        "/player.css",
        "/player.js",
        "/icon.svg",
        "/player/engine.js",
    ] {
        assert_eq!(server.get(path).await.status, StatusCode::OK, "{path}");
    }
    assert!(text.contains("player.js"));
}

async fn the_player_library_that_the_build_found_is_served_with_its_licence(transport: Transport) {
    let server = Server::over(transport).await;
    let plain = server.get("/hls.js").await;
    if !cfg!(player_library) {
        // Built without `npm ci`.
        assert_eq!(plain.status, StatusCode::NOT_FOUND);
        return;
    }
    assert_eq!(plain.status, StatusCode::OK);
    assert_eq!(
        plain.header("content-type"),
        "text/javascript; charset=utf-8"
    );
    assert_eq!(plain.header("link"), "</hls.js/LICENSE>; rel=\"license\"");
    let gzip = server
        .get_with("/hls.js", &[("accept-encoding", "gzip")])
        .await;
    assert_eq!(gzip.header("content-encoding"), "gzip");
    assert!(gzip.body.len() * 2 < plain.body.len());
    let mut text = Vec::new();
    flate2::read::GzDecoder::new(&gzip.body[..])
        .read_to_end(&mut text)
        .unwrap();
    assert_eq!(text, plain.body);
    let tag = plain.header("etag");
    let again = server.get_with("/hls.js", &[("if-none-match", tag)]).await;
    assert_eq!(again.status, StatusCode::NOT_MODIFIED);
    assert!(again.body.is_empty());
    let licence = server.get("/hls.js/LICENSE").await;
    assert!(licence.body.starts_with(b"Copyright (c) 2017 Dailymotion"));
}
