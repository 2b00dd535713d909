//! `Access`: the one place where it is decided who may.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::config::TokenPlace;

use super::cache::Cache;
use super::config::AccessConfig;
use super::hook::{Action, Hook};
use super::secret::KeyDigest;
use super::signed::Grant;
use super::{jwt, signed};

/// How many verified tokens are remembered. Verifying takes an elliptic curve's time, and a player
/// presents the same token several times a second.
const REMEMBERED: usize = 16_384;

/// A grant over more streams than this is not remembered: it bounds what remembering takes.
const REMEMBERED_STREAMS: usize = 4;

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// Go on.
    Allowed,
    /// Nothing was presented, or nothing that anybody knows: 401.
    Unknown,
    /// What was presented is good, for something else: 403.
    Forbidden,
    /// It could not be decided now: 503.
    Unavailable,
}

/// Decides who may publish and who may watch. Cloning shares everything.
#[derive(Clone, Debug)]
pub struct Access {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    config: AccessConfig,
    rules: jwt::Rules,
    verified: Cache<Arc<Grant>>,
    hook: Option<Hook>,
}

impl Access {
    /// Decides by `config`.
    #[must_use]
    pub fn new(config: AccessConfig) -> Self {
        let inner = Inner {
            rules: jwt::Rules {
                issuer: config.jwt_issuer.clone(),
                audience: config.jwt_audience.clone(),
                skew: config.clock_skew,
            },
            verified: Cache::new(REMEMBERED),
            hook: config.hook.clone().map(Hook::new),
            config,
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Whether `key` may publish `stream`. For every way in: HTTP, RTMP, what comes.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves nothing behind.
    pub async fn may_publish(&self, stream: &str, key: Option<&[u8]>) -> Verdict {
        let keys = &self.inner.config.publish_keys;
        let hook = &self.inner.hook;
        if keys.is_empty() && hook.is_none() {
            return Verdict::Allowed;
        }
        let presented = key.map(KeyDigest::of);
        if let Some(presented) = presented {
            // All are looked at: the time must not tell which one it was.
            let good = keys.iter().fold(false, |good, (streams, digest)| {
                (digest.is(presented) & streams.matches(stream)) | good
            });
            if good {
                return Verdict::Allowed;
            }
        }
        match hook {
            Some(hook) => {
                let key = key.map(String::from_utf8_lossy);
                hook.ask(Action::Publish, stream, key.as_deref()).await
            }
            None => Verdict::Unknown,
        }
    }

    /// Whether nobody is ever refused.
    pub(crate) fn is_open(&self) -> bool {
        let config = &self.inner.config;
        config.watch.is_none() && config.publish_keys.is_empty() && config.hook.is_none()
    }

    /// Whether viewers need a token, and how it reaches all requests.
    #[must_use]
    pub fn token_place(&self) -> Option<TokenPlace> {
        self.inner.config.watch
    }

    /// The query parameter that playlists have to hand on, where they have to.
    pub(crate) fn query_parameter(&self) -> Option<&'static str> {
        self.inner.config.query_parameter()
    }

    /// The sites whose pages may play with cookies.
    pub(crate) fn cookie_origins(&self) -> &[String] {
        &self.inner.config.cookie_origins
    }

    /// Whether a text is a site as browsers name it in `Origin`.
    pub(crate) fn is_site(text: &str) -> bool {
        text.parse::<http::Uri>().is_ok_and(|uri| {
            uri.authority().is_some()
                && matches!(uri.scheme_str(), Some("http" | "https"))
                && !text.ends_with('/')
                && uri.path() == "/"
                && uri.query().is_none()
        })
    }

    /// Whether `token` may watch `stream` now.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves nothing behind.
    pub async fn may_watch(&self, stream: &str, token: Option<&str>) -> Verdict {
        let known = self.knows_viewer(stream, token);
        match (&self.inner.hook, known) {
            (Some(hook), Verdict::Unknown) => hook.ask(Action::Watch, stream, token).await,
            (_, verdict) => verdict,
        }
    }

    /// As [`may_watch`](Self::may_watch) by what is known here, without the hook.
    pub(crate) fn knows_viewer(&self, stream: &str, token: Option<&str>) -> Verdict {
        if self.inner.config.watch.is_none() {
            return Verdict::Allowed;
        }
        let Some(grant) = token.and_then(|token| self.grant(token)) else {
            return Verdict::Unknown;
        };
        if grant.streams.iter().any(|streams| streams.matches(stream)) {
            Verdict::Allowed
        } else {
            Verdict::Forbidden
        }
    }

    /// What a token that is in force grants.
    fn grant(&self, token: &str) -> Option<Arc<Grant>> {
        let inner = &self.inner;
        let in_force = |grant: &Arc<Grant>| now() < grant.until + inner.config.clock_skew;
        let key = KeyDigest::of(token.as_bytes()).bytes();
        if let Some(grant) = inner.verified.get(&key, in_force) {
            return Some(grant);
        }
        let grant = if signed::is_signed(token) {
            signed::verify(&inner.config.token_keys, token)
        } else {
            jwt::verify(&inner.config.jwt_keys, &inner.rules, token)
        };
        let grant = Arc::new(grant?);
        if !in_force(&grant) {
            return None;
        }
        if grant.streams.len() <= REMEMBERED_STREAMS {
            inner.verified.insert(key, Arc::clone(&grant));
        }
        Some(grant)
    }

    /// For how long a token is good; a cookie should not outlive it.
    pub(super) fn remaining(&self, token: &str) -> Option<Duration> {
        Some(self.grant(token)?.until.saturating_sub(now()))
    }
}

impl Default for Access {
    /// Everybody may.
    fn default() -> Self {
        Self::new(AccessConfig::new())
    }
}

fn now() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}
