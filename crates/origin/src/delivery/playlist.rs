//! Playlists: the version that was asked for, in the coding that was asked for.

use bytes::Bytes;
use headers::IfNoneMatch;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use llhls::manifest::Directives;
use llhls::registry::{Body, Coding, Snapshot, Viewer};

use super::body::DeliveryBody;
use super::conditions::if_none_match;
use super::failure::Asked;
use super::media::respond_with;
use super::negotiate;
use super::prepared::{self, Prepared, Variant};

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

    /// Whether the client has the answer with these headers.
    fn has(&self, headers: &HeaderMap) -> bool {
        self.unless.as_ref().is_some_and(|condition| {
            let etag = headers.get(header::ETAG);
            let tag = etag.and_then(|etag| etag.to_str().ok()?.parse().ok());
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
    let (form, coding) = (version.form(directives), conditions.coding);
    let body = version.body(form, coding);
    let variant = Variant {
        form,
        coding,
        asked,
    };
    let headers = |prepared: &Prepared| prepared.playlist(variant, &body.etag).clone();
    let headers = Prepared::of(version, viewer, headers);
    respond(headers, body.bytes, conditions)
}

/// A playlist of which only its text matters: a multivariant one, or one of whole segments.
pub(super) fn plain(
    body: Body,
    conditions: &Conditions,
    lifetime: HeaderValue,
) -> Response<DeliveryBody> {
    let headers = prepared::playlist_headers(lifetime, conditions.coding, body.etag);
    respond(headers, body.bytes, conditions)
}

/// The condition is tested on the version that came out of the wait, never before it (HTTP-09).
fn respond(mut headers: HeaderMap, body: Bytes, conditions: &Conditions) -> Response<DeliveryBody> {
    if conditions.has(&headers) {
        headers.remove(header::CONTENT_TYPE);
        headers.remove(header::CONTENT_ENCODING);
        return respond_with(StatusCode::NOT_MODIFIED, headers, DeliveryBody::empty());
    }
    respond_with(StatusCode::OK, headers, DeliveryBody::whole(body))
}
