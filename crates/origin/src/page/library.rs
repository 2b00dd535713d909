//! hls.js, which plays where a browser does not by itself: a file of the operator's, or the copy
//! that the build found (`build.rs`).

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use llhls::registry::Body;

use super::asset::{Asset, SCRIPT, respond};
use crate::delivery::accepted_coding;
use crate::origin::Origin;

/// A copy in the binary, with what its licence asks to be passed on.
struct Bundled {
    script: Asset,
    licence: &'static str,
}

const PATH: &str = "/hls.js";
const LICENCE_PATH: &str = "/hls.js/LICENSE";
const LICENCE_LINK: HeaderValue = HeaderValue::from_static("</hls.js/LICENSE>; rel=\"license\"");

#[cfg(player_library)]
static BUNDLED: Option<Bundled> = Some(Bundled {
    script: Asset::new(PATH, SCRIPT, include_str!(env!("PLAYER_LIBRARY"))),
    licence: include_str!(env!("PLAYER_LIBRARY_LICENCE")),
});
#[cfg(not(player_library))]
static BUNDLED: Option<Bundled> = None;

const ABSENT: &str = "This origin was built without hls.js. Run `npm ci` in crates/origin/web and \
                      build again, or name a file as page.player_library.\n";

pub(super) fn routes() -> Router<Origin> {
    Router::new()
        .route(PATH, get(library))
        .route(LICENCE_PATH, get(licence))
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
    match &BUNDLED {
        Some(bundled) => {
            let answer = bundled.script.answer(&asked).await;
            ([(header::LINK, LICENCE_LINK)], answer).into_response()
        }
        None => (StatusCode::NOT_FOUND, ABSENT).into_response(),
    }
}

async fn licence() -> Response {
    match &BUNDLED {
        Some(bundled) => bundled.licence.into_response(),
        None => (StatusCode::NOT_FOUND, ABSENT).into_response(),
    }
}
