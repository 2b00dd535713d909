//! RTMP over sockets: what ffmpeg sends, and what it cannot yet.
//!
//! Debian's ffmpeg does not speak enhanced RTMP. There the pictures are those of a real encoder all the same, and only
//! the tags around them and the connection are of this test, by the specification (enhanced RTMP v1, "ExVideoTagHeader").

use std::net::SocketAddr;

use origin::OriginConfig;
use origin::access::{Access, AccessConfig, KeyDigest, StreamPattern};

use super::flv::{Form, Push, Words, media, tags};
use super::{Encoded, Kept, assert_says, download, probe, run, until_ended};
use crate::support::Server;

/// Takes RTMP for `server` on a port of its own.
async fn listen(server: &Server) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let origin = server.origin.clone();
    tokio::spawn(
        async move { origin::serve_rtmp(&origin, listener, std::future::pending()).await },
    );
    address
}

/// A file that ffmpeg sends.
struct Case {
    source: &'static str,
    renditions: &'static [(&'static str, &'static str)],
    says: &'static [&'static str],
}

async fn check(case: Case) {
    let server = Server::start().await;
    let address = listen(&server).await;
    let encoded = Encoded::new(case.source, Kept::Source).await;
    run(format!(
        "{} -f flv rtmp://{address}/live/cam",
        encoded.copy()
    ))
    .await;
    for (rendition, _) in case.renditions {
        until_ended(&server, rendition).await;
    }
    assert_says(&server, case.says).await;
    encoded.assert_served(&server, case.renditions).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b_frames_and_44_1_khz() {
    check(Case {
        source: "-f lavfi -i testsrc2=size=160x90:rate=30000/1001:duration=5 \
                 -f lavfi -i sine=sample_rate=44100:duration=5 \
                 -c:v libx264 -preset veryfast -bf 2 -g 30 -sc_threshold 0 -c:a aac",
        renditions: &[("video", "v:0"), ("audio", "a:0")],
        says: &[
            "avc1.64",
            "mp4a.40.2",
            "RESOLUTION=160x90",
            "FRAME-RATE=29.970",
        ],
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sound_alone() {
    check(Case {
        source: "-f lavfi -i sine=sample_rate=48000:duration=4 -c:a aac",
        renditions: &[("audio", "a:0")],
        says: &["mp4a.40.2"],
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pictures_alone() {
    check(Case {
        source: "-f lavfi -i testsrc2=size=160x90:rate=25:duration=5 \
                 -c:v libx264 -preset ultrafast -g 50 -sc_threshold 0",
        renditions: &[("video", "v:0")],
        says: &["FRAME-RATE=25.000"],
    })
    .await;
}

/// Two seconds of HEVC with B-frames beside AAC of 44.1 kHz.
const HEVC: &str = "-f lavfi -i testsrc2=size=208x120:rate=25:duration=2 \
                    -f lavfi -i sine=sample_rate=44100:duration=2 \
                    -c:v libx265 -preset ultrafast -x265-params log-level=none:bframes=2:keyint=25:scenecut=0 \
                    -pix_fmt yuv420p -tag:v hvc1 -c:a aac";

async fn check_hevc(form: Form, words: Words) {
    let server = Server::start().await;
    let address = listen(&server).await;
    let encoded = Encoded::new(HEVC, Kept::Source).await;
    let media = media(&encoded).await;
    let mut push = Push::start(address, "live", "cam").await.unwrap();
    if words == Words::Said {
        push.words(&[
            ("width", 208.0),
            ("height", 120.0),
            ("framerate", 25.0),
            ("videocodecid", f64::from(u32::from_be_bytes(*b"hvc1"))),
            ("audiocodecid", 10.0),
        ])
        .await;
    }
    for tag in tags(&media, form) {
        push.send(tag).await;
    }
    push.end().await;
    for rendition in ["video", "audio"] {
        until_ended(&server, rendition).await;
    }
    let says = [
        "hvc1.1.6.L60.90",
        "mp4a.40.2",
        "RESOLUTION=208x120",
        "FRAME-RATE=25.000",
    ];
    assert_says(&server, &says).await;
    let renditions = [("video", "v:0"), ("audio", "a:0")];
    encoded.assert_served(&server, &renditions).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hevc_in_enhanced_tags() {
    check_hevc(Form::Enhanced, Words::Said).await;
}

/// Of an encoder that says nothing beside its media: the parameter sets tell the size.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hevc_without_a_word_of_metadata() {
    check_hevc(Form::Enhanced, Words::None).await;
}

/// As encoders did before there was an enhanced form.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hevc_by_its_number() {
    check_hevc(Form::Number, Words::Said).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_key_opens_its_stream_and_no_other() {
    const KEY: &str = "a publish key of some length";
    let cams = StreamPattern::parse("cam*").unwrap();
    let access = AccessConfig::new().publish_key(cams, KeyDigest::of(KEY.as_bytes()));
    let server = Server::of(OriginConfig::new().access(Access::new(access))).await;
    let address = listen(&server).await;
    let secret = KEY.replace(' ', "%20");
    for (app, key) in [
        ("live", "cam".to_owned()),
        ("live", "cam?key=".to_owned()),
        ("live", format!("cam?key={secret}x")),
        ("live", format!("show?key={secret}")),
        ("live", format!("cam?token={secret}")),
    ] {
        let refused = Push::start(address, app, &key).await.err();
        assert_eq!(
            refused.as_deref(),
            Some("NetStream.Publish.BadName"),
            "{app}/{key}"
        );
    }
    assert!(server.origin.playlists().viewer("cam", "video").is_none());
    let encoded = Encoded::new(HEVC, Kept::Source).await;
    let media = media(&encoded).await;
    // As a stream key, and as encoders send it that have one field only.
    for (app, key) in [
        ("live", format!("cam?key={secret}")),
        (&format!("cam-2?key={secret}"), String::new()),
    ] {
        let mut push = Push::start(address, app, &key).await.unwrap();
        for tag in tags(&media, Form::Enhanced) {
            push.send(tag).await;
        }
        push.end().await;
    }
    until_ended(&server, "video").await;
    // A real encoder hands it on too.
    let publish = |name: &str| {
        format!(
            "-f lavfi -i testsrc2=size=160x90:rate=25:duration=1 -c:v libx264 -preset ultrafast -g 25 -f flv \
             rtmp://{address}/live/{name}?key={secret}"
        )
    };
    run(publish("cam-3")).await;
    let names: Vec<String> = server
        .origin
        .playlists()
        .active()
        .into_iter()
        .map(|info| info.name.to_string())
        .collect();
    for name in ["cam", "cam-2", "cam-3"] {
        assert!(names.iter().any(|it| it == name), "{name} in {names:?}");
    }
}

/// What OBS does when the network cannot take everything: sound goes on, pictures are dropped up to the next key picture, and the clock
/// knows of nothing. A few that are missing are none of a player's business: the one before them is shown for longer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pictures_that_the_encoder_dropped_are_one_discontinuity_of_both_tracks() {
    let server = Server::start().await;
    let address = listen(&server).await;
    let encoded = Encoded::new(HEVC, Kept::Source).await;
    let media = media(&encoded).await;
    let mut push = Push::start(address, "live", "cam").await.unwrap();
    let (mut key_pictures, mut next) = (0, 0);
    let mut kept = Vec::new();
    for tag in tags(&media, Form::Enhanced) {
        if tag.is_video() {
            // The first is the configuration.
            key_pictures += usize::from(tag.is_key());
            let is_dropped = (240..360).contains(&tag.time) || tag.time >= 600 && key_pictures < 3;
            if next > 0 && !is_dropped {
                kept.push(media.pictures[next - 1].hash.clone());
            }
            next += 1;
            if is_dropped {
                continue;
            }
        }
        push.send(tag).await;
    }
    push.end().await;
    assert!(kept.len() < media.pictures.len() - 10, "{}", kept.len());
    let mut dates = Vec::new();
    let sounds: Vec<String> = media.sounds.iter().map(|it| it.hash.clone()).collect();
    for (rendition, sent) in [("video", kept), ("audio", sounds)] {
        until_ended(&server, rendition).await;
        let answer = server
            .get(&format!("/live/cam/{rendition}/media.m3u8"))
            .await;
        let text = answer.playlist();
        assert_eq!(text.matches("#EXT-X-DISCONTINUITY\n").count(), 1, "{text}");
        let (_, after) = text.split_once("#EXT-X-DISCONTINUITY\n").unwrap();
        let date = after
            .lines()
            .find_map(|line| line.strip_prefix("#EXT-X-PROGRAM-DATE-TIME:"))
            .unwrap();
        dates.push(playlist_oracle::read_date(date).unwrap());
        let served = encoded.folder.file(&format!("{rendition}.mp4"));
        std::fs::write(&served, download(&server, "cam", rendition).await).unwrap();
        let got: Vec<String> = probe(&served, "0").into_iter().map(|it| it.hash).collect();
        assert_eq!(got, sent, "{rendition}");
    }
    let apart = dates[0].abs_diff(dates[1]);
    assert!(apart < 250_000_000, "{apart} ns apart");
}
