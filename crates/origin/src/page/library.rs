//! hls.js, which plays where a browser does not by itself: the copy in the binary, or a file of the
//! operator's.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderMap, HeaderValue, header};
use llhls::registry::Body;

use super::asset::{Asset, SCRIPT, respond};
use crate::delivery::accepted_coding;
use crate::origin::Origin;

static LIBRARY: Asset = Asset::new(
    "/hls.js",
    SCRIPT,
    include_str!("../../web/vendor/hls.js/hls.min.js"),
);
const LICENCE: &str = include_str!("../../web/vendor/hls.js/LICENSE");
const LICENCE_PATH: &str = "/hls.js/LICENSE";
const LICENCE_LINK: HeaderValue = HeaderValue::from_static("</hls.js/LICENSE>; rel=\"license\"");

pub(super) fn routes() -> Router<Origin> {
    Router::new()
        .route(LIBRARY.path(), get(library))
        .route(LICENCE_PATH, get(async || LICENCE))
}

async fn library(State(origin): State<Origin>, asked: HeaderMap) -> Response {
    if let Some(path) = origin.player_library() {
        match tokio::fs::read_to_string(path).await {
            Ok(text) => {
                let coding = accepted_coding(&asked);
                return respond(SCRIPT, Body::of(text, coding), coding, &asked);
            }
            // Viewers are not to suffer for it.
            Err(error) => {
                tracing::warn!(%error, path = %path.display(), "page.player_library cannot be read, the copy in the binary is served");
            }
        }
    }
    ([(header::LINK, LICENCE_LINK)], LIBRARY.answer(&asked).await).into_response()
}
