//! A future that is polled when it has something to say, and not whenever its neighbours have.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::task::AtomicWaker;
use pin_project_lite::pin_project;

pin_project! {
    /// Polls a future the first time, and then each time after it woke. What a connection waits for
    /// beside its requests would else be asked with each of them, and takes a lock that all
    /// connections share to say no.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub(super) struct Seldom<F> {
        #[pin]
        inner: F,
        bell: Arc<Bell>,
        waker: Waker,
    }
}

/// Rung by the future.
#[derive(Debug, Default)]
struct Bell {
    /// Whether the future has not been rung for since.
    silent: AtomicBool,
    task: AtomicWaker,
}

impl<F> Seldom<F> {
    pub(super) fn new(inner: F) -> Self {
        let bell = Arc::<Bell>::default();
        Self {
            inner,
            waker: Arc::clone(&bell).into(),
            bell,
        }
    }
}

impl<F: Future> Future for Seldom<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        // Registered first: whoever rings from here on wakes this task, or is found by the load.
        this.bell.task.register(context.waker());
        // Acquire, with the Release in `wake`: what was done before it rang is seen.
        if this.bell.silent.swap(true, Ordering::Acquire) {
            return Poll::Pending;
        }
        this.inner.poll(&mut Context::from_waker(this.waker))
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.silent.store(false, Ordering::Release);
        self.task.wake();
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use tokio::sync::watch;

    use super::*;

    #[test]
    fn it_is_polled_once_and_then_when_it_woke() {
        let (sender, mut receiver) = watch::channel(0);
        let mut polls = 0;
        let mut changed = pin!(receiver.changed());
        let counted = std::future::poll_fn(|context| {
            polls += 1;
            changed.as_mut().poll(context)
        });
        let mut seldom = pin!(Seldom::new(counted));
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..3 {
            assert!(seldom.as_mut().poll(&mut context).is_pending());
        }
        sender.send_replace(1);
        assert!(seldom.as_mut().poll(&mut context).is_ready());
        assert_eq!(polls, 2);
    }

    #[tokio::test]
    async fn the_task_is_woken_by_what_it_waits_for() {
        let (sender, mut receiver) = watch::channel(0);
        let waiting = tokio::spawn(async move { Seldom::new(receiver.changed()).await });
        tokio::task::yield_now().await;
        sender.send_replace(1);
        waiting.await.unwrap().unwrap();
    }
}
