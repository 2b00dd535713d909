//! Encoders that come back, come twice, or come with something else.

use bytes::Bytes;
use futures_util::StreamExt as _;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Frame;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use llhls::manifest::Directives;
use llhls::registry::{Coding, RegistryConfig};
use origin::OriginConfig;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::clips::{Clip, GOPS_OF_FOUR_SECONDS, ffmpeg};
use crate::support::{Answer, Server};

/// A request whose body is sent piece by piece.
struct Upload {
    body: Option<mpsc::Sender<Bytes>>,
    answer: JoinHandle<StatusCode>,
}

impl Upload {
    fn to(server: &Server, path: &str) -> Self {
        let (body, pieces) = mpsc::channel::<Bytes>(64);
        let pieces = futures_util::stream::unfold(pieces, async |mut pieces| {
            let piece = pieces.recv().await?;
            Some((Ok::<_, std::io::Error>(Frame::data(piece)), pieces))
        });
        let request = Request::put(format!("http://{}{path}", server.address))
            .body(StreamBody::new(pieces.boxed()))
            .unwrap();
        let answer = tokio::spawn(async move {
            let client = Client::builder(TokioExecutor::new()).build_http();
            let answer = client.request(request).await.unwrap();
            let status = answer.status();
            answer.into_body().collect().await.unwrap();
            status
        });
        let body = Some(body);
        Self { body, answer }
    }

    async fn send(&self, piece: &[u8]) {
        let body = self.body.as_ref().unwrap();
        body.send(Bytes::copy_from_slice(piece)).await.unwrap();
    }

    async fn end(mut self) -> StatusCode {
        self.body = None;
        self.answer.await.unwrap()
    }
}

/// Waits until the video rendition of `name` lists `parts` parts or more, counted over its life.
async fn until_parts(server: &Server, name: &str, parts: u64) {
    let patience = std::time::Instant::now() + std::time::Duration::from_secs(30);
    loop {
        assert!(
            std::time::Instant::now() < patience,
            "{parts} parts never came"
        );
        let path = format!("/live/{name}/video/media.m3u8");
        let answer = server.get(&path).await;
        let is_there = answer.status == StatusCode::OK;
        if parts == 0
            || is_there && answer.playlist().matches("#EXT-X-PART:").count() as u64 >= parts
        {
            return;
        }
        tokio::task::yield_now().await;
    }
}

async fn put(server: &Server, path: &str, body: Vec<u8>) -> Answer {
    server.request(Method::PUT, path, &[], body.into()).await
}

/// Seconds of media that the playlist lists, by its segments.
fn listed(playlist: &str) -> f64 {
    let durations = playlist.lines().filter_map(|line| {
        let length = line.strip_prefix("#EXTINF:")?.trim_end_matches(',');
        length.parse::<f64>().ok()
    });
    durations.sum()
}

#[tokio::test]
async fn an_encoder_that_starts_over_after_three_seconds_is_no_repetition() {
    let server = Server::start().await;
    let clip = Clip::demo();
    // A group of pictures is a second. The connection breaks; then the same from its own time zero.
    put(&server, "/ingest/cam", clip.until(3)).await;
    put(&server, "/ingest/cam", clip.until(8)).await;
    let answer = server.get("/live/cam/video/media.m3u8").await;
    let text = answer.playlist();
    assert_eq!(text.matches("#EXT-X-DISCONTINUITY\n").count(), 1, "{text}");
    let (before, after) = text.split_once("#EXT-X-DISCONTINUITY\n").unwrap();
    assert!((listed(before) - 3.0).abs() < 0.01, "{text}");
    assert!(listed(after) > 5.9, "{text}");
}

/// Nobody has to wait for two seconds of a timeline to tell a new run of an encoder from a repetition: what was there at
/// the same times was something else.
#[tokio::test]
async fn an_encoder_that_starts_over_at_once_is_no_repetition() {
    let server = Server::start().await;
    let clip = Clip::new(ffmpeg(
        "-f lavfi -i testsrc2=size=160x90:rate=30:duration=4 -f lavfi -i sine=sample_rate=48000:duration=4 \
         -c:v libx264 -preset ultrafast -tune zerolatency -g 15 -c:a aac \
         -f mp4 -movflags +cmaf+delay_moov -frag_duration 200000 pipe:1",
        &[],
    ));
    // The same header and the same times, other pictures and other sound.
    let mut other = clip.until(19);
    let header = clip.header().len();
    for at in header..other.len() - 8 {
        if &other[at..at + 4] == b"mdat" {
            other[at + 5] ^= 1;
            let size = u32::from_be_bytes(other[at - 4..at].try_into().unwrap()) as usize;
            other[at - 4 + size - 1] ^= 1;
        }
    }
    for fragments in [4, 7, 9] {
        let path = format!("/ingest/cam{fragments}");
        put(&server, &path, clip.until(fragments)).await;
        let playlists = server.origin.playlists();
        let viewer = playlists
            .viewer(&format!("cam{fragments}"), "video")
            .unwrap();
        let before = format!("{:?}", viewer.edge());
        // What comes again is no restart (ING-12)…
        put(&server, &path, clip.until(fragments)).await;
        assert_eq!(before, format!("{:?}", viewer.edge()));
        // … and what is new is one, at once.
        let answer = put(&server, &path, other.clone()).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        for track in ["video", "audio"] {
            let live = format!("/live/cam{fragments}/{track}/media.m3u8");
            let answer = server.get(&live).await;
            let text = answer.playlist();
            assert_eq!(text.matches("#EXT-X-DISCONTINUITY\n").count(), 1, "{text}");
            let (_, after) = text.split_once("#EXT-X-DISCONTINUITY\n").unwrap();
            assert!(listed(after) > 1.9, "{text}");
        }
    }
}

/// The connection of an encoder of picture and sound breaks after any fragment, and it starts over: what was left of the
/// old timeline is not dated by the new one, and makes no discontinuity of its own.
#[tokio::test]
async fn picture_and_sound_start_over_at_one_time() {
    // Room for twelve streams.
    let config = OriginConfig::new().registry(RegistryConfig::new());
    let server = Server::of(config).await;
    let clip = Clip::new(ffmpeg(
        "-f lavfi -i testsrc2=size=160x90:rate=30:duration=5 -f lavfi -i sine=sample_rate=48000:duration=5 \
         -c:v libx264 -preset ultrafast -tune zerolatency -g 30 -c:a aac \
         -f mp4 -movflags +cmaf+delay_moov -frag_duration 200000 pipe:1",
        &[],
    ));
    for fragments in 13..25 {
        let path = format!("/ingest/cam{fragments}");
        put(&server, &path, clip.until(fragments)).await;
        let answer = put(&server, &path, clip.whole()).await;
        assert_eq!(answer.status, StatusCode::OK);
        let mut last_dates = Vec::new();
        for track in ["video", "audio"] {
            let live = format!("/live/cam{fragments}/{track}/media.m3u8");
            let answer = server.get(&live).await;
            let text = answer.playlist();
            assert_eq!(text.matches("#EXT-X-DISCONTINUITY\n").count(), 1, "{text}");
            let mut dates = text
                .lines()
                .filter_map(|line| line.strip_prefix("#EXT-X-PROGRAM-DATE-TIME:"));
            last_dates.push(playlist_oracle::read_date(dates.next_back().unwrap()).unwrap());
        }
        let apart = last_dates[0].abs_diff(last_dates[1]);
        assert!(
            apart < 100_000_000,
            "{apart} ns after {fragments} fragments"
        );
    }
}

#[tokio::test]
async fn a_header_and_a_fragment_that_come_again_are_no_restart() {
    let server = Server::start().await;
    let clip = Clip::demo();
    put(&server, "/ingest/cam", clip.until(5)).await;
    let before = server.get("/live/cam/video/media.m3u8").await;
    // As after a fault: the header, then the last two seconds (ING-12).
    let again = [clip.header(), &clip.between(3, 5)].concat();
    let answer = put(&server, "/ingest/cam", again).await;
    assert_eq!(answer.status, StatusCode::OK);
    let after = server.get("/live/cam/video/media.m3u8").await;
    assert_eq!(before.playlist(), after.playlist());
}

#[tokio::test]
async fn two_sources_of_the_same_media_make_one_stream() {
    let server = Server::start().await;
    let clip = Clip::demo();
    let (one, two) = (
        Upload::to(&server, "/ingest/cam"),
        Upload::to(&server, "/ingest/cam"),
    );
    one.send(clip.header()).await;
    two.send(clip.header()).await;
    for second in 0..4 {
        one.send(&clip.between(second, second + 1)).await;
        until_parts(&server, "cam", second * 5).await;
        two.send(&clip.between(second, second + 1)).await;
    }
    // The first one dies; the other one goes on.
    assert_eq!(one.end().await, StatusCode::OK);
    two.send(&clip.between(4, 8)).await;
    assert_eq!(two.end().await, StatusCode::OK);

    let answer = server.get("/live/cam/video/media.m3u8").await;
    let text = answer.playlist();
    assert!(!text.contains("#EXT-X-DISCONTINUITY\n"), "{text}");
    let alone = Server::start().await;
    put(&alone, "/ingest/cam", clip.until(8)).await;
    let expected = alone.get("/live/cam/video/media.m3u8").await;
    assert_eq!(listed(text), listed(expected.playlist()));
}

#[tokio::test]
async fn another_encoder_takes_a_silent_one_s_place_at_once() {
    let server = Server::start().await;
    let (clip, other) = (Clip::demo(), Clip::demo_large());
    let silent = Upload::to(&server, "/ingest/cam");
    silent.send(&clip.until(4)).await;
    until_parts(&server, "cam", 15).await;
    // Its connection looks alive: only the network is gone. The other one has another header.
    let answer = put(&server, "/ingest/cam", other.until(4)).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let playlist = server.get("/live/cam/video/media.m3u8").await;
    let text = playlist.playlist();
    assert_eq!(text.matches("#EXT-X-DISCONTINUITY\n").count(), 1, "{text}");
    assert_eq!(text.matches("#EXT-X-MAP:").count(), 2, "{text}");
    // The first one wakes up, and is told.
    silent.send(&clip.between(4, 8)).await;
    assert_eq!(silent.end().await, StatusCode::CONFLICT);
}

/// An encoder that changes the size of its pictures without a word but in the pictures: `avc3`, no header again.
#[tokio::test]
async fn pictures_that_change_their_size_get_another_header() {
    let source = |size: &str| {
        Clip::new(ffmpeg(
            &format!(
                "-f lavfi -i testsrc2=size={size}:rate=25:duration=4 -c:v libx264 -preset ultrafast \
                 -bf 0 -g 25 -sc_threshold 0 -x264-params repeat-headers=1 -tag:v avc3 \
                 -f mp4 -movflags +cmaf+frag_keyframe+empty_moov+default_base_moof pipe:1"
            ),
            &[],
        ))
    };
    let (small, large) = (source("160x90"), source("320x180"));
    let mut later = large.between(0, 4);
    let times: Vec<usize> = later
        .windows(4)
        .enumerate()
        .filter(|(_, name)| name == b"tfdt")
        .map(|(at, _)| at + 8)
        .collect();
    assert_eq!(times.len(), 4);
    for at in times {
        let time = u64::from_be_bytes(later[at..at + 8].try_into().unwrap());
        // ffmpeg counts 12 800 ticks a second for this rate.
        later[at..at + 8].copy_from_slice(&(time + 4 * 12_800).to_be_bytes());
    }
    let server = Server::start().await;
    let answer = put(&server, "/ingest/cam", small.until(4)).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let before = server.get("/live/cam/index.m3u8").await;
    let text = String::from_utf8(before.body.to_vec()).unwrap();
    assert!(
        text.contains("RESOLUTION=160x90") && text.contains("avc1."),
        "{text}"
    );
    let answer = put(&server, "/ingest/cam", later).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let after = server.get("/live/cam/index.m3u8").await;
    let text = String::from_utf8(after.body.to_vec()).unwrap();
    assert!(text.contains("RESOLUTION=320x180"), "{text}");

    let answer = server.get("/live/cam/video/media.m3u8").await;
    let text = answer.playlist();
    assert_eq!(text.matches("#EXT-X-DISCONTINUITY\n").count(), 1, "{text}");
    let maps: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("#EXT-X-MAP:URI=\"")?.split('"').next())
        .collect();
    assert_eq!(maps.len(), 2, "{text}");
    let (old, _) = text.split_once("#EXT-X-DISCONTINUITY\n").unwrap();
    assert!((listed(old) - 4.0).abs() < 0.01, "{text}");
    for (map, width) in maps.into_iter().zip([160, 320]) {
        let init = server.get(&format!("/live/cam/video/{map}")).await.body;
        let init = origin::media::InitSection::parse(init, &Default::default()).unwrap();
        let track = init.tracks().next().unwrap();
        assert!(track.codec.starts_with("avc1."), "{track:?}");
        assert!(
            matches!(track.kind, origin::media::TrackKind::Video { width: own, .. } if own == width),
            "{track:?}"
        );
    }
}

#[tokio::test]
async fn key_frames_four_seconds_apart_need_no_configuration() {
    for source in GOPS_OF_FOUR_SECONDS {
        let server = Server::start().await;
        let clip = source();
        let answer = put(&server, "/ingest/cam", clip.whole()).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        let playlist = server.get("/live/cam/video/media.m3u8").await;
        let text = playlist.playlist();
        assert!(text.contains("#EXT-X-TARGETDURATION:4\n"), "{text}");
        assert!(text.contains("#EXTINF:4.00000,"), "{text}");
        let sound = server.get("/live/cam/audio/media.m3u8").await;
        assert!(sound.playlist().contains("#EXT-X-TARGETDURATION:4\n"));
    }
}

#[tokio::test]
async fn a_segment_is_complete_with_its_last_part_and_the_hint_comes_true() {
    let server = Server::start().await;
    let clip = Clip::demo();
    // Steady groups of a second, in segments of two: behind the sixth second the next key frame is
    // certain, and its segment's name is the one that the hint gives.
    put(&server, "/ingest/cam", clip.until(6)).await;
    let viewer = server.origin.playlists().viewer("cam", "video").unwrap();
    let body = viewer.playlist(&Directives::NONE, Coding::Identity).await;
    let bytes = body.unwrap().bytes;
    let text = std::str::from_utf8(&bytes).unwrap();
    assert_eq!(text.matches("#EXTINF:").count(), 3, "{text}");
    let hint = text
        .lines()
        .find_map(|line| line.strip_prefix("#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\""))
        .unwrap()
        .trim_end_matches('"');
    put(&server, "/ingest/cam", clip.between(6, 7)).await;
    let after = server.get("/live/cam/video/media.m3u8").await;
    let named = format!("URI=\"{hint}\"");
    let mut parts = after
        .playlist()
        .lines()
        .filter(|line| line.starts_with("#EXT-X-PART:"));
    assert!(parts.any(|line| line.contains(&named)), "{hint} never came");
}

#[tokio::test]
async fn manifests_beside_the_media_are_read_over() {
    let server = Server::start().await;
    let clip = Clip::demo();
    // As ffmpeg's own packager sends it: a manifest, a header, segments with numbers.
    let manifest = put(&server, "/ingest/cam/manifest.mpd", b"<MPD/>".to_vec()).await;
    assert_eq!(manifest.status, StatusCode::OK, "{manifest:?}");
    let header = clip.header().to_vec();
    put(&server, "/ingest/cam/init-stream0.m4s", header).await;
    for second in 0..4 {
        let path = format!("/ingest/cam/chunk-stream0-{second:05}.m4s");
        let answer = put(&server, &path, clip.between(second, second + 1)).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    }
    let playlist = server.get("/live/cam/stream0/media.m3u8").await;
    let text = playlist.playlist();
    assert!(!text.contains("#EXT-X-DISCONTINUITY\n"), "{text}");
    assert!(listed(text) > 1.9, "{text}");
    let large = put(&server, "/ingest/cam/manifest.mpd", vec![0; 2 << 20]).await;
    assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE);
}
