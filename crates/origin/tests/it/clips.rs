//! What encoders send, cut where a test wants it.

use std::process::Command;
use std::sync::OnceLock;

/// A file of fragments that are a second long.
pub(crate) struct Clip {
    bytes: Vec<u8>,
    header: usize,
    /// Where each fragment starts, and the last one ends.
    fragments: Vec<usize>,
}

impl Clip {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        let mut fragments = Vec::new();
        let mut at = 0;
        let mut end = bytes.len();
        while at + 8 <= bytes.len() {
            let size = u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
            match &bytes[at + 4..at + 8] {
                b"moof" => fragments.push(at),
                b"mfra" => end = at,
                _ => {}
            }
            at += size.max(8);
        }
        let header = fragments[0];
        fragments.push(end);
        Self {
            bytes,
            header,
            fragments,
        }
    }

    /// Eight seconds of pictures alone, a group of pictures a second.
    pub(crate) fn demo() -> Self {
        Self::new(include_bytes!("../../demo/video-360.mp4").to_vec())
    }

    /// The same in another size.
    pub(crate) fn demo_large() -> Self {
        Self::new(include_bytes!("../../demo/video-720.mp4").to_vec())
    }

    pub(crate) fn header(&self) -> &[u8] {
        &self.bytes[..self.header]
    }

    /// Fragments, without the header.
    pub(crate) fn between(&self, from: u64, to: u64) -> Vec<u8> {
        let place = |fragment: u64| self.fragments[fragment as usize];
        self.bytes[place(from)..place(to)].to_vec()
    }

    /// The header and the first fragments.
    pub(crate) fn until(&self, to: u64) -> Vec<u8> {
        self.bytes[..self.fragments[to as usize]].to_vec()
    }

    /// Everything but the box that says that nothing follows.
    pub(crate) fn whole(&self) -> Vec<u8> {
        self.until(self.fragments.len() as u64 - 1)
    }
}

/// Twelve seconds of picture and sound with a key frame each four: by an encoder that writes its
/// settings into the first picture, and by one that keeps them to itself.
pub(crate) const GOPS_OF_FOUR_SECONDS: [fn() -> Clip; 2] = [
    || gops_of_four_seconds(""),
    || gops_of_four_seconds("-bsf:v filter_units=remove_types=6"),
];

fn gops_of_four_seconds(filter: &str) -> Clip {
    static SOURCE: OnceLock<Vec<u8>> = OnceLock::new();
    let source = SOURCE.get_or_init(|| {
        ffmpeg(
            "-f lavfi -i testsrc2=size=160x90:rate=10:duration=12 -f lavfi -i sine=duration=12 \
             -c:v libx264 -preset ultrafast -g 40 -sc_threshold 0 -c:a aac -f matroska pipe:1",
            &[],
        )
    });
    let copy = format!(
        "-i pipe:0 -c copy {filter} -f mp4 -movflags +cmaf+empty_moov -frag_duration 1000000 pipe:1"
    );
    Clip::new(ffmpeg(&copy, source))
}

/// Runs ffmpeg and gives what it wrote; panics with its words when it fails.
pub(crate) fn ffmpeg(arguments: &str, input: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    use std::process::Stdio;

    let mut child = Command::new("ffmpeg")
        .args(["-hide_banner", "-nostdin", "-v", "error"])
        .args(arguments.split_whitespace())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("these tests need ffmpeg: on Debian, `apt-get install ffmpeg`");
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // It may stop reading before the end of what it is given.
    let feeding = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    feeding.join().unwrap();
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "ffmpeg {arguments}\n{words}");
    output.stdout
}
