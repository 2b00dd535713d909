//! A Low-Latency HLS origin server, as a binary and as a library.

pub mod media;
