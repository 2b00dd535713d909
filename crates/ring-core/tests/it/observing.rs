use std::sync::{Arc, Mutex};

use bytes::Bytes;
use ring_core::{CacheConfig, ChunkCache, Evicted, EvictionCause, RingConfig, Seq, StreamEvent};

#[test]
fn counters_add_up() {
    let config = CacheConfig::default().ring(RingConfig::default().slots(2));
    let cache = ChunkCache::new(config).unwrap();
    let writer = cache.open(1).unwrap();
    for payload in ["a", "bb", "ccc"] {
        writer.append(Bytes::from(payload)).unwrap();
    }
    let reader = writer.reader();
    assert!(reader.get(Seq::new(2)).is_ok());
    assert!(reader.get(Seq::new(0)).is_err());
    assert!(reader.get(Seq::new(9)).is_err());
    writer.end();
    assert!(reader.get(Seq::new(9)).is_err());
    let stats = reader.stats();
    assert_eq!(
        (stats.published, stats.written_bytes, stats.bytes),
        (3, 6, 5)
    );
    assert_eq!(
        (stats.hits, stats.not_yet, stats.evicted, stats.ended),
        (1, 1, 1, 1)
    );
    assert_eq!(
        (stats.evicted_positions, stats.skipped, stats.waiters),
        (1, 0, 0)
    );

    cache
        .open(2)
        .unwrap()
        .append(Bytes::from_static(b"dddd"))
        .unwrap();
    let all = cache.stats();
    assert_eq!((all.live, all.ended), (1, 1));
    assert_eq!((all.all.published, all.all.bytes), (4, 9));
    cache.remove(&1);
    let all = cache.stats();
    assert_eq!((all.live, all.ended), (1, 0));
    assert_eq!(
        (all.all.published, all.all.written_bytes, all.all.bytes),
        (4, 10, 4)
    );
}

#[test]
fn streams_are_announced_as_they_come_and_go() {
    let cache = ChunkCache::new(CacheConfig::default().max_streams(1)).unwrap();
    let mut events = cache.events();
    let mut next = || events.try_next().unwrap().map(|event| event.metadata);
    let first = cache.open("a").unwrap().generation();
    assert_eq!(
        next(),
        Some(StreamEvent::Opened {
            key: "a",
            generation: first
        })
    );
    cache.end("a");
    cache.end("a");
    assert_eq!(
        next(),
        Some(StreamEvent::Ended {
            key: "a",
            generation: first
        })
    );
    assert_eq!(next(), None);
    let writer = cache.open("b").unwrap();
    let second = writer.generation();
    assert_eq!(
        next(),
        Some(StreamEvent::Removed {
            key: "a",
            generation: first
        })
    );
    assert_eq!(
        next(),
        Some(StreamEvent::Opened {
            key: "b",
            generation: second
        })
    );
    writer.remove();
    assert_eq!(
        next(),
        Some(StreamEvent::Removed {
            key: "b",
            generation: second
        })
    );
    assert_eq!(next(), None);
}

#[test]
fn a_sink_gets_everything_that_leaves_with_its_cause() {
    let recorded = Arc::new(Mutex::new(Vec::new()));
    let sink = {
        let recorded = Arc::clone(&recorded);
        move |evicted: Evicted<u8>| {
            let entry = (evicted.seq.value(), evicted.metadata, evicted.cause);
            recorded.lock().unwrap().push(entry);
        }
    };
    let cache: ChunkCache<u64, u8> = ChunkCache::with_metadata(CacheConfig::default()).unwrap();
    let shape = RingConfig::default().slots(2).max_bytes(4);
    let writer = cache.open_recorded(1, shape, sink).unwrap();
    for (metadata, payload) in [(10, "1"), (11, "2"), (12, "3"), (13, "4444"), (14, "5")] {
        writer.append_with(Bytes::from(payload), metadata).unwrap();
    }
    writer.reset().unwrap();
    writer.append_copy_with(b"6", 15).unwrap();
    cache.remove(&1);
    let expected = [
        (0, 10, EvictionCause::Slots),
        (1, 11, EvictionCause::Slots),
        (2, 12, EvictionCause::Bytes),
        (3, 13, EvictionCause::Bytes),
        (4, 14, EvictionCause::Reset),
        (5, 15, EvictionCause::Removal),
    ];
    assert_eq!(*recorded.lock().unwrap(), expected);
}

#[test]
fn a_borrowed_read_sees_payload_and_metadata() {
    let cache: ChunkCache<u64, String> = ChunkCache::with_metadata(CacheConfig::default()).unwrap();
    let writer = cache.open(1).unwrap();
    let seq = writer
        .append_with(Bytes::from_static(b"payload"), "facts".to_owned())
        .unwrap();
    let reader = writer.reader();
    let lengths = reader.with(seq, |payload, facts| (payload.len(), facts.len()));
    assert_eq!(lengths, Ok((7, 5)));
    assert!(
        reader
            .with(seq.next(), |_, _| unreachable!(
                "there is nothing to look at"
            ))
            .is_err()
    );
    let (payload, facts) = reader.get_with_metadata(seq).unwrap();
    assert_eq!((&payload[..], &facts[..]), (&b"payload"[..], "facts"));
}
