//! The outermost layer: sees every request come and every answer go.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Instant;

use http::{Method, Request, Response};
use http_body::Body;
use llhls::registry::StreamName;
use pin_project_lite::pin_project;
use tower::Service;
use tracing::Span;
use tracing::instrument::{Instrument as _, Instrumented};

use crate::access::loggable;
use crate::origin::Origin;

use super::delays::Held;
use super::session;
use super::traffic::Kind;
use super::viewers::Viewers;

/// Counts requests and viewers, and gives every log line of a request its identity.
#[derive(Clone, Debug)]
pub struct Witness<S> {
    origin: Origin,
    inner: S,
}

impl<S> Witness<S> {
    pub(crate) fn new(origin: Origin, inner: S) -> Self {
        Self { origin, inner }
    }
}

impl<S, B, R> Service<Request<B>> for Witness<S>
where
    S: Service<Request<B>, Response = Response<R>, Error = Infallible>,
    R: Body,
{
    type Response = Response<R>;
    type Error = Infallible;
    type Future = Witnessing<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let path = loggable(request.uri().path());
        let (kind, stream) = Kind::of(path);
        let span = span(kind, stream, path, &request);
        let hash = match kind {
            Kind::Multivariant | Kind::Playlist | Kind::Media => {
                viewer(&self.origin.sight().viewers, &request, stream)
            }
            Kind::Ingest | Kind::Other => None,
        };
        let seen = Seen {
            hash,
            kind,
            origin: self.origin.clone(),
            began: Instant::now(),
        };
        seen.origin.sight().traffic.begin(kind);
        Witnessing {
            answering: self.inner.call(request).instrument(span),
            seen,
        }
    }
}

/// A request's span: at `info` where media comes in, which is seldom and matters, else at `debug`,
/// so that the thousands of viewers' requests cost nothing while nobody looks.
///
/// The query is left out: keys and tokens may be in it.
fn span<B>(kind: Kind, stream: Option<&str>, path: &str, request: &Request<B>) -> Span {
    static NUMBER: AtomicU64 = AtomicU64::new(1);
    let id = || match session::request_id(request.headers()) {
        Some(id) => id.to_owned(),
        None => NUMBER.fetch_add(1, Ordering::Relaxed).to_string(),
    };
    let method: &Method = request.method();
    if kind == Kind::Ingest {
        tracing::info_span!("request", id = %id(), %method, path, stream)
    } else {
        tracing::debug_span!("request", id = %id(), %method, path, stream)
    }
}

/// The stream, and the hash of who watches it.
fn viewer<B>(
    viewers: &Viewers,
    request: &Request<B>,
    stream: Option<&str>,
) -> Option<(StreamName, u64)> {
    let uri = request.uri();
    let id = session::id(uri.path(), uri.query(), request.headers())?;
    Some((stream?.parse().ok()?, viewers.hash(&id)))
}

/// What is known of a request under way; dropping it ends it, answered or not.
#[derive(Debug)]
struct Seen {
    origin: Origin,
    kind: Kind,
    began: Instant,
    /// The stream, and the hash of who watches it.
    hash: Option<(StreamName, u64)>,
}

impl Seen {
    fn answered<R: Body>(&mut self, response: &Response<R>) {
        let sight = self.origin.sight();
        let status = response.status();
        let bytes = response.body().size_hint().exact();
        sight.traffic.answered(self.kind, status, bytes);
        let held = response.extensions().get::<Held>().copied();
        sight.delays.answered(self.kind, self.began.elapsed(), held);
        tracing::debug!(status = status.as_u16(), bytes, "answered");
        // Whoever was refused does not watch.
        if let Some((stream, hash)) = self.hash.take()
            && (status.is_success() || status.as_u16() == 304)
        {
            // A success says that the stream exists, and so bounds how many are remembered.
            sight.viewers.seen(&stream, hash);
        }
    }
}

impl Drop for Seen {
    fn drop(&mut self) {
        self.origin.sight().traffic.end(self.kind);
    }
}

pin_project! {
    /// The answer of a [`Witness`] to come.
    #[must_use = "futures do nothing unless polled"]
    pub struct Witnessing<F> {
        #[pin]
        answering: Instrumented<F>,
        seen: Seen,
    }
}

impl<F, R> Future for Witnessing<F>
where
    F: Future<Output = Result<Response<R>, Infallible>>,
    R: Body,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        let answer = ready!(this.answering.as_mut().poll(context));
        if let Ok(response) = &answer {
            let span = this.answering.span().clone();
            span.in_scope(|| this.seen.answered(response));
        }
        Poll::Ready(answer)
    }
}

impl<F> fmt::Debug for Witnessing<F> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Witnessing").finish_non_exhaustive()
    }
}
