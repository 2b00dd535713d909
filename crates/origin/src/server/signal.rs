//! The signal to stop.

use std::future::Future;

/// Completes on SIGINT (Ctrl-C) or SIGTERM, those included that come before it is polled: from the
/// call on, a signal no longer ends the process by itself. Needs a Tokio runtime.
///
/// # Panics
///
/// When the process may not install signal handlers, which leaves no way to stop it in order.
///
/// # Cancel safety
///
/// Dropping the future leaves the handlers in place.
#[cfg(unix)]
pub fn stop_signal() -> impl Future<Output = ()> + Send + 'static {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt()).expect("a process may handle SIGINT");
    let mut terminate = signal(SignalKind::terminate()).expect("a process may handle SIGTERM");
    async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    }
}

/// Completes on Ctrl-C. Needs a Tokio runtime.
///
/// # Panics
///
/// When the process may not install a handler, which leaves no way to stop it in order.
#[cfg(not(unix))]
pub fn stop_signal() -> impl Future<Output = ()> + Send + 'static {
    async {
        tokio::signal::ctrl_c()
            .await
            .expect("a process may handle Ctrl-C");
    }
}
