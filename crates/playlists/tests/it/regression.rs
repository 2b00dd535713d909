//! Defects of the seed crate (`playlists` 0.1.6), one test each, as a user of the registry meets
//! them. `benches/tests/seed_defects.rs` shows that the seed itself fails the same probes.

use bytes::Bytes;
use llhls_manifest::{MediaDuration, Msn, PushError};
use playlists::{MediaError, Part, PublishError};

use crate::support::{
    PARTS, at, name, part, payload, publish, publisher, registry, text, video, viewer,
};

/// The seed's ring still served the old publisher's bytes under the new publisher's numbers.
#[tokio::test]
async fn seed_1_a_republished_stream_never_serves_old_bytes() {
    let playlists = registry();
    let mut first = publisher(&playlists);
    publish(&mut first, 0..PARTS * 2);
    first.fin();
    let mut second = playlists
        .publisher(&name("show"), &name("video"), video("e2"))
        .unwrap();
    second.init(Bytes::from_static(b"init"));
    let viewer = viewer(&playlists);
    assert!(
        viewer.part(at(1, 0)).await.is_err(),
        "the old stream's part under the new stream"
    );
    second.publish(part(100)).unwrap();
    assert_eq!(viewer.part(at(3, 0)).await.unwrap(), payload(100));
}

/// The seed printed `PART-TARGET=0.20000` beside `DURATION=0.23300`.
#[test]
fn seed_3_a_part_over_the_part_target_is_refused() {
    let playlists = registry();
    let mut publisher = publisher(&playlists);
    let long =
        Part::new(Bytes::from_static(b"long"), MediaDuration::from_millis(583)).independent();
    let refused = publisher.publish(long).unwrap_err();
    assert!(
        matches!(
            refused,
            PublishError::Refused(PushError::PartTooLong { .. })
        ),
        "{refused}"
    );
}

/// The seed printed `TARGETDURATION:2` beside `EXTINF:5.00000`.
#[tokio::test]
async fn seed_4_no_segment_is_longer_than_the_target_duration() {
    let playlists = registry();
    let mut publisher = publisher(&playlists);
    let mut refused = 0;
    for number in 0..20 {
        // A five-second group of pictures: only every tenth part can open a segment.
        let part = Part::new(payload(number), MediaDuration::from_millis(500));
        let part = if number % 10 == 0 {
            part.independent()
        } else {
            part
        };
        refused += u32::from(publisher.publish(part).is_err());
    }
    assert!(
        refused > 0,
        "five seconds without a key frame went into two-second segments"
    );
    let text = text(&viewer(&playlists), "").await;
    for line in text
        .lines()
        .filter_map(|line| line.strip_prefix("#EXTINF:"))
    {
        let seconds: f64 = line.trim_end_matches(',').parse().unwrap();
        assert!(seconds.round() <= 2.0, "{text}");
    }
}

/// With more parts in a segment than a fixed grid had room for, the seed's playlist froze.
#[tokio::test]
async fn seed_6_a_segment_takes_as_many_parts_as_it_has() {
    let playlists = registry();
    let mut publisher = publisher(&playlists);
    // Parts of 100 ms: 20 to a segment where 4 are usual.
    for number in 0..400 {
        let part = Part::new(payload(number), MediaDuration::from_millis(100)).independent();
        publisher.publish(part).unwrap();
        let newest = viewer(&playlists).edge().unwrap().last_part.unwrap();
        assert_eq!(
            viewer(&playlists).part(newest).await.unwrap(),
            payload(number)
        );
    }
    assert!(viewer(&playlists).segment(Msn::new(12)).unwrap().len() > 4 * PARTS as usize);
}

/// The seed answered "evicted" and "not yet" with the same `None`.
#[tokio::test(start_paused = true)]
async fn seed_7_evicted_and_future_are_told_apart() {
    let playlists = registry();
    let mut publisher = publisher(&playlists);
    publish(&mut publisher, 0..PARTS * 40);
    tokio::time::advance(std::time::Duration::from_secs(80)).await;
    publish(&mut publisher, PARTS * 40..PARTS * 80);
    let viewer = viewer(&playlists);
    assert_eq!(
        viewer.part(at(1, 0)).await.unwrap_err(),
        MediaError::Expired
    );
    assert_eq!(
        viewer.part(at(500, 0)).await.unwrap_err(),
        MediaError::NotFound
    );
}
