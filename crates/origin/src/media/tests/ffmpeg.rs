//! Running ffmpeg and ffprobe. They are needed, not optional: a test that skips itself proves nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

/// A file that goes when the test ends.
#[derive(Debug)]
pub(crate) struct TempFile(PathBuf);

impl TempFile {
    pub(crate) fn new(extension: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("origin-media-{}-{number}.{extension}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    pub(crate) fn with(extension: &str, bytes: &[u8]) -> Self {
        let file = Self::new(extension);
        fs::write(&file.0, bytes).expect("the temporary directory can be written");
        file
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        // It may never have been written.
        let _ = fs::remove_file(&self.0);
    }
}

fn run(program: &str, arguments: &[&str]) -> Output {
    Command::new(program).args(arguments).output().unwrap_or_else(|error| {
        panic!("{program} cannot be run ({error}); these tests need it: on Debian, `apt-get install ffmpeg`")
    })
}

/// Runs ffmpeg and gives its standard output; panics with its words unless it succeeds without a warning.
pub(crate) fn ffmpeg(arguments: &str) -> Vec<u8> {
    ffmpeg_at("warning", arguments)
}

/// The same for an encoder, whose warnings about its own settings are not our affair.
pub(crate) fn ffmpeg_encoder(arguments: &str) -> Vec<u8> {
    ffmpeg_at("error", arguments)
}

fn ffmpeg_at(level: &str, arguments: &str) -> Vec<u8> {
    let mut all = vec!["-hide_banner", "-nostdin", "-v", level];
    all.extend(arguments.split_whitespace());
    let output = run("ffmpeg", &all);
    let words = String::from_utf8_lossy(&output.stderr);
    let is_silent = words.is_empty() || level == "error";
    assert!(
        output.status.success() && is_silent,
        "ffmpeg {arguments}\n{words}"
    );
    output.stdout
}

/// A generated stream of fMP4: `inputs`, `codecs` and `muxing` are ffmpeg options.
pub(crate) fn encode(inputs: &str, codecs: &str, muxing: &str) -> Vec<u8> {
    ffmpeg_encoder(&format!("{inputs} {codecs} {muxing} -f mp4 pipe:1"))
}

/// Decodes a file to the end, without an error or a warning, and counts the frames of its first stream.
pub(crate) fn decoded_frames(file: &Path) -> u64 {
    let path = file.to_str().expect("a temporary path is UTF-8");
    ffmpeg(&format!("-i {path} -f null -"));
    let output = run(
        "ffprobe",
        &[
            "-v",
            "error",
            "-count_frames",
            "-show_entries",
            "stream=nb_read_frames",
            "-of",
            "csv=p=0",
            path,
        ],
    );
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(words.is_empty(), "ffprobe {path}\n{words}");
    String::from_utf8_lossy(&output.stdout)
        .trim()
        .parse()
        .expect("a number of frames")
}

/// One coded packet as ffmpeg sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Packet {
    /// Ticks.
    pub(crate) dts: i64,
    /// Ticks.
    pub(crate) pts: i64,
    /// Hash of its bytes.
    pub(crate) hash: String,
}

/// The packets of a stream (`v:0`, `a:0`) of a file, in the stream's own clock.
pub(crate) fn packets(file: &Path, stream: &str) -> Vec<Packet> {
    let path = file.to_str().expect("a temporary path is UTF-8");
    let output = run(
        "ffprobe",
        &[
            "-v",
            "error",
            "-select_streams",
            stream,
            "-show_data_hash",
            "MD5",
            "-show_entries",
            "packet=pts,dts,data_hash",
            "-of",
            "compact=p=0:nk=1",
            path,
        ],
    );
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(words.is_empty(), "ffprobe {path}\n{words}");
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| {
            let fields: Vec<&str> = line.split('|').collect();
            let number = |at: usize| fields[at].parse().unwrap_or_else(|_| panic!("{line}"));
            Packet {
                pts: number(0),
                dts: number(1),
                hash: fields[2].to_owned(),
            }
        })
        .collect()
}
