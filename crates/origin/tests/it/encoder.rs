//! A real encoder over real sockets: what ffmpeg sends, and what a player gets.
//!
//! ffmpeg encodes a file, then sends it without encoding it again. What is served is fetched as a player
//! fetches it, decoded to its end without a complaint, and held against the file packet by packet: none lost,
//! none doubled, none changed, none moved.

/// Codecs beyond H.264 and AAC.
mod codecs;
/// Enhanced RTMP from a real encoder's packets.
#[cfg(feature = "rtmp")]
mod flv;
/// Encoders that package by themselves, and send each segment in a request of its own.
mod packagers;
/// RTMP: as ffmpeg speaks it, and enhanced.
#[cfg(feature = "rtmp")]
mod rtmp;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use http::StatusCode;
use llhls::manifest::{BandwidthMeter, MediaDuration};

use crate::clips::ffmpeg;
use crate::support::Server;

/// A folder that goes when the test ends.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("origin-encoder-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left is in the system's folder for such things.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A packet: hash of its bytes, and presentation time in seconds.
#[derive(Clone, Debug, PartialEq)]
struct Packet {
    hash: String,
    shown: f64,
    decoded: f64,
}

fn probe(file: &Path, stream: &str) -> Vec<Packet> {
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-select_streams", stream])
        .args(["-show_data_hash", "MD5", "-show_packets", "-of", "json"])
        .arg(file)
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(words.is_empty(), "ffprobe {}\n{words}", file.display());
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let packets = report["packets"].as_array().unwrap().iter();
    packets
        .map(|packet| {
            let seconds = |key: &str| packet[key].as_str().unwrap().parse().unwrap();
            Packet {
                hash: packet["data_hash"].to_string(),
                shown: seconds("pts_time"),
                decoded: seconds("dts_time"),
            }
        })
        .collect()
}

/// Decodes a file to its end; every word of complaint is a failure. How many frames it has.
fn decode(file: &Path, stream: &str) -> usize {
    let path = file.to_str().unwrap();
    let report = ffmpeg_words(&format!("-i {path} -map 0:{stream} -f framecrc -"));
    report.lines().filter(|line| !line.starts_with('#')).count()
}

fn ffmpeg_words(arguments: &str) -> String {
    let output = Command::new("ffmpeg")
        .args(["-hide_banner", "-nostdin", "-v", "warning"])
        .args(arguments.split_whitespace())
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && words.is_empty(),
        "ffmpeg {arguments}\n{words}"
    );
    String::from_utf8(output.stdout).unwrap()
}

/// Fetches all that a rendition's playlist names, in order, behind its init section.
async fn download(server: &Server, presentation: &str, rendition: &str) -> Vec<u8> {
    let folder = format!("/live/{presentation}/{rendition}");
    let answer = server.get(&format!("{folder}/media.m3u8")).await;
    let playlist = answer.playlist();
    assert!(playlist.contains("#EXT-X-PART:"), "{playlist}");
    let mut bytes = Vec::new();
    let mut segments = 0;
    for line in playlist.lines() {
        let uri = match line.strip_prefix("#EXT-X-MAP:URI=\"") {
            Some(rest) => rest.trim_end_matches('"'),
            None if line.starts_with('#') || line.is_empty() => continue,
            None => line,
        };
        segments += usize::from(!line.starts_with('#'));
        let media = server.get(&format!("{folder}/{uri}")).await;
        assert_eq!(media.status, StatusCode::OK, "{uri}");
        bytes.extend_from_slice(&media.body);
    }
    // What came behind the last whole segment is in parts.
    let behind = playlist
        .lines()
        .rev()
        .take_while(|line| !line.starts_with("#EXTINF"));
    let mut parts: Vec<&str> = behind
        .filter_map(|line| line.strip_prefix("#EXT-X-PART:")?.split("URI=\"").nth(1))
        .map(|rest| rest.split('"').next().unwrap())
        .collect();
    parts.reverse();
    for uri in parts {
        let media = server.get(&format!("{folder}/{uri}")).await;
        assert_eq!(media.status, StatusCode::OK, "{uri}");
        bytes.extend_from_slice(&media.body);
    }
    assert!(segments > 0, "{playlist}");
    bytes
}

const CMAF: &str = "-movflags +cmaf+delay_moov -frag_duration 200000";
const WHOLE_GOPS: &str = "-movflags +frag_keyframe+empty_moov+default_base_moof";
const TWO_SECONDS: &str = "-movflags +cmaf+delay_moov -frag_duration 2000000";

/// What ffmpeg has encoded.
struct Encoded {
    folder: Folder,
    /// The file itself.
    file: PathBuf,
    /// What its packets are once they are sent: the same, muxed again.
    sent: PathBuf,
}

/// How the copies of a source are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    /// As they are sent: what goes over HTTP can be written into a file as well.
    Muxed(&'static str),
    /// As the source has them. FLV moves all tracks to time zero together, and says so nowhere.
    Source,
}

impl Encoded {
    async fn new(source: &'static str, kept: Kept) -> Self {
        let folder = Folder::new();
        let (file, sent) = (folder.file("source.mp4"), folder.file("sent.mp4"));
        let encode = format!("{source} -y {}", file.display());
        let flags = match kept {
            Kept::Muxed(flags) => flags,
            Kept::Source => "",
        };
        let keep = format!(
            "-i {} -map 0 -c copy -f mp4 {flags} {}",
            file.display(),
            sent.display()
        );
        run(encode).await;
        run(keep).await;
        Self { folder, file, sent }
    }

    /// ffmpeg's words for sending the source without encoding it again.
    fn copy(&self) -> String {
        format!("-i {} -map 0 -c copy", self.file.display())
    }

    /// Holds what is served of `cam` against what was sent: every packet of every rendition once, unchanged and in its
    /// place, and all of it decodes.
    async fn assert_served(&self, server: &Server, renditions: &[(&str, &str)]) {
        let mut shifts = BTreeMap::new();
        for (rendition, stream) in renditions {
            let answer = server
                .get(&format!("/live/cam/{rendition}/media.m3u8"))
                .await;
            let playlist = answer.playlist();
            assert!(!playlist.contains("#EXT-X-DISCONTINUITY\n"), "{playlist}");
            let served = self.folder.file(&format!("{rendition}.mp4"));
            std::fs::write(&served, download(server, "cam", rendition).await).unwrap();
            let (source, sent, got) = (
                probe(&self.file, stream),
                probe(&self.sent, stream),
                probe(&served, "0"),
            );
            assert_eq!(
                source.len(),
                sent.len(),
                "{rendition}: ffmpeg itself lost some"
            );
            let hashes = |packets: &[Packet]| -> Vec<String> {
                packets.iter().map(|packet| packet.hash.clone()).collect()
            };
            assert_eq!(
                got.len(),
                sent.len(),
                "{rendition}: packets lost or doubled"
            );
            assert_eq!(hashes(&got), hashes(&sent), "{rendition}: packets changed");
            // Of sound that starts with what the encoder needs to begin, decoders leave out what the header says.
            let decoded = decode(&served, "0");
            let expected = [sent.len(), decode(&self.file, stream)];
            assert!(
                expected.contains(&decoded),
                "{rendition}: {decoded} frames of {expected:?}"
            );
            let shift = got[0].shown - sent[0].shown;
            for (got, sent) in got.iter().zip(&sent) {
                let moved = got.shown - sent.shown - shift;
                // FLV has whole milliseconds.
                assert!(
                    moved.abs() < 0.0021,
                    "{rendition}: moved by {moved} s at {}",
                    sent.shown
                );
                assert!(
                    got.decoded <= got.shown + 1e-6,
                    "{rendition}: shown before it is decoded"
                );
            }
            shifts.insert(*rendition, shift);
        }
        let (least, most) = shifts
            .values()
            .fold((f64::MAX, f64::MIN), |(least, most), &shift| {
                (least.min(shift), most.max(shift))
            });
        assert!(
            most - least < 0.0021,
            "the tracks moved against each other: {shifts:?}"
        );
    }
}

/// Runs ffmpeg beside the server that it sends to.
async fn run(arguments: String) {
    tokio::task::spawn_blocking(move || ffmpeg(&arguments, &[]))
        .await
        .unwrap();
}

/// Holds the multivariant playlist of `cam` to words that it must have.
async fn assert_says(server: &Server, says: &[&str]) {
    let multivariant = server.get("/live/cam/index.m3u8").await;
    let text = String::from_utf8(multivariant.body.to_vec()).unwrap();
    playlist_oracle::assert_multivariant(&text);
    for words in says {
        assert!(text.contains(words), "{words} is missing in\n{text}");
    }
}

/// A file that is sent in one long request.
struct Case {
    /// ffmpeg's options for inputs and codecs.
    source: &'static str,
    /// And for the container.
    muxer: &'static str,
    /// Renditions, each with the stream of the source that it must be.
    renditions: &'static [(&'static str, &'static str)],
    /// What the multivariant playlist has to say.
    says: &'static [&'static str],
}

/// Sends the source, and compares what comes out with it.
async fn check(case: Case) -> Server {
    let server = Server::start().await;
    let encoded = Encoded::new(case.source, Kept::Muxed(case.muxer)).await;
    let url = format!("http://{}/ingest/cam", server.address);
    run(format!(
        "{} -f mp4 {} -method PUT {url}",
        encoded.copy(),
        case.muxer
    ))
    .await;
    for (rendition, _) in case.renditions {
        until_ended(&server, rendition).await;
    }
    assert_says(&server, case.says).await;
    encoded.assert_served(&server, case.renditions).await;
    server
}

/// Peak and average of a rendition's segments in bits per second, by their sizes as a player gets them.
async fn rates(server: &Server, rendition: &str) -> (u64, u64) {
    let folder = format!("/live/cam/{rendition}");
    let answer = server.get(&format!("{folder}/media.m3u8")).await;
    let playlist = answer.playlist();
    let after = |line: &str, tag: &str| -> Option<f64> {
        line.strip_prefix(tag)?.trim_end_matches(',').parse().ok()
    };
    let target = playlist
        .lines()
        .find_map(|line| after(line, "#EXT-X-TARGETDURATION:"));
    let duration = |seconds: f64| MediaDuration::from_nanos((seconds * 1e9).round() as u64);
    let mut meter = BandwidthMeter::new(duration(target.unwrap()));
    let mut lasts = None;
    for line in playlist.lines() {
        lasts = after(line, "#EXTINF:").or(lasts);
        if !line.starts_with('#') && !line.is_empty() {
            let segment = server.get(&format!("{folder}/{line}")).await;
            meter.segment(segment.body.len() as u64, duration(lasts.take().unwrap()));
        }
    }
    (meter.peak().unwrap(), meter.average().unwrap())
}

/// Waits until a rendition has ended.
async fn until_ended(server: &Server, rendition: &str) {
    let patience = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    loop {
        let viewer = server.origin.playlists().viewer("cam", rendition);
        let edge = viewer.and_then(|viewer| viewer.edge().ok());
        if edge.is_some_and(|edge| edge.is_ended()) {
            return;
        }
        let now = tokio::time::Instant::now();
        assert!(now < patience, "{rendition} did not end with its encoder");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pictures_with_b_frames_and_sound() {
    let server = check(Case {
        source: "-f lavfi -i testsrc2=size=160x90:rate=25:duration=5 \
                 -f lavfi -i sine=sample_rate=48000:duration=5 \
                 -c:v libx264 -preset veryfast -bf 3 -g 25 -sc_threshold 0 -c:a aac",
        muxer: CMAF,
        renditions: &[("video", "v:0"), ("audio", "a:0")],
        says: &[
            "avc1.64",
            "mp4a.40.2",
            "RESOLUTION=160x90",
            "FRAME-RATE=25.000",
        ],
    })
    .await;
    // Bit rates are those of what is served (MV-03, MV-04), each rendition's rounded up to ten thousand.
    let (video, audio) = (rates(&server, "video").await, rates(&server, "audio").await);
    let answer = server.get("/live/cam/index.m3u8").await;
    let text = String::from_utf8(answer.body.to_vec()).unwrap();
    for (attribute, sum) in [
        (":BANDWIDTH=", video.0 + audio.0),
        (",AVERAGE-BANDWIDTH=", video.1 + audio.1),
    ] {
        let (_, behind) = text.split_once(attribute).expect(attribute);
        let said: u64 = behind.split(',').next().unwrap().parse().unwrap();
        assert!(
            (sum..sum + 20_000).contains(&said),
            "{attribute}{said}, of segments that have {sum}\n{text}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rate_of_29_97_in_whole_groups_of_pictures() {
    check(Case {
        source: "-f lavfi -i testsrc2=size=160x90:rate=30000/1001:duration=5 \
                 -f lavfi -i sine=sample_rate=48000:duration=5 \
                 -c:v libx264 -preset ultrafast -bf 2 -g 30 -sc_threshold 0 -c:a aac",
        muxer: WHOLE_GOPS,
        renditions: &[("video", "v:0"), ("audio", "a:0")],
        says: &["FRAME-RATE=29.970"],
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sound_alone() {
    check(Case {
        source: "-f lavfi -i sine=sample_rate=48000:duration=5 -c:a aac -metadata:s:a:0 language=deu",
        muxer: CMAF,
        renditions: &[("audio", "a:0")],
        says: &["mp4a.40.2"],
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_sizes_and_sound_in_another_language() {
    check(Case {
        source: "-f lavfi -i testsrc2=size=160x90:rate=30:duration=5 \
                 -f lavfi -i testsrc2=size=320x180:rate=30:duration=5 \
                 -f lavfi -i sine=sample_rate=48000:duration=5 -map 0 -map 1 -map 2 \
                 -c:v libx264 -preset ultrafast -g 30 -sc_threshold 0 -c:a aac \
                 -metadata:s:a:0 language=deu",
        muxer: CMAF,
        renditions: &[("video", "v:0"), ("video_2", "v:1"), ("audio", "a:0")],
        says: &["RESOLUTION=160x90", "RESOLUTION=320x180", "LANGUAGE=\"de\""],
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sound_for_those_who_do_not_see() {
    check(Case {
        source: "-f lavfi -i testsrc2=size=160x90:rate=30:duration=3 \
                 -f lavfi -i sine=sample_rate=48000:duration=3 \
                 -f lavfi -i sine=frequency=880:sample_rate=48000:duration=3 -map 0 -map 1 -map 2 \
                 -c:v libx264 -preset ultrafast -g 30 -sc_threshold 0 -c:a aac \
                 -metadata:s:a language=ger -disposition:a:0 visual_impaired",
        muxer: CMAF,
        renditions: &[("video", "v:0"), ("audio", "a:0"), ("audio_2", "a:1")],
        says: &[
            "NAME=\"audio\",LANGUAGE=\"de\",AUTOSELECT=YES,CHARACTERISTICS=\"public.accessibility.describes-video\"",
            "NAME=\"audio_2\",LANGUAGE=\"de\",DEFAULT=YES,AUTOSELECT=YES",
        ],
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sound_at_44_1_khz_beside_59_94_pictures() {
    check(Case {
        source: "-f lavfi -i testsrc2=size=160x90:rate=60000/1001:duration=5 \
                 -f lavfi -i sine=sample_rate=44100:duration=5 \
                 -c:v libx264 -preset ultrafast -g 60 -sc_threshold 0 -c:a aac",
        muxer: CMAF,
        renditions: &[("video", "v:0"), ("audio", "a:0")],
        says: &["FRAME-RATE=59.940"],
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fragments_of_two_seconds_become_parts_of_a_fifth() {
    check(Case {
        source: "-f lavfi -i testsrc2=size=160x90:rate=30:duration=6 \
                 -f lavfi -i sine=sample_rate=48000:duration=6 \
                 -c:v libx264 -preset ultrafast -bf 2 -g 60 -sc_threshold 0 -c:a aac",
        muxer: TWO_SECONDS,
        renditions: &[("video", "v:0"), ("audio", "a:0")],
        says: &["FRAME-RATE=30.000"],
    })
    .await;
}
