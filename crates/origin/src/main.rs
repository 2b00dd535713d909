//! The origin binary: arguments in, a server out, nothing else.

mod args;
mod descriptors;

use std::io::Write as _;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser as _;
use origin::{DEMO, Demo, Limits, Origin, OriginConfig, Server, Tls, TlsError};
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
    if let Some(library) = args.player_library.clone() {
        config = config.player_library(library);
    }
    let origin = Origin::new(config)?;
    let limits = Limits::new()
        .connections(args.max_connections)
        .connections_per_address(args.max_connections_per_address)
        .drain_time(Duration::from_secs(args.drain));
    descriptors::raise(args.max_connections);
    let mut server = Server::new(origin.service()).limits(limits);
    let mut roots = Vec::new();

    let listener = bind(args.listen).await?;
    roots.push(format!("http://{}", listener.local_addr()?));
    server = server.listen(listener);
    if let Some(tls) = tls(&args)? {
        let listener = bind(args.tls_listen).await?;
        roots.push(format!("https://{}", listener.local_addr()?));
        server = server.listen_tls(listener, tls);
    }

    // Absent encoders, and media whose time is over.
    tokio::spawn(origin.playlists().housekeeping());
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
    for root in &roots {
        // Nobody has to read it.
        if let Err(error) = announce(root, &streams) {
            tracing::warn!("the addresses could not be printed: {error}");
        }
    }
    #[cfg(feature = "rtmp")]
    take_rtmp(&args, &origin).await?;
    let drained = server.run(origin::stop_signal()).await;
    tracing::info!(cut = drained.cut, "stopped");
    Ok(())
}

/// Takes RTMP beside HTTP. Where nobody asked for it, a port that is in use is no reason to stop.
#[cfg(feature = "rtmp")]
async fn take_rtmp(args: &Args, origin: &Origin) -> Result<(), Box<dyn std::error::Error>> {
    const PORT: u16 = 1935;
    if args.no_rtmp {
        return Ok(());
    }
    // Whoever lets the system choose one port wants the other one chosen too.
    let port = if args.listen.port() == 0 { 0 } else { PORT };
    let usual = SocketAddr::new(args.listen.ip(), port);
    let listener = match (bind(args.rtmp.unwrap_or(usual)).await, args.rtmp) {
        (Ok(listener), _) => listener,
        (Err(error), Some(_)) => return Err(error.into()),
        (Err(error), None) => {
            tracing::warn!("no RTMP: {error}; --rtmp ADDR chooses another");
            return Ok(());
        }
    };
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "RTMP       rtmp://{}/live/NAME",
        listener.local_addr()?
    )?;
    out.flush()?;
    let origin = origin.clone();
    tokio::spawn(async move {
        let served = origin::serve_rtmp(&origin, listener, origin::stop_signal()).await;
        if let Err(error) = served {
            tracing::error!("RTMP stopped: {error}");
        }
    });
    Ok(())
}

async fn bind(address: SocketAddr) -> Result<TcpListener, String> {
    TcpListener::bind(address)
        .await
        .map_err(|error| format!("cannot listen on {address}: {error}"))
}

fn tls(args: &Args) -> Result<Option<Tls>, TlsError> {
    if args.tls_self_signed {
        let mut names = vec![
            "localhost".to_owned(),
            "127.0.0.1".to_owned(),
            "::1".to_owned(),
        ];
        let address = args.tls_listen.ip();
        if !address.is_unspecified() && !address.is_loopback() {
            names.push(address.to_string());
        }
        return Tls::self_signed(names).map(Some);
    }
    match (&args.tls_cert, &args.tls_key) {
        (Some(certificate), Some(key)) => Tls::from_files(certificate, key).map(Some),
        _ => Ok(None),
    }
}

/// Prints where to watch, one URL a line.
fn announce(root: &str, streams: &[&str]) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "Player     {root}/")?;
    for stream in streams {
        let path = origin::multivariant_path(stream);
        writeln!(out, "Stream     {root}{path}")?;
    }
    out.flush()
}
