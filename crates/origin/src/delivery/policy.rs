//! Cache lifetimes, as the low-latency profile wants them (draft appendix B.1; table HTTP-05).

use http::HeaderValue;

/// What is answered, as far as a cache has to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lifetime {
    /// A playlist for `_HLS_msn`: the same URL will always have an answer at least this new.
    BlockingPlaylist,
    /// A playlist without directives: stale as soon as the next part is out.
    Playlist,
    /// A part, a segment or an init section: immutable, and its name is never used again.
    Media,
    /// No such thing, for a request that named a future version.
    BlockingNotFound,
    /// No such thing.
    NotFound,
    /// True now and wrong in a moment: 503, and a directive that is too far ahead.
    Never,
}

impl Lifetime {
    /// The value of `Cache-Control` for a stream whose target duration is `target` seconds.
    pub(crate) fn cache_control(self, target: u64) -> HeaderValue {
        let max_age = match self {
            Self::BlockingPlaylist => 6 * target,
            // Never more than half a target duration; where that rounds to nothing, revalidate.
            Self::Playlist if target < 2 => return HeaderValue::from_static("no-cache"),
            Self::Playlist => target / 2,
            Self::Media => {
                return HeaderValue::from_static("public, max-age=3600, immutable");
            }
            Self::BlockingNotFound => 4 * target,
            Self::NotFound => target,
            Self::Never => return HeaderValue::from_static("no-store"),
        };
        HeaderValue::try_from(format!("public, max-age={max_age}"))
            .expect("digits and letters make a header value")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_follow_the_profile() {
        let value = |lifetime: Lifetime, target| lifetime.cache_control(target);
        assert_eq!(value(Lifetime::BlockingPlaylist, 2), "public, max-age=12");
        assert_eq!(value(Lifetime::Playlist, 6), "public, max-age=3");
        assert_eq!(value(Lifetime::Playlist, 1), "no-cache");
        assert_eq!(value(Lifetime::BlockingNotFound, 2), "public, max-age=8");
        assert_eq!(value(Lifetime::NotFound, 2), "public, max-age=2");
        assert_eq!(value(Lifetime::Never, 2), "no-store");
    }
}
