//! Cache lifetimes, as the low-latency profile wants them (draft appendix B.1; table HTTP-05).

use http::HeaderValue;

use super::failure::Asked;

/// True now and wrong in a moment: 503, and a directive that is too far ahead (AMB-10).
pub(super) const NEVER: HeaderValue = HeaderValue::from_static("no-store");

/// A part, a segment or an init section: immutable, and its name is never used again.
pub(super) const MEDIA: HeaderValue = HeaderValue::from_static("public, max-age=3600, immutable");

/// No such media. Shorter than the profile's target duration: a cache that heard it just before
/// a part was hinted must not repeat it afterwards.
pub(super) const NO_MEDIA: HeaderValue = HeaderValue::from_static("public, max-age=1");

/// `Cache-Control` of what depends on the target duration. A value is written when it is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lifetimes {
    /// In seconds.
    target: u64,
}

impl Lifetimes {
    /// Those of a stream whose target duration is `target` seconds.
    pub(super) const fn new(target: u64) -> Self {
        Self { target }
    }

    /// A playlist without directives is stale as soon as the next part is out. One for `_HLS_msn`
    /// is not: the same URL will always have an answer at least this new.
    pub(super) fn playlist(self, asked: Asked) -> HeaderValue {
        match asked {
            // Never more than half a target duration; where that rounds to nothing, revalidate.
            Asked::Now if self.target < 2 => HeaderValue::from_static("no-cache"),
            Asked::Now => max_age(self.target / 2),
            Asked::Future => max_age(6 * self.target),
        }
    }

    /// No such thing.
    pub(super) fn not_found(self, asked: Asked) -> HeaderValue {
        match asked {
            Asked::Now => max_age(self.target),
            Asked::Future => max_age(4 * self.target),
        }
    }
}

fn max_age(seconds: u64) -> HeaderValue {
    HeaderValue::try_from(format!("public, max-age={seconds}"))
        .expect("digits and letters make a header value")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_follow_the_profile() {
        let of_two = Lifetimes::new(2);
        assert_eq!(of_two.playlist(Asked::Future), "public, max-age=12");
        assert_eq!(of_two.not_found(Asked::Future), "public, max-age=8");
        assert_eq!(of_two.not_found(Asked::Now), "public, max-age=2");
        let now = |target| Lifetimes::new(target).playlist(Asked::Now);
        assert_eq!(now(6), "public, max-age=3");
        assert_eq!(now(7), "public, max-age=3");
        assert_eq!(now(1), "no-cache");
    }
}
