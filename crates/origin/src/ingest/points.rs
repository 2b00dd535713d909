//! The publishing points that encoders have opened, and the one request each may have.

use std::collections::HashMap;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use llhls::registry::StreamName;
use tokio::time::Instant;

use crate::ingest::error::IngestError;
use crate::ingest::feed::Feed;
use crate::ingest::janitor::{self, Farewells, LINGER};
use crate::ingest::label::Point;
use crate::origin::Origin;

/// The most points there may be. A point may hold a header and a part of each track that is not
/// complete, and anybody may open one.
const LIMIT: usize = 1024;

/// All points that have sent a header and may send more.
#[derive(Debug, Default)]
pub(crate) struct Points {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    points: HashMap<Point, Slot>,
    farewells: Farewells,
    janitor: Janitor,
}

#[derive(Debug)]
enum Slot {
    /// A request is under way.
    Taken,
    /// Between requests, since then.
    Parked { feed: Box<Feed>, since: Instant },
}

/// Whether the one task that waits for all of them is there.
#[derive(Debug, Default, PartialEq, Eq)]
enum Janitor {
    #[default]
    Away,
    AtWork,
}

impl Points {
    /// Takes the feed of `point` for one request: the parked one, or a new one.
    pub(super) fn take(
        self: &Arc<Self>,
        origin: &Origin,
        point: Point,
    ) -> Result<FeedGuard, IngestError> {
        let mut state = self.lock();
        if state.points.len() >= LIMIT && !state.points.contains_key(&point) {
            return Err(IngestError::Full { limit: LIMIT });
        }
        let feed = match state.points.insert(point.clone(), Slot::Taken) {
            Some(Slot::Taken) => return Err(IngestError::Busy),
            Some(Slot::Parked { feed, .. }) => feed,
            None => Box::new(Feed::new(origin.clone(), point.clone())),
        };
        let (points, origin) = (Arc::clone(self), origin.clone());
        Ok(FeedGuard {
            points,
            origin,
            point,
            feed: Some(feed),
        })
    }

    /// Puts a feed back after its request; one that holds nothing is forgotten.
    fn park(self: &Arc<Self>, origin: &Origin, point: Point, feed: Box<Feed>) {
        let mut state = self.lock();
        if feed.has_ended() {
            state.farewells.add(point.presentation.clone());
        }
        if feed.is_worth_keeping() {
            state.points.insert(
                point,
                Slot::Parked {
                    feed,
                    since: Instant::now(),
                },
            );
        } else {
            state.points.remove(&point);
        }
        if state.janitor == Janitor::Away && state.next_due().is_some() {
            // Without a runtime the process is going down, and everything with it.
            if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                runtime.spawn(janitor::run(Arc::clone(self), origin.clone()));
                state.janitor = Janitor::AtWork;
            }
        }
    }

    /// When the next thing is due. With nothing to wait for the janitor that asks may go.
    pub(super) fn next_due(&self) -> Option<Instant> {
        let mut state = self.lock();
        let due = state.next_due();
        if due.is_none() {
            state.janitor = Janitor::Away;
        }
        due
    }

    /// Takes out the points that have been silent for too long at `now`.
    pub(super) fn take_silent(&self, now: Instant) -> Vec<(Point, Box<Feed>)> {
        let silent =
            |slot: &Slot| matches!(slot, Slot::Parked { since, .. } if *since + LINGER <= now);
        self.lock()
            .points
            .extract_if(|_, slot| silent(slot))
            .filter_map(|(point, slot)| match slot {
                Slot::Parked { feed, .. } => Some((point, feed)),
                Slot::Taken => None,
            })
            .collect()
    }

    /// The stream of a point was ended.
    pub(super) fn ended(&self, presentation: StreamName) {
        self.lock().farewells.add(presentation);
    }

    /// Takes out the presentations whose time has come at `now`.
    pub(super) fn take_farewells(&self, now: Instant) -> Vec<StreamName> {
        self.lock().farewells.take_due(now)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic under this lock leaves whole entries only.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn next_due(&self) -> Option<Instant> {
        let silent = self.points.values().filter_map(|slot| match slot {
            Slot::Parked { since, .. } => Some(*since + LINGER),
            Slot::Taken => None,
        });
        silent.chain(self.farewells.next()).min()
    }
}

/// A feed in the hands of one request; goes back to its point when dropped.
#[derive(Debug)]
pub(super) struct FeedGuard {
    points: Arc<Points>,
    origin: Origin,
    point: Point,
    /// Invariant: present until `drop`.
    feed: Option<Box<Feed>>,
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
            self.points.park(&self.origin, self.point.clone(), feed);
        }
    }
}
