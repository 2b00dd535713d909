//! O3 and O4: viewers that behave like players, and when a part is wholly with them.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::client::{Answer, Coding, Connection, Protocol};
use crate::process::{Child, Kind};
use crate::server::{PARTS, now};

/// How long viewers may take to arrive; nothing is measured before.
const ARRIVAL: Duration = Duration::from_secs(3);
/// Those that come first and leave again, so that what the first request of a process costs is
/// nobody's.
const FIRST: usize = 4;

/// What all viewers of one run saw.
#[derive(Default)]
struct Seen {
    /// From the end of a part's media to its last byte at the viewer, in nanoseconds.
    delays: Vec<u64>,
    requests: u64,
    failures: Failures,
}

/// Why viewers gave up, and how many did for the same reason.
#[derive(Default)]
struct Failures(BTreeMap<Failure, u64>);

/// What a viewer asked for when it gave up, and what it got.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Failure {
    wanted: &'static str,
    got: Got,
}

/// What is no answer to go on with.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Got {
    /// No answer, or none that ended: the connection was refused, closed, …
    Error(String),
    Status(u16),
    /// A body that is not what was asked for.
    Strange,
}

impl From<io::Error> for Got {
    fn from(error: io::Error) -> Self {
        Self::Error(error.to_string())
    }
}

impl Failures {
    fn total(&self) -> u64 {
        self.0.values().sum()
    }

    fn add(&mut self, failure: Failure, count: u64) {
        *self.0.entry(failure).or_default() += count;
    }
}

/// The number for the table, and behind it what it is made of.
impl fmt::Display for Failures {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.total())?;
        let kinds = self.0.iter().enumerate();
        for (number, (Failure { wanted, got }, count)) in kinds {
            let before = if number == 0 { ":" } else { "," };
            write!(formatter, "{before} {count} × {wanted}: ")?;
            match got {
                Got::Error(text) => formatter.write_str(text)?,
                Got::Status(status) => write!(formatter, "{status}")?,
                Got::Strange => formatter.write_str("a strange body")?,
            }
        }
        Ok(())
    }
}

impl Seen {
    /// In milliseconds, of sorted delays.
    fn quantile(&self, q: f64) -> f64 {
        let at = (self.delays.len() as f64 * q) as usize;
        let delay = self.delays.get(at.min(self.delays.len().saturating_sub(1)));
        delay.map_or(f64::NAN, |&nanos| nanos as f64 / 1e6)
    }
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
            let address = child.address(protocol);
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
    let now = Instant::now();
    audience(protocol, address, FIRST, now, now + Duration::from_secs(1)).await;
    let alone = child.memory();
    let start = Instant::now();
    let (measure_from, end) = (start + ARRIVAL, start + ARRIVAL + time);
    let seen = tokio::spawn(audience(protocol, address, count, measure_from, end));
    tokio::time::sleep_until(measure_from.into()).await;
    let cpu = child.cpu();
    tokio::time::sleep_until(end.into()).await;
    let cpu = child.cpu() - cpu;
    let memory = child.memory();
    let seen = seen.await.expect("viewers do not panic");

    let requests = seen.requests as f64;
    println!(
        "| {count} | {name} | {:.0} | {:.1} / {:.1} | {:.0} % | {:.1} | {memory} | {:.1} | {} |",
        requests / time.as_secs_f64(),
        seen.quantile(0.5),
        seen.quantile(0.99),
        100.0 * cpu.as_secs_f64() / time.as_secs_f64(),
        cpu.as_secs_f64() * 1e6 / requests.max(1.0),
        memory.saturating_sub(alone) as f64 / count as f64,
        seen.failures,
    );
}

/// An audience without a table: of a server that somebody else started.
pub(crate) async fn watch_only(
    protocol: Protocol,
    address: SocketAddr,
    count: usize,
    time: Duration,
) {
    let from = Instant::now() + ARRIVAL;
    let seen = audience(protocol, address, count, from, from + time).await;
    println!(
        "{} requests, p50 / p99 {:.1} / {:.1} ms, {} failures",
        seen.requests,
        seen.quantile(0.5),
        seen.quantile(0.99),
        seen.failures
    );
}

/// So many viewers, spread over two thirds of the time of arrival, until `end`. Delays are sorted.
async fn audience(
    protocol: Protocol,
    address: SocketAddr,
    count: usize,
    from: Instant,
    end: Instant,
) -> Seen {
    let spread = 0.66 * from.saturating_duration_since(Instant::now()).as_secs_f64();
    let seen = Arc::new(Mutex::new(Seen::default()));
    let mut viewers = JoinSet::new();
    for number in 0..count {
        let seen = Arc::clone(&seen);
        let delay = Duration::from_secs_f64(spread * number as f64 / count as f64);
        viewers.spawn(async move {
            tokio::time::sleep(delay).await;
            let mine = watch(protocol, address, from, end).await;
            let mut all = seen.lock().expect("nobody panics with it");
            all.delays.extend(mine.delays);
            all.requests += mine.requests;
            for (failure, count) in mine.failures.0 {
                all.failures.add(failure, count);
            }
        });
    }
    while viewers.join_next().await.is_some() {}
    let mut seen = std::mem::take(&mut *seen.lock().expect("nobody panics with it"));
    seen.delays.sort_unstable();
    seen
}

/// Follows the live edge until `end`. A viewer that fails is counted and stops.
async fn watch(protocol: Protocol, address: SocketAddr, from: Instant, end: Instant) -> Seen {
    let mut seen = Seen::default();
    if let Err(failure) = follow(protocol, address, from, end, &mut seen).await {
        seen.failures.add(failure, 1);
    }
    seen
}

async fn follow(
    protocol: Protocol,
    address: SocketAddr,
    from: Instant,
    end: Instant,
    seen: &mut Seen,
) -> Result<(), Failure> {
    let failed = |wanted| move |got: Got| Failure { wanted, got };
    let connection = Connection::open(protocol, address).await;
    let mut connection = connection
        .map_err(Got::from)
        .map_err(failed("connection"))?;
    let newest = newest(&mut connection).await;
    let mut next = newest.map_err(failed("first playlist"))? + 1;
    while Instant::now() < end {
        let (msn, part) = (1 + next / PARTS, next % PARTS);
        let playlist =
            format!("/live/live/video/media.m3u8?_HLS_msn={msn}&_HLS_part={part}&_HLS_skip=YES");
        let answer = ask(&mut connection, &playlist, Coding::Gzip).await;
        answer.map_err(failed("playlist"))?;
        let media = format!("/live/live/video/e-{msn}.{part}.m4s");
        let answer = ask(&mut connection, &media, Coding::Identity).await;
        let arrived = now();
        let answer = answer.map_err(failed("part"))?;
        if answer.len < 8 {
            return Err(failed("part")(Got::Strange));
        }
        let ended = answer.first;
        // The last part may come after the end, when nobody counts the server's time any more.
        if (from..end).contains(&Instant::now()) {
            seen.requests += 2;
            seen.delays.push(arrived.saturating_sub(ended));
        }
        next += 1;
    }
    Ok(())
}

/// An answer with 200.
async fn ask(connection: &mut Connection, path: &str, coding: Coding) -> Result<Answer, Got> {
    let answer = connection.get(path, coding).await?;
    if answer.status == 200 {
        Ok(answer)
    } else {
        Err(Got::Status(answer.status))
    }
}

/// The number of the newest part: found in the playlist, as a player does.
async fn newest(connection: &mut Connection) -> Result<u64, Got> {
    let text = connection.text("/live/live/video/media.m3u8").await?;
    let read = || {
        let hint = text.rsplit_once("PRELOAD-HINT:TYPE=PART,URI=\"e-")?.1;
        let (msn, rest) = hint.split_once('.')?;
        let part = rest.split_once('.')?.0;
        let next = (msn.parse::<u64>().ok()? - 1) * PARTS + part.parse::<u64>().ok()?;
        next.checked_sub(1)
    };
    read().ok_or(Got::Strange)
}
