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
//! Whatever an encoder does wrong is answered with a reason and touches no other stream.

mod clock;
mod error;
mod feed;
mod janitor;
mod label;
mod opening;
mod points;
mod source;
mod track;

use std::time::SystemTime;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::put;
use futures_util::StreamExt as _;
use http::StatusCode;
use llhls::registry::InvalidName;

use crate::origin::Origin;
pub(crate) use error::IngestError;
pub(crate) use label::Point;
pub(crate) use points::{Points, Publishing};

/// The routes below `/ingest`.
pub(crate) fn routes() -> Router<Origin> {
    Router::new()
        .route("/ingest/{presentation}", put(whole).post(whole))
        .route(
            "/ingest/{presentation}/{*label}",
            put(labelled).post(labelled),
        )
}

async fn whole(
    State(origin): State<Origin>,
    Path(presentation): Path<String>,
    body: Body,
) -> Response {
    respond(take(origin, Point::parse(&presentation, None), body).await)
}

async fn labelled(
    State(origin): State<Origin>,
    Path((presentation, label)): Path<(String, String)>,
    body: Body,
) -> Response {
    if label::is_manifest(&label) {
        return respond(ignore(body).await);
    }
    respond(take(origin, Point::parse(&presentation, Some(&label)), body).await)
}

/// Publishes a body as it arrives; how many parts it gave.
///
/// In a task of its own: an encoder that has sent everything and does not wait for the answer takes the request's
/// future with it, and what it sent last would be lost. The task ends with the body, as the body does with its connection.
async fn take(
    origin: Origin,
    point: Result<Point, InvalidName>,
    body: Body,
) -> Result<u64, IngestError> {
    let publishing = origin.points().join(&origin, point?)?;
    let receiving = tokio::spawn(receive(publishing, body));
    receiving.await.map_err(|_panic| IngestError::Broken)?
}

async fn receive(mut publishing: Publishing, body: Body) -> Result<u64, IngestError> {
    let before = publishing.parts();
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        // The encoder is gone, or its request broke off: what was whole has been published.
        let Ok(chunk) = chunk else { break };
        publishing.receive(&chunk, SystemTime::now())?;
    }
    publishing.finish()?;
    Ok(publishing.parts().saturating_sub(before))
}

/// Reads over a manifest that an encoder sends beside its media (ING-10).
async fn ignore(body: Body) -> Result<u64, IngestError> {
    const LIMIT: usize = 1 << 20;
    let mut chunks = body.into_data_stream();
    let mut read = 0;
    while let Some(Ok(chunk)) = chunks.next().await {
        read += chunk.len();
        if read > LIMIT {
            return Err(IngestError::ManifestTooLarge { limit: LIMIT });
        }
    }
    Ok(0)
}

fn respond(result: Result<u64, IngestError>) -> Response {
    match result {
        Ok(parts) => (StatusCode::OK, format!("published {parts} parts\n")).into_response(),
        Err(error) => {
            tracing::info!(%error, "ingest refused");
            (error.status(), format!("{error}\n")).into_response()
        }
    }
}
