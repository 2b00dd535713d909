//! The binary as a process: closed pipes, a second one beside it, a kill, a full disk.

use std::ffi::OsStr;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode};
use playlist_oracle::Media;
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};
use tokio::time::timeout;

use crate::client::{Answer, Client, Place, Transport};
use crate::support::Identity;

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

const ORIGIN: &str = env!("CARGO_BIN_EXE_origin");

/// Ports of the system's choice.
const PORTS: [&str; 2] = ["--listen=127.0.0.1:0", "--operations-listen=127.0.0.1:0"];

fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    command
}

/// A pipe that nobody reads.
fn nobody() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

/// What a process says, line by line.
struct Said<R> {
    lines: Lines<BufReader<R>>,
    heard: Vec<String>,
}

impl<R: AsyncRead + Unpin> Said<R> {
    fn by(pipe: R) -> Self {
        Self {
            lines: BufReader::new(pipe).lines(),
            heard: Vec::new(),
        }
    }

    /// Waits for a line with `start` in it, unless it was heard already, and gives the rest of that.
    async fn after(&mut self, start: &str) -> String {
        let rest = |line: &String| Some(line.split_once(start)?.1.to_owned());
        if let Some(rest) = self.heard.iter().find_map(rest) {
            return rest;
        }
        let listening = async {
            while let Some(line) = self.lines.next_line().await.unwrap() {
                self.heard.push(line);
                if let Some(rest) = self.heard.last().and_then(rest) {
                    return rest;
                }
            }
            panic!("no {start} in {:#?}", self.heard);
        };
        let said = timeout(PATIENCE, listening).await;
        said.unwrap_or_else(|_| panic!("no {start} in time"))
    }
}

/// Where an URL points to.
fn address(url: &str) -> SocketAddr {
    let url = url.trim().trim_start_matches("http://");
    url.split('/').next().unwrap().parse().unwrap()
}

fn client(transport: Transport, address: SocketAddr) -> Client {
    let place = Place {
        clear: address,
        tls: address,
        trusted: Arc::clone(&Identity::new().trusted),
    };
    Client::new(transport, place)
}

async fn get(address: SocketAddr, path: &str) -> Answer {
    let client = client(Transport::H1, address);
    let answer = client.request(Method::GET, path, &[], Bytes::new());
    timeout(PATIENCE, answer).await.expect("an answer in time")
}

async fn text(address: SocketAddr, path: &str) -> String {
    let answer = get(address, path).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}");
    String::from_utf8(answer.body.to_vec()).unwrap()
}

async fn stop(mut child: Child) -> ExitStatus {
    let id = i32::try_from(child.id().expect("it runs")).unwrap();
    kill_process(Pid::from_raw(id).unwrap(), Signal::TERM).unwrap();
    let ended = timeout(PATIENCE, child.wait()).await;
    ended.expect("it ends in time").unwrap()
}

#[tokio::test]
async fn a_closed_standard_output_ends_nothing() {
    let mut origin = command(ORIGIN);
    origin.args(PORTS).stdout(nobody()).stderr(Stdio::piped());
    let mut child = origin.spawn().unwrap();
    let mut log = Said::by(child.stderr.take().unwrap());
    let operators = address(&log.after("status on ").await);
    assert_eq!(text(operators, "/healthz").await, "healthy\n");
    assert!(stop(child).await.success());
}

#[tokio::test]
async fn a_closed_standard_error_ends_nothing() {
    let mut origin = command(ORIGIN);
    origin.args(PORTS).stdout(Stdio::piped()).stderr(nobody());
    // Each request is a line that nobody takes.
    origin.arg("--set=log.filter=trace");
    let mut child = origin.spawn().unwrap();
    let mut out = Said::by(child.stdout.take().unwrap());
    let public = address(&out.after("Player").await);
    for _ in 0..3 {
        text(public, "/live/demo/index.m3u8").await;
    }
    assert!(stop(child).await.success());

    let mut origin = command(ORIGIN);
    origin.args(["check", "--listen=nowhere"]).stderr(nobody());
    let status = origin.status().await.unwrap();
    assert_eq!(status.code(), Some(1), "an error, and no panic");
}

async fn run(arguments: &[&str]) -> Output {
    let mut origin = command(ORIGIN);
    let running = origin
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .output();
    timeout(PATIENCE, running).await.expect("it ends").unwrap()
}

/// What is printed is a configuration, and is what the server would do by itself.
#[tokio::test]
async fn what_print_config_prints_checks_like_no_file_at_all() {
    let printed = run(&["print-config"]).await;
    assert!(printed.status.success());
    let folder = Folder::new();
    std::fs::create_dir_all(&folder.0).unwrap();
    let path = folder.0.join("origin.toml");
    std::fs::write(&path, &printed.stdout).unwrap();
    let from_file = run(&["--config", path.to_str().unwrap(), "check"]).await;
    let without = run(&["check"]).await;
    assert!(from_file.status.success() && without.status.success());
    assert_eq!(from_file.stdout, without.stdout);
    assert!(String::from_utf8_lossy(&without.stdout).starts_with("Memory at worst "));

    // A flag over the environment over the file.
    std::fs::write(
        &path,
        "[memory]\ntotal = \"3GiB\"\nper_rendition = \"1GiB\"\n",
    )
    .unwrap();
    let said = async |variable: Option<&str>, flag: Option<&str>| {
        let mut origin = command(ORIGIN);
        origin.env("LLHLS_CONFIG", &path).stdout(Stdio::piped());
        origin.envs(variable.map(|value| ("LLHLS_MEMORY_TOTAL", value)));
        origin.args(flag).arg("check");
        let output = timeout(PATIENCE, origin.output()).await.unwrap().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let media = text.lines().find(|line| line.contains(" media ")).unwrap();
        media.split_once('(').unwrap().1.to_owned()
    };
    assert_eq!(said(None, None).await, "3 renditions of 1GiB)");
    assert_eq!(said(Some("4GiB"), None).await, "4 renditions of 1GiB)");
    let flag = Some("--set=memory.total=5GiB");
    assert_eq!(said(Some("4GiB"), flag).await, "5 renditions of 1GiB)");
}

#[tokio::test]
async fn an_https_hook_needs_somebody_to_be_trusted_by() {
    let mut origin = command(ORIGIN);
    origin
        .env("SSL_CERT_FILE", "/dev/null")
        .args(["--set=access.hook=https://auth.example/allow", "check"])
        .stderr(Stdio::piped());
    let output = timeout(PATIENCE, origin.output()).await.unwrap().unwrap();
    assert!(!output.status.success());
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "default: access.hook_ca: this system has no certificates of authorities to trust an https \
         hook by; install them (ca-certificates), or name a file here\n"
    );
}

/// Whatever is presented, rightly or wrongly, is on no line at any level.
#[tokio::test]
async fn no_log_line_has_a_secret() {
    const KEY: &str = "publish-key-of-some-length";
    const WRONG: &str = "another-key-of-some-length";
    let folder = Folder::new();
    std::fs::create_dir_all(&folder.0).unwrap();
    let path = folder.0.join("origin.toml");
    let file = format!(
        "[access]\nwatch = \"token\"\npublish_keys = {{ show = \"{KEY}\" }}\n\
         token_keys = [\"signing-key-of-some-length\"]\n\
         hook = \"http://127.0.0.1:1/allow?key=hook-key\"\n[log]\nfilter = \"trace\"\n"
    );
    std::fs::write(&path, file).unwrap();
    let config = ["--config", path.to_str().unwrap()];
    let token = run(&[&config[..], &["sign", "demo"]].concat()).await.stdout;
    let token = String::from_utf8(token).unwrap().trim().to_owned();
    let signature = token.rsplit('.').next().unwrap();

    let mut origin = command(ORIGIN);
    origin.args(config).args(PORTS);
    origin.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = origin.spawn().unwrap();
    let log = child.stderr.take().unwrap();
    let log = tokio::spawn(async move {
        let mut said = Said::by(log);
        while let Some(line) = said.lines.next_line().await.unwrap() {
            said.heard.push(line);
        }
        said.heard
    });
    let mut out = Said::by(child.stdout.take().unwrap());
    let public = address(&out.after("Player").await);
    for transport in [Transport::H1, Transport::H2c] {
        let client = client(transport, public);
        for (method, path, header) in [
            (Method::GET, format!("/t/{token}/live/demo/index.m3u8"), ""),
            (Method::GET, format!("/t/{token}/live/demo/none"), ""),
            (Method::GET, format!("/t/{WRONG}/live/demo/index.m3u8"), ""),
            (
                Method::GET,
                format!("/live/demo/index.m3u8?token={token}"),
                "",
            ),
            (
                Method::GET,
                "/live/demo/index.m3u8".to_owned(),
                token.as_str(),
            ),
            (Method::GET, "/live/demo/index.m3u8".to_owned(), WRONG),
            (Method::PUT, format!("/ingest/show?key={KEY}"), ""),
            (Method::PUT, format!("/ingest/show?key={WRONG}"), ""),
            (Method::PUT, "/ingest/show".to_owned(), KEY),
        ] {
            let bearer = format!("Bearer {header}");
            let headers = [("authorization", bearer.as_str())];
            let headers = if header.is_empty() { &[] } else { &headers[..] };
            let answer = client.request(method, &path, headers, Bytes::new());
            timeout(PATIENCE, answer).await.expect("an answer in time");
        }
    }
    assert!(stop(child).await.success());
    let lines = log.await.unwrap();
    assert!(
        lines
            .iter()
            .any(|line| line.contains("/live/demo/index.m3u8"))
    );
    let secrets = [KEY, WRONG, signature, "signing-key", "hook-key"];
    let told = lines
        .iter()
        .find(|line| secrets.iter().any(|secret| line.contains(secret)));
    assert_eq!(told, None);
}

/// A folder of its own, gone with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("process-{}-{number}", std::process::id());
        Self(Path::new(env!("CARGO_TARGET_TMPDIR")).join(name))
    }

    fn setting(&self) -> String {
        format!("--set=recording.directory={}", self.0.display())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Left over is no failure of a test.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A demo that is recorded, and where it is.
struct Recorded {
    child: Child,
    public: SocketAddr,
    operators: SocketAddr,
    log: Said<ChildStderr>,
}

impl Recorded {
    async fn started(mut origin: Command) -> Self {
        origin.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = origin.spawn().unwrap();
        let mut out = Said::by(child.stdout.take().unwrap());
        let mut log = Said::by(child.stderr.take().unwrap());
        let public = address(&out.after("Player").await);
        let operators = address(&log.after("status on ").await);
        Self {
            child,
            public,
            operators,
            log,
        }
    }

    async fn start(folder: &Folder) -> Self {
        let mut origin = command(ORIGIN);
        origin.args(PORTS).arg(folder.setting());
        Self::started(origin).await
    }

    /// A playlist of the sound, which has the fewest bytes.
    async fn playlist(&self, path: &str) -> Media {
        let text = text(self.public, &format!("/live/demo/audio/{path}")).await;
        playlist_oracle::assert_media_playlist(&text)
    }

    /// What viewers may rewind to, once it has what is complete now.
    async fn rewind(&self) -> Media {
        let newest = next(&self.playlist("media.m3u8").await);
        let mut dvr = self.playlist("dvr.m3u8").await;
        while next(&dvr) < newest {
            dvr = self.rewind_after(&dvr).await;
        }
        dvr
    }

    /// The same with one segment more: nobody may ask for what is far ahead.
    async fn rewind_after(&self, dvr: &Media) -> Media {
        self.playlist(&format!("dvr.m3u8?_HLS_msn={}", next(dvr)))
            .await
    }

    async fn metric(&self, name: &str) -> f64 {
        let metrics = text(self.operators, "/metrics").await;
        let mut lines = metrics.lines();
        let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.expect(name).parse().unwrap()
    }
}

/// The number behind the last segment that is whole.
fn next(media: &Media) -> u64 {
    let listed = media.segments.iter().filter(|it| !it.uri.is_empty());
    media.media_sequence + listed.count() as u64
}

#[tokio::test]
async fn a_directory_is_one_process_s_and_a_killed_one_leaves_it_free() {
    let folder = Folder::new();
    let first = Recorded::start(&folder).await;
    let before = first.rewind().await;

    let mut second = command(ORIGIN);
    second
        .args(PORTS)
        .arg(folder.setting())
        .stderr(Stdio::piped());
    let refused = timeout(PATIENCE, second.output()).await.unwrap().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8(refused.stderr).unwrap();
    let wanted = format!(
        "recording: another process ({}) records into {}\n",
        first.child.id().unwrap(),
        folder.0.display()
    );
    assert!(said.ends_with(&wanted), "{said}");

    // As `kill -9`: nothing is tidied up.
    let Recorded { mut child, .. } = first;
    child.kill().await.unwrap();
    let again = Recorded::start(&folder).await;
    let after = again.rewind().await;
    let refused = "llhls_unrecorded_segments_total{reason=\"refused\"}";
    let refused = again.metric(refused).await;
    assert!(
        refused.abs() < 0.5,
        "refused {refused}: {:#?}",
        again.log.heard
    );
    assert_eq!(
        after.media_sequence, before.media_sequence,
        "the demo is the same stream, and so is its recording"
    );
    assert!(after.segments.iter().all(|segment| !segment.gap));
    assert!(stop(again.child).await.success());
}

/// How a disk is made small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Disk {
    /// A file system of its own, in a namespace of its own: for root, and for everybody where users
    /// may have namespaces.
    Small,
    /// Where neither is allowed: files may not grow. Another error of the system, the same for
    /// everybody else.
    Limited,
}

impl Disk {
    async fn possible() -> Self {
        let mut mount = command("unshare");
        mount.args(["-Urm", "mount", "-t", "tmpfs", "none", "/tmp"]);
        match mount.status().await {
            Ok(status) if status.success() => Self::Small,
            _ => Self::Limited,
        }
    }

    /// An origin on a disk without a byte of room, until it is written a line.
    fn origin(self, folder: &Folder) -> Command {
        let script = match self {
            Self::Small => {
                "mount -t tmpfs -o size=64m none \"$1\" && exec 3<&0
                 cat /dev/zero >\"$1/filler\" 2>&-
                 { read -r _ <&3; rm \"$1/filler\"; } &"
            }
            Self::Limited => {
                "trap '' XFSZ; ulimit -S -f 0; exec 3<&0
                 { read -r _ <&3; prlimit --pid $$ --fsize=unlimited: ; } &"
            }
        };
        let mut shell = match self {
            Self::Small => {
                let mut unshare = command("unshare");
                unshare.args(["-Urm", "sh"]);
                unshare
            }
            Self::Limited => command("sh"),
        };
        let script = format!("{script}\nshift; exec \"$@\"");
        shell.args(["-c", &script, "sh"]).arg(&folder.0).arg(ORIGIN);
        shell.args(PORTS).arg(folder.setting());
        shell.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        shell.stdin(Stdio::piped());
        shell
    }
}

#[tokio::test]
async fn a_full_disk_is_told_live_goes_on_and_room_is_used_again() {
    let disk = Disk::possible().await;
    println!("a full disk by {disk:?}");
    let folder = Folder::new();
    std::fs::create_dir_all(&folder.0).unwrap();
    let mut origin = Recorded::started(disk.origin(&folder)).await;
    let mut room = origin.child.stdin.take().unwrap();

    let error = origin.log.after("recording fails, live goes on: ").await;
    let dvr = origin.rewind().await;
    assert!(dvr.segments.iter().all(|segment| segment.gap));
    let ready = text(origin.operators, "/readyz").await;
    assert!(ready.starts_with("ready\nrecording fails: "), "{ready}");
    if disk == Disk::Small {
        assert!(error.contains("no space is left"), "{error}");
        assert!(ready.contains("no space is left"), "{ready}");
    }
    assert!(origin.metric("llhls_recording_failing").await > 0.5);
    // Live has all of it.
    let live = origin.playlist("media.m3u8").await;
    assert!(live.segments.iter().all(|segment| !segment.gap));
    let newest = live.segments.iter().rev().find(|it| !it.uri.is_empty());
    let path = format!("/live/demo/audio/{}", newest.unwrap().uri);
    assert_eq!(get(origin.public, &path).await.status, StatusCode::OK);

    room.write_all(b"\n").await.unwrap();
    origin.log.after("recording goes on").await;
    // What is listed was counted before.
    let dvr = origin.rewind_after(&origin.rewind().await).await;
    assert_eq!(text(origin.operators, "/readyz").await, "ready\n");
    assert!(origin.metric("llhls_recording_failing").await < 0.5);
    assert!(!dvr.segments.last().unwrap().gap);
    assert!(
        dvr.segments.iter().any(|segment| segment.gap),
        "what was lost"
    );
    assert!(stop(origin.child).await.success());
}
