//! One connection, from its handshake to its end.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;

use hyper_util::rt::TokioIo;
#[cfg(target_os = "linux")]
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tokio_rustls::server::TlsStream;

use super::activity::{Activity, Verdict};
use super::census::Seat;
use super::counted::Counted;
use super::gathered::{Conversation, Sending, gathered};
use super::request::Requests;
use super::seldom::Seldom;
use super::served::Served;
use super::spoken::{self, Heard, Spoken};
use super::{Phase, Shared, Tls};
use crate::sight::Connected;

/// Serves `socket` until it ends by itself, is idle, does not take its answers, or the server ends.
/// Holds its seat until then.
///
/// What only some connections need is boxed, or all of them would have room for it: of those in
/// clear text with HTTP/1.1, which are the most behind a cache, nothing is.
pub(super) async fn serve<S>(
    shared: Arc<Shared<S>>,
    mut socket: TcpStream,
    tls: Option<Tls>,
    mut phase: watch::Receiver<Phase>,
    (seat, connected): (Seat, Connected),
) where
    S: Served,
{
    let _seat = seat;
    let first_head = Instant::now() + shared.limits.header_time;
    if let Some(tls) = tls {
        return Box::pin(secure(&shared, socket, tls, phase, first_head, connected)).await;
    }
    let heard = in_time(first_head, &mut phase, spoken::hear(&mut socket)).await;
    let transport = Arc::clone(connected.transport());
    match heard {
        None => {}
        Some(Err(error)) => tracing::debug!(%error, "a connection ended before its first request"),
        Some(Ok(Heard::Enough(Spoken::Http1))) => {
            let socket = Counted::new(socket, transport);
            http1(&shared, socket, phase, first_head, connected).await;
        }
        Some(Ok(Heard::Enough(spoken))) => {
            let socket = Counted::new(socket, transport);
            Box::pin(speak(&shared, spoken, socket, phase, first_head, connected)).await;
        }
        Some(Ok(Heard::InPieces(spoken, first))) => {
            let (reader, writer) = socket.into_split();
            let whole = Counted::new(tokio::io::join(first.chain(reader), writer), transport);
            Box::pin(speak(&shared, spoken, whole, phase, first_head, connected)).await;
        }
    }
}

async fn secure<S>(
    shared: &Arc<Shared<S>>,
    socket: TcpStream,
    tls: Tls,
    mut phase: watch::Receiver<Phase>,
    first_head: Instant,
    connected: Connected,
) where
    S: Served,
{
    let socket = Counted::new(socket, Arc::clone(connected.transport()));
    let shaken = in_time(first_head, &mut phase, shake(tls, socket)).await;
    let stream = match shaken {
        // Too late, unless the server is about to end.
        None => {
            if Instant::now() >= first_head {
                connected.transport().handshake_failed();
            }
            return;
        }
        Some(Err(error)) => {
            connected.transport().handshake_failed();
            tracing::debug!(%error, "a TLS handshake failed");
            return;
        }
        Some(Ok(stream)) => stream,
    };
    let (socket, session) = stream.get_ref();
    let spoken = Spoken::agreed(session);
    match spoken {
        Spoken::Http1 => Box::pin(http1(shared, stream, phase, first_head, connected)).await,
        Spoken::Http2 => {
            decide_late(socket.get_ref());
            // Encryption copies in any case. In clear text a copy would be one more than none.
            let (stream, sender) = gathered(stream);
            let open = |requests| {
                let http = &shared.http.http2;
                let connection = http.serve_connection(TokioIo::new(stream), requests);
                Sending::new(connection, sender)
            };
            Box::pin(drive(shared, open, phase, first_head, connected)).await;
        }
    }
}

/// The state of TLS takes more than a kilobyte: boxed, the futures that hand it on have room for a
/// pointer each.
async fn shake(
    tls: Tls,
    socket: Counted<TcpStream>,
) -> io::Result<Box<TlsStream<Counted<TcpStream>>>> {
    Box::pin(tls.accept(socket)).await.map(Box::new)
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

/// What comes before the first request; `None` when that takes too long or the server is about to
/// end: nothing was asked for yet.
async fn in_time<F: Future>(
    first_head: Instant,
    phase: &mut watch::Receiver<Phase>,
    beginning: F,
) -> Option<F::Output> {
    tokio::select! {
        begun = beginning => Some(begun),
        () = sleep_until(first_head) => None,
        _ = phase.wait_for(|phase| *phase > Phase::Serving) => None,
    }
}

async fn speak<S, I>(
    shared: &Arc<Shared<S>>,
    spoken: Spoken,
    io: I,
    phase: watch::Receiver<Phase>,
    first_head: Instant,
    connected: Connected,
) where
    S: Served,
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    match spoken {
        Spoken::Http1 => http1(shared, io, phase, first_head, connected).await,
        Spoken::Http2 => {
            let open = |requests| {
                let http = &shared.http.http2;
                http.serve_connection(TokioIo::new(io), requests)
            };
            drive(shared, open, phase, first_head, connected).await;
        }
    }
}

async fn http1<S, I>(
    shared: &Arc<Shared<S>>,
    io: I,
    phase: watch::Receiver<Phase>,
    first_head: Instant,
    connected: Connected,
) where
    S: Served,
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let open = |requests| {
        let http = &shared.http.http1;
        http.serve_connection(TokioIo::new(io), requests)
    };
    drive(shared, open, phase, first_head, connected).await;
}

/// Drives the connection that `open` makes: made here, it has one place in this future and not two.
async fn drive<S, C>(
    shared: &Arc<Shared<S>>,
    open: impl FnOnce(Requests<S>) -> C,
    mut phase: watch::Receiver<Phase>,
    first_head: Instant,
    connected: Connected,
) where
    S: Clone,
    C: Conversation,
{
    let activity = Activity::new(
        &shared.limits,
        Arc::clone(&shared.traffic),
        shared.phase.clone(),
        first_head,
        connected,
    );
    let requests = Requests::new(shared.service.clone(), Arc::clone(&activity));
    let mut connection = pin!(open(requests));
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
            changed = Seldom::new(phase.changed()) => {
                let now = *phase.borrow_and_update();
                if changed.is_err() || now == Phase::Cut {
                    return;
                }
                connection.as_mut().finish();
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
                    connection.as_mut().finish();
                    timer.as_mut().reset(Instant::now() + shared.limits.header_time);
                }
            }
        }
    }
}
