//! hls.js, which plays where a browser does not by itself: the copy in the binary, or a file of the
//! operator's.

use std::io::Write as _;
use std::sync::LazyLock;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use headers::{ETag, HeaderMapExt as _, IfNoneMatch};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use llhls::registry::Coding;

use super::SCRIPT;
use crate::delivery::accepted_coding;
use crate::origin::Origin;

/// Of the copy in the binary. Its bytes change with it, so it is their entity tag too.
const VERSION: &str = "1.7.4";

const TEXT: &[u8] = include_bytes!("../../web/vendor/hls.js/hls.min.js");
const LICENCE: &str = include_str!("../../web/vendor/hls.js/LICENSE");
const LICENCE_PATH: &str = "/hls.js/LICENSE";

/// A third of the text. Made once, when it is first asked for.
static COMPRESSED: LazyLock<Bytes> = LazyLock::new(|| {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(TEXT).expect("a Vec takes all writes");
    encoder.finish().expect("a Vec takes all writes").into()
});

pub(super) fn routes() -> Router<Origin> {
    Router::new()
        .route("/hls.js", get(library))
        .route(LICENCE_PATH, get(async || LICENCE))
}

async fn library(State(origin): State<Origin>, asked: HeaderMap) -> Response {
    let Some(path) = origin.player_library() else {
        return own(&asked);
    };
    match tokio::fs::read(path).await {
        Ok(script) => (common(), script).into_response(),
        // The page then tries a public copy.
        Err(error) => {
            tracing::warn!(%error, path = %path.display(), "page.player_library cannot be read");
            (StatusCode::NOT_FOUND, "there is no player library here\n").into_response()
        }
    }
}

/// The copy in the binary, for a request with these headers.
fn own(asked: &HeaderMap) -> Response {
    let mut headers = common();
    let tag: ETag = format!("W/\"hls.js-{VERSION}\"")
        .parse()
        .expect("quoted letters, digits and dots make an entity tag");
    headers.typed_insert(tag.clone());
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    headers.insert(
        header::LINK,
        HeaderValue::from_static("</hls.js/LICENSE>; rel=\"license\""),
    );
    let known = asked.typed_get::<IfNoneMatch>();
    if known.is_some_and(|known| !known.precondition_passes(&tag)) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    match accepted_coding(asked) {
        Coding::Gzip => {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            (headers, COMPRESSED.clone()).into_response()
        }
        Coding::Identity => (headers, Bytes::from_static(TEXT)).into_response(),
    }
}

fn common() -> HeaderMap {
    HeaderMap::from_iter([
        (header::CONTENT_TYPE, HeaderValue::from_static(SCRIPT)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_that_of_the_copy() {
        let text = std::str::from_utf8(TEXT).expect("a script is text");
        assert!(text.contains(&format!("\"{VERSION}\"")));
    }
}
