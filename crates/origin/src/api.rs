//! `GET /api/streams`: what is on, as JSON, for the player page and for people's scripts.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, routing::get};
use http::{HeaderMap, header};
use llhls::registry::{DVR_PLAYLIST, Media, PresentationInfo, RenditionInfo};
use serde::Serialize;

use crate::access::{Credentials, Verdict};
use crate::config::TokenPlace;
use crate::origin::Origin;
use crate::sight;

/// The list for viewers.
pub(crate) fn routes() -> Router<Origin> {
    Router::new().route("/api/streams", get(watchable))
}

/// The list for operators: every stream.
pub(crate) fn all_routes() -> Router<Origin> {
    Router::new().route("/api/streams", get(all))
}

#[derive(Debug, Serialize)]
struct Streams {
    /// Unix time in milliseconds when this was answered: lets a page correct a viewer's clock
    /// before it computes a latency.
    now: u128,
    /// Where viewers' tokens go, as `access.token_place` says; nothing where none is needed. Streams
    /// that the presented token does not open are then not in the list.
    #[serde(skip_serializing_if = "Option::is_none")]
    token_place: Option<&'static str>,
    streams: Vec<Stream>,
}

#[derive(Debug, Serialize)]
struct Stream {
    name: String,
    /// Path of the multivariant playlist on this server.
    url: String,
    /// The same from further back, where it is recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    dvr: Option<String>,
    state: Condition,
    /// Sessions of the last half minute, as far as players tell who they are.
    viewers: u64,
    renditions: Vec<Rendition>,
}

/// What becomes of a stream or a rendition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
enum Condition {
    Ended,
    Interrupted,
    Live,
}

#[derive(Debug, Serialize)]
struct Rendition {
    name: String,
    kind: &'static str,
    codecs: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    resolution: Option<String>,
    /// Peak segment bit rate so far, in bits per second.
    bandwidth: u64,
    state: Condition,
    /// Milliseconds since its newest part.
    #[serde(skip_serializing_if = "Option::is_none")]
    age: Option<u64>,
    /// Requests that wait for its next part.
    waiting: usize,
    /// Media in memory.
    held_bytes: u64,
    /// Parts and bytes so far.
    parts: u64,
    bytes: u64,
}

/// Streams that whoever asks may watch: all of them, or, where tokens are needed, those that the
/// presented one is for.
async fn watchable(
    State(origin): State<Origin>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let credentials = Credentials {
        query: query.as_deref(),
        headers: &headers,
    };
    let token = credentials
        .query_token()
        .or_else(|| credentials.bearer_token());
    let access = origin.access();
    answer(&origin, |stream| {
        access.knows_viewer(stream, token) == Verdict::Allowed
    })
}

async fn all(State(origin): State<Origin>) -> Response {
    answer(&origin, |_| true)
}

fn answer(origin: &Origin, shown: impl Fn(&str) -> bool) -> Response {
    let active = origin.playlists().active();
    let streams = active
        .iter()
        .filter(|info| shown(info.name.as_str()))
        .map(|info| stream(origin, info))
        .collect();
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_millis();
    let headers = [(header::CACHE_CONTROL, "no-store")];
    let token_place = origin.access().token_place().map(TokenPlace::word);
    let list = Streams {
        now,
        token_place,
        streams,
    };
    (headers, Json(list)).into_response()
}

fn stream(origin: &Origin, info: &PresentationInfo) -> Stream {
    let name = info.name.as_str();
    let renditions: Vec<_> = info
        .renditions
        .iter()
        .map(|info| rendition(origin, name, info))
        .collect();
    Stream {
        url: multivariant_path(name),
        dvr: origin.recordings().map(|_| dvr_path(name)),
        // A stream is as alive as the liveliest of its renditions.
        state: renditions
            .iter()
            .map(|rendition| rendition.state)
            .max()
            .unwrap_or(Condition::Interrupted),
        viewers: origin.sight().viewers.count(name),
        name: name.to_owned(),
        renditions,
    }
}

fn rendition(origin: &Origin, stream: &str, info: &RenditionInfo) -> Rendition {
    let (kind, resolution) = match &info.media {
        Media::Video(video) => ("video", Some(format!("{}x{}", video.width, video.height))),
        Media::Audio(_) => ("audio", None),
    };
    let state = match (info.ended, info.publishing) {
        (true, _) => Condition::Ended,
        (false, true) => Condition::Live,
        (false, false) => Condition::Interrupted,
    };
    let name = info.name.as_str();
    let stats = origin.playlists().rendition_stats(stream, name);
    let stats = stats.unwrap_or_default();
    Rendition {
        kind,
        codecs: info.media.codec().to_owned(),
        resolution,
        bandwidth: info.peak_bits_per_second,
        state,
        age: sight::age(origin, stream, name).map(|seconds| (seconds * 1000.0) as u64),
        waiting: info.waiting,
        held_bytes: stats.held_bytes,
        parts: stats.publish.parts,
        bytes: stats.publish.bytes,
        name: name.to_owned(),
    }
}

/// Where the multivariant playlist of a presentation is.
#[must_use]
pub fn multivariant_path(presentation: &str) -> String {
    format!("/live/{presentation}/index.m3u8")
}

/// Where the multivariant playlist over its DVR playlists is.
fn dvr_path(presentation: &str) -> String {
    format!("/live/{presentation}/{DVR_PLAYLIST}")
}
