//! The listening side: sockets in, a service behind them, and an orderly end.
//!
//! ```text
//!   TcpListener ─► accept ──► Census (a seat, or closed) ──► TLS, where there is a certificate
//!                                                                  │
//!   phase ───────► connection: HTTP/1.1 or HTTP/2 (spoken) ◄───────┘
//!   (stopping)         │  a timer: idle? answers taken?
//!                      └► request ──► the service, or 503
//! ```

mod accept;
mod activity;
mod census;
mod certificate;
mod connection;
mod counted;
mod gathered;
mod limits;
mod request;
mod seldom;
mod served;
mod signal;
mod spoken;
mod tls;

use std::convert::Infallible;
use std::error::Error as StdError;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tower::Service;

use crate::origin::Origin;
use crate::sight::{Room, Transport};
use activity::Traffic;
use census::Census;

// The public interface is:
pub use limits::Limits;
pub use signal::stop_signal;
pub use tls::{Reloaded, Tls, TlsError};

/// How long connections may take to send what they have after requests were answered 503.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Serves one service on any number of listeners, HTTP/1.1 and HTTP/2, with and without TLS.
///
/// ```no_run
/// use origin::{Limits, Origin, OriginConfig, Server, Tls, stop_signal};
/// use tokio::net::TcpListener;
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let origin = Origin::new(OriginConfig::new())?;
/// let drained = Server::new(origin.service())
///     .limits(Limits::new().connections(2_000))
///     .listen(TcpListener::bind("127.0.0.1:8080").await?)
///     .listen_tls(TcpListener::bind("[::]:443").await?, Tls::from_files("cert.pem", "key.pem")?)
///     .run(stop_signal())
///     .await;
/// assert_eq!(drained.cut, 0);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a server does nothing until it runs"]
pub struct Server<S> {
    service: S,
    limits: Limits,
    doors: Vec<Door>,
    transport: Arc<Transport>,
}

/// A listener, and how its connections begin.
#[derive(Debug)]
struct Door {
    listener: TcpListener,
    tls: Option<Tls>,
}

/// How a server ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Drained {
    /// Connections that were closed before they had sent all of an answer.
    pub cut: usize,
}

/// Where a server is in its life. Only goes forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Serving,
    /// No new connections; those that are there finish what they have.
    Draining,
    /// Whatever still waits is answered 503.
    Late,
    /// Whatever is still being sent is given up.
    Cut,
}

/// What all connections of a server have in common.
#[derive(Debug)]
struct Shared<S> {
    service: S,
    limits: Limits,
    census: Arc<Census>,
    traffic: Arc<Traffic>,
    transport: Arc<Transport>,
    phase: watch::Sender<Phase>,
    http: Http,
}

impl<S, B> Server<S>
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>,
    S: Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    /// A server without a listener. An axum `Router` is such a service.
    pub fn new(service: S) -> Self {
        Self {
            service,
            limits: Limits::new(),
            doors: Vec::new(),
            transport: Arc::default(),
        }
    }

    /// Counts connections, bytes and certificates where `origin` shows them: on `/metrics` and on
    /// the status page. For the servers of one origin that viewers and encoders come to.
    pub fn watched_by(mut self, origin: &Origin) -> Self {
        self.transport = Arc::clone(&origin.sight().transport);
        self
    }

    /// What clients may take; over all listeners together.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Serves in clear text on `listener`: HTTP/1.1, and HTTP/2 for clients that begin with it
    /// ("prior knowledge", RFC 9113 §3.3), as proxies do.
    pub fn listen(mut self, listener: TcpListener) -> Self {
        let tls = None;
        self.doors.push(Door { listener, tls });
        self
    }

    /// Serves with TLS on `listener`: HTTP/2 or HTTP/1.1 by ALPN.
    pub fn listen_tls(mut self, listener: TcpListener, tls: Tls) -> Self {
        let tls = Some(tls);
        self.doors.push(Door { listener, tls });
        self
    }

    /// Serves until `stop` completes, then ends in order.
    ///
    /// On `stop` the listeners close and every connection finishes what it has: HTTP/2 ones are
    /// sent GOAWAY, answers on HTTP/1.1 say `Connection: close`. Requests that wait for a part get
    /// it; after [`Limits::drain_time`] those still waiting are answered 503. Uploads (anything but
    /// GET, HEAD and OPTIONS) are answered 503 as soon as nobody reads any more, so that an encoder
    /// feeds the blocked requests until then and not longer. What is still being sent five seconds
    /// after that is cut.
    ///
    /// A listener that cannot accept, because descriptors ran out, is tried again after a pause
    /// that grows to a second; connections that exist go on.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the listeners and leaves the connections to themselves; they end
    /// with their clients or their limits.
    pub async fn run(self, stop: impl Future<Output = ()>) -> Drained {
        let (shared, doors) = self.open();
        let mut accepting = JoinSet::new();
        for door in doors {
            if let Ok(address) = door.listener.local_addr() {
                shared.transport.listens(address, door.tls.clone());
            }
            if let Some(tls) = &door.tls {
                let tls = tls.clone();
                accepting.spawn(async move { tls.watch().await });
            }
            accepting.spawn(accept::accept(Arc::clone(&shared), door));
        }
        stop.await;
        accepting.shutdown().await;
        shared.drain().await
    }

    fn open(self) -> (Arc<Shared<S>>, Vec<Door>) {
        let limits = self.limits;
        self.transport.limited(Room {
            connections: limits.connections as u64,
            requests: limits.requests as u64,
        });
        let shared = Arc::new(Shared {
            service: self.service,
            census: Census::new(limits.connections, limits.connections_per_address),
            traffic: Arc::new(Traffic::new(limits.requests)),
            transport: self.transport,
            phase: watch::Sender::new(Phase::Serving),
            http: Http::new(&limits),
            limits,
        });
        (shared, self.doors)
    }
}

impl<S> Shared<S> {
    async fn drain(&self) -> Drained {
        // Each connection holds a receiver, so the channel is closed when the last one ended.
        let ended = self.phase.closed();
        tokio::pin!(ended);
        self.phase.send_replace(Phase::Draining);
        tokio::select! {
            () = &mut ended => return Drained { cut: 0 },
            () = self.traffic.quiet() => {}
            () = tokio::time::sleep(self.limits.drain_time) => {}
        }
        self.phase.send_replace(Phase::Late);
        tokio::select! {
            () = &mut ended => return Drained { cut: 0 },
            () = tokio::time::sleep(LAST_WORDS) => {}
        }
        let cut = self.census.total();
        if cut > 0 {
            tracing::warn!(connections = cut, "closed before their answers were sent");
        }
        self.phase.send_replace(Phase::Cut);
        ended.await;
        Drained { cut }
    }
}

/// HTTP as the limits allow it.
#[derive(Debug)]
struct Http {
    http1: http1::Builder,
    http2: http2::Builder<TokioExecutor>,
}

impl Http {
    fn new(limits: &Limits) -> Self {
        let header_bytes = usize::try_from(limits.header_bytes).unwrap_or(usize::MAX);
        let mut http1 = http1::Builder::new();
        http1
            .max_headers(limits.header_count)
            .max_buf_size(header_bytes.max(8 * 1024))
            // One timer for heads and idleness is the connection's own.
            .header_read_timeout(None);
        let mut http2 = http2::Builder::new(TokioExecutor::new());
        http2
            .timer(TokioTimer::new())
            .max_concurrent_streams(limits.streams_per_connection)
            .max_header_list_size(limits.header_bytes)
            .initial_connection_window_size(limits.receive_window)
            .initial_stream_window_size(limits.receive_window)
            .keep_alive_interval(limits.idle_time / 3)
            .keep_alive_timeout(limits.idle_time / 3);
        Self { http1, http2 }
    }
}

/// Serves `origin` on `listener` in clear text under the default [`Limits`], until `stop`
/// completes: the short form of [`Server`].
///
/// # Errors
///
/// None at present: what a listener reports is waited out.
pub async fn serve(
    origin: &Origin,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let _drained = Server::new(origin.service())
        .watched_by(origin)
        .listen(listener)
        .run(stop)
        .await;
    Ok(())
}
