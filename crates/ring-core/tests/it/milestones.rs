use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use ring_core::{Milestones, TooManyWaiters};

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Count {
    fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

fn poll<F: Future>(future: Pin<&mut F>, count: &Arc<Count>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(&Waker::from(Arc::clone(count))))
}

#[test]
fn a_waiter_is_woken_by_its_own_number_and_by_no_other() {
    let numbers = Milestones::new(10, 8, 8);
    let count = Arc::new(Count::default());
    let mut wait = pin!(numbers.reach(20));
    assert!(poll(wait.as_mut(), &count).is_pending());
    numbers.raise(19);
    numbers.raise(5);
    assert_eq!(
        (numbers.value(), numbers.waiting(), count.get()),
        (19, 1, 0)
    );
    numbers.raise(25);
    assert_eq!((numbers.waiting(), count.get()), (0, 1));
    assert_eq!(poll(wait.as_mut(), &count), Poll::Ready(Ok(())));
}

#[test]
fn what_is_reached_is_not_waited_for() {
    let numbers = Milestones::new(10, 1, 1);
    let count = Arc::new(Count::default());
    assert_eq!(poll(pin!(numbers.reach(10)), &count), Poll::Ready(Ok(())));
    assert_eq!(numbers.waiting(), 0);
}

#[test]
fn the_highest_number_ends_all_waits() {
    let numbers = Milestones::new(0, 8, 8);
    let count = Arc::new(Count::default());
    let mut never = pin!(numbers.reach(u64::MAX));
    assert!(poll(never.as_mut(), &count).is_pending());
    numbers.raise(u64::MAX);
    assert_eq!(numbers.value(), Milestones::MAX);
    assert_eq!(poll(never.as_mut(), &count), Poll::Ready(Ok(())));
}

#[test]
fn seats_are_bounded_and_come_back() {
    let numbers = Milestones::new(0, 1, 8);
    let count = Arc::new(Count::default());
    let mut first = Box::pin(numbers.reach(1));
    assert!(poll(first.as_mut(), &count).is_pending());
    let refused = poll(pin!(numbers.reach(1)), &count);
    assert_eq!(refused, Poll::Ready(Err(TooManyWaiters { limit: 1 })));
    drop(first);
    assert_eq!(numbers.waiting(), 0);
    assert!(poll(pin!(numbers.reach(1)), &count).is_pending());
}

#[test]
fn a_dropped_waiter_passes_its_wake_up_on() {
    let numbers = Milestones::new(0, 32, 1);
    let count = Arc::new(Count::default());
    let mut waits: Vec<_> = (0..20).map(|_| Box::pin(numbers.reach(1))).collect();
    for wait in &mut waits {
        assert!(poll(wait.as_mut(), &count).is_pending());
    }
    numbers.raise(1);
    assert_eq!(count.get(), 1, "whoever raises wakes one");
    drop(waits.remove(0));
    assert_eq!(count.get(), 17, "that one would have woken sixteen");
}
