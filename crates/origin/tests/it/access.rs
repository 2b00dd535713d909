//! Who may and who may not, asked as encoders and players ask.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::{Json, Router, routing::post};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{Method, StatusCode, Uri};
use llhls::registry::{Publisher, RegistryConfig};
use origin::access::{
    Access, AccessConfig, HookRoots, KeyDigest, Secret, StreamPattern, VerifyingKey, sign,
};
use origin::config::TokenPlace;
use origin::{OriginConfig, Tls};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use ring::hmac;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::client::Answer;
use crate::support::{PARTS, Server, audio, publish, video};

const KEY: &str = "a publish key of some length";

fn pattern(text: &str) -> StreamPattern {
    StreamPattern::parse(text).unwrap()
}

fn secret() -> Secret {
    Secret::new("a signing secret of some length")
}

fn token(stream: &str, seconds: i64) -> String {
    let now = SystemTime::now();
    let moved = Duration::from_secs(seconds.unsigned_abs());
    let until = if seconds < 0 {
        now - moved
    } else {
        now + moved
    };
    sign(&secret(), &pattern(stream), until)
}

/// A server whose `show` has pictures and sound, for viewers with a token.
async fn guarded(place: TokenPlace, change: impl Fn(AccessConfig) -> AccessConfig) -> Guarded {
    let access = AccessConfig::new()
        .viewers_need_tokens(place)
        .clock_skew(Duration::ZERO)
        .token_key(secret());
    let access = change(access);
    let mut registry = RegistryConfig::new();
    if let Some(parameter) = access.query_parameter() {
        registry = registry.query_parameter(parameter);
    }
    let config = OriginConfig::new()
        .registry(registry)
        .access(Access::new(access));
    let server = Server::of(config).await;
    let mut publishers = vec![
        server.publisher("video", video()),
        server.publisher("audio", audio()),
    ];
    for publisher in &mut publishers {
        publish(publisher, 0..PARTS * 10 + 1);
    }
    // A version that knows its sibling.
    publish(&mut publishers[0], PARTS * 10 + 1..PARTS * 10 + 2);
    Guarded {
        server,
        _publishers: publishers,
    }
}

struct Guarded {
    server: Server,
    _publishers: Vec<Publisher>,
}

/// All URLs that a player comes to from a multivariant playlist, as a player reads it: variables
/// replaced, references resolved.
async fn crawl(server: &Server, start: &str, headers: &[(&str, &str)]) -> BTreeSet<String> {
    let mut found = BTreeSet::from([start.to_owned()]);
    let mut waiting = vec![start.to_owned()];
    while let Some(url) = waiting.pop() {
        if !url.split('?').next().unwrap().ends_with(".m3u8") {
            continue;
        }
        let answer = server.get_with(&url, headers).await;
        assert_eq!(answer.status, StatusCode::OK, "{url}");
        let text = String::from_utf8(answer.body.to_vec()).unwrap();
        for uri in uris(&text, &url) {
            if found.insert(uri.clone()) {
                waiting.push(uri);
            }
        }
    }
    found
}

fn uris(text: &str, base: &str) -> Vec<String> {
    let (base_path, base_query) = base.split_once('?').unwrap_or((base, ""));
    let folder = base_path.rsplit_once('/').unwrap().0;
    let mut text = text.to_owned();
    if text.contains("#EXT-X-DEFINE:QUERYPARAM=\"token\"") {
        let value = base_query
            .split('&')
            .find_map(|pair| pair.strip_prefix("token="));
        let value = value.expect("a playlist asks for a parameter that its URL lacks");
        text = text.replace("{$token}", value);
    }
    let quoted = text
        .lines()
        .filter(|line| !line.starts_with("#EXT-X-PRELOAD-HINT"));
    quoted
        .filter_map(|line| match line.split_once("URI=\"") {
            Some((_, rest)) => rest.split('"').next(),
            None => (!line.is_empty() && !line.starts_with('#')).then_some(line),
        })
        .map(|uri| match uri.strip_prefix("../") {
            Some(uri) => format!("{}/{uri}", folder.rsplit_once('/').unwrap().0),
            None => format!("{folder}/{uri}"),
        })
        .collect()
}

fn is_refusal(answer: &Answer, status: StatusCode) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("access-control-allow-origin"), "*");
}

#[tokio::test]
async fn a_token_in_the_path_reaches_every_url() {
    let Guarded { server, .. } = &guarded(TokenPlace::Path, |it| it).await;
    let start = format!("/t/{}/live/show/index.m3u8", token("show", 60));
    let all = crawl(server, &start, &[]).await;
    assert!(all.len() > 40, "{}", all.len());
    for url in all {
        assert_eq!(server.get(&url).await.status, StatusCode::OK, "{url}");
        let bare = &url[url.find("/live/").unwrap()..];
        is_refusal(&server.get(bare).await, StatusCode::UNAUTHORIZED);
        let other = format!("/t/{}{bare}", token("other", 60));
        is_refusal(&server.get(&other).await, StatusCode::FORBIDDEN);
        let late = format!("/t/{}{bare}", token("show", -1));
        is_refusal(&server.get(&late).await, StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn a_token_in_the_query_reaches_every_url_and_no_playlist_shows_it() {
    let Guarded { server, .. } = &guarded(TokenPlace::Query, |it| it).await;
    let (one, other) = (token("show", 60), token("*", 90));
    let all = crawl(server, &format!("/live/show/index.m3u8?token={one}"), &[]).await;
    assert!(all.len() > 40, "{}", all.len());
    for url in all {
        let answer = server.get(&url).await;
        assert_eq!(answer.status, StatusCode::OK, "{url}");
        let second = server.get(&url.replace(&one, &other)).await;
        assert_eq!(
            answer.body, second.body,
            "the same bytes for everybody: {url}"
        );
        assert!(
            answer.header("cache-control").starts_with("public"),
            "{url}"
        );
        let bare = url.split('?').next().unwrap();
        is_refusal(&server.get(bare).await, StatusCode::UNAUTHORIZED);
        let wrong = format!("{bare}?token={}", token("other", 60));
        is_refusal(&server.get(&wrong).await, StatusCode::FORBIDDEN);
    }
}

#[tokio::test]
async fn a_cookie_reaches_every_url_of_its_stream() {
    let Guarded { server, .. } = &guarded(TokenPlace::Cookie, |it| it).await;
    let first = server
        .get(&format!(
            "/live/show/index.m3u8?token={}",
            token("show", 60)
        ))
        .await;
    assert_eq!(first.status, StatusCode::OK);
    let cookie = first.header("set-cookie");
    let (pair, attributes) = cookie.split_once("; ").unwrap();
    assert!(
        attributes.starts_with("Path=/live/show/; Max-Age="),
        "{cookie}"
    );
    assert!(
        attributes.ends_with("; HttpOnly; Secure; SameSite=Strict"),
        "{cookie}"
    );

    let headers = [("cookie", pair)];
    let all = crawl(server, "/live/show/index.m3u8", &headers).await;
    assert!(all.len() > 40, "{}", all.len());
    for url in all {
        let answer = server.get_with(&url, &headers).await;
        assert_eq!(answer.status, StatusCode::OK, "{url}");
        assert!(
            answer.header("cache-control").starts_with("private"),
            "{url}"
        );
        assert_eq!(answer.header("set-cookie"), "", "{url}");
        is_refusal(&server.get(&url).await, StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn other_sites_play_with_cookies_only_where_they_are_named() {
    let named = |access: AccessConfig| access.cookie_origin("https://player.example");
    let Guarded { server, .. } = &guarded(TokenPlace::Cookie, named).await;
    let url = format!("/live/show/index.m3u8?token={}", token("show", 60));
    let answer = server
        .get_with(&url, &[("origin", "https://player.example")])
        .await;
    assert_eq!(
        answer.header("access-control-allow-origin"),
        "https://player.example"
    );
    assert_eq!(answer.header("access-control-allow-credentials"), "true");
    let vary: Vec<_> = answer.headers.get_all("vary").iter().collect();
    assert!(vary.iter().any(|value| *value == "origin"), "{vary:?}");
    assert!(
        answer
            .header("set-cookie")
            .ends_with("SameSite=None; Partitioned")
    );
    let stranger = server
        .get_with(&url, &[("origin", "https://other.example")])
        .await;
    assert_eq!(stranger.header("access-control-allow-origin"), "");
    assert_eq!(stranger.header("access-control-allow-credentials"), "");
}

#[tokio::test]
async fn a_header_opens_too_and_no_shared_cache_keeps_the_answer() {
    let Guarded { server, .. } = &guarded(TokenPlace::Path, |it| it).await;
    let bearer = format!("Bearer {}", token("show", 60));
    let answer = server
        .get_with("/live/show/video/media.m3u8", &[("authorization", &bearer)])
        .await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.header("cache-control").starts_with("private"));
}

#[tokio::test]
async fn without_guards_a_path_with_a_token_is_no_path() {
    let server = Server::start().await;
    let answer = server.get("/t/abc/live/show/index.m3u8").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn publishers_need_the_key_of_their_stream() {
    let access = AccessConfig::new()
        .publish_key(pattern("cam-*"), KeyDigest::of(KEY.as_bytes()))
        .publish_key(
            pattern("show"),
            KeyDigest::of(b"another key of some length"),
        );
    let server = Server::of(OriginConfig::new().access(Access::new(access))).await;
    let put = async |path: &str, headers: &[(&str, &str)]| {
        let body = Bytes::from_static(b"no media, which is told apart from no key");
        server
            .request(Method::PUT, path, headers, body)
            .await
            .status
    };
    let bearer = format!("Bearer {KEY}");
    let allowed = async |path: &str, headers: &[(&str, &str)]| {
        let status = put(path, headers).await;
        status != StatusCode::UNAUTHORIZED && status != StatusCode::FORBIDDEN
    };
    assert!(allowed("/ingest/cam-1", &[("authorization", &bearer)]).await);
    assert!(allowed("/ingest/cam-1/video.mp4", &[("authorization", &bearer)]).await);
    let query = format!("/ingest/cam-1?key={}", KEY.replace(' ', "%20"));
    assert!(allowed(&query, &[]).await);
    for (path, headers) in [
        ("/ingest/cam-1", vec![]),
        (
            "/ingest/cam-1",
            vec![("authorization", "Bearer a publish key of some lengtH")],
        ),
        ("/ingest/show", vec![("authorization", bearer.as_str())]),
        ("/ingest/none", vec![("authorization", bearer.as_str())]),
        ("/ingest/cam-1?key=", vec![]),
    ] {
        assert_eq!(
            put(path, &headers).await,
            StatusCode::UNAUTHORIZED,
            "{path} {headers:?}"
        );
    }
    assert_eq!(
        server.get("/live/show/index.m3u8").await.status,
        StatusCode::NOT_FOUND
    );
}

#[derive(Clone, Default)]
struct Asked {
    count: Arc<AtomicUsize>,
}

/// A service that knows the stream `show` and the token `friend`.
async fn hook(State(asked): State<Asked>, Json(question): Json<serde_json::Value>) -> Response {
    asked.count.fetch_add(1, Ordering::Relaxed);
    let status = match (question["stream"].as_str(), question["token"].as_str()) {
        (Some("show"), Some("friend")) => StatusCode::NO_CONTENT,
        (Some("show"), Some("foe")) => StatusCode::FORBIDDEN,
        (Some("show"), Some("ill")) => StatusCode::INTERNAL_SERVER_ERROR,
        (Some("show"), Some("slow")) => std::future::pending().await,
        (Some("show"), Some("wordy")) => {
            return [("x-words", "word ".repeat(8_000))].into_response();
        }
        (Some("show"), Some("endless")) => {
            let words = futures_util::stream::repeat(Ok::<_, Infallible>("word "));
            return Body::from_stream(words).into_response();
        }
        _ => StatusCode::UNAUTHORIZED,
    };
    status.into_response()
}

/// An authority of our own, and a certificate for `localhost` by it, in files.
struct Authority {
    folder: PathBuf,
}

impl Authority {
    fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("authority-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let root = authority.self_signed(&key).unwrap();
        let authority = Issuer::new(authority, key);
        let key = KeyPair::generate().unwrap();
        let localhost = CertificateParams::new(["localhost".to_owned()]).unwrap();
        let localhost = localhost.signed_by(&key, &authority).unwrap();
        for (name, text) in [
            ("root.pem", root.pem()),
            ("localhost.pem", localhost.pem()),
            ("localhost.key", key.serialize_pem()),
        ] {
            std::fs::write(folder.join(name), text).unwrap();
        }
        Self { folder }
    }

    fn roots(&self) -> HookRoots {
        HookRoots::from_file(self.folder.join("root.pem")).unwrap()
    }

    fn tls(&self) -> Tls {
        let (certificate, key) = ("localhost.pem", "localhost.key");
        Tls::from_files(self.folder.join(certificate), self.folder.join(key)).unwrap()
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        // Left over is no failure of a test.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

#[tokio::test]
async fn an_https_hook_is_believed_only_with_a_certificate_of_its_authority() {
    let (ours, theirs) = (Authority::new("ours"), Authority::new("theirs"));
    let asked = Asked::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let app = Router::new()
        .route("/allow", post(hook))
        .with_state(asked.clone());
    let app = origin::Server::new(app).listen_tls(listener, ours.tls());
    tokio::spawn(app.run(std::future::pending()));

    let status = async |host: &str, roots: HookRoots, token: &str| {
        let url: Uri = format!("https://{host}:{port}/allow").parse().unwrap();
        let with_hook = |access: AccessConfig| {
            let (timeout, keep) = (Duration::from_secs(5), Duration::from_secs(60));
            access
                .hook(url.clone(), timeout, keep, 100)
                .hook_roots(roots.clone())
        };
        let Guarded { server, .. } = &guarded(TokenPlace::Path, with_hook).await;
        let path = format!("/t/{token}/live/show/video/media.m3u8");
        server.get(&path).await.status
    };
    for (token, wanted) in [
        ("friend", StatusCode::OK),
        ("foe", StatusCode::FORBIDDEN),
        // The status is all that is read of an answer, and its head is bounded.
        ("endless", StatusCode::OK),
        ("wordy", StatusCode::SERVICE_UNAVAILABLE),
    ] {
        assert_eq!(
            status("localhost", ours.roots(), token).await,
            wanted,
            "{token}"
        );
    }
    let before = asked.count.load(Ordering::Relaxed);
    for (host, roots) in [
        ("localhost", theirs.roots()),
        ("127.0.0.1", ours.roots()),
        ("localhost", HookRoots::default()),
    ] {
        assert_eq!(
            status(host, roots.clone(), "friend").await,
            StatusCode::SERVICE_UNAVAILABLE,
            "{host} {roots:?}"
        );
    }
    assert_eq!(
        asked.count.load(Ordering::Relaxed),
        before,
        "nothing was shown to somebody else"
    );
}

/// A JSON Web Token of an algorithm with a shared secret.
fn jwt(id: &str, secret: &[u8], stream: &str, expires: i64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let expires = now.as_secs().saturating_add_signed(expires);
    let header = json!({"alg": "HS256", "kid": id});
    let claims = json!({"exp": expires, "stream": stream});
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(&header), part(&claims));
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let tag = URL_SAFE_NO_PAD.encode(hmac::sign(&key, message.as_bytes()));
    format!("{message}.{tag}")
}

#[tokio::test]
async fn keys_are_exchanged_while_tokens_of_both_are_good() {
    const OLD: &[u8] = b"the secret that is on its way out";
    const NEW: &[u8] = b"the secret that comes in its place";
    let soon = SystemTime::now() + Duration::from_secs(60);
    let signed = |secret| sign(&Secret::new(secret), &pattern("show"), soon);
    let tokens = [
        signed(OLD),
        jwt("old", OLD, "show", 60),
        signed(NEW),
        jwt("new", NEW, "show", 60),
    ];
    let statuses = async |secrets: &[(&str, &'static [u8])]| {
        let with_keys = |mut access: AccessConfig| {
            for (id, secret) in secrets {
                access = access
                    .token_key(Secret::new(secret))
                    .jwt_key(id, VerifyingKey::hs256(secret));
            }
            access
        };
        let Guarded { server, .. } = &guarded(TokenPlace::Path, with_keys).await;
        let mut statuses = Vec::new();
        for token in &tokens {
            let path = format!("/t/{token}/live/show/video/media.m3u8");
            statuses.push(server.get(&path).await.status.as_u16());
        }
        // Of this stream and of this key alone, however good it is.
        let (id, secret) = secrets[0];
        for (token, wanted) in [
            (jwt(id, secret, "other", 60), StatusCode::FORBIDDEN),
            (jwt(id, secret, "show", -1), StatusCode::UNAUTHORIZED),
            (jwt("third", secret, "show", 60), StatusCode::UNAUTHORIZED),
        ] {
            let path = format!("/t/{token}/live/show/video/media.m3u8");
            assert_eq!(server.get(&path).await.status, wanted, "{token}");
        }
        statuses
    };
    assert_eq!(statuses(&[("old", OLD)]).await, [200, 200, 401, 401]);
    let both = statuses(&[("new", NEW), ("old", OLD)]).await;
    assert_eq!(both, [200, 200, 200, 200]);
    assert_eq!(statuses(&[("new", NEW)]).await, [401, 401, 200, 200]);
}

#[tokio::test]
async fn the_hook_decides_once_and_fails_closed() {
    let asked = Asked::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = Router::new()
        .route("/allow", post(hook))
        .with_state(asked.clone());
    tokio::spawn(async move { axum::serve(listener, app).await });
    let url: Uri = format!("http://{address}/allow").parse().unwrap();
    let with_hook = |access: AccessConfig| {
        let (timeout, keep) = (Duration::from_millis(300), Duration::from_secs(60));
        access.hook(url.clone(), timeout, keep, 100)
    };
    let Guarded { server, .. } = &guarded(TokenPlace::Path, with_hook).await;
    let status = async |token: &str| {
        let answer = server
            .get(&format!("/t/{token}/live/show/video/media.m3u8"))
            .await;
        answer.status
    };
    for _ in 0..20 {
        assert_eq!(status("friend").await, StatusCode::OK);
        assert_eq!(status("foe").await, StatusCode::FORBIDDEN);
    }
    assert_eq!(
        asked.count.load(Ordering::Relaxed),
        2,
        "asked again for what was known"
    );
    assert_eq!(status("ill").await, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(status("slow").await, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(status("nobody").await, StatusCode::UNAUTHORIZED);
    let before = asked.count.load(Ordering::Relaxed);
    assert_eq!(status(&token("show", 60)).await, StatusCode::OK);
    assert_eq!(
        asked.count.load(Ordering::Relaxed),
        before,
        "a token needs no hook"
    );

    // Many who come at once with the same token are one question.
    let many = (0..50).map(|_| status("stranger"));
    let many = futures_util::future::join_all(many).await;
    assert!(
        many.iter()
            .all(|status| *status == StatusCode::UNAUTHORIZED)
    );
    assert_eq!(asked.count.load(Ordering::Relaxed), before + 1);
}

#[tokio::test]
async fn the_list_says_that_tokens_are_needed_and_where_they_go() {
    for (place, word) in [
        (TokenPlace::Path, "path"),
        (TokenPlace::Query, "query"),
        (TokenPlace::Cookie, "cookie"),
    ] {
        let guarded = guarded(place, |access| access).await;
        let list = async |query: &str| -> serde_json::Value {
            let answer = guarded.server.get(&format!("/api/streams{query}")).await;
            serde_json::from_slice(&answer.body).unwrap()
        };
        let nobody = list("").await;
        assert_eq!(nobody["token_place"], word);
        assert_eq!(nobody["streams"], serde_json::json!([]));
        let viewer = list(&format!("?token={}", token("show", 60))).await;
        assert_eq!(viewer["streams"][0]["name"], "show");
        let other = list(&format!("?token={}", token("other", 60))).await;
        assert_eq!(other["streams"], serde_json::json!([]));
    }
    let open: serde_json::Value =
        serde_json::from_slice(&Server::start().await.get("/api/streams").await.body).unwrap();
    assert!(open.get("token_place").is_none());
}
