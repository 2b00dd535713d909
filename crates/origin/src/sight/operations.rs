//! The routes for operators and their machines, for a listener that the world cannot reach.

use axum::extract::State;
use axum::response::IntoResponse;
use axum::{Router, middleware, routing::get};
use http::{StatusCode, header};

use crate::origin::Origin;
use crate::recording::Recordings;
use crate::{api, page};

use super::hosts::{self, Hosts};
use super::metrics;

/// What Prometheus calls the format (`OpenMetrics` 1.0).
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The status page, `/metrics`, `/healthz`, `/readyz` and the API of an origin. Nobody is asked for
/// a key; who asks by another name than those of `hosts` is answered 421, health aside.
pub fn operations(origin: &Origin, hosts: Hosts) -> Router {
    let guarded = Router::new()
        .route("/metrics", get(exposition))
        .merge(api::all_routes())
        .merge(page::status_routes())
        .layer(middleware::from_fn_with_state(hosts, hosts::guard));
    health_routes().merge(guarded).with_state(origin.clone())
}

/// `/healthz` and `/readyz`, which tell nothing that a viewer may not know.
pub(crate) fn health_routes() -> Router<Origin> {
    Router::new()
        .route("/healthz", get(healthy))
        .route("/readyz", get(ready))
}

async fn exposition(State(origin): State<Origin>) -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, OPEN_METRICS),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, metrics::text(&origin))
}

/// The process runs and answers: nothing to restart.
async fn healthy() -> impl IntoResponse {
    ([(header::CACHE_CONTROL, "no-store")], "healthy\n")
}

/// New viewers may come: not any more once the origin was told to stop.
async fn ready(State(origin): State<Origin>) -> impl IntoResponse {
    let (status, mut text) = if origin.sight().is_leaving() {
        (StatusCode::SERVICE_UNAVAILABLE, "leaving\n".to_owned())
    } else {
        (StatusCode::OK, "ready\n".to_owned())
    };
    // Live goes on, so it is no reason to send viewers away.
    if let Some(trouble) = origin.recordings().and_then(Recordings::trouble) {
        text.push_str(&format!("recording fails: {trouble}\n"));
    }
    (status, [(header::CACHE_CONTROL, "no-store")], text)
}
