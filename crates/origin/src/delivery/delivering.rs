//! The answer of delivery to come: mostly it is there.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::Response;

use super::body::DeliveryBody;

/// The answer of [`Delivery`](crate::Delivery) to come.
///
/// # Panics
///
/// Like most futures, when it is polled after it gave its answer.
#[must_use = "futures do nothing unless polled"]
pub struct Delivering {
    answer: Answer,
}

enum Answer {
    /// Until it is taken.
    Now(Option<Response<DeliveryBody>>),
    Later(Pin<Box<dyn Future<Output = Response<DeliveryBody>> + Send>>),
}

impl Delivering {
    pub(super) const fn now(answer: Response<DeliveryBody>) -> Self {
        let answer = Answer::Now(Some(answer));
        Self { answer }
    }

    /// Boxed, so that whoever has room for an answer need not have it for all that one may wait for.
    pub(super) fn later(
        answer: impl Future<Output = Response<DeliveryBody>> + Send + 'static,
    ) -> Self {
        let answer = Answer::Later(Box::pin(answer));
        Self { answer }
    }
}

impl Future for Delivering {
    type Output = Result<Response<DeliveryBody>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.answer {
            Answer::Now(answer) => {
                let answer = answer.take().expect("it is polled until it is ready");
                Poll::Ready(Ok(answer))
            }
            Answer::Later(answer) => answer.as_mut().poll(context).map(Ok),
        }
    }
}

impl fmt::Debug for Delivering {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Delivering").finish_non_exhaustive()
    }
}
