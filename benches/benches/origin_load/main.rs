//! The origin under load, O1 to O5 of the targets, as Markdown.
//!
//! ```text
//! cargo bench -p benches --bench origin_load [-- O1 O3 … --seconds 6]
//! ```
//!
//! Each answer's status and length are asserted, and both candidates of a ratio are first shown to
//! serve the same bytes. Servers run in processes of their own, so that their CPU time and memory are theirs alone;
//! clients and servers share the machine. The candidates of a ratio take turns, round after round.
//! With Varnish installed (`apt-get install varnish`) one row of O3 has it in front; without, a
//! line says so. `varnish` asks for that row alone.
//!
//! To see a server under a profiler, start one with `--serve live`, which prints where it listens,
//! and an audience with `--watch h1 ADDRESS VIEWERS`.

mod client;
mod flood;
mod memory;
mod process;
mod server;
mod varnish;
mod viewers;

use std::net::SocketAddr;
use std::time::Duration;

use client::Protocol;

/// The allocator of the origin's binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What the command line asks for.
struct Asked {
    rows: Vec<String>,
    /// How long each measurement lasts.
    time: Duration,
    watch: Option<Watch>,
}

/// `--watch h1 127.0.0.1:8080 50`
struct Watch {
    protocol: Protocol,
    address: SocketAddr,
    viewers: usize,
}

impl Watch {
    fn read(arguments: &mut impl Iterator<Item = String>) -> Self {
        let mut next = || arguments.next().expect("--watch PROTOCOL ADDRESS VIEWERS");
        Self {
            protocol: match next().as_str() {
                "h1" => Protocol::H1,
                "h2c" => Protocol::H2c,
                _ => Protocol::H2Tls,
            },
            address: next().parse().expect("an address"),
            viewers: next().parse().expect("a number of viewers"),
        }
    }
}

impl Asked {
    fn wants(&self, row: &str) -> bool {
        self.rows.is_empty() || self.rows.iter().any(|wanted| wanted == row)
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut asked = Asked {
        rows: Vec::new(),
        time: Duration::from_secs(6),
        watch: None,
    };
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            // Ourselves, started again as a server.
            "--serve" => return server::serve(&arguments.next().expect("what to serve")),
            // Viewers alone, of a server that runs under a profiler.
            "--watch" => asked.watch = Some(Watch::read(&mut arguments)),
            "--seconds" => {
                let seconds = arguments.next().and_then(|text| text.parse().ok());
                asked.time = Duration::from_secs(seconds.expect("a number of seconds"));
            }
            // What `cargo bench` adds.
            flag if flag.starts_with('-') => {}
            row => asked.rows.push(row.to_owned()),
        }
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime needs threads");
    runtime.block_on(measure(&asked));
}

async fn measure(asked: &Asked) {
    if let Some(watch) = &asked.watch {
        viewers::watch_only(watch.protocol, watch.address, watch.viewers, asked.time).await;
        return;
    }
    if asked.wants("O1") {
        flood::playlists(asked.time).await;
    }
    if asked.wants("O2") {
        flood::parts(asked.time).await;
    }
    if asked.wants("O3") {
        viewers::table(asked.time, &[1, 100, 1000, 2000], &[1, 100, 1000, 2000]).await;
    }
    if asked.wants("O3") || asked.wants("varnish") {
        varnish::row(asked.time).await;
    }
    if asked.wants("O4") {
        viewers::table(asked.time, &[4000, 6000], &[3000]).await;
    }
    if asked.wants("O5") {
        memory::streams().await;
        memory::held().await;
        memory::aborted().await;
    }
}
