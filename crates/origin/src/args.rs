//! The command line, as typed.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Parser;

/// A Low-Latency HLS origin.
///
/// Without arguments it serves a demo stream and prints where to watch it.
#[derive(Debug, Parser)]
#[command(version, about)]
pub(crate) struct Args {
    /// Address to listen on. Whoever can reach it may publish and watch.
    #[arg(
        long,
        value_name = "ADDR",
        default_value = "127.0.0.1:8080",
        env = "LLHLS_LISTEN"
    )]
    pub(crate) listen: SocketAddr,

    /// Address to listen on with TLS, where there is a certificate.
    #[arg(
        long,
        value_name = "ADDR",
        default_value = "127.0.0.1:8443",
        env = "LLHLS_TLS_LISTEN"
    )]
    pub(crate) tls_listen: SocketAddr,

    /// Certificate chain in PEM. Read again when the file changes.
    #[arg(
        long,
        value_name = "FILE",
        requires = "tls_key",
        env = "LLHLS_TLS_CERT"
    )]
    pub(crate) tls_cert: Option<PathBuf>,

    /// Private key in PEM. Read again when the file changes.
    #[arg(
        long,
        value_name = "FILE",
        requires = "tls_cert",
        env = "LLHLS_TLS_KEY"
    )]
    pub(crate) tls_key: Option<PathBuf>,

    /// Serve TLS with a certificate made at start, for development: browsers warn of it.
    #[arg(long, conflicts_with = "tls_cert")]
    pub(crate) tls_self_signed: bool,

    /// Connections at once, over all listeners. Each needs a file descriptor.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 16_384,
        env = "LLHLS_MAX_CONNECTIONS"
    )]
    pub(crate) max_connections: usize,

    /// Connections at once from one address; behind a proxy as many as in all.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 4_096,
        env = "LLHLS_MAX_CONNECTIONS_PER_ADDRESS"
    )]
    pub(crate) max_connections_per_address: usize,

    /// Seconds that blocked requests may still wait after the signal to stop.
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 10,
        env = "LLHLS_DRAIN"
    )]
    pub(crate) drain: u64,

    /// Address to take RTMP on (OBS, hardware encoders): `rtmp://ADDR/live/NAME`. [default: port 1935
    /// of the address above, where it is free]
    #[cfg(feature = "rtmp")]
    #[arg(long, value_name = "ADDR", env = "LLHLS_RTMP")]
    pub(crate) rtmp: Option<SocketAddr>,

    /// Take no RTMP.
    #[cfg(feature = "rtmp")]
    #[arg(long, conflicts_with = "rtmp")]
    pub(crate) no_rtmp: bool,

    /// Leave out the built-in demo stream.
    #[arg(long)]
    pub(crate) no_demo: bool,

    /// Path of hls.min.js for the player page. Without it the page loads a public copy.
    #[arg(long, value_name = "FILE", env = "LLHLS_PLAYER_LIBRARY")]
    pub(crate) player_library: Option<PathBuf>,
}
