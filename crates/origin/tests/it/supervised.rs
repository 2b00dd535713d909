//! The binary under a service manager: one that is told, and one that asks.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, UnixDatagram};
use tokio::process::Command;

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
    let pid = i32::try_from(child.id().unwrap()).unwrap();
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
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

async fn next(told: &UnixDatagram) -> String {
    let mut word = [0; 256];
    let length = tokio::time::timeout(LONG, told.recv(&mut word)).await;
    let length = length.expect("the manager is told within LONG").unwrap();
    String::from_utf8_lossy(&word[..length]).trim().to_owned()
}
