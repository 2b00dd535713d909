//! `GET /api/streams`: what is on, as JSON, for the player page and for people's scripts.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::extract::State;
use axum::response::IntoResponse;
use axum::{Json, Router, routing::get};
use http::header;
use llhls::registry::{Media, PresentationInfo, RenditionInfo};
use serde::Serialize;

use crate::origin::Origin;

pub(crate) fn routes() -> Router<Origin> {
    Router::new().route("/api/streams", get(streams))
}

#[derive(Debug, Serialize)]
struct Streams {
    /// Unix time in milliseconds when this was answered: lets a page correct a viewer's clock
    /// before it computes a latency.
    now: u128,
    streams: Vec<Stream>,
}

#[derive(Debug, Serialize)]
struct Stream {
    name: String,
    /// Path of the multivariant playlist on this server.
    url: String,
    renditions: Vec<Rendition>,
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
    state: &'static str,
}

async fn streams(State(origin): State<Origin>) -> impl IntoResponse {
    let streams = origin.playlists().active().iter().map(stream).collect();
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_millis();
    (
        [(header::CACHE_CONTROL, "no-store")],
        Json(Streams { now, streams }),
    )
}

fn stream(info: &PresentationInfo) -> Stream {
    Stream {
        url: multivariant_path(info.name.as_str()),
        name: info.name.to_string(),
        renditions: info.renditions.iter().map(rendition).collect(),
    }
}

fn rendition(info: &RenditionInfo) -> Rendition {
    let (kind, resolution) = match &info.media {
        Media::Video(video) => ("video", Some(format!("{}x{}", video.width, video.height))),
        Media::Audio(_) => ("audio", None),
    };
    let state = match (info.ended, info.publishing) {
        (true, _) => "ended",
        (false, true) => "live",
        (false, false) => "interrupted",
    };
    Rendition {
        name: info.name.to_string(),
        kind,
        codecs: info.media.codec().to_owned(),
        resolution,
        bandwidth: info.peak_bits_per_second,
        state,
    }
}

/// Where the multivariant playlist of a presentation is.
#[must_use]
pub fn multivariant_path(presentation: &str) -> String {
    format!("/live/{presentation}/index.m3u8")
}
