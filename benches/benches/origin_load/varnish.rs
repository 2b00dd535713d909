//! The same audience with Varnish between it and the origin.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::process::Command;

use crate::client::Protocol;
use crate::process::{Child, Kind};
use crate::viewers;

/// Viewers behind the cache.
const VIEWERS: usize = 1000;

/// One row, or a line that says why there is none.
pub(crate) async fn row(time: Duration) {
    let Some(program) = installed() else {
        println!(
            "\nVarnish is not installed (`apt-get install varnish`): no row with a cache in front."
        );
        return;
    };
    let child = Child::start(Kind::Live).await;
    let folder = std::env::temp_dir().join(format!("origin-load-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a temporary folder can be made");
    let front = free_address().await;
    let mut varnish = start(&program, &folder, front, child.clear);
    while TcpStream::connect(front).await.is_err() {
        assert!(
            varnish.try_wait().expect("it can be asked").is_none(),
            "Varnish ended before it listened"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    println!("\n### O3 with Varnish in front: CPU and memory are the origin's\n");
    viewers::header();
    viewers::row("h1, Varnish", &child, Protocol::H1, front, VIEWERS, time).await;
    let (asked, reached) = (
        counter(&folder, "client_req"),
        counter(&folder, "backend_req"),
    );
    println!("\nOf {asked} requests to Varnish {reached} reached the origin.");
    varnish.kill().await.expect("it runs");
    // What is left of it is the system's to clean.
    let _ = std::fs::remove_dir_all(&folder);
}

fn installed() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    folders
        .map(|folder| folder.join("varnishd"))
        .find(|program| program.is_file())
}

/// What Varnish has counted.
fn counter(folder: &Path, name: &str) -> u64 {
    let output = std::process::Command::new("varnishstat")
        .arg("-n")
        .arg(folder.join("work"))
        .args(["-1", "-f", &format!("MAIN.{name}")])
        .output()
        .expect("it comes with Varnish");
    let line = String::from_utf8_lossy(&output.stdout);
    let number = line.split_whitespace().nth(1);
    number
        .and_then(|text| text.parse().ok())
        .expect("a counter is a number")
}

async fn free_address() -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("loopback has free ports");
    listener.local_addr().expect("bound")
}

fn start(
    program: &Path,
    folder: &Path,
    front: SocketAddr,
    origin: SocketAddr,
) -> tokio::process::Child {
    let vcl = folder.join("load.vcl");
    let text = format!(
        "vcl 4.1;\nbackend origin {{ .host = \"{}\"; .port = \"{}\"; .first_byte_timeout = 60s; }}\n\
         sub vcl_backend_response {{ set beresp.grace = 0s; }}\n",
        origin.ip(),
        origin.port(),
    );
    std::fs::write(&vcl, text).expect("a temporary file can be written");
    Command::new(program)
        .args(["-F", "-s", "malloc,256m", "-j", "none"])
        .args(["-p", "thread_pool_max=5000"])
        .arg("-a")
        .arg(front.to_string())
        .arg("-f")
        .arg(&vcl)
        .arg("-n")
        .arg(folder.join("work"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("it is installed")
}
