//! What the playlist names beyond H.264 and AAC: each codec by a real encoder, with the name that RFC 6381 and
//! the registrations that extend it give to exactly this stream.

use super::{CMAF, Case, check};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hevc_with_b_frames_and_opus() {
    check(Case {
        source: "-f lavfi -i testsrc2=size=160x90:rate=30000/1001:duration=2 \
                 -f lavfi -i sine=sample_rate=48000:duration=2 \
                 -c:v libx265 -preset ultrafast -x265-params log-level=none:bframes=2:keyint=30:scenecut=0 \
                 -pix_fmt yuv420p -tag:v hvc1 -c:a libopus",
        muxer: CMAF,
        renditions: &[("video", "v:0"), ("audio", "a:0")],
        // Main profile, level 1.0, main tier; progressive frames of frames only.
        says: &[
            "CODECS=\"hvc1.1.6.L30.90,opus\"",
            "RESOLUTION=160x90",
            "FRAME-RATE=29.970",
        ],
    })
    .await;
}

/// The header is completed with them, because players start with it (FMT-14).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hevc_of_ten_bits_with_parameter_sets_in_band() {
    check(Case {
        source: "-f lavfi -i testsrc2=size=160x90:rate=25:duration=2 \
                 -c:v libx265 -preset ultrafast -x265-params log-level=none:keyint=25:repeat-headers=1 \
                 -pix_fmt yuv420p10le -tag:v hev1",
        muxer: CMAF,
        renditions: &[("video", "v:0")],
        says: &["CODECS=\"hvc1.2.4.L30.90\"", "FRAME-RATE=25.000"],
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn av1_and_e_ac_3() {
    check(Case {
        source: "-f lavfi -i testsrc2=size=160x90:rate=25:duration=2 \
                 -f lavfi -i sine=sample_rate=48000:duration=2 \
                 -c:v libsvtav1 -preset 12 -g 25 -pix_fmt yuv420p -c:a eac3",
        muxer: CMAF,
        renditions: &[("video", "v:0"), ("audio", "a:0")],
        says: &[
            "CODECS=\"av01.0.00M.08,ec-3\"",
            "RESOLUTION=160x90",
            "FRAME-RATE=25.000",
        ],
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn av1_of_ten_bits_by_another_encoder() {
    check(Case {
        source: "-f lavfi -i testsrc2=size=160x90:rate=50:duration=1 \
                 -c:v libaom-av1 -usage realtime -cpu-used 8 -crf 40 -b:v 0 -g 50 -pix_fmt yuv420p10le",
        muxer: CMAF,
        renditions: &[("video", "v:0")],
        says: &["CODECS=\"av01.0.00M.10\"", "FRAME-RATE=50.000"],
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn vp9_and_ac_3() {
    check(Case {
        source: "-f lavfi -i testsrc2=size=160x90:rate=30:duration=2 \
                 -f lavfi -i sine=sample_rate=48000:duration=2 \
                 -c:v libvpx-vp9 -deadline realtime -cpu-used 8 -crf 40 -b:v 0 -g 30 -pix_fmt yuv420p -c:a ac3",
        muxer: CMAF,
        renditions: &[("video", "v:0"), ("audio", "a:0")],
        says: &[
            "CODECS=\"vp09.00.10.08,ac-3\"",
            "RESOLUTION=160x90",
            "FRAME-RATE=30.000",
        ],
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn opus_alone() {
    check(Case {
        source: "-f lavfi -i sine=sample_rate=48000:duration=2 -c:a libopus -frame_duration 10 -ac 2",
        muxer: CMAF,
        renditions: &[("audio", "a:0")],
        says: &["CODECS=\"opus\""],
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flac_and_mp3_beside_each_other() {
    check(Case {
        source: "-f lavfi -i sine=sample_rate=44100:duration=2 -f lavfi -i sine=sample_rate=48000:duration=2 \
                 -map 0 -map 1 -c:a:0 flac -strict -2 -c:a:1 libmp3lame",
        muxer: "-strict -2 -movflags +cmaf+delay_moov -frag_duration 200000",
        renditions: &[("audio", "a:0"), ("audio_2", "a:1")],
        says: &["fLaC", "mp4a.6B"],
    })
    .await;
}
