//! The publishing points that encoders have opened, and the requests that each has.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use llhls::registry::StreamName;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::ingest::config::IngestConfig;
use crate::ingest::error::IngestError;
use crate::ingest::feed::Feed;
use crate::ingest::janitor::{self, ABSENT, Farewells, LINGER, LastWord};
use crate::ingest::label::{Described, Point};
use crate::ingest::manifest::Says;
use crate::ingest::source::Source;
use crate::media::ByteBudget;
#[cfg(feature = "rtmp")]
use crate::media::{Held, MediaItem};
use crate::origin::Origin;

/// How long media waits for a header that overtakes it.
const HEADER: Duration = Duration::from_secs(1);

/// All points that have sent a header and may send more.
#[derive(Debug)]
pub(crate) struct Points {
    config: IngestConfig,
    /// What all of them may hold together.
    budget: ByteBudget,
    state: Mutex<State>,
    /// Wakes the janitor: something is due sooner than what it sleeps for.
    sooner: Notify,
}

#[derive(Debug, Default)]
struct State {
    points: HashMap<Point, Slot>,
    farewells: Farewells,
    janitor: Janitor,
}

/// A feed, and who uses it.
#[derive(Debug)]
struct Slot {
    feed: Arc<Mutex<Feed>>,
    /// Requests under way.
    requests: usize,
    /// How the last one came.
    way: Way,
    /// When the last request ended.
    since: Instant,
    /// Whether the encoder counts as absent already.
    rest: Rest,
    /// What its manifest said last, if that was the end.
    word: Option<LastWord>,
}

/// How media comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// `PUT` or `POST` of fragmented MP4.
    Http,
    /// RTMP.
    #[cfg(feature = "rtmp")]
    Rtmp,
}

impl Way {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            #[cfg(feature = "rtmp")]
            Self::Rtmp => "rtmp",
        }
    }
}

/// Whether a point between requests still holds its renditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rest {
    /// The next request may come any moment.
    Awaits,
    /// The registry sees to its gap.
    Rests,
}

/// Whether the one task that waits for all of them is there.
#[derive(Debug, Default, PartialEq, Eq)]
enum Janitor {
    #[default]
    Away,
    AtWork,
}

impl Points {
    pub(crate) fn new(config: IngestConfig) -> Self {
        Self {
            budget: config.budget(),
            config,
            state: Mutex::default(),
            sooner: Notify::new(),
        }
    }

    /// What all encoders may have under way, in bytes.
    pub(crate) fn most_bytes(&self) -> u64 {
        self.config.total_bytes
    }

    /// What all encoders have under way, in bytes.
    pub(crate) fn held_bytes(&self) -> u64 {
        self.budget.held()
    }

    /// Something held beside all paths.
    #[cfg(test)]
    pub(super) fn hold(&self) -> crate::media::Held {
        self.budget.hold()
    }

    /// Gives a request its place at `point`: beside others, or the first one there.
    pub(crate) fn join(
        self: &Arc<Self>,
        origin: &Origin,
        point: Point,
        way: Way,
    ) -> Result<Publishing, IngestError> {
        let feed = {
            let mut state = self.lock();
            let limit = self.config.points;
            if state.points.len() >= limit && !state.points.contains_key(&point) {
                return Err(IngestError::Full { limit });
            }
            let slot = state.points.entry(point.clone()).or_insert_with(|| Slot {
                feed: Arc::new(Mutex::new(self.feed(origin, &point))),
                requests: 0,
                way,
                since: Instant::now(),
                rest: Rest::Awaits,
                word: None,
            });
            slot.requests += 1;
            slot.way = way;
            slot.rest = Rest::Awaits;
            Arc::clone(&slot.feed)
        };
        // From here on `leave` is owed, whatever comes.
        let mut publishing = Publishing {
            points: Arc::clone(self),
            origin: origin.clone(),
            point,
            feed,
            source: None,
        };
        let source = publishing.feed().join()?;
        publishing.source = Some(source);
        Ok(publishing)
    }

    /// The paths on which a stream is published, each with how, and by how many requests now.
    /// O(paths), of which there are at most [`IngestConfig::points`].
    pub(crate) fn of(&self, presentation: &StreamName) -> Vec<(Option<StreamName>, Way, usize)> {
        let state = self.lock();
        let of = state
            .points
            .iter()
            .filter(|(point, _)| point.presentation == *presentation);
        of.map(|(point, slot)| (point.label.clone(), slot.way, slot.requests))
            .collect()
    }

    fn feed(&self, origin: &Origin, point: &Point) -> Feed {
        let budget = self.budget.part(self.config.bytes_per_point);
        Feed::new(origin.clone(), point.clone(), &self.config, budget)
    }

    /// A request has ended. A feed that holds nothing is forgotten with the last one.
    fn leave(self: &Arc<Self>, origin: &Origin, point: &Point, standing: Standing) {
        let mut state = self.lock();
        if standing == Standing::Ended {
            state.farewells.add(point.presentation.clone());
        }
        if let Some(slot) = state.points.get_mut(point) {
            slot.requests = slot.requests.saturating_sub(1);
            slot.since = Instant::now();
            if slot.word.is_some() {
                self.sooner.notify_one();
            }
            if slot.requests == 0 && standing != Standing::Waits {
                state.points.remove(point);
            }
        }
        self.wake_janitor(&mut state, origin);
    }

    /// An encoder's manifest says that it goes on, or that nothing will follow: see [`LastWord`]. The newest one counts.
    pub(super) fn hear(self: &Arc<Self>, origin: &Origin, described: &Described, says: Says) {
        let feeds: Vec<(Point, Arc<Mutex<Feed>>)> = {
            let state = self.lock();
            let slots = state.points.iter();
            slots
                .filter(|(point, slot)| described.has(point) && slot.way == Way::Http)
                .map(|(point, slot)| (point.clone(), Arc::clone(&slot.feed)))
                .collect()
        };
        // One lock at a time: how long each may be silent is its feed's to say.
        let words: Vec<(Point, Option<LastWord>)> = feeds
            .into_iter()
            .map(|(point, feed)| {
                let ended = says == Says::Ended;
                (point, ended.then(|| LastWord::now(lock(&feed).stall())))
            })
            .collect();
        let mut state = self.lock();
        for (point, word) in words {
            if let Some(slot) = state.points.get_mut(&point) {
                slot.word = word;
            }
        }
        self.wake_janitor(&mut state, origin);
        drop(state);
        self.sooner.notify_one();
    }

    /// Wakes when something is due sooner than [`Points::next_due`] said.
    pub(super) async fn sooner(&self) {
        self.sooner.notified().await;
    }

    fn wake_janitor(self: &Arc<Self>, state: &mut State, origin: &Origin) {
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

    /// Lets go the renditions of points whose encoder should have sent more at `now`.
    pub(super) fn rest_silent(&self, now: Instant) {
        let mut silent = Vec::new();
        for slot in self.lock().points.values_mut() {
            if slot.is_absent() && slot.since + ABSENT <= now {
                slot.rest = Rest::Rests;
                silent.push(Arc::clone(&slot.feed));
            }
        }
        for feed in silent {
            lock(&feed).rest();
        }
    }

    /// Takes out the points that have been silent for too long at `now`, and ends their streams.
    pub(super) fn end_silent(&self, now: Instant) -> Vec<StreamName> {
        let silent = |slot: &Slot| slot.requests == 0 && slot.ends() <= now;
        let taken: Vec<(Point, Slot)> = self
            .lock()
            .points
            .extract_if(|_, slot| silent(slot))
            .collect();
        taken
            .into_iter()
            .map(|(point, slot)| {
                lock(&slot.feed).end();
                point.presentation
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
        lock(&self.state)
    }
}

/// A panic under one of these locks leaves whole entries and whole parts only.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Slot {
    /// Whether nobody publishes here, and it was not seen to yet.
    fn is_absent(&self) -> bool {
        self.requests == 0 && self.rest == Rest::Awaits
    }

    /// When its stream ends, if nothing comes.
    fn ends(&self) -> Instant {
        let lingers = self.since + LINGER;
        let word = self.word.map(|word| word.due(self.since));
        word.map_or(lingers, |due| due.min(lingers))
    }
}

impl State {
    fn next_due(&self) -> Option<Instant> {
        let idle = self.points.values().filter(|slot| slot.requests == 0);
        let silent = idle.map(|slot| {
            let rests = slot.is_absent().then(|| slot.since + ABSENT);
            let ends = slot.ends();
            rests.map_or(ends, |rests| rests.min(ends))
        });
        silent.chain(self.farewells.next()).min()
    }
}

/// What a request leaves behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// A header, and media perhaps: the encoder may come back.
    Waits,
    /// Nothing.
    Empty,
    /// The encoder's last word.
    Ended,
}

/// One request's hold on its point; dropping it leaves everything published in place.
#[derive(Debug)]
pub(crate) struct Publishing {
    points: Arc<Points>,
    origin: Origin,
    point: Point,
    feed: Arc<Mutex<Feed>>,
    /// Present but for a moment in [`Points::join`].
    source: Option<Source>,
}

/// Why a request has a source.
const JOINED: &str = "a request gets its source when it joins, and keeps it";

impl Publishing {
    /// Takes bytes as they arrive and publishes what they complete.
    pub(crate) fn receive(&mut self, chunk: &[u8], now: SystemTime) -> Result<(), IngestError> {
        let source = self.source.as_mut().expect(JOINED);
        lock(&self.feed).receive(source, chunk, now)
    }

    /// Takes media that came another way than as boxes, and publishes what it completes.
    #[cfg(feature = "rtmp")]
    pub(crate) fn take(&mut self, item: MediaItem, now: SystemTime) -> Result<(), IngestError> {
        let source = self.source.as_ref().expect(JOINED).id();
        lock(&self.feed).receive_item(source, item, now)
    }

    /// Waits for the point's first header: it may be under way in a request that was sent before this one and is read
    /// after it. Not for ever.
    pub(crate) async fn header(&self) {
        let Some(came) = self.feed().awaited_header() else {
            return;
        };
        let mut notified = std::pin::pin!(came.notified());
        notified.as_mut().enable();
        if self.feed().awaited_header().is_some() {
            // Either way the media is read next, and refused where there is no header yet.
            let _ = tokio::time::timeout(HEADER, notified).await;
        }
    }

    /// What this path may still take: for what is held of it outside of ingest.
    #[cfg(feature = "rtmp")]
    pub(crate) fn hold(&self) -> Held {
        self.feed().budget().hold()
    }

    /// After how long without a byte [`Publishing::stalled`] should be called.
    pub(crate) fn stall(&self) -> Duration {
        self.feed().stall()
    }

    /// Nothing has come for that long. Viewers get gaps at the pace of the clock until something does.
    pub(crate) fn stalled(&self) {
        self.feed().rest();
    }

    /// The request has ended in order.
    pub(crate) fn finish(&mut self) -> Result<(), IngestError> {
        let source = self.source.as_mut().expect(JOINED);
        lock(&self.feed).request_ended(source)
    }

    /// How many parts were published on this point.
    pub(crate) fn parts(&self) -> u64 {
        self.feed().parts()
    }

    fn feed(&self) -> MutexGuard<'_, Feed> {
        lock(&self.feed)
    }
}

impl Drop for Publishing {
    fn drop(&mut self) {
        let standing = {
            let mut feed = lock(&self.feed);
            if let Some(source) = &self.source {
                feed.leave(source);
            }
            if feed.has_ended() {
                Standing::Ended
            } else if feed.is_worth_keeping() {
                Standing::Waits
            } else {
                Standing::Empty
            }
        };
        self.points.leave(&self.origin, &self.point, standing);
    }
}
