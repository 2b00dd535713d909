//! RTMP in: what OBS and hardware encoders speak.
//!
//! ```text
//!  socket ──▶ Session ──▶ tags ──▶ Remux ──▶ InitSection, Fragment ──▶ ingest (as over HTTP)
//!             gate, amf            header
//! ```
//!
//! `rtmp://HOST/APP/NAME` publishes the presentation NAME. H.264 and AAC as FLV has them, HEVC by the
//! enhanced specification or by the number that encoders used before it.
//!
//! The protocol is the `rtmp-rs` crate's: handshake, chunks, AMF0, tags. Its server is not used,
//! because it plays too, keeps a cache of pictures, and decides itself what a stranger may make it
//! hold. What it is given here passes [`gate`] and [`amf`] first, which bound that.

mod amf;
mod connection;
mod error;
mod gate;
mod header;
mod picture;
mod remux;
mod session;
mod tags;

#[cfg(test)]
mod tests;

use std::future::Future;
use std::io;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::origin::Origin;
use crate::sight::{Protocol, Refusal, Security};

#[cfg(fuzzing)]
pub use fuzzing::read_all;

/// Takes RTMP on `listener` until `stop` completes; then connections end where they are.
///
/// A stream that lost its connection waits for its encoder as one over HTTP does.
///
/// # Errors
///
/// Whatever the listener reports, but for errors of single connections.
///
/// # Examples
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let origin = origin::Origin::new(origin::OriginConfig::new())?;
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:1935").await?;
/// origin::serve_rtmp(&origin, listener, origin::stop_signal()).await?;
/// # Ok(())
/// # }
/// ```
pub async fn serve_rtmp(
    origin: &Origin,
    listener: TcpListener,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let limit = origin.ingest_config().rtmp_connections;
    let room = Arc::new(Semaphore::new(limit));
    // Dropping the set ends the connections.
    let mut connections = JoinSet::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => return Ok(()),
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => {
                let (socket, peer) = match accepted {
                    Ok(accepted) => accepted,
                    Err(error) if is_of_one_connection(&error) => continue,
                    Err(error) => return Err(error),
                };
                let Ok(permit) = Arc::clone(&room).try_acquire_owned() else {
                    tracing::warn!(%peer, limit, "no room for another RTMP encoder");
                    origin.sight().transport.refused(Refusal::Rtmp);
                    continue;
                };
                let origin = origin.clone();
                let connected = origin.sight().transport.enter(Security::Clear);
                connected.speaks(Protocol::Rtmp);
                connections.spawn(async move {
                    match connection::run(&origin, socket).await {
                        Ok(()) => tracing::debug!(%peer, "an RTMP encoder has left"),
                        Err(error) => tracing::info!(%peer, %error, "RTMP refused"),
                    }
                    drop((connected, permit));
                });
            }
        }
    }
}

/// Errors of `accept` that say nothing of the listener.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    )
}

/// What the fuzz target calls, and the tests.
#[cfg(any(test, fuzzing))]
#[cfg_attr(
    not(fuzzing),
    allow(unreachable_pub, reason = "the fuzz target needs it")
)]
mod fuzzing {
    use super::remux::Remux;
    use super::session::{Event, Session};
    use crate::media::MediaItem;

    /// Everything that a connection does with what a stranger sends, without a socket.
    pub fn read_all<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Vec<MediaItem> {
        let mut session = Session::new();
        let mut remux = Remux::new();
        let mut items = Vec::new();
        for piece in pieces {
            let mut bytes = piece;
            loop {
                let mut events = Vec::new();
                let read = session.receive(bytes, &mut events);
                bytes = &[];
                let mut asked = false;
                for event in events {
                    match event {
                        Event::Publish { .. } => {
                            session.accept();
                            asked = true;
                        }
                        Event::Message(message) => {
                            if remux.take(message, &mut items).is_err() {
                                return items;
                            }
                        }
                        Event::Unpublish => remux.finish(&mut items),
                    }
                }
                if read.is_err() {
                    return items;
                }
                if !asked {
                    break;
                }
            }
        }
        items
    }
}
