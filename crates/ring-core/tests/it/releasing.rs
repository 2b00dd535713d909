use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
#[cfg(feature = "async")]
use std::task::Context;

use bytes::Bytes;
use ring_core::{
    CacheConfig, ChunkCache, CursorError, Evicted, EvictionCause, GetError, Released, RingConfig,
    Seq, Start, Writer,
};

fn stream(ring: RingConfig) -> Writer {
    let cache = ChunkCache::new(CacheConfig::default().ring(ring)).expect("a possible shape");
    cache.open(1).expect("an empty cache")
}

fn filled(payloads: u64) -> Writer {
    let writer = stream(RingConfig::default().slots(8));
    for _ in 0..payloads {
        writer.append(Bytes::from_static(b"1234")).expect("it fits");
    }
    writer
}

/// A payload that counts itself while it is in memory.
struct Counted(Arc<AtomicUsize>);

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
fn what_is_released_is_evicted_for_readers_and_counted() {
    let writer = filled(6);
    let reader = writer.reader();
    let released = writer.release_before(Seq::new(4));
    assert_eq!(
        released,
        Released {
            payloads: 4,
            bytes: 16
        }
    );
    let oldest = Seq::new(4);
    assert_eq!(reader.get(Seq::new(3)), Err(GetError::Evicted { oldest }));
    assert_eq!(reader.get(oldest).unwrap(), "1234");
    assert_eq!((reader.oldest(), reader.next()), (oldest, Seq::new(6)));
    let stats = reader.stats();
    assert_eq!((stats.evicted_positions, stats.bytes), (4, 8));
}

#[test]
fn nothing_older_means_no_effect() {
    let writer = filled(20);
    for seq in [0, 5, 12] {
        assert_eq!(writer.release_before(Seq::new(seq)), Released::default());
    }
    assert_eq!(writer.reader().oldest(), Seq::new(12));
    writer.release_before(Seq::new(15));
    assert_eq!(writer.release_before(Seq::new(15)), Released::default());
    assert_eq!(writer.release_before(Seq::new(13)), Released::default());
    assert_eq!(writer.reader().oldest(), Seq::new(15));
}

#[test]
fn beyond_the_newest_everything_published_goes_and_nothing_is_claimed() {
    let writer = filled(3);
    // Put ahead of its time: not published, so not released.
    writer
        .put(Seq::new(4), Bytes::from_static(b"later"))
        .unwrap();
    let released = writer.release_before(Seq::MAX);
    assert_eq!((released.payloads, released.bytes), (3, 12));
    let reader = writer.reader();
    assert_eq!((reader.oldest(), reader.next()), (Seq::new(3), Seq::new(3)));
    writer.put(Seq::new(3), Bytes::from_static(b"now")).unwrap();
    assert_eq!(reader.get(Seq::new(3)).unwrap(), "now");
    assert_eq!(reader.get(Seq::new(4)).unwrap(), "later");
}

#[test]
fn the_memory_is_free_when_the_call_returns() {
    let alive = Arc::new(AtomicUsize::new(0));
    let writer = stream(RingConfig::default().slots(8));
    // Used memory is kept for copies when bytes force an eviction; not here.
    writer.append_copy(b"copy").unwrap();
    for _ in 0..7 {
        alive.fetch_add(1, Ordering::SeqCst);
        let payload = Bytes::from_owner(Counted(Arc::clone(&alive)));
        writer.append(payload).unwrap();
    }
    let kept = writer.reader().get(Seq::new(2)).unwrap();
    writer.release_before(Seq::new(7));
    assert_eq!(alive.load(Ordering::SeqCst), 2, "the newest and the clone");
    drop(kept);
    assert_eq!(alive.load(Ordering::SeqCst), 1);
}

#[test]
fn a_sink_gets_what_is_released() {
    let recorded = Arc::new(Mutex::new(Vec::new()));
    let sink = {
        let recorded = Arc::clone(&recorded);
        move |evicted: Evicted| {
            let entry = (evicted.seq.value(), evicted.cause);
            recorded.lock().unwrap().push(entry);
        }
    };
    let cache = ChunkCache::new(CacheConfig::default()).unwrap();
    let writer = cache.open_recorded(1, RingConfig::default(), sink).unwrap();
    for _ in 0..3 {
        writer.append(Bytes::from_static(b"x")).unwrap();
    }
    writer.release_before(Seq::new(2));
    let expected = [(0, EvictionCause::Released), (1, EvictionCause::Released)];
    assert_eq!(*recorded.lock().unwrap(), expected);
}

#[test]
fn cursors_are_told_how_much_went() {
    let writer = filled(6);
    let mut cursor = writer.reader().registered_cursor(Start::Oldest);
    cursor.try_next().unwrap();
    writer.release_before(Seq::new(4));
    let lagged = CursorError::Lagged {
        skipped: 3,
        resume: Seq::new(4),
    };
    assert_eq!(cursor.try_next().unwrap_err(), lagged);
    assert_eq!(cursor.try_next().unwrap().unwrap().seq, Seq::new(4));
}

#[test]
fn an_ended_stream_can_be_released_and_a_removed_one_holds_nothing() {
    let writer = filled(2);
    writer.end();
    assert_eq!(writer.release_before(Seq::new(1)).payloads, 1);
    let ended = writer.reader().get(Seq::new(2));
    assert_eq!(ended, Err(GetError::Ended { next: Seq::new(2) }));
    writer.remove();
    assert_eq!(writer.release_before(Seq::new(2)), Released::default());
    assert_eq!(writer.reader().get(Seq::new(1)), Err(GetError::Gone));
}

/// Counts how often it is woken.
#[cfg(feature = "async")]
#[derive(Default)]
struct Woken(AtomicUsize);

#[cfg(feature = "async")]
impl std::task::Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[cfg(feature = "async")]
#[tokio::test]
async fn a_sender_that_waits_for_bytes_goes_on() {
    let writer = stream(RingConfig::default().max_bytes(4));
    let _cursor = writer.reader().registered_cursor(Start::Oldest);
    writer.try_send(Bytes::from_static(b"1234")).unwrap();
    let woken = Arc::new(Woken::default());
    let waker = Arc::clone(&woken).into();
    let mut send = std::pin::pin!(writer.send(Bytes::from_static(b"56")));
    let polled = send.as_mut().poll(&mut Context::from_waker(&waker));
    assert!(polled.is_pending());
    writer.release_before(Seq::new(1));
    assert_eq!(woken.0.load(Ordering::SeqCst), 1);
    assert_eq!(send.await, Ok(Seq::new(1)));
}

#[cfg(feature = "async")]
#[tokio::test]
async fn a_reader_that_waits_is_neither_woken_nor_answered() {
    let writer = filled(3);
    let reader = writer.reader();
    let woken = Arc::new(Woken::default());
    let waker = Arc::clone(&woken).into();
    let mut wait = std::pin::pin!(reader.wait(Seq::new(3)));
    let polled = wait.as_mut().poll(&mut Context::from_waker(&waker));
    assert!(polled.is_pending());
    writer.release_before(Seq::new(9));
    assert_eq!(woken.0.load(Ordering::SeqCst), 0);
    writer.append(Bytes::from_static(b"three")).unwrap();
    assert_eq!(woken.0.load(Ordering::SeqCst), 1);
    assert_eq!(wait.await.unwrap(), "three");
}
