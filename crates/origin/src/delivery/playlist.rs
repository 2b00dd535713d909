//! Playlists: the version that was asked for, in the coding that was asked for.

use axum::body::Body as HttpBody;
use axum::response::Response;
use headers::{ETag, HeaderMapExt as _, IfNoneMatch};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use llhls::registry::{Body, Coding};

use crate::delivery::policy::Lifetime;

/// Always this one: `application/x-mpegURL` is not in the draft, and iOS minds (PL-06).
const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("application/vnd.apple.mpegurl");

/// Answers with a playlist: 200, or 304 when the client has exactly this version.
///
/// The condition is tested on the version that came out of the wait, never before it (HTTP-09).
/// `Range` is ignored (HTTP-10).
pub(crate) fn respond(
    body: Body,
    coding: Coding,
    lifetime: Lifetime,
    target: u64,
    request: &HeaderMap,
) -> Response {
    let mut response = Response::new(HttpBody::empty());
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, lifetime.cache_control(target));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    headers.insert("priority", HeaderValue::from_static("u=1"));
    let etag = HeaderValue::from_maybe_shared(body.etag).expect("an entity tag is visible ASCII");
    headers.insert(header::ETAG, etag);

    let unchanged = match (
        request.typed_get::<IfNoneMatch>(),
        headers.typed_get::<ETag>(),
    ) {
        (Some(condition), Some(etag)) => !condition.precondition_passes(&etag),
        _ => false,
    };
    if unchanged {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }
    headers.insert(header::CONTENT_TYPE, CONTENT_TYPE);
    if coding == Coding::Gzip {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.bytes.len()));
    *response.body_mut() = HttpBody::from(body.bytes);
    response
}
