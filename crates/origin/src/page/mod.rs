//! The player page: a handful of files in the binary, and hls.js with them.

mod library;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header;

use crate::origin::Origin;

/// A file of the page, as it is in the repository.
struct Asset {
    path: &'static str,
    content_type: &'static str,
    text: &'static str,
}

const SCRIPT: &str = "text/javascript; charset=utf-8";

/// Names a script below `web/` once, for its path and for its text.
macro_rules! script {
    ($file:literal) => {
        Asset {
            path: $file,
            content_type: SCRIPT,
            text: include_str!(concat!("../../web", $file)),
        }
    };
}

const ASSETS: [Asset; 10] = [
    Asset {
        path: "/",
        content_type: "text/html; charset=utf-8",
        text: include_str!("../../web/index.html"),
    },
    Asset {
        path: "/player.css",
        content_type: "text/css; charset=utf-8",
        text: include_str!("../../web/player.css"),
    },
    Asset {
        path: "/icon.svg",
        content_type: "image/svg+xml",
        text: include_str!("../../web/icon.svg"),
    },
    script!("/player.js"),
    script!("/player/engine.js"),
    script!("/player/format.js"),
    script!("/player/graph.js"),
    script!("/player/metrics.js"),
    script!("/player/streams.js"),
    script!("/player/view.js"),
];

pub(crate) fn routes() -> Router<Origin> {
    ASSETS
        .iter()
        .fold(Router::new(), |router, asset| {
            router.route(asset.path, get(async || asset.response()))
        })
        .merge(library::routes())
}

impl Asset {
    fn response(&self) -> Response {
        // Revalidated each time: a page of the last version with a server of this one helps nobody.
        let headers = [
            (header::CONTENT_TYPE, self.content_type),
            (header::CACHE_CONTROL, "no-cache"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ];
        (headers, self.text).into_response()
    }
}
