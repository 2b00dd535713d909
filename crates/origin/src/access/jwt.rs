//! JSON Web Tokens (RFC 7519) of viewers.

use std::collections::HashMap;
use std::time::Duration;

use jsonwebtoken::{Validation, decode, decode_header};
use serde::Deserialize;

use super::crypto::VerifyingKey;
use super::pattern::StreamPattern;
use super::signed::Grant;

/// The most streams that one token may name.
const MOST_STREAMS: usize = 64;

/// What every token has to satisfy besides its signature.
#[derive(Clone, Debug, Default)]
pub(super) struct Rules {
    pub(super) issuer: Option<String>,
    pub(super) audience: Option<String>,
    pub(super) skew: Duration,
}

#[derive(Deserialize)]
struct Claims {
    exp: u64,
    stream: Streams,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Streams {
    One(String),
    Several(Vec<String>),
}

/// What `token` grants if it is in force and one of `keys` signed it.
///
/// The header chooses a key by its `kid`, never an algorithm: that is the key's, and a token that
/// names another one is refused.
pub(super) fn verify(
    keys: &HashMap<String, VerifyingKey>,
    rules: &Rules,
    token: &str,
) -> Option<Grant> {
    let header = decode_header(token).ok()?;
    let key = keys.get(header.kid.as_deref().unwrap_or_default())?;
    let mut validation = Validation::new(key.algorithm());
    validation.leeway = rules.skew.as_secs();
    validation.validate_nbf = true;
    let mut required = vec!["exp"];
    if let Some(issuer) = &rules.issuer {
        validation.set_issuer(&[issuer]);
        required.push("iss");
    }
    if let Some(audience) = &rules.audience {
        validation.set_audience(&[audience]);
        required.push("aud");
    }
    validation.set_required_spec_claims(&required);
    let claims: Claims = decode(token, key.key(), &validation).ok()?.claims;
    let streams = match claims.stream {
        Streams::One(stream) => vec![stream],
        Streams::Several(streams) => streams,
    };
    if streams.len() > MOST_STREAMS {
        return None;
    }
    Some(Grant {
        // A pattern that is none grants nothing, and the others what they say.
        streams: streams
            .iter()
            .filter_map(|it| StreamPattern::parse(it))
            .collect(),
        until: Duration::from_secs(claims.exp),
    })
}

#[cfg(test)]
#[path = "jwt_tests.rs"]
mod tests;
