//! The origin under load, O1 to O5 of the targets, as Markdown.
//!
//! ```text
//! cargo bench -p benches --bench origin_load [-- O1 O3 … --seconds 6]
//! ```
//!
//! Servers run in processes of their own, so that their CPU time and memory are theirs alone;
//! clients and servers share the machine. The candidates of a ratio take turns, round after round.
//! With Varnish installed (`varnishd` in the path) one row has it in front.

mod client;
mod flood;
mod process;
mod server;
mod varnish;
mod viewers;

use std::time::Duration;

use process::{Child, Kind};

/// What the command line asks for.
struct Asked {
    rows: Vec<String>,
    /// How long each measurement lasts.
    time: Duration,
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
    };
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            // Ourselves, started again as a server.
            "--serve" => return server::serve(&arguments.next().expect("what to serve")),
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
    if asked.wants("O1") {
        flood::playlists(asked.time).await;
    }
    if asked.wants("O2") {
        flood::parts(asked.time).await;
    }
    if asked.wants("O3") {
        viewers::table(asked.time, &[1, 100, 1000, 2000], &[1, 100, 1000, 2000]).await;
        varnish::row(asked.time).await;
    }
    if asked.wants("O4") {
        viewers::table(asked.time, &[4000, 6000], &[3000]).await;
    }
    if asked.wants("O5") {
        memory().await;
    }
}

/// O5: what an idle stream takes.
async fn memory() {
    println!(
        "\n### O5: memory of idle streams\n\n| streams | RSS kB | kB a stream beside its media |\n|---:|---:|---:|"
    );
    const STREAMS: u64 = 1000;
    let nothing = Child::start(Kind::Idle { streams: 0 }).await.memory();
    println!("| 0 | {nothing} | |");
    let all = Child::start(Kind::Idle { streams: STREAMS }).await.memory();
    let each = all.saturating_sub(nothing) / STREAMS;
    let media = server::IDLE_MEDIA_BYTES / 1024;
    println!("| {STREAMS} | {all} | {} |", each.saturating_sub(media));
}
