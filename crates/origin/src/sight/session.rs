//! Which requests belong to one player.

use http::{HeaderMap, HeaderName};
use percent_encoding::percent_decode_str;

use crate::access::Credentials;

// As names: a text would be parsed for each request.
const CMCD_SESSION: HeaderName = HeaderName::from_static("cmcd-session");
const PLAYBACK_SESSION: HeaderName = HeaderName::from_static("x-playback-session-id");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The most bytes of a session id: CTA-5004 allows 64 characters.
const LONGEST: usize = 128;

/// What tells one player from another: CMCD's `sid`, which hls.js and others send when told to, in
/// a query or a header (CTA-5004); AVPlayer's `X-Playback-Session-Id`; else the token that lets it
/// watch. Without any of them nobody is counted: addresses tell nothing behind a proxy.
pub(super) fn id(path: &str, query: Option<&str>, headers: &HeaderMap) -> Option<Vec<u8>> {
    let header = |name: HeaderName| headers.get(name).map(|value| value.as_bytes());
    let text = |name: HeaderName| headers.get(name)?.to_str().ok();
    let id = query
        .and_then(|query| query.split('&').find_map(|pair| pair.strip_prefix("CMCD=")))
        .and_then(|data| sid(&percent_decode_str(data).decode_utf8_lossy()))
        .or_else(|| sid(text(CMCD_SESSION)?))
        .or_else(|| header(PLAYBACK_SESSION).map(<[u8]>::to_vec))
        .or_else(|| {
            let token = Credentials { query, headers }.any_token(path)?;
            Some(token.as_bytes().to_vec())
        })?;
    (!id.is_empty() && id.len() <= LONGEST.max(crate::access::LONGEST_TOKEN)).then_some(id)
}

/// `sid="…"` out of a list of CMCD keys.
fn sid(data: &str) -> Option<Vec<u8>> {
    let value = data
        .split(',')
        .find_map(|pair| pair.trim().strip_prefix("sid=\""))?;
    let id = value.split('"').next()?;
    (id.len() <= LONGEST).then(|| id.as_bytes().to_vec())
}

/// The identity of a request that its client or a proxy gave it, if it can be logged.
pub(super) fn request_id(headers: &HeaderMap) -> Option<&str> {
    let id = headers.get(REQUEST_ID)?.to_str().ok()?;
    let good = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    (!id.is_empty() && id.len() <= 64 && id.bytes().all(good)).then_some(id)
}

#[cfg(test)]
mod tests {
    use http::header;

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
        assert_eq!(id("/live/x", Some(query), &none).unwrap(), b"6e2fb550");
        let cmcd = headers(&[("cmcd-session", "cid=\"x\", sid=\"6e2fb550\"")]);
        assert_eq!(id("/live/x", None, &cmcd).unwrap(), b"6e2fb550");
        let apple = headers(&[("x-playback-session-id", "A0-B1")]);
        assert_eq!(id("/live/x", None, &apple).unwrap(), b"A0-B1");
        assert_eq!(id("/live/x", Some("token=abc"), &none).unwrap(), b"abc");
        assert_eq!(id("/t/abc/live/x", None, &none).unwrap(), b"abc");
        let cookie = headers(&[("cookie", "llhls_token=abc")]);
        assert_eq!(id("/live/x", None, &cookie).unwrap(), b"abc");
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
