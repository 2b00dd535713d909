//! Parts, segments and init sections: immutable bytes, whole or by range.

use std::ops::Range;

use headers::{ContentRange, ETag, HeaderMapExt as _, IfNoneMatch};
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use llhls::manifest::{ResourceName, SegmentLookup};
use llhls::registry::{ArchivedName, DvrResource, MediaError, Viewer};

use super::body::DeliveryBody;
use super::open::{self, Growing};
use super::policy::{self, Lifetimes};
use super::prepared::{self, Prepared};
use super::range::{self, Asking};
use super::rope::Rope;
use super::{archived, failure, fields};
use crate::origin::Origin;

/// A request for media, read.
#[derive(Debug)]
pub(super) struct Wanted {
    name: ResourceName,
    terms: Terms,
}

/// What a request for a resource says about the answer it wants.
#[derive(Debug)]
pub(super) struct Terms {
    etag: HeaderValue,
    pub(super) asking: Asking,
    /// Whether the client has it already. A name stands for the same bytes for ever, so the answer
    /// does not depend on anything that is still to come.
    pub(super) is_known: bool,
    /// Where the extension says more than the kind of the rendition.
    content_type: Option<HeaderValue>,
}

impl Wanted {
    /// Reads a request for `name`; `None` when no playlist of this rendition can contain it.
    ///
    /// The name is unique for all time, so it is the entity tag as well: no byte is ever hashed.
    pub(super) fn new(viewer: &Viewer, name: &str, headers: &HeaderMap) -> Option<Self> {
        let parsed = viewer.snapshot().ok()?.view().names().parse(name)?;
        Some(Self {
            name: parsed,
            terms: Terms::new(name, headers),
        })
    }
}

impl Terms {
    /// Reads a request for `name`, which is a resource's by its looks: letters, digits and dots.
    pub(super) fn new(name: &str, headers: &HeaderMap) -> Self {
        let tag = format!("\"{name}\"");
        let is_plain =
            !headers.contains_key(header::RANGE) && !headers.contains_key(header::IF_NONE_MATCH);
        let (asking, is_known) = if is_plain {
            (Asking::Whole, false)
        } else {
            let etag: ETag = tag.parse().expect("a resource name has no quote in it");
            let known = headers
                .typed_get::<IfNoneMatch>()
                .is_some_and(|condition| !condition.precondition_passes(&etag));
            (Asking::new(headers, &etag), known)
        };
        Self {
            etag: HeaderValue::from_maybe_shared(bytes::Bytes::from(tag))
                .expect("a resource name is visible ASCII"),
            asking,
            is_known,
            content_type: content_type(name),
        }
    }

    /// The headers that all answers for a resource of this kind have, and this one's.
    pub(super) fn complete(&self, mut headers: HeaderMap) -> HeaderMap {
        if let Some(content_type) = &self.content_type {
            headers.insert(header::CONTENT_TYPE, content_type.clone());
        }
        headers.insert(header::ETAG, self.etag.clone());
        headers
    }
}

/// What the extension says (HTTP-11). fMP4 is the rendition's kind of it.
fn content_type(name: &str) -> Option<HeaderValue> {
    let value = match name.rsplit_once('.')?.1 {
        "m4s" | "mp4" => return None,
        "ts" => "video/mp2t",
        "aac" => "audio/aac",
        "vtt" => "text/vtt",
        _ => "application/octet-stream",
    };
    Some(HeaderValue::from_static(value))
}

/// What was found, as far as it goes.
enum Found {
    Whole(Rope),
    Open(Growing),
    /// In a file.
    Archived(ArchivedName),
}

/// Answers: 200, 206, 304, 404, 410, 416 or 503. Waits for what is hinted.
pub(super) async fn respond(
    origin: &Origin,
    viewer: &Viewer,
    wanted: Wanted,
) -> Response<DeliveryBody> {
    let terms = &wanted.terms;
    match find(viewer, &wanted).await {
        Ok(Found::Whole(rope)) => whole(headers(viewer, terms), terms, rope),
        Ok(Found::Archived(name)) => {
            let lifetimes = Lifetimes::new(prepared::target_duration(viewer));
            archived::file(origin, &name, headers(viewer, terms), terms, &lifetimes).await
        }
        Ok(Found::Open(_)) if terms.is_known => not_modified(headers(viewer, terms)),
        Ok(Found::Open(growing)) => {
            let headers = headers(viewer, terms);
            match open::respond(headers, growing, terms.asking).await {
                Ok(response) => response,
                Err(error) => failed(viewer, error),
            }
        }
        Err(error) => failed(viewer, error),
    }
}

async fn find(viewer: &Viewer, wanted: &Wanted) -> Result<Found, MediaError> {
    let bytes = match wanted.name {
        ResourceName::Part(position) => viewer.part(position).await?,
        ResourceName::Init(version) => match viewer.dvr() {
            Some(dvr) => return dvr.init(version).and_then(recorded),
            None => viewer.init(version)?,
        },
        ResourceName::Segment(msn) => {
            let version = viewer.snapshot().map_err(|_| MediaError::Gone)?;
            let view = version.view();
            let edge = view.edge();
            let is_growing = match view.segment(msn) {
                SegmentLookup::Open => true,
                // Where parts are ranges of it, its first byte is hinted before it is begun.
                SegmentLookup::NotYet => msn == edge.open && edge.last_complete.is_some(),
                _ => false,
            };
            return if is_growing && view.part_target().is_some() {
                Ok(Found::Open(Growing::new(viewer.clone(), msn)))
            } else if let Some(dvr) = viewer.dvr() {
                dvr.segment(msn).and_then(recorded)
            } else {
                viewer
                    .segment(msn)
                    .map(|parts| Found::Whole(Rope::new(parts)))
            };
        }
        // A kind of name that this version does not know cannot have been printed by it.
        _ => return Err(MediaError::NotFound),
    };
    Ok(Found::Whole(Rope::one(bytes)))
}

/// From memory, or from a file.
fn recorded(resource: DvrResource) -> Result<Found, MediaError> {
    match resource {
        DvrResource::Memory(parts) => Ok(Found::Whole(Rope::new(parts))),
        DvrResource::Archived(name) => Ok(Found::Archived(name)),
        // A place that this version does not know is none of ours.
        _ => Err(MediaError::NotFound),
    }
}

fn headers(viewer: &Viewer, terms: &Terms) -> HeaderMap {
    let prepared = viewer.snapshot().map(|now| Prepared::of(&now, viewer));
    // Removed between the two: its bytes are here, and need no more than their name.
    terms.complete(prepared.map_or_else(|_| HeaderMap::new(), |known| known.media.clone()))
}

fn failed(viewer: &Viewer, error: MediaError) -> Response<DeliveryBody> {
    let lifetimes = Lifetimes::new(prepared::target_duration(viewer));
    failure::media(error, &lifetimes)
}

fn whole(headers: HeaderMap, terms: &Terms, rope: Rope) -> Response<DeliveryBody> {
    let len = rope.len();
    sliced(headers, terms, len, |range| {
        DeliveryBody::rope(match range {
            Some(range) => rope.slice(range),
            None => rope,
        })
    })
}

/// Answers for `len` bytes that are all there: 200, 206, 304 or 416.
pub(super) fn sliced(
    mut headers: HeaderMap,
    terms: &Terms,
    len: u64,
    body: impl FnOnce(Option<Range<u64>>) -> DeliveryBody,
) -> Response<DeliveryBody> {
    if terms.is_known {
        return not_modified(headers);
    }
    match terms.asking.of(len) {
        range::Wanted::Whole => respond_with(StatusCode::OK, headers, body(None)),
        range::Wanted::Slice { start, end } => {
            let range = ContentRange::bytes(start..end, len).expect("start lies before end");
            headers.typed_insert(range);
            let body = body(Some(start..end));
            respond_with(StatusCode::PARTIAL_CONTENT, headers, body)
        }
        range::Wanted::Nothing => unsatisfiable(headers, len),
    }
}

pub(super) fn respond_with(
    status: StatusCode,
    headers: HeaderMap,
    body: DeliveryBody,
) -> Response<DeliveryBody> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

fn not_modified(mut headers: HeaderMap) -> Response<DeliveryBody> {
    headers.remove(header::CONTENT_TYPE);
    respond_with(StatusCode::NOT_MODIFIED, headers, DeliveryBody::empty())
}

/// 416, with the length as far as it is known. What grows may have the range a moment later.
pub(super) fn unsatisfiable(mut headers: HeaderMap, len: u64) -> Response<DeliveryBody> {
    for name in [header::CONTENT_TYPE, header::ETAG, fields::PRIORITY] {
        headers.remove(name);
    }
    headers.insert(header::CACHE_CONTROL, policy::NEVER);
    headers.typed_insert(ContentRange::unsatisfied_bytes(len));
    respond_with(
        StatusCode::RANGE_NOT_SATISFIABLE,
        headers,
        DeliveryBody::empty(),
    )
}
