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

/// The word of an encoder's manifest that nothing will follow.
///
/// It is not the end yet. What was sent before it may be read after it, each request over a connection of its own, and
/// a second encoder may send the same stream on. So it ends the stream where nothing comes for as long as an encoder
/// pauses between two segments.
#[derive(Clone, Copy, Debug)]
pub(super) struct LastWord {
    said: Instant,
    quiet: Duration,
}

impl LastWord {
    /// Said now; `quiet` is how long an encoder that goes on may be silent.
    pub(super) fn now(quiet: Duration) -> Self {
        let said = Instant::now();
        Self { said, quiet }
    }

    /// When it counts, of a point that was silent `since` then.
    pub(super) fn due(self, since: Instant) -> Instant {
        self.said.max(since) + self.quiet
    }
}

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
/// What is added while it sleeps is due later than what it sleeps for, but for a [`LastWord`], which wakes it.
pub(super) async fn run(points: Arc<Points>, origin: Origin) {
    while let Some(due) = points.next_due() {
        tokio::select! {
            () = tokio::time::sleep_until(due) => {}
            () = points.sooner() => continue,
        }
        let now = Instant::now();
        points.rest_silent(now);
        for presentation in points.end_silent(now) {
            tracing::info!(%presentation, "no encoder goes on; the stream ends");
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
    use std::convert::Infallible;
    use std::time::SystemTime;

    use axum::body::Body;
    use bytes::Bytes;
    use futures_util::stream;
    use http::HeaderMap;
    use llhls::manifest::Directives;
    use llhls::registry::Coding;
    use tokio::sync::mpsc;

    use super::*;
    use crate::ingest::points::Way;
    use crate::ingest::{self, label::Point};
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

    async fn playlist(origin: &Origin) -> String {
        let viewer = origin.playlists().viewer("cam", "video").unwrap();
        let body = viewer.playlist(&Directives::NONE, Coding::Identity).await;
        let text = String::from_utf8(body.unwrap().bytes.to_vec()).unwrap();
        playlist_oracle::assert_media_playlist(&text);
        text
    }

    /// Where the boxes of the clip's movie fragments start.
    fn fragments() -> Vec<usize> {
        let names = CLIP.windows(4).enumerate();
        names
            .filter(|(_, name)| name == b"moof")
            .map(|(at, _)| at - 4)
            .collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_stalled_encoder_leaves_gaps_and_goes_on_behind_them() {
        let origin = Origin::new(OriginConfig::new()).unwrap();
        tokio::spawn(origin.playlists().housekeeping());
        let (bytes, pieces) = mpsc::channel::<Bytes>(4);
        let pieces = stream::unfold(pieces, async |mut pieces| {
            let piece = pieces.recv().await?;
            Some((Ok::<_, Infallible>(piece), pieces))
        });
        let point = Point::parse("cam", None);
        let (receiver, body) = (origin.clone(), Body::from_stream(pieces));
        let request =
            tokio::spawn(
                async move { ingest::take(receiver, point, &HeaderMap::new(), body).await },
            );
        let middle = fragments()[4];
        bytes
            .send(Bytes::from_static(&CLIP[..middle]))
            .await
            .unwrap();
        pass(Duration::from_millis(10)).await;
        assert!(!playlist(&origin).await.contains("#EXT-X-GAP"));

        // The connection stays, and nothing comes: a segment and a half, then the registry's own patience.
        let mut silent = 0;
        while !playlist(&origin).await.contains("#EXT-X-GAP\n") {
            silent += 1;
            assert!(silent < 30, "no gap after {silent} s");
            pass(Duration::from_secs(1)).await;
        }
        assert!(silent > 3, "a gap after {silent} s already");
        let before = playlist(&origin).await;
        pass(Duration::from_secs(4)).await;
        let now = playlist(&origin).await;
        let gaps = |text: &str| text.matches("#EXT-X-GAP\n").count();
        assert!(
            gaps(&now) > gaps(&before),
            "at the pace of the clock\n{now}"
        );
        assert!(!now.contains("#EXT-X-ENDLIST"), "{now}");

        bytes
            .send(Bytes::from_static(&CLIP[middle..]))
            .await
            .unwrap();
        drop(bytes);
        assert!(request.await.unwrap().unwrap() > 30);
        let text = playlist(&origin).await;
        let (_, behind) = text.rsplit_once("#EXT-X-GAP\n").unwrap();
        assert!(behind.contains("#EXT-X-DISCONTINUITY\n"), "{text}");
        assert!(text.ends_with("#EXT-X-ENDLIST\n"), "{text}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_that_said_its_last_word_goes_too() {
        let origin = Origin::new(OriginConfig::new()).unwrap();
        send(&origin, CLIP);
        assert_eq!(is_ended(&origin), Some(true));
        pass(KEEP + LINGER).await;
        assert_eq!(is_ended(&origin), None);
    }

    /// A segment that came in a request of its own, as packagers send it.
    fn send_segment(origin: &Origin, bytes: &[u8]) {
        let point = Point::parse("cam", Some("chunk-video-1.m4s")).unwrap();
        let mut publishing = origin.points().join(origin, point, Way::Http).unwrap();
        publishing.receive(bytes, SystemTime::now()).unwrap();
        publishing.finish().unwrap();
    }

    async fn hear(origin: &Origin, kind: &'static str) {
        let manifest = Body::from(format!("<MPD type=\"{kind}\"></MPD>"));
        let heard = ingest::hear(origin.clone(), "cam", "manifest.mpd", manifest).await;
        assert_eq!(heard.unwrap(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_manifest_that_ends_ends_its_stream_once_it_is_quiet() {
        let origin = Origin::new(OriginConfig::new()).unwrap();
        let points = fragments();
        send_segment(&origin, &CLIP[..points[4]]);
        hear(&origin, "dynamic").await;
        pass(ABSENT / 2).await;
        // The janitor sleeps until much later; the last segment is read behind the manifest.
        hear(&origin, "static").await;
        send_segment(&origin, &CLIP[points[4]..points[6]]);
        pass(Duration::from_secs(1)).await;
        assert_eq!(is_ended(&origin), Some(false));
        pass(ABSENT / 2).await;
        assert_eq!(is_ended(&origin), Some(true));
        pass(KEEP).await;
        assert_eq!(is_ended(&origin), None);
    }

    #[tokio::test(start_paused = true)]
    async fn the_manifest_of_one_encoder_does_not_end_what_another_sends_on() {
        let origin = Origin::new(OriginConfig::new()).unwrap();
        let points = fragments();
        send_segment(&origin, &CLIP[..points[2]]);
        hear(&origin, "static").await;
        // The other one has no manifest that is sent here, and a segment each two seconds.
        for pair in points[2..].windows(2) {
            pass(Duration::from_secs(2)).await;
            assert_eq!(is_ended(&origin), Some(false));
            send_segment(&origin, &CLIP[pair[0]..pair[1]]);
        }
        // It has one after all, which is live: only its absence ends the stream.
        hear(&origin, "dynamic").await;
        pass(LINGER / 2).await;
        assert_eq!(is_ended(&origin), Some(false));
        pass(LINGER).await;
        assert_eq!(is_ended(&origin), Some(true));
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
