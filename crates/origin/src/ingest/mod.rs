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

use crate::origin::Origin;
use error::IngestError;
use label::Point;
pub(crate) use points::Points;

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
    respond(receive(origin, &presentation, None, body).await)
}

async fn labelled(
    State(origin): State<Origin>,
    Path((presentation, label)): Path<(String, String)>,
    body: Body,
) -> Response {
    respond(receive(origin, &presentation, Some(&label), body).await)
}

/// Publishes a body as it arrives; how many parts it gave.
///
/// Dropping the future, which is what a lost connection does, leaves everything published so far in
/// place and the point free for the next request.
async fn receive(
    origin: Origin,
    presentation: &str,
    label: Option<&str>,
    body: Body,
) -> Result<u64, IngestError> {
    let point = Point::parse(presentation, label)?;
    let mut publishing = origin.points().join(&origin, point)?;
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

fn respond(result: Result<u64, IngestError>) -> Response {
    match result {
        Ok(parts) => (StatusCode::OK, format!("published {parts} parts\n")).into_response(),
        Err(error) => {
            tracing::info!(%error, "ingest refused");
            (error.status(), format!("{error}\n")).into_response()
        }
    }
}
