//! `AccessConfig`: keys, tokens and the hook, as an operator sets them.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use http::Uri;

use crate::config::TokenPlace;

use super::crypto::VerifyingKey;
use super::pattern::StreamPattern;
use super::roots::HookRoots;
use super::secret::{KeyDigest, Secret};

/// The query parameter of viewers' tokens.
pub(super) const TOKEN_PARAMETER: &str = "token";

/// What [`Access`](super::Access) decides by. The default lets everybody publish and watch.
///
/// ```
/// use origin::access::{Access, AccessConfig, KeyDigest, StreamPattern, Verdict};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let cams = StreamPattern::parse("cam-*").unwrap();
/// let config = AccessConfig::new().publish_key(cams, KeyDigest::of(b"a long random key"));
/// let access = Access::new(config);
/// assert_eq!(access.may_publish("cam-1", Some(b"a long random key")).await, Verdict::Allowed);
/// assert_eq!(access.may_publish("cam-1", Some(b"another key")).await, Verdict::Unknown);
/// assert_eq!(access.may_publish("show", Some(b"a long random key")).await, Verdict::Unknown);
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct AccessConfig {
    pub(super) publish_keys: Vec<(StreamPattern, KeyDigest)>,
    pub(super) watch: Option<TokenPlace>,
    pub(super) token_keys: Vec<Secret>,
    /// By `kid`.
    pub(super) jwt_keys: HashMap<String, VerifyingKey>,
    pub(super) jwt_issuer: Option<String>,
    pub(super) jwt_audience: Option<String>,
    pub(super) clock_skew: Duration,
    pub(super) cookie_origins: Vec<String>,
    pub(super) hook: Option<HookConfig>,
}

/// How the hook is asked.
#[derive(Clone)]
pub(super) struct HookConfig {
    pub(super) url: Uri,
    pub(super) roots: HookRoots,
    pub(super) timeout: Duration,
    pub(super) keep: Duration,
    pub(super) entries: usize,
}

impl fmt::Debug for HookConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A query may hold a key.
        formatter
            .debug_struct("HookConfig")
            .field("host", &self.url.host())
            .field("roots", &self.roots)
            .field("timeout", &self.timeout)
            .field("keep", &self.keep)
            .field("entries", &self.entries)
            .finish_non_exhaustive()
    }
}

impl AccessConfig {
    /// Everybody may publish and watch.
    #[must_use]
    pub fn new() -> Self {
        Self {
            publish_keys: Vec::new(),
            watch: None,
            token_keys: Vec::new(),
            jwt_keys: HashMap::new(),
            jwt_issuer: None,
            jwt_audience: None,
            clock_skew: Duration::from_secs(5),
            cookie_origins: Vec::new(),
            hook: None,
        }
    }

    /// Adds a key that may publish `streams`. With the first one, nobody else may.
    #[must_use]
    pub fn publish_key(mut self, streams: StreamPattern, key: KeyDigest) -> Self {
        self.publish_keys.push((streams, key));
        self
    }

    /// Viewers need a token, which reaches all requests of a player in this way.
    #[must_use]
    pub fn viewers_need_tokens(mut self, place: TokenPlace) -> Self {
        self.watch = Some(place);
        self
    }

    /// Adds a secret that signed tokens are verified with.
    #[must_use]
    pub fn token_key(mut self, secret: Secret) -> Self {
        self.token_keys.push(secret);
        self
    }

    /// Adds a key that JWTs with this `kid` are verified with; those without one, if it is empty.
    #[must_use]
    pub fn jwt_key(mut self, id: &str, key: VerifyingKey) -> Self {
        self.jwt_keys.insert(id.to_owned(), key);
        self
    }

    /// What `iss` of JWTs has to be. Default: anything.
    #[must_use]
    pub fn jwt_issuer(mut self, issuer: Option<String>) -> Self {
        self.jwt_issuer = issuer;
        self
    }

    /// What `aud` of JWTs has to be or contain. Default: there must be none.
    #[must_use]
    pub fn jwt_audience(mut self, audience: Option<String>) -> Self {
        self.jwt_audience = audience;
        self
    }

    /// How far the clock of whoever issues tokens may be off. Default 5 s.
    #[must_use]
    pub fn clock_skew(mut self, skew: Duration) -> Self {
        self.clock_skew = skew;
        self
    }

    /// Adds a site whose pages may play with cookies.
    #[must_use]
    pub fn cookie_origin(mut self, site: &str) -> Self {
        self.cookie_origins.push(site.to_owned());
        self
    }

    /// Asks the service at `url` about everybody whom no key and no token decides.
    #[must_use]
    pub fn hook(mut self, url: Uri, timeout: Duration, keep: Duration, entries: usize) -> Self {
        self.hook = Some(HookConfig {
            url,
            roots: HookRoots::default(),
            timeout,
            keep,
            entries,
        });
        self
    }

    /// Whom an https hook is trusted by. Without a hook it changes nothing.
    #[must_use]
    pub fn hook_roots(mut self, roots: HookRoots) -> Self {
        if let Some(hook) = &mut self.hook {
            hook.roots = roots;
        }
        self
    }

    /// The query parameter that playlists have to hand on, where they have to.
    #[must_use]
    pub fn query_parameter(&self) -> Option<&'static str> {
        (self.watch == Some(TokenPlace::Query)).then_some(TOKEN_PARAMETER)
    }
}

impl Default for AccessConfig {
    fn default() -> Self {
        Self::new()
    }
}
