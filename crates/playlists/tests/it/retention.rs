use std::time::Duration;

use bytes::Bytes;
use llhls_manifest::{InitVersion, MediaDuration, Msn};
use playlists::{
    MediaError, OnConflict, Part, PlaylistError, Playlists, PublishError, PublisherError,
    RegistryConfig, RegistryConfigError, Removal,
};
use tokio::time::{Instant, advance, sleep_until};

use crate::support::{
    PARTS, at, audio, manifest, name, part, publish, publisher, text, video, viewer,
};

const MILLI: Duration = Duration::from_millis(1);
const PART: Duration = Duration::from_millis(500);

fn tended() -> Playlists {
    let playlists = Playlists::new(RegistryConfig::new()).unwrap();
    tokio::spawn(playlists.housekeeping());
    playlists
}

/// Until `due` has passed and whoever it woke has run.
async fn pass(due: Instant) {
    sleep_until(due).await;
    tokio::task::yield_now().await;
}

/// Publishes parts at the pace of the media.
async fn live(publisher: &mut playlists::Publisher, numbers: std::ops::Range<u64>) {
    for number in numbers {
        advance(PART).await;
        publisher.publish(part(number)).unwrap();
    }
}

/// UP-10, UP-11, UP-12, AMB-23: 2 s of its own and the 26 s that the playlist was at its longest,
/// counted from removal, to the millisecond, while nothing else happens.
#[tokio::test(start_paused = true)]
async fn what_left_the_playlist_is_there_until_its_time_is_over_and_then_gone() {
    let playlists = tended();
    let mut publisher = publisher(&playlists);
    live(&mut publisher, 0..PARTS * 13).await;
    let removed = Instant::now();
    let viewer = viewer(&playlists);
    let now = text(&viewer, "").await;
    assert!(now.contains("#EXT-X-MEDIA-SEQUENCE:2\n"), "{now}");
    let keep = Duration::from_secs(2) + Duration::from_secs(26);

    let held = |playlists: &Playlists| {
        let stats = playlists.rendition_stats("show", "video").unwrap();
        (stats.held_bytes, stats.publish.segments_released)
    };
    let before = held(&playlists);
    pass(removed + keep - MILLI).await;
    assert!(viewer.segment(Msn::new(1)).is_ok());
    assert!(viewer.part(at(1, 3)).await.is_ok());
    assert!(viewer.init(InitVersion::new(0)).is_ok());
    assert_eq!(held(&playlists), before);

    pass(removed + keep).await;
    assert_eq!(viewer.segment(Msn::new(1)), Err(MediaError::Expired));
    assert_eq!(viewer.part(at(1, 3)).await, Err(MediaError::Expired));
    let bytes: u64 = (0..PARTS)
        .map(|it| crate::support::payload(it).len() as u64)
        .sum();
    assert_eq!(
        held(&playlists),
        (before.0 - bytes, 1),
        "the memory was not returned"
    );
    assert!(viewer.segment(Msn::new(2)).is_ok(), "it is listed");
}

/// A publisher that catches up after a stall makes no media expire early: media time runs fast,
/// the clock does not.
#[tokio::test(start_paused = true)]
async fn a_burst_of_media_shortens_nobodys_time() {
    let playlists = tended();
    let mut publisher = publisher(&playlists);
    publish(&mut publisher, 0..PARTS * 60);
    let burst = Instant::now();
    let viewer = viewer(&playlists);
    pass(burst + Duration::from_secs(28) - MILLI).await;
    for msn in 1..=60 {
        assert!(viewer.segment(Msn::new(msn)).is_ok(), "{msn}");
    }
    publish(&mut publisher, PARTS * 60..PARTS * 61);
    assert!(viewer.segment(Msn::new(1)).is_ok());
    pass(burst + Duration::from_secs(28)).await;
    assert_eq!(viewer.segment(Msn::new(48)), Err(MediaError::Expired));
    assert!(viewer.segment(Msn::new(49)).is_ok(), "removed later");
}

/// UP-12: an init section stays as long as the last segment that needs it.
#[tokio::test(start_paused = true)]
async fn an_init_section_stays_as_long_as_what_needs_it() {
    let playlists = tended();
    let mut publisher = publisher(&playlists);
    live(&mut publisher, 0..PARTS).await;
    let old = InitVersion::new(0);
    publisher.init(Bytes::from_static(b"another init"));
    live(&mut publisher, PARTS..PARTS * 13).await;
    let removed = Instant::now();
    let viewer = viewer(&playlists);
    live(&mut publisher, PARTS * 13..PARTS * 27 - 1).await;
    assert!(Instant::now() < removed + Duration::from_secs(28));
    assert!(viewer.init(old).is_ok() && viewer.segment(Msn::new(1)).is_ok());
    live(&mut publisher, PARTS * 27 - 1..PARTS * 28).await;
    assert!(viewer.segment(Msn::new(1)).is_err());
    assert_eq!(
        viewer.init(old),
        Err(MediaError::NotFound),
        "kept for nothing"
    );
    assert!(viewer.init(InitVersion::new(1)).is_ok());
}

/// The budget holds what is listed and a little more: what is no longer listed goes first, oldest
/// first, and is counted; what is listed never goes.
#[tokio::test(start_paused = true)]
async fn media_that_is_no_longer_listed_makes_room_and_listed_media_never_does() {
    let budget = 13 * PARTS * 1000;
    let config = RegistryConfig::new().bytes_per_rendition(budget);
    let playlists = Playlists::new(config).unwrap();
    let mut publisher = publisher(&playlists);
    let viewer = viewer(&playlists);
    let stats = || playlists.rendition_stats("show", "video").unwrap();
    for number in 0..PARTS * 40 {
        let of = part(number);
        let bytes = Bytes::from(vec![0; 1000]);
        let whole = Part::new(bytes, of.duration()).independence(if number % PARTS == 0 {
            llhls_manifest::Independence::Independent
        } else {
            llhls_manifest::Independence::Dependent
        });
        let cut = if number % PARTS == PARTS - 1 {
            llhls_manifest::Cut::After
        } else {
            llhls_manifest::Cut::Never
        };
        publisher.publish(whole.cut(cut)).unwrap();
        assert!(stats().held_bytes <= budget, "{}", stats().held_bytes);
        let edge = viewer.edge().unwrap();
        let Some(newest) = edge.last_complete else {
            continue;
        };
        for msn in edge.media_sequence.value()..=newest.value() {
            assert!(viewer.segment(Msn::new(msn)).is_ok(), "{msn} is listed");
        }
    }
    // 40 segments came, 13 are there.
    assert_eq!(stats().publish.retention_cut_short, 27);
    assert_eq!(viewer.segment(Msn::new(27)), Err(MediaError::Expired));
    assert!(
        viewer.segment(Msn::new(28)).is_ok(),
        "more than needed went"
    );
}

/// Parts that the manifest refuses cost nothing of the room for those that it takes.
#[test]
fn refused_parts_push_nothing_out() {
    let config = RegistryConfig::new().bytes_per_rendition(20_000);
    let playlists = Playlists::new(config).unwrap();
    let mut publisher = publisher(&playlists);
    publish(&mut publisher, 0..PARTS * 2);
    let held = playlists
        .rendition_stats("show", "video")
        .unwrap()
        .held_bytes;
    for _ in 0..100 {
        let too_long = Part::new(Bytes::from(vec![0; 1000]), MediaDuration::from_secs(9));
        assert!(matches!(
            publisher.publish(too_long),
            Err(PublishError::Refused(_))
        ));
    }
    let stats = playlists.rendition_stats("show", "video").unwrap();
    assert_eq!(
        (stats.held_bytes, stats.publish.refused_by_manifest),
        (held, 100)
    );
    assert!(viewer(&playlists).segment(Msn::new(1)).is_ok());
}

/// UP-16: the playlist is gone at once, its media after the playlist's duration.
#[tokio::test(start_paused = true)]
async fn the_media_of_a_removed_presentation_outlives_its_playlist() {
    let playlists = tended();
    let mut publisher = publisher(&playlists);
    publish(&mut publisher, 0..PARTS * 3);
    playlists.remove("show");
    let removed = Instant::now();
    assert!(playlists.active().is_empty());
    assert_eq!(playlists.stats().presentations, 0);
    let viewer = viewer(&playlists);
    assert_eq!(viewer.snapshot().unwrap_err(), PlaylistError::Gone);
    for name in ["e1-1.m4s", "e1-3.3.m4s", "e1-init0.mp4"] {
        assert!(viewer.resource(name).await.is_ok(), "{name}");
    }
    pass(removed + Duration::from_secs(6)).await;
    assert!(
        viewer.resource("e1-1.m4s").await.is_ok(),
        "as long as it was listed"
    );
    pass(removed + Duration::from_secs(6 + 2 * 2)).await;
    assert_eq!(viewer.resource("e1-1.m4s").await, Err(MediaError::Gone));
    assert!(playlists.viewer("show", "video").is_none());
    let stats = playlists.stats();
    assert_eq!(stats.renditions_total.publish.parts, PARTS * 3, "forgotten");
    assert_eq!(stats.names.removed, 1);
}

#[tokio::test(start_paused = true)]
async fn a_presentation_that_takes_a_removed_ones_name_goes_on_with_its_numbers() {
    let playlists = tended();
    let mut first = publisher(&playlists);
    publish(&mut first, 0..PARTS * 3);
    let mut sound = playlists
        .publisher(&name("show"), &name("audio"), audio("a1"))
        .unwrap();
    sound.init(Bytes::from_static(b"init"));
    publish(&mut sound, 0..PARTS);
    playlists.remove("show");
    // Under the very names of the removed one: no name ever means other bytes.
    let mut second = publisher(&playlists);
    publish(&mut second, PARTS * 3..PARTS * 4);
    let viewer = viewer(&playlists);
    let now = text(&viewer, "").await;
    assert!(
        now.contains("\ne1-4.m4s\n") && !now.contains("\ne1-3.m4s\n"),
        "{now}"
    );
    assert!(viewer.resource("e1-4.m4s").await.is_ok());
    assert!(viewer.resource("e1-1.m4s").await.is_ok(), "still due");
    let sound = playlists.viewer("show", "audio").expect("still due");
    assert!(sound.resource("a1-1.m4s").await.is_ok());

    pass(Instant::now() + Duration::from_secs(30)).await;
    assert!(viewer.resource("e1-1.m4s").await.is_err());
    assert!(playlists.viewer("show", "audio").is_none());
    assert!(viewer.resource("e1-4.m4s").await.is_ok());
}

#[test]
fn memory_can_be_returned_at_once() {
    let config = RegistryConfig::new().removal(Removal::AtOnce);
    let playlists = Playlists::new(config).unwrap();
    let mut publisher = publisher(&playlists);
    publish(&mut publisher, 0..PARTS * 3);
    let viewer = viewer(&playlists);
    playlists.remove("show");
    assert_eq!(viewer.segment(Msn::new(1)), Err(MediaError::Gone));
    assert!(playlists.viewer("show", "video").is_none());
}

/// What is kept of removed streams never keeps a new one out.
#[test]
fn media_of_removed_presentations_makes_room_for_new_ones() {
    let config = RegistryConfig::new()
        .bytes_per_rendition(1 << 20)
        .total_bytes(2 << 20);
    let playlists = Playlists::new(config).unwrap();
    let open = |presentation: &str| {
        let (presentation, rendition) = (name(presentation), name("video"));
        playlists.publisher(&presentation, &rendition, video("e1"))
    };
    let first = open("first").unwrap();
    let second = open("second").unwrap();
    assert!(matches!(
        open("third"),
        Err(PublisherError::AtCapacity { limit: 2 })
    ));
    drop(first);
    playlists.remove("first");
    assert!(playlists.viewer("first", "video").is_some());
    let third = open("third").unwrap();
    let gone = playlists.viewer("first", "video");
    assert!(gone.is_none_or(|viewer| viewer.segment(Msn::new(1)).is_err()));
    assert!(matches!(
        open("fourth"),
        Err(PublisherError::AtCapacity { limit: 2 })
    ));
    // A stream that ends and begins again, over and over, needs no more room than it has.
    second.fin();
    drop(third);
    for _ in 0..10 {
        let (show, rendition) = (name("second"), name("video"));
        let again = playlists.publisher_with(&show, &rendition, video("e1"), OnConflict::TakeOver);
        if let Ok(again) = again {
            again.fin();
        }
    }
    assert_eq!(playlists.stats().names.at_capacity, 2 + 10);
}

#[test]
fn a_window_that_needs_more_parts_than_may_be_kept_is_refused() {
    let config = RegistryConfig::new().parts_per_rendition(100);
    let playlists = Playlists::new(config).unwrap();
    let mut long = video("e1");
    long.manifest = manifest("e1").window_segments(20);
    let refused = playlists.publisher(&name("show"), &name("video"), long);
    assert!(
        matches!(
            refused,
            Err(PublisherError::WindowTooLong { limit: 100, .. })
        ),
        "{refused:?}"
    );
}

#[test]
fn the_worst_case_has_a_number_or_the_configuration_is_refused() {
    let config = RegistryConfig::new();
    let worst = config.worst_case_bytes().unwrap();
    assert!((4 << 30..16 << 30).contains(&worst), "{worst}");
    let boundless = config.parts_per_rendition(usize::MAX);
    assert_eq!(boundless.worst_case_bytes(), None);
    assert_eq!(
        Playlists::new(boundless).unwrap_err(),
        RegistryConfigError::TooLarge
    );
}
