//! Integration tests of the origin: a real server on a real socket, asked as players ask.

#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

/// What browsers need before they let a script read an answer.
mod cors;
/// Playlists, parts, segments: status, headers and bodies.
mod delivery;
/// A real encoder, and what comes out held against what went in.
mod encoder;
/// Encoders, good and bad.
mod ingest;
/// Encoders that come back, come twice, or come with something else.
mod ingest_change;
/// HTTP/1.1, HTTP/2, stopping.
mod transport;

/// What encoders send.
mod clips;
/// A server and a client for all of the above.
mod support;
