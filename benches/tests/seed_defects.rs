//! The seed's eight defects, shown on the published seed crate itself.
//!
//! Each of these has a counterpart among our own crates' tests, which asserts the opposite. A
//! regression test is only worth something if it can fail; these probes are the proof that the
//! behaviour it guards against exists. If one of them fails after an upgrade of the seed, the
//! defect was mended there: keep our test, drop the probe.

use std::hint::black_box;
use std::time::{Duration, Instant};

use access_unit::Fmp4;
use bytes::Bytes;
use seed::chunk_cache::ChunkCache;
use seed::m3u8_manifest::M3u8Manifest;
use seed::{Options, Playlists};

fn part(duration_ms: u32, key: bool) -> Fmp4 {
    Fmp4 {
        init: None,
        key,
        data: Bytes::from_static(b"part"),
        duration: duration_ms,
    }
}

fn text(playlist: &Bytes) -> &str {
    std::str::from_utf8(playlist).expect("the seed prints ASCII")
}

/// A publisher that writes by raw index, ends with `fin` and comes back: the new manifest counts
/// from 1, and slot 1 still answers with the old publisher's bytes.
#[tokio::test]
async fn seed_1_stale_bytes_after_republish() {
    let (playlists, chunks, manifests) = Playlists::new(Options::default());
    let (stream, index) = (7, 0);
    for old in ["old1", "old2", "old3", "old4"] {
        chunks.append(index, Bytes::from(old)).await.unwrap();
        assert!(playlists.add(stream, part(500, true)));
    }
    playlists.fin(stream);

    assert!(playlists.add(stream, part(500, true)));
    assert_eq!(manifests.last_position(stream), Some((1, 0)));
    let (bytes, _) = chunks.get(index, 1).await.expect("it still answers");
    assert_eq!(bytes, "old1");
    assert_eq!(chunks.last(index), Some(4));
}

/// Two places, streams 10 and 11; 11 ends and 12 begins: 10, which is live, is thrown out of both
/// caches although 11's place is free.
#[tokio::test]
async fn seed_2_live_stream_evicted_for_a_new_one() {
    let (playlists, chunks, manifests) = Playlists::new(Options {
        num_playlists: 2,
        ..Options::default()
    });
    for stream in [10, 11] {
        let bytes = Bytes::from_static(b"part");
        chunks.add_for_stream_id(stream, 1, bytes).await.unwrap();
        assert!(playlists.add(stream, part(500, true)));
    }
    assert!(chunks.get_for_stream_id(10, 1).await.is_some());
    assert!(manifests.last_position(10).is_some());

    playlists.fin(11);
    let bytes = Bytes::from_static(b"part");
    chunks.add_for_stream_id(12, 1, bytes).await.unwrap();
    assert!(playlists.add(12, part(500, true)));

    assert_eq!(playlists.active(), 2, "10 never ended");
    assert!(chunks.get_for_stream_id(10, 1).await.is_none());
    assert!(manifests.last_position(10).is_none());
}

/// A part longer than the part target is printed beside that target.
#[test]
fn seed_3_part_longer_than_its_target_is_printed() {
    let mut manifest = M3u8Manifest::new(Options {
        part_target_ms: 200,
        ..Options::default()
    });
    let (playlist, ..) = manifest.add_part(233, true);
    assert!(text(&playlist).contains("PART-TARGET=0.20000"));
    assert!(text(&playlist).contains("#EXT-X-PART:DURATION=0.23300"));
}

/// A segment longer than the target duration is printed beside that target.
#[test]
fn seed_4_segment_longer_than_the_target_duration_is_printed() {
    let mut manifest = M3u8Manifest::new(Options {
        target_duration_ms: 2_000,
        ..Options::default()
    });
    for part in 0..25 {
        manifest.add_part(200, part == 0);
    }
    let (playlist, ..) = manifest.add_part(200, true);
    assert!(text(&playlist).contains("#EXT-X-TARGETDURATION:2\n"));
    assert!(text(&playlist).contains("#EXTINF:5.00000,"));
}

/// Adding a part to a stream that has been up for half a day of one-second segments costs several
/// times what it costs a fresh one, with the same eight segments in the playlist.
///
/// Compared as a ratio, the two interleaved and the fastest batch of each kept, so that neither a
/// slow machine nor a busy one decides.
#[test]
fn seed_5_cost_of_a_part_grows_with_uptime() {
    const HALF_A_DAY: u32 = 43_200;
    const BATCHES: usize = 40;
    const SEGMENTS_A_BATCH: usize = 16;

    let options = Options {
        max_segments: 8,
        segment_min_ms: 1,
        ..Options::default()
    };
    // Half a day's number of segments, not its length: the cost lies in the count. (A full day
    // takes four times as long to age, since the ageing is itself quadratic.)
    let segment = |manifest: &mut M3u8Manifest| {
        black_box(manifest.add_part(1, true));
    };
    let mut aged = M3u8Manifest::new(options);
    for _ in 0..HALF_A_DAY {
        segment(&mut aged);
    }
    let mut fresh = M3u8Manifest::new(options);
    for _ in 0..options.max_segments {
        segment(&mut fresh);
    }

    let batch = |manifest: &mut M3u8Manifest| {
        let start = Instant::now();
        for _ in 0..SEGMENTS_A_BATCH {
            segment(manifest);
        }
        start.elapsed()
    };
    let (mut best_aged, mut best_fresh) = (Duration::MAX, Duration::MAX);
    for _ in 0..BATCHES {
        best_aged = best_aged.min(batch(&mut aged));
        best_fresh = best_fresh.min(batch(&mut fresh));
    }
    assert!(
        best_aged >= 3 * best_fresh,
        "aged {best_aged:?}, fresh {best_fresh:?}"
    );
}

/// One part more than the grid has columns: the manifest counts it, the cache refuses it, and the
/// position a player sees stays where it was until the next segment.
#[test]
fn seed_6_position_freezes_on_one_part_too_many() {
    let (playlists, _chunks, manifests) = Playlists::new(Options {
        max_parts_per_segment: 4,
        ..Options::default()
    });
    for added in 0..4 {
        assert!(playlists.add(1, part(500, added == 0)));
    }
    assert_eq!(manifests.last_position(1), Some((1, 3)));

    for _ in 0..3 {
        assert!(!playlists.add(1, part(500, false)));
        assert_eq!(manifests.last_position(1), Some((1, 3)));
    }
    assert!(playlists.add(1, part(500, true)));
    assert_eq!(manifests.last_position(1), Some((2, 0)));
}

/// "You are too late", "you are too early" and "never heard of it" are one and the same answer.
#[tokio::test]
async fn seed_7_evicted_and_future_are_the_same_answer() {
    let chunks = ChunkCache::new(Options {
        num_playlists: 1,
        max_segments: 1,
        max_parts_per_segment: 4,
        ..Options::default()
    });
    for _ in 0..8 {
        chunks.append(0, Bytes::from_static(b"part")).await.unwrap();
    }
    let (evicted, future, unknown) = (
        chunks.get(0, 1).await,
        chunks.get(0, 1_000).await,
        chunks.get(9, 1).await,
    );
    assert_eq!(evicted, None);
    assert_eq!(future, None);
    assert_eq!(unknown, None);
}

/// A buffer of one kilobyte keeps sixty-four megabytes.
#[tokio::test]
async fn seed_8_no_byte_budget_is_enforced() {
    const MIB: usize = 1 << 20;
    let chunks = ChunkCache::new(Options {
        buffer_size_kb: 1,
        ..Options::default()
    });
    for _ in 0..64 {
        chunks.append(0, Bytes::from(vec![1; MIB])).await.unwrap();
    }
    let mut retained = 0;
    for id in 1..=64 {
        retained += chunks.get(0, id).await.map_or(0, |(bytes, _)| bytes.len());
    }
    assert_eq!(retained, 64 * MIB);
}
