//! `Limits`: what strangers may take of a server.

use std::time::Duration;

/// Bounds on what clients can make a [`Server`](crate::Server) hold.
///
/// | bound | default | what happens beyond it |
/// |---|---|---|
/// | [`connections`](Self::connections) | 8 192 | closed at once |
/// | [`connections_per_address`](Self::connections_per_address) | 2 048 | closed at once |
/// | [`requests`](Self::requests) | 32 768 | 503 |
/// | [`streams_per_connection`](Self::streams_per_connection) | 128 | HTTP/2 clients wait |
/// | [`header_bytes`](Self::header_bytes) | 16 KiB | 431, or the stream is reset |
/// | [`header_count`](Self::header_count) | 64 | 431, on HTTP/1.1 |
/// | [`receive_window`](Self::receive_window) | 64 KiB | HTTP/2 clients wait |
/// | [`header_time`](Self::header_time) | 10 s | closed |
/// | [`idle_time`](Self::idle_time) | 60 s | closed, with GOAWAY on HTTP/2 |
/// | [`answer_time`](Self::answer_time) | 60 s | closed |
/// | [`drain_time`](Self::drain_time) | 10 s | 503, then closed |
///
/// A request that waits for a part is no idle connection and no slow answer, however long it waits
/// (HTTP-18): its own end is three target durations (SRV-10). Bodies of requests are read by
/// ingest alone, under bounds of its own; delivery answers 413 to a request that has one.
///
/// # Memory at worst
///
/// [`worst_case_bytes`](Self::worst_case_bytes) adds up what all of these allow at once:
/// for each connection its buffers (TLS included) and its receive window, for each request its
/// headers and the state of its answer. The defaults come to 2 GiB; a server whose every seat is taken
/// by a well-behaved player uses a tenth of that. Payloads are not in it: answers share the
/// registry's, for at most one and a half `answer_time` longer than it keeps them itself.
///
/// ```
/// use std::time::Duration;
/// use origin::Limits;
///
/// let small = Limits::new().connections(500).idle_time(Duration::from_secs(20));
/// assert!(small.worst_case_bytes() < Limits::new().worst_case_bytes());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Limits {
    pub(crate) connections: usize,
    pub(crate) connections_per_address: usize,
    pub(crate) requests: usize,
    pub(crate) streams_per_connection: u32,
    pub(crate) header_bytes: u32,
    pub(crate) header_count: usize,
    pub(crate) receive_window: u32,
    pub(crate) header_time: Duration,
    pub(crate) idle_time: Duration,
    pub(crate) answer_time: Duration,
    pub(crate) drain_time: Duration,
}

/// The read and write buffers of hyper, the records of rustls, the task.
const BYTES_PER_CONNECTION: u64 = 96 * 1024;
/// The task, the future and the stream of a request, beside its headers.
const BYTES_PER_REQUEST: u64 = 4 * 1024;

impl Limits {
    /// The defaults of the table above.
    pub const fn new() -> Self {
        Self {
            connections: 8_192,
            connections_per_address: 2_048,
            requests: 32_768,
            streams_per_connection: 128,
            header_bytes: 16 * 1024,
            header_count: 64,
            receive_window: 64 * 1024,
            header_time: Duration::from_secs(10),
            idle_time: Duration::from_secs(60),
            answer_time: Duration::from_secs(60),
            drain_time: Duration::from_secs(10),
        }
    }

    /// Connections in all, over all listeners of a server. Each needs a descriptor.
    pub const fn connections(mut self, limit: usize) -> Self {
        self.connections = limit;
        self
    }

    /// Connections from one address: an IPv4 address, or an IPv6 network of 64 bits, which is what
    /// one machine is given. The default leaves three quarters to others; a server behind a proxy
    /// sees a single address and needs [`connections`](Self::connections) here.
    pub const fn connections_per_address(mut self, limit: usize) -> Self {
        self.connections_per_address = limit;
        self
    }

    /// Requests under way in all, from the head to the last byte of the answer.
    pub const fn requests(mut self, limit: usize) -> Self {
        self.requests = limit;
        self
    }

    /// Requests at once on one HTTP/2 connection. A player that blocks on the playlist of each
    /// rendition and fetches a part of each needs two a rendition (HTTP-03).
    pub const fn streams_per_connection(mut self, limit: u32) -> Self {
        self.streams_per_connection = limit;
        self
    }

    /// The head of a request in bytes. Not below 8 KiB on HTTP/1.1.
    pub const fn header_bytes(mut self, limit: u32) -> Self {
        self.header_bytes = limit;
        self
    }

    /// Header fields of an HTTP/1.1 request. On HTTP/2 their bytes bound their number.
    pub const fn header_count(mut self, limit: usize) -> Self {
        self.header_count = limit;
        self
    }

    /// What one HTTP/2 connection may send ahead of what was read of it: bounds its memory, and
    /// through the round-trip time the rate of an encoder.
    pub const fn receive_window(mut self, bytes: u32) -> Self {
        self.receive_window = bytes;
        self
    }

    /// From the accepted connection to the head of its first request, TLS handshake included.
    pub const fn header_time(mut self, time: Duration) -> Self {
        self.header_time = time;
        self
    }

    /// From the end of an answer to the head of the next request. On HTTP/2 a third of it is also
    /// the interval of pings, by which clients that vanished are found while a request waits.
    pub const fn idle_time(mut self, time: Duration) -> Self {
        self.idle_time = time;
        self
    }

    /// From the head of an answer to the moment at which its body has been taken; up to half as
    /// long again may pass before it shows. A client that reads slower than that holds payloads
    /// that the registry has let go of.
    pub const fn answer_time(mut self, time: Duration) -> Self {
        self.answer_time = time;
        self
    }

    /// From the signal to stop to the moment at which requests that still wait are answered 503.
    /// Three target durations answer all of them as if nothing had happened.
    pub const fn drain_time(mut self, time: Duration) -> Self {
        self.drain_time = time;
        self
    }

    /// What all clients together can make a server hold, payloads aside: see the type.
    #[must_use]
    pub const fn worst_case_bytes(&self) -> u64 {
        let header_bytes = self.header_bytes as u64;
        let connection = BYTES_PER_CONNECTION + header_bytes + self.receive_window as u64;
        let request = BYTES_PER_REQUEST + header_bytes;
        self.connections as u64 * connection + self.requests as u64 * request
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::new()
    }
}
