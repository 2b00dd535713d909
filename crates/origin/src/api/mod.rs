//! What is on, as JSON: for the player page, the status page, and people's scripts. The fields are
//! in `docs/api.md`.
//!
//! ```text
//!   public listener        GET /api/streams, /api/streams/NAME, /api/recordings
//!                          what whoever asks may watch, and of it what a viewer needs
//!   operations listener    the same for all streams, with what an operator needs,
//!                          and GET /api/server
//! ```
//!
//! Every answer is bounded: lists come in pages. No answer walks parts or touches a disk.

mod page;
mod server;
mod streams;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, routing::get};
use http::{HeaderMap, StatusCode, header};
use llhls::registry::{DVR_PLAYLIST, StreamName};
use serde::Serialize;

use crate::access::{Credentials, Verdict};
use crate::origin::Origin;

use page::Page;
use streams::Reader;

/// What viewers may ask.
pub(crate) fn routes() -> Router<Origin> {
    Router::new()
        .route("/api/streams", get(watchable))
        .route("/api/streams/{name}", get(watchable_one))
        .route("/api/recordings", get(watchable_recordings))
}

/// What operators may ask.
pub(crate) fn all_routes() -> Router<Origin> {
    Router::new()
        .route("/api/server", get(overview))
        .route("/api/streams", get(all))
        .route("/api/streams/{name}", get(one))
        .route("/api/recordings", get(all_recordings))
}

/// Which streams whoever asks may watch: all of them, or, where tokens are needed, those that the
/// presented one is for.
fn may_watch<'a>(
    origin: &'a Origin,
    query: Option<&'a str>,
    headers: &'a HeaderMap,
) -> impl Fn(&StreamName) -> bool + 'a {
    let credentials = Credentials { query, headers };
    let token = credentials
        .query_token()
        .or_else(|| credentials.bearer_token());
    let access = origin.access();
    move |stream| access.knows_viewer(stream.as_str(), token) == Verdict::Allowed
}

async fn watchable(
    State(origin): State<Origin>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let shown = may_watch(&origin, query.as_deref(), &headers);
    let page = Page::parse(query.as_deref());
    json(streams::list(&origin, Reader::Viewer, &page, shown))
}

async fn watchable_one(
    State(origin): State<Origin>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let shown = may_watch(&origin, query.as_deref(), &headers);
    let page = Page::parse(query.as_deref());
    let name = name.parse().ok();
    // What one may not watch is not told apart from what is not there.
    let known = name.filter(|name| shown(name));
    found(known.and_then(|name| streams::one(&origin, Reader::Viewer, &name, &page)))
}

async fn watchable_recordings(
    State(origin): State<Origin>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let shown = may_watch(&origin, query.as_deref(), &headers);
    let page = Page::parse(query.as_deref());
    json(streams::recordings(&origin, &page, shown))
}

async fn overview(State(origin): State<Origin>, RawQuery(query): RawQuery) -> Response {
    json(server::overview(&origin, &Page::parse(query.as_deref())))
}

async fn all(State(origin): State<Origin>, RawQuery(query): RawQuery) -> Response {
    let page = Page::parse(query.as_deref());
    json(streams::list(&origin, Reader::Operator, &page, |_| true))
}

async fn one(
    State(origin): State<Origin>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let page = Page::parse(query.as_deref());
    let name = name.parse().ok();
    found(name.and_then(|name| streams::one(&origin, Reader::Operator, &name, &page)))
}

async fn all_recordings(State(origin): State<Origin>, RawQuery(query): RawQuery) -> Response {
    let page = Page::parse(query.as_deref());
    json(streams::recordings(&origin, &page, |_| true))
}

fn json(value: impl Serialize) -> Response {
    ([(header::CACHE_CONTROL, "no-store")], Json(value)).into_response()
}

fn found(value: Option<impl Serialize>) -> Response {
    match value {
        Some(value) => json(value),
        None => {
            let headers = [(header::CACHE_CONTROL, "no-store")];
            (StatusCode::NOT_FOUND, headers, "there is no such stream\n").into_response()
        }
    }
}

/// Where the multivariant playlist of a presentation is.
#[must_use]
pub fn multivariant_path(presentation: &str) -> String {
    format!("/live/{presentation}/index.m3u8")
}

/// Where the one is that goes back beyond memory, and is on demand when the stream is over.
fn dvr_path(presentation: &str) -> String {
    format!("/live/{presentation}/{DVR_PLAYLIST}")
}

/// Unix time in milliseconds.
fn millis(time: SystemTime) -> u64 {
    length(time.duration_since(UNIX_EPOCH).unwrap_or_default())
}

fn length(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
