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

/// `Cache-Control` of what depends on the target duration.
#[derive(Clone, Debug)]
pub(super) struct Lifetimes {
    /// A playlist without directives: stale as soon as the next part is out.
    pub(super) playlist: HeaderValue,
    /// A playlist for `_HLS_msn`: the same URL will always have an answer at least this new.
    pub(super) blocking_playlist: HeaderValue,
    /// No such thing.
    pub(super) not_found: HeaderValue,
    /// No such thing, for a request that named a future version.
    pub(super) blocking_not_found: HeaderValue,
}

impl Lifetimes {
    /// Those of a stream whose target duration is `target` seconds.
    pub(super) fn new(target: u64) -> Self {
        let playlist = if target < 2 {
            // Never more than half a target duration; where that rounds to nothing, revalidate.
            HeaderValue::from_static("no-cache")
        } else {
            max_age(target / 2)
        };
        Self {
            playlist,
            blocking_playlist: max_age(6 * target),
            not_found: max_age(target),
            blocking_not_found: max_age(4 * target),
        }
    }

    /// That of a playlist.
    pub(super) fn of_playlist(self, asked: Asked) -> HeaderValue {
        match asked {
            Asked::Now => self.playlist,
            Asked::Future => self.blocking_playlist,
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
        assert_eq!(of_two.blocking_playlist, "public, max-age=12");
        assert_eq!(of_two.blocking_not_found, "public, max-age=8");
        assert_eq!(of_two.not_found, "public, max-age=2");
        assert_eq!(Lifetimes::new(6).playlist, "public, max-age=3");
        assert_eq!(Lifetimes::new(7).playlist, "public, max-age=3");
        assert_eq!(Lifetimes::new(1).playlist, "no-cache");
    }
}
