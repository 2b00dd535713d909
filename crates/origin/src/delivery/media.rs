//! Parts, segments and init sections: immutable bytes, whole or by range.

use std::ops::Bound;

use axum::body::Body;
use axum::response::Response;
use headers::{
    AcceptRanges, ContentLength, ContentRange, ETag, HeaderMapExt as _, IfNoneMatch, IfRange, Range,
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use llhls::registry::{Media, Resource};

use crate::delivery::policy::Lifetime;
use crate::delivery::rope::Rope;

/// The media type of everything that belongs to a rendition (HTTP-11).
pub(crate) fn content_type(media: &Media) -> HeaderValue {
    HeaderValue::from_static(match media {
        Media::Audio(_) => "audio/mp4",
        _ => "video/mp4",
    })
}

/// Answers a media request: 200, 206, 304 or 416.
///
/// `name` is unique for all time, so it is the entity tag as well: no byte is ever hashed.
pub(crate) fn respond(
    resource: Resource,
    name: &str,
    content_type: HeaderValue,
    target: u64,
    request: &HeaderMap,
) -> Response {
    let etag: ETag = format!("\"{name}\"")
        .parse()
        .expect("a resource name has no quote in it");
    let rope = Rope::new(match resource {
        Resource::Segment(parts) => parts,
        Resource::Init(bytes) | Resource::Part(bytes) => vec![bytes],
        // A kind of resource that this version does not know cannot have been named by it.
        _ => Vec::new(),
    });

    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, Lifetime::Media.cache_control(target));
    headers.insert(header::CONTENT_TYPE, content_type);
    headers.insert("priority", HeaderValue::from_static("u=3"));
    headers.typed_insert(AcceptRanges::bytes());
    headers.typed_insert(etag.clone());

    let unchanged = request
        .typed_get::<IfNoneMatch>()
        .is_some_and(|condition| !condition.precondition_passes(&etag));
    if unchanged {
        headers.remove(header::CONTENT_TYPE);
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }

    let len = rope.len();
    match requested(request, &etag, len) {
        Wanted::Whole => {
            headers.typed_insert(ContentLength(len));
            *response.body_mut() = Body::new(rope);
        }
        Wanted::Slice { start, end } => {
            headers.typed_insert(ContentLength(end - start));
            let range = ContentRange::bytes(start..end, len).expect("start lies before end");
            headers.typed_insert(range);
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            *response.body_mut() = Body::new(rope.slice(start..end));
        }
        Wanted::Nothing => {
            headers.remove(header::CONTENT_TYPE);
            headers.typed_insert(ContentRange::unsatisfied_bytes(len));
            *response.status_mut() = StatusCode::RANGE_NOT_SATISFIABLE;
        }
    }
    response
}

/// What a request wants of a resource of known length.
#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    Whole,
    /// From `start` to before `end`, `start < end <= len`.
    Slice {
        start: u64,
        end: u64,
    },
    /// A range that lies outside: 416.
    Nothing,
}

/// Reads `Range` under `If-Range`. A header that cannot be read, and a list of several ranges, is
/// answered with the whole, as RFC 9110 §14.2 allows.
fn requested(request: &HeaderMap, etag: &ETag, len: u64) -> Wanted {
    let Some(range) = request.typed_get::<Range>() else {
        return Wanted::Whole;
    };
    let is_other = request
        .typed_get::<IfRange>()
        .is_some_and(|condition| condition.is_modified(Some(etag), None));
    if is_other {
        return Wanted::Whole;
    }
    let mut satisfiable = range.satisfiable_ranges(len);
    let first = satisfiable.next();
    if satisfiable.next().is_some() {
        return Wanted::Whole;
    }
    let Some((start, end)) = first else {
        return Wanted::Nothing;
    };
    let start = match start {
        Bound::Included(start) => start,
        Bound::Excluded(before) => before.saturating_add(1),
        Bound::Unbounded => 0,
    };
    let end = match end {
        Bound::Included(last) => last.saturating_add(1).min(len),
        Bound::Excluded(end) => end.min(len),
        Bound::Unbounded => len,
    };
    if start < end {
        Wanted::Slice { start, end }
    } else {
        Wanted::Nothing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(range: &str, len: u64) -> Wanted {
        let mut headers = HeaderMap::new();
        headers.insert(header::RANGE, range.parse().unwrap());
        requested(&headers, &"\"x\"".parse().unwrap(), len)
    }

    #[test]
    fn ranges_are_read_as_the_rfc_says() {
        assert_eq!(wanted("bytes=0-0", 10), Wanted::Slice { start: 0, end: 1 });
        assert_eq!(wanted("bytes=3-", 10), Wanted::Slice { start: 3, end: 10 });
        assert_eq!(
            wanted("bytes=3-99", 10),
            Wanted::Slice { start: 3, end: 10 }
        );
        assert_eq!(wanted("bytes=-4", 10), Wanted::Slice { start: 6, end: 10 });
        assert_eq!(
            wanted("bytes=0-9007199254740991", 10),
            Wanted::Slice { start: 0, end: 10 }
        );
        assert_eq!(wanted("bytes=10-", 10), Wanted::Nothing);
        assert_eq!(wanted("bytes=0-1,4-5", 10), Wanted::Whole);
        assert_eq!(wanted("lines=0-1", 10), Wanted::Whole);
    }
}
