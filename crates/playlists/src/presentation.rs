//! A presentation: the renditions of one programme, and the multivariant playlist over them.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use llhls_manifest::{Decision, Directives, Edge, PlaylistView, WaitFor};

use crate::aftermath::Aftermath;
use crate::cache::Waited;
use crate::calendar::Calendar;
use crate::config::{Removal, uri_query};
use crate::dvr::DVR_PLAYLIST;
use crate::encode::{Body, Coding, Encoded};
use crate::error::PlaylistError;
use crate::media::Media;
use crate::multivariant::{self, Entry};
use crate::name::StreamName;
use crate::rendition::{MEDIA_PLAYLIST, Rendition};
use crate::stats::RenditionStats;
use crate::timeline::Timeline;

/// A multivariant playlist, and what it was written from.
type Written = Option<(Vec<Entry>, Arc<Encoded>)>;

/// Which playlist of each rendition a multivariant playlist lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Listing {
    Live,
    Dvr,
}

/// Several renditions that belong together, as the registry and all handles share them.
#[derive(Debug)]
pub(crate) struct Presentation {
    pub(crate) name: StreamName,
    /// Unlike that of any other presentation of the registry.
    pub(crate) id: u64,
    opened_at: SystemTime,
    /// Copied on change, which is rare; read by viewers.
    renditions: RwLock<Arc<[Arc<Rendition>]>>,
    /// Taken by publishers and the housekeeper, never by viewers.
    timeline: Mutex<Timeline>,
    /// Where the timeline's next deadline is noted.
    calendar: Arc<Calendar>,
    /// The query parameter that URIs hand on.
    query_parameter: Option<String>,
    /// The last multivariant playlist of live playlists, and that of DVR playlists.
    multivariant: Mutex<Written>,
    dvr_multivariant: Mutex<Written>,
    /// A copy of what the timeline says, for those who only look.
    removed: AtomicBool,
    /// What had this name before and was removed, while its media must stay downloadable.
    previous: Mutex<Option<Arc<Self>>>,
}

impl Presentation {
    pub(crate) fn new(
        name: StreamName,
        query_parameter: Option<String>,
        id: u64,
        timeline: Timeline,
        calendar: Arc<Calendar>,
        previous: Option<Arc<Self>>,
    ) -> Self {
        Self {
            name,
            id,
            opened_at: SystemTime::now(),
            renditions: RwLock::new(Arc::new([])),
            timeline: Mutex::new(timeline),
            calendar,
            query_parameter,
            multivariant: Mutex::default(),
            dvr_multivariant: Mutex::default(),
            removed: AtomicBool::new(false),
            previous: Mutex::new(previous),
        }
    }

    /// The renditions as they are now, in the order in which they were opened.
    pub(crate) fn renditions(&self) -> Arc<[Arc<Rendition>]> {
        Arc::clone(
            &self
                .renditions
                .read()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    pub(crate) fn rendition(&self, name: &str) -> Option<Arc<Rendition>> {
        self.renditions
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .find(|rendition| rendition.name.as_str() == name)
            .cloned()
    }

    /// Shows a rendition to viewers, in the place of an ended one of the same name.
    pub(crate) fn show(&self, rendition: Arc<Rendition>) {
        let mut renditions = self
            .renditions
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let mut next = renditions.to_vec();
        match next
            .iter_mut()
            .find(|present| present.name == rendition.name)
        {
            Some(present) => *present = rendition,
            None => next.push(rendition),
        }
        *renditions = next.into();
    }

    /// The timeline, to look at it, or to change it without a change of any deadline.
    pub(crate) fn timeline(&self) -> MutexGuard<'_, Timeline> {
        // A panic under this lock is a bug; what it leaves is at worst an unfinished step.
        self.timeline.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether nobody holds the timeline.
    #[cfg(test)]
    pub(crate) fn is_at_rest(&self) -> bool {
        self.timeline.try_lock().is_ok()
    }

    /// Changes the timeline, and notes when it has to be looked after next. Then, without the
    /// lock, wakes those whom the change concerns.
    pub(crate) fn step<T>(self: &Arc<Self>, change: impl FnOnce(&mut Timeline, Instant) -> T) -> T {
        let mut aftermath = Aftermath::default();
        self.step_leaving(&mut aftermath, change)
    }

    /// As [`step`](Self::step), by a caller who holds another lock; it drops `aftermath` behind it.
    pub(crate) fn step_leaving<T>(
        self: &Arc<Self>,
        aftermath: &mut Aftermath,
        change: impl FnOnce(&mut Timeline, Instant) -> T,
    ) -> T {
        let mut timeline = self.timeline();
        // Under the lock: steps are in the order of their times.
        let result = change(&mut timeline, Instant::now());
        self.reschedule(&mut timeline);
        aftermath.append(&mut timeline.aftermath);
        result
    }

    /// Sees to what is due at `now`.
    pub(crate) fn tend(self: &Arc<Self>, now: Instant) {
        self.step(|timeline, _| {
            // The calendar gave the entry away.
            timeline.scheduled = None;
            timeline.tend(now);
        });
    }

    fn reschedule(self: &Arc<Self>, timeline: &mut Timeline) {
        let due = timeline.next_due();
        if due != timeline.scheduled {
            // The calendar's lock under the timeline's, never the other way round.
            let alarm = self.calendar.move_entry(self, timeline.scheduled, due);
            timeline.aftermath.ring(alarm);
            timeline.scheduled = due;
        }
    }

    pub(crate) fn is_removed(&self) -> bool {
        self.removed.load(Ordering::Acquire)
    }

    /// Takes all playlists away: whoever waits is answered, publishers learn it with their next
    /// part. The media stays until `until`.
    pub(crate) fn remove(self: &Arc<Self>, removal: Removal) {
        self.removed.store(true, Ordering::Release);
        self.step(|timeline, now| timeline.remove(removal, now));
    }

    /// What had this name before.
    pub(crate) fn previous(&self) -> Option<Arc<Self>> {
        self.previous
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) fn set_previous(&self, previous: Option<Arc<Self>>) {
        *self.previous.lock().unwrap_or_else(PoisonError::into_inner) = previous;
    }

    /// The multivariant playlist, held until every rendition has a segment (MV-33, AMB-21).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves nothing behind.
    pub(crate) async fn multivariant(
        &self,
        listing: Listing,
        coding: Coding,
    ) -> Result<Body, PlaylistError> {
        for rendition in self.renditions().iter() {
            let cache = match (listing, &rendition.dvr) {
                (Listing::Live, _) => &rendition.cache,
                (Listing::Dvr, Some(dvr)) => &dvr.cache,
                (Listing::Dvr, None) => return Err(PlaylistError::Gone),
            };
            let current = cache.current().ok_or(PlaylistError::Gone)?;
            if current.view().is_playable() || current.view().edge().is_ended() {
                continue;
            }
            let patience = rendition.patience(current.view());
            drop(current);
            let playable = cache.wait(patience, |version| {
                let view = version.view();
                match view.decide(&Directives::NONE) {
                    _ if view.is_playable() || view.edge().is_ended() => Ok(()),
                    Decision::Wait(target) => Err(target),
                    _ => Err(WaitFor::Segment(view.edge().open)),
                }
            });
            match playable.await {
                Waited::Met(()) => {}
                Waited::TimedOut => return Err(PlaylistError::TimedOut),
                Waited::Busy { limit } => return Err(PlaylistError::Busy { limit }),
                Waited::Gone => return Err(PlaylistError::Gone),
            }
        }
        // Nothing to play anywhere: every rendition ended before its first segment.
        let written = self.written(listing).ok_or(PlaylistError::Gone)?;
        Ok(written.body(coding))
    }

    /// The text for the renditions as they are; written again only when something in it changed.
    fn written(&self, listing: Listing) -> Option<Arc<Encoded>> {
        let (written, playlist) = match listing {
            Listing::Live => (&self.multivariant, MEDIA_PLAYLIST),
            Listing::Dvr => (&self.dvr_multivariant, DVR_PLAYLIST),
        };
        let entries = self.entries(playlist);
        if entries.is_empty() {
            return None;
        }
        let mut written = written.lock().unwrap_or_else(PoisonError::into_inner);
        match &*written {
            Some((from, encoded)) if *from == entries => Some(Arc::clone(encoded)),
            _ => {
                let text = multivariant::write(&entries, self.query_parameter.as_deref())
                    .expect("each rendition was tried when it was opened, and names are distinct");
                let encoded = Arc::new(Encoded::new(text));
                *written = Some((entries, Arc::clone(&encoded)));
                Some(encoded)
            }
        }
    }

    fn entries(&self, playlist: &str) -> Vec<Entry> {
        let query = self
            .query_parameter
            .as_deref()
            .map_or_else(String::new, uri_query);
        self.renditions()
            .iter()
            .filter(|rendition| !rendition.never_began())
            .map(|rendition| {
                let mut uri = String::new();
                write!(uri, "{}/{playlist}{query}", rendition.name)
                    .expect("a String takes all writes");
                Entry::new(
                    rendition.name.clone(),
                    uri,
                    rendition.media(),
                    rendition.rates.peak(),
                    rendition.rates.mean(),
                )
            })
            .collect()
    }
}

/// One presentation in [`Playlists::active`](crate::Playlists::active).
#[derive(Clone, Debug, PartialEq)]
pub struct PresentationInfo {
    /// Its name.
    pub name: StreamName,
    /// When it was opened, by the system's clock.
    pub opened_at: SystemTime,
    /// Its renditions, in the order in which they were opened.
    pub renditions: Vec<RenditionInfo>,
}

/// One rendition in [`Playlists::active`](crate::Playlists::active).
#[derive(Clone, Debug, PartialEq)]
pub struct RenditionInfo {
    /// Its name.
    pub name: StreamName,
    /// What it carries.
    pub media: Media,
    /// Bit rate of the fattest segment so far, in bits per second; 0 before the first complete one.
    pub peak_bits_per_second: u64,
    /// Bits per second over all segments so far; 0 before the first complete one.
    pub mean_bits_per_second: u64,
    /// How long ago the newest part with bytes came; `None` before the first.
    pub since_part: Option<Duration>,
    /// How late the newest part was when it became visible: from the capture of its end, by the
    /// clock of whoever dated it. `None` where nobody did; zero where that clock is ahead of ours.
    pub capture_delay: Option<Duration>,
    /// The bounds of the newest version; `None` once the playlist is gone.
    pub edge: Option<Edge>,
    /// Whether its playlist may be served: see [`PlaylistView::is_playable`].
    ///
    /// [`PlaylistView::is_playable`]: llhls_manifest::PlaylistView::is_playable
    pub playable: bool,
    /// `EXT-X-TARGETDURATION`; zero once the playlist is gone.
    pub target_duration: Duration,
    /// Whether a publisher holds it now.
    pub publishing: bool,
    /// Whether `EXT-X-ENDLIST` was published.
    pub ended: bool,
    /// Requests that wait on it now.
    pub waiting: usize,
    /// What it counted so far.
    pub stats: RenditionStats,
}

impl Presentation {
    /// What is told of it. Reads counters and the newest versions; takes nobody's time but the
    /// caller's, and walks no parts.
    pub(crate) fn info(&self) -> PresentationInfo {
        PresentationInfo {
            name: self.name.clone(),
            opened_at: self.opened_at,
            renditions: self.renditions().iter().map(|it| it.info()).collect(),
        }
    }
}

impl Rendition {
    fn info(&self) -> RenditionInfo {
        let version = self.cache.current();
        let view = version.as_ref().map(|version| version.view());
        let edge = view.map(PlaylistView::edge);
        RenditionInfo {
            name: self.name.clone(),
            media: self.media(),
            peak_bits_per_second: self.rates.peak(),
            mean_bits_per_second: self.rates.mean(),
            since_part: self.freshness.since_part(),
            capture_delay: self.freshness.delay(),
            edge,
            playable: view.is_some_and(PlaylistView::is_playable),
            target_duration: view.map_or(Duration::ZERO, |view| view.target_duration().into()),
            publishing: self.is_held(),
            ended: edge.is_none_or(|edge| edge.is_ended()),
            waiting: self.cache.waiting(),
            stats: self.stats(),
        }
    }
}
