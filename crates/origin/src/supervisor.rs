//! What whoever started this process is told, where it is systemd or speaks like it (`sd_notify`):
//! that it serves, that it is about to stop, that it is alive. Nobody else notices.

#[cfg(target_os = "linux")]
use std::time::Duration;

#[cfg(target_os = "linux")]
use sd_notify::NotifyState;

/// The listeners are open: units that wait for this one may start. From here on a watchdog, where
/// one was asked for, hears of this process twice as often as it wants to.
pub(crate) fn serving() {
    #[cfg(target_os = "linux")]
    {
        tell(NotifyState::Ready);
        let Some(patience) = sd_notify::watchdog_enabled() else {
            return;
        };
        // Never zero, which is no interval.
        let pause = (patience / 2).max(Duration::from_millis(1));
        tokio::spawn(async move {
            let mut beats = tokio::time::interval(pause);
            loop {
                beats.tick().await;
                tell(NotifyState::Watchdog);
            }
        });
    }
}

/// The signal to stop came; what was begun is finished.
pub(crate) fn stopping() {
    #[cfg(target_os = "linux")]
    tell(NotifyState::Stopping);
}

#[cfg(target_os = "linux")]
fn tell(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "the service manager could not be told");
    }
}
