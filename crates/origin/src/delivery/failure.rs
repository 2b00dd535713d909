//! Failures: a status, a reason in words, and how long both are true.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use llhls::registry::{MediaError, PlaylistError};

use super::body::DeliveryBody;
use super::fields;
use super::policy::{self, Lifetimes};

/// Whether a request named a version that need not be there yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Now,
    Future,
}

/// 400 and 503 for directives, nothing else (SRV-12); 404 where there is no playlist.
pub(super) fn playlist(
    error: PlaylistError,
    asked: Asked,
    lifetimes: Lifetimes,
) -> Response<DeliveryBody> {
    match error {
        PlaylistError::Rejected(_) => directive(&error.to_string()),
        PlaylistError::Gone => {
            let reason = Bytes::from_static(b"there is no such playlist\n");
            failure(StatusCode::NOT_FOUND, lifetimes.not_found(asked), reason)
        }
        // Timed out, too busy, and whatever a later version adds: try again.
        _ => unavailable(&error.to_string()),
    }
}

pub(super) fn media(error: MediaError, lifetimes: Lifetimes) -> Response<DeliveryBody> {
    match error {
        MediaError::NotFound | MediaError::Gone => no_such_media(),
        MediaError::Expired => expired(lifetimes),
        _ => unavailable(&error.to_string()),
    }
}

/// What was there and is no more.
pub(super) fn expired(lifetimes: Lifetimes) -> Response<DeliveryBody> {
    let reason = Bytes::from_static(b"this is no longer kept\n");
    failure(StatusCode::GONE, lifetimes.not_found(Asked::Now), reason)
}

/// It is there, and cannot be read now: the disk's failure, or no file may be opened any more.
pub(super) fn unreadable() -> Response<DeliveryBody> {
    unavailable("it cannot be read now")
}

/// A directive that makes no sense, or no sense yet.
pub(super) fn directive(reason: &str) -> Response<DeliveryBody> {
    failure(StatusCode::BAD_REQUEST, policy::NEVER, line(reason))
}

pub(super) fn no_such_media() -> Response<DeliveryBody> {
    let reason = Bytes::from_static(b"no playlist names this\n");
    failure(StatusCode::NOT_FOUND, policy::NO_MEDIA, reason)
}

pub(super) fn method_not_allowed() -> Response<DeliveryBody> {
    let reason = Bytes::from_static(b"only GET, HEAD and OPTIONS\n");
    let mut response = failure(StatusCode::METHOD_NOT_ALLOWED, policy::NEVER, reason);
    fields::allow(response.headers_mut());
    response
}

/// A request with a body. None is ever read here, so it would only stand in the way of the next
/// request on its connection.
pub(super) fn content_too_large() -> Response<DeliveryBody> {
    let reason = Bytes::from_static(b"a request for a stream has no content\n");
    failure(StatusCode::PAYLOAD_TOO_LARGE, policy::NEVER, reason)
}

/// As many files are being read as may be.
pub(super) fn too_many_readers() -> Response<DeliveryBody> {
    unavailable("too many recordings are being read now")
}

fn unavailable(reason: &str) -> Response<DeliveryBody> {
    let mut response = failure(StatusCode::SERVICE_UNAVAILABLE, policy::NEVER, line(reason));
    let again = HeaderValue::from_static("1");
    response.headers_mut().insert(header::RETRY_AFTER, again);
    response
}

fn line(reason: &str) -> Bytes {
    format!("{reason}\n").into()
}

fn failure(status: StatusCode, lifetime: HeaderValue, reason: Bytes) -> Response<DeliveryBody> {
    let mut response = Response::new(DeliveryBody::whole(reason));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    fields::cors(headers);
    headers.insert(header::CACHE_CONTROL, lifetime);
    let text = HeaderValue::from_static("text/plain; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, text);
    response
}
