//! What a request makes its answer depend on (RFC 9110 §13.1).

use headers::{ETag, Header, HeaderMapExt as _, IfNoneMatch, IfRange};
use http::{HeaderMap, HeaderName, header};

/// `If-None-Match`; none where it is no list of entity tags.
pub(crate) fn if_none_match(headers: &HeaderMap) -> Option<IfNoneMatch> {
    condition(headers)
}

/// Whether `If-Range` lets a range be sent of what has this entity tag, and no date.
///
/// What cannot be read names no representation, so it is not this one: the client then gets the
/// whole, rather than bytes that it adds to something else (RFC 9110 §13.1.5).
pub(super) fn range_applies(headers: &HeaderMap, etag: &ETag) -> bool {
    let mut values = headers.get_all(header::IF_RANGE).iter();
    if values.next().is_none() {
        return true;
    }
    // There is no list of them: of two, one is somebody else's.
    let is_one = values.next().is_none();
    is_one
        && condition::<IfRange>(headers)
            .is_some_and(|condition| !condition.is_modified(Some(etag), None))
}

fn condition<H: Header>(headers: &HeaderMap) -> Option<H> {
    // Nearly no request has one.
    if headers.contains_key(H::name()) && are_tags(headers, H::name()) {
        headers.typed_get()
    } else {
        None
    }
}

/// Whether every quoted text ends, and could be an entity tag. `headers` takes that for granted of
/// blanks, and asserts it in debug builds: any stranger may send one.
fn are_tags(headers: &HeaderMap, name: &HeaderName) -> bool {
    headers.get_all(name).iter().all(|value| {
        let mut quoted = false;
        for &byte in value.as_bytes() {
            match byte {
                b'"' => quoted = !quoted,
                b' ' | b'\t' if quoted => return false,
                _ => {}
            }
        }
        !quoted
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use http::header::{IF_NONE_MATCH, IF_RANGE};

    use super::*;

    fn with(name: &HeaderName, values: &[&'static str]) -> HeaderMap {
        let values = values.iter().map(|&value| HeaderValue::from_static(value));
        values.map(|value| (name.clone(), value)).collect()
    }

    #[test]
    fn what_is_no_entity_tag_is_no_condition() {
        for odd in [
            &["\"a b\""][..],
            &["W/\" \""],
            &["\"a\tb\""],
            &["\"a\", \" b\""],
            &["W/\" /live", "W/\"a\", {taa\", {tag}"],
            &["\"", "a \""],
        ] {
            assert!(
                if_none_match(&with(&IF_NONE_MATCH, odd)).is_none(),
                "{odd:?}"
            );
        }
    }

    #[test]
    fn a_range_is_sent_to_those_alone_who_name_what_they_have() {
        let etag = "\"a\"".parse().unwrap();
        let applies = |values: &[&'static str]| range_applies(&with(&IF_RANGE, values), &etag);
        assert!(applies(&[]), "without a condition");
        assert!(applies(&["\"a\""]));
        for other in [
            &["\"b\""][..],
            // Weak: it says nothing about bytes.
            &["W/\"a\""],
            &["Sat, 21 Nov 2026 12:00:00 GMT"],
            // Neither an entity tag nor a date.
            &["a"],
            &[""],
            &["*"],
            &["\"a"],
            &["\"a\"b\""],
            &["\"a b\""],
            &["\"a\", \"b\""],
            &["yesterday"],
            &["\"a\"", "\"a\""],
            &["\"a\"", "\"b\""],
        ] {
            assert!(!applies(other), "{other:?}");
        }
    }

    #[test]
    fn lists_of_tags_stay_conditions() {
        for good in [
            &["\"a\""][..],
            &["W/\"a\" , \"b\""],
            &["\"a\"", "\"b\""],
            &["*"],
        ] {
            assert!(
                if_none_match(&with(&IF_NONE_MATCH, good)).is_some(),
                "{good:?}"
            );
        }
    }
}
