//! Low-Latency HLS for Rust: the ring, the manifest and the registry under one name.
