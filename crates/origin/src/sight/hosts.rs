//! By which names the operators' listener may be asked.
//!
//! It asks nobody for a key, so every browser that reaches it reads all of it. Pages of other sites
//! cannot, as long as they are other sites to the browser: a stranger whose name begins to point at
//! this listener ("DNS rebinding") is the same one. `Host` then still has the stranger's name.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::uri::Authority;
use http::{StatusCode, Version, header};

/// The names that the operators' listener has beside those that nobody else can have: addresses,
/// and `localhost` with all below it (RFC 6761 §6.3). Ports do not matter: tunnels have their own.
#[derive(Clone, Debug, Default)]
pub struct Hosts {
    /// In lower case.
    names: Arc<[Box<str>]>,
}

/// Why a request is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Strange {
    /// RFC 9112 §3.2 wants one `Host`, which can be read.
    Malformed,
    /// Another name than ours.
    Name,
}

impl Hosts {
    /// Addresses and `localhost` alone.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// And these names, as they stand in URLs: without scheme and port.
    #[must_use]
    pub fn names<N: AsRef<str>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        let more = names
            .into_iter()
            .map(|name| canonical(name.as_ref()).into());
        self.names = self.names.iter().cloned().chain(more).collect();
        self
    }

    /// Whether a text is a name, or an address, as it stands in URLs.
    pub(crate) fn is_host(text: &str) -> bool {
        let authority = text.parse::<Authority>();
        authority.is_ok_and(|authority| authority.host() == text)
    }

    fn have(&self, host: &str) -> bool {
        let host = canonical(host);
        let address = host.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
        let is_address = match address {
            Some(address) => address.parse::<Ipv6Addr>().is_ok(),
            None => host.parse::<IpAddr>().is_ok(),
        };
        // A page that was loaded from an address is what that address answered.
        is_address
            || host == "localhost"
            || host.ends_with(".localhost")
            || self.names.iter().any(|name| **name == *host)
    }

    fn judge<B>(&self, request: &http::Request<B>) -> Result<(), Strange> {
        let ours = |host: &str| self.have(host).then_some(()).ok_or(Strange::Name);
        // Of HTTP/2, and of requests to a proxy.
        let target = request.uri().authority();
        if let Some(authority) = target {
            ours(authority.host())?;
        }
        let mut fields = request.headers().get_all(header::HOST).iter();
        match (fields.next(), fields.next()) {
            (Some(field), None) => {
                let authority = Authority::try_from(field.as_bytes());
                ours(authority.map_err(|_| Strange::Malformed)?.host())
            }
            // Simple probes and scrapers; no browser is one.
            (None, _) if target.is_some() || request.version() <= Version::HTTP_10 => Ok(()),
            _ => Err(Strange::Malformed),
        }
    }
}

/// Names are the same in both cases, and with the dot of the root.
fn canonical(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

/// Answers 421 to what asks by a name that is none of ours.
pub(super) async fn guard(State(hosts): State<Hosts>, request: Request, next: Next) -> Response {
    let (status, text) = match hosts.judge(&request) {
        Ok(()) => return next.run(request).await,
        Err(Strange::Malformed) => (StatusCode::BAD_REQUEST, "one Host is needed\n"),
        Err(Strange::Name) => (
            StatusCode::MISDIRECTED_REQUEST,
            "the operators' listener was asked by a name that it does not know; ask by its \
             address, or add the name to operations.hosts\n",
        ),
    };
    let headers = [(header::CACHE_CONTROL, "no-store")];
    (status, headers, text).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(version: Version, uri: &str, hosts: &[&str]) -> http::Request<()> {
        let mut request = http::Request::builder().version(version).uri(uri);
        for host in hosts {
            request = request.header(header::HOST, *host);
        }
        request.body(()).unwrap()
    }

    #[test]
    fn a_stranger_s_name_is_told_from_ours() {
        let hosts = Hosts::new().names(["Origin.Internal", "live-1."]);
        let judged = |host| hosts.judge(&request(Version::HTTP_11, "/metrics", &[host]));
        for ours in [
            "127.0.0.1:9464",
            "127.0.0.1",
            "10.1.2.3:9464",
            "[::1]:9464",
            "[fd00::7]",
            "localhost:9000",
            "LOCALHOST.",
            "a.localhost",
            "origin.internal:9464",
            "origin.internal.",
            "LIVE-1",
        ] {
            assert_eq!(judged(ours), Ok(()), "{ours}");
        }
        for strange in [
            "evil.example:9464",
            "evil.example",
            "localhost.evil.example",
            "notlocalhost",
            "127.0.0.1.evil.example",
            "127.0.0.1@evil.example",
            "127.1",
            "2130706433",
            "0x7f000001",
            "[v1.x]",
            "origin.internal.evil.example",
            "internal",
        ] {
            assert_eq!(judged(strange), Err(Strange::Name), "{strange}");
        }
        for odd in ["", "a b", "http://localhost", "localhost/x"] {
            assert_eq!(judged(odd), Err(Strange::Malformed), "{odd}");
        }
    }

    #[test]
    fn every_name_of_a_request_counts() {
        let judge =
            |version, uri, hosts: &[&str]| Hosts::new().judge(&request(version, uri, hosts));
        let (ours, evil) = ("http://localhost:9464/", "http://evil.example:9464/");
        assert_eq!(judge(Version::HTTP_10, "/", &[]), Ok(()));
        assert_eq!(judge(Version::HTTP_11, "/", &[]), Err(Strange::Malformed));
        assert_eq!(judge(Version::HTTP_2, ours, &[]), Ok(()));
        assert_eq!(judge(Version::HTTP_2, evil, &[]), Err(Strange::Name));
        for (uri, host) in [(ours, "evil.example"), (evil, "localhost")] {
            let judged = judge(Version::HTTP_11, uri, &[host]);
            assert_eq!(judged, Err(Strange::Name), "{uri} {host}");
        }
        let twice = ["localhost", "evil.example"];
        let judged = judge(Version::HTTP_11, "/", &twice);
        assert_eq!(judged, Err(Strange::Malformed));
    }

    #[test]
    fn a_name_has_nothing_around_it() {
        for host in ["origin", "origin.internal", "10.0.0.1", "[::1]"] {
            assert!(Hosts::is_host(host), "{host}");
        }
        for other in [
            "",
            "origin:9464",
            "http://origin",
            "origin/metrics",
            "me@origin",
            "a b",
            "::1",
        ] {
            assert!(!Hosts::is_host(other), "{other}");
        }
    }
}
