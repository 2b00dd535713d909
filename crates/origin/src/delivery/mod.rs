//! What players and caches ask for: playlists, parts, segments, init sections.
//!
//! A request is parsed into types, a viewer handle is called, and its outcome becomes a status. No
//! playlist text is read here; bodies come out of the registry as handles on memory that all
//! answers have in common, and the headers of a version are written once (`Prepared`).
//!
//! ```text
//! /PRESENTATION/index.m3u8              the multivariant playlist
//! /PRESENTATION/RENDITION/media.m3u8    a media playlist, with delivery directives
//! /PRESENTATION/RENDITION/NAME          whatever that playlist names
//! ```

mod body;
mod failure;
mod fields;
mod media;
mod negotiate;
mod open;
mod playlist;
mod policy;
mod prepared;
mod range;
mod rope;
mod target;

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{HeaderMap, Method, Request, Response, StatusCode, Uri};
use http_body::Body;
use llhls::manifest::Directives;
use llhls::registry::{PlaylistError, Viewer};
use tower::Service;

use crate::origin::Origin;
use failure::Asked;
use media::Wanted;
use policy::Lifetimes;
use target::Target;

// The public interface is:
pub use body::{DeliveryBody, Incomplete};

/// The delivery routes as a `tower` service: mount it wherever a program serves its streams.
///
/// The path of a request is read from its start, so a router must strip the prefix, as axum's
/// `nest_service` does. Every URI in every playlist is relative: any prefix will do. Answers carry
/// their CORS headers; a layer that adds them would add them twice. The service is always ready,
/// never reads a body, and keeps nothing between requests: cloning shares the [`Origin`].
///
/// ```
/// use origin::{Origin, OriginConfig};
///
/// let origin = Origin::new(OriginConfig::new())?;
/// let app: axum::Router = axum::Router::new()
///     .route("/", axum::routing::get(async || "my own page"))
///     .nest_service("/tv", origin.delivery_service());
/// # Ok::<(), origin::OriginError>(())
/// ```
///
/// # Cancel safety
///
/// Dropping the future of a request, also of one that waits, leaves nothing behind.
#[derive(Clone, Debug)]
pub struct Delivery {
    origin: Origin,
}

/// The answer of [`Delivery`] to come.
pub type Delivering =
    Pin<Box<dyn Future<Output = Result<Response<DeliveryBody>, Infallible>> + Send>>;

impl Delivery {
    pub(crate) const fn new(origin: Origin) -> Self {
        Self { origin }
    }

    /// Answers a request whose path begins after the first `mounted_at` bytes.
    pub(crate) fn deliver<B: Body>(&self, request: &Request<B>, mounted_at: usize) -> Delivering {
        let is_head = *request.method() == Method::HEAD;
        // What is needed of the request is taken out of it here: while an answer waits for a part,
        // the request itself, with the buffer that it was read into, is gone.
        let answering = match self.question(request, mounted_at) {
            Ok(question) => question,
            Err(answer) => return Box::pin(std::future::ready(Ok(*answer))),
        };
        Box::pin(async move {
            let answer = answering.answer().await;
            Ok(if is_head {
                without_body(answer)
            } else {
                answer
            })
        })
    }

    fn question<B: Body>(
        &self,
        request: &Request<B>,
        mounted_at: usize,
    ) -> Result<Question, Box<Response<DeliveryBody>>> {
        match *request.method() {
            Method::GET | Method::HEAD => {}
            Method::OPTIONS => return Err(Box::new(fields::options())),
            _ => return Err(Box::new(failure::method_not_allowed())),
        }
        if !request.body().is_end_stream() {
            return Err(Box::new(failure::content_too_large()));
        }
        self.asked(request.uri(), mounted_at, request.headers())
    }

    fn asked(
        &self,
        uri: &Uri,
        mounted_at: usize,
        headers: &HeaderMap,
    ) -> Result<Question, Box<Response<DeliveryBody>>> {
        let target_duration = self.origin.target_duration();
        let missing = |asked| {
            let lifetimes = Lifetimes::new(target_duration);
            Box::new(failure::playlist(PlaylistError::Gone, asked, &lifetimes))
        };
        let path = uri.path().get(mounted_at..).unwrap_or_default();
        match Target::parse(path) {
            None => Err(missing(Asked::Now)),
            Some(Target::Multivariant { presentation }) => Ok(Question::Multivariant {
                origin: self.origin.clone(),
                presentation: presentation.into_owned(),
                conditions: playlist::Conditions::new(headers),
            }),
            Some(Target::Playlist {
                presentation,
                rendition,
            }) => {
                let parsed = Directives::parse(uri.query());
                let is_blocking = parsed.is_ok_and(|directives| directives.until.is_some());
                let asked = if is_blocking {
                    Asked::Future
                } else {
                    Asked::Now
                };
                let viewer = self.viewer(&presentation, &rendition);
                let viewer = viewer.ok_or_else(|| missing(asked))?;
                let directives = match parsed {
                    Ok(directives) => directives,
                    // A finished playlist ignores directives, also those that make no sense
                    // (SRV-06, SRV-09).
                    Err(_) if viewer.edge().is_ok_and(|edge| edge.is_ended()) => Directives::NONE,
                    Err(error) => return Err(Box::new(failure::directive(&error.to_string()))),
                };
                Ok(Question::Playlist {
                    viewer,
                    directives,
                    asked,
                    conditions: playlist::Conditions::new(headers),
                })
            }
            Some(Target::Resource {
                presentation,
                rendition,
                name,
            }) => {
                let viewer = self.viewer(&presentation, &rendition);
                let viewer = viewer.ok_or_else(|| missing(Asked::Now))?;
                match Wanted::new(&viewer, &name, headers) {
                    Some(wanted) => Ok(Question::Media { viewer, wanted }),
                    None => Err(Box::new(failure::no_such_media())),
                }
            }
        }
    }

    fn viewer(&self, presentation: &str, rendition: &str) -> Option<Viewer> {
        self.origin.playlists().viewer(presentation, rendition)
    }
}

/// A request that may have to wait, as far as its answer depends on it.
#[derive(Debug)]
enum Question {
    Multivariant {
        origin: Origin,
        presentation: String,
        conditions: playlist::Conditions,
    },
    Playlist {
        viewer: Viewer,
        directives: Directives,
        asked: Asked,
        conditions: playlist::Conditions,
    },
    Media {
        viewer: Viewer,
        wanted: Wanted,
    },
}

impl Question {
    async fn answer(self) -> Response<DeliveryBody> {
        match self {
            Self::Multivariant {
                origin,
                presentation,
                conditions,
            } => {
                let coding = conditions.coding();
                let lifetimes = Lifetimes::new(origin.target_duration());
                match origin.playlists().multivariant(&presentation, coding).await {
                    Ok(body) => playlist::multivariant(body, &conditions, &lifetimes),
                    Err(error) => failure::playlist(error, Asked::Now, &lifetimes),
                }
            }
            Self::Playlist {
                viewer,
                directives,
                asked,
                conditions,
            } => match viewer.version(&directives).await {
                Ok(version) => playlist::media(&viewer, &version, &directives, asked, &conditions),
                Err(error) => {
                    let target = prepared::target_duration(&viewer);
                    failure::playlist(error, asked, &Lifetimes::new(target))
                }
            },
            Self::Media { viewer, wanted } => media::respond(&viewer, wanted).await,
        }
    }
}

impl<B: Body> Service<Request<B>> for Delivery {
    type Response = Response<DeliveryBody>;
    type Error = Infallible;
    type Future = Delivering;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Delivering {
        self.deliver(&request, 0)
    }
}

/// What HEAD gets: the headers of GET (HTTP-20).
fn without_body(answer: Response<DeliveryBody>) -> Response<DeliveryBody> {
    let (mut head, body) = answer.into_parts();
    if let (Some(length), StatusCode::OK | StatusCode::PARTIAL_CONTENT) =
        (body.size_hint().exact(), head.status)
    {
        head.headers
            .entry(http::header::CONTENT_LENGTH)
            .or_insert_with(|| length.into());
    }
    Response::from_parts(head, DeliveryBody::empty())
}
