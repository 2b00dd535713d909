//! The origin binary: a configuration in, a server out, nothing else.

mod args;
mod descriptors;
mod probe;
mod supervisor;

use std::io::{IsTerminal as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use clap::Parser as _;
use origin::config::{Config, Layers, LogFormat};
use origin::{DEMO, Demo, Limits, Origin, Server, access};
use tokio::net::{TcpListener, TcpSocket};
use tracing_subscriber::EnvFilter;

use crate::args::{Args, Command};

/// Keeps less of what a crowd took, whichever thread served it: the C library's allocator on Linux
/// has a heap for each (docs/performance.md, "The origin").
#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Why it does not run, for the operator.
type Failure = Box<dyn std::error::Error>;

/// How long the disk may take at the end for what is queued.
const STORING: Duration = Duration::from_secs(5);

/// Connections of those who watch over the server.
const OPERATORS: usize = 256;

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(error);
            ExitCode::FAILURE
        }
    }
}

async fn run(args: &Args) -> Result<(), Failure> {
    let mut out = std::io::stdout();
    if let Some(Command::PrintConfig { reference }) = args.command {
        let text = if reference {
            origin::config::reference()
        } else {
            origin::config::default_file()
        };
        write!(out, "{text}")?;
        return Ok(());
    }
    let (config, strange) = configuration(args)?;
    match &args.command {
        None | Some(Command::Serve) => {
            log(&config);
            for warning in strange {
                tracing::warn!("{warning}");
            }
            serve(&config).await
        }
        Some(Command::Check) => {
            for warning in strange {
                complain(warning);
            }
            let _certificate_is_good = config.tls()?;
            write!(out, "{}", summary(&config))?;
            Ok(())
        }
        Some(Command::Health) => {
            write!(out, "{}", probe::ready(&config).await?)?;
            Ok(())
        }
        Some(Command::Sign { stream, lasting }) => {
            writeln!(out, "{}", sign(&config, stream, **lasting)?)?;
            Ok(())
        }
        Some(Command::PrintConfig { .. }) => Ok(()),
    }
}

/// The file, the environment over it, the flags over both; and what in the environment is strange.
fn configuration(args: &Args) -> Result<(Config, Vec<String>), Failure> {
    let mut layers = Layers::new();
    if let Some(path) = &args.settings.config {
        layers
            .file(path)
            .map_err(|error| format!("{}: {error}", path.display()))?;
    }
    // What is not Unicode is no value of ours.
    let variables = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| name != "LLHLS_CONFIG");
    let strange = layers.environment(variables);
    args.settings.apply(&mut layers)?;
    Ok((layers.build()?, strange))
}

fn log(config: &Config) {
    // RUST_LOG wins, for those who are used to it. The filter was checked with the rest.
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(&config.log.filter));
    // Standard output is for the URLs, which scripts read.
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        // Colours are for people, not for a journal.
        .with_ansi(std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none())
        // A closed pipe must not end what it was to be told of.
        .log_internal_errors(false)
        .with_writer(std::io::stderr);
    match config.log.format {
        LogFormat::Json => lines.json().flatten_event(true).init(),
        _ => lines.init(),
    }
}

/// What the configuration comes to.
fn summary(config: &Config) -> String {
    format!(
        "{}A rendition may have up to {} kbit/s.\n",
        config.worst_case(),
        config.highest_bit_rate() / 1000
    )
}

fn sign(config: &Config, stream: &str, lasting: std::time::Duration) -> Result<String, Failure> {
    let secret = config.access.token_keys.0.first();
    let secret = secret.ok_or("access.token_keys is empty: there is nothing to sign with")?;
    let streams = access::StreamPattern::parse(stream).ok_or_else(|| {
        format!("{stream} is no name of a stream, nor the beginning of names and a *")
    })?;
    Ok(access::sign(secret, &streams, SystemTime::now() + lasting))
}

async fn serve(config: &Config) -> Result<(), Failure> {
    // First of all, so that no signal comes too early to be heard.
    let told = origin::stop_signal();
    for line in summary(config).lines() {
        tracing::info!("{line}");
    }
    let origin = Origin::new(config.origin_config())?;
    let limits = config.limits();
    descriptors::raise(config.server.connections);
    let mut server = Server::new(origin.service())
        .limits(limits)
        .watched_by(&origin);
    let mut roots = Vec::new();

    let listener = bind(config.server.listen)?;
    roots.push(format!("http://{}", listener.local_addr()?));
    server = server.listen(listener);
    if let Some(tls) = config.tls()? {
        let listener = bind(config.server.tls_listen)?;
        roots.push(format!("https://{}", listener.local_addr()?));
        server = server.listen_tls(listener, tls);
    }

    // Absent encoders, and media whose time is over.
    tokio::spawn(origin.playlists().housekeeping());
    let observing = origin.clone();
    tokio::spawn(async move { observing.observe().await });
    let mut streams = Vec::new();
    if config.streams.demo {
        let mut demo = Demo::open(&origin)?;
        streams.push(DEMO);
        tokio::spawn(async move {
            if let Err(error) = demo.run().await {
                tracing::error!("the demo stream stopped: {error}");
            }
        });
    }
    for root in &roots {
        announce(root, &streams);
    }
    // What encoders send feeds those who wait at the end, so theirs comes after the viewers'.
    #[cfg(feature = "rtmp")]
    let (drained_of_viewers, without_viewers) = tokio::sync::oneshot::channel::<()>();
    #[cfg(feature = "rtmp")]
    let encoders = take_rtmp(config, &origin, without_viewers).await?;
    // Operators see the end too: their listener closes when the other one has.
    let (ended, end) = tokio::sync::oneshot::channel::<()>();
    let watching = operations(config, &origin, end).await?;
    let leaving = origin.clone();
    let stop = async move {
        told.await;
        supervisor::stopping();
        leaving.leave();
    };
    // What the listeners have not accepted yet, they keep: whoever comes from now on is answered.
    supervisor::serving();
    let drained = server.run(stop).await;
    tracing::info!(cut = drained.cut, "stopped");
    #[cfg(feature = "rtmp")]
    {
        drop(drained_of_viewers);
        if let Some(encoders) = encoders {
            encoders.await?;
        }
    }
    // What is closed by now is recorded, if the disk lets it.
    if tokio::time::timeout(STORING, origin.recorded())
        .await
        .is_err()
    {
        tracing::warn!("stopped before everything was recorded");
    }
    drop(ended);
    if let Some(watching) = watching {
        watching.await?;
    }
    Ok(())
}

/// Takes RTMP beside HTTP until `end`. Where nobody asked for it, a port that is in use is no reason
/// to stop.
#[cfg(feature = "rtmp")]
async fn take_rtmp(
    config: &Config,
    origin: &Origin,
    end: tokio::sync::oneshot::Receiver<()>,
) -> Result<Option<tokio::task::JoinHandle<()>>, Failure> {
    const PORT: u16 = 1935;
    let server = &config.server;
    if !server.rtmp {
        return Ok(None);
    }
    // Whoever lets the system choose one port wants the other one chosen too.
    let port = if server.listen.port() == 0 { 0 } else { PORT };
    let usual = SocketAddr::new(server.listen.ip(), port);
    let bound = bind(server.rtmp_listen.unwrap_or(usual));
    let listener = match (bound, server.rtmp_listen) {
        (Ok(listener), _) => listener,
        (Err(error), Some(_)) => return Err(error.into()),
        (Err(error), None) => {
            tracing::warn!("no RTMP: {error}; server.rtmp_listen chooses another address");
            return Ok(None);
        }
    };
    print([format!(
        "RTMP       rtmp://{}/live/NAME",
        listener.local_addr()?
    )]);
    let origin = origin.clone();
    let end = async {
        // Either way the other server has ended.
        let _ = end.await;
    };
    let serving = tokio::spawn(async move {
        let served = origin::serve_rtmp(&origin, listener, end).await;
        if let Err(error) = served {
            tracing::error!("RTMP stopped: {error}");
        }
    });
    Ok(Some(serving))
}

/// Serves the status page, metrics and health on a listener of their own until `end`. Where nobody
/// chose its address, a port that is in use is no reason to stop.
async fn operations(
    config: &Config,
    origin: &Origin,
    end: tokio::sync::oneshot::Receiver<()>,
) -> Result<Option<tokio::task::JoinHandle<()>>, Failure> {
    const PORT: u16 = 9464;
    let chosen = config.operations.listen;
    if !config.operations.enabled {
        return Ok(None);
    }
    // Whoever lets the system choose one port wants the other one chosen too.
    let port = if config.server.listen.port() == 0 {
        0
    } else {
        PORT
    };
    let usual = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let listener = match (bind(chosen.unwrap_or(usual)), chosen) {
        (Ok(listener), _) => listener,
        (Err(error), Some(_)) => return Err(error.into()),
        (Err(error), None) => {
            tracing::warn!("no status page: {error}; operations.listen chooses another address");
            return Ok(None);
        }
    };
    let address = listener.local_addr()?;
    print([format!("Status     http://{address}/status")]);
    tracing::info!("status on http://{address}/status");
    let limits = Limits::new()
        .connections(OPERATORS)
        .connections_per_address(OPERATORS)
        .drain_time(Duration::ZERO);
    let server = Server::new(origin::sight::operations(origin, config.operators_hosts()))
        .limits(limits)
        .listen(listener);
    let end = async {
        // Either way the other server has ended.
        let _ = end.await;
    };
    let serving = tokio::spawn(async move {
        server.run(end).await;
    });
    Ok(Some(serving))
}

/// How many connections may wait to be accepted: an audience comes back at once.
const BACKLOG: u32 = 4_096;

fn bind(address: SocketAddr) -> Result<TcpListener, String> {
    listen(address).map_err(|error| format!("cannot listen on {address}: {error}"))
}

fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // As `TcpListener::bind` does: a restart need not wait for the connections before it.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Prints where to watch, one URL a line.
fn announce(root: &str, streams: &[&str]) {
    let streams = streams.iter().map(|stream| {
        let path = origin::multivariant_path(stream);
        format!("Stream     {root}{path}")
    });
    print(std::iter::once(format!("Player     {root}/")).chain(streams));
}

/// Prints lines for whoever started the server. Nobody has to read them: a closed pipe ends nothing.
fn print(lines: impl IntoIterator<Item = String>) {
    let mut out = std::io::stdout().lock();
    let mut written = lines
        .into_iter()
        .try_for_each(|line| writeln!(out, "{line}"));
    written = written.and_then(|()| out.flush());
    if let Err(error) = written {
        tracing::warn!("the addresses could not be printed: {error}");
    }
}

/// The same for what goes wrong before there is a log.
fn complain(message: impl std::fmt::Display) {
    // Where nobody listens, the exit status still says it.
    let _ = writeln!(std::io::stderr(), "{message}");
}
