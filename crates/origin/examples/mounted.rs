//! The delivery routes below a prefix of another program's own axum application, which publishes by
//! itself: no ingest, no player page, the server's limits and orderly end all the same.
//!
//! ```console
//! $ cargo run -p origin --example mounted
//! http://127.0.0.1:8090/tv/clock/index.m3u8
//! ```

use std::error::Error;
use std::future::Future;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use bytes::Bytes;
use llhls::manifest::{Cut, ManifestConfig, MediaDuration, ResourceNames};
use llhls::registry::{Media, Part, Publisher, RenditionConfig, Video};
use origin::{Limits, Origin, OriginConfig, Server, stop_signal};
use tokio::net::TcpListener;

const PARTS_PER_SEGMENT: u64 = 4;
const PART: Duration = Duration::from_millis(500);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:8090").await?;
    println!("http://{}/tv/clock/index.m3u8", listener.local_addr()?);
    serve(listener, stop_signal()).await
}

/// Everything but the address and the end, which the test of this example chooses.
pub async fn serve(
    listener: TcpListener,
    stop: impl Future<Output = ()>,
) -> Result<(), Box<dyn Error>> {
    let origin = Origin::new(OriginConfig::new())?;
    let publisher = publisher(&origin)?;
    let publishing = tokio::spawn(publish(publisher));

    let app = Router::new()
        .route("/", get(async || "what is on: /tv/clock/index.m3u8\n"))
        .nest_service("/tv", origin.delivery_service());
    Server::new(app)
        .limits(Limits::new().connections(1_000))
        .listen(listener)
        .run(stop)
        .await;
    // Until here: requests that waited for a part were answered by it.
    publishing.abort();
    Ok(())
}

fn publisher(origin: &Origin) -> Result<Publisher, Box<dyn Error>> {
    let manifest = ManifestConfig::new(ResourceNames::new("example")?)
        .target_duration(2)
        .part_target(MediaDuration::from_millis(500));
    // Whatever makes the media says what it is; here it is text, and no player will decode it.
    let media = Media::Video(Video::new("avc1.64001f", 1280, 720));
    let config = RenditionConfig { manifest, media };
    let (show, video) = ("clock".parse()?, "video".parse()?);
    let mut publisher = origin.playlists().publisher(&show, &video, config)?;
    publisher.init(Bytes::from_static(b"ftyp and moov would be here"));
    Ok(publisher)
}

async fn publish(mut publisher: Publisher) {
    let mut clock = tokio::time::interval(PART);
    for number in 0_u64.. {
        clock.tick().await;
        let bytes = Bytes::from(format!("moof and mdat of part {number}"));
        let part = Part::new(bytes, MediaDuration::from_millis(500));
        let part = match number % PARTS_PER_SEGMENT {
            0 => part.independent().cut(Cut::Never),
            // Known to be the last: the segment is complete in the same version.
            last if last == PARTS_PER_SEGMENT - 1 => part.cut(Cut::After),
            _ => part.cut(Cut::Never),
        };
        if let Err(error) = publisher.publish(part) {
            eprintln!("the stream was removed: {error}");
            return;
        }
    }
}
