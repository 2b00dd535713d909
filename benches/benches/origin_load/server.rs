//! What the children serve.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use llhls::manifest::{Cut, ManifestConfig, MediaDuration, ResourceNames};
use llhls::registry::{
    Media, Part, Publisher, PublisherError, RegistryConfig, RenditionConfig, Video,
};
use origin::{Limits, Origin, OriginConfig, Server, Tls};
use tokio::net::TcpListener;

/// Parts of 200 ms, five a segment of a second.
pub(crate) const PARTS: u64 = 5;
const PART: Duration = Duration::from_millis(200);
/// 0.7 Mb/s.
const LIVE_PART_BYTES: usize = 17_500;
/// What O2 asks for.
const STILL_PART_BYTES: usize = 100_000;
/// A part of an idle stream; its window has 35 of them.
const IDLE_PART_BYTES: usize = 1_000;
pub(crate) const IDLE_MEDIA_BYTES: u64 = 35 * 1_000;

/// Nanoseconds on the clock that all processes of a machine share.
pub(crate) fn now() -> u64 {
    let time = SystemTime::now().duration_since(UNIX_EPOCH);
    let nanos = time.expect("it is after 1970").as_nanos();
    u64::try_from(nanos).expect("it is before 2554")
}

/// Serves what `word` names until it is killed.
pub(crate) fn serve(word: &str) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime needs threads");
    runtime.block_on(async {
        match word {
            "live" => live().await,
            "still" => still().await,
            "held" => held().await,
            "bare" => bare().await,
            idle => {
                let count = idle
                    .strip_prefix("idle:")
                    .and_then(|count| count.parse().ok());
                self::idle(count.expect("a number of streams")).await;
            }
        }
    });
}

/// Ports of our choice would be somebody else's.
async fn listen() -> TcpListener {
    TcpListener::bind("127.0.0.1:0")
        .await
        .expect("loopback has free ports")
}

fn announce(clear: &TcpListener, tls: &TcpListener) {
    let address = |listener: &TcpListener| -> SocketAddr { listener.local_addr().expect("bound") };
    println!("{} {}", address(clear), address(tls));
}

async fn run(origin: &Origin) {
    let (clear, tls) = (listen().await, listen().await);
    announce(&clear, &tls);
    let certificate = Tls::self_signed(["localhost".to_owned()]).expect("a plain name");
    let limits = Limits::new()
        .connections(16_384)
        .connections_per_address(16_384)
        .requests(65_536);
    Server::new(origin.service())
        .limits(limits)
        .listen(clear)
        .listen_tls(tls, certificate)
        .run(std::future::pending())
        .await;
}

fn publisher(origin: &Origin, stream: &str, target: u32) -> Result<Publisher, PublisherError> {
    let names = ResourceNames::new("e").expect("a letter is an epoch");
    let manifest = ManifestConfig::new(names)
        .target_duration(target)
        .part_target(MediaDuration::from_millis(200))
        .window_segments(7);
    let media = Media::Video(Video::new("avc1.64001f", 1280, 720));
    let config = RenditionConfig { manifest, media };
    let stream = stream.parse().expect("a plain name");
    let video = "video".parse().expect("a plain name");
    let mut publisher = origin.playlists().publisher(&stream, &video, config)?;
    publisher.init(Bytes::from_static(b"init"));
    Ok(publisher)
}

fn publish(publisher: &mut Publisher, number: u64, bytes: Vec<u8>) {
    let part = Part::new(bytes.into(), MediaDuration::from_millis(200));
    let part = match number % PARTS {
        0 => part.independent().cut(Cut::Never),
        last if last == PARTS - 1 => part.cut(Cut::After),
        _ => part.cut(Cut::Never),
    };
    publisher.publish(part).expect("the stream is ours");
}

/// A part that says when its media ended.
fn stamped(len: usize) -> Vec<u8> {
    let mut bytes = vec![0x5a; len];
    bytes[..8].copy_from_slice(&now().to_be_bytes());
    bytes
}

async fn live() {
    let origin = Origin::new(OriginConfig::new()).expect("the defaults are sound");
    let mut publisher = publisher(&origin, "live", 1).expect("there is room for one");
    // As much as is ever kept, so that memory which grows is not the stream's.
    for number in 0..PARTS * 60 {
        publish(&mut publisher, number, stamped(LIVE_PART_BYTES));
    }
    tokio::spawn(async move {
        let mut clock = tokio::time::interval(PART);
        for number in PARTS * 60.. {
            clock.tick().await;
            publish(&mut publisher, number, stamped(LIVE_PART_BYTES));
        }
    });
    run(&origin).await;
}

fn still_stream(target: u32) -> (Origin, Publisher) {
    let origin = Origin::new(OriginConfig::new()).expect("the defaults are sound");
    let mut publisher = publisher(&origin, "live", target).expect("there is room for one");
    for number in 0..PARTS * 10 + 1 {
        publish(&mut publisher, number, vec![0x5a; STILL_PART_BYTES]);
    }
    (origin, publisher)
}

async fn still() {
    let (origin, _publisher) = still_stream(1);
    run(&origin).await;
}

async fn held() {
    let (origin, _publisher) = still_stream(10);
    run(&origin).await;
}

/// The same bytes as [`still`], found by nothing but whether the path is a playlist's.
async fn bare() {
    let (origin, _publisher) = still_stream(1);
    let viewer = origin.playlists().viewer("live", "video").expect("ours");
    let none = llhls::manifest::Directives::NONE;
    let playlist = viewer.playlist(&none, llhls::registry::Coding::Identity);
    let playlist = playlist.await.expect("it is playable").bytes;
    let part = Bytes::from(vec![0x5a; STILL_PART_BYTES]);
    let (clear, tls) = (listen().await, listen().await);
    announce(&clear, &tls);
    loop {
        let (socket, _) = clear.accept().await.expect("descriptors suffice");
        socket.set_nodelay(true).expect("a socket takes it");
        let (playlist, part) = (playlist.clone(), part.clone());
        tokio::spawn(async move {
            let service = service_fn(move |request: Request<Incoming>| {
                let is_playlist = request.uri().path().ends_with(".m3u8");
                let bytes = if is_playlist { &playlist } else { &part };
                let answer = Response::new(Full::new(bytes.clone()));
                async move { Ok::<_, Infallible>(answer) }
            });
            // The end of a connection is its client's.
            let _ = auto::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(socket), service)
                .await;
        });
    }
}

async fn idle(streams: u64) {
    let registry = RegistryConfig::new()
        .presentations(2_000)
        .renditions(2_000)
        .bytes_per_rendition(1 << 20)
        .total_bytes(2_000 << 20);
    let origin = Origin::new(OriginConfig::new().registry(registry)).expect("bounds that fit");
    let mut publishers = Vec::new();
    for stream in 0..streams {
        let mut publisher = publisher(&origin, &format!("s{stream}"), 1).expect("room was made");
        for number in 0..PARTS * 7 {
            publish(&mut publisher, number, vec![0x5a; IDLE_PART_BYTES]);
        }
        publishers.push(publisher);
    }
    run(&origin).await;
}
