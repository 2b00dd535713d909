//! Clients that do wrong, and an environment that runs out of things. Where it is about memory
//! and descriptors of the server alone, the server is the binary.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use http::StatusCode;
use origin::{Limits, OriginConfig};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use tokio::task::JoinHandle;

use crate::client::{Answer, Client, Place, Transport, on_every_transport};
use crate::frames::{
    CONTINUATION, END_HEADERS, END_STREAM, Frames, GOAWAY, HEADERS, PING, RST_STREAM, SETTINGS,
    WIDEST, WINDOW_UPDATE, frame, get,
};
use crate::support::{Identity, PARTS, Server, publish, video};

on_every_transport![thousands_of_aborted_requests_leave_no_waiter];

/// The origin's binary with its demo stream.
struct Binary {
    child: Child,
    place: Place,
    /// The operators' listener.
    operators: Place,
    log: Lines<BufReader<ChildStderr>>,
    /// Kept, or the binary would write its last lines into a closed pipe.
    _output: Lines<BufReader<ChildStdout>>,
}

impl Binary {
    /// Starts it with at most `descriptors` of them.
    async fn start(descriptors: u32) -> Self {
        let script = format!("ulimit -n {descriptors} && exec \"$0\" --listen 127.0.0.1:0");
        let mut child = Command::new("sh")
            .args(["-c", &script, env!("CARGO_BIN_EXE_origin")])
            .env("NO_COLOR", "1")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = printed(&mut lines, "Player").await;
        let operators = printed(&mut lines, "Status").await;
        let log = BufReader::new(child.stderr.take().unwrap()).lines();
        let place = |address| Place {
            clear: address,
            tls: address,
            trusted: Identity::new().trusted.clone(),
        };
        Self {
            child,
            place: place(address),
            operators: place(operators),
            log,
            _output: lines,
        }
    }

    fn client(&self, transport: Transport) -> Client {
        Client::new(transport, self.place.clone())
    }

    /// Over a connection that stays.
    fn operator(&self) -> Client {
        Client::new(Transport::H2c, self.operators.clone())
    }

    fn of_proc(&self, what: &str) -> std::path::PathBuf {
        format!("/proc/{}/{what}", self.child.id().unwrap()).into()
    }

    fn descriptors(&self) -> usize {
        std::fs::read_dir(self.of_proc("fd")).unwrap().count()
    }

    /// Resident memory in KiB.
    fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(self.of_proc("status")).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let number = line.unwrap().split_whitespace().nth(1).unwrap();
        number.parse().unwrap()
    }

    fn terminate(&self) {
        let pid = i32::try_from(self.child.id().unwrap()).unwrap();
        let pid = rustix::process::Pid::from_raw(pid).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    }
}

/// The address that is printed behind a word.
async fn printed(lines: &mut Lines<BufReader<ChildStdout>>, word: &str) -> SocketAddr {
    loop {
        let line = lines.next_line().await.unwrap().unwrap();
        if line.starts_with(word) {
            let address = line.split("//").nth(1).unwrap();
            return address.split('/').next().unwrap().parse().unwrap();
        }
    }
}

/// A segment of the demo that will be there in two to four seconds.
async fn soon(client: &Client) -> String {
    let path = "/live/demo/video-720/media.m3u8";
    let playlist = client.get(path).await;
    let part = playlist.header("llhls-last-part");
    let msn: u64 = part.split_once('.').unwrap().0.parse().unwrap();
    format!("{path}?_HLS_msn={}", msn + 1)
}

/// How many requests the server holds now, as it tells operators.
async fn waiting(operator: &Client) -> u64 {
    let answer = operator.get("/api/streams").await;
    let streams: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    let renditions = streams["streams"][0]["renditions"].as_array().unwrap();
    let waiting = renditions
        .iter()
        .map(|one| one["waiting"].as_u64().unwrap());
    waiting.sum()
}

/// Blocked requests, a hundred on HTTP/1.1 and a hundred on one HTTP/2 connection. Comes back when
/// all of them wait, or with an answer among them when the machine was too slow for that.
async fn blocked(binary: &Binary, observer: &Client, operator: &Client) -> Vec<JoinHandle<Answer>> {
    let path = soon(observer).await;
    let mut requests = Vec::new();
    for transport in [Transport::H1, Transport::H2c] {
        let client = binary.client(transport);
        for _ in 0..100 {
            let (client, path) = (client.clone(), path.clone());
            requests.push(tokio::spawn(async move { client.get(&path).await }));
        }
    }
    while waiting(operator).await < 200 && !requests.iter().any(JoinHandle::is_finished) {}
    requests
}

/// SRV-18: in rounds of a hundred, so that no test needs ten thousand descriptors.
async fn thousands_of_aborted_requests_leave_no_waiter(transport: Transport) {
    let (server, _publisher) = Server::with_show_over(transport).await;
    let viewer = server.origin.playlists().viewer("show", "video").unwrap();
    let rounds = if transport == Transport::H2c { 40 } else { 5 };
    for _ in 0..rounds {
        let requests: Vec<_> = (0..100)
            .map(|_| {
                let client = server.client();
                let path = "/live/show/video/media.m3u8?_HLS_msn=12";
                tokio::spawn(async move { client.get(path).await })
            })
            .collect();
        while viewer.waiting() < 100 {
            tokio::task::yield_now().await;
        }
        for request in requests {
            request.abort();
        }
        while viewer.waiting() > 0 {
            tokio::task::yield_now().await;
        }
    }
    server.get("/live/show/video/media.m3u8").await.playlist();
}

/// Ten thousand blocked requests come and go: descriptors and memory are what they were after the
/// first thousand.
#[tokio::test]
async fn aborted_requests_leave_neither_memory_nor_descriptors() {
    let binary = Binary::start(4096).await;
    // Over connections of their own that stay, and that were there when descriptors were counted.
    let (observer, operator) = (binary.client(Transport::H2c), binary.operator());
    soon(&observer).await;
    assert_eq!(waiting(&operator).await, 0);
    let before = binary.descriptors();
    let mut after_one = 0;
    for round in 0..50 {
        for request in blocked(&binary, &observer, &operator).await {
            request.abort();
        }
        while waiting(&operator).await > 0 {}
        if round == 5 {
            after_one = binary.memory();
        }
    }
    let settled = async {
        while binary.descriptors() > before {
            tokio::task::yield_now().await;
        }
    };
    let settled = tokio::time::timeout(Duration::from_secs(20), settled).await;
    assert!(settled.is_ok(), "{} of {before}", binary.descriptors());
    let now = binary.memory();
    assert!(
        now < after_one + after_one / 4,
        "{now} KiB, {after_one} KiB after the first thousand"
    );
}

/// EMFILE: those who are there are served, and everybody again once there is room.
#[tokio::test]
async fn running_out_of_descriptors_ends_nothing() {
    let binary = Binary::start(48).await;
    let h2 = binary.client(Transport::H2c);
    let path = "/live/demo/index.m3u8";
    assert_eq!(h2.get(path).await.status, StatusCode::OK);
    let mut crowd = Vec::new();
    for _ in 0..200 {
        crowd.push(TcpStream::connect(binary.place.clear).await.unwrap());
    }
    while binary.descriptors() < 48 {
        tokio::task::yield_now().await;
    }
    assert_eq!(h2.get(path).await.status, StatusCode::OK);
    drop(crowd);
    let newcomer = binary.client(Transport::H1);
    assert_eq!(newcomer.get(path).await.status, StatusCode::OK);
}

/// SIGTERM while two hundred wait: all are answered, nothing is cut, and it is a success.
#[tokio::test]
async fn sigterm_under_load_cuts_nothing() {
    let mut binary = Binary::start(4096).await;
    let requests = blocked(&binary, &binary.client(Transport::H2c), &binary.operator()).await;
    binary.terminate();
    for request in requests {
        let answer = request.await.unwrap();
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    }
    let status = binary.child.wait().await.unwrap();
    assert!(status.success(), "{status}");
    let mut log = Vec::new();
    while let Some(line) = binary.log.next_line().await.unwrap() {
        log.push(line);
    }
    let said = log.join("\n");
    assert!(said.contains("stopped cut=0"), "{said}");
}

/// None of it is HTTP. Each is refused or ignored, and the next client is served.
#[tokio::test]
async fn garbage_harms_nobody_else() {
    let limits = Limits::new()
        .header_time(Duration::from_millis(50))
        .idle_time(Duration::from_millis(50));
    let server = Server::with(Transport::H1, limits, OriginConfig::new()).await;
    let mut publisher = server.publisher("video", video());
    publish(&mut publisher, 0..PARTS);
    let zeros = vec![0; 100_000];
    let ff = vec![0xff; 100_000];
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    let mut broken_frames = preface.clone();
    broken_frames.extend(&ff[..5000]);
    let endless_settings = [&preface[..], &b"\0\0\0\x04\0\0\0\0\0".repeat(20_000)].concat();
    let garbage: [&[u8]; 9] = [
        &zeros,
        &ff,
        b"\r\n\r\n\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /live/show/video/media.m3u8 HTTP/9.9\r\n\r\n",
        b"GET /live/show HTTP/1.1\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n",
        b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
        &broken_frames,
        &endless_settings,
    ];
    for bytes in garbage {
        for address in [server.place.clear, server.place.tls] {
            let mut socket = TcpStream::connect(address).await.unwrap();
            // Closed half-way is a good answer too.
            let _ = socket.write_all(bytes).await;
            let mut rest = Vec::new();
            let _ = socket.read_to_end(&mut rest).await;
            assert!(!rest.starts_with(b"HTTP/1.1 500"));
        }
        server.get("/live/show/video/media.m3u8").await.playlist();
    }
}

/// A client that vanished without a word: it answers no ping, so its held request is given up.
#[tokio::test]
async fn a_silent_http2_client_is_found_while_its_request_waits() {
    let limits = Limits::new().idle_time(Duration::from_millis(60));
    let server = Server::with(Transport::H1, limits, OriginConfig::new()).await;
    let mut publisher = server.publisher("video", video());
    publish(&mut publisher, 0..PARTS * 10 + 1);
    let viewer = server.origin.playlists().viewer("show", "video").unwrap();

    let socket = TcpStream::connect(server.address).await.unwrap();
    let mut silent = Frames::begin(socket, WIDEST).await;
    silent.ask("/live/show/video/media.m3u8?_HLS_msn=11").await;
    while viewer.waiting() == 0 {
        tokio::task::yield_now().await;
    }
    while viewer.waiting() > 0 {
        tokio::task::yield_now().await;
    }
}

/// One frame, as often as a socket takes it: none of it is answered without end, kept without end,
/// or felt by anybody else.
#[tokio::test]
async fn floods_of_http2_frames_harm_nobody_else() {
    let (server, _publisher) = Server::with_show().await;
    let viewer = server.origin.playlists().viewer("show", "video").unwrap();
    let blocked = get("/live/show/video/media.m3u8?_HLS_msn=11");
    let reset = |id: u32| {
        let id = 2 * id + 1;
        let ask = frame(HEADERS, END_STREAM | END_HEADERS, id, &blocked);
        [ask, frame(RST_STREAM, 0, id, &[0, 0, 0, 8])].concat()
    };
    // Without an end: the head of one request, in as many frames as anybody likes.
    let endless_head = |number: u32| match number {
        0 => frame(HEADERS, END_STREAM, 1, &blocked),
        _ => frame(
            CONTINUATION,
            0,
            1,
            b"\0\x01a\x40aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        ),
    };
    type Flood<'a> = &'a dyn Fn(u32) -> Vec<u8>;
    let floods: [(&str, Flood<'_>, bool); 6] = [
        ("pings", &|_| frame(PING, 0, 0, &[7; 8]), false),
        ("settings", &|_| frame(SETTINGS, 0, 0, &[]), false),
        (
            "windows",
            &|_| frame(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1]),
            false,
        ),
        ("requests that are taken back", &reset, true),
        ("an endless head", &endless_head, true),
        ("unknown frames", &|_| frame(0xbe, 0, 0, &[0; 64]), false),
    ];
    for (name, flood, is_fatal) in floods {
        let socket = TcpStream::connect(server.address).await.unwrap();
        let frames = Frames::begin(socket, WIDEST).await;
        let (mut reading, mut writing) = frames.stream.into_split();
        let answers = tokio::spawn(async move {
            let mut answers = Vec::new();
            let _end = reading.read_to_end(&mut answers).await;
            answers
        });
        for chunk in 0..100 {
            let frames: Vec<u8> = (0..200).flat_map(|n| flood(chunk * 200 + n)).collect();
            if writing.write_all(&frames).await.is_err() {
                break;
            }
        }
        server.get("/live/show/video/media.m3u8").await.playlist();
        drop(writing);
        let answers = answers.await.unwrap();
        if is_fatal {
            assert!(says(&answers, GOAWAY), "{name}: it was borne");
        }
        while viewer.waiting() > 0 {
            tokio::task::yield_now().await;
        }
    }
}

/// Whether there is a frame of that kind in what a server sent.
fn says(mut frames: &[u8], kind: u8) -> bool {
    while let Some((head, rest)) = frames.split_at_checked(9) {
        if head[3] == kind {
            return true;
        }
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        frames = rest.get(length..).unwrap_or_default();
    }
    false
}

/// A client that opens no window: it is given up as one is that does not read its socket.
#[tokio::test]
async fn an_answer_for_which_http2_has_no_window_is_given_up() {
    let limits = Limits::new()
        .answer_time(Duration::from_millis(40))
        // Time for a handshake; then the answer is looked after.
        .header_time(Duration::from_secs(2));
    let server = Server::with(Transport::H2Tls, limits, OriginConfig::new()).await;
    let mut publisher = server.publisher("video", video());
    publish(&mut publisher, 0..PARTS * 10);
    let socket = TcpStream::connect(server.place.tls).await.unwrap();
    let stream = server.place.shake_hands_over(socket).await.unwrap();
    let mut slow = Frames::begin(stream, 0).await;
    slow.ask("/live/show/video/e1-1.m4s").await;
    while slow.next().await.is_ok() {}
}

/// A client that says that it will send nothing more, and one whose kernel says that it is gone.
#[tokio::test]
async fn a_connection_that_is_half_closed_leaves_no_waiter() {
    let (server, _publisher) = Server::with_show().await;
    let viewer = server.origin.playlists().viewer("show", "video").unwrap();
    for is_reset in [false, true] {
        let mut socket = TcpStream::connect(server.address).await.unwrap();
        let request = "GET /live/show/video/media.m3u8?_HLS_msn=11 HTTP/1.1\r\nhost: a\r\n\r\n";
        socket.write_all(request.as_bytes()).await.unwrap();
        while viewer.waiting() == 0 {
            tokio::task::yield_now().await;
        }
        if is_reset {
            socket.set_zero_linger().unwrap();
            drop(socket);
        } else {
            socket.shutdown().await.unwrap();
            let mut rest = Vec::new();
            socket.read_to_end(&mut rest).await.unwrap();
        }
        while viewer.waiting() > 0 {
            tokio::task::yield_now().await;
        }
    }
}
