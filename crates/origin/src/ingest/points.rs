//! The publishing points that encoders have opened, and the one request each may have.

use std::collections::HashMap;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::ingest::error::IngestError;
use crate::ingest::feed::Feed;
use crate::ingest::label::Point;
use crate::origin::Origin;

/// How long a point may be silent before its stream is ended.
const LINGER: Duration = Duration::from_secs(60);

/// How long an ended stream stays watchable before its memory is returned.
const KEEP: Duration = Duration::from_secs(300);

/// The most points there may be. A point may hold a header and a part of each track that is not
/// complete, and anybody may open one.
const LIMIT: usize = 1024;

/// All points that have sent a header and may send more.
#[derive(Debug, Default)]
pub(crate) struct Points {
    points: Mutex<HashMap<Point, Slot>>,
    /// Counts requests, to tell whether a point has been silent.
    requests: std::sync::atomic::AtomicU64,
}

#[derive(Debug)]
enum Slot {
    /// A request is under way.
    Taken,
    /// Between requests; the number is that of the last request.
    Parked { feed: Box<Feed>, request: u64 },
}

impl Points {
    /// Takes the feed of `point` for one request: the parked one, or a new one.
    pub(super) fn take(
        self: &Arc<Self>,
        origin: &Origin,
        point: Point,
    ) -> Result<FeedGuard, IngestError> {
        let mut points = self.points.lock().unwrap_or_else(PoisonError::into_inner);
        if points.len() >= LIMIT && !points.contains_key(&point) {
            return Err(IngestError::Full { limit: LIMIT });
        }
        let feed = match points.insert(point.clone(), Slot::Taken) {
            Some(Slot::Taken) => return Err(IngestError::Busy),
            Some(Slot::Parked { feed, .. }) => feed,
            None => Box::new(Feed::new(origin.clone(), point.clone())),
        };
        let request = self
            .requests
            .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Ok(FeedGuard {
            points: Arc::clone(self),
            point,
            feed: Some(feed),
            request,
        })
    }

    /// Puts a feed back after its request; one that holds nothing is forgotten.
    fn park(self: &Arc<Self>, point: &Point, feed: Box<Feed>, request: u64) {
        let mut points = self.points.lock().unwrap_or_else(PoisonError::into_inner);
        if !feed.is_worth_keeping() {
            points.remove(point);
            return;
        }
        points.insert(point.clone(), Slot::Parked { feed, request });
        drop(points);
        // Without a runtime the process is going down, and the point with it.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(Arc::clone(self).retire(point.clone(), request));
        }
    }

    /// Ends the stream of a point that stays silent, and later returns its memory.
    async fn retire(self: Arc<Self>, point: Point, request: u64) {
        tokio::time::sleep(LINGER).await;
        let Some(feed) = self.unpark(&point, request) else {
            return;
        };
        tracing::info!(presentation = %point.presentation, "no encoder came back; the stream ends");
        let origin = feed.end();
        tokio::time::sleep(KEEP).await;
        let playlists = origin.playlists();
        let ended = playlists.active().into_iter().any(|presentation| {
            presentation.name == point.presentation
                && presentation
                    .renditions
                    .iter()
                    .all(|rendition| rendition.ended)
        });
        if ended {
            playlists.remove(point.presentation.as_str());
        }
    }

    /// Removes a parked feed, if `request` was its last.
    fn unpark(&self, point: &Point, request: u64) -> Option<Box<Feed>> {
        let mut points = self.points.lock().unwrap_or_else(PoisonError::into_inner);
        match points.get(point) {
            Some(Slot::Parked { request: last, .. }) if *last == request => {}
            _ => return None,
        }
        match points.remove(point) {
            Some(Slot::Parked { feed, .. }) => Some(feed),
            _ => None,
        }
    }
}

/// A feed in the hands of one request; goes back to its point when dropped.
#[derive(Debug)]
pub(super) struct FeedGuard {
    points: Arc<Points>,
    point: Point,
    /// Invariant: present until `drop`.
    feed: Option<Box<Feed>>,
    request: u64,
}

/// Why a guard has a feed.
const HELD: &str = "the feed leaves its guard in drop, and nowhere else";

impl Deref for FeedGuard {
    type Target = Feed;

    fn deref(&self) -> &Feed {
        self.feed.as_deref().expect(HELD)
    }
}

impl DerefMut for FeedGuard {
    fn deref_mut(&mut self) -> &mut Feed {
        self.feed.as_deref_mut().expect(HELD)
    }
}

impl Drop for FeedGuard {
    fn drop(&mut self) {
        if let Some(mut feed) = self.feed.take() {
            feed.release();
            self.points.park(&self.point, feed, self.request);
        }
    }
}
