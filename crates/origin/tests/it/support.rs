//! A server on a port of its own, and a client that keeps what it was told.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use llhls::manifest::{Cut, ManifestConfig, MediaDuration, ResourceNames};
use llhls::registry::{Audio, Media, Part, Publisher, RenditionConfig, Video};
use origin::{Origin, OriginConfig};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Parts of a segment: 4 × 500 ms, a target duration of 2 s.
pub(crate) const PARTS: u64 = 4;

pub(crate) struct Server {
    pub(crate) origin: Origin,
    pub(crate) address: SocketAddr,
    client: Client<HttpConnector, Full<Bytes>>,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<std::io::Result<()>>,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// Holds every playlist that any test is served against two foreign parsers and the draft.
    fn judge(&self) {
        let is_playlist = self.header("content-type") == "application/vnd.apple.mpegurl";
        if is_playlist && !self.body.is_empty() && self.header("content-encoding").is_empty() {
            let text = std::str::from_utf8(&self.body).unwrap();
            if let Err(violations) = playlist_oracle::check(text) {
                panic!("{violations:#?}\n{text}");
            }
        }
    }

    /// The body as a media playlist that two foreign parsers and the draft's rules accept.
    pub(crate) fn playlist(&self) -> &str {
        assert_eq!(self.status, StatusCode::OK, "{self:?}");
        let text = std::str::from_utf8(&self.body).unwrap();
        playlist_oracle::assert_media_playlist(text);
        text
    }
}

impl Server {
    pub(crate) async fn start() -> Self {
        let origin = Origin::new(OriginConfig::new()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn({
            let origin = origin.clone();
            async move { origin::serve(&origin, listener, async { drop(stopped.await) }).await }
        });
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self {
            origin,
            address,
            client,
            stop: Some(stop),
            serving,
        }
    }

    /// A server whose `show` has a video rendition of ten segments and one part.
    pub(crate) async fn with_show() -> (Self, Publisher) {
        let server = Self::start().await;
        let mut publisher = server.publisher("video", video());
        publish(&mut publisher, 0..PARTS * 10 + 1);
        (server, publisher)
    }

    pub(crate) fn publisher(&self, rendition: &str, media: Media) -> Publisher {
        let manifest = ManifestConfig::new(ResourceNames::new("e1").unwrap())
            .target_duration(2)
            .part_target(MediaDuration::from_millis(500));
        let mut publisher = self
            .origin
            .playlists()
            .publisher(
                &"show".parse().unwrap(),
                &rendition.parse().unwrap(),
                RenditionConfig { manifest, media },
            )
            .unwrap();
        publisher.init(Bytes::from_static(b"the init section"));
        publisher
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.request(Method::GET, path, &[], Bytes::new()).await
    }

    pub(crate) async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.request(Method::GET, path, headers, Bytes::new()).await
    }

    pub(crate) async fn request(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Answer {
        let client = self.client.clone();
        request_by(&client, self.address, method, path, headers, body).await
    }

    /// Asks the server to stop and waits until it has.
    pub(crate) async fn stop(mut self) {
        self.stop.take().unwrap().send(()).unwrap();
        self.serving.await.unwrap().unwrap();
    }
}

pub(crate) async fn request_by(
    client: &Client<HttpConnector, Full<Bytes>>,
    address: SocketAddr,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: Bytes,
) -> Answer {
    let mut request = Request::builder()
        .method(method)
        .uri(format!("http://{address}{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = client
        .request(request.body(Full::new(body)).unwrap())
        .await
        .unwrap();
    let (head, body) = answer.into_parts();
    let answer = Answer {
        status: head.status,
        headers: head.headers,
        body: body.collect().await.unwrap().to_bytes(),
    };
    answer.judge();
    answer
}

pub(crate) fn video() -> Media {
    Media::Video(Video::new("avc1.64001f", 1280, 720))
}

pub(crate) fn audio() -> Media {
    Media::Audio(Audio::new("mp4a.40.2", 2))
}

pub(crate) fn payload(number: u64) -> Bytes {
    Bytes::from(format!("the bytes of part {number};"))
}

pub(crate) fn publish(publisher: &mut Publisher, numbers: std::ops::Range<u64>) {
    for number in numbers {
        let part = Part::new(payload(number), MediaDuration::from_millis(500));
        let part = if number.is_multiple_of(PARTS) {
            part.independent()
        } else {
            part
        };
        let last = number % PARTS == PARTS - 1;
        publisher
            .publish(part.cut(if last { Cut::After } else { Cut::Never }))
            .unwrap();
    }
}
