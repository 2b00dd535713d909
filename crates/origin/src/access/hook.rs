//! The hook: somebody else decides, and is asked as seldom as possible.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::Serialize;
use tokio::sync::{OnceCell, Semaphore};
use tokio::time::Instant;

use super::cache::{Cache, Key};
use super::config::HookConfig;
use super::keeper::Verdict;

/// The most questions at once; whoever comes then waits in line, for `timeout` at most.
const AT_ONCE: usize = 64;

/// The most that is read of an answer: its head. Its body says nothing and is left unread.
const LARGEST_ANSWER: usize = 16 << 10;

/// How long an answer that could not be had is not asked for again.
const SULK: Duration = Duration::from_secs(1);

/// What one remembered answer takes, its place in the table included.
pub(crate) const ENTRY_BYTES: u64 = 256;

/// Asks over HTTP and remembers.
#[derive(Debug)]
pub(super) struct Hook {
    config: HookConfig,
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    answers: Cache<Arc<Answer>>,
    seats: Semaphore,
}

/// An answer that all who asked the same wait for together.
#[derive(Debug, Default)]
struct Answer {
    cell: OnceCell<(Verdict, Instant)>,
}

/// What is asked, as JSON.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Action {
    Publish,
    Watch,
}

#[derive(Serialize)]
struct Question<'a> {
    action: Action,
    stream: &'a str,
    /// What was presented; `null` where nothing was.
    token: Option<&'a str>,
}

impl Hook {
    pub(super) fn new(config: HookConfig) -> Self {
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(config.roots.client())
            .https_or_http()
            .enable_http1()
            .build();
        let client = Client::builder(TokioExecutor::new())
            .http1_max_buf_size(LARGEST_ANSWER)
            .pool_max_idle_per_host(AT_ONCE)
            .build(connector);
        Self {
            client,
            answers: Cache::new(config.entries),
            seats: Semaphore::new(AT_ONCE),
            config,
        }
    }

    /// What the service says, or said not long ago.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future lets the next one who waits for the same answer ask.
    pub(super) async fn ask(&self, action: Action, stream: &str, token: Option<&str>) -> Verdict {
        let fresh = |answer: &Arc<Answer>| {
            answer
                .cell
                .get()
                .is_none_or(|(_, until)| Instant::now() < *until)
        };
        let key = key(action, stream, token);
        let answer = self.answers.get_or_insert(key, fresh, Arc::default);
        let decide = async || {
            let verdict = self.question(action, stream, token).await;
            let keep = match verdict {
                Verdict::Unavailable => SULK,
                _ => self.config.keep,
            };
            (verdict, Instant::now() + keep)
        };
        answer.cell.get_or_init(decide).await.0
    }

    async fn question(&self, action: Action, stream: &str, token: Option<&str>) -> Verdict {
        let asking = async {
            let _seat = self.seats.acquire().await.ok()?;
            let question = Question {
                action,
                stream,
                token,
            };
            let body = serde_json::to_vec(&question).ok()?;
            let request = Request::builder()
                .method(Method::POST)
                .uri(&self.config.url)
                .header(header::CONTENT_TYPE, "application/json")
                .body(Full::from(body))
                .ok()?;
            let answer = self.client.request(request).await;
            let answer = answer.inspect_err(|error| {
                tracing::warn!(%error, "the access hook cannot be asked");
            });
            Some(answer.ok()?.status())
        };
        match tokio::time::timeout(self.config.timeout, asking).await {
            Ok(Some(status)) if status.is_success() => Verdict::Allowed,
            Ok(Some(StatusCode::UNAUTHORIZED)) => Verdict::Unknown,
            Ok(Some(StatusCode::FORBIDDEN | StatusCode::NOT_FOUND)) => Verdict::Forbidden,
            Ok(Some(status)) => {
                tracing::warn!(%status, "the access hook gave no answer");
                Verdict::Unavailable
            }
            Ok(None) => Verdict::Unavailable,
            Err(_) => {
                tracing::warn!(timeout = ?self.config.timeout, "the access hook did not answer");
                Verdict::Unavailable
            }
        }
    }
}

fn key(action: Action, stream: &str, token: Option<&str>) -> Key {
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    // Neither streams nor tokens hold a zero byte, so no two questions are spelt alike.
    context.update(&[action as u8, u8::from(token.is_some())]);
    context.update(stream.as_bytes());
    context.update(&[0]);
    context.update(token.unwrap_or_default().as_bytes());
    let digest = context.finish();
    digest.as_ref().try_into().expect("SHA-256 has 32 bytes")
}
