//! Playlists: the version that was asked for, in the coding that was asked for.

use headers::IfNoneMatch;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use llhls::manifest::Directives;
use llhls::registry::{Body, Coding, Snapshot, Viewer};

use super::body::DeliveryBody;
use super::conditions::if_none_match;
use super::failure::Asked;
use super::negotiate;
use super::prepared::{self, Prepared};

/// What a request says about the answer it wants. `Range` is ignored (HTTP-10).
#[derive(Debug)]
pub(super) struct Conditions {
    coding: Coding,
    /// Boxed, because nearly no request has one and every waiting request has room for it.
    unless: Option<Box<IfNoneMatch>>,
}

impl Conditions {
    pub(super) fn new(headers: &HeaderMap) -> Self {
        Self {
            coding: negotiate::accepted_coding(headers),
            unless: if_none_match(headers).map(Box::new),
        }
    }

    pub(super) fn coding(&self) -> Coding {
        self.coding
    }

    fn has(&self, etag: &HeaderValue) -> bool {
        self.unless.as_ref().is_some_and(|condition| {
            let tag = etag.to_str().ok().and_then(|tag| tag.parse().ok());
            tag.is_some_and(|tag| !condition.precondition_passes(&tag))
        })
    }
}

/// A media playlist: 200, or 304 when the client has exactly this version.
pub(super) fn media(
    viewer: &Viewer,
    version: &Snapshot,
    directives: &Directives,
    asked: Asked,
    conditions: &Conditions,
) -> Response<DeliveryBody> {
    let headers = Prepared::of(version, viewer).playlist(asked);
    let body = version.body(version.form(directives), conditions.coding);
    respond(headers, body, conditions)
}

/// A playlist of which only its text matters: a multivariant one, or one of whole segments.
pub(super) fn plain(
    body: Body,
    conditions: &Conditions,
    lifetime: HeaderValue,
) -> Response<DeliveryBody> {
    respond(prepared::playlist_headers(lifetime), body, conditions)
}

/// The condition is tested on the version that came out of the wait, never before it (HTTP-09).
fn respond(mut headers: HeaderMap, body: Body, conditions: &Conditions) -> Response<DeliveryBody> {
    let etag = HeaderValue::from_maybe_shared(body.etag).expect("an entity tag is visible ASCII");
    let mut response = Response::new(DeliveryBody::empty());
    if conditions.has(&etag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        headers.remove(header::CONTENT_TYPE);
        headers.remove(header::CONTENT_ENCODING);
    } else {
        if conditions.coding != Coding::Gzip {
            headers.remove(header::CONTENT_ENCODING);
        }
        *response.body_mut() = DeliveryBody::whole(body.bytes);
    }
    headers.insert(header::ETAG, etag);
    *response.headers_mut() = headers;
    response
}
