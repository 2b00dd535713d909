use std::thread;
use std::time::Duration;

use bytes::Bytes;
use ring_core::{
    CacheConfig, ChunkCache, Cursor, CursorError, GapPolicy, RingConfig, Seq, Start, Writer,
};

fn stream(ring: RingConfig) -> Writer {
    let cache = ChunkCache::new(CacheConfig::default().ring(ring)).expect("a possible shape");
    cache.open(1).expect("an empty cache")
}

fn append(writer: &Writer, count: u8) {
    for payload in 0..count {
        writer
            .append(Bytes::from(vec![payload]))
            .expect("a live stream");
    }
}

fn position(cursor: &mut Cursor) -> Result<Option<u64>, CursorError> {
    cursor
        .try_next()
        .map(|delivery| delivery.map(|it| it.seq.value()))
}

#[test]
fn a_cursor_starts_where_it_is_told() {
    let writer = stream(RingConfig::default().slots(4));
    append(&writer, 6);
    let reader = writer.reader();
    assert_eq!(position(&mut reader.cursor(Start::Oldest)), Ok(Some(2)));
    assert_eq!(position(&mut reader.cursor(Start::Live)), Ok(None));
    assert_eq!(
        position(&mut reader.cursor(Start::At(Seq::new(4)))),
        Ok(Some(4))
    );
    let mut gone = reader.cursor(Start::At(Seq::new(0)));
    let lagged = CursorError::Lagged {
        skipped: 2,
        resume: Seq::new(2),
    };
    assert_eq!(position(&mut gone), Err(lagged));
    assert_eq!(position(&mut gone), Ok(Some(2)));
    assert_eq!((gone.position(), gone.behind()), (Seq::new(3), 3));
    gone.seek(Seq::new(5));
    assert_eq!(position(&mut gone), Ok(Some(5)));
    let stats = reader.stats();
    assert_eq!((stats.lags, stats.lagged_positions), (1, 2));
}

#[test]
fn a_cursor_is_told_of_gaps_resets_and_the_end() {
    let writer = stream(RingConfig::default().gaps(GapPolicy::SkipBeyond(2)));
    let mut cursor = writer.reader().cursor(Start::Oldest);
    writer.put(Seq::new(3), Bytes::from_static(b"3")).unwrap();
    let skipped = CursorError::Skipped {
        skipped: 2,
        resume: Seq::new(2),
    };
    assert_eq!(position(&mut cursor), Err(skipped), "2 is still waited for");
    assert_eq!(position(&mut cursor), Ok(None));
    writer.put(Seq::new(2), Bytes::from_static(b"2")).unwrap();
    assert_eq!(position(&mut cursor), Ok(Some(2)));
    let epoch = writer.reset().unwrap();
    let discontinuity = CursorError::Discontinuity {
        epoch,
        resume: Seq::new(4),
    };
    assert_eq!(position(&mut cursor), Err(discontinuity));
    append(&writer, 1);
    writer.end();
    assert_eq!(position(&mut cursor), Ok(Some(4)));
    assert_eq!(
        position(&mut cursor),
        Err(CursorError::Ended { next: Seq::new(5) })
    );
    writer.remove();
    assert_eq!(position(&mut cursor), Err(CursorError::Gone));
}

#[test]
fn gaps_are_listed_and_can_be_given_up() {
    let writer = stream(RingConfig::default());
    let reader = writer.reader();
    for seq in [1, 2, 5] {
        writer.put(Seq::new(seq), Bytes::new()).unwrap();
    }
    let gaps: Vec<_> = reader
        .gaps()
        .iter()
        .map(|gap| (gap.first.value(), gap.end.value()))
        .collect();
    assert_eq!(gaps, [(0, 1), (3, 5)]);
    assert_eq!(reader.last(), None);
    writer.skip_to(Seq::new(4)).unwrap();
    assert_eq!(reader.last(), Some(Seq::new(3)), "4 is still waited for");
    writer.skip_to(Seq::new(6)).unwrap();
    assert_eq!(reader.last(), Some(Seq::new(5)));
    assert_eq!(writer.append(Bytes::new()), Ok(Seq::new(6)));
    assert_eq!(reader.stats().skipped, 3);
}

#[test]
fn a_blocking_cursor_reads_in_batches() {
    let writer = stream(RingConfig::default());
    let mut cursor = writer.reader().cursor(Start::Live);
    let thread = thread::spawn(move || {
        let mut batch = Vec::new();
        let mut positions = Vec::new();
        loop {
            match cursor.next_batch_blocking(&mut batch, 16) {
                Ok(count) => assert!((1..=16).contains(&count)),
                Err(CursorError::Ended { .. }) => return positions,
                Err(error) => panic!("{error}"),
            }
            positions.extend(batch.drain(..).map(|delivery| delivery.seq.value()));
        }
    });
    for _ in 0..10 {
        append(&writer, 20);
    }
    writer.end();
    assert_eq!(thread.join().unwrap(), (0..200).collect::<Vec<_>>());
}

#[test]
fn a_blocking_cursor_keeps_its_deadline_and_its_place() {
    let writer = stream(RingConfig::default());
    let mut cursor = writer.reader().cursor(Start::Live);
    assert_eq!(cursor.next_blocking_for(Duration::from_millis(1)), Ok(None));
    assert_eq!(writer.reader().waiting(), 0);
    append(&writer, 1);
    let delivery = cursor
        .next_blocking_for(Duration::from_secs(60))
        .unwrap()
        .unwrap();
    assert_eq!(delivery.seq, Seq::ZERO);
}

#[cfg(feature = "async")]
mod following {
    use std::future::poll_fn;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn every_cursor_sees_everything() {
        const READERS: usize = 20;
        let writer = stream(RingConfig::default());
        let tasks: Vec<_> = (0..READERS)
            .map(|_| {
                let mut cursor = writer.reader().cursor(Start::Oldest);
                tokio::spawn(async move {
                    let mut expected = 0;
                    while let Ok(delivery) = cursor.next().await {
                        assert_eq!(delivery.seq.value(), expected);
                        expected += 1;
                    }
                    expected
                })
            })
            .collect();
        for _ in 0..20 {
            append(&writer, 50);
            tokio::task::yield_now().await;
        }
        writer.end();
        for task in tasks {
            assert_eq!(task.await.unwrap(), 1000);
        }
        assert_eq!(writer.reader().waiting(), 0);
    }

    #[test]
    fn dropping_a_next_loses_nothing() {
        let writer = stream(RingConfig::default());
        let mut cursor = writer.reader().cursor(Start::Oldest);
        for _ in 0..10 {
            let mut next = pin!(cursor.next());
            let polled = next.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            assert!(polled.is_pending());
            assert_eq!(writer.reader().waiting(), 1);
        }
        assert_eq!(writer.reader().waiting(), 0);
        append(&writer, 1);
        assert_eq!(position(&mut cursor), Ok(Some(0)));
    }

    #[tokio::test]
    async fn a_cursor_that_always_finds_something_lets_others_run() {
        let writer = stream(RingConfig::default());
        for _ in 0..4 {
            append(&writer, 250);
        }
        let mut cursor = writer.reader().cursor(Start::Oldest);
        let others_turns = poll_fn(|context| {
            let mut pending = 0;
            while cursor.position() < Seq::new(1000) {
                if cursor.poll_next(context).is_pending() {
                    pending += 1;
                }
            }
            Poll::Ready(pending)
        })
        .await;
        assert_eq!(others_turns, 1000 / 128);
    }

    #[tokio::test]
    async fn batches_hold_what_is_there() {
        let writer = stream(RingConfig::default());
        append(&writer, 10);
        let mut cursor = writer.reader().cursor(Start::Oldest);
        let mut batch = Vec::new();
        assert_eq!(cursor.next_batch(&mut batch, 0).await, Ok(0));
        assert_eq!(cursor.next_batch(&mut batch, 7).await, Ok(7));
        assert_eq!(cursor.next_batch(&mut batch, 7).await, Ok(3));
        assert!(batch.iter().map(|delivery| delivery.seq.value()).eq(0..10));
        writer.end();
        assert!(matches!(
            cursor.next_batch(&mut batch, 7).await,
            Err(CursorError::Ended { .. })
        ));
        assert!(poll_fn(|context| cursor.poll_next(context)).await.is_none());
    }
}

#[test]
fn a_batch_does_not_reach_over_a_reset() {
    let writer = stream(RingConfig::default().slots(4));
    let mut cursor = writer.reader().cursor(Start::Oldest);
    append(&writer, 2);
    let mut batch = Vec::new();
    assert_eq!(cursor.next_batch_blocking(&mut batch, 8), Ok(2));
    batch.clear();
    let epoch = writer.reset().unwrap();
    append(&writer, 2);
    let resume = Seq::new(2);
    assert_eq!(
        cursor.next_batch_blocking(&mut batch, 8),
        Err(CursorError::Discontinuity { epoch, resume })
    );
    assert!(batch.is_empty());
    assert_eq!(cursor.next_batch_blocking(&mut batch, 8), Ok(2));
    assert_eq!(batch[0].seq, resume);
}

#[cfg(feature = "async")]
#[tokio::test]
async fn an_awaited_batch_is_bounded_and_told_of_what_it_lost() {
    let writer = stream(RingConfig::default().slots(4));
    let mut cursor = writer.reader().cursor(Start::Oldest);
    append(&writer, 6);
    let mut batch = Vec::new();
    assert_eq!(cursor.next_batch(&mut batch, 0).await, Ok(0));
    let lagged = CursorError::Lagged {
        skipped: 2,
        resume: Seq::new(2),
    };
    assert_eq!(cursor.next_batch(&mut batch, 3).await, Err(lagged));
    assert_eq!(cursor.next_batch(&mut batch, 3).await, Ok(3));
    assert_eq!(cursor.next_batch(&mut batch, 3).await, Ok(1));
    let epoch = writer.reset().unwrap();
    append(&writer, 1);
    let resume = Seq::new(6);
    let told = Err(CursorError::Discontinuity { epoch, resume });
    assert_eq!(cursor.next_batch(&mut batch, 3).await, told);
    assert_eq!(cursor.next().await.unwrap().seq, resume);
    writer.end();
    let ended = Err(CursorError::Ended { next: Seq::new(7) });
    assert_eq!(cursor.next_batch(&mut batch, 3).await, ended);
}
