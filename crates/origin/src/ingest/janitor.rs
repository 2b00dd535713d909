//! What happens to streams that nobody publishes any more: they end, and later they go.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use llhls::registry::StreamName;
use tokio::time::Instant;

use crate::ingest::points::Points;
use crate::origin::Origin;

/// How long a point may be silent before its encoder counts as absent: then the registry lists the outage as gaps,
/// after a while of its own, and an encoder that comes back continues behind a discontinuity. Longer than an encoder that
/// sends each segment in a request of its own pauses between two.
pub(super) const ABSENT: Duration = Duration::from_secs(12);

/// How long a point may be silent before its stream is ended.
pub(super) const LINGER: Duration = Duration::from_secs(60);

/// How long an ended stream stays watchable before its memory is returned.
pub(super) const KEEP: Duration = Duration::from_secs(300);

/// Ended presentations and when they go.
///
/// One entry a presentation, so there are no more than the registry has room for.
#[derive(Debug, Default)]
pub(super) struct Farewells {
    due: HashMap<StreamName, Instant>,
}

impl Farewells {
    /// The presentation has ended, or may have; look again in a while.
    pub(super) fn add(&mut self, presentation: StreamName) {
        self.due.insert(presentation, Instant::now() + KEEP);
    }

    /// When the next one is due.
    pub(super) fn next(&self) -> Option<Instant> {
        self.due.values().min().copied()
    }

    /// Takes out the ones that are due at `now`.
    pub(super) fn take_due(&mut self, now: Instant) -> Vec<StreamName> {
        self.due
            .extract_if(|_, due| *due <= now)
            .map(|(presentation, _)| presentation)
            .collect()
    }
}

/// Sleeps until something is due, sees to it, and ends when nothing is left to wait for.
///
/// There is one at a time, whatever arrives: [`Points`] starts it with the first thing to wait for.
/// What is added while it sleeps is due later than what it sleeps for, so nothing has to wake it.
pub(super) async fn run(points: Arc<Points>, origin: Origin) {
    while let Some(due) = points.next_due() {
        tokio::time::sleep_until(due).await;
        let now = Instant::now();
        points.rest_silent(now);
        for presentation in points.end_silent(now) {
            tracing::info!(%presentation, "no encoder came back; the stream ends");
            points.ended(presentation);
        }
        for presentation in points.take_farewells(now) {
            remove_if_ended(&origin, &presentation);
        }
    }
}

fn remove_if_ended(origin: &Origin, presentation: &StreamName) {
    let playlists = origin.playlists();
    let ended = playlists.active().into_iter().any(|info| {
        info.name == *presentation && info.renditions.iter().all(|rendition| rendition.ended)
    });
    if ended {
        playlists.remove(presentation.as_str());
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::ingest::label::Point;
    use crate::ingest::points::Way;
    use crate::origin::OriginConfig;

    const CLIP: &[u8] = include_bytes!("../../demo/video-360.mp4");

    fn is_ended(origin: &Origin) -> Option<bool> {
        let active = origin.playlists().active();
        active
            .first()
            .map(|info| info.renditions.iter().all(|rendition| rendition.ended))
    }

    fn send(origin: &Origin, bytes: &[u8]) {
        let point = Point::parse("cam", None).unwrap();
        let mut publishing = origin.points().join(origin, point, Way::Http).unwrap();
        publishing.receive(bytes, SystemTime::now()).unwrap();
        publishing.finish().unwrap();
    }

    /// Lets time pass, and what wakes then run.
    async fn pass(time: Duration) {
        tokio::time::sleep(time).await;
        tokio::task::yield_now().await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_stream_ends_and_later_goes() {
        let origin = Origin::new(OriginConfig::new()).unwrap();
        // All but the box at the end of the file: the connection broke.
        send(&origin, &CLIP[..CLIP.len() - 200]);
        pass(LINGER / 2).await;
        assert_eq!(is_ended(&origin), Some(false));
        pass(LINGER).await;
        assert_eq!(is_ended(&origin), Some(true));
        pass(KEEP).await;
        assert_eq!(
            is_ended(&origin),
            None,
            "an ended stream keeps its place for ever"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_that_said_its_last_word_goes_too() {
        let origin = Origin::new(OriginConfig::new()).unwrap();
        send(&origin, CLIP);
        assert_eq!(is_ended(&origin), Some(true));
        pass(KEEP + LINGER).await;
        assert_eq!(is_ended(&origin), None);
    }

    #[tokio::test(start_paused = true)]
    async fn an_encoder_that_keeps_sending_is_left_alone() {
        let origin = Origin::new(OriginConfig::new()).unwrap();
        for _ in 0..20 {
            send(&origin, &CLIP[..CLIP.len() - 200]);
            pass(LINGER / 2).await;
            assert_eq!(is_ended(&origin), Some(false));
        }
    }
}
