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

    /// Leave out the built-in demo stream.
    #[arg(long)]
    pub(crate) no_demo: bool,

    /// Path of hls.min.js for the player page. Without it the page loads a public copy.
    #[arg(long, value_name = "FILE", env = "LLHLS_PLAYER_LIBRARY")]
    pub(crate) player_library: Option<PathBuf>,
}
