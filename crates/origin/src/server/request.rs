//! One request on its way through the service: counted, and answered 503 when there is no room
//! for it or no time.

use std::cell::RefCell;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use pin_project_lite::pin_project;
use tower::ServiceExt as _;

use super::activity::{Activity, Effect, Underway};
use super::served::Served;

/// What hyper calls for each request of a connection.
#[derive(Debug)]
pub(super) struct Requests<S> {
    /// The connection's own clone. One for each request would have all cores count up and down the
    /// few words that all clones share.
    service: RefCell<S>,
    activity: Arc<Activity>,
}

impl<S> Requests<S> {
    pub(super) fn new(service: S, activity: Arc<Activity>) -> Self {
        let service = RefCell::new(service);
        Self { service, activity }
    }
}

impl<S: Served> hyper::service::Service<Request<Incoming>> for Requests<S> {
    type Response = Response<Answer<S::Body>>;
    type Error = Infallible;
    type Future = Answering<S::Future>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let effect = match *request.method() {
            Method::GET | Method::HEAD | Method::OPTIONS => Effect::Reads,
            _ => Effect::Writes,
        };
        self.activity.speaks(request.version());
        let Some(underway) = self.activity.begin(effect) else {
            return Answering::REFUSED;
        };
        let mut service = self.service.borrow_mut();
        let by = match service.poll_ready(&mut Context::from_waker(Waker::noop())) {
            // As ours is at any time: then no future has to have room for the request.
            Poll::Ready(Ok(())) => By::Service {
                answering: service.call(request),
            },
            Poll::Ready(Err(never)) => match never {},
            Poll::Pending => By::Queue {
                answering: Box::pin(service.clone().oneshot(request)),
            },
        };
        Answering {
            by,
            underway: Some(underway),
            late: None,
        }
    }
}

pin_project! {
    /// The answer to come. hyper has a place for it in each connection: nothing is allocated for a
    /// request that need not wait.
    #[must_use = "futures do nothing unless polled"]
    pub(super) struct Answering<F: Future> {
        #[pin]
        by: By<F>,
        // Taken with the answer.
        underway: Option<Underway>,
        late: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    }
}

pin_project! {
    #[project = ByProjection]
    enum By<F: Future> {
        Service { #[pin] answering: F },
        // Of a service that was busy when the request came.
        Queue { answering: Pin<Box<dyn Future<Output = F::Output> + Send>> },
        Nobody,
    }
}

impl<F: Future> Answering<F> {
    const REFUSED: Self = Self {
        by: By::Nobody,
        underway: None,
        late: None,
    };
}

impl<F, B> Future for Answering<F>
where
    F: Future<Output = Result<Response<B>, Infallible>>,
{
    type Output = Result<Response<Answer<B>>, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let answer = match this.by.project() {
            ByProjection::Service { answering } => answering.poll(context),
            ByProjection::Queue { answering } => answering.as_mut().poll(context),
            ByProjection::Nobody => {
                return Poll::Ready(Ok(unavailable("too many requests\n")));
            }
        };
        let underway = this.underway;
        match answer {
            Poll::Ready(Ok(answer)) => {
                let mut underway = underway.take().expect("it is polled to its end once");
                underway.answer();
                Poll::Ready(Ok(answer.map(|body| Answer::Body { body, underway })))
            }
            Poll::Ready(Err(never)) => match never {},
            Poll::Pending => {
                // Only what waits pays for it.
                let late = this.late.get_or_insert_with(|| {
                    let underway = underway.as_ref().expect("it is polled to its end once");
                    Box::pin(underway.too_late())
                });
                late.as_mut().poll(context).map(|()| {
                    *underway = None;
                    Ok(unavailable("the server is stopping\n"))
                })
            }
        }
    }
}

fn unavailable<B>(reason: &'static str) -> Response<Answer<B>> {
    let text = Some(Bytes::from_static(reason.as_bytes()));
    let mut response = Response::new(Answer::Text { text });
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    let headers = response.headers_mut();
    let fields = [
        (header::CACHE_CONTROL, "no-store"),
        (header::RETRY_AFTER, "1"),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
    ];
    for (name, value) in fields {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

pin_project! {
    /// The service's body, which keeps its request under way, or words of our own.
    #[project = AnswerProjection]
    #[derive(Debug)]
    pub(super) enum Answer<B> {
        Body { #[pin] body: B, underway: Underway },
        Text { text: Option<Bytes> },
    }
}

impl<B> Body for Answer<B>
where
    B: Body<Data = Bytes>,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        match self.project() {
            AnswerProjection::Body { body, .. } => body.poll_frame(context),
            AnswerProjection::Text { text } => {
                Poll::Ready(text.take().map(|text| Ok(Frame::data(text))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Body { body, .. } => body.is_end_stream(),
            Self::Text { text } => text.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Body { body, .. } => body.size_hint(),
            Self::Text { text } => {
                SizeHint::with_exact(text.as_ref().map_or(0, |text| text.len() as u64))
            }
        }
    }
}
