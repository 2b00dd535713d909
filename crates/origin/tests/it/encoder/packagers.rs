//! Encoders that package by themselves, and send each segment in a request of its own: as ffmpeg's DASH and HLS muxers
//! do, with a manifest beside the media and the deletion of what left their window, and as DASH-IF sources name them.

use http::{Method, StatusCode};

use super::{Encoded, Kept, assert_says, run, until_ended};
use crate::clips::Clip;
use crate::support::Server;

const SOURCE: &str = "-f lavfi -i testsrc2=size=160x90:rate=25:duration=3 \
                      -f lavfi -i sine=sample_rate=48000:duration=3 \
                      -c:v libx264 -preset ultrafast -bf 2 -g 25 -sc_threshold 0 -c:a aac";

/// Low-latency DASH: segments in pieces while they grow, old ones deleted, the connections closed without waiting for an
/// answer, so that each segment's request may be read before the one before it has ended.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dash_as_ffmpeg_pushes_it() {
    let server = Server::start().await;
    let encoded = Encoded::new(SOURCE, Kept::Source).await;
    run(format!(
        "-re {} -f dash -method PUT -seg_duration 1 -streaming 1 -ldash 1 -frag_type duration -frag_duration 0.2 \
         -window_size 2 -extra_window_size 0 http://{}/ingest/cam/manifest.mpd",
        encoded.copy(),
        server.address
    ))
    .await;
    // Its last manifest says so.
    for stream in ["stream0", "stream1"] {
        until_ended(&server, stream).await;
    }
    assert_says(
        &server,
        &[
            "avc1.4d400b",
            "mp4a.40.2",
            "RESOLUTION=160x90",
            "FRAME-RATE=25.000",
        ],
    )
    .await;
    let renditions = [("stream0", "v:0"), ("stream1", "a:0")];
    encoded.assert_served(&server, &renditions).await;
}

/// The names that ffmpeg gives by itself, in a folder that names the variant: `init.mp4`, `index0.m4s`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hls_as_ffmpeg_pushes_it() {
    let server = Server::start().await;
    let encoded = Encoded::new(SOURCE, Kept::Source).await;
    run(format!(
        "-re {} -f hls -method PUT -hls_segment_type fmp4 -hls_time 1 -hls_list_size 2 \
         -hls_flags delete_segments http://{}/ingest/cam/main/index.m3u8",
        encoded.copy(),
        server.address
    ))
    .await;
    for rendition in ["main_video", "main_audio"] {
        until_ended(&server, rendition).await;
    }
    assert_says(
        &server,
        &[
            "avc1.4d400b",
            "mp4a.40.2",
            "RESOLUTION=160x90",
            "FRAME-RATE=25.000",
        ],
    )
    .await;
    let renditions = [("main_video", "v:0"), ("main_audio", "a:0")];
    encoded.assert_served(&server, &renditions).await;
}

/// As GPAC and other DASH-IF sources send: a header, then a request for each segment, named by the keyword.
#[tokio::test]
async fn segments_named_by_the_keyword() {
    let clip = Clip::demo();
    for name in [
        "Streams(video1.cmfv)",
        "Streams%28video1.cmfv%29",
        "Switching(main)/Streams(video1.cmfv)",
    ] {
        let server = Server::start().await;
        let path = format!("/ingest/cam/{name}");
        let put = async |body: Vec<u8>, method: Method| {
            let headers = [("content-type", "video/mp4"), ("user-agent", "GPAC/2.4")];
            let answer = server.request(method, &path, &headers, body.into()).await;
            assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        };
        put(Vec::new(), Method::POST).await;
        put(clip.header().to_vec(), Method::POST).await;
        for second in 0..8 {
            put(clip.between(second, second + 1), Method::POST).await;
        }
        put(b"\0\0\0\x08mfra".to_vec(), Method::PUT).await;
        until_ended(&server, "video1").await;
        let answer = server.get("/live/cam/video1/media.m3u8").await;
        let text = answer.playlist();
        assert!(!text.contains("#EXT-X-DISCONTINUITY\n"), "{text}");
        assert_eq!(text.matches("#EXTINF:2.00000,").count(), 4, "{text}");
    }
}
