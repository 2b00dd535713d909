//! What encoders may make the origin hold, all together.

use std::time::SystemTime;

use http::StatusCode;

use super::*;
use crate::media::MediaLimits;
use crate::origin::OriginConfig;

const CLIP: &[u8] = include_bytes!("../../demo/video-360.mp4");

/// The clip up to and with its header.
fn header() -> &'static [u8] {
    let moof = CLIP.windows(4).position(|kind| kind == b"moof").unwrap();
    &CLIP[..moof - 4]
}

/// The size of the largest fragment's media.
fn fragment() -> u64 {
    let mdat = |at: &usize| &CLIP[*at..*at + 4] == b"mdat";
    let sizes = (4..CLIP.len() - 4).filter(mdat).map(|at| {
        let size: [u8; 4] = CLIP[at - 4..at].try_into().unwrap();
        u64::from(u32::from_be_bytes(size))
    });
    sizes.max().unwrap()
}

fn origin(ingest: IngestConfig) -> Origin {
    Origin::new(OriginConfig::new().ingest(ingest)).unwrap()
}

fn join(origin: &Origin, name: &str) -> Publishing {
    let point = Point::parse(name, None).unwrap();
    origin.points().join(origin, point, Way::Http).unwrap()
}

/// Sends a clip without its end, as an encoder does that is in the middle of it.
fn send(publishing: &mut Publishing, bytes: &[u8]) -> Result<(), StatusCode> {
    bytes.chunks(1000).try_for_each(|chunk| {
        let received = publishing.receive(chunk, SystemTime::now());
        received.map_err(|error| error.status())
    })
}

#[tokio::test]
async fn an_encoder_holds_a_fragment_and_its_header_and_gives_all_of_it_back() {
    let origin = origin(IngestConfig::new());
    let held = || origin.points().held_bytes();
    let mut publishing = join(&origin, "cam");
    let middle = CLIP.len() / 2;
    send(&mut publishing, &CLIP[..middle]).unwrap();
    let most = 4 * header().len() as u64 + 4 * fragment() + (256 << 10);
    assert!((1..most).contains(&held()), "{} of {most}", held());
    send(&mut publishing, &CLIP[middle..]).unwrap();
    publishing.finish().unwrap();
    assert!(publishing.parts() > 0);
    drop(publishing);
    assert_eq!(held(), 0, "what is published is the registry's");
}

#[tokio::test]
async fn encoders_without_room_come_again_and_others_are_left_alone() {
    let room = 4 * fragment();
    let ingest = IngestConfig::new().total_bytes(room).bytes_per_point(room);
    let origin = origin(ingest);
    // Its fragment is nearly whole, and nothing more comes.
    let mut first = join(&origin, "first");
    let mut large = header().to_vec();
    large.extend_from_slice(&CLIP[header().len()..header().len() + 2000]);
    send(&mut first, &large).unwrap();
    let mut hoarder = origin.points().hold();
    hoarder.set(room - origin.points().held_bytes()).unwrap();

    let mut second = join(&origin, "second");
    assert_eq!(
        send(&mut second, CLIP),
        Err(StatusCode::SERVICE_UNAVAILABLE)
    );
    drop(second);
    assert_eq!(origin.points().held_bytes(), room, "nothing is left of it");

    drop(hoarder);
    let mut second = join(&origin, "second");
    send(&mut second, CLIP).unwrap();
    second.finish().unwrap();
    assert!(second.parts() > 0, "it came again");
    send(&mut first, &CLIP[large.len()..]).unwrap();
    first.finish().unwrap();
    assert!(first.parts() > 0, "it never noticed");
}

#[tokio::test]
async fn one_encoder_does_not_take_the_room_of_all() {
    let ingest = IngestConfig::new()
        .total_bytes(64 << 20)
        .bytes_per_point(fragment());
    let origin = origin(ingest);
    let mut greedy = join(&origin, "greedy");
    assert_eq!(send(&mut greedy, CLIP), Err(StatusCode::PAYLOAD_TOO_LARGE));
    assert!(origin.points().held_bytes() <= fragment());
}

#[tokio::test]
async fn limits_are_those_that_are_configured() {
    let limits = MediaLimits::default().media_data_bytes(fragment() - 1);
    let one = origin(IngestConfig::new().limits(limits).points(1).sources(1));
    let mut publishing = join(&one, "cam");
    assert_eq!(
        send(&mut publishing, CLIP),
        Err(StatusCode::PAYLOAD_TOO_LARGE)
    );
    for (name, status) in [
        ("cam", StatusCode::CONFLICT),
        ("other", StatusCode::SERVICE_UNAVAILABLE),
    ] {
        let point = Point::parse(name, None).unwrap();
        let refused = one.points().join(&one, point, Way::Http).unwrap_err();
        assert_eq!(refused.status(), status, "{name}");
    }
}
