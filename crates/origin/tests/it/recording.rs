//! A stream goes to disk, and viewers go back to it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{Method, StatusCode};
use llhls::manifest::{Cut, MediaDuration, Msn};
use llhls::registry::{MediaError, Part, Publisher, RegistryConfig};
use origin::access::{Access, AccessConfig, Secret, StreamPattern, sign};
use origin::config::TokenPlace;
use origin::{OriginConfig, RecordingConfig, Server as HttpServer, sight};
use tokio::net::TcpListener;

use crate::client::Answer;
use crate::support::{PARTS, Server, audio, video};

/// A segment is more than what is read of a file at once.
const PART_BYTES: usize = 50_000;

/// A folder of its own, gone with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("recording-{}-{number}", std::process::id());
        Self(Path::new(env!("CARGO_TARGET_TMPDIR")).join(name))
    }

    /// Waits until nobody records here any more.
    async fn free(&self) {
        let lock = std::fs::File::open(self.0.join(".lock")).unwrap();
        let waiting = async {
            while lock.try_lock().is_err() {
                tokio::task::yield_now().await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(60), waiting).await;
        waited.expect("somebody holds on to the directory");
    }

    fn config(&self) -> OriginConfig {
        OriginConfig::new().recording(RecordingConfig::new(&self.0))
    }

    /// Waits until a recording is written to its end, so that another process may have the folder.
    async fn ended(&self, rendition: &str) {
        let index = self.0.join("show").join(rendition).join("e1/index");
        while !std::fs::read_to_string(&index).is_ok_and(|text| text.contains("\nend ")) {
            tokio::task::yield_now().await;
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Left over is no failure of a test.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn payload(number: u64) -> Vec<u8> {
    let text = format!("part {number};");
    text.bytes().cycle().take(PART_BYTES).collect()
}

/// The bytes of a segment; they are counted from one.
fn segment(msn: u64) -> Vec<u8> {
    let first = (msn - 1) * PARTS;
    (first..first + PARTS).flat_map(payload).collect()
}

/// Publishes whole segments.
fn publish(publisher: &mut Publisher, segments: std::ops::RangeInclusive<u64>) {
    for number in (segments.start() - 1) * PARTS..segments.end() * PARTS {
        let part = Part::new(
            Bytes::from(payload(number)),
            MediaDuration::from_millis(500),
        );
        let part = match number % PARTS {
            0 => part.independent(),
            3 => part.cut(Cut::After),
            _ => part,
        };
        publisher.publish(part).unwrap();
    }
}

/// A playlist of either kind. Each was judged when it was read.
fn text(answer: &Answer) -> &str {
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    std::str::from_utf8(&answer.body).unwrap()
}

fn is_segment(answer: &Answer, msn: u64) {
    assert_eq!(answer.status, StatusCode::OK, "{msn}");
    assert!(answer.body == segment(msn), "segment {msn} differs");
}

/// Forgets all media that playlists no longer list.
fn much_later(server: &Server) {
    let later = tokio::time::Instant::now() + Duration::from_secs(3600);
    server.origin.playlists().tick(later);
}

#[tokio::test]
async fn viewers_rewind_to_what_has_left_memory() {
    let folder = Folder::new();
    let server = Server::of(folder.config()).await;
    let mut publisher = server.publisher("video", video());
    publish(&mut publisher, 1..=40);
    // Stored by a thread that may be late: further ahead than it is would be refused.
    server.origin.recorded().await;
    let dvr = server.get("/live/show/video/dvr.m3u8?_HLS_msn=40").await;
    playlist_oracle::assert_media_playlist(dvr.playlist());
    assert!(
        dvr.playlist().contains("\ne1-1.m4s\n"),
        "{}",
        dvr.playlist()
    );
    assert_eq!(dvr.header("cache-control"), "public, max-age=12");
    let all = server.get("/live/show/dvr.m3u8").await;
    playlist_oracle::assert_multivariant(text(&all));
    assert!(text(&all).ends_with("video/dvr.m3u8\n"));
    let list = server.get("/api/streams").await;
    assert!(text(&list).contains(r#""dvr":"/live/show/dvr.m3u8""#));

    much_later(&server);
    let viewer = server.origin.playlists().viewer("show", "video").unwrap();
    assert_eq!(
        viewer.segment(Msn::new(1)),
        Err(MediaError::Expired),
        "it is to come from the disk"
    );
    for msn in 1..=40 {
        let answer = server.get(&format!("/live/show/video/e1-{msn}.m4s")).await;
        is_segment(&answer, msn);
    }
    let init = server.get("/live/show/video/e1-init0.mp4").await;
    assert_eq!(init.body, "the init section");
}

/// Readers of files are bounded, and each gives its place back.
#[tokio::test]
async fn files_are_read_by_so_many_at_once() {
    for (readers, status) in [(1, StatusCode::OK), (0, StatusCode::SERVICE_UNAVAILABLE)] {
        let folder = Folder::new();
        let recording = RecordingConfig::new(&folder.0).readers(readers);
        let server = Server::of(OriginConfig::new().recording(recording)).await;
        let mut publisher = server.publisher("video", video());
        publish(&mut publisher, 1..=40);
        // Stored by a thread that may be late: further ahead than it is would be refused.
        server.origin.recorded().await;
        server.get("/live/show/video/dvr.m3u8?_HLS_msn=40").await;
        much_later(&server);
        for msn in 1..=5 {
            let answer = server.get(&format!("/live/show/video/e1-{msn}.m4s")).await;
            assert_eq!(answer.status, status, "{readers}: {msn}");
        }
        is_segment(&server.get("/live/show/video/e1-40.m4s").await, 40);
    }
}

#[tokio::test]
async fn a_file_is_answered_as_memory_is() {
    let folder = Folder::new();
    let server = Server::of(folder.config()).await;
    let mut publisher = server.publisher("video", video());
    publish(&mut publisher, 1..=40);
    // Stored by a thread that may be late: further ahead than it is would be refused.
    server.origin.recorded().await;
    server.get("/live/show/video/dvr.m3u8?_HLS_msn=40").await;
    let path = "/live/show/video/e1-1.m4s";
    let questions: [(Method, &[(&str, &str)]); 10] = [
        (Method::GET, &[]),
        (Method::HEAD, &[]),
        (Method::GET, &[("range", "bytes=0-0")]),
        (Method::GET, &[("range", "bytes=65530-65550")]),
        (Method::GET, &[("range", "bytes=150000-")]),
        (Method::GET, &[("range", "bytes=-7")]),
        (Method::GET, &[("range", "bytes=200000-")]),
        (Method::HEAD, &[("range", "bytes=5-9")]),
        (Method::GET, &[("if-none-match", "\"e1-1.m4s\"")]),
        (
            Method::GET,
            &[("range", "bytes=1-2"), ("if-range", "\"other\"")],
        ),
    ];
    let mut from_memory = Vec::new();
    for (method, headers) in &questions {
        from_memory.push(
            server
                .request(method.clone(), path, headers, Bytes::new())
                .await,
        );
    }
    much_later(&server);
    for ((method, headers), memory) in questions.iter().zip(from_memory) {
        let mut file = server
            .request(method.clone(), path, headers, Bytes::new())
            .await;
        let date = memory.headers["date"].clone();
        file.headers.insert("date", date);
        assert_eq!(file.status, memory.status, "{method} {headers:?}");
        assert_eq!(file.headers, memory.headers, "{method} {headers:?}");
        assert!(file.body == memory.body, "{method} {headers:?}");
    }

    std::fs::remove_file(folder.0.join("show/video/e1/e1-1.m4s")).unwrap();
    let gone = server.get(path).await;
    assert_eq!(gone.status, StatusCode::GONE, "deleted for want of room");
}

#[tokio::test]
async fn a_finished_stream_is_on_demand_after_a_restart() {
    let folder = Folder::new();
    let server = Server::of(folder.config()).await;
    let mut pictures = server.publisher("video", video());
    let mut sound = server.publisher("audio", audio());
    for publisher in [&mut pictures, &mut sound] {
        publish(publisher, 1..=12);
    }
    pictures.fin();
    sound.fin();
    folder.ended("video").await;
    folder.ended("audio").await;
    let before = server.get("/live/show/video/dvr.m3u8").await;
    assert!(before.playlist().ends_with("#EXT-X-ENDLIST\n"));
    server.stopping().await.unwrap();
    folder.free().await;

    let server = Server::of(folder.config()).await;
    let none = server.get("/live/show/index.m3u8").await;
    assert_eq!(none.status, StatusCode::NOT_FOUND, "it is not live");
    let all = server.get("/live/show/dvr.m3u8").await;
    playlist_oracle::assert_multivariant(text(&all));
    for said in [
        "URI=\"audio/dvr.m3u8\"",
        "CODECS=\"avc1.64001f,mp4a.40.2\"",
        "RESOLUTION=1280x720",
        "\nvideo/dvr.m3u8\n",
    ] {
        assert!(text(&all).contains(said), "{said}: {}", text(&all));
    }
    for (rendition, kind) in [("video", "video/mp4"), ("audio", "audio/mp4")] {
        let home = format!("/live/show/{rendition}");
        let list = server.get(&format!("{home}/dvr.m3u8")).await;
        let list = playlist_oracle::assert_media_playlist(list.playlist());
        assert_eq!(list.playlist_type.as_deref(), Some("VOD"));
        assert_eq!(list.segments.len(), 12);
        for listed in &list.segments {
            let answer = server.get(&format!("{home}/{}", listed.uri)).await;
            is_segment(&answer, listed.msn);
            assert_eq!(answer.header("content-type"), kind);
        }
        let init = server.get(&format!("{home}/e1-init0.mp4")).await;
        assert_eq!(init.body, "the init section");
    }
    let known = [("if-none-match", "\"e1-1.m4s\"")];
    let answer = server.get_with("/live/show/video/e1-1.m4s", &known).await;
    assert_eq!(answer.status, StatusCode::NOT_MODIFIED);
    let gzip = [("accept-encoding", "gzip")];
    let answer = server.get_with("/live/show/video/dvr.m3u8", &gzip).await;
    assert_eq!(answer.header("content-encoding"), "gzip");

    for unknown in [
        "/live/show/video/e1-13.m4s",
        "/live/show/video/e1-1.0.m4s",
        "/live/show/video/e2-1.m4s",
        "/live/show/video/index",
        "/live/show/video/e1-..%2Findex",
        "/live/show/video/e1%2Findex",
        "/live/show/..%2F..%2Fetc/passwd",
        "/live/show/other/dvr.m3u8",
        "/live/other/dvr.m3u8",
        "/live/..%2Fshow/dvr.m3u8",
    ] {
        let answer = server.get(unknown).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{unknown}");
    }
}

/// What is written to `/dev/full` fails as on a full disk.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn live_goes_on_when_the_disk_is_full_and_operators_are_told() {
    let folder = Folder::new();
    let home = folder.0.join("show/video/e1");
    std::fs::create_dir_all(&home).unwrap();
    for msn in [3, 4] {
        let half = home.join(format!(".partial-e1-{msn}.m4s"));
        std::os::unix::fs::symlink("/dev/full", half).unwrap();
    }
    let server = Server::of(folder.config()).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let operators = listener.local_addr().unwrap();
    let app =
        HttpServer::new(sight::operations(&server.origin, sight::Hosts::new())).listen(listener);
    tokio::spawn(app.run(std::future::pending()));
    let told = async |path| {
        let answer = server.get_from(operators, path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        String::from_utf8(answer.body.to_vec()).unwrap()
    };

    let mut publisher = server.publisher("video", video());
    publish(&mut publisher, 1..=4);
    server.get("/live/show/video/dvr.m3u8?_HLS_msn=4").await;
    server.origin.recorded().await;
    let ready = told("/readyz").await;
    assert_eq!(ready, "ready\nrecording fails: no space is left\n");
    let metrics = told("/metrics").await;
    for line in [
        "llhls_recorded_segments_total 2",
        "llhls_unrecorded_segments_total{reason=\"refused\"} 2",
        "llhls_recording_failing 1.0",
    ] {
        assert!(metrics.lines().any(|it| it == line), "{line}\n{metrics}");
    }
    for disk in ["free", "size"] {
        let name = format!("\nllhls_recording_disk_{disk}_bytes ");
        assert!(metrics.contains(&name), "{name}\n{metrics}");
    }
    let live = server.get("/live/show/video/media.m3u8").await;
    assert!(live.playlist().contains("\ne1-4.m4s\n") && !live.playlist().contains("GAP"));
    is_segment(&server.get("/live/show/video/e1-4.m4s").await, 4);

    publish(&mut publisher, 5..=5);
    let dvr = server.get("/live/show/video/dvr.m3u8?_HLS_msn=5").await;
    assert_eq!(dvr.playlist().matches("#EXT-X-GAP").count(), 2);
    assert_eq!(told("/readyz").await, "ready\n");
    let metrics = told("/metrics").await;
    assert!(
        metrics.contains("\nllhls_recording_failing 0.0\n"),
        "{metrics}"
    );
}

#[tokio::test]
async fn what_was_recorded_is_guarded_as_live_is() {
    let secret = || Secret::new("a signing secret of some length");
    let folder = Folder::new();
    let config = || {
        let access = AccessConfig::new()
            .viewers_need_tokens(TokenPlace::Query)
            .token_key(secret());
        let parameter = access.query_parameter().unwrap();
        let registry = RegistryConfig::new().query_parameter(parameter);
        folder
            .config()
            .registry(registry)
            .access(Access::new(access))
    };
    let token = |stream| {
        let pattern = StreamPattern::parse(stream).unwrap();
        sign(
            &secret(),
            &pattern,
            SystemTime::now() + Duration::from_secs(600),
        )
    };
    let check = async |server: &Server| {
        for path in [
            "/live/show/dvr.m3u8",
            "/live/show/video/dvr.m3u8",
            "/live/show/video/e1-1.m4s",
        ] {
            let answer = server.get(path).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}");
            let answer = server
                .get(&format!("{path}?token={}", token("other")))
                .await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
            let answer = server.get(&format!("{path}?token={}", token("show"))).await;
            assert_eq!(answer.status, StatusCode::OK, "{path}");
            if path.ends_with(".m3u8") {
                let text = text(&answer);
                assert!(text.contains("?token={$token}\n"), "{text}");
                assert!(
                    text.contains("#EXT-X-DEFINE:QUERYPARAM=\"token\"\n"),
                    "{text}"
                );
            }
        }
    };
    let server = Server::of(config()).await;
    let mut publisher = server.publisher("video", video());
    publish(&mut publisher, 1..=5);
    let token = token("show");
    server
        .get(&format!(
            "/live/show/video/dvr.m3u8?token={token}&_HLS_msn=5"
        ))
        .await;
    check(&server).await;
    publisher.fin();
    folder.ended("video").await;
    server.stopping().await.unwrap();
    folder.free().await;
    check(&Server::of(config()).await).await;
}
