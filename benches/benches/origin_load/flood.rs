//! O1 and O2: the same bytes from the origin and from a bare hyper handler, as fast as they come.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::client::{Connection, Protocol};
use crate::process::{Child, Kind};

/// Connections that ask without pause.
const CLIENTS: usize = 16;
/// Turns of each candidate.
const ROUNDS: usize = 5;

/// O1: playlists.
pub(crate) async fn playlists(time: Duration) {
    println!("\n### O1: a playlist that is there, keep-alive, beside a bare handler\n");
    table(time, "/live/live/video/media.m3u8").await;
}

/// O2: parts of 100 kB.
pub(crate) async fn parts(time: Duration) {
    println!("\n### O2: a part of 100 kB, beside a bare handler\n");
    table(time, "/live/live/video/e-10.2.m4s").await;
}

/// One turn of one candidate.
struct Turn {
    /// Requests a second.
    rate: f64,
    /// Microseconds of the server's CPU for each.
    cpu: f64,
}

async fn table(time: Duration, path: &'static str) {
    println!(
        "| protocol | candidate | requests/s (median) | µs CPU a request (median) | rate to bare | CPU of bare to ours |"
    );
    println!("|---|---|---:|---:|---:|---:|");
    for protocol in [Protocol::H1, Protocol::H2c] {
        let (bare, ours) = (
            Child::start(Kind::Bare).await,
            Child::start(Kind::Still).await,
        );
        check(&bare, &ours, protocol, path).await;
        let turn = time / 4;
        let (mut of_bare, mut of_ours) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            of_bare.push(flood(&bare, protocol, path, turn).await);
            of_ours.push(flood(&ours, protocol, path, turn).await);
        }
        let pairs = || of_bare.iter().zip(&of_ours);
        let rate = median(pairs().map(|(bare, ours)| ours.rate / bare.rate));
        let cpu = median(pairs().map(|(bare, ours)| bare.cpu / ours.cpu));
        let name = protocol.name();
        let line = |turns: &[Turn]| {
            let rate = median(turns.iter().map(|turn| turn.rate));
            let cpu = median(turns.iter().map(|turn| turn.cpu));
            format!("{rate:.0} | {cpu:.1}")
        };
        println!("| {name} | bare hyper | {} | 1 | 1 |", line(&of_bare));
        println!(
            "| {name} | origin | {} | {rate:.2} | {cpu:.2} |",
            line(&of_ours)
        );
    }
}

/// Both must give the same before either is timed.
async fn check(bare: &Child, ours: &Child, protocol: Protocol, path: &str) {
    let mut lengths = Vec::new();
    for child in [bare, ours] {
        let mut connection = Connection::open(protocol, child.clear)
            .await
            .expect("it listens");
        // The bare handler knows no gzip, so nobody asks for it here.
        let (status, len) = connection.count_plain(path).await.expect("it answers");
        assert_eq!(status, 200, "{path}");
        lengths.push(len);
    }
    assert_eq!(lengths[0], lengths[1], "the two do not serve the same");
}

async fn flood(child: &Child, protocol: Protocol, path: &'static str, time: Duration) -> Turn {
    let done = Arc::new(AtomicU64::new(0));
    let (start, cpu) = (Instant::now(), child.cpu());
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let (address, done) = (child.clear, Arc::clone(&done));
        clients.spawn(async move {
            let mut connection = Connection::open(protocol, address)
                .await
                .expect("it listens");
            while start.elapsed() < time {
                let (status, _) = connection.count_plain(path).await.expect("it answers");
                assert_eq!(status, 200);
                done.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    while let Some(client) = clients.join_next().await {
        client.expect("a client does not panic");
    }
    let requests = done.load(Ordering::Relaxed) as f64;
    let cpu = child.cpu() - cpu;
    Turn {
        rate: requests / start.elapsed().as_secs_f64(),
        cpu: cpu.as_secs_f64() * 1e6 / requests,
    }
}

pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
