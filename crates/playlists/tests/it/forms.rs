use std::collections::VecDeque;
use std::io::Read as _;
use std::sync::Arc;

use bytes::Bytes;
use llhls_manifest::{Cut, Form, ManifestConfig, MediaDuration, Skip};
use playlists::{
    Coding, Part, Playlists, Publisher, RegistryConfig, Removal, RenditionConfig, Snapshot, Viewer,
};

use crate::support::{
    PARTS, Random, directives, manifest, name, publish, publisher, registry, text, video, viewer,
};

const FORMS: [Form; 3] = [Form::Full, Form::Delta(Skip::Yes), Form::Delta(Skip::V2)];

fn decoded(gzip: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::new();
    let mut decoder = flate2::bufread::GzDecoder::new(gzip);
    decoder.read_to_end(&mut decoded).unwrap();
    assert!(decoder.into_inner().is_empty(), "bytes behind the trailer");
    decoded
}

fn assert_decodes(version: &Snapshot, form: Form) {
    let gzip = version.body(form, Coding::Gzip);
    let identity = version.body(form, Coding::Identity);
    assert_eq!(decoded(&gzip.bytes), identity.bytes);
    assert_ne!(gzip.etag, identity.etag);
}

fn open(playlists: &Playlists, manifest: ManifestConfig) -> (Publisher, Viewer) {
    let config = RenditionConfig {
        manifest,
        ..video("e1")
    };
    let mut publisher = playlists
        .publisher(&name("show"), &name("video"), config)
        .unwrap();
    publisher.init(Bytes::from_static(b"init"));
    (publisher, viewer(playlists))
}

/// Parts of a stream that does all that streams do: cuts where it likes, breaks off, changes its
/// init section, and sometimes knows what time it is.
struct Restless(Random);

impl Restless {
    fn publish(&mut self, publisher: &mut Publisher) {
        let Self(random) = self;
        if random.one_in(150) {
            publisher.init(Bytes::from(format!("init {}", random.below(9))));
        }
        let part = Part::new(
            Bytes::from_static(b"part"),
            MediaDuration::from_millis(450 + random.below(50)),
        );
        let part = if random.one_in(60) {
            part.discontinuous()
        } else {
            part
        };
        let cut = match random.below(8) {
            0 => Cut::Before,
            1 => Cut::After,
            _ => Cut::Auto,
        };
        // What breaks a promise is refused; that is the manifest's to test.
        let _ = publisher.publish(part.independent().cut(cut));
    }
}

#[test]
fn every_form_of_every_version_decodes_to_its_text() {
    for seed in 0..4 {
        let mut random = Random::new(seed);
        let window = [3, 10, 40, 70][random.below(4) as usize];
        let playlists = registry();
        let (mut publisher, viewer) = open(&playlists, manifest("e1").window_segments(window));
        let mut restless = Restless(Random::new(seed + 100));
        let mut held = VecDeque::new();
        for _ in 0..500 {
            restless.publish(&mut publisher);
            held.push_back(viewer.snapshot().unwrap());
            // Some are asked for late, when later ones have been, and in any order.
            if held.len() > random.below(6) as usize {
                let at = random.below(held.len() as u64) as usize;
                let version = held.remove(at).unwrap();
                for _ in 0..random.below(4) {
                    assert_decodes(&version, FORMS[random.below(3) as usize]);
                }
            }
        }
        publisher.fin();
        assert_decodes(&viewer.snapshot().unwrap(), Form::Full);
    }
}

/// Law 10: two machines that hold the same stream are interchangeable, whatever each was asked.
#[test]
fn the_same_stream_is_compressed_to_the_same_bytes_everywhere() {
    let one = registry();
    let other = registry();
    let (mut one_publisher, one) = open(&one, manifest("e1").window_segments(40));
    let (mut other_publisher, other) = open(&other, manifest("e1").window_segments(40));
    let (mut left, mut right) = (Restless(Random::new(7)), Restless(Random::new(7)));
    for number in 0..500 {
        left.publish(&mut one_publisher);
        right.publish(&mut other_publisher);
        // One is asked for everything, the other now and then.
        let (one, other) = (one.snapshot().unwrap(), other.snapshot().unwrap());
        for form in FORMS {
            let body = one.body(form, Coding::Gzip);
            if number % 97 == 0 {
                assert_eq!(body, other.body(form, Coding::Gzip), "part {number}");
            }
        }
    }
}

/// M6.
#[test]
fn gzip_from_blocks_is_not_a_fifth_longer_than_in_one_piece() {
    for (window, parts, target) in [
        (32, 12, 6),
        (32, 12, 64),
        (7, 4, 2),
        (10, 10, 2),
        (300, 4, 2),
    ] {
        let part = MediaDuration::from_millis(u64::from(target.min(6)) * 1000 / parts);
        let config = manifest("e1")
            .target_duration(target)
            .part_target(part)
            .segment_duration(MediaDuration::from_secs(target.min(6).into()))
            .window_segments(window)
            .window_duration(MediaDuration::ZERO);
        let playlists = registry();
        let (mut publisher, viewer) = open(&playlists, config);
        for number in 0..(u64::from(window) + 3) * parts + parts / 2 {
            let bytes = Bytes::from_static(b"part");
            let cut = if number % parts == parts - 1 {
                Cut::After
            } else {
                Cut::Never
            };
            publisher
                .publish(Part::new(bytes, part).independent().cut(cut))
                .unwrap();
        }
        let version = viewer.snapshot().unwrap();
        let text = version.body(Form::Full, Coding::Identity).bytes;
        let blocks = version.body(Form::Full, Coding::Gzip).bytes.len();
        let mut whole = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
        std::io::Write::write_all(&mut whole, &text).unwrap();
        let whole = whole.finish().unwrap().len();
        assert!(
            blocks * 10 <= whole * 12,
            "{window} × {parts}: {blocks} instead of {whole} bytes"
        );
    }
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
    let built = playlists.rendition_stats("show", "video").unwrap().view;
    assert_eq!(
        (built.forms_full, built.forms_delta, built.forms_gzip),
        (1, 1, 2)
    );
}

#[test]
fn threads_that_ask_at_once_share_what_one_of_them_makes() {
    let playlists = registry();
    let mut publisher = publisher(&playlists);
    publish(&mut publisher, 0..PARTS * 10);
    let viewer = viewer(&playlists);
    for version in 1..=20 {
        let start = std::sync::Barrier::new(4);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let version = viewer.snapshot().unwrap();
                    start.wait();
                    version.body(Form::Full, Coding::Gzip)
                });
            }
        });
        let built = playlists.rendition_stats("show", "video").unwrap().view;
        assert_eq!((built.forms_full, built.forms_gzip), (version, version));
        publish(
            &mut publisher,
            PARTS * 10 + version - 1..PARTS * 10 + version,
        );
    }
}

#[test]
fn a_version_is_freed_when_nobody_reads_it() {
    let config = RegistryConfig::new().removal(Removal::AtOnce);
    let playlists = Playlists::new(config).unwrap();
    let mut publisher = publisher(&playlists);
    publish(&mut publisher, 0..PARTS);
    let viewer = viewer(&playlists);
    let reading = viewer.snapshot().unwrap();
    let old = Arc::downgrade(&reading);
    let body = reading.body(Form::Full, Coding::Gzip);
    publish(&mut publisher, PARTS..PARTS + 1);
    assert!(old.upgrade().is_some(), "somebody reads it");
    drop(reading);
    assert!(old.upgrade().is_none(), "nobody reads it");
    assert!(!body.bytes.is_empty(), "a body outlives its version");

    let current = Arc::downgrade(&viewer.snapshot().unwrap());
    playlists.remove("show");
    assert!(current.upgrade().is_none(), "removed");
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
