use std::io::Read as _;

use playlists::Coding;

use crate::support::{PARTS, directives, publish, publisher, registry, text, viewer};

#[tokio::test]
async fn gzip_decodes_to_the_identity_form() {
    let playlists = registry();
    let mut publisher = publisher(&playlists);
    publish(&mut publisher, 0..PARTS * 3);
    let viewer = viewer(&playlists);
    let identity = viewer
        .playlist(&directives(""), Coding::Identity)
        .await
        .unwrap();
    let gzip = viewer
        .playlist(&directives(""), Coding::Gzip)
        .await
        .unwrap();
    let mut decoded = Vec::new();
    flate2::read::GzDecoder::new(&gzip.bytes[..])
        .read_to_end(&mut decoded)
        .unwrap();
    assert_eq!(decoded, identity.bytes);
    assert_ne!(gzip.etag, identity.etag);
}

#[tokio::test]
async fn a_version_is_written_once_and_shared_by_all() {
    let playlists = registry();
    let mut publisher = publisher(&playlists);
    publish(&mut publisher, 0..PARTS * 20);
    let viewer = viewer(&playlists);
    for (query, coding) in [
        ("", Coding::Identity),
        ("", Coding::Gzip),
        ("_HLS_skip=YES", Coding::Identity),
        ("_HLS_skip=YES", Coding::Gzip),
    ] {
        let one = viewer.playlist(&directives(query), coding).await.unwrap();
        let two = viewer.playlist(&directives(query), coding).await.unwrap();
        assert_eq!(one.bytes.as_ptr(), two.bytes.as_ptr(), "{query} {coding:?}");
    }
}

#[tokio::test]
async fn a_delta_is_served_only_where_something_can_be_skipped() {
    let playlists = registry();
    let mut publisher = publisher(&playlists);
    let viewer = viewer(&playlists);
    // Skippable is what lies more than 6 × 2 s before the end of the last complete segment.
    publish(&mut publisher, 0..PARTS * 6);
    let short = text(&viewer, "_HLS_skip=YES").await;
    assert!(!short.contains("#EXT-X-SKIP"), "{short}");
    publish(&mut publisher, PARTS * 6..PARTS * 10);
    let long = text(&viewer, "_HLS_skip=YES").await;
    assert!(long.contains("#EXT-X-SKIP:SKIPPED-SEGMENTS=3"), "{long}");
}
