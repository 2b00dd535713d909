//! What players and caches ask for: playlists, parts, segments, init sections.
//!
//! A request is parsed into types, a viewer handle is called, and its outcome becomes a status. No
//! playlist text is read here; bodies come out of the registry as handles on memory that all
//! answers have in common, and the headers of a version are written once (`Prepared`).
//!
//! ```text
//! /PRESENTATION/index.m3u8              the multivariant playlist
//! /PRESENTATION/RENDITION/media.m3u8    a media playlist, with delivery directives
//! /PRESENTATION/dvr.m3u8                where something is recorded: the same from further back,
//! /PRESENTATION/RENDITION/dvr.m3u8      and when it is over, on demand
//! /PRESENTATION/RENDITION/NAME          whatever these playlists name
//! ```

mod archived;
mod body;
mod conditions;
mod delivering;
mod failure;
mod fields;
mod held;
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
use std::ops::ControlFlow;
use std::task::{Context, Poll};
use std::time::SystemTime;

use http::{HeaderMap, Method, Request, Response, StatusCode, Uri};
use http_body::Body;
use llhls::manifest::Directives;
use llhls::registry::{DvrViewer, PlaylistError, RecordingId, Snapshot, Viewer};
use tower::Service;

use crate::origin::Origin;
use crate::recording::Recordings;
use failure::Asked;
use held::Holding;
use media::{Label, Terms, Wanted};
use policy::Lifetimes;
use target::Target;

pub(crate) use archived::FILE_ANSWER_BYTES;
pub(crate) use conditions::if_none_match;
// The public interface is:
pub use body::{DeliveryBody, Incomplete};
pub use delivering::Delivering;
pub(crate) use negotiate::accepted_coding;

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

impl Delivery {
    pub(crate) const fn new(origin: Origin) -> Self {
        Self { origin }
    }

    /// Answers a request whose path begins after the first `mounted_at` bytes.
    pub(crate) fn deliver<B: Body>(&self, request: &Request<B>, mounted_at: usize) -> Delivering {
        let is_head = *request.method() == Method::HEAD;
        // What is needed of the request is taken out of it here: while an answer waits for a part,
        // the request itself, with the buffer that it was read into, is gone.
        let question = self.question(request, mounted_at);
        let answer = match question.map(Question::at_once) {
            Ok(ControlFlow::Break(answer)) => answer,
            Ok(ControlFlow::Continue(question)) => {
                return Delivering::later(question.answer(is_head));
            }
            Err(answer) => *answer,
        };
        Delivering::now(if is_head {
            without_body(answer)
        } else {
            answer
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
            Box::new(failure::playlist(PlaylistError::Gone, asked, lifetimes))
        };
        let path = uri.path().get(mounted_at..).unwrap_or_default();
        match Target::parse(path) {
            None => Err(missing(Asked::Now)),
            Some(Target::Multivariant { presentation }) => Ok(Question::Multivariant {
                origin: self.origin.clone(),
                presentation: presentation.into_owned(),
                conditions: playlist::Conditions::new(headers),
            }),
            Some(Target::DvrMultivariant { presentation }) => Ok(Question::DvrMultivariant {
                origin: self.origin.clone(),
                presentation: presentation.into_owned(),
                conditions: playlist::Conditions::new(headers),
            }),
            Some(Target::DvrPlaylist {
                presentation,
                rendition,
            }) => {
                let conditions = playlist::Conditions::new(headers);
                let Some(viewer) = self.viewer(&presentation, &rendition) else {
                    let shelf = self.origin.recordings().map(Recordings::shelf);
                    let id = shelf.and_then(|shelf| shelf.newest(&presentation, &rendition));
                    return Ok(Question::OnDemand {
                        origin: self.origin.clone(),
                        id: id.ok_or_else(|| missing(Asked::Now))?,
                        conditions,
                    });
                };
                let dvr = viewer.dvr().ok_or_else(|| missing(Asked::Now))?;
                let (directives, asked) = directives(uri, &viewer)?;
                Ok(Question::DvrPlaylist {
                    viewer,
                    dvr,
                    directives,
                    asked,
                    conditions,
                })
            }
            Some(Target::Playlist {
                presentation,
                rendition,
            }) => {
                let viewer = self.viewer(&presentation, &rendition);
                let viewer = viewer.ok_or_else(|| missing(blocking(uri)))?;
                let (directives, asked) = directives(uri, &viewer)?;
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
                let wanted = viewer
                    .as_ref()
                    .and_then(|viewer| Wanted::new(viewer, &name, headers));
                if let (Some(viewer), Some(wanted)) = (&viewer, wanted) {
                    return Ok(Question::Media {
                        origin: self.origin.clone(),
                        viewer: viewer.clone(),
                        wanted,
                    });
                }
                // What an earlier life of the stream left.
                let shelf = self.origin.recordings().map(Recordings::shelf);
                match shelf.and_then(|shelf| shelf.owner(&presentation, &rendition, &name)) {
                    Some(id) => {
                        let (label, terms) = media::read(&name, headers);
                        Ok(Question::Recorded {
                            origin: self.origin.clone(),
                            id,
                            name: name.into_owned(),
                            label,
                            terms,
                        })
                    }
                    None if viewer.is_none() => Err(missing(Asked::Now)),
                    None => Err(Box::new(failure::no_such_media())),
                }
            }
        }
    }

    fn viewer(&self, presentation: &str, rendition: &str) -> Option<Viewer> {
        self.origin.playlists().viewer(presentation, rendition)
    }
}

/// Whether a request names a version that need not be there yet.
fn blocking(uri: &Uri) -> Asked {
    Directives::parse(uri.query()).map_or(Asked::Now, |directives| when(&directives))
}

fn when(directives: &Directives) -> Asked {
    if directives.until.is_some() {
        Asked::Future
    } else {
        Asked::Now
    }
}

/// The directives of a request for a playlist of this rendition.
fn directives(
    uri: &Uri,
    viewer: &Viewer,
) -> Result<(Directives, Asked), Box<Response<DeliveryBody>>> {
    match Directives::parse(uri.query()) {
        Ok(directives) => Ok((directives, when(&directives))),
        // A finished playlist ignores directives, also those that make no sense (SRV-06, SRV-09).
        Err(_) if viewer.edge().is_ok_and(|edge| edge.is_ended()) => {
            Ok((Directives::NONE, Asked::Now))
        }
        Err(error) => Err(Box::new(failure::directive(&error.to_string()))),
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
        origin: Origin,
        viewer: Viewer,
        wanted: Wanted,
    },
    DvrMultivariant {
        origin: Origin,
        presentation: String,
        conditions: playlist::Conditions,
    },
    DvrPlaylist {
        viewer: Viewer,
        dvr: DvrViewer,
        directives: Directives,
        asked: Asked,
        conditions: playlist::Conditions,
    },
    /// The playlist of a recording that the registry knows nothing of.
    OnDemand {
        origin: Origin,
        id: RecordingId,
        conditions: playlist::Conditions,
    },
    /// A resource of such a recording.
    Recorded {
        origin: Origin,
        id: RecordingId,
        name: String,
        label: Label,
        terms: Terms,
    },
}

impl Question {
    /// The answer to what players ask most, where it is there: without a future, and without a look
    /// at the clock. What has to be waited for, and what is seldom, comes back.
    fn at_once(self) -> ControlFlow<Response<DeliveryBody>, Self> {
        match self {
            Self::Playlist {
                viewer,
                directives,
                asked,
                conditions,
            } => {
                let take = |version: &Snapshot| {
                    playlist::media(&viewer, version, &directives, asked, &conditions)
                };
                match viewer.at_once(&directives, take) {
                    Some(Ok(answer)) => ControlFlow::Break(answer),
                    Some(Err(error)) => ControlFlow::Break(no_playlist(&viewer, error, asked)),
                    None => ControlFlow::Continue(Self::Playlist {
                        viewer,
                        directives,
                        asked,
                        conditions,
                    }),
                }
            }
            Self::Media {
                origin,
                viewer,
                wanted,
            } => media::at_once(&viewer, wanted).map_continue(|wanted| Self::Media {
                origin,
                viewer,
                wanted,
            }),
            seldom => ControlFlow::Continue(seldom),
        }
    }

    /// What is seldom is boxed, or every request that waits would have room for it.
    async fn answer(self, is_head: bool) -> Response<DeliveryBody> {
        let answer = match self {
            Self::Multivariant {
                origin,
                presentation,
                conditions,
            } => {
                let coding = conditions.coding();
                let lifetimes = Lifetimes::new(origin.target_duration());
                let holding = Holding::begin();
                let multivariant = origin.playlists().multivariant(&presentation, coding);
                let mut answer = match Box::pin(multivariant).await {
                    Ok(body) => playlist::plain(body, &conditions, lifetimes.playlist(Asked::Now)),
                    Err(error) => failure::playlist(error, Asked::Now, lifetimes),
                };
                // It waits for streams to start; writing it takes microseconds.
                holding.end(&mut answer, || Some(SystemTime::now()));
                answer
            }
            Self::Playlist {
                viewer,
                directives,
                asked,
                conditions,
            } => {
                let holding = Holding::begin();
                match viewer.version(&directives).await {
                    Ok(version) => {
                        let mut answer =
                            playlist::media(&viewer, &version, &directives, asked, &conditions);
                        holding.end(&mut answer, || Some(version.published_at()));
                        answer
                    }
                    Err(error) => {
                        let mut answer = no_playlist(&viewer, error, asked);
                        holding.end(&mut answer, || Some(SystemTime::now()));
                        answer
                    }
                }
            }
            Self::Media {
                origin,
                viewer,
                wanted,
            } => {
                let holding = Holding::begin();
                let mut answer = media::respond(&origin, &viewer, wanted).await;
                let newest = || viewer.snapshot().ok().map(|it| it.published_at());
                holding.end(&mut answer, newest);
                answer
            }
            Self::DvrMultivariant {
                origin,
                presentation,
                conditions,
            } => Box::pin(archived::multivariant(&origin, &presentation, &conditions)).await,
            Self::DvrPlaylist {
                viewer,
                dvr,
                directives,
                asked,
                conditions,
            } => {
                let lifetimes = Lifetimes::new(prepared::target_duration(&viewer));
                let playlist = dvr.playlist(&directives, conditions.coding());
                match Box::pin(playlist).await {
                    Ok(body) => playlist::plain(body, &conditions, lifetimes.playlist(asked)),
                    Err(error) => failure::playlist(error, asked, lifetimes),
                }
            }
            Self::OnDemand {
                origin,
                id,
                conditions,
            } => Box::pin(archived::playlist(&origin, &id, &conditions)).await,
            Self::Recorded {
                origin,
                id,
                name,
                label,
                terms,
            } => Box::pin(archived::resource(&origin, &id, &name, label, terms)).await,
        };
        if is_head {
            without_body(answer)
        } else {
            answer
        }
    }
}

fn no_playlist(viewer: &Viewer, error: PlaylistError, asked: Asked) -> Response<DeliveryBody> {
    let lifetimes = Lifetimes::new(prepared::target_duration(viewer));
    failure::playlist(error, asked, lifetimes)
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
