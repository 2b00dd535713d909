use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;

use bytes::Bytes;
use ring_core::{
    AddError, AppendError, CacheConfig, ChunkCache, ConfigError, Digest, DigestPolicy, EndOutcome,
    GetError, OpenError, RemoveOutcome, RingConfig, Seq,
};

fn cache(ring: RingConfig) -> ChunkCache {
    ChunkCache::new(CacheConfig::default().ring(ring)).expect("a possible shape")
}

/// A payload that counts itself while it is in memory.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn payload(alive: &Arc<AtomicUsize>) -> Bytes {
        alive.fetch_add(1, Ordering::SeqCst);
        Bytes::from_owner(Self(Arc::clone(alive)))
    }
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        b"counted"
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[test]
fn impossible_bounds_are_refused_when_the_cache_is_built() {
    let build = |config| ChunkCache::<u64>::new(config).map(|_| ());
    let ring = |ring| build(CacheConfig::default().ring(ring));
    assert_eq!(
        ring(RingConfig::default().slots(0)),
        Err(ConfigError::NoSlots)
    );
    let many = ring(RingConfig::default().slots(usize::MAX));
    assert_eq!(many, Err(ConfigError::TooManySlots { limit: 1 << 24 }));
    assert_eq!(
        ring(RingConfig::default().max_bytes(0)),
        Err(ConfigError::NoBytes)
    );
    assert_eq!(
        ring(RingConfig::default().wake_batch(0)),
        Err(ConfigError::NoWakeBatch)
    );
    let high = ring(RingConfig::default().first(Seq::MAX.next()));
    assert_eq!(high, Err(ConfigError::FirstTooHigh { limit: Seq::MAX }));
    assert_eq!(
        build(CacheConfig::default().max_streams(0)),
        Err(ConfigError::NoStreams)
    );
    assert_eq!(
        build(CacheConfig::default().max_bytes(0)),
        Err(ConfigError::NoBytes)
    );

    let cache = cache(RingConfig::default());
    let refused = cache
        .open_with(1, RingConfig::default().slots(0))
        .unwrap_err();
    assert_eq!(refused, OpenError::Config(ConfigError::NoSlots));
    assert!(cache.is_empty());
}

#[test]
fn a_live_key_is_not_opened_twice() {
    let cache = cache(RingConfig::default());
    let writer = cache.open(1).unwrap();
    assert_eq!(cache.open(1).unwrap_err(), OpenError::AlreadyOpen);
    assert_eq!(writer.end(), EndOutcome::Ended { next: Seq::ZERO });
    assert_eq!(writer.end(), EndOutcome::AlreadyEnded { next: Seq::ZERO });
    assert!(
        cache.writer(&1).is_none(),
        "an ended stream has no further writers"
    );
    assert!(cache.open(1).unwrap().generation() > writer.generation());
}

#[test]
fn an_ended_stream_is_drained_and_then_ends() {
    let cache = cache(RingConfig::default());
    let writer = cache.open(1).unwrap();
    writer.append(Bytes::from_static(b"last")).unwrap();
    cache.end(&1);
    assert_eq!(writer.append(Bytes::new()), Err(AppendError::Ended));
    assert_eq!(cache.append(&1, Bytes::new()), Err(AppendError::Ended));
    assert_eq!(
        cache.add(1, Bytes::new()),
        Err(AddError::Append(AppendError::Ended))
    );
    let reader = cache.reader(&1).unwrap();
    assert_eq!(reader.get(Seq::ZERO).unwrap(), "last");
    assert_eq!(
        reader.get(Seq::new(1)),
        Err(GetError::Ended { next: Seq::new(1) })
    );
}

#[test]
fn what_was_never_opened_is_gone() {
    let cache = cache(RingConfig::default());
    assert_eq!(cache.append(&9, Bytes::new()), Err(AppendError::Gone));
    assert_eq!(cache.get(&9, Seq::ZERO), Err(GetError::Gone));
    assert_eq!(cache.last(&9), None);
    assert_eq!(cache.end(&9), EndOutcome::Unknown);
    assert_eq!(cache.remove(&9), RemoveOutcome::Unknown);
    assert!(cache.reader(&9).is_none() && cache.writer(&9).is_none());
    assert!(cache.is_empty());
}

#[test]
fn removal_returns_the_payloads_at_once_though_handles_live() {
    let alive = Arc::new(AtomicUsize::new(0));
    let cache = cache(RingConfig::default().slots(8));
    let writer = cache.open(1).unwrap();
    let reader = writer.reader();
    for _ in 0..20 {
        writer.append(Counted::payload(&alive)).unwrap();
    }
    assert_eq!(alive.load(Ordering::SeqCst), 8, "the evicted are not kept");
    let kept = reader.get(Seq::new(19)).unwrap();
    assert_eq!(
        cache.remove(&1),
        RemoveOutcome::Removed {
            payloads: 8,
            bytes: 56
        }
    );
    assert_eq!(
        alive.load(Ordering::SeqCst),
        1,
        "but for the one a reader holds"
    );
    assert_eq!(&kept[..], b"counted");
    drop(kept);
    assert_eq!(alive.load(Ordering::SeqCst), 0);
    assert_eq!(cache.bytes(), 0);
    assert_eq!(reader.get(Seq::new(19)), Err(GetError::Gone));
    assert_eq!(
        writer.append(Counted::payload(&alive)),
        Err(AppendError::Gone)
    );
    assert_eq!(alive.load(Ordering::SeqCst), 0);
}

#[test]
fn a_dropped_cache_gives_its_payloads_back() {
    let alive = Arc::new(AtomicUsize::new(0));
    let cache = cache(RingConfig::default());
    cache.add(1, Counted::payload(&alive)).unwrap();
    let reader = cache.reader(&1).unwrap();
    drop(cache);
    assert!(reader.get(Seq::ZERO).is_ok(), "a handle keeps its stream");
    drop(reader);
    assert_eq!(alive.load(Ordering::SeqCst), 0);
}

#[test]
fn one_stream_never_takes_the_bytes_of_another() {
    let config = CacheConfig::default().max_bytes(10);
    let cache = ChunkCache::new(config).unwrap();
    cache.add(1, Bytes::from_static(b"12345678")).unwrap();
    let refused = cache.add(2, Bytes::from_static(b"123"));
    assert_eq!(
        refused,
        Err(AddError::Append(AppendError::NoRoom { limit: 10 }))
    );
    assert_eq!(cache.get(&1, Seq::ZERO).unwrap(), "12345678");
    cache.add(2, Bytes::from_static(b"12")).unwrap();
    cache.add(2, Bytes::from_static(b"34")).unwrap();
    assert_eq!(
        cache.get(&2, Seq::ZERO),
        Err(GetError::Evicted {
            oldest: Seq::new(1)
        })
    );
    assert_eq!(cache.bytes(), 10);
}

#[test]
fn ranges_are_whole_or_nothing() {
    let cache = cache(RingConfig::default().slots(4));
    let writer = cache.open(1).unwrap();
    for payload in ["a", "b", "c", "d", "e"] {
        writer.append(Bytes::from(payload)).unwrap();
    }
    let reader = writer.reader();
    assert_eq!(reader.range(Seq::new(2), 3).unwrap(), ["c", "d", "e"]);
    assert_eq!(reader.range(Seq::new(99), 0).unwrap(), Vec::<Bytes>::new());
    let evicted = Err(GetError::Evicted {
        oldest: Seq::new(1),
    });
    assert_eq!(reader.range(Seq::new(0), 3), evicted);
    let ahead = Err(GetError::NotYet { next: Seq::new(5) });
    assert_eq!(reader.range(Seq::new(3), 3), ahead);
    assert_eq!(reader.range(Seq::new(3), usize::MAX), ahead);
}

#[test]
fn digests_are_the_same_on_demand_and_by_policy() {
    for policy in [DigestPolicy::OnDemand, DigestPolicy::OnWrite] {
        let cache = cache(RingConfig::default().digest(policy));
        let writer = cache.open(1).unwrap();
        let seq = writer.append(Bytes::from_static(b"payload")).unwrap();
        let reader = writer.reader();
        assert_eq!(reader.digest(seq).unwrap(), Digest::of(b"payload"));
        assert_eq!(reader.digest(seq), reader.digest(seq));
        assert_eq!(
            reader.digest(seq.next()),
            Err(GetError::NotYet { next: seq.next() })
        );
    }
}

#[test]
fn the_digest_is_the_standard_one() {
    // XXH3-64 of no bytes, as its specification states it.
    assert_eq!(Digest::of(b"").to_string(), "2d06800538d394c2");
}

#[test]
fn several_writers_give_each_payload_a_position_of_its_own() {
    const WRITERS: u64 = 4;
    const EACH: u64 = 500;
    let cache = cache(RingConfig::default().slots(4096));
    let writer = cache.open(1).unwrap();
    let start = Barrier::new(WRITERS as usize);
    thread::scope(|scope| {
        for id in 0..WRITERS {
            let (writer, start) = (writer.clone(), &start);
            scope.spawn(move || {
                start.wait();
                for count in 0..EACH {
                    let payload = Bytes::from((id << 32 | count).to_be_bytes().to_vec());
                    let seq = writer.append(payload.clone()).unwrap();
                    if writer.reader().next() > seq {
                        assert_eq!(writer.reader().get(seq).unwrap(), payload);
                    }
                }
            });
        }
    });
    let reader = writer.reader();
    assert_eq!(
        reader.next(),
        Seq::new(WRITERS * EACH),
        "all is published once all have returned"
    );
    let mut seen: Vec<u64> = reader
        .range(Seq::ZERO, (WRITERS * EACH) as usize)
        .unwrap()
        .iter()
        .map(|payload| u64::from_be_bytes(payload[..].try_into().unwrap()))
        .collect();
    for id in 0..WRITERS {
        let own: Vec<u64> = seen
            .iter()
            .copied()
            .filter(|value| value >> 32 == id)
            .collect();
        assert!(own.is_sorted(), "each writer's payloads are in its order");
    }
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len() as u64, WRITERS * EACH);
}
