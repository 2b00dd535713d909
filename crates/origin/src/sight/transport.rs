//! Connections and what goes over them, counted where they begin and end.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicI64, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use crate::server::Tls;

use super::lanes::Lanes;

/// What a connection speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Protocol {
    /// Not known before its first request.
    Unknown = 0,
    Http1 = 1,
    Http2 = 2,
    Rtmp = 3,
}

impl Protocol {
    const ALL: [Self; 4] = [Self::Unknown, Self::Http1, Self::Http2, Self::Rtmp];

    fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Http1 => "http1",
            Self::Http2 => "http2",
            Self::Rtmp => "rtmp",
        }
    }
}

impl From<http::Version> for Protocol {
    fn from(version: http::Version) -> Self {
        match version {
            http::Version::HTTP_2 => Self::Http2,
            _ => Self::Http1,
        }
    }
}

/// What a connection is wrapped in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Security {
    Clear = 0,
    Tls = 1,
}

impl Security {
    const ALL: [Self; 2] = [Self::Clear, Self::Tls];

    fn name(self) -> &'static str {
        match self {
            Self::Clear => "clear",
            Self::Tls => "tls",
        }
    }
}

/// Why a connection was closed before anything was read of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// There are as many as there may be.
    Full,
    /// There are as many of its address.
    Address,
    /// There are as many RTMP encoders as there may be.
    Rtmp,
}

/// One listener, as it was opened.
#[derive(Clone, Debug)]
struct Listener {
    address: SocketAddr,
    tls: Option<Tls>,
}

/// A listener, for those who only look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ListenerInfo {
    pub(crate) address: SocketAddr,
    pub(crate) security: Security,
    /// When the certificate that new connections get ends.
    pub(crate) certificate_ends: Option<SystemTime>,
}

/// The most that a server lets in at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Room {
    pub(crate) connections: u64,
    pub(crate) requests: u64,
}

const PROTOCOLS: usize = Protocol::ALL.len();
const SECURITIES: usize = Security::ALL.len();

/// Everything that is counted of connections. All relaxed: nothing else hangs on these numbers.
#[derive(Debug, Default)]
pub(crate) struct Transport {
    begun: [[AtomicU64; SECURITIES]; PROTOCOLS],
    open: [[AtomicI64; SECURITIES]; PROTOCOLS],
    wire: Lanes<Wire>,
    refused: [AtomicU64; 3],
    refused_requests: AtomicU64,
    handshakes_failed: AtomicU64,
    accepts_failed: AtomicU64,
    listeners: Mutex<Vec<Listener>>,
    connections: AtomicU64,
    requests: AtomicU64,
}

/// Bytes, as the sockets took and gave them.
#[derive(Debug, Default)]
struct Wire {
    sent: AtomicU64,
    received: AtomicU64,
}

impl Transport {
    /// A connection began.
    pub(crate) fn enter(self: &Arc<Self>, security: Security) -> Connected {
        self.open(Protocol::Unknown, security)
            .fetch_add(1, Ordering::Relaxed);
        Connected {
            transport: Arc::clone(self),
            security,
            protocol: AtomicU8::new(Protocol::Unknown as u8),
        }
    }

    pub(crate) fn refused(&self, refusal: Refusal) {
        self.refused[refusal as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn refused_request(&self) {
        self.refused_requests.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn handshake_failed(&self) {
        self.handshakes_failed.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn accept_failed(&self) {
        self.accepts_failed.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn sent(&self, bytes: usize) {
        let wire = self.wire.mine();
        wire.sent.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn received(&self, bytes: usize) {
        let wire = self.wire.mine();
        wire.received.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// A server listens there.
    pub(crate) fn listens(&self, address: SocketAddr, tls: Option<Tls>) {
        self.listeners().push(Listener { address, tls });
    }

    /// A server lets in so many.
    pub(crate) fn limited(&self, room: Room) {
        self.connections
            .fetch_add(room.connections, Ordering::Relaxed);
        self.requests.fetch_add(room.requests, Ordering::Relaxed);
    }

    fn open(&self, protocol: Protocol, security: Security) -> &AtomicI64 {
        &self.open[protocol as usize][security as usize]
    }

    fn listeners(&self) -> MutexGuard<'_, Vec<Listener>> {
        // Nothing under this lock panics half-way.
        self.listeners
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// What was counted.
impl Transport {
    /// Each kind of connection: its protocol, its security, how many there are and were.
    pub(crate) fn connections(
        &self,
    ) -> impl Iterator<Item = (&'static str, &'static str, u64, u64)> + '_ {
        Protocol::ALL.into_iter().flat_map(move |protocol| {
            // RTMP over TLS is a proxy's business.
            let of = Security::ALL
                .into_iter()
                .filter(move |it| (protocol, *it) != (Protocol::Rtmp, Security::Tls));
            of.map(move |security| {
                let open = self.open(protocol, security).load(Ordering::Relaxed);
                let begun = &self.begun[protocol as usize][security as usize];
                (
                    protocol.name(),
                    security.name(),
                    u64::try_from(open).unwrap_or(0),
                    begun.load(Ordering::Relaxed),
                )
            })
        })
    }

    pub(crate) fn open_connections(&self) -> u64 {
        self.connections().map(|(_, _, open, _)| open).sum()
    }

    pub(crate) fn sent_bytes(&self) -> u64 {
        let sent = |wire: &Wire| wire.sent.load(Ordering::Relaxed);
        self.wire.all().map(sent).sum()
    }

    pub(crate) fn received_bytes(&self) -> u64 {
        let received = |wire: &Wire| wire.received.load(Ordering::Relaxed);
        self.wire.all().map(received).sum()
    }

    pub(crate) fn refusals(&self) -> [(&'static str, u64); 3] {
        let of = |refusal: Refusal| self.refused[refusal as usize].load(Ordering::Relaxed);
        [
            ("full", of(Refusal::Full)),
            ("address", of(Refusal::Address)),
            ("rtmp_full", of(Refusal::Rtmp)),
        ]
    }

    pub(crate) fn requests_refused(&self) -> u64 {
        self.refused_requests.load(Ordering::Relaxed)
    }

    pub(crate) fn failed_handshakes(&self) -> u64 {
        self.handshakes_failed.load(Ordering::Relaxed)
    }

    pub(crate) fn failed_accepts(&self) -> u64 {
        self.accepts_failed.load(Ordering::Relaxed)
    }

    /// How many connections and requests there may be; zero where no server said so.
    pub(crate) fn room(&self) -> Room {
        Room {
            connections: self.connections.load(Ordering::Relaxed),
            requests: self.requests.load(Ordering::Relaxed),
        }
    }

    pub(crate) fn listening(&self) -> Vec<ListenerInfo> {
        // Copied, since a certificate is behind a lock of its own.
        let listeners = self.listeners().clone();
        let info = |it: Listener| ListenerInfo {
            address: it.address,
            security: it.tls.as_ref().map_or(Security::Clear, |_| Security::Tls),
            certificate_ends: it.tls.as_ref().and_then(Tls::certificate_ends),
        };
        listeners.into_iter().map(info).collect()
    }
}

/// One connection; dropping it says that it ended.
#[derive(Debug)]
pub(crate) struct Connected {
    transport: Arc<Transport>,
    security: Security,
    protocol: AtomicU8,
}

impl Connected {
    /// It speaks this: counts it the first time.
    pub(crate) fn speaks(&self, protocol: Protocol) {
        // One load for each request but the first.
        if self.protocol.load(Ordering::Relaxed) != Protocol::Unknown as u8 {
            return;
        }
        let known = self.protocol.compare_exchange(
            Protocol::Unknown as u8,
            protocol as u8,
            Ordering::Relaxed,
            Ordering::Relaxed,
        );
        if known.is_ok() {
            let of = self.security;
            let transport = &self.transport;
            transport
                .open(Protocol::Unknown, of)
                .fetch_sub(1, Ordering::Relaxed);
            transport.open(protocol, of).fetch_add(1, Ordering::Relaxed);
            transport.begun[protocol as usize][of as usize].fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn transport(&self) -> &Arc<Transport> {
        &self.transport
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        let spoken = self.protocol.load(Ordering::Relaxed);
        let protocol = Protocol::ALL[usize::from(spoken)];
        let transport = &self.transport;
        transport
            .open(protocol, self.security)
            .fetch_sub(1, Ordering::Relaxed);
        if protocol == Protocol::Unknown {
            // It came, and left without a word.
            transport.begun[0][self.security as usize].fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_counted_once_as_what_it_speaks() {
        let transport = Arc::new(Transport::default());
        let of = |protocol: &str, security: &str| {
            let mut all = transport.connections();
            let found = all.find(|it| (it.0, it.1) == (protocol, security));
            found.map(|(_, _, open, begun)| (open, begun)).unwrap()
        };
        let silent = transport.enter(Security::Tls);
        let viewer = transport.enter(Security::Tls);
        assert_eq!(of("unknown", "tls"), (2, 0));
        viewer.speaks(Protocol::Http2);
        viewer.speaks(Protocol::Http2);
        viewer.speaks(Protocol::Http1);
        assert_eq!((of("unknown", "tls"), of("http2", "tls")), ((1, 0), (1, 1)));
        drop((silent, viewer));
        assert_eq!((of("unknown", "tls"), of("http2", "tls")), ((0, 1), (0, 1)));
        assert_eq!(
            (of("http1", "tls"), transport.open_connections()),
            ((0, 0), 0)
        );
        for protocol in Protocol::ALL {
            assert_eq!(Protocol::ALL[protocol as usize], protocol);
        }
    }
}
