//! One request on its way through the service: counted, and answered 503 when there is no room
//! for it or no time.

use std::convert::Infallible;
use std::error::Error as StdError;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use pin_project_lite::pin_project;
use tower::{Service, ServiceExt as _};

use super::activity::{Activity, Effect, Underway};
use super::{Phase, Shared};

/// What hyper calls for each request of a connection.
#[derive(Debug)]
pub(super) struct Requests<S> {
    shared: Arc<Shared<S>>,
    activity: Arc<Activity>,
}

impl<S> Requests<S> {
    pub(super) fn new(shared: Arc<Shared<S>>, activity: Arc<Activity>) -> Self {
        Self { shared, activity }
    }
}

impl<S, B> hyper::service::Service<Request<Incoming>> for Requests<S>
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>,
    S: Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    type Response = Response<Answer<B>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let effect = match *request.method() {
            Method::GET | Method::HEAD | Method::OPTIONS => Effect::Reads,
            _ => Effect::Writes,
        };
        self.activity.speaks(request.version());
        let underway = self.activity.begin(effect);
        let shared = Arc::clone(&self.shared);
        Box::pin(async move {
            let Some(mut underway) = underway else {
                return Ok(unavailable("too many requests\n"));
            };
            let answer = tokio::select! {
                biased;
                answer = shared.service.clone().oneshot(request) => answer,
                // First polled when the service has nothing yet: only what waits pays for it.
                () = too_late(&shared) => return Ok(unavailable("the server is stopping\n")),
            };
            underway.answer();
            answer.map(|answer| answer.map(|body| Answer::Body { body, underway }))
        })
    }
}

async fn too_late<S>(shared: &Shared<S>) {
    let mut phase = shared.phase.subscribe();
    // An error means that the server's own half is gone: then nothing is ever too late.
    if phase.wait_for(|phase| *phase >= Phase::Late).await.is_err() {
        std::future::pending::<()>().await;
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
