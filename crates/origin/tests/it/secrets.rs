//! What nobody may read again: presented in every place where it can be, then looked for in logs,
//! metrics and the API.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{Method, StatusCode};
use origin::access::{Access, AccessConfig, KeyDigest, Secret, StreamPattern, sign};
use origin::config::TokenPlace;
use origin::{OriginConfig, Server as HttpServer, sight};
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::clips::Clip;
use crate::support::Server;

const KEY: &str = "publish-key-that-nobody-may-read";
const WRONG: &str = "nearly-that-key-but-mistyped-once";
const SECRET: &str = "signing-secret-that-nobody-may-read";

/// Keeps what is logged.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Kept {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Kept {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn keys_and_tokens_are_in_no_log_no_metric_and_no_answer_of_the_api() {
    let kept = Kept::default();
    let lines = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new("origin=trace,playlists=trace"))
        .with_writer(kept.clone())
        .with_ansi(false)
        .finish();
    // The runtime of a test has one thread, so that this hears all of its tasks.
    let _listening = tracing::subscriber::set_default(lines);
    // With one listener alone, `tracing` asks the thread that comes by a line first, which may be
    // another test's, whether anybody hears it, and keeps the answer.
    let _second = tracing::Dispatch::new(
        tracing_subscriber::fmt()
            .with_writer(std::io::sink)
            .finish(),
    );

    let all = StreamPattern::parse("*").unwrap();
    let access = AccessConfig::new()
        .publish_key(all.clone(), KeyDigest::of(KEY.as_bytes()))
        .viewers_need_tokens(TokenPlace::Path)
        .token_key(Secret::new(SECRET));
    let server = Server::of(OriginConfig::new().access(Access::new(access))).await;
    let until = SystemTime::now() + Duration::from_secs(600);
    let token = sign(&Secret::new(SECRET), &all, until);
    let forged = sign(&Secret::new("another secret of some length"), &all, until);

    // Encoders, with the right key and with a wrong one.
    let clip = Clip::demo();
    let body = Bytes::from(clip.whole());
    for key in [KEY, WRONG] {
        let bearer = format!("Bearer {key}");
        let basic = format!("Basic {}", base64(&format!("encoder:{key}")));
        let query = format!("/ingest/cam?key={key}");
        for (path, headers) in [
            ("/ingest/cam", vec![("authorization", bearer.as_str())]),
            ("/ingest/cam", vec![("authorization", basic.as_str())]),
            (query.as_str(), vec![]),
        ] {
            let answer = server
                .request(Method::PUT, path, &headers, body.clone())
                .await;
            assert_eq!(answer.status == StatusCode::OK, key == KEY, "{answer:?}");
        }
    }
    // Viewers, the same.
    for token in [&token, &forged] {
        let cookie = format!("llhls_token={token}");
        let bearer = format!("Bearer {token}");
        let in_path = format!("/t/{token}/live/cam/index.m3u8");
        let in_query = format!("/live/cam/index.m3u8?token={token}");
        let in_list = format!("/api/streams?token={token}");
        let in_one = format!("/api/streams/cam?token={token}");
        let nowhere = format!("/t/{token}/live/cam/video/none.m4s");
        for path in [&in_path, &in_query, &in_list, &in_one, &nowhere] {
            server.get(path).await;
        }
        for header in [
            ("cookie", cookie.as_str()),
            ("authorization", bearer.as_str()),
        ] {
            server.get_with("/live/cam/index.m3u8", &[header]).await;
        }
    }

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let operators =
        HttpServer::new(sight::operations(&server.origin, sight::Hosts::new())).listen(listener);
    tokio::spawn(operators.run(std::future::pending()));
    let mut said = vec![("the log", kept.text())];
    for path in [
        "/metrics",
        "/api/server",
        "/api/streams",
        "/api/streams/cam",
        "/readyz",
    ] {
        let answer = server.get_from(address, path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        said.push((path, String::from_utf8(answer.body.to_vec()).unwrap()));
    }
    // It did hear: the requests are there, with their streams.
    let log = &said[0].1;
    for heard in ["/ingest/cam", "stream=\"cam\"", "answered", "index.m3u8"] {
        assert!(log.contains(heard), "{heard}\n{log}");
    }
    let signature = |token: &str| token.rsplit('.').next().unwrap().to_owned();
    let secrets = [
        KEY.to_owned(),
        WRONG.to_owned(),
        SECRET.to_owned(),
        base64(&format!("encoder:{KEY}")),
        signature(&token),
        signature(&forged),
    ];
    for (place, text) in said {
        for secret in &secrets {
            assert!(
                !text.contains(secret.as_str()),
                "{secret} is in {place}:\n{text}"
            );
        }
    }
}

fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}
