use std::time::Duration;

use bytes::Bytes;
use llhls_manifest::{Cut, MediaDuration, Msn};
use playlists::{Coding, Part, Playlists, PublishError, Publisher, RegistryConfig, Removal};

use crate::support::{
    PARTS, at, audio, directives, manifest, name, part, payload, publish, publisher, registry,
    text, video, viewer,
};

#[tokio::test(start_paused = true)]
async fn what_was_published_is_counted_once_also_when_it_is_gone() {
    let config = RegistryConfig::new().removal(Removal::AtOnce);
    let playlists = Playlists::new(config).unwrap();
    let mut publisher = publisher(&playlists);
    publish(&mut publisher, 0..PARTS * 2);
    let bytes: u64 = (0..PARTS * 2).map(|it| payload(it).len() as u64).sum();
    let now = playlists.stats();
    assert_eq!(
        (now.presentations, now.renditions, now.publishers),
        (1, 1, 1)
    );
    assert_eq!(now.names.opened, 1);
    let of = now.renditions_total;
    assert_eq!((of.publish.parts, of.publish.bytes), (PARTS * 2, bytes));
    assert_eq!((of.publish.segments, of.publish.versions), (2, PARTS * 2));
    assert_eq!((of.held_bytes, of.waiting), (bytes, 0));

    // Replaced after its end, then removed: what was counted stays, what is held does not.
    publisher.fin();
    let mut second = playlists
        .publisher(&name("show"), &name("video"), video("e2"))
        .unwrap();
    second.init(Bytes::from_static(b"init"));
    publish(&mut second, 0..PARTS);
    assert_eq!(playlists.stats().renditions_total.publish.parts, PARTS * 3);
    playlists.remove("show");
    let gone = playlists.stats();
    assert_eq!(
        (gone.presentations, gone.renditions, gone.publishers),
        (0, 0, 0)
    );
    let of = gone.renditions_total;
    assert_eq!((of.publish.parts, of.publish.ended), (PARTS * 3, 1));
    assert_eq!((of.held_bytes, gone.names.removed), (0, 1));
    assert!(playlists.rendition_stats("show", "video").is_none());
}

#[test]
fn every_refused_part_is_counted_by_its_reason() {
    let config = RegistryConfig::new().bytes_per_rendition(10_000);
    let playlists = Playlists::new(config).unwrap();
    let mut first = playlists
        .publisher(&name("show"), &name("video"), video("e1"))
        .unwrap();
    let stats = || playlists.rendition_stats("show", "video").unwrap().publish;
    assert!(matches!(first.publish(part(0)), Err(PublishError::NoInit)));
    assert!(matches!(
        first.gap(Duration::from_secs(1)),
        Err(PublishError::NoInit)
    ));
    first.init(Bytes::from_static(b"init"));
    publish(&mut first, 0..PARTS);
    let too_long = Part::new(payload(0), MediaDuration::from_secs(3));
    assert!(first.publish(too_long).is_err());
    let too_large = Part::new(
        Bytes::from(vec![0; 10_001]),
        MediaDuration::from_millis(500),
    );
    assert!(first.publish(too_large.independent()).is_err());
    playlists.fin("show");
    assert!(first.publish(part(PARTS)).is_err());
    let now = stats();
    assert_eq!((now.refused_no_init, now.refused_by_manifest), (2, 1));
    assert_eq!((now.refused_over_budget, now.refused_ended), (1, 1));
    assert_eq!(
        (now.parts, now.refused_superseded, now.refused_gone),
        (PARTS, 0, 0)
    );

    let other = registry();
    let mut stranger = publisher(&other);
    let step = [(&mut stranger, part(0)), (&mut first, part(PARTS))];
    assert!(Publisher::publish_together(step)[1].is_err());
    assert_eq!(stats().refused_elsewhere, 1);
    assert!(Publisher::publish_together(std::iter::empty()).is_empty());
    playlists.remove("show");
    assert!(matches!(
        first.publish(part(PARTS)),
        Err(PublishError::Gone)
    ));
}

#[tokio::test(start_paused = true)]
async fn every_request_that_fails_is_counted_by_its_reason() {
    let config = RegistryConfig::new()
        .waiters(1)
        .bytes_per_rendition(1 << 20);
    let playlists = Playlists::new(config).unwrap();
    let mut publisher = publisher(&playlists);
    publish(&mut publisher, 0..PARTS * 2);
    let viewer = viewer(&playlists);
    let ask = async |query: &str| {
        let _ = viewer.playlist(&directives(query), Coding::Gzip).await;
    };
    ask("_HLS_part=1").await;
    ask("_HLS_msn=9").await;
    ask("_HLS_msn=3&_HLS_part=99").await;
    ask("_HLS_msn=3&_HLS_part=0").await;
    let waiting = tokio::spawn({
        let viewer = viewer.clone();
        async move { viewer.part(at(3, 0)).await }
    });
    while viewer.waiting() == 0 {
        tokio::task::yield_now().await;
    }
    let stats = || playlists.rendition_stats("show", "video").unwrap();
    assert_eq!(stats().waiting, 1);
    ask("_HLS_msn=3&_HLS_part=0").await;
    let _ = viewer.part(at(9, 9)).await;
    let _ = viewer.segment(Msn::new(3));
    let _ = viewer.resource("unknown").await;
    let now = stats().view;
    assert_eq!(
        (
            now.rejected_part_without_msn,
            now.rejected_msn_too_far,
            now.rejected_part_too_far
        ),
        (1, 1, 1)
    );
    assert_eq!((now.timed_out, now.busy, now.not_found), (1, 1, 3));
    publish(&mut publisher, PARTS * 2..PARTS * 2 + 1);
    assert!(waiting.await.unwrap().is_ok());
    assert_eq!(stats().waiting, 0);
}

#[test]
fn publishers_that_are_refused_are_counted_by_their_reason() {
    let config = RegistryConfig::new().renditions(2);
    let playlists = Playlists::new(config).unwrap();
    let _held = publisher(&playlists);
    let open = |rendition: &str, config| {
        let refused = playlists.publisher(&name("show"), &name(rendition), config);
        drop(refused);
    };
    open("video", video("e1"));
    let mut mismatch = audio("e1");
    mismatch.manifest = manifest("e1").target_duration(4);
    open("audio", mismatch);
    open("audio", audio("e1"));
    open("third", audio("e1"));
    let names = playlists.stats().names;
    assert_eq!((names.conflicts, names.misconfigured), (1, 1));
    assert_eq!((names.at_capacity, names.opened), (1, 1));
}

/// An encoder that knows what it lost says so; what comes after it is no discontinuity by itself.
#[tokio::test]
async fn a_publisher_lists_what_it_lost() {
    let playlists = registry();
    let mut publisher = publisher(&playlists);
    publish(&mut publisher, 0..PARTS + 1);
    publisher.gap(Duration::from_millis(1200)).unwrap();
    publisher.publish(part(PARTS * 2).cut(Cut::Before)).unwrap();
    publish(&mut publisher, PARTS * 2 + 1..PARTS * 3);
    let text = text(&viewer(&playlists), "").await;
    assert_eq!(text.matches("GAP=YES").count(), 3, "{text}");
    assert_eq!(text.matches("#EXT-X-GAP\n").count(), 1, "{text}");
    assert_eq!(text.matches("#EXT-X-DISCONTINUITY\n").count(), 0, "{text}");
    assert_eq!(playlists.stats().renditions_total.publish.gap_parts, 3);
    // What was published of the segment before the gap is no gap.
    assert_eq!(
        viewer(&playlists).segment(Msn::new(2)).unwrap(),
        [payload(PARTS)]
    );
}

#[tokio::test(start_paused = true)]
async fn a_stream_tells_its_rates_its_edge_and_how_long_it_is_silent() {
    let playlists = registry();
    let mut publisher = publisher(&playlists);
    assert_eq!(
        playlists.info("show").unwrap().renditions[0].since_part,
        None
    );
    publish(&mut publisher, 0..PARTS * 2 + 1);
    tokio::time::advance(Duration::from_secs(7)).await;
    let show = playlists.info("show").unwrap();
    let video = &show.renditions[0];
    assert_eq!(video.since_part, Some(Duration::from_secs(7)));
    assert!(video.mean_bits_per_second > 0);
    assert!(video.peak_bits_per_second >= video.mean_bits_per_second);
    let edge = video.edge.unwrap();
    assert_eq!((edge.open, edge.open_parts), (Msn::new(3), 1));
    assert!(video.playable && video.publishing && !video.ended);
    assert_eq!(video.stats.publish.parts, PARTS * 2 + 1);
    assert!(playlists.info("none").is_none());
}

#[test]
fn streams_are_told_page_by_page_in_the_order_of_their_names() {
    let playlists = registry();
    let names = ["d", "a", "c", "b", "e"];
    let _publishers: Vec<_> = names
        .iter()
        .map(|it| playlists.publisher(&name(it), &name("video"), video("e1")))
        .collect();
    let page = |after, limit| {
        let page = playlists
            .active_page(after, limit, |name| name.as_str() != "d")
            .into_iter();
        page.map(|it| it.name.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(page(None, 2), ["a", "b"]);
    assert_eq!(page(Some("b"), 1), ["c"]);
    assert_eq!(page(Some("bb"), 9), ["c", "e"], "a name that went");
    assert!(page(Some("e"), 2).is_empty() && page(None, 0).is_empty());
    assert_eq!(playlists.active().len(), 5);
}
