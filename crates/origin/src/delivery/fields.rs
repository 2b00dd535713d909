//! Header fields that are the same for many answers.

use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};

use super::body::DeliveryBody;

/// The urgency of an answer (RFC 9218). A playlist names what is wanted next, so it comes first;
/// media of all bit rates is alike, so that none is more urgent than a lower one (HTTP-02).
pub(super) const PRIORITY: HeaderName = HeaderName::from_static("priority");
pub(super) const PLAYLIST_FIRST: HeaderValue = HeaderValue::from_static("u=1");
pub(super) const MEDIA_NEXT: HeaderValue = HeaderValue::from_static("u=3");

/// The newest part of the playlist, as `MSN.INDEX`.
pub(super) const LAST_PART: HeaderName = HeaderName::from_static("llhls-last-part");

/// When that part was published, in milliseconds since 1970: with `Date` it is the age of the
/// newest part, through any number of caches.
pub(super) const LAST_UPDATED: HeaderName = HeaderName::from_static("llhls-last-updated");

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, OPTIONS");
const ANY: HeaderValue = HeaderValue::from_static("*");
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "age,date,content-length,content-range,etag,retry-after,llhls-last-part,llhls-last-updated",
);
const ACCEPTED: HeaderValue =
    HeaderValue::from_static("range,if-none-match,if-range,accept,content-type,priority");
/// A day: how long a browser may remember that cross-origin requests are welcome.
const REMEMBERED: HeaderValue = HeaderValue::from_static("86400");

/// Lets scripts of any site read an answer, errors too (HTTP-07). The same for every site, so no
/// cache needs to keep one for each.
pub(super) fn cors(headers: &mut HeaderMap) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, ANY);
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
}

/// What every OPTIONS gets, a preflight or not, whatever it asks about: it costs no look-up.
pub(super) fn options() -> Response<DeliveryBody> {
    let mut response = Response::new(DeliveryBody::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    cors(headers);
    allow(headers);
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, ACCEPTED);
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, REMEMBERED);
    response
}

pub(super) fn allow(headers: &mut HeaderMap) {
    headers.insert(header::ALLOW, METHODS);
}
