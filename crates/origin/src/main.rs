//! The origin binary: arguments in, a server out, nothing else.

mod args;

use std::io::Write as _;
use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Parser as _;
use origin::{DEMO, Demo, Origin, OriginConfig};
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

use crate::args::Args;

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    // Standard output is for the URLs, which scripts read.
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    match run(args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> Result<(), Box<dyn std::error::Error>> {
    let mut config = OriginConfig::new();
    if let Some(library) = args.player_library {
        config = config.player_library(library);
    }
    let origin = Origin::new(config)?;
    let listener = TcpListener::bind(args.listen)
        .await
        .map_err(|error| format!("cannot listen on {}: {error}", args.listen))?;
    let mut streams = Vec::new();
    if !args.no_demo {
        let mut demo = Demo::open(&origin)?;
        streams.push(DEMO);
        tokio::spawn(async move {
            if let Err(error) = demo.run().await {
                tracing::error!("the demo stream stopped: {error}");
            }
        });
    }
    announce(listener.local_addr()?, &streams)?;
    origin::serve(&origin, listener, origin::stop_signal()).await?;
    Ok(())
}

/// Prints where to watch, one URL a line.
fn announce(address: SocketAddr, streams: &[&str]) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "Player     http://{address}/")?;
    for stream in streams {
        writeln!(
            out,
            "Stream     http://{address}{}",
            origin::multivariant_path(stream)
        )?;
    }
    out.flush()
}
