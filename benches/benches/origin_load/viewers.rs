//! O3 and O4: viewers that behave like players, and when a part is wholly with them.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::client::{Connection, Protocol};
use crate::process::{Child, Kind};
use crate::server::{PARTS, now};

/// How long viewers may take to arrive; nothing is measured before.
const ARRIVAL: Duration = Duration::from_secs(3);

/// What all viewers of one run saw.
#[derive(Default)]
struct Seen {
    /// From the end of a part's media to its last byte at the viewer, in nanoseconds.
    delays: Vec<u64>,
    requests: u64,
    failures: u64,
}

/// Rows for so many viewers on HTTP/1.1 and on HTTP/2 with TLS.
pub(crate) async fn table(time: Duration, h1: &[usize], h2: &[usize]) {
    println!(
        "\n### O3, O4, O5: viewers that ask for each version by blocking reload and for each part at once\n"
    );
    println!(
        "7 × 1 s, parts of 200 ms, 0.7 Mb/s, playlists as gzip deltas, a connection for each viewer.\n"
    );
    header();
    for (protocol, counts) in [(Protocol::H1, h1), (Protocol::H2Tls, h2)] {
        for &count in counts {
            let child = Child::start(Kind::Live).await;
            let address = match protocol {
                Protocol::H2Tls => child.tls,
                _ => child.clear,
            };
            row(protocol.name(), &child, protocol, address, count, time).await;
        }
    }
}

pub(crate) fn header() {
    println!(
        "| viewers | protocol | requests/s | delay p50 / p99 ms | server CPU | µs CPU a request | RSS kB | kB a viewer | failures |"
    );
    println!("|---:|---|---:|---:|---:|---:|---:|---:|---:|");
}

/// One run against `address`; CPU and memory are the child's, whoever stands in front of it.
pub(crate) async fn row(
    name: &str,
    child: &Child,
    protocol: Protocol,
    address: SocketAddr,
    count: usize,
    time: Duration,
) {
    let alone = child.memory();
    let start = Instant::now();
    let (measure_from, end) = (start + ARRIVAL, start + ARRIVAL + time);
    let seen = Arc::new(Mutex::new(Seen::default()));
    let mut viewers = JoinSet::new();
    for number in 0..count {
        let seen = Arc::clone(&seen);
        // Spread over the time of arrival, as an audience is; two thirds of it.
        let delay = ARRIVAL.mul_f64(0.66 * number as f64 / count as f64);
        viewers.spawn(async move {
            tokio::time::sleep(delay).await;
            let mine = watch(protocol, address, measure_from, end).await;
            let mut all = seen.lock().expect("nobody panics with it");
            all.delays.extend(mine.delays);
            all.requests += mine.requests;
            all.failures += mine.failures;
        });
    }
    tokio::time::sleep_until(measure_from.into()).await;
    let cpu = child.cpu();
    tokio::time::sleep_until(end.into()).await;
    let cpu = child.cpu() - cpu;
    let memory = child.memory();
    while viewers.join_next().await.is_some() {}

    let mut seen = seen.lock().expect("nobody panics with it");
    seen.delays.sort_unstable();
    let quantile = |q: f64| {
        let at = (seen.delays.len() as f64 * q) as usize;
        let delay = seen.delays.get(at.min(seen.delays.len().saturating_sub(1)));
        delay.map_or(f64::NAN, |&nanos| nanos as f64 / 1e6)
    };
    let (p50, p99) = (quantile(0.5), quantile(0.99));
    let requests = seen.requests as f64;
    println!(
        "| {count} | {name} | {:.0} | {p50:.1} / {p99:.1} | {:.0} % | {:.1} | {memory} | {:.1} | {} |",
        requests / time.as_secs_f64(),
        100.0 * cpu.as_secs_f64() / time.as_secs_f64(),
        cpu.as_secs_f64() * 1e6 / requests.max(1.0),
        memory.saturating_sub(alone) as f64 / count as f64,
        seen.failures,
    );
}

/// Follows the live edge until `end`. A viewer that fails is counted and stops.
async fn watch(protocol: Protocol, address: SocketAddr, from: Instant, end: Instant) -> Seen {
    let mut seen = Seen::default();
    if follow(protocol, address, from, end, &mut seen)
        .await
        .is_none()
    {
        seen.failures += 1;
    }
    seen
}

async fn follow(
    protocol: Protocol,
    address: SocketAddr,
    from: Instant,
    end: Instant,
    seen: &mut Seen,
) -> Option<()> {
    let mut connection = Connection::open(protocol, address).await.ok()?;
    let mut next = newest(&mut connection).await? + 1;
    while Instant::now() < end {
        let (msn, part) = (1 + next / PARTS, next % PARTS);
        let playlist =
            format!("/live/live/video/media.m3u8?_HLS_msn={msn}&_HLS_part={part}&_HLS_skip=YES");
        let (status, _) = connection.get(&playlist).await.ok()?;
        if status != 200 {
            return None;
        }
        let media = format!("/live/live/video/e-{msn}.{part}.m4s");
        let (status, bytes) = connection.get(&media).await.ok()?;
        let arrived = now();
        if status != 200 || bytes.len() < 8 {
            return None;
        }
        let ended = u64::from_be_bytes(bytes[..8].try_into().ok()?);
        if Instant::now() >= from {
            seen.requests += 2;
            seen.delays.push(arrived.saturating_sub(ended));
        }
        next += 1;
    }
    Some(())
}

/// The number of the newest part: found in the playlist, as a player does.
async fn newest(connection: &mut Connection) -> Option<u64> {
    let text = connection.text("/live/live/video/media.m3u8").await?;
    let hint = text.rsplit_once("PRELOAD-HINT:TYPE=PART,URI=\"e-")?.1;
    let (msn, rest) = hint.split_once('.')?;
    let part = rest.split_once('.')?.0;
    let next = (msn.parse::<u64>().ok()? - 1) * PARTS + part.parse::<u64>().ok()?;
    next.checked_sub(1)
}
