//! The binary under a service manager that wants to be told.

use std::process::Stdio;
use std::time::Duration;

use tokio::net::UnixDatagram;
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

async fn next(told: &UnixDatagram) -> String {
    let mut word = [0; 256];
    let length = tokio::time::timeout(LONG, told.recv(&mut word)).await;
    let length = length.expect("the manager is told within LONG").unwrap();
    String::from_utf8_lossy(&word[..length]).trim().to_owned()
}
