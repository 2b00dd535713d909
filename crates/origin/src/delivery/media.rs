//! Parts, segments and init sections: immutable bytes, whole or by range.

use std::ops::{ControlFlow, Range};

use bytes::Bytes;
use headers::{ContentRange, ETag, HeaderMapExt as _};
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use llhls::manifest::{ResourceName, SegmentLookup};
use llhls::registry::{ArchivedName, DvrResource, MediaError, Snapshot, Viewer};

use super::body::DeliveryBody;
use super::conditions::if_none_match;
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
    label: Label,
    terms: Terms,
}

/// What a name says about the bytes that have it.
#[derive(Debug)]
pub(super) struct Label {
    etag: HeaderValue,
    /// Where the extension says more than the kind of the rendition.
    content_type: Option<HeaderValue>,
}

/// What a request for a resource says about the answer it wants.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    pub(super) asking: Asking,
    /// Whether the client has it already. A name stands for the same bytes for ever, so the answer
    /// does not depend on anything that is still to come.
    pub(super) is_known: bool,
}

impl Wanted {
    /// Reads a request for `name`; `None` when no playlist of this rendition can contain it.
    pub(super) fn new(viewer: &Viewer, name: &str, headers: &HeaderMap) -> Option<Self> {
        let parse = |version: &Snapshot| version.view().names().parse(name);
        let parsed = viewer.look(parse).ok()??;
        let (label, terms) = read(name, headers);
        Some(Self {
            name: parsed,
            label,
            terms,
        })
    }
}

/// Reads a request for `name`, which is a resource's by its looks: letters, digits and dots.
///
/// The name is unique for all time, so it is the entity tag as well: no byte is ever hashed.
pub(super) fn read(name: &str, headers: &HeaderMap) -> (Label, Terms) {
    // Exactly as long as it becomes, so that it turns into a header value as it is.
    let mut tag = String::with_capacity(name.len() + 2);
    for piece in ["\"", name, "\""] {
        tag.push_str(piece);
    }
    let is_plain =
        !headers.contains_key(header::RANGE) && !headers.contains_key(header::IF_NONE_MATCH);
    let terms = if is_plain {
        Terms {
            asking: Asking::Whole,
            is_known: false,
        }
    } else {
        let etag: ETag = tag.parse().expect("a resource name has no quote in it");
        let condition = if_none_match(headers);
        Terms {
            asking: Asking::new(headers, &etag),
            is_known: condition.is_some_and(|condition| !condition.precondition_passes(&etag)),
        }
    };
    let label = Label {
        etag: HeaderValue::from_maybe_shared(Bytes::from(tag))
            .expect("a resource name is visible ASCII"),
        content_type: content_type(name),
    };
    (label, terms)
}

impl Label {
    /// The headers that all answers for a resource of this kind have, and this one's.
    pub(super) fn complete(self, mut headers: HeaderMap) -> HeaderMap {
        if let Some(content_type) = self.content_type {
            headers.insert(header::CONTENT_TYPE, content_type);
        }
        headers.insert(header::ETAG, self.etag);
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
    /// A part or an init section.
    One(Bytes),
    /// A segment.
    Whole(Rope),
    Open(Growing),
    /// In a file.
    Archived(ArchivedName),
}

/// As [`respond`] where it is a part and nothing has to be waited for: what players ask for most.
/// What is not comes back.
pub(super) fn at_once(
    viewer: &Viewer,
    wanted: Wanted,
) -> ControlFlow<Response<DeliveryBody>, Wanted> {
    let ResourceName::Part(position) = wanted.name else {
        return ControlFlow::Continue(wanted);
    };
    match viewer.part_at_once(position) {
        Some(Ok(bytes)) => {
            let headers = wanted.label.complete(headers(viewer));
            ControlFlow::Break(one(headers, wanted.terms, bytes))
        }
        Some(Err(error)) => ControlFlow::Break(failed(viewer, error)),
        None => ControlFlow::Continue(wanted),
    }
}

/// Answers: 200, 206, 304, 404, 410, 416 or 503. Waits for what is hinted.
pub(super) async fn respond(
    origin: &Origin,
    viewer: &Viewer,
    wanted: Wanted,
) -> Response<DeliveryBody> {
    let Wanted { name, label, terms } = wanted;
    let found = match find(viewer, name).await {
        Ok(found) => found,
        Err(error) => return failed(viewer, error),
    };
    let headers = label.complete(headers(viewer));
    match found {
        Found::One(bytes) => one(headers, terms, bytes),
        Found::Whole(rope) => sliced(headers, terms, rope.len(), |range| {
            DeliveryBody::rope(match range {
                Some(range) => rope.slice(range),
                None => rope,
            })
        }),
        // What is seldom is boxed, or every request that waits would have room for it.
        Found::Archived(name) => {
            let lifetimes = Lifetimes::new(prepared::target_duration(viewer));
            Box::pin(archived::file(origin, &name, headers, terms, lifetimes)).await
        }
        Found::Open(_) if terms.is_known => not_modified(headers),
        Found::Open(growing) => {
            let answer = Box::pin(open::respond(headers, growing, terms.asking)).await;
            answer.unwrap_or_else(|error| failed(viewer, error))
        }
    }
}

/// A part or an init section.
fn one(headers: HeaderMap, terms: Terms, bytes: Bytes) -> Response<DeliveryBody> {
    sliced(headers, terms, bytes.len() as u64, |range| {
        DeliveryBody::whole(match range {
            Some(range) => bytes.slice(within(range)),
            None => bytes,
        })
    })
}

async fn find(viewer: &Viewer, name: ResourceName) -> Result<Found, MediaError> {
    match name {
        ResourceName::Part(position) => viewer.part(position).await.map(Found::One),
        ResourceName::Init(version) => match viewer.dvr() {
            Some(dvr) => dvr.init(version).and_then(recorded),
            None => viewer.init(version).map(Found::One),
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
            if is_growing && view.part_target().is_some() {
                Ok(Found::Open(Growing::new(viewer.clone(), msn)))
            } else if let Some(dvr) = viewer.dvr() {
                dvr.segment(msn).and_then(recorded)
            } else {
                viewer
                    .segment(msn)
                    .map(|parts| Found::Whole(Rope::new(parts)))
            }
        }
        // A kind of name that this version does not know cannot have been printed by it.
        _ => Err(MediaError::NotFound),
    }
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

fn headers(viewer: &Viewer) -> HeaderMap {
    let prepared = |version: &Snapshot| Prepared::of(version, viewer, |it| it.media.clone());
    // Removed between the two: its bytes are here, and need no more than their name.
    viewer.look(prepared).unwrap_or_default()
}

/// A range of something that is in memory.
fn within(range: Range<u64>) -> Range<usize> {
    let offset = |at| usize::try_from(at).expect("no more than the length of a Bytes");
    offset(range.start)..offset(range.end)
}

fn failed(viewer: &Viewer, error: MediaError) -> Response<DeliveryBody> {
    let lifetimes = Lifetimes::new(prepared::target_duration(viewer));
    failure::media(error, lifetimes)
}

/// Answers for `len` bytes that are all there: 200, 206, 304 or 416.
pub(super) fn sliced(
    mut headers: HeaderMap,
    terms: Terms,
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
