//! Accepting connections, whatever happens.

use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;

use super::census::Full;
use super::served::Served;
use super::{Door, Shared, connection};
use crate::sight::{Refusal, Security};

/// Accepts until it is dropped.
pub(super) async fn accept<S: Served>(shared: Arc<Shared<S>>, door: Door) {
    let mut pause = Pause::NONE;
    loop {
        let (socket, peer) = match door.listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) if concerns_one_connection(&error) => continue,
            Err(error) => {
                // Descriptors or memory ran out. The listener stays readable, so trying again at
                // once would spin; and it is no reason to end what works.
                let time = pause.longer();
                shared.transport.accept_failed();
                tracing::warn!(%error, ?time, "cannot accept connections");
                tokio::time::sleep(time).await;
                continue;
            }
        };
        pause = Pause::NONE;
        let seat = match shared.census.enter(peer.ip()) {
            Ok(seat) => seat,
            Err(full) => {
                // Closing says so at once; a load balancer then tries the next server.
                tracing::debug!(%peer, ?full, "a connection too many");
                shared.transport.refused(match full {
                    Full::InAll => Refusal::Full,
                    Full::OfOneAddress => Refusal::Address,
                });
                continue;
            }
        };
        // Small answers leave at once, or a part could wait for the acknowledgement of the one
        // before it.
        if let Err(error) = socket.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY could not be set");
        }
        let connected = shared.transport.enter(match door.tls {
            Some(_) => Security::Tls,
            None => Security::Clear,
        });
        let seat = (seat, connected);
        let phase = shared.phase.subscribe();
        let serving = connection::serve(Arc::clone(&shared), socket, door.tls.clone(), phase, seat);
        tokio::spawn(serving);
    }
}

/// Whether an error of `accept` is about the connection that was to be accepted, which is gone.
fn concerns_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionRefused | ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset
    )
}

/// From 5 ms, doubling, to a second.
#[derive(Clone, Copy, Debug)]
struct Pause(Duration);

impl Pause {
    const NONE: Self = Self(Duration::ZERO);

    fn longer(&mut self) -> Duration {
        self.0 = (self.0 * 2).clamp(Duration::from_millis(5), Duration::from_secs(1));
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_second() {
        let mut pause = Pause::NONE;
        let taken: Vec<u128> = (0..10).map(|_| pause.longer().as_millis()).collect();
        assert_eq!(taken, [5, 10, 20, 40, 80, 160, 320, 640, 1000, 1000]);
    }
}
