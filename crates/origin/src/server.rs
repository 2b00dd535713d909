//! The listening side: sockets in, the router behind them, and an orderly end.

use std::future::Future;
use std::io;
use std::time::Duration;

use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;

use crate::origin::Origin;

/// How long answers that are under way may take after the signal to stop.
const DRAIN: Duration = Duration::from_secs(10);

/// Serves `origin` on `listener` until `stop` completes, then lets running answers finish.
///
/// HTTP/1.1 and cleartext HTTP/2 (prior knowledge) on the same port. Small answers leave at once:
/// Nagle's algorithm is off, or a part could wait for the acknowledgement of the one before it.
///
/// # Errors
///
/// Whatever the listener reports.
pub async fn serve(
    origin: &Origin,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let listener = listener.tap_io(|socket| {
        if let Err(error) = socket.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY could not be set");
        }
    });
    let (stopping, stopped) = tokio::sync::oneshot::channel();
    let server = axum::serve(listener, origin.router()).with_graceful_shutdown(async move {
        stop.await;
        // Nobody listening means that the server ended by itself.
        let _ = stopping.send(());
    });
    let deadline = async {
        if stopped.await.is_ok() {
            tokio::time::sleep(DRAIN).await;
        } else {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        served = server => served,
        () = deadline => {
            tracing::warn!("some answers were still under way after {DRAIN:?}");
            Ok(())
        }
    }
}

/// Completes on SIGINT (Ctrl-C) or SIGTERM.
///
/// # Panics
///
/// When the process may not install signal handlers, which leaves no way to stop it in order.
pub async fn stop_signal() {
    let interrupt = async {
        tokio::signal::ctrl_c()
            .await
            .expect("a process may handle SIGINT");
    };
    #[cfg(unix)]
    let terminate = async {
        use tokio::signal::unix::{SignalKind, signal};
        signal(SignalKind::terminate())
            .expect("a process may handle SIGTERM")
            .recv()
            .await;
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
}
