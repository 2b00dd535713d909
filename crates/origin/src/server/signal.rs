//! The signal to stop.

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
