//! What a request makes its answer depend on (RFC 9110 §13.1).

use headers::{Header, HeaderMapExt as _, IfNoneMatch, IfRange};
use http::{HeaderMap, HeaderName};

/// `If-None-Match`; none where it is no list of entity tags.
pub(crate) fn if_none_match(headers: &HeaderMap) -> Option<IfNoneMatch> {
    condition(headers)
}

/// `If-Range`; none where it is neither an entity tag nor a date.
pub(super) fn if_range(headers: &HeaderMap) -> Option<IfRange> {
    condition(headers)
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
            assert!(if_range(&with(&IF_RANGE, odd)).is_none(), "{odd:?}");
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
        let date = "Sat, 21 Nov 2026 12:00:00 GMT";
        assert!(if_range(&with(&IF_RANGE, &[date])).is_some());
    }
}
