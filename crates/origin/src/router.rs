//! All routes over one origin: as an axum router to mount, and as the service that is served.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::routing::future::RouteFuture;
use bytes::Bytes;
use http::{HeaderName, Method, Request, Response, StatusCode, header};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tower::Service;
use tower_http::cors::{Any, CorsLayer};

use crate::access::Gate;
use crate::delivery::{Delivering, Delivery, DeliveryBody};
use crate::origin::Origin;
use crate::sight::Witness;
use crate::{api, ingest, page, sight};

/// Where delivery is mounted.
const LIVE: &str = "/live";

/// A day: how long a browser may remember that cross-origin requests are welcome.
const PREFLIGHT_AGE: Duration = Duration::from_secs(86_400);

impl Origin {
    /// All routes: delivery below `/live`, ingest, the player page and the stream list.
    ///
    /// Every answer, errors too, may be read by scripts of any site (HTTP-07). Whoever may not
    /// publish or watch is stopped before any of them, as [`OriginConfig::access`] says.
    ///
    /// [`OriginConfig::access`]: crate::OriginConfig::access
    pub fn router(&self) -> Router {
        let routes = self
            .other_routes()
            .nest_service(LIVE, self.delivery_service());
        let gate = Gate::new(self.access().clone(), routes);
        Router::new().fallback_service(Witness::new(self.clone(), gate))
    }

    /// The delivery routes alone, for a program with routes of its own, which has to ask
    /// [`access`](Self::access) by itself.
    #[must_use]
    pub fn delivery_service(&self) -> Delivery {
        Delivery::new(self.clone())
    }

    /// The routes of [`router`](Self::router) as [`Server`](crate::Server) serves them: what
    /// players ask for goes past the router.
    #[must_use]
    pub fn service(&self) -> Witness<Gate<OriginService>> {
        let routes = OriginService {
            delivery: self.delivery_service(),
            router: self.other_routes(),
        };
        Witness::new(self.clone(), Gate::new(self.access().clone(), routes))
    }

    /// Everything but delivery.
    fn other_routes(&self) -> Router {
        let cors = CorsLayer::new()
            .allow_origin(Any)
            .allow_methods([Method::GET, Method::HEAD, Method::OPTIONS])
            .allow_headers([header::ACCEPT, header::CONTENT_TYPE])
            .expose_headers([header::DATE, header::CONTENT_LENGTH, header::ETAG])
            .max_age(PREFLIGHT_AGE)
            // The answer is the same for every site: a cache need not keep one for each.
            .vary(Vec::<HeaderName>::new());
        Router::new()
            .merge(page::routes())
            .merge(api::routes())
            .merge(ingest::routes())
            .merge(sight::health_routes())
            .fallback(async || (StatusCode::NOT_FOUND, "there is nothing here\n"))
            .layer(cors)
            .with_state(self.clone())
    }
}

/// What [`Origin::service`] gives, behind its gate. Cloning shares everything.
#[derive(Clone, Debug)]
pub struct OriginService {
    delivery: Delivery,
    router: Router,
}

impl<B> Service<Request<B>> for OriginService
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<axum::BoxError>,
{
    type Response = Response<OriginBody>;
    type Error = Infallible;
    type Future = Answering;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // Neither of the two is ever busy.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Answering {
        let below = request.uri().path().strip_prefix(LIVE);
        if below.is_some_and(|path| path.starts_with('/')) {
            let delivering = self.delivery.deliver(&request, LIVE.len());
            let by = By::Delivery { delivering };
            Answering { by }
        } else {
            let routing = self.router.call(request);
            let by = By::Router { routing };
            Answering { by }
        }
    }
}

pin_project! {
    /// The answer of [`OriginService`] to come.
    #[must_use = "futures do nothing unless polled"]
    pub struct Answering {
        #[pin]
        by: By,
    }
}

pin_project! {
    #[project = ByProjection]
    enum By {
        Delivery { delivering: Delivering },
        Router { #[pin] routing: RouteFuture<Infallible> },
    }
}

impl Future for Answering {
    type Output = Result<Response<OriginBody>, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().by.project() {
            ByProjection::Delivery { delivering } => Pin::new(delivering)
                .poll(context)
                .map_ok(|answer| answer.map(OriginBody::delivery)),
            ByProjection::Router { routing } => routing
                .poll(context)
                .map_ok(|answer| answer.map(OriginBody::router)),
        }
    }
}

impl fmt::Debug for Answering {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Answering").finish_non_exhaustive()
    }
}

/// The body of what [`OriginService`] answers.
#[derive(Debug)]
pub struct OriginBody {
    of: Of,
}

#[derive(Debug)]
enum Of {
    Delivery(DeliveryBody),
    Router(axum::body::Body),
}

impl OriginBody {
    fn delivery(body: DeliveryBody) -> Self {
        let of = Of::Delivery(body);
        Self { of }
    }

    fn router(body: axum::body::Body) -> Self {
        let of = Of::Router(body);
        Self { of }
    }
}

impl Body for OriginBody {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::BoxError>>> {
        match &mut self.of {
            Of::Delivery(body) => Pin::new(body).poll_frame(context).map_err(Into::into),
            Of::Router(body) => Pin::new(body).poll_frame(context).map_err(Into::into),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.of {
            Of::Delivery(body) => body.is_end_stream(),
            Of::Router(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.of {
            Of::Delivery(body) => body.size_hint(),
            Of::Router(body) => body.size_hint(),
        }
    }
}
