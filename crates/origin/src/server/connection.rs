//! One connection, from its handshake to its end.

use std::convert::Infallible;
use std::error::Error as StdError;
use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
#[cfg(target_os = "linux")]
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tower::Service;

use super::activity::{Activity, Verdict};
use super::census::Seat;
use super::counted::Counted;
use super::request::Requests;
use super::{Phase, Shared, Tls};
use crate::sight::Connected;

/// Serves `socket` until it ends by itself, is idle, does not take its answers, or the server ends.
/// Holds its seat until then.
pub(super) async fn serve<S, B>(
    shared: Arc<Shared<S>>,
    socket: TcpStream,
    tls: Option<Tls>,
    mut phase: watch::Receiver<Phase>,
    (seat, connected): (Seat, Connected),
) where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>,
    S: Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    let _seat = seat;
    let socket = Counted::new(socket, Arc::clone(connected.transport()));
    let first_head = Instant::now() + shared.limits.header_time;
    let Some(tls) = tls else {
        return drive(&shared, socket, phase, first_head, connected).await;
    };
    let handshake = tls.accept(socket);
    let shaken = tokio::select! {
        shaken = handshake => shaken,
        () = sleep_until(first_head) => {
            connected.transport().handshake_failed();
            return;
        }
        // Nothing was asked for yet.
        _ = phase.wait_for(|phase| *phase > Phase::Serving) => return,
    };
    match shaken {
        Ok(stream) => {
            let (socket, session) = stream.get_ref();
            if session.alpn_protocol() == Some(b"h2") {
                decide_late(socket.get_ref());
            }
            // Boxed, or connections in clear text would have room for the state of TLS as well.
            Box::pin(drive(&shared, stream, phase, first_head, connected)).await;
        }
        Err(error) => {
            connected.transport().handshake_failed();
            tracing::debug!(%error, "a TLS handshake failed");
        }
    }
}

/// What the kernel may hold of an HTTP/2 connection beyond what is on the wire, in bytes.
const UNSENT: u32 = 16 * 1024;

/// Has the kernel take no more than it can send soon: what lies in its buffer has its turn, and
/// a playlist that is asked for now would come after it (HTTP-02). By default that is megabytes on a
/// slow link. HTTP/1.1 sends one answer at a time, so there is nothing to decide.
#[cfg(target_os = "linux")]
fn decide_late(socket: &TcpStream) {
    if let Err(error) = SockRef::from(socket).set_tcp_notsent_lowat(UNSENT) {
        tracing::debug!(%error, "TCP_NOTSENT_LOWAT could not be set");
    }
}

#[cfg(not(target_os = "linux"))]
fn decide_late(_socket: &TcpStream) {}

async fn drive<S, B, I>(
    shared: &Arc<Shared<S>>,
    io: I,
    mut phase: watch::Receiver<Phase>,
    first_head: Instant,
    connected: Connected,
) where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>,
    S: Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let activity = Activity::new(
        &shared.limits,
        Arc::clone(&shared.traffic),
        first_head,
        connected,
    );
    let requests = Requests::new(Arc::clone(shared), Arc::clone(&activity));
    let connection = shared.http.serve_connection(TokioIo::new(io), requests);
    let mut connection = pin!(connection);
    let first_look = Instant::now() + shared.limits.idle_time;
    let mut timer = pin!(sleep_until(first_look.min(first_head)));
    let mut closing = false;
    loop {
        tokio::select! {
            biased;
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "a connection ended");
                }
                return;
            }
            changed = phase.changed() => {
                let now = *phase.borrow_and_update();
                if changed.is_err() || now == Phase::Cut {
                    return;
                }
                connection.as_mut().graceful_shutdown();
            }
            () = timer.as_mut() => match activity.verdict(Instant::now()) {
                Verdict::Well(until) => timer.as_mut().reset(until),
                Verdict::Stuck => {
                    tracing::debug!("an answer was not taken in time");
                    return;
                }
                Verdict::Idle if closing => return,
                Verdict::Idle => {
                    closing = true;
                    connection.as_mut().graceful_shutdown();
                    timer.as_mut().reset(Instant::now() + shared.limits.header_time);
                }
            }
        }
    }
}
