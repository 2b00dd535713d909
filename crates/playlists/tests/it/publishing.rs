use bytes::Bytes;
use llhls_manifest::{MediaDuration, Msn};
use playlists::{
    Ending, Part, Playlists, PublishError, PublisherError, RegistryConfig, RegistryConfigError,
};

use crate::support::{
    PARTS, audio, manifest, name, part, publish, publisher, registry, text, video, viewer,
};

#[test]
fn a_rendition_has_one_publisher_at_a_time() {
    let playlists = registry();
    let first = publisher(&playlists);
    let second = playlists.publisher(&name("show"), &name("video"), video("e2"));
    assert!(matches!(second, Err(PublisherError::Conflict)));
    drop(first);
    assert!(
        playlists
            .publisher(&name("show"), &name("video"), video("e2"))
            .is_ok()
    );
}

#[tokio::test]
async fn a_publisher_that_returns_continues_behind_a_discontinuity() {
    let playlists = registry();
    let mut first = publisher(&playlists);
    publish(&mut first, 0..PARTS * 2);
    drop(first);

    let mut second = playlists
        .publisher(&name("show"), &name("video"), video("other"))
        .unwrap();
    second.init(Bytes::from_static(b"init"));
    publish(&mut second, PARTS * 2..PARTS * 3);
    let text = text(&viewer(&playlists), "").await;
    assert!(text.contains("#EXT-X-MEDIA-SEQUENCE:1\n"), "{text}");
    let (before, after) = text
        .split_once("#EXT-X-DISCONTINUITY\n")
        .expect("a discontinuity");
    assert!(
        before.contains("\ne1-2.m4s\n") && !before.contains("e1-3"),
        "{text}"
    );
    assert!(
        after.contains("\ne1-3.m4s\n"),
        "the numbers did not go on: {text}"
    );
}

#[tokio::test]
async fn other_init_bytes_make_a_new_map_behind_a_discontinuity() {
    let playlists = registry();
    let mut publisher = publisher(&playlists);
    publish(&mut publisher, 0..PARTS);
    let same = publisher.init(Bytes::from_static(b"init"));
    publish(&mut publisher, PARTS..PARTS * 2);
    let other = publisher.init(Bytes::from_static(b"other init"));
    assert_ne!(same, other);
    publish(&mut publisher, PARTS * 2..PARTS * 3);
    let viewer = viewer(&playlists);
    let text = text(&viewer, "").await;
    assert_eq!(text.matches("#EXT-X-MAP:").count(), 2, "{text}");
    assert_eq!(text.matches("#EXT-X-DISCONTINUITY\n").count(), 1, "{text}");
    assert_eq!(viewer.init(same).unwrap(), Bytes::from_static(b"init"));
    assert_eq!(
        viewer.init(other).unwrap(),
        Bytes::from_static(b"other init")
    );
}

#[tokio::test]
async fn init_sections_leave_with_the_last_segment_that_needs_them() {
    let playlists = registry();
    let mut publisher = publisher(&playlists);
    let first = publisher.init(Bytes::from_static(b"init"));
    for round in 0..100 {
        publisher.init(Bytes::from(format!("init {round}")));
        publish(&mut publisher, round * PARTS..(round + 1) * PARTS);
    }
    assert!(
        viewer(&playlists).init(first).is_err(),
        "every init section ever seen is kept"
    );
    text(&viewer(&playlists), "").await;
}

#[tokio::test]
async fn a_stream_published_again_after_its_end_never_reuses_a_number() {
    let playlists = registry();
    let mut first = publisher(&playlists);
    publish(&mut first, 0..PARTS * 2);
    first.fin();
    let ended = viewer(&playlists);
    assert!(text(&ended, "").await.ends_with("#EXT-X-ENDLIST\n"));

    let mut second = playlists
        .publisher(&name("show"), &name("video"), video("e2"))
        .unwrap();
    second.init(Bytes::from_static(b"init"));
    publish(&mut second, 0..PARTS);
    let text = text(&viewer(&playlists), "").await;
    assert!(text.contains("#EXT-X-MEDIA-SEQUENCE:3\n"), "{text}");
    assert!(text.contains("#EXT-X-DISCONTINUITY-SEQUENCE:1\n"), "{text}");
    assert!(text.contains("\ne2-3.m4s\n"), "{text}");
}

#[test]
fn media_needs_an_init_section_first() {
    let playlists = registry();
    let mut publisher = playlists
        .publisher(&name("show"), &name("video"), video("e1"))
        .unwrap();
    assert!(matches!(
        publisher.publish(part(0)),
        Err(PublishError::NoInit)
    ));
}

#[test]
fn a_refused_part_leaves_no_hole() {
    let playlists = registry();
    let mut publisher = publisher(&playlists);
    publish(&mut publisher, 0..2);
    let too_long = Part::new(Bytes::from_static(b"long"), MediaDuration::from_millis(501));
    assert!(matches!(
        publisher.publish(too_long),
        Err(PublishError::Refused(_))
    ));
    publish(&mut publisher, 2..PARTS);
    let segment = viewer(&playlists).segment(Msn::new(1)).unwrap();
    assert_eq!(
        segment,
        (0..PARTS).map(crate::support::payload).collect::<Vec<_>>()
    );
}

#[test]
fn a_bit_rate_over_the_budget_is_refused_rather_than_losing_listed_media() {
    let playlists = Playlists::new(RegistryConfig::new().bytes_per_rendition(64 << 10)).unwrap();
    let mut publisher = publisher(&playlists);
    let mut refused = None;
    for number in 0..PARTS * 10 {
        let bytes = Bytes::from(vec![0; 4 << 10]);
        let part = Part::new(bytes, MediaDuration::from_millis(500)).independent();
        if let Err(error) = publisher.publish(part) {
            refused = Some((number, error));
            break;
        }
    }
    let (number, error) = refused.expect("64 KiB cannot hold ten segments of 16 KiB");
    assert_eq!(number, 16);
    assert!(
        matches!(error, PublishError::OverBudget { limit: 65_536, .. }),
        "{error}"
    );
    assert!(
        viewer(&playlists).segment(Msn::new(1)).is_ok(),
        "listed media was lost"
    );
}

#[test]
fn parts_far_too_short_are_refused_rather_than_losing_listed_ones() {
    let playlists = registry();
    let mut publisher = publisher(&playlists);
    let refused = (0..100_000).find_map(|number| {
        let crumb = Part::new(
            Bytes::from_static(b"crumb"),
            MediaDuration::from_nanos(10_000),
        );
        publisher
            .publish(crumb.independent())
            .err()
            .map(|error| (number, error))
    });
    let (number, error) = refused.expect("a ring has less than 100 000 slots");
    assert!(
        matches!(error, PublishError::TooManyParts { limit } if limit == number),
        "{error}"
    );
}

#[test]
fn no_room_is_an_error_and_costs_nobody_a_stream() {
    let playlists = Playlists::new(RegistryConfig::new().presentations(1).renditions(2)).unwrap();
    let mut live = publisher(&playlists);
    let refused = playlists.publisher(&name("second"), &name("video"), video("e1"));
    assert!(matches!(
        refused,
        Err(PublisherError::AtCapacity { limit: 1 })
    ));
    let _second = playlists
        .publisher(&name("show"), &name("audio"), audio("e1"))
        .unwrap();
    let refused = playlists.publisher(&name("show"), &name("third"), audio("e1"));
    assert!(matches!(
        refused,
        Err(PublisherError::AtCapacity { limit: 2 })
    ));
    publish(&mut live, 0..PARTS);
    assert_eq!(playlists.active().len(), 1);
}

#[test]
fn renditions_of_one_presentation_agree_on_server_control() {
    let playlists = registry();
    let _video = publisher(&playlists);
    let mut other = audio("e1");
    other.manifest = manifest("e1").target_duration(6);
    let refused = playlists.publisher(&name("show"), &name("audio"), other);
    assert!(matches!(refused, Err(PublisherError::Mismatch)));
}

#[tokio::test]
async fn fin_ends_what_somebody_holds_at_once() {
    let playlists = registry();
    assert_eq!(playlists.fin("show"), Ending::Unknown);
    let mut held = publisher(&playlists);
    publish(&mut held, 0..PARTS);
    assert_eq!(playlists.fin("show"), Ending::Done);
    assert!(
        text(&viewer(&playlists), "")
            .await
            .ends_with("#EXT-X-ENDLIST\n")
    );
    assert!(matches!(
        held.publish(part(PARTS)),
        Err(PublishError::Ended)
    ));
    drop(held);
    assert_eq!(playlists.fin("show"), Ending::Done);
    let info = &playlists.active()[0].renditions[0];
    assert!(info.ended && !info.publishing);
}

#[tokio::test]
async fn fin_ends_an_interrupted_stream_at_once() {
    let playlists = registry();
    let mut publisher = publisher(&playlists);
    publish(&mut publisher, 0..PARTS);
    drop(publisher);
    assert_eq!(playlists.fin("show"), Ending::Done);
    assert!(
        text(&viewer(&playlists), "")
            .await
            .ends_with("#EXT-X-ENDLIST\n")
    );
}

#[test]
fn bounds_that_contradict_each_other_are_refused() {
    let error = |config| Playlists::new(config).unwrap_err();
    assert_eq!(
        error(RegistryConfig::new().waiters(0)),
        RegistryConfigError::Zero { bound: "waiters" }
    );
    assert_eq!(
        error(
            RegistryConfig::new()
                .total_bytes(10)
                .bytes_per_rendition(11)
        ),
        RegistryConfigError::RenditionOverTotal {
            rendition: 11,
            total: 10
        }
    );
}
