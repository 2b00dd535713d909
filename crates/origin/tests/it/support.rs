//! A server on ports of its own, and what its streams are made of.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use http::Method;
use llhls::manifest::{Cut, ManifestConfig, MediaDuration, ResourceNames};
use llhls::registry::{Audio, Media, Part, Publisher, RenditionConfig, Video};
use origin::{Drained, Limits, Origin, OriginConfig, Tls};
use rustls::crypto::ring;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub(crate) use crate::client::Answer;
use crate::client::{Client, Place, Transport};

/// Parts of a segment: 4 × 500 ms, a target duration of 2 s.
pub(crate) const PARTS: u64 = 4;

pub(crate) struct Server {
    pub(crate) origin: Origin,
    pub(crate) address: SocketAddr,
    pub(crate) place: Place,
    client: Client,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<Drained>,
}

/// A certificate in files, and a client's trust in it.
pub(crate) struct Identity {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
    pub(crate) trusted: Arc<rustls::ClientConfig>,
}

impl Identity {
    /// Files of their own for each call.
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let stem = format!("{}-{number}", std::process::id());
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
        let (certificate, key) = (
            folder.join(format!("{stem}.pem")),
            folder.join(format!("{stem}.key")),
        );
        let mut identity = Self {
            certificate,
            key,
            trusted: client_config(rustls::RootCertStore::empty()),
        };
        identity.renew();
        identity
    }

    /// Another certificate in the same files.
    pub(crate) fn renew(&mut self) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        std::fs::write(&self.key, made.signing_key.serialize_pem()).unwrap();
        std::fs::write(&self.certificate, made.cert.pem()).unwrap();
        let mut roots = rustls::RootCertStore::empty();
        roots.add(made.cert.der().clone()).unwrap();
        self.trusted = client_config(roots);
    }
}

impl Drop for Identity {
    fn drop(&mut self) {
        for path in [&self.certificate, &self.key] {
            // Left over is no failure of a test.
            let _ = std::fs::remove_file(path);
        }
    }
}

fn client_config(roots: rustls::RootCertStore) -> Arc<rustls::ClientConfig> {
    let provider = Arc::new(ring::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    Arc::new(config)
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::over(Transport::H1).await
    }

    pub(crate) async fn of(config: OriginConfig) -> Self {
        Self::with(Transport::H1, Limits::new(), config).await
    }

    /// A server that is asked over `transport`.
    pub(crate) async fn over(transport: Transport) -> Self {
        Self::with(transport, Limits::new(), OriginConfig::new()).await
    }

    pub(crate) async fn with(transport: Transport, limits: Limits, config: OriginConfig) -> Self {
        let identity = Identity::new();
        let tls = Tls::from_files(&identity.certificate, &identity.key).unwrap();
        let origin = Origin::new(config).unwrap();
        let clear = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let secure = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let place = Place {
            clear: clear.local_addr().unwrap(),
            tls: secure.local_addr().unwrap(),
            trusted: Arc::clone(&identity.trusted),
        };
        let (stop, stopped) = oneshot::channel();
        let server = origin::Server::new(origin.service())
            .limits(limits)
            .watched_by(&origin)
            .listen(clear)
            .listen_tls(secure, tls);
        let serving = tokio::spawn(server.run(async { drop(stopped.await) }));
        Self {
            origin,
            address: place.clear,
            client: Client::new(transport, place.clone()),
            place,
            stop: Some(stop),
            serving,
        }
    }

    /// A server whose `show` has a video rendition of ten segments and one part.
    pub(crate) async fn with_show() -> (Self, Publisher) {
        Self::with_show_over(Transport::H1).await
    }

    pub(crate) async fn with_show_over(transport: Transport) -> (Self, Publisher) {
        let server = Self::over(transport).await;
        let mut publisher = server.publisher("video", video());
        publish(&mut publisher, 0..PARTS * 10 + 1);
        (server, publisher)
    }

    pub(crate) fn client(&self) -> Client {
        self.client.clone()
    }

    pub(crate) fn publisher(&self, rendition: &str, media: Media) -> Publisher {
        self.publisher_with(manifest(), rendition, media)
    }

    /// Of another stream than `show`.
    pub(crate) fn publisher_of(&self, stream: &str, rendition: &str, media: Media) -> Publisher {
        self.publish_as(stream, rendition, manifest(), media)
    }

    pub(crate) fn publisher_with(
        &self,
        manifest: ManifestConfig,
        rendition: &str,
        media: Media,
    ) -> Publisher {
        self.publish_as("show", rendition, manifest, media)
    }

    fn publish_as(
        &self,
        stream: &str,
        rendition: &str,
        manifest: ManifestConfig,
        media: Media,
    ) -> Publisher {
        let mut publisher = self
            .origin
            .playlists()
            .publisher(
                &stream.parse().unwrap(),
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

    /// Asks another listener of the same process.
    pub(crate) async fn get_from(&self, address: SocketAddr, path: &str) -> Answer {
        let place = Place {
            clear: address,
            ..self.place.clone()
        };
        let client = Client::new(Transport::H1, place);
        client.request(Method::GET, path, &[], Bytes::new()).await
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
        self.client.request(method, path, headers, body).await
    }

    /// Asks the server to stop; the answer comes when it has.
    pub(crate) fn stopping(mut self) -> JoinHandle<Drained> {
        self.stop.take().unwrap().send(()).unwrap();
        self.serving
    }
}

/// Segments of [`PARTS`] parts.
pub(crate) fn manifest() -> ManifestConfig {
    ManifestConfig::new(ResourceNames::new("e1").unwrap())
        .target_duration(2)
        .part_target(MediaDuration::from_millis(500))
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
