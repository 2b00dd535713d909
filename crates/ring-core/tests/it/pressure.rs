use std::thread;
use std::time::Duration;

use bytes::Bytes;
use ring_core::{AppendError, CacheConfig, ChunkCache, RingConfig, SendError, Start, Writer};

fn stream(ring: RingConfig) -> Writer {
    let cache = ChunkCache::new(CacheConfig::default().ring(ring)).expect("a possible shape");
    cache.open(1).expect("an empty cache")
}

#[test]
fn a_sender_loses_nothing_of_what_a_registered_cursor_reads() {
    let writer = stream(RingConfig::default().slots(2));
    let cursors: Vec<_> = (0..3)
        .map(|_| writer.reader().registered_cursor(Start::Oldest))
        .collect();
    thread::scope(|scope| {
        for mut cursor in cursors {
            scope.spawn(move || {
                for expected in 0..500_u64 {
                    assert_eq!(cursor.next_blocking().unwrap().seq.value(), expected);
                }
            });
        }
        for _ in 0..500 {
            writer.send_blocking(Bytes::from_static(b"x")).unwrap();
        }
    });
    assert_eq!(writer.registered_cursors(), 0, "dropped with their threads");
    assert_eq!(writer.reader().stats().lags, 0);
}

#[test]
fn a_full_stream_is_told_and_the_drop_of_a_cursor_makes_room() {
    let writer = stream(RingConfig::default().slots(2));
    let cursor = writer.reader().registered_cursor(Start::Live);
    writer.try_send(Bytes::new()).unwrap();
    writer.try_send(Bytes::new()).unwrap();
    assert_eq!(writer.try_send(Bytes::new()), Err(SendError::Full));
    let brief = Duration::from_millis(1);
    assert_eq!(
        writer.send_blocking_for_with(Bytes::new(), (), brief),
        Err(SendError::Full)
    );
    assert!(
        writer.append(Bytes::new()).is_ok(),
        "an append waits for nobody"
    );
    drop(cursor);
    assert!(writer.try_send(Bytes::new()).is_ok());
}

#[test]
fn bytes_hold_a_sender_up_as_slots_do() {
    let writer = stream(RingConfig::default().max_bytes(8));
    let mut cursor = writer.reader().registered_cursor(Start::Live);
    writer.try_send(Bytes::from_static(b"12345")).unwrap();
    assert_eq!(
        writer.try_send(Bytes::from_static(b"6789")),
        Err(SendError::Full)
    );
    cursor.next_blocking().unwrap();
    writer.try_send(Bytes::from_static(b"6789")).unwrap();
    let too_large = writer.try_send(Bytes::from_static(b"123456789"));
    let error = AppendError::TooLarge { len: 9, limit: 8 };
    assert_eq!(too_large, Err(SendError::Append(error)));
}

#[test]
fn the_end_frees_a_blocked_sender() {
    let writer = stream(RingConfig::default().slots(1));
    let _cursor = writer.reader().registered_cursor(Start::Live);
    writer.try_send(Bytes::new()).unwrap();
    let sender = writer.clone();
    let thread = thread::spawn(move || sender.send_blocking(Bytes::new()));
    writer.end();
    assert_eq!(
        thread.join().unwrap(),
        Err(SendError::Append(AppendError::Ended))
    );
}

#[cfg(feature = "async")]
#[tokio::test]
async fn an_awaited_send_goes_on_when_there_is_room_and_leaves_nothing_when_dropped() {
    let writer = stream(RingConfig::default().slots(1));
    let mut cursor = writer.reader().registered_cursor(Start::Live);
    writer.send(Bytes::from_static(b"0")).await.unwrap();
    {
        let mut dropped = std::pin::pin!(writer.send(Bytes::from_static(b"never")));
        let waker = std::task::Waker::noop();
        let polled = dropped
            .as_mut()
            .poll(&mut std::task::Context::from_waker(waker));
        assert!(polled.is_pending());
    }
    let sender = writer.clone();
    let task = tokio::spawn(async move { sender.send(Bytes::from_static(b"1")).await });
    tokio::task::yield_now().await;
    assert_eq!(cursor.next().await.unwrap().payload, "0");
    assert_eq!(task.await.unwrap().unwrap().value(), 1);
    assert_eq!(cursor.next().await.unwrap().payload, "1");
}
