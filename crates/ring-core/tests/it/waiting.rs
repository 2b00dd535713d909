use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use bytes::Bytes;
use ring_core::{CacheConfig, ChunkCache, RingConfig, Seq, WaitError, Writer};

fn stream(ring: RingConfig) -> Writer {
    let cache = ChunkCache::new(CacheConfig::default().ring(ring)).expect("a possible shape");
    cache.open(1).expect("an empty cache")
}

/// Counts how often it is woken.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn poll<F: Future>(future: Pin<&mut F>, count: &Arc<Count>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(&Waker::from(Arc::clone(count))))
}

#[test]
fn what_is_there_is_not_waited_for() {
    let writer = stream(RingConfig::default());
    writer.append(Bytes::from_static(b"here")).unwrap();
    let reader = writer.reader();
    let count = Arc::new(Count::default());
    assert_eq!(
        poll(pin!(reader.wait(Seq::ZERO)), &count),
        Poll::Ready(Ok("here".into()))
    );
    assert_eq!(reader.waiting(), 0);
}

#[test]
fn a_waiter_is_woken_by_its_own_position_and_by_no_other() {
    let writer = stream(RingConfig::default());
    let reader = writer.reader();
    let count = Arc::new(Count::default());
    let mut wait = pin!(reader.wait(Seq::new(2)));
    assert!(poll(wait.as_mut(), &count).is_pending());
    writer.append(Bytes::from_static(b"0")).unwrap();
    writer.append(Bytes::from_static(b"1")).unwrap();
    assert_eq!(count.0.load(Ordering::SeqCst), 0);
    writer.append(Bytes::from_static(b"2")).unwrap();
    assert_eq!(count.0.load(Ordering::SeqCst), 1);
    assert_eq!(poll(wait.as_mut(), &count), Poll::Ready(Ok("2".into())));
    writer.append(Bytes::from_static(b"3")).unwrap();
    assert_eq!(count.0.load(Ordering::SeqCst), 1);
    assert_eq!(reader.waiting(), 0);
}

#[test]
fn dropping_a_waiter_leaves_no_trace() {
    let writer = stream(RingConfig::default());
    let reader = writer.reader();
    let count = Arc::new(Count::default());
    for _ in 0..1000 {
        let mut wait = Box::pin(reader.wait(Seq::new(5)));
        assert!(poll(wait.as_mut(), &count).is_pending());
        assert_eq!(reader.waiting(), 1);
    }
    assert_eq!(reader.waiting(), 0);
    for _ in 0..6 {
        writer.append(Bytes::new()).unwrap();
    }
    assert_eq!(count.0.load(Ordering::SeqCst), 0);
}

#[test]
fn waiters_are_bounded_and_a_freed_place_can_be_taken() {
    let writer = stream(RingConfig::default().max_waiters(1));
    let reader = writer.reader();
    let count = Arc::new(Count::default());
    let mut first = Box::pin(reader.wait(Seq::ZERO));
    assert!(poll(first.as_mut(), &count).is_pending());
    let refused = poll(pin!(reader.wait(Seq::ZERO)), &count);
    assert_eq!(
        refused,
        Poll::Ready(Err(WaitError::TooManyWaiters { limit: 1 }))
    );
    drop(first);
    assert!(poll(pin!(reader.wait(Seq::ZERO)), &count).is_pending());
}

#[test]
fn the_end_wakes_those_beyond_it_and_removal_wakes_all() {
    let writer = stream(RingConfig::default());
    let reader = writer.reader();
    let (beyond, far) = (Arc::new(Count::default()), Arc::new(Count::default()));
    let mut next = pin!(reader.wait(Seq::ZERO));
    let mut later = pin!(reader.wait(Seq::new(7)));
    assert!(poll(next.as_mut(), &beyond).is_pending());
    assert!(poll(later.as_mut(), &far).is_pending());
    writer.append(Bytes::from_static(b"only")).unwrap();
    writer.end();
    assert_eq!(far.0.load(Ordering::SeqCst), 1);
    let ended = Err(WaitError::Ended { next: Seq::new(1) });
    assert_eq!(poll(later.as_mut(), &far), Poll::Ready(ended));
    assert_eq!(poll(next.as_mut(), &beyond), Poll::Ready(Ok("only".into())));

    let writer = stream(RingConfig::default());
    let reader = writer.reader();
    let mut wait = pin!(reader.wait(Seq::ZERO));
    assert!(poll(wait.as_mut(), &beyond).is_pending());
    writer.remove();
    assert_eq!(
        poll(wait.as_mut(), &beyond),
        Poll::Ready(Err(WaitError::Gone))
    );
    assert_eq!(reader.waiting(), 0);
}

#[test]
fn a_payload_that_came_and_went_is_told() {
    let writer = stream(RingConfig::default().slots(1));
    let reader = writer.reader();
    let count = Arc::new(Count::default());
    let mut wait = pin!(reader.wait(Seq::ZERO));
    assert!(poll(wait.as_mut(), &count).is_pending());
    writer.append(Bytes::from_static(b"0")).unwrap();
    writer.append(Bytes::from_static(b"1")).unwrap();
    let evicted = Err(WaitError::Evicted {
        oldest: Seq::new(1),
    });
    assert_eq!(poll(wait.as_mut(), &count), Poll::Ready(evicted));
}

#[test]
fn a_task_that_changes_its_waker_is_woken_by_the_new_one() {
    let writer = stream(RingConfig::default());
    let reader = writer.reader();
    let (old, new) = (Arc::new(Count::default()), Arc::new(Count::default()));
    let mut wait = pin!(reader.wait(Seq::ZERO));
    assert!(poll(wait.as_mut(), &old).is_pending());
    assert!(poll(wait.as_mut(), &new).is_pending());
    assert_eq!(reader.waiting(), 1);
    writer.append(Bytes::new()).unwrap();
    assert_eq!(
        (old.0.load(Ordering::SeqCst), new.0.load(Ordering::SeqCst)),
        (0, 1)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_is_woken_whole_though_the_publisher_wakes_a_few() {
    const CROWD: usize = 5000;
    let writer = stream(RingConfig::default().wake_batch(4));
    let tasks: Vec<_> = (0..CROWD)
        .map(|_| {
            let reader = writer.reader();
            tokio::spawn(async move { reader.wait(Seq::new(1)).await })
        })
        .collect();
    let reader = writer.reader();
    poll_fn(|context| {
        context.waker().wake_by_ref();
        if reader.waiting() == CROWD {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
    writer.append(Bytes::from_static(b"not this one")).unwrap();
    writer.append(Bytes::from_static(b"this one")).unwrap();
    for task in tasks {
        assert_eq!(task.await.unwrap().unwrap(), "this one");
    }
    assert_eq!(reader.waiting(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancelled_members_of_a_crowd_do_not_break_the_chain() {
    let writer = stream(RingConfig::default().wake_batch(1));
    let reader = writer.reader();
    let mut waits: Vec<_> = (0..100).map(|_| Box::pin(reader.wait(Seq::ZERO))).collect();
    let count = Arc::new(Count::default());
    for wait in &mut waits {
        assert!(poll(wait.as_mut(), &count).is_pending());
    }
    writer.append(Bytes::new()).unwrap();
    for wait in waits.drain(..50) {
        drop(wait);
    }
    for wait in &mut waits {
        assert!(poll(wait.as_mut(), &count).is_ready());
    }
    assert_eq!(reader.waiting(), 0);
}

#[test]
fn waiting_for_at_least_does_not_mind_what_came_and_went() {
    let writer = stream(RingConfig::default().slots(1));
    let reader = writer.reader();
    let count = Arc::new(Count::default());
    let mut wait = pin!(reader.wait_at_least(Seq::new(1)));
    assert!(poll(wait.as_mut(), &count).is_pending());
    writer.append(Bytes::new()).unwrap();
    assert_eq!(count.0.load(Ordering::SeqCst), 0, "0 is not at least 1");
    for _ in 0..3 {
        writer.append(Bytes::new()).unwrap();
    }
    assert_eq!(count.0.load(Ordering::SeqCst), 1);
    assert_eq!(poll(wait.as_mut(), &count), Poll::Ready(Ok(Seq::new(3))));
    let mut beyond = pin!(reader.wait_at_least(Seq::new(9)));
    assert!(poll(beyond.as_mut(), &count).is_pending());
    writer.end();
    let ended = Err(WaitError::Ended { next: Seq::new(4) });
    assert_eq!(poll(beyond.as_mut(), &count), Poll::Ready(ended));
    assert_eq!(reader.wait_at_least_blocking(Seq::new(2)), Ok(Seq::new(3)));
}

#[tokio::test(start_paused = true)]
async fn deadlines_end_a_wait_and_leave_no_trace() {
    use std::time::Duration;
    use tokio::time::sleep;

    let writer = stream(RingConfig::default());
    let reader = writer.reader();
    let second = || sleep(Duration::from_secs(1));
    let next = Seq::ZERO;
    assert_eq!(
        reader.wait_until(next, second()).await,
        Err(WaitError::Elapsed { next })
    );
    let at_least = reader.wait_at_least_until(next, second()).await;
    assert_eq!(at_least, Err(WaitError::Elapsed { next }));
    assert_eq!(reader.waiting(), 0);
    writer.append(Bytes::from_static(b"here")).unwrap();
    let over = std::future::ready(());
    assert_eq!(
        reader.wait_until(next, over).await.unwrap(),
        "here",
        "what is there wins"
    );
    assert_eq!(reader.wait_at_least_until(next, second()).await, Ok(next));
}
