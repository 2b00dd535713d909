//! Live media in: `PUT` or `POST` of fragmented MP4, in one long request or in many.
//!
//! ```text
//! /ingest/PRESENTATION            all tracks of a body, each a rendition: video, audio, …
//! /ingest/PRESENTATION/LABEL…     the same; renditions are named after the last path element
//! ```
//!
//! A path is a *publishing point*. What it received, its header above all, is kept between
//! requests, so an encoder may send one request with everything, a header and then fragments one
//! by one, or reconnect and go on. Two requests at once may send the same media, for redundancy; one that
//! sends something else takes the point over.
//!
//! A body may be compressed with gzip. What an encoder says beside its media, manifests and the deletion of old
//! segments, is answered as it expects, and the origin lists and forgets by itself: only a manifest's word that nothing
//! will follow counts.
//!
//! Whatever an encoder does wrong is answered with a reason and touches no other stream.

mod clock;
mod coding;
mod config;
mod early;
mod error;
mod feed;
mod janitor;
mod label;
mod manifest;
mod opening;
mod points;
mod source;
mod track;

#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::put;
use futures_util::StreamExt as _;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use llhls::registry::InvalidName;
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::origin::Origin;
use coding::Coding;
pub use config::IngestConfig;
pub(crate) use error::IngestError;
use label::Described;
pub(crate) use label::Point;
pub(crate) use points::{Points, Publishing, Way};

/// The routes below `/ingest`.
pub(crate) fn routes() -> Router<Origin> {
    Router::new()
        .route(
            "/ingest/{presentation}",
            put(whole).post(whole).delete(forget),
        )
        .route(
            "/ingest/{presentation}/{*label}",
            put(labelled).post(labelled).delete(forget),
        )
}

async fn whole(
    State(origin): State<Origin>,
    Path(presentation): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    respond(take(origin, Point::parse(&presentation, None), &headers, body).await)
}

async fn labelled(
    State(origin): State<Origin>,
    Path((presentation, label)): Path<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    if label::is_manifest(&label) {
        return respond(hear(origin, &presentation, &label, body).await);
    }
    let point = Point::parse(&presentation, Some(&label));
    respond(take(origin, point, &headers, body).await)
}

/// An encoder that packages by itself deletes what has left its window (ING-25). Ours is kept as the configuration
/// says, and as those who watch need it.
async fn forget() -> &'static str {
    "segments are forgotten by themselves\n"
}

/// How long a body is read on after its request was given up.
const LAST_BYTES: Duration = Duration::from_secs(1);

/// Publishes a body as it arrives; how many parts it gave.
///
/// In a task of its own: an encoder that has sent everything and does not wait for the answer takes the request's
/// future with it, and what it sent last would be lost. The task reads on for [`LAST_BYTES`] then, and ends with the body
/// if that ends sooner, as it does with its connection.
async fn take(
    origin: Origin,
    point: Result<Point, InvalidName>,
    headers: &HeaderMap,
    body: Body,
) -> Result<u64, IngestError> {
    let coding = Coding::of(headers)?;
    let publishing = origin.points().join(&origin, point?, Way::Http)?;
    // Dropped with this future.
    let (_asked, given_up) = oneshot::channel::<Infallible>();
    let receiving = tokio::spawn(async move {
        let mut publishing = publishing;
        let before = publishing.parts();
        tokio::select! {
            biased;
            received = receive(&mut publishing, coding, body) => received?,
            () = too_late(given_up) => {}
        }
        publishing.finish()?;
        Ok(publishing.parts().saturating_sub(before))
    });
    receiving.await.map_err(|_panic| IngestError::Broken)?
}

async fn receive(
    publishing: &mut Publishing,
    mut coding: Coding,
    body: Body,
) -> Result<(), IngestError> {
    let mut chunks = body.into_data_stream();
    let mut is_first = true;
    loop {
        let Ok(next) = timeout(publishing.stall(), chunks.next()).await else {
            publishing.stalled();
            continue;
        };
        // The encoder is gone, or its request broke off: what was whole has been published.
        let Some(Ok(chunk)) = next else {
            return Ok(());
        };
        if std::mem::take(&mut is_first) && is_media(&chunk) {
            publishing.header().await;
        }
        let now = SystemTime::now();
        coding.decode(&chunk, |media| publishing.receive(media, now))?;
    }
}

/// Whether a body begins with media, and has no header of its own.
fn is_media(body: &[u8]) -> bool {
    let kind = body.get(4..8).unwrap_or_default();
    matches!(kind, b"styp" | b"sidx" | b"prft" | b"emsg" | b"moof")
}

/// Reads over a manifest that an encoder sends beside its media (ING-10), but for its end, as [`take`] reads media.
async fn hear(
    origin: Origin,
    presentation: &str,
    label: &str,
    body: Body,
) -> Result<u64, IngestError> {
    let described = Described::by(presentation, label)?;
    let (_asked, given_up) = oneshot::channel::<Infallible>();
    let reading = tokio::spawn(async move {
        let says = tokio::select! {
            biased;
            says = manifest::read(body) => says?,
            () = too_late(given_up) => None,
        };
        if let (Some(says), Some(described)) = (says, described) {
            origin.points().hear(&origin, &described, says);
        }
        Ok(0)
    });
    reading.await.map_err(|_panic| IngestError::Broken)?
}

/// Resolves when a request has been given up for [`LAST_BYTES`].
async fn too_late(given_up: oneshot::Receiver<Infallible>) {
    // It ends one way only: the other half is gone.
    let _ = given_up.await;
    tokio::time::sleep(LAST_BYTES).await;
}

fn respond(result: Result<u64, IngestError>) -> Response {
    match result {
        Ok(parts) => (StatusCode::OK, format!("published {parts} parts\n")).into_response(),
        Err(error) => {
            tracing::info!(%error, "ingest refused");
            let mut response = (error.status(), format!("{error}\n")).into_response();
            if matches!(error, IngestError::Coding(_)) {
                // What would be taken, in the field that says so of requests as well (RFC 9110 §12.5.3).
                let taken = HeaderValue::from_static("gzip, identity");
                response
                    .headers_mut()
                    .insert(header::ACCEPT_ENCODING, taken);
            }
            response
        }
    }
}
