//! All routes over one origin, and what is the same for every answer.

use std::time::Duration;

use axum::Router;
use http::{HeaderName, Method, StatusCode, header};
use tower_http::cors::{Any, CorsLayer};

use crate::origin::Origin;
use crate::{api, delivery, ingest, page};

/// A day: how long a browser may remember that cross-origin requests are welcome.
const PREFLIGHT_AGE: Duration = Duration::from_secs(86_400);

impl Origin {
    /// All routes: delivery, ingest, the player page and the stream list.
    ///
    /// Every answer, errors too, may be read by scripts of any site (HTTP-07).
    pub fn router(&self) -> Router {
        let cors = CorsLayer::new()
            .allow_origin(Any)
            .allow_methods([Method::GET, Method::HEAD, Method::OPTIONS])
            .allow_headers([
                header::RANGE,
                header::IF_NONE_MATCH,
                header::IF_RANGE,
                header::ACCEPT,
                header::CONTENT_TYPE,
            ])
            .expose_headers([
                header::AGE,
                header::DATE,
                header::CONTENT_LENGTH,
                header::CONTENT_RANGE,
                header::ETAG,
            ])
            .max_age(PREFLIGHT_AGE)
            // The answer is the same for every site: a cache need not keep one for each.
            .vary(Vec::<HeaderName>::new());
        Router::new()
            .merge(page::routes())
            .merge(api::routes())
            .merge(delivery::routes())
            .merge(ingest::routes())
            .fallback(async || (StatusCode::NOT_FOUND, "there is nothing here\n"))
            .layer(cors)
            .with_state(self.clone())
    }
}
