//! A file that a page is made of, and the answer that carries it.

use std::sync::OnceLock;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use llhls::registry::{Body, Coding};

use crate::delivery::{accepted_coding, if_none_match};
use crate::origin::Origin;

/// What a page may load, and who may frame it: nothing that is not this server's own.
///
/// The line is a file because the stand-in that serves the page to its tests sends it too.
const POLICY: &str = include_str!("../../web/content-security-policy.txt").trim_ascii_end();

pub(super) const HTML: &str = "text/html; charset=utf-8";
pub(super) const CSS: &str = "text/css; charset=utf-8";
pub(super) const SVG: &str = "image/svg+xml";
pub(super) const SCRIPT: &str = "text/javascript; charset=utf-8";

/// A file, as it is in the repository.
#[derive(Debug)]
pub(super) struct Asset {
    path: &'static str,
    content_type: &'static str,
    text: &'static str,
    /// Plain and compressed; made when somebody asks first.
    bodies: [OnceLock<Body>; 2],
}

impl Asset {
    pub(super) const fn new(
        path: &'static str,
        content_type: &'static str,
        text: &'static str,
    ) -> Self {
        Self {
            path,
            content_type,
            text,
            bodies: [OnceLock::new(), OnceLock::new()],
        }
    }

    /// The answer to a request with these headers.
    pub(super) async fn answer(&'static self, headers: &HeaderMap) -> Response {
        let coding = accepted_coding(headers);
        let kept = &self.bodies[usize::from(coding == Coding::Gzip)];
        let body = match kept.get() {
            Some(body) => body.clone(),
            None => {
                // Compressing the largest takes longer than a worker of the runtime should.
                let make = move || {
                    kept.get_or_init(|| Body::of(self.text.to_owned(), coding))
                        .clone()
                };
                let made = tokio::task::spawn_blocking(make).await;
                made.expect("neither copying nor compressing a text panics")
            }
        };
        respond(self.content_type, body, coding, headers)
    }
}

/// The routes of a list of files.
pub(super) fn serve(assets: &'static [Asset]) -> Router<Origin> {
    assets.iter().fold(Router::new(), |router, asset| {
        let answer = async |headers: HeaderMap| asset.answer(&headers).await;
        router.route(asset.path, get(answer))
    })
}

/// A file's answer: 200, or 304 where the browser has exactly these bytes.
pub(super) fn respond(
    content_type: &'static str,
    body: Body,
    coding: Coding,
    request: &HeaderMap,
) -> Response {
    let etag = HeaderValue::from_maybe_shared(body.etag).expect("an entity tag is visible ASCII");
    let has_it = etag.to_str().ok().and_then(|tag| tag.parse().ok());
    let has_it = has_it.is_some_and(|tag| {
        if_none_match(request).is_some_and(|unless| !unless.precondition_passes(&tag))
    });
    let mut response = if has_it {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        body.bytes.into_response()
    };
    let headers = response.headers_mut();
    for (name, value) in COMMON {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert(header::ETAG, etag);
    if !has_it {
        let value = HeaderValue::from_static(content_type);
        headers.insert(header::CONTENT_TYPE, value);
        if coding == Coding::Gzip {
            let value = HeaderValue::from_static("gzip");
            headers.insert(header::CONTENT_ENCODING, value);
        }
    }
    response
}

const COMMON: [(HeaderName, &str); 6] = [
    // Revalidated each time: a page of the last version with a server of this one helps nobody.
    (header::CACHE_CONTROL, "no-cache"),
    (header::VARY, "accept-encoding"),
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    // A page's address may have a token in it.
    (header::REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
];
