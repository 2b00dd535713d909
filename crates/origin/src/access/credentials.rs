//! What a request presents, and where.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, header};
use percent_encoding::percent_decode_str;

/// The most bytes of a token or a key. A JWT of ours has a few hundred.
pub(crate) const LONGEST: usize = 4096;

/// The name of the cookie, in front of all its attributes.
pub(super) const COOKIE: &str = "llhls_token";

/// What path tokens stand behind: `/t/TOKEN/live/…`.
pub(crate) const PATH_PREFIX: &str = "/t/";

/// Reads credentials out of a request, one place at a time. Nothing is copied but what is escaped.
#[derive(Clone, Copy)]
pub(crate) struct Credentials<'a> {
    pub(crate) query: Option<&'a str>,
    pub(crate) headers: &'a HeaderMap,
}

impl<'a> Credentials<'a> {
    /// A viewer's token in the query.
    pub(crate) fn query_token(self) -> Option<&'a str> {
        // Tokens need no escaping, so what is escaped is none.
        parameter(self.query?, super::config::TOKEN_PARAMETER).and_then(well_formed)
    }

    /// A viewer's token in the cookie.
    pub(super) fn cookie_token(self) -> Option<&'a str> {
        let cookies = self.headers.get_all(header::COOKIE).into_iter();
        cookies
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(';'))
            .filter_map(|cookie| cookie.trim().split_once('='))
            .find(|(name, _)| *name == COOKIE)
            .and_then(|(_, token)| well_formed(token))
    }

    /// A viewer's token in `Authorization: Bearer`.
    pub(crate) fn bearer_token(self) -> Option<&'a str> {
        self.authorization("bearer").and_then(well_formed)
    }

    /// A publisher's key: `Authorization: Bearer KEY`, the password of `Authorization: Basic`,
    /// or `?key=KEY`.
    pub(super) fn publish_key(self) -> Option<Vec<u8>> {
        let key = if let Some(key) = self.authorization("bearer") {
            key.as_bytes().to_vec()
        } else if let Some(pair) = self.authorization("basic") {
            let pair = STANDARD.decode(pair).ok()?;
            let colon = pair.iter().position(|byte| *byte == b':')?;
            pair[colon + 1..].to_vec()
        } else {
            key_in(self.query?)?
        };
        (key.len() <= LONGEST).then_some(key)
    }

    /// A viewer's token, wherever it is: for telling viewers apart, not for letting them in.
    pub(crate) fn any_token(self, path: &'a str) -> Option<&'a str> {
        path_token(path)
            .and_then(|(token, _)| token)
            .or_else(|| self.query_token())
            .or_else(|| self.cookie_token())
            .or_else(|| self.bearer_token())
    }

    fn authorization(self, scheme: &str) -> Option<&'a str> {
        let value = self.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        let (given, value) = value.trim().split_once(' ')?;
        given.eq_ignore_ascii_case(scheme).then(|| value.trim())
    }
}

/// A publisher's key in a query, `key=KEY`: for RTMP too, whose stream names have one.
pub(crate) fn key_in(query: &str) -> Option<Vec<u8>> {
    Some(percent_decode_str(parameter(query, "key")?).collect())
}

/// Takes a path token off: the token and the path without it. `None`: the path has no token.
pub(super) fn path_token(path: &str) -> Option<(Option<&str>, &str)> {
    let rest = path.strip_prefix(PATH_PREFIX)?;
    let end = rest.find('/')?;
    Some((well_formed(&rest[..end]), &rest[end..]))
}

/// A path as it may be logged: without its token.
pub(crate) fn loggable(path: &str) -> &str {
    match path.strip_prefix(PATH_PREFIX) {
        Some(rest) => rest.find('/').map_or("", |end| &rest[end..]),
        None => path,
    }
}

/// A text that can be a token: not long, and of characters that no URL and no cookie escapes.
fn well_formed(text: &str) -> Option<&str> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~*".contains(&byte);
    (!text.is_empty() && text.len() <= LONGEST && text.bytes().all(allowed)).then_some(text)
}

fn parameter<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of<'a>(query: Option<&'a str>, headers: &'a HeaderMap) -> Credentials<'a> {
        Credentials { query, headers }
    }

    fn headers(name: header::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }

    #[test]
    fn tokens_are_found_where_they_may_be() {
        let none = HeaderMap::new();
        let query = |query| of(Some(query), &none).query_token();
        assert_eq!(query("token=abc"), Some("abc"));
        assert_eq!(query("_HLS_msn=1&token=a.b~c*&x=y"), Some("a.b~c*"));
        for bad in [
            "",
            "token",
            "token=",
            "tokens=abc",
            "token=a%62c",
            "token=a/b",
            "token=a\"b",
        ] {
            assert_eq!(query(bad), None, "{bad}");
        }
        let cookie = |value| headers(header::COOKIE, value);
        assert_eq!(
            of(None, &cookie("a=b; llhls_token=abc")).cookie_token(),
            Some("abc")
        );
        assert_eq!(of(None, &cookie("xllhls_token=abc")).cookie_token(), None);
        assert_eq!(path_token("/t/abc/live/x"), Some((Some("abc"), "/live/x")));
        assert_eq!(path_token("/t/a%2e/live/x"), Some((None, "/live/x")));
        assert_eq!(path_token("/t//live/x"), Some((None, "/live/x")));
        assert_eq!(path_token("/t/abc"), None);
        assert_eq!(path_token("/live/t/abc"), None);
        let long = "x".repeat(LONGEST + 1);
        assert_eq!(query(&format!("token={long}")), None);
    }

    #[test]
    fn keys_come_as_encoders_send_them() {
        let none = HeaderMap::new();
        let authorized = |value| {
            let headers = headers(header::AUTHORIZATION, value);
            of(Some("key=from%20the%2Bquery"), &headers).publish_key()
        };
        assert_eq!(authorized("Bearer s3cret").unwrap(), b"s3cret");
        assert_eq!(authorized("bearer  s3cret").unwrap(), b"s3cret");
        assert_eq!(authorized("Basic dXNlcjpwYTpzcw==").unwrap(), b"pa:ss");
        assert_eq!(
            authorized("Basic !"),
            None,
            "no other place is looked at then"
        );
        let query = of(Some("a=b&key=from%20the%2Bquery"), &none).publish_key();
        assert_eq!(query.unwrap(), b"from the+query");
    }

    #[test]
    fn a_path_is_logged_without_its_token() {
        assert_eq!(
            loggable("/t/secret/live/show/index.m3u8"),
            "/live/show/index.m3u8"
        );
        assert_eq!(loggable("/t/secret"), "");
        assert_eq!(loggable("/live/show/index.m3u8"), "/live/show/index.m3u8");
    }
}
