//! Any request at all, asked of a small world that stands still: for the property test and the
//! fuzz target alike.
//!
//! A request is a text: a line `METHOD TARGET`, then header lines `name: value`. `{tag}` in a value
//! is the entity tag of what is asked for. Whatever the text:
//!
//! * nobody panics, and the status is one of those that are documented, at its place;
//! * only directives of a media playlist fail with 400, only what waited in vain with 503, and
//!   nothing else with 5xx;
//! * status, headers and body agree with each other, and a slice with the whole it is cut from;
//! * what waits is dropped without a trace, and, waited for, is answered;
//! * nothing changes: the same request has the same answer, and so have all others.

use std::fmt::Write as _;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body::Body as _;
use http_body_util::Empty;
use llhls::manifest::{Addressing, Cut, ManifestConfig, MediaDuration, ResourceNames};
use llhls::registry::{Media, Part, Publisher, RenditionConfig, StreamName, Video, Viewer};
use origin::{Delivery, DeliveryBody, Origin, OriginConfig};
use tokio::runtime::Runtime;
use tower::Service as _;

const PARTS: u64 = 4;
const SEGMENTS: u64 = 10;

/// Streams at every age: `live` by names and by ranges with an open segment that has two parts,
/// `over`, and `young`, whose first segment is not complete.
const STREAMS: [(&str, &str, u64); 4] = [
    ("live", "video", SEGMENTS * PARTS + 2),
    ("live", "ranges", SEGMENTS * PARTS + 2),
    ("over", "video", SEGMENTS * PARTS),
    ("young", "video", PARTS - 1),
];

/// What everybody asks, and must go on getting.
const OTHERS: [&str; 7] = [
    "GET /live/index.m3u8",
    "GET /live/video/media.m3u8",
    "GET /live/ranges/media.m3u8?_HLS_msn=11&_HLS_part=0&_HLS_skip=YES\naccept-encoding: gzip",
    "GET /live/video/e1-3.m4s",
    "GET /live/video/e1-11.1.m4s",
    "GET /over/video/media.m3u8",
    "GET /young/none",
];

/// Longer than anything may wait: three target durations and some.
const PATIENCE: Duration = Duration::from_secs(7);

/// A world, and what everybody got of it at first.
pub(crate) struct World {
    runtime: Runtime,
    origin: Origin,
    delivery: Delivery,
    viewers: Vec<Viewer>,
    _publishers: Vec<Publisher>,
    others: Vec<Answer>,
}

/// All that a client can see.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    /// As far as it is there.
    body: Vec<u8>,
    length: Option<u64>,
    end: End,
}

/// How a body ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Complete,
    /// More would come.
    Waiting,
    Broken,
}

impl World {
    pub(crate) fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime without drivers opens nothing");
        let entered = runtime.enter();
        let origin = Origin::new(OriginConfig::new()).expect("the defaults are good");
        let mut publishers: Vec<_> = STREAMS
            .into_iter()
            .map(|(show, name, parts)| publisher(&origin, show, name, parts))
            .collect();
        publishers.remove(2).fin();
        let viewers = STREAMS.map(|(show, name, _)| {
            let viewer = origin.playlists().viewer(show, name);
            viewer.expect("it was published a moment ago")
        });
        drop(entered);
        let mut world = Self {
            runtime,
            delivery: origin.delivery_service(),
            origin,
            viewers: viewers.into(),
            _publishers: publishers,
            others: Vec::new(),
        };
        world.others = world.ask_others();
        world
    }

    /// Asks what `text` says, if that is a request, and holds all promises against the answers.
    pub(crate) fn ask(&self, text: &str) {
        let Some(request) = self.request(text) else {
            return;
        };
        let asked = Asked::new(&request);
        let streams = self.streams();
        let at_once = self.answer_at_once(&request);
        self.assert_nobody_waits(text);
        let answer = match &at_once {
            Some(answer) => {
                assert_ne!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{text}");
                let again = self.answer_at_once(&request);
                assert_eq!(again.as_ref(), Some(answer), "{text}: asking changed it");
                answer.clone()
            }
            None => self.answer_in_time(&request, text),
        };
        self.judge(text, &asked, &answer);
        self.assert_nobody_waits(text);
        assert_eq!(self.streams(), streams, "{text}");
        for ((other, before), now) in OTHERS.iter().zip(&self.others).zip(self.ask_others()) {
            assert_eq!(*before, now, "{text}: it changed what {other} gets");
        }
    }

    /// What exists, by name.
    fn streams(&self) -> Vec<(StreamName, Vec<StreamName>)> {
        let active = self.origin.playlists().active().into_iter();
        active
            .map(|one| {
                let renditions = one.renditions.into_iter().map(|rendition| rendition.name);
                (one.name, renditions.collect())
            })
            .collect()
    }

    fn ask_others(&self) -> Vec<Answer> {
        let ask = |other: &&str| {
            let request = self.request(other).expect("it is one");
            self.answer_at_once(&request).expect("nothing to wait for")
        };
        OTHERS.iter().map(ask).collect()
    }

    /// Reads a request; `None` where no HTTP library would hand it on.
    fn request(&self, text: &str) -> Option<Request<Empty<Bytes>>> {
        let (line, headers) = text.split_once('\n').unwrap_or((text, ""));
        let (method, target) = line.split_once(' ')?;
        let method = Method::from_bytes(method.as_bytes()).ok()?;
        let mut request = Request::new(Empty::new());
        *request.method_mut() = method;
        *request.uri_mut() = target.parse().ok()?;
        for line in headers.lines() {
            let (name, value) = line.split_once(':')?;
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            let value = if value.contains("{tag}") {
                value.replace("{tag}", &self.tag_of(&request))
            } else {
                value.to_owned()
            };
            let value = HeaderValue::from_str(value.trim()).ok()?;
            request.headers_mut().try_append(name, value).ok()?;
        }
        Some(request)
    }

    fn tag_of(&self, request: &Request<Empty<Bytes>>) -> String {
        let mut plain = Request::new(Empty::new());
        *plain.uri_mut() = request.uri().clone();
        let answer = self.answer_at_once(&plain);
        let tag = answer.and_then(|answer| answer.headers.get(header::ETAG).cloned());
        tag.map_or_else(String::new, |tag| {
            tag.to_str().expect("a tag is visible ASCII").to_owned()
        })
    }

    /// The answer, if it needs no waiting; else the request is dropped.
    fn answer_at_once(&self, request: &Request<Empty<Bytes>>) -> Option<Answer> {
        self.runtime.block_on(async {
            let mut answering = pin!(self.delivery.clone().call(request.clone()));
            let Poll::Ready(answer) = once(answering.as_mut()).await else {
                return None;
            };
            let Ok(answer) = answer;
            Some(read(answer, Hurry::Now).await)
        })
    }

    /// The answer after as much waiting as it takes, of a clock that runs while all wait.
    fn answer_in_time(&self, request: &Request<Empty<Bytes>>, text: &str) -> Answer {
        let answering = async {
            let Ok(answer) = self.delivery.clone().call(request.clone()).await;
            read(answer, Hurry::WhenItComes).await
        };
        let answer = self
            .runtime
            .block_on(async { tokio::time::timeout(PATIENCE, answering).await });
        answer.unwrap_or_else(|_| panic!("{text}: no answer"))
    }

    fn assert_nobody_waits(&self, text: &str) {
        for viewer in &self.viewers {
            assert_eq!(viewer.waiting(), 0, "{text}: left behind");
        }
    }

    fn judge(&self, text: &str, asked: &Asked, answer: &Answer) {
        let status = answer.status.as_u16();
        let about = || format!("{text}\n{answer:#?}");
        let expected: &[u16] = match asked.kind {
            Kind::Options => &[204],
            Kind::Refused => &[405],
            Kind::MediaPlaylist if asked.may_have_directives => &[200, 304, 400, 503],
            Kind::MediaPlaylist => &[200, 304, 503],
            Kind::Other => &[200, 206, 304, 404, 410, 416, 503],
        };
        assert!(expected.contains(&status), "{}", about());
        let field = |name: &str| {
            let value = answer.headers.get(name);
            value.map_or("", |value| value.to_str().expect("visible ASCII"))
        };
        assert_eq!(field("access-control-allow-origin"), "*", "{}", about());
        assert_eq!(
            status == 204,
            field("cache-control").is_empty(),
            "{}",
            about()
        );
        let never = [400, 405, 416, 503].contains(&status);
        assert_eq!(never, field("cache-control") == "no-store", "{}", about());
        assert_eq!(
            status == 503,
            !field("retry-after").is_empty(),
            "{}",
            about()
        );
        assert_eq!(
            [204, 405].contains(&status),
            !field("allow").is_empty(),
            "{}",
            about()
        );
        let is_bare = asked.is_head || [204, 304, 416].contains(&status);
        if is_bare {
            assert!(answer.body.is_empty(), "{}", about());
        } else if status >= 400 {
            assert!(answer.body.ends_with(b"\n"), "no reason: {}", about());
            assert_eq!(field("content-type"), "text/plain; charset=utf-8");
        }
        if !is_bare && let Some(length) = answer.length {
            assert_eq!(length, answer.body.len() as u64, "{}", about());
        }
        if [200, 206, 304].contains(&status) {
            assert!(field("etag").starts_with('"'), "{}", about());
        }
        let is_gzip = field("content-encoding") == "gzip";
        assert!(!is_gzip || asked.says_gzip, "{}", about());
        if status == 200 && field("content-type") == "application/vnd.apple.mpegurl" && !is_bare {
            let start: &[u8] = if is_gzip { b"\x1f\x8b" } else { b"#EXTM3U\n" };
            assert!(answer.body.starts_with(start), "{}", about());
            assert_eq!(field("vary"), "accept-encoding", "{}", about());
        }
        if status == 206 && !is_bare {
            self.judge_slice(asked, answer, field("content-range"), &about);
        }
        if status == 416 {
            let range = field("content-range");
            assert!(range.starts_with("bytes */"), "{}", about());
        }
    }

    /// A slice is what its place in the whole says.
    fn judge_slice(&self, asked: &Asked, slice: &Answer, place: &str, about: &dyn Fn() -> String) {
        let whole = self
            .request(&format!("GET {}", asked.target))
            .and_then(|request| self.answer_at_once(&request));
        let place = place.strip_prefix("bytes ").and_then(|place| {
            let (range, length) = place.split_once('/')?;
            let (first, last) = range.split_once('-')?;
            let first: usize = first.parse().ok()?;
            let last: usize = last.parse().ok()?;
            Some((first, last, length.parse::<usize>().ok()))
        });
        let (Some(whole), Some((first, last, length))) = (whole, place) else {
            panic!("a slice of nothing: {}", about());
        };
        match length {
            Some(length) => {
                assert_eq!(whole.body.len(), length, "{}", about());
                assert_eq!(
                    whole.body.get(first..=last),
                    Some(&*slice.body),
                    "{}",
                    about()
                );
            }
            // Of what still grows: as much of it as there is.
            None => {
                let there = whole.body.get(first..).unwrap_or_default();
                let wanted = (last - first).saturating_add(1).min(there.len());
                assert_eq!(&there[..wanted], slice.body, "{}", about());
            }
        }
    }
}

/// What matters of a request to judge its answer.
struct Asked {
    kind: Kind,
    is_head: bool,
    may_have_directives: bool,
    says_gzip: bool,
    target: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Of a stream that exists.
    MediaPlaylist,
    Other,
    Options,
    Refused,
}

impl Asked {
    fn new(request: &Request<Empty<Bytes>>) -> Self {
        let uri = request.uri();
        let is_playlist = STREAMS
            .iter()
            .any(|(show, name, _)| uri.path() == format!("/{show}/{name}/media.m3u8"));
        let kind = match *request.method() {
            Method::GET | Method::HEAD if is_playlist => Kind::MediaPlaylist,
            Method::GET | Method::HEAD => Kind::Other,
            Method::OPTIONS => Kind::Options,
            _ => Kind::Refused,
        };
        let query = uri.query().unwrap_or_default();
        let codings = request.headers().get_all(header::ACCEPT_ENCODING);
        let mut target = String::new();
        write!(target, "{uri}").expect("a String takes all writes");
        Self {
            kind,
            is_head: *request.method() == Method::HEAD,
            may_have_directives: query.contains("_HLS_") || query.contains('%'),
            says_gzip: codings.iter().any(|value| {
                // What is no text leaves the rest of the list as it is.
                let value = String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase();
                value.contains("gzip") || value.contains('*')
            }),
            target,
        }
    }
}

fn publisher(origin: &Origin, show: &str, name: &str, parts: u64) -> Publisher {
    let addressing = match name {
        "ranges" => Addressing::ByteRanges,
        _ => Addressing::Discrete,
    };
    let manifest = ManifestConfig::new(ResourceNames::new("e1").expect("an epoch"))
        .target_duration(2)
        .part_target(MediaDuration::from_millis(500))
        .addressing(addressing);
    let media = Media::Video(Video::new("avc1.64001f", 1280, 720));
    let config = RenditionConfig { manifest, media };
    let [show, name] = [show, name].map(|name| name.parse().expect("a name"));
    let publisher = origin.playlists().publisher(&show, &name, config);
    let mut publisher = publisher.expect("there is room");
    publisher.init(Bytes::from_static(b"the init section"));
    for number in 0..parts {
        let bytes = Bytes::from(format!("the bytes of part {number};"));
        let part = Part::new(bytes, MediaDuration::from_millis(500));
        let part = match number % PARTS {
            0 => part.independent().cut(Cut::Never),
            last if last == PARTS - 1 => part.cut(Cut::After),
            _ => part.cut(Cut::Never),
        };
        let published = publisher.publish(part);
        let _published = published.expect("the part fits its target");
    }
    publisher
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Hurry {
    Now,
    WhenItComes,
}

async fn read(answer: Response<DeliveryBody>, hurry: Hurry) -> Answer {
    let (head, body) = answer.into_parts();
    let length = body.size_hint().exact();
    let mut body = pin!(body);
    let mut bytes = Vec::new();
    let end = loop {
        let next = poll_fn(|context| match body.as_mut().poll_frame(context) {
            Poll::Pending if hurry == Hurry::Now => Poll::Ready(Err(End::Waiting)),
            Poll::Pending => Poll::Pending,
            Poll::Ready(None) => Poll::Ready(Err(End::Complete)),
            Poll::Ready(Some(Err(_))) => Poll::Ready(Err(End::Broken)),
            Poll::Ready(Some(Ok(frame))) => Poll::Ready(Ok(frame)),
        });
        match next.await {
            Ok(frame) => bytes.extend(frame.into_data().expect("no trailers are sent")),
            Err(end) => break end,
        }
    };
    Answer {
        status: head.status,
        headers: head.headers,
        body: bytes,
        length,
        end,
    }
}

/// Polls once.
async fn once<F: Future>(mut future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
    poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await
}
