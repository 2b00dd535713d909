//! O1 and O2: the same bytes from the origin and from a bare hyper handler, as fast as they come.

use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::client::{Coding, Connection, Protocol};
use crate::process::{Child, Kind};

/// Connections that ask without pause.
const CLIENTS: usize = 16;
/// Turns of each candidate.
const ROUNDS: usize = 12;

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
        let bare = Child::start(Kind::Bare).await;
        let ours = Child::start(Kind::Still).await;
        check(&bare, &ours, protocol, path).await;
        let turn = time / 8;
        // The first turn of each is not counted: connections, caches and the heap are new.
        flood(&bare, protocol, path, turn).await;
        flood(&ours, protocol, path, turn).await;
        let (mut of_bare, mut of_ours) = (Vec::new(), Vec::new());
        for round in 0..ROUNDS {
            // Who begins takes turns too.
            if round % 2 == 0 {
                of_bare.push(flood(&bare, protocol, path, turn).await);
                of_ours.push(flood(&ours, protocol, path, turn).await);
            } else {
                of_ours.push(flood(&ours, protocol, path, turn).await);
                of_bare.push(flood(&bare, protocol, path, turn).await);
            }
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
    let mut answers = Vec::new();
    for child in [bare, ours] {
        let connection = Connection::open(protocol, child.clear).await;
        let mut connection = connection.expect("it listens");
        // The bare handler knows no gzip, so nobody asks for it here.
        let answer = connection.get(path, Coding::Identity).await;
        let answer = answer.expect("it answers");
        assert_eq!(answer.status, 200, "{path}");
        answers.push(answer);
    }
    assert_eq!(answers[0], answers[1], "the two do not serve the same");
}

async fn flood(child: &Child, protocol: Protocol, path: &'static str, time: Duration) -> Turn {
    let mut connections = Vec::new();
    for _ in 0..CLIENTS {
        let connection = Connection::open(protocol, child.clear).await;
        let mut connection = connection.expect("it listens");
        ask(&mut connection, path).await;
        connections.push(connection);
    }
    let (start, cpu) = (Instant::now(), child.cpu());
    let mut clients = JoinSet::new();
    for mut connection in connections {
        clients.spawn(async move {
            let mut done = 0_u64;
            while start.elapsed() < time {
                ask(&mut connection, path).await;
                done += 1;
            }
            done
        });
    }
    let requests: u64 = clients.join_all().await.into_iter().sum();
    let cpu = child.cpu() - cpu;
    Turn {
        rate: requests as f64 / start.elapsed().as_secs_f64(),
        cpu: cpu.as_secs_f64() * 1e6 / requests as f64,
    }
}

async fn ask(connection: &mut Connection, path: &str) {
    let answer = connection.get(path, Coding::Identity).await;
    assert_eq!(answer.expect("it answers").status, 200);
}

pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
