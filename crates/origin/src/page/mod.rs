//! The pages: files in the binary, hls.js among them where the build found it, so that they work
//! where nothing else is.
//!
//! A browser has to ask for nothing elsewhere, and is told so ([`asset`]'s policy).

mod asset;
mod library;

use axum::Router;
use axum::response::Redirect;
use axum::routing::get;

use crate::origin::Origin;

use asset::{Asset, CSS, HTML, SCRIPT, SVG, serve};

/// Names a file below `web/` once, for its path and for its text.
macro_rules! file {
    ($kind:expr, $file:literal) => {
        Asset::new($file, $kind, include_str!(concat!("../../web", $file)))
    };
}

/// What all pages have in common.
static SHARED: [Asset; 5] = [
    file!(SVG, "/icon.svg"),
    file!(CSS, "/shared/base.css"),
    file!(SCRIPT, "/shared/dom.js"),
    file!(SCRIPT, "/shared/format.js"),
    file!(SCRIPT, "/shared/graph.js"),
];

/// The player.
static PLAYER: [Asset; 23] = [
    Asset::new("/", HTML, include_str!("../../web/index.html")),
    file!(CSS, "/player.css"),
    file!(SCRIPT, "/player.js"),
    file!(SCRIPT, "/player/clipboard.js"),
    file!(SCRIPT, "/player/controls.js"),
    file!(SCRIPT, "/player/dates.js"),
    file!(SCRIPT, "/player/ending.js"),
    file!(SCRIPT, "/player/engine.js"),
    file!(SCRIPT, "/player/figures.js"),
    file!(SCRIPT, "/player/first.js"),
    file!(SCRIPT, "/player/keys.js"),
    file!(SCRIPT, "/player/library.js"),
    file!(SCRIPT, "/player/list.js"),
    file!(SCRIPT, "/player/metrics.js"),
    file!(SCRIPT, "/player/notice.js"),
    file!(SCRIPT, "/player/problems.js"),
    file!(SCRIPT, "/player/settings.js"),
    file!(SCRIPT, "/player/share.js"),
    file!(SCRIPT, "/player/start.js"),
    file!(SCRIPT, "/player/steering.js"),
    file!(SCRIPT, "/player/streams.js"),
    file!(SCRIPT, "/player/timeline.js"),
    file!(SCRIPT, "/player/token.js"),
];

/// The status page.
static STATUS: [Asset; 11] = [
    Asset::new(
        "/status",
        HTML,
        include_str!("../../web/status/status.html"),
    ),
    file!(CSS, "/status/status.css"),
    file!(SCRIPT, "/status/alarms.js"),
    file!(SCRIPT, "/status/detail.js"),
    file!(SCRIPT, "/status/gauges.js"),
    file!(SCRIPT, "/status/overview.js"),
    file!(SCRIPT, "/status/source.js"),
    file!(SCRIPT, "/status/spark.js"),
    file!(SCRIPT, "/status/status.js"),
    file!(SCRIPT, "/status/table.js"),
    file!(SCRIPT, "/status/words.js"),
];

/// The status page, for operators; whoever asks for nothing gets it too.
pub(crate) fn status_routes() -> Router<Origin> {
    serve(&SHARED)
        .merge(serve(&STATUS))
        .route("/", get(async || Redirect::to("/status")))
}

/// The player page, for viewers.
pub(crate) fn routes() -> Router<Origin> {
    serve(&SHARED)
        .merge(serve(&PLAYER))
        .merge(library::routes())
}
