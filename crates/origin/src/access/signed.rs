//! Signed tokens: a stream, the moment of its end, and an HMAC over both.
//!
//! `s1.EXPIRES.STREAM.SIGNATURE`: EXPIRES in Unix seconds, STREAM a name or a pattern, SIGNATURE
//! the HMAC-SHA256 of what precedes it, in base64url. Nothing in it needs escaping in a path, a
//! query or a cookie, and a shell can make one: see `docs/access.md`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;

use super::pattern::StreamPattern;
use super::secret::Secret;

/// What tokens of this kind begin with.
const PREFIX: &str = "s1.";

/// What a token lets its bearer see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Grant {
    pub(super) streams: Vec<StreamPattern>,
    /// Not after this moment, since the epoch.
    pub(super) until: Duration,
}

/// A token for `streams` that is good until `until`.
#[must_use]
pub fn sign(secret: &Secret, streams: &StreamPattern, until: SystemTime) -> String {
    let until = until
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    let signed = format!("{PREFIX}{until}.{streams}");
    let tag = hmac::sign(&key(secret), signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag))
}

/// Whether a token claims to be of this kind.
pub(super) fn is_signed(token: &str) -> bool {
    token.starts_with(PREFIX)
}

/// What `token` grants if one of `secrets` signed it; whether it is over is for the caller.
pub(super) fn verify(secrets: &[Secret], token: &str) -> Option<Grant> {
    let (signed, tag) = token.rsplit_once('.')?;
    let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
    let (until, streams) = signed.strip_prefix(PREFIX)?.split_once('.')?;
    let good = |secret| hmac::verify(&key(secret), signed.as_bytes(), &tag).is_ok();
    if !secrets.iter().any(good) {
        return None;
    }
    // Signed, so it was one of us who wrote it; still nothing is taken for granted.
    let digits = until.bytes().all(|byte| byte.is_ascii_digit());
    let until = until.parse().ok().filter(|_| digits)?;
    Some(Grant {
        streams: vec![StreamPattern::parse(streams)?],
        until: Duration::from_secs(until),
    })
}

fn key(secret: &Secret) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, secret.expose())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::new(text)
    }

    fn streams(text: &str) -> StreamPattern {
        StreamPattern::parse(text).unwrap()
    }

    #[test]
    fn what_was_signed_is_what_is_granted() {
        let until = UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        for pattern in ["show", "cam-*", "*", "a.b.c"] {
            let token = sign(&secret("new"), &streams(pattern), until);
            let grant = verify(&[secret("old"), secret("new")], &token).unwrap();
            assert_eq!(grant.streams, [streams(pattern)]);
            assert_eq!(grant.until, Duration::from_secs(1_800_000_000));
            assert_eq!(verify(&[secret("old")], &token), None);
            assert_eq!(verify(&[], &token), None);
        }
    }

    #[test]
    fn the_format_is_one_that_a_shell_can_make() {
        let until = UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        assert_eq!(
            sign(&secret("0123456789abcdef0123"), &streams("show"), until),
            // printf %s s1.1800000000.show | openssl dgst -sha256 -hmac 0123456789abcdef0123 -binary
            //     | base64 | tr '+/' '-_' | tr -d =
            "s1.1800000000.show.WQOFI9yx5qXakTc5BVDutXO1rngfXTT_CDKQiN91uZ0"
        );
    }

    #[test]
    fn no_changed_character_goes_unnoticed() {
        let secrets = [secret("a secret")];
        let token = sign(
            &secrets[0],
            &streams("show"),
            UNIX_EPOCH + Duration::from_secs(99),
        );
        for at in 0..token.len() {
            for other in ['0', '9', 'A', 'z', '.', '*', '-'] {
                let mut changed = token.clone();
                changed.replace_range(at..=at, &other.to_string());
                let grant = verify(&secrets, &changed);
                assert!(changed == token || grant.is_none(), "{changed}");
            }
            assert_eq!(verify(&secrets, &token[..at]), None);
        }
    }
}
