//! What players and caches ask for: playlists, parts, segments, init sections.
//!
//! A handler parses the request into types, calls a viewer handle, and maps the outcome to a
//! status. No playlist text is read here, and bodies come out of the registry as handles on memory
//! that all answers have in common. Headers are still written anew for each answer.
//!
//! ```text
//! /live/PRESENTATION/index.m3u8              the multivariant playlist
//! /live/PRESENTATION/RENDITION/media.m3u8    a media playlist, with delivery directives
//! /live/PRESENTATION/RENDITION/NAME          whatever that playlist names
//! ```

mod media;
mod negotiate;
mod playlist;
mod policy;
mod rope;

use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use llhls::manifest::Directives;
use llhls::registry::{MediaError, PlaylistError, Viewer};

use crate::origin::Origin;
use policy::Lifetime;

/// The routes below `/live`.
pub(crate) fn routes() -> Router<Origin> {
    Router::new()
        .route("/live/{presentation}/index.m3u8", get(multivariant))
        .route(
            "/live/{presentation}/{rendition}/media.m3u8",
            get(media_playlist),
        )
        .route("/live/{presentation}/{rendition}/{name}", get(resource))
}

async fn multivariant(
    State(origin): State<Origin>,
    Path(presentation): Path<String>,
    headers: HeaderMap,
) -> Response {
    let coding = negotiate::playlist_coding(&headers);
    let target = origin.target_duration();
    match origin.playlists().multivariant(&presentation, coding).await {
        Ok(body) => playlist::respond(body, coding, Lifetime::Playlist, target, &headers),
        Err(error) => playlist_error(error, Asked::Now, target),
    }
}

async fn media_playlist(
    State(origin): State<Origin>,
    Path((presentation, rendition)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let Some(viewer) = origin.playlists().viewer(&presentation, &rendition) else {
        return playlist_error(PlaylistError::Gone, Asked::Now, origin.target_duration());
    };
    let target = target_duration(&viewer, &origin);
    let directives = match Directives::parse(query.as_deref()) {
        Ok(directives) => directives,
        // A finished playlist ignores directives, also those that make no sense (SRV-06, SRV-09).
        Err(_) if viewer.edge().is_ok_and(|edge| edge.is_ended()) => Directives::default(),
        Err(error) => {
            let lifetime = Lifetime::Never;
            return failure(StatusCode::BAD_REQUEST, lifetime, target, error.to_string());
        }
    };
    let coding = negotiate::playlist_coding(&headers);
    let asked = if directives.until.is_some() {
        Asked::Future
    } else {
        Asked::Now
    };
    match viewer.playlist(&directives, coding).await {
        Ok(body) => {
            let lifetime = match asked {
                Asked::Future => Lifetime::BlockingPlaylist,
                Asked::Now => Lifetime::Playlist,
            };
            playlist::respond(body, coding, lifetime, target, &headers)
        }
        Err(error) => playlist_error(error, asked, target),
    }
}

async fn resource(
    State(origin): State<Origin>,
    Path((presentation, rendition, name)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Response {
    let Some(viewer) = origin.playlists().viewer(&presentation, &rendition) else {
        return media_error(MediaError::Gone, origin.target_duration());
    };
    let target = target_duration(&viewer, &origin);
    match viewer.resource(&name).await {
        Ok(resource) => {
            let content_type = media::content_type(&viewer.media());
            media::respond(resource, &name, content_type, target, &headers)
        }
        Err(error) => media_error(error, target),
    }
}

/// Whether a request named a version that was not there yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Now,
    Future,
}

fn target_duration(viewer: &Viewer, origin: &Origin) -> u64 {
    viewer.snapshot().map_or_else(
        |_| origin.target_duration(),
        |snapshot| {
            // Whole seconds by definition (§4.4.3.1).
            snapshot.view().target_duration().as_millis() / 1000
        },
    )
}

/// Only 400 and 503 for directives (SRV-12), 404 where there is no playlist.
fn playlist_error(error: PlaylistError, asked: Asked, target: u64) -> Response {
    let (status, lifetime) = match error {
        PlaylistError::Rejected(_) => (StatusCode::BAD_REQUEST, Lifetime::Never),
        PlaylistError::Gone if asked == Asked::Future => {
            (StatusCode::NOT_FOUND, Lifetime::BlockingNotFound)
        }
        PlaylistError::Gone => (StatusCode::NOT_FOUND, Lifetime::NotFound),
        // Timed out, too busy, and whatever a later version adds: try again.
        _ => (StatusCode::SERVICE_UNAVAILABLE, Lifetime::Never),
    };
    failure(status, lifetime, target, error.to_string())
}

fn media_error(error: MediaError, target: u64) -> Response {
    let (status, lifetime) = match error {
        MediaError::NotFound | MediaError::Gone => (StatusCode::NOT_FOUND, Lifetime::NotFound),
        MediaError::Expired => (StatusCode::GONE, Lifetime::NotFound),
        _ => (StatusCode::SERVICE_UNAVAILABLE, Lifetime::Never),
    };
    failure(status, lifetime, target, error.to_string())
}

/// A failure in words, with a lifetime like every other answer.
fn failure(status: StatusCode, lifetime: Lifetime, target: u64, reason: String) -> Response {
    let mut response = (status, reason + "\n").into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, lifetime.cache_control(target));
    if status == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}
