//! The gate in front of all routes: nobody comes to a stream who may not.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use http_body::Body;
use http_body_util::{Either, Full};
use percent_encoding::percent_decode_str;
use pin_project_lite::pin_project;
use tower::Service;

use crate::config::TokenPlace;

use super::credentials::{COOKIE, Credentials, path_token};
use super::keeper::{Access, Verdict};

/// Decides about every request below `/live` and `/ingest` before any route sees it, and takes path
/// tokens off so that no route sees them.
#[derive(Clone, Debug)]
pub struct Gate<S> {
    access: Access,
    inner: S,
}

/// A body from behind the gate, or the words of the gate itself.
pub type GateBody<B> = Either<B, Full<Bytes>>;

impl<S> Gate<S> {
    pub(crate) fn new(access: Access, inner: S) -> Self {
        Self { access, inner }
    }
}

impl<S, B, R> Service<Request<B>> for Gate<S>
where
    S: Service<Request<B>, Response = Response<R>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
    R: Body<Data = Bytes> + 'static,
{
    type Response = Response<GateBody<R>>;
    type Error = Infallible;
    type Future = Passing<S::Future, R>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        if self.access.is_open() {
            let through = self.inner.call(request);
            return Passing::Open { through };
        }
        let clone = self.inner.clone();
        // The clone is kept for later; the one that was found ready takes the request.
        let mut inner = std::mem::replace(&mut self.inner, clone);
        let access = self.access.clone();
        let checked = Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            let site = parts.headers.get(header::ORIGIN).cloned();
            let mut response = match admit(&access, &mut parts).await {
                Ok(Admitted { cookie, private }) => {
                    let request = Request::from_parts(parts, body);
                    let mut response = inner.call(request).await?.map(Either::Left);
                    if private {
                        keep_private(response.headers_mut());
                    }
                    if let Some(cookie) = cookie.filter(|_| response.status().is_success()) {
                        response.headers_mut().append(header::SET_COOKIE, cookie);
                    }
                    response
                }
                Err(refusal) => refusal.map(|text| Either::Right(Full::from(text))),
            };
            allow_credentials(&access, site, response.headers_mut());
            Ok(response)
        });
        Passing::Checked { checked }
    }
}

type Checked<R> = Pin<Box<dyn Future<Output = Result<Response<GateBody<R>>, Infallible>> + Send>>;

pin_project! {
    /// The answer of a [`Gate`] to come: boxed only where something has to be decided.
    #[project = PassingProjection]
    #[must_use = "futures do nothing unless polled"]
    pub enum Passing<F, R> {
        #[doc(hidden)]
        Open {
            #[pin]
            through: F,
        },
        #[doc(hidden)]
        Checked {
            checked: Checked<R>,
        },
    }
}

impl<F, R> Future for Passing<F, R>
where
    F: Future<Output = Result<Response<R>, Infallible>>,
{
    type Output = Result<Response<GateBody<R>>, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            PassingProjection::Open { through } => through
                .poll(context)
                .map_ok(|response| response.map(Either::Left)),
            PassingProjection::Checked { checked } => checked.as_mut().poll(context),
        }
    }
}

impl<F, R> std::fmt::Debug for Passing<F, R> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Passing").finish_non_exhaustive()
    }
}

/// What a path is about, as far as it has to be allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish<'a> {
    Watch(&'a str),
    Publish(&'a str),
    /// Pages, lists, what does not exist.
    Other,
}

/// What a request that may go on brings with it.
#[derive(Debug, Default)]
struct Admitted {
    /// The token as a cookie, for the answer.
    cookie: Option<HeaderValue>,
    /// Whether the answer hangs on something that is not in the URL, so that no shared cache may
    /// give it to others.
    private: bool,
}

async fn admit(access: &Access, request: &mut Parts) -> Result<Admitted, Response<&'static str>> {
    let place = access.token_place();
    let mut token_in_path = None;
    if let Some((token, rest)) = path_token(request.uri.path()) {
        // Without tokens in paths there is no such path, and it must not look as if there were.
        if place != Some(TokenPlace::Path) {
            return Ok(Admitted::default());
        }
        token_in_path = token.map(str::to_owned);
        request.uri = with_path(&request.uri, rest);
    }
    // A preflight carries no credentials (Fetch, "CORS-preflight fetch"), and its answer tells
    // nothing.
    if request.method == Method::OPTIONS {
        return Ok(Admitted::default());
    }
    let path = decoded(request.uri.path());
    let credentials = Credentials {
        query: request.uri.query(),
        headers: &request.headers,
    };
    match (wish(&path), place) {
        (Wish::Publish(stream), _) => {
            let key = credentials.publish_key();
            match access.may_publish(stream, key.as_deref()).await {
                Verdict::Allowed => Ok(Admitted::default()),
                verdict => Err(refuse(verdict, stream, "publish")),
            }
        }
        (Wish::Watch(stream), Some(place)) => {
            let presented = presented(place, credentials, token_in_path.as_deref());
            match access.may_watch(stream, presented.token).await {
                Verdict::Allowed => Ok(Admitted {
                    cookie: presented
                        .token
                        .filter(|_| presented.wants_cookie)
                        .and_then(|token| cookie(access, stream, token)),
                    private: presented.private,
                }),
                verdict => Err(refuse(verdict, stream, "watch")),
            }
        }
        _ => Ok(Admitted::default()),
    }
}

/// A viewer's token, and what follows from where it was.
struct Presented<'a> {
    token: Option<&'a str>,
    wants_cookie: bool,
    private: bool,
}

fn presented<'a>(
    place: TokenPlace,
    credentials: Credentials<'a>,
    in_path: Option<&'a str>,
) -> Presented<'a> {
    let (token, wants_cookie) = match place {
        TokenPlace::Path => (in_path, false),
        TokenPlace::Query => (credentials.query_token(), false),
        TokenPlace::Cookie => {
            let given = credentials.query_token();
            (
                given.or_else(|| credentials.cookie_token()),
                given.is_some(),
            )
        }
    };
    let header = token
        .is_none()
        .then(|| credentials.bearer_token())
        .flatten();
    Presented {
        token: token.or(header),
        wants_cookie,
        private: place == TokenPlace::Cookie || header.is_some(),
    }
}

/// The path as the routes will read it: percent-decoded. What is not UTF-8 names no stream, there
/// or here.
fn decoded(path: &str) -> String {
    percent_decode_str(path).decode_utf8_lossy().into_owned()
}

fn wish(path: &str) -> Wish<'_> {
    let mut elements = path.split('/');
    let (_, first, second) = (elements.next(), elements.next(), elements.next());
    match (first, second) {
        (Some("live"), Some(stream)) => Wish::Watch(stream),
        (Some("ingest"), Some(stream)) => Wish::Publish(stream),
        _ => Wish::Other,
    }
}

fn with_path(uri: &Uri, path: &str) -> Uri {
    let text = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    let path: PathAndQuery = text
        .parse()
        .expect("the rest of a path, from a slash on, is a path");
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(path);
    Uri::from_parts(parts).expect("only the path was changed")
}

fn refuse(verdict: Verdict, stream: &str, what: &str) -> Response<&'static str> {
    let (status, text) = match verdict {
        Verdict::Forbidden => (
            StatusCode::FORBIDDEN,
            "what was presented is for another stream\n",
        ),
        Verdict::Unavailable => (
            StatusCode::SERVICE_UNAVAILABLE,
            "it cannot be decided now whether you may\n",
        ),
        _ => (
            StatusCode::UNAUTHORIZED,
            "nothing was presented that opens this stream, or it has expired\n",
        ),
    };
    tracing::debug!(stream, what, %status, "refused");
    let mut response = Response::new(text);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    let text = HeaderValue::from_static("text/plain; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, text);
    // A refusal is for this one request: the next one may bring a token that is good.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // A script has to be able to tell what happened (HTTP-07).
    let everybody = HeaderValue::from_static("*");
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, everybody);
    match status {
        StatusCode::UNAUTHORIZED => {
            let challenge = HeaderValue::from_static("Bearer");
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        StatusCode::SERVICE_UNAVAILABLE => {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        _ => {}
    }
    response
}

/// Makes `public` into `private`; what may not be stored at all stays so.
fn keep_private(headers: &mut HeaderMap) {
    let changed = headers.get(header::CACHE_CONTROL).and_then(|value| {
        let text = value.to_str().ok()?;
        let changed = text
            .contains("public")
            .then(|| text.replace("public", "private"))?;
        HeaderValue::try_from(changed).ok()
    });
    if let Some(value) = changed {
        headers.insert(header::CACHE_CONTROL, value);
    }
}

/// Where other sites play with cookies, each has to be named: with credentials `*` means nothing
/// (Fetch, "CORS check").
fn allow_credentials(access: &Access, site: Option<HeaderValue>, headers: &mut HeaderMap) {
    let sites = access.cookie_origins();
    if sites.is_empty() || !headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN) {
        return;
    }
    headers.append(header::VARY, HeaderValue::from_static("origin"));
    match site {
        Some(site)
            if sites
                .iter()
                .any(|known| known.as_bytes() == site.as_bytes()) =>
        {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, site);
            let yes = HeaderValue::from_static("true");
            headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, yes);
        }
        _ => {
            headers.remove(header::ACCESS_CONTROL_ALLOW_ORIGIN);
        }
    }
}

/// The cookie of a token: for this stream alone, out of reach of scripts.
fn cookie(access: &Access, stream: &str, token: &str) -> Option<HeaderValue> {
    // A token that only the hook knows lasts as long as the browser.
    let age = access
        .remaining(token)
        .map(|left| format!("; Max-Age={}", left.as_secs()))
        .unwrap_or_default();
    let site = if access.cookie_origins().is_empty() {
        "Strict"
    } else {
        // Other sites play; their browsers keep the cookie apart for each of them.
        "None; Partitioned"
    };
    let text =
        format!("{COOKIE}={token}; Path=/live/{stream}/{age}; HttpOnly; Secure; SameSite={site}");
    // A stream that is no name was not allowed; one that is has no character that ends a cookie.
    HeaderValue::try_from(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_spell_a_stream_is_seen() {
        for (path, wanted) in [
            ("/live/show/index.m3u8", Wish::Watch("show")),
            ("/live/show", Wish::Watch("show")),
            ("/%6cive/sh%6fw/video/x.m4s", Wish::Watch("show")),
            ("/live/../ingest/x", Wish::Watch("..")),
            ("/ingest/show/a/b", Wish::Publish("show")),
            ("/ingest/show%2Fa", Wish::Publish("show")),
            ("//live/show", Wish::Other),
            ("/Live/show", Wish::Other),
            ("/api/streams", Wish::Other),
            ("/", Wish::Other),
            ("*", Wish::Other),
        ] {
            assert_eq!(wish(&decoded(path)), wanted, "{path}");
        }
    }
}
