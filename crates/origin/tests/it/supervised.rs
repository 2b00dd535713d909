//! The binary under a service manager: one that is told, and one that asks.

use std::process::Stdio;
use std::time::Duration;

#[cfg(feature = "rtmp")]
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
#[cfg(feature = "rtmp")]
use tokio::net::TcpStream;
use tokio::net::{TcpListener, UnixDatagram};
use tokio::process::{Child, Command};

/// Longer than anything here takes on a busy machine.
const LONG: Duration = Duration::from_secs(30);

#[tokio::test]
async fn the_service_manager_hears_of_serving_of_life_and_of_the_end() {
    let folder = std::env::temp_dir().join(format!("origin-notify-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("notify");
    let told = UnixDatagram::bind(&path).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_origin"))
        .args(["--listen", "127.0.0.1:0"])
        .env("NOTIFY_SOCKET", &path)
        // The watchdog wants a word each 100 ms.
        .env("WATCHDOG_USEC", "100000")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();

    assert_eq!(next(&told).await, "READY=1");
    for _ in 0..3 {
        assert_eq!(next(&told).await, "WATCHDOG=1");
    }
    terminate(&child);
    while next(&told).await != "STOPPING=1" {}
    let status = tokio::time::timeout(LONG, child.wait()).await.unwrap();
    assert!(status.unwrap().success());
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn health_is_asked_of_the_listener_that_the_configuration_names() {
    // The listener for operators comes first, then the public one.
    for (key, other) in [
        ("operations.listen", "server.listen"),
        ("server.listen", "server.tls_listen"),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(async move {
            for status in ["200 OK", "503 Service Unavailable"] {
                let (mut connection, _) = listener.accept().await.unwrap();
                let mut head = [0; 1024];
                let length = connection.read(&mut head).await.unwrap();
                assert!(head[..length].starts_with(b"GET /readyz HTTP/1.1\r\n"));
                let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 6\r\n\r\nwords\n");
                connection.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        let health = || {
            Command::new(env!("CARGO_BIN_EXE_origin"))
                .args(["--set", &format!("{key}={address}")])
                .args(["--set", &format!("{other}=127.0.0.1:1"), "health"])
                .output()
        };
        let good = health().await.unwrap();
        assert!(good.status.success(), "{good:?}");
        assert_eq!(good.stdout, b"words\n");
        let bad = health().await.unwrap();
        assert_eq!(bad.status.code(), Some(1));
        let said = String::from_utf8(bad.stderr).unwrap();
        assert!(said.contains("503 Service Unavailable: words"), "{said}");
        server.await.unwrap();
        let gone = health().await.unwrap();
        assert_eq!(gone.status.code(), Some(1), "nobody listens any more");
    }
}

/// Stopped while somebody waits for a part that an encoder has not sent yet.
#[cfg(feature = "rtmp")]
#[tokio::test]
async fn rtmp_encoders_feed_those_who_wait_until_the_end() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_origin"))
        .args(["--listen", "127.0.0.1:0", "--no-demo"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut place = async |name: &str| loop {
        let line = lines.next_line().await.unwrap().unwrap();
        if line.starts_with(name) {
            let url = line.split_whitespace().nth(1).unwrap();
            return url.split('/').nth(2).unwrap().to_owned();
        }
    };
    let viewers = place("Player").await;
    let encoders = place("RTMP").await;
    let operators = place("Status").await;
    let _encoder = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-re", "-f", "lavfi", "-i"])
        .args(["testsrc2=size=160x90:rate=30", "-c:v", "libx264"])
        .args(["-preset", "ultrafast", "-tune", "zerolatency", "-g", "30"])
        .args(["-pix_fmt", "yuv420p", "-f", "flv"])
        .arg(format!("rtmp://{encoders}/live/show"))
        .kill_on_drop(true)
        .spawn()
        .unwrap();

    let path = "/live/show/video/media.m3u8";
    let playlist = until(&viewers, path, "#EXT-X-PART:").await;
    let last = playlist.split("llhls-last-part: ").nth(1).unwrap();
    let msn: u64 = last.split('.').next().unwrap().parse().unwrap();
    // The segment after the next: nothing that is under way already will do.
    let soon = format!("{path}?_HLS_msn={}", msn + 1);
    let waiting = tokio::spawn({
        let viewers = viewers.clone();
        async move { get(&viewers, &soon).await }
    });
    until(&operators, "/api/streams", "\"waiting\":1").await;
    terminate(&child);
    let answer = tokio::time::timeout(LONG, waiting).await.unwrap().unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("#EXT-X-PART:"), "{answer}");
    let status = tokio::time::timeout(LONG, child.wait()).await.unwrap();
    assert!(status.unwrap().success());
}

/// An answer as it came, with its head.
#[cfg(feature = "rtmp")]
async fn get(place: &str, path: &str) -> String {
    let mut connection = TcpStream::connect(place).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: {place}\r\nconnection: close\r\n\r\n");
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

/// Asks until the answer has these words.
#[cfg(feature = "rtmp")]
async fn until(place: &str, path: &str, words: &str) -> String {
    let asking = async {
        loop {
            let answer = get(place, path).await;
            if answer.contains(words) {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let answer = tokio::time::timeout(LONG, asking).await;
    answer.unwrap_or_else(|_| panic!("{path} never had {words}"))
}

fn terminate(child: &Child) {
    let pid = i32::try_from(child.id().unwrap()).unwrap();
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
}

async fn next(told: &UnixDatagram) -> String {
    let mut word = [0; 256];
    let length = tokio::time::timeout(LONG, told.recv(&mut word)).await;
    let length = length.expect("the manager is told within LONG").unwrap();
    String::from_utf8_lossy(&word[..length]).trim().to_owned()
}
