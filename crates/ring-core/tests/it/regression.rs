use bytes::Bytes;
use ring_core::{
    AppendError, CacheConfig, ChunkCache, GetError, OpenError, Reader, RingConfig, Seq,
};

fn readable(reader: &Reader) -> usize {
    let range = reader.oldest().value()..reader.next().value();
    range
        .filter(|seq| reader.get(Seq::new(*seq)).is_ok())
        .count()
}

/// Defect 1: after a stream had ended and its key was published again, the ring still served the
/// first publisher's bytes for the second one's numbers.
#[test]
fn a_republished_stream_never_serves_the_bytes_of_the_one_before() {
    let cache = ChunkCache::new(CacheConfig::default()).unwrap();
    let old = cache.open("show").unwrap();
    for payload in ["old0", "old1", "old2", "old3"] {
        old.append(Bytes::from(payload)).unwrap();
    }
    let old_reader = cache.reader("show").unwrap();
    cache.end("show");

    let new = cache.open("show").unwrap();
    assert_eq!(cache.last("show"), None);
    assert_eq!(
        cache.get("show", Seq::new(1)),
        Err(GetError::NotYet { next: Seq::ZERO })
    );
    new.append(Bytes::from_static(b"new0")).unwrap();
    assert_eq!(cache.get("show", Seq::ZERO).unwrap(), "new0");
    assert_eq!(
        cache.get("show", Seq::new(1)),
        Err(GetError::NotYet { next: Seq::new(1) })
    );

    assert_eq!(old_reader.get(Seq::ZERO), Err(GetError::Gone));
    assert_eq!(
        old.append(Bytes::from_static(b"stale")),
        Err(AppendError::Gone)
    );
    assert_eq!(cache.last("show"), Some(Seq::ZERO));
}

/// Defect 2: a new stream took the place of a live one although an ended one's was free.
#[test]
fn a_live_stream_is_not_evicted_while_the_place_of_an_ended_one_is_free() {
    let cache = ChunkCache::new(CacheConfig::default().max_streams(2)).unwrap();
    cache.add(10, Bytes::from_static(b"ten")).unwrap();
    cache.add(11, Bytes::from_static(b"eleven")).unwrap();
    cache.end(&11);
    cache.add(12, Bytes::from_static(b"twelve")).unwrap();

    assert_eq!(cache.get(&10, Seq::ZERO).unwrap(), "ten");
    assert_eq!(cache.get(&12, Seq::ZERO).unwrap(), "twelve");
    assert_eq!(cache.get(&11, Seq::ZERO), Err(GetError::Gone));
    assert_eq!(
        cache.open(13).unwrap_err(),
        OpenError::AtCapacity { limit: 2 }
    );
    assert_eq!(cache.get(&10, Seq::ZERO).unwrap(), "ten");
}

/// Defect 7: an evicted number and a future number gave the same answer.
#[test]
fn evicted_and_future_positions_are_told_apart() {
    let config = CacheConfig::default().ring(RingConfig::default().slots(4));
    let cache = ChunkCache::new(config).unwrap();
    let writer = cache.open(1).unwrap();
    for payload in 0..10_u8 {
        writer.append(Bytes::from(vec![payload])).unwrap();
    }
    let reader = writer.reader();
    assert_eq!(
        reader.get(Seq::new(5)),
        Err(GetError::Evicted {
            oldest: Seq::new(6)
        })
    );
    assert_eq!(
        reader.get(Seq::new(10)),
        Err(GetError::NotYet { next: Seq::new(10) })
    );
}

/// Defect 8: with a budget of 1 KiB, 64 payloads of 1 MiB each stayed in memory.
#[test]
fn the_byte_budget_is_kept() {
    let config = CacheConfig::default().ring(RingConfig::default().slots(64).max_bytes(3 << 20));
    let cache = ChunkCache::new(config).unwrap();
    let writer = cache.open(1).unwrap();
    for payload in 0..64_u8 {
        writer.append(Bytes::from(vec![payload; 1 << 20])).unwrap();
        assert!(writer.reader().bytes() <= 3 << 20);
    }
    let reader = writer.reader();
    assert_eq!(readable(&reader), 3);
    assert_eq!(reader.oldest(), Seq::new(61));
    let too_large = writer.append(Bytes::from(vec![0; (3 << 20) + 1]));
    assert_eq!(
        too_large,
        Err(AppendError::TooLarge {
            len: (3 << 20) + 1,
            limit: 3 << 20
        })
    );
    assert_eq!(readable(&reader), 3, "a refused payload costs nothing");
}
