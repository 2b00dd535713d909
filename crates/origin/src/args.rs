//! The command line, as typed. Every flag is a short name of a configuration key, so that a value
//! is checked in one place wherever it was given.

#![allow(
    clippy::doc_markdown,
    reason = "these comments are what --help prints, where backticks are noise"
)]

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use origin::config::Layers;

/// A Low-Latency HLS origin.
///
/// Without arguments it serves a demo stream and prints where to watch it. Whatever is not said
/// here is read from the environment (LLHLS_SECTION_KEY), then from the file, then defaulted.
#[derive(Debug, Parser)]
#[command(version, about)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    #[command(flatten)]
    pub(crate) settings: Settings,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve. What happens without a command too.
    Serve,
    /// Read the configuration, say what is wrong with it or what it means, and serve nothing.
    Check,
    /// Ask the origin that runs with this configuration whether it is ready; fail if it is not.
    Health,
    /// Print a configuration file with every key, what it means and its default.
    PrintConfig {
        /// The same as the reference in docs/configuration.md.
        #[arg(long)]
        reference: bool,
    },
    /// Print a viewer's token for a stream, signed with the first of access.token_keys.
    Sign {
        /// A name, the beginning of names and a `*`, or `*`.
        stream: String,
        /// How long the token is good, such as 2h.
        #[arg(long = "for", value_name = "DURATION", default_value = "12h")]
        lasting: humantime::Duration,
    },
}

/// Where values come from.
#[derive(Debug, clap::Args)]
pub(crate) struct Settings {
    /// Configuration file (TOML). `print-config` writes one to start from.
    #[arg(long, short, value_name = "FILE", env = "LLHLS_CONFIG", global = true)]
    pub(crate) config: Option<PathBuf>,

    /// Any key of the configuration, such as streams.part_target=500ms. May be repeated.
    #[arg(long, value_name = "SECTION.KEY=VALUE", global = true)]
    set: Vec<String>,

    /// server.listen: address for HTTP.
    #[arg(long, value_name = "ADDR", global = true)]
    listen: Option<String>,

    /// server.tls_listen: address for TLS, where there is a certificate.
    #[arg(long, value_name = "ADDR", global = true)]
    tls_listen: Option<String>,

    /// server.tls_certificate: certificate chain in PEM.
    #[arg(long, value_name = "FILE", global = true)]
    tls_cert: Option<String>,

    /// server.tls_key: its private key in PEM.
    #[arg(long, value_name = "FILE", global = true)]
    tls_key: Option<String>,

    /// server.tls_self_signed: TLS with a certificate made at start.
    #[arg(long, global = true)]
    tls_self_signed: bool,

    /// server.rtmp_listen: address to take RTMP on. [default: port 1935 of the address for HTTP, where it
    /// is free]
    #[arg(long, value_name = "ADDR", global = true)]
    rtmp: Option<String>,

    /// server.rtmp = false: take no RTMP.
    #[arg(long, conflicts_with = "rtmp", global = true)]
    no_rtmp: bool,

    /// operations.listen: address for the status page, metrics and health. [default: port 9464 of this
    /// machine alone, where it is free]
    #[arg(long, value_name = "ADDR", global = true)]
    operations_listen: Option<String>,

    /// operations.enabled = false: no status page, no metrics.
    #[arg(long, conflicts_with = "operations_listen", global = true)]
    no_operations: bool,

    /// streams.demo = false: leave out the built-in demo stream.
    #[arg(long, global = true)]
    no_demo: bool,

    /// page.player_library: a file to serve to the player page as hls.js.
    #[arg(long, value_name = "FILE", global = true)]
    player_library: Option<String>,
}

/// A `--set` without an equals sign.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NoValue(String);

impl std::fmt::Display for NoValue {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "--set {} has no value: write it as --set section.key=value",
            self.0
        )
    }
}

impl std::error::Error for NoValue {}

impl Settings {
    /// Adds all flags to `layers`.
    pub(crate) fn apply(&self, layers: &mut Layers) -> Result<(), NoValue> {
        for assignment in &self.set {
            let Some((key, value)) = assignment.split_once('=') else {
                return Err(NoValue(assignment.clone()));
            };
            layers.flag("--set", key.trim(), value);
        }
        let texts = [
            ("--listen", "server.listen", &self.listen),
            ("--tls-listen", "server.tls_listen", &self.tls_listen),
            ("--tls-cert", "server.tls_certificate", &self.tls_cert),
            ("--tls-key", "server.tls_key", &self.tls_key),
            ("--rtmp", "server.rtmp_listen", &self.rtmp),
            (
                "--operations-listen",
                "operations.listen",
                &self.operations_listen,
            ),
            (
                "--player-library",
                "page.player_library",
                &self.player_library,
            ),
        ];
        for (flag, key, value) in texts {
            if let Some(value) = value {
                layers.flag(flag, key, value);
            }
        }
        if self.tls_self_signed {
            layers.flag("--tls-self-signed", "server.tls_self_signed", "true");
        }
        if self.no_rtmp {
            layers.flag("--no-rtmp", "server.rtmp", "false");
        }
        if self.no_operations {
            layers.flag("--no-operations", "operations.enabled", "false");
        }
        if self.no_demo {
            layers.flag("--no-demo", "streams.demo", "false");
        }
        Ok(())
    }
}
