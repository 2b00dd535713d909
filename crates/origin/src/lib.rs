//! A Low-Latency HLS origin server, as a binary and as a library.
//!
//! Glue between well-kept libraries and the `llhls` facade, which it uses as any other program
//! would: HTTP is parsed here, fMP4 is read at the edge, a handle is called, and its outcome becomes
//! a status. No playlist text is ever parsed or written here.
//!
//! ```text
//!   PUT /ingest/…  ──► ingest ──► media (boxes, cutting) ──► Publisher ┐
//!   rtmp://…       ──► rtmp ──────────────────────────────┘
//!   demo clips     ──► media::demo ──► Demo ───────────────► Publisher ┤
//!                                                                      ▼
//!   GET /live/…    ◄── delivery ◄──────────────── Viewer ◄────── llhls registry
//!   GET /          ◄── page            GET /api/… ◄── api
//!   GET /status, /metrics              ◄── sight, for operators on a listener of their own
//! ```
//!
//! # Mounting it
//!
//! [`Origin::delivery_service`] is what players ask, as a `tower` service for a prefix of your own;
//! [`Origin::router`] is everything, as an axum router; [`Server`] serves either with the limits,
//! TLS and orderly end that the binary has. `examples/mounted.rs` does it.
//!
//! ```no_run
//! use origin::{Demo, Origin, OriginConfig, Server, stop_signal};
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let origin = Origin::new(OriginConfig::new())?;
//!     let mut demo = Demo::open(&origin)?;
//!     tokio::spawn(async move { demo.run().await });
//!
//!     let app = axum::Router::new().nest_service("/tv", origin.delivery_service());
//!     let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
//!     Server::new(app).listen(listener).run(stop_signal()).await;
//!     Ok(())
//! }
//! ```

pub mod access;
mod api;
pub mod config;
mod delivery;
mod demo;
mod ingest;
pub mod media;
mod numbering;
mod origin;
mod page;
mod path;
mod recording;
mod rendition;
mod router;
#[cfg(feature = "rtmp")]
mod rtmp;
mod server;
pub mod sight;

// The public interface is:
pub use crate::origin::{Origin, OriginConfig, OriginError};
pub use api::multivariant_path;
pub use delivery::{Delivering, Delivery, DeliveryBody, Incomplete};
pub use demo::{DEMO, Demo, DemoError};
pub use ingest::IngestConfig;
pub use recording::RecordingConfig;
pub use router::{Answering, OriginBody, OriginService};
#[cfg(feature = "rtmp")]
pub use rtmp::serve_rtmp;
pub use server::{Drained, Limits, Reloaded, Server, Tls, TlsError, serve, stop_signal};

// Only for the fuzz targets.
#[cfg(all(fuzzing, feature = "rtmp"))]
#[doc(hidden)]
pub use rtmp::read_all as read_rtmp;
