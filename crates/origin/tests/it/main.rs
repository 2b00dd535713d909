//! Integration tests of the origin: a real server on a real socket, asked as players ask.

#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

/// Keys, tokens, cookies, the hook.
mod access;
/// What browsers need before they let a script read an answer.
mod cors;
/// What an answer allocates, and that nothing is left of it.
mod cost;
/// Playlists, parts, segments: status, headers and bodies.
mod delivery;
/// The whole table of directives, and when each answer came.
mod directives;
/// A real encoder, and what comes out held against what went in.
mod encoder;
/// What clients do wrong or too often, and that nothing is left of them.
mod faults;
/// Headers of every kind of answer, row by row.
mod headers;
/// Encoders, good and bad.
mod ingest;
/// Encoders that come back, come twice, or come with something else.
mod ingest_change;
/// Connections of encoders: words before a body, compression, breaks, limits.
mod ingest_socket;
/// The service under a router of somebody else.
mod mounted;
/// The open segment and its hinted ranges.
mod open;
/// The pages' files and their headers.
mod page;
/// Which answer of an HTTP/2 connection leaves first.
mod priority;
/// The binary as a process.
#[cfg(target_os = "linux")]
mod process;
/// Streams on disk: rewinding, on demand, after a restart, with a full disk.
mod recording;
/// Any request at all, and that it changes nothing.
mod requests;
/// What is in no log, no metric and no answer.
mod secrets;
/// Metrics, health, viewers, the API.
mod sight;
/// The binary under systemd, and in a container that asks for its health.
#[cfg(target_os = "linux")]
mod supervised;
/// HTTP/1.1, HTTP/2, TLS, limits, stopping.
mod transport;
/// What an answer costs: no copy, nothing kept of what does not exist.
mod waste;

/// A client that asks the same over every transport.
mod client;
/// What encoders send.
mod clips;
/// A client that sees frames of HTTP/2.
mod frames;
/// The promises that hold for any request.
#[path = "../requests/mod.rs"]
mod requests_world;
/// A server for all of the above.
mod support;
