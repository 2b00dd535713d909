//! O5: what streams, connections and held requests take, and what is left of them.

use std::time::Duration;

use tokio::task::JoinSet;

use crate::client::{Coding, Connection, Protocol};
use crate::process::{Child, Kind};
use crate::server;

/// Streams that nobody watches.
const STREAMS: u64 = 1000;
/// Connections of which each holds a request.
const CONNECTIONS: usize = 2000;
/// Requests that are given up at once, and how often.
const ABORTED: usize = 1000;
const ROUNDS: usize = 10;

/// Until the server has seen what was done to it.
const SETTLED: Duration = Duration::from_millis(700);

/// A version that is still to come, and the part that begins it.
const TO_COME: [&str; 2] = [
    "/live/live/video/media.m3u8?_HLS_msn=11&_HLS_part=1&_HLS_skip=YES",
    "/live/live/video/e-11.1.m4s",
];

/// What an idle stream takes.
pub(crate) async fn streams() {
    println!(
        "\n### O5: memory of idle streams\n\n| streams | RSS kB | kB a stream beside its media |\n|---:|---:|---:|"
    );
    let nothing = Child::start(Kind::Idle { streams: 0 }).await.memory();
    println!("| 0 | {nothing} | |");
    let all = Child::start(Kind::Idle { streams: STREAMS }).await.memory();
    let each = all.saturating_sub(nothing) / STREAMS;
    let media = server::IDLE_MEDIA_BYTES / 1024;
    println!("| {STREAMS} | {all} | {} |", each.saturating_sub(media));
}

/// What a connection takes that has had a playlist and a part, and a request of it that is held.
pub(crate) async fn held() {
    println!(
        "\n### O5: memory of {CONNECTIONS} connections, idle and with a request held each\n\n| protocol | RSS kB of none | idle | held | kB a connection | kB a held request more |\n|---|---:|---:|---:|---:|---:|"
    );
    for protocol in [Protocol::H1, Protocol::H2Tls] {
        let child = Child::start(Kind::Held).await;
        // What the first request of a process costs is nobody's.
        drop(connections(&child, protocol, 4).await);
        let none = child.memory();
        let open = connections(&child, protocol, CONNECTIONS).await;
        let idle = child.memory();
        let mut asking = ask(open);
        let held = settled(&child, &mut asking).await;
        println!(
            "| {} | {none} | {idle} | {held} | {:.1} | {:.1} |",
            protocol.name(),
            each(none, idle),
            each(idle, held),
        );
    }
}

/// What is left of requests that were given up.
pub(crate) async fn aborted() {
    println!(
        "\n### O5: memory after requests that were given up while they were held\n\n| protocol | RSS kB after {ABORTED} | after {} | grown |\n|---|---:|---:|---:|",
        ABORTED * (ROUNDS + 1)
    );
    for protocol in [Protocol::H1, Protocol::H2Tls] {
        let child = Child::start(Kind::Held).await;
        // The first round makes the heap as large as a crowd needs it.
        let first = give_up(&child, protocol).await;
        let mut last = first;
        for _ in 0..ROUNDS {
            last = give_up(&child, protocol).await;
        }
        let grown = (last as f64 / first as f64 - 1.0) * 100.0;
        println!("| {} | {first} | {last} | {grown:.1} % |", protocol.name());
    }
}

/// Resident memory after one crowd came, asked and went.
async fn give_up(child: &Child, protocol: Protocol) -> u64 {
    let alone = child.descriptors();
    let mut asking = ask(connections(child, protocol, ABORTED).await);
    settled(child, &mut asking).await;
    asking.shutdown().await;
    while child.descriptors() > alone {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    child.memory()
}

/// Connections that have had a playlist and a part.
async fn connections(child: &Child, protocol: Protocol, count: usize) -> Vec<Connection> {
    let address = child.address(protocol);
    let mut open = Vec::new();
    for _ in 0..count {
        let connection = Connection::open(protocol, address).await;
        let mut connection = connection.expect("it listens");
        for path in ["/live/live/video/media.m3u8", "/live/live/video/e-10.2.m4s"] {
            let answer = connection.get(path, Coding::Gzip).await;
            assert_eq!(answer.expect("it answers").status, 200, "{path}");
        }
        open.push(connection);
    }
    open
}

/// Lets each connection ask for something that is still to come.
fn ask(connections: Vec<Connection>) -> JoinSet<()> {
    let mut asking = JoinSet::new();
    for (connection, path) in connections.into_iter().zip(TO_COME.into_iter().cycle()) {
        let mut connection = connection;
        asking.spawn(async move {
            let answer = connection.get(path, Coding::Gzip).await;
            panic!("it should be held: {answer:?}");
        });
    }
    asking
}

/// Resident memory when all of them are held.
async fn settled(child: &Child, asking: &mut JoinSet<()>) -> u64 {
    tokio::time::sleep(SETTLED).await;
    assert!(asking.try_join_next().is_none(), "a request was answered");
    child.memory()
}

fn each(before: u64, after: u64) -> f64 {
    after.saturating_sub(before) as f64 / CONNECTIONS as f64
}
