//! What part of a resource a request wants.

use std::ops::Bound;

use super::conditions::range_applies;
use headers::{ETag, HeaderMapExt as _, Range};
use http::{HeaderMap, header};

/// A range as it was asked for, before the length of the resource is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asking {
    Whole,
    /// From the byte `start` to the byte `last`, or to the end. `last` is not below `start`.
    From {
        start: u64,
        last: Option<u64>,
    },
    /// That many bytes at the end.
    Last(u64),
}

/// A range of a resource of known length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Whole,
    /// From `start` to before `end`, `start < end <= len`.
    Slice {
        start: u64,
        end: u64,
    },
    /// A range that lies outside: 416.
    Nothing,
}

/// No resource is as long as this, so a range that is relative to an end can be told apart.
const LONGEST: u64 = u64::MAX;

impl Asking {
    /// Reads `Range` under `If-Range`. A header that cannot be read, and a list of several ranges,
    /// is answered with the whole, as RFC 9110 §14.2 allows.
    pub(super) fn new(headers: &HeaderMap, etag: &ETag) -> Self {
        if !headers.contains_key(header::RANGE) {
            return Self::Whole;
        }
        let Some(range) = headers.typed_get::<Range>() else {
            return Self::Whole;
        };
        if !range_applies(headers, etag) {
            return Self::Whole;
        }
        let mut ranges = range.satisfiable_ranges(LONGEST);
        let (Some((start, last)), None) = (ranges.next(), ranges.next()) else {
            return Self::Whole;
        };
        let start = match start {
            Bound::Included(start) => start,
            Bound::Excluded(before) => before.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let last = match last {
            // `-n` was resolved against the longest length; no real start lies there.
            Bound::Unbounded | Bound::Included(LONGEST) if start > LONGEST / 2 => {
                return Self::Last(LONGEST - start);
            }
            Bound::Included(last) => Some(last),
            Bound::Excluded(end) => Some(end.saturating_sub(1)),
            Bound::Unbounded => None,
        };
        match last {
            // Not a range, so not a `Range` that could be read.
            Some(last) if last < start => Self::Whole,
            last => Self::From { start, last },
        }
    }

    /// What that means for a resource of `len` bytes.
    pub(super) fn of(self, len: u64) -> Wanted {
        let (start, end) = match self {
            Self::Whole => return Wanted::Whole,
            Self::From { start, last } => (start, last.map_or(len, |last| last.saturating_add(1))),
            Self::Last(count) => (len.saturating_sub(count), len),
        };
        let end = end.min(len);
        if start < end {
            Wanted::Slice { start, end }
        } else {
            Wanted::Nothing
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asking(range: &str) -> Asking {
        let mut headers = HeaderMap::new();
        headers.insert(header::RANGE, range.parse().unwrap());
        Asking::new(&headers, &"\"x\"".parse().unwrap())
    }

    fn from(start: u64, last: Option<u64>) -> Asking {
        Asking::From { start, last }
    }

    #[test]
    fn ranges_are_read_as_the_rfc_says() {
        assert_eq!(asking("bytes=0-0"), from(0, Some(0)));
        assert_eq!(asking("bytes=3-"), from(3, None));
        assert_eq!(asking("bytes=-4"), Asking::Last(4));
        assert_eq!(
            asking("bytes=7-9007199254740991"),
            from(7, Some(9_007_199_254_740_991)),
            "the end that means: as it comes (RFC 8673)"
        );
        for whole in [
            "bytes=0-1,4-5",
            "lines=0-1",
            "bytes=",
            "bytes=5-4",
            "bytes=a-",
        ] {
            assert_eq!(asking(whole), Asking::Whole, "{whole}");
        }
    }

    #[test]
    fn ranges_are_cut_to_the_length() {
        let slice = |start, end| Wanted::Slice { start, end };
        assert_eq!(from(0, Some(0)).of(10), slice(0, 1));
        assert_eq!(from(3, None).of(10), slice(3, 10));
        assert_eq!(from(3, Some(99)).of(10), slice(3, 10));
        assert_eq!(from(0, Some(u64::MAX)).of(10), slice(0, 10));
        assert_eq!(Asking::Last(4).of(10), slice(6, 10));
        assert_eq!(Asking::Last(40).of(10), slice(0, 10));
        assert_eq!(Asking::Last(0).of(10), Wanted::Nothing);
        assert_eq!(from(10, None).of(10), Wanted::Nothing);
        assert_eq!(Asking::Whole.of(10), Wanted::Whole);
    }

    #[test]
    fn a_range_of_another_representation_is_the_whole() {
        let mut headers = HeaderMap::new();
        headers.insert(header::RANGE, "bytes=0-1".parse().unwrap());
        for other in ["\"y\"", "x", "\"x y\""] {
            headers.insert(header::IF_RANGE, other.parse().unwrap());
            let asking = Asking::new(&headers, &"\"x\"".parse().unwrap());
            assert_eq!(asking, Asking::Whole, "{other}");
        }
    }
}
