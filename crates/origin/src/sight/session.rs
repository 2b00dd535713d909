//! Which requests belong to one player.

use std::borrow::Cow;

use http::{HeaderMap, HeaderName, HeaderValue, header};
use percent_encoding::percent_decode_str;

use crate::access::{Credentials, PATH_PREFIX};

// As names: a text would be parsed for each request.
static CMCD_SESSION: HeaderName = HeaderName::from_static("cmcd-session");
static PLAYBACK_SESSION: HeaderName = HeaderName::from_static("x-playback-session-id");
static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The most bytes of a session id: CTA-5004 allows 64 characters.
const LONGEST: usize = 128;

/// What tells one player from another: CMCD's `sid`, which hls.js and others send when told to, in
/// a query or a header (CTA-5004); AVPlayer's `X-Playback-Session-Id`; else the token that lets it
/// watch. Without any of them nobody is counted: addresses tell nothing behind a proxy.
pub(super) fn id<'a>(
    path: &'a str,
    query: Option<&'a str>,
    headers: &'a HeaderMap,
) -> Option<Cow<'a, [u8]>> {
    // One walk along the names, and for whoever says nothing that is all.
    let tells = |name: &HeaderName| {
        *name == CMCD_SESSION
            || *name == PLAYBACK_SESSION
            || *name == header::COOKIE
            || *name == header::AUTHORIZATION
    };
    let told = headers.keys().any(tells);
    if !told && query.is_none() && !path.starts_with(PATH_PREFIX) {
        return None;
    }
    let text = |name: &HeaderName| headers.get(name)?.to_str().ok();
    let of_query = query
        .and_then(|query| query.split('&').find_map(|pair| pair.strip_prefix("CMCD=")))
        .map(|data| percent_decode_str(data).decode_utf8_lossy())
        .and_then(|data| sid(&data).map(|id| Cow::Owned(id.to_vec())));
    let of_headers = || {
        let cmcd = text(&CMCD_SESSION).and_then(sid);
        let playback = || headers.get(&PLAYBACK_SESSION).map(HeaderValue::as_bytes);
        cmcd.or_else(playback).map(Cow::Borrowed)
    };
    let of_token = || {
        let token = Credentials { query, headers }.any_token(path)?;
        Some(Cow::Borrowed(token.as_bytes()))
    };
    let id = of_query.or_else(of_headers).or_else(of_token)?;
    (!id.is_empty() && id.len() <= LONGEST.max(crate::access::LONGEST_TOKEN)).then_some(id)
}

/// `sid="…"` out of a list of CMCD keys.
fn sid(data: &str) -> Option<&[u8]> {
    let value = data
        .split(',')
        .find_map(|pair| pair.trim().strip_prefix("sid=\""))?;
    let id = value.split('"').next()?;
    (id.len() <= LONGEST).then_some(id.as_bytes())
}

/// The identity of a request that its client or a proxy gave it, if it can be logged.
pub(super) fn request_id(headers: &HeaderMap) -> Option<&str> {
    let id = headers.get(&REQUEST_ID)?.to_str().ok()?;
    let good = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    (!id.is_empty() && id.len() <= 64 && id.bytes().all(good)).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &str)| {
            (
                header::HeaderName::from_static(name),
                value.parse().unwrap(),
            )
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn players_say_who_they_are_in_many_ways() {
        let none = HeaderMap::new();
        let query = "_HLS_msn=3&CMCD=br%3D3200%2Csid%3D%226e2fb550%22%2Cot%3Dv";
        assert_eq!(id("/live/x", Some(query), &none).unwrap(), &b"6e2fb550"[..]);
        let cmcd = headers(&[("cmcd-session", "cid=\"x\", sid=\"6e2fb550\"")]);
        assert_eq!(id("/live/x", None, &cmcd).unwrap(), &b"6e2fb550"[..]);
        let apple = headers(&[("x-playback-session-id", "A0-B1")]);
        assert_eq!(id("/live/x", None, &apple).unwrap(), &b"A0-B1"[..]);
        assert_eq!(
            id("/live/x", Some("token=abc"), &none).unwrap(),
            &b"abc"[..]
        );
        assert_eq!(id("/t/abc/live/x", None, &none).unwrap(), &b"abc"[..]);
        let cookie = headers(&[("cookie", "llhls_token=abc")]);
        assert_eq!(id("/live/x", None, &cookie).unwrap(), &b"abc"[..]);
        assert_eq!(id("/live/x", Some("a=b"), &none), None);
        let long = format!("CMCD=sid%3D%22{}%22", "x".repeat(LONGEST + 1));
        assert_eq!(id("/live/x", Some(&long), &none), None);
    }

    #[test]
    fn a_request_id_is_logged_only_if_it_is_harmless() {
        let of = |value: &str| request_id(&headers(&[("x-request-id", value)])).map(str::to_owned);
        assert_eq!(of("a-1_B").as_deref(), Some("a-1_B"));
        assert_eq!(of("a b"), None);
        assert_eq!(of(&"x".repeat(65)), None);
    }
}
