//! `Playlists`: names to live streams. Looked up once per publisher and once per request, never
//! while a part is published.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use llhls_manifest::{
    Definition, DiscontinuitySequence, IndependentSegments, M3u8Manifest, ManifestConfig,
    MediaDuration, Msn, PlaylistView, Retention,
};
use ring_core::{CacheConfig, ChunkCache, OpenError, RingConfig};
use tokio::time::Instant;

use crate::archive::{Recorder, RecordingId};
use crate::cache::M3u8Cache;
use crate::calendar::Calendar;
use crate::config::{OnConflict, RegistryConfig, RegistryConfigError, uri_query};
use crate::desk::{Desk, Tenure};
use crate::dvr::Dvr;
use crate::encode::{Body, Coding};
use crate::error::{PlaylistError, PublisherError};
use crate::ledger::Ledger;
use crate::media::Media;
use crate::multivariant;
use crate::name::StreamName;
use crate::presentation::{Listing, Presentation, RenditionInfo};
use crate::publisher::Publisher;
use crate::rendition::{Origins, Rendition};
use crate::reports::Reports;
use crate::snapshot::Snapshot;
use crate::stats::{NameCounters, RegistryStats, RenditionCounters, RenditionStats, Tally as _};
use crate::timeline::{Seat, Timeline};
use crate::viewer::Viewer;

/// The live streams of one process.
///
/// Cloning shares the registry. A stream is published through a [`Publisher`] and read through
/// [`Viewer`]s; both are looked up here once and then need no map any more.
#[derive(Clone, Debug)]
pub struct Playlists {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    config: RegistryConfig,
    ring: ChunkCache<u64>,
    /// Keys of the ring, claims of publishers, presentations: none is ever used again.
    next_number: AtomicU64,
    presentations: RwLock<HashMap<StreamName, Arc<Presentation>>>,
    calendar: Arc<Calendar>,
    names: NameCounters,
    /// What renditions counted that are gone.
    gone: RenditionCounters,
}

/// What a new rendition is: its playlist's configuration and what it carries.
#[derive(Clone, Debug)]
pub struct RenditionConfig {
    /// Targets, window and names; fixed for the life of the playlist.
    pub manifest: ManifestConfig,
    /// For the multivariant playlist.
    pub media: Media,
}

/// One presentation in [`Playlists::active`].
#[derive(Clone, Debug, PartialEq)]
pub struct PresentationInfo {
    /// Its name.
    pub name: StreamName,
    /// Its renditions, in the order in which they were opened.
    pub renditions: Vec<RenditionInfo>,
}

/// What `fin` or `remove` found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ending {
    /// Done: every rendition has ended, or everything was removed.
    Done,
    /// There is no presentation of that name.
    Unknown,
}

impl Playlists {
    /// An empty registry. Allocates nothing per stream that is not there.
    ///
    /// # Errors
    ///
    /// [`RegistryConfigError`] when a bound is zero or two contradict each other.
    pub fn new(config: RegistryConfig) -> Result<Self, RegistryConfigError> {
        config.check()?;
        let streams = config
            .presentations
            .checked_mul(config.renditions)
            .ok_or(RegistryConfigError::TooLarge)?;
        let ring = ChunkCache::new(
            CacheConfig::new()
                .max_streams(streams)
                .max_bytes(config.total_bytes),
        )
        .map_err(|_| RegistryConfigError::TooLarge)?;
        let inner = Inner {
            config,
            ring,
            next_number: AtomicU64::new(0),
            presentations: RwLock::default(),
            calendar: Arc::default(),
            names: NameCounters::default(),
            gone: RenditionCounters::default(),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// The right to publish `rendition` of `presentation`, opening both where they are new.
    ///
    /// A rendition whose publisher left is continued: the Media Sequence Numbers go on, the next
    /// part is marked as a discontinuity, and the configuration of its first publisher stays, for
    /// targets may not change (§6.2.1). One that has ended is replaced by a new one whose numbers
    /// start behind the old ones (UP-17); what its playlist named stays downloadable for as long
    /// as it must (UP-11).
    ///
    /// While somebody else publishes it, the registry's [`OnConflict`] decides.
    ///
    /// # Errors
    ///
    /// [`PublisherError::Conflict`] while somebody else publishes it and that is to be refused,
    /// [`PublisherError::AtCapacity`] when there is no room: a live stream is never thrown out.
    pub fn publisher(
        &self,
        presentation: &StreamName,
        rendition: &StreamName,
        config: RenditionConfig,
    ) -> Result<Publisher, PublisherError> {
        let policy = self.inner.config.on_conflict;
        self.publisher_with(presentation, rendition, config, policy)
    }

    /// As [`publisher`](Self::publisher), with a word of the caller's own on what becomes of a
    /// second publisher: an authenticated encoder may take over where an unknown one may not.
    ///
    /// The publisher that is displaced learns it with its next part
    /// ([`PublishError::Superseded`](crate::PublishError::Superseded)); what it published stays.
    ///
    /// # Errors
    ///
    /// As [`publisher`](Self::publisher).
    pub fn publisher_with(
        &self,
        presentation: &StreamName,
        rendition: &StreamName,
        config: RenditionConfig,
        on_conflict: OnConflict,
    ) -> Result<Publisher, PublisherError> {
        let publisher = self
            .inner
            .publisher(presentation, rendition, config, on_conflict);
        publisher.inspect_err(|error| self.inner.names.refused(error))
    }

    /// A reading handle on one rendition, or nothing where none of that name is known.
    ///
    /// A removed one is still known while its media is kept (UP-16): its playlist is
    /// [`Gone`](PlaylistError::Gone), its media is not.
    #[must_use]
    pub fn viewer(&self, presentation: &str, rendition: &str) -> Option<Viewer> {
        let mut home = self.inner.find(presentation)?;
        loop {
            if let Some(rendition) = home.rendition(rendition) {
                return Some(Viewer::new(rendition));
            }
            home = home.previous()?;
        }
    }

    /// The multivariant playlist of a presentation; held until every rendition has a segment.
    ///
    /// # Errors
    ///
    /// [`PlaylistError::Gone`] when there is no such presentation, [`PlaylistError::TimedOut`]
    /// when its renditions do not all start in time.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves nothing behind.
    pub async fn multivariant(
        &self,
        presentation: &str,
        coding: Coding,
    ) -> Result<Body, PlaylistError> {
        let presentation = self.presentation(presentation).ok_or(PlaylistError::Gone)?;
        presentation.multivariant(Listing::Live, coding).await
    }

    /// The multivariant playlist over the DVR playlists of a presentation: the same renditions
    /// from further back. Held until every DVR playlist has a segment.
    ///
    /// # Errors
    ///
    /// As [`multivariant`](Self::multivariant); [`PlaylistError::Gone`] too where the registry has
    /// no [archive](RegistryConfig::archive).
    ///
    /// # Cancel safety
    ///
    /// As [`multivariant`](Self::multivariant).
    pub async fn dvr_multivariant(
        &self,
        presentation: &str,
        coding: Coding,
    ) -> Result<Body, PlaylistError> {
        let presentation = self.presentation(presentation).ok_or(PlaylistError::Gone)?;
        presentation.multivariant(Listing::Dvr, coding).await
    }

    /// The presentations as they are now, by name.
    #[must_use]
    pub fn active(&self) -> Vec<PresentationInfo> {
        let present = self.inner.present().into_iter();
        let mut infos: Vec<_> = present
            .map(|presentation| PresentationInfo {
                name: presentation.name.clone(),
                renditions: presentation.infos(),
            })
            .collect();
        infos.sort_by(|one, other| one.name.cmp(&other.name));
        infos
    }

    /// What is there now and what happened so far.
    ///
    /// Takes the same short locks as a request does; O(renditions). The numbers are read one after
    /// the other, so two of them may differ by what happened in between.
    #[must_use]
    pub fn stats(&self) -> RegistryStats {
        let presentations = self.inner.present();
        let mut stats = RegistryStats {
            presentations: presentations.len() as u64,
            names: self.inner.names.read(),
            renditions_total: RenditionStats {
                publish: self.inner.gone.publish.read(),
                view: self.inner.gone.view.read(),
                ..RenditionStats::default()
            },
            ..RegistryStats::default()
        };
        for presentation in presentations {
            for rendition in presentation.renditions().iter() {
                stats.renditions += 1;
                stats.publishers += u64::from(rendition.is_held());
                stats.renditions_total += rendition.stats();
            }
        }
        stats
    }

    /// What one rendition counted so far, or nothing where none of that name is known.
    #[must_use]
    pub fn rendition_stats(&self, presentation: &str, rendition: &str) -> Option<RenditionStats> {
        let rendition = self.presentation(presentation)?.rendition(rendition)?;
        Some(rendition.stats())
    }

    /// Ends every rendition of a presentation, in one step: `EXT-X-ENDLIST`, and an answer for all
    /// who wait. Publishers learn it with their next part.
    pub fn fin(&self, presentation: &str) -> Ending {
        let Some(home) = self.presentation(presentation) else {
            return Ending::Unknown;
        };
        home.step(Timeline::end_all);
        Ending::Done
    }

    /// Removes a presentation: its playlists are gone at once, whoever waits for them is told
    /// [`Gone`](PlaylistError::Gone), and its publishers learn it with their next part. What
    /// becomes of the media is the registry's [`Removal`](crate::Removal).
    pub fn remove(&self, presentation: &str) -> Ending {
        let Some(home) = self.presentation(presentation) else {
            return Ending::Unknown;
        };
        home.remove(self.inner.config.removal);
        self.inner.names.removed.one();
        for rendition in home.renditions().iter() {
            self.inner.gone.absorb(&rendition.counters);
        }
        self.inner.unlink_if_over(&home);
        Ending::Done
    }

    /// Sees to everything that is due at `now`: renditions whose publisher is away too long, media
    /// that need not be kept any longer. Says when it has to be called next, if nothing changes
    /// until then. For hosts that cannot run [`housekeeping`](Self::housekeeping).
    ///
    /// O(log presentations) for each that is due, plus what is done for it.
    pub fn tick(&self, now: Instant) -> Option<Instant> {
        while let Some(due) = self.inner.calendar.take_due(now) {
            if let Some(presentation) = due.upgrade() {
                presentation.tend(now);
                self.inner.unlink_if_over(&presentation);
            }
        }
        self.inner.calendar.next()
    }

    /// Calls [`tick`](Self::tick) whenever something is due: spawn it once for each registry.
    ///
    /// It sleeps until the next deadline, by Tokio's clock, and does not poll. The library spawns
    /// nothing by itself; without this, or `tick`, absent publishers go unnoticed and memory
    /// behind a silent stream is not returned.
    ///
    /// Completes when the last `Playlists` is dropped.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves nothing undone that another one would not do.
    ///
    /// ```
    /// # use playlists::{Playlists, RegistryConfig};
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
    /// let playlists = Playlists::new(RegistryConfig::new())?;
    /// let housekeeper = tokio::spawn(playlists.housekeeping());
    /// // … publish, view …
    /// drop(playlists);
    /// housekeeper.await?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn housekeeping(&self) -> impl Future<Output = ()> + Send + use<> {
        let calendar = Arc::clone(&self.inner.calendar);
        let registry = Arc::downgrade(&self.inner);
        async move {
            loop {
                let changed = calendar.changed();
                let next = match registry.upgrade() {
                    Some(inner) => Self { inner }.tick(Instant::now()),
                    None => return,
                };
                match next {
                    Some(due) => {
                        // Either way it is time to look again.
                        let _ = tokio::time::timeout_at(due, changed).await;
                    }
                    None => changed.await,
                }
            }
        }
    }

    fn presentation(&self, name: &str) -> Option<Arc<Presentation>> {
        self.inner
            .find(name)
            .filter(|presentation| !presentation.is_removed())
    }
}

impl Inner {
    fn find(&self, name: &str) -> Option<Arc<Presentation>> {
        self.read().get(name).cloned()
    }

    /// All presentations that are there, without those that were removed.
    fn present(&self) -> Vec<Arc<Presentation>> {
        let presentations = self.read();
        let present = presentations.values().filter(|it| !it.is_removed());
        present.cloned().collect()
    }

    fn publisher(
        &self,
        presentation: &StreamName,
        name: &StreamName,
        config: RenditionConfig,
        on_conflict: OnConflict,
    ) -> Result<Publisher, PublisherError> {
        multivariant::check(name, &config.media).map_err(PublisherError::Media)?;
        // The write lock makes looking and opening one step; it is taken once per publisher.
        let mut presentations = self.write();
        let known = presentations.get(presentation).cloned();
        let (home, is_new) = match known {
            Some(home) if !home.is_removed() => (home, false),
            previous => {
                let limit = self.config.presentations;
                if presentations.values().filter(|it| !it.is_removed()).count() >= limit {
                    return Err(PublisherError::AtCapacity { limit });
                }
                (self.new_presentation(presentation, previous), true)
            }
        };
        let must_open = home
            .timeline()
            .find(name.as_str())
            .is_none_or(|(_, desk)| desk.is_ended());
        if must_open {
            self.make_place(&presentations)?;
        }
        let tenure = Tenure(self.next_number());
        let publisher = home.step(|timeline, now| {
            let (slot, rendition) = match timeline.find(name.as_str()) {
                Some((slot, desk)) if !desk.is_ended() => {
                    if desk.is_held() {
                        match on_conflict {
                            OnConflict::Refuse => return Err(PublisherError::Conflict),
                            OnConflict::TakeOver => self.names.take_overs.one(),
                        }
                    }
                    desk.seat(tenure);
                    desk.rendition.set_media(config.media);
                    (slot, Arc::clone(&desk.rendition))
                }
                before => {
                    let before = before.map(|(_, desk)| Before::of(desk));
                    let before = before.or_else(|| previous_of(&home, name));
                    let desk = self.open(timeline, presentation, name, config, before, tenure)?;
                    let rendition = Arc::clone(&desk.rendition);
                    if let Some((_, replaced)) = timeline.find(name.as_str()) {
                        self.gone.absorb(&replaced.rendition.counters);
                    }
                    let slot = timeline.insert(desk, self.config.removal, now);
                    (slot, rendition)
                }
            };
            Ok(Publisher::new(
                Arc::clone(&home),
                rendition,
                Seat { slot, tenure },
            ))
        })?;
        home.show(publisher.shared());
        if is_new {
            presentations.insert(presentation.clone(), home);
            self.names.opened.one();
        }
        Ok(publisher)
    }

    fn new_presentation(
        &self,
        name: &StreamName,
        previous: Option<Arc<Presentation>>,
    ) -> Arc<Presentation> {
        Arc::new(Presentation::new(
            name.clone(),
            self.config.query_parameter.clone(),
            self.next_number(),
            Timeline::new(self.ring.clone()),
            Arc::clone(&self.calendar),
            previous,
        ))
    }

    /// Makes sure that one more rendition fits: what is kept of removed ones goes before a new one
    /// is refused.
    fn make_place(
        &self,
        presentations: &HashMap<StreamName, Arc<Presentation>>,
    ) -> Result<(), PublisherError> {
        let limits = &self.config;
        let limit =
            usize::try_from(limits.total_bytes / limits.bytes_per_rendition).unwrap_or(usize::MAX);
        let mut known = presentations.values().cloned().collect::<Vec<_>>();
        while self.ring.len() >= limit {
            let Some(presentation) = known.pop() else {
                return Err(PublisherError::AtCapacity { limit });
            };
            known.extend(presentation.previous());
            while self.ring.len() >= limit
                && presentation.step(|timeline, now| timeline.cut_departed_short(now))
            {}
        }
        Ok(())
    }

    /// Opens a rendition, with the numbers of its predecessor where there was one.
    fn open(
        &self,
        timeline: &Timeline,
        home: &StreamName,
        name: &StreamName,
        config: RenditionConfig,
        before: Option<Before>,
        tenure: Tenure,
    ) -> Result<Desk, PublisherError> {
        let limits = &self.config;
        let siblings = || {
            let desks = timeline.desks().iter();
            desks.filter(|desk| desk.rendition.name != *name)
        };
        if siblings().count() >= limits.renditions {
            return Err(PublisherError::AtCapacity {
                limit: limits.renditions,
            });
        }
        // The multivariant playlist promises it for all (§4.4.2.1), so the manifest must hold it.
        let mut manifest_config = config
            .manifest
            .independent_segments(IndependentSegments::Promised);
        if let Some(parameter) = &limits.query_parameter {
            manifest_config = manifest_config
                .define(Definition::QueryParameter(parameter.clone()))
                .uri_query(uri_query(parameter));
        }
        let manifest =
            M3u8Manifest::new(manifest_config.clone()).map_err(PublisherError::Config)?;
        let (mut msn, mut dsn) = manifest.continuation();
        if let Some(before) = &before {
            // Another timeline begins: as if the discontinuity had been listed and removed.
            (msn, dsn) = (before.msn, before.dsn.max(dsn));
            dsn = DiscontinuitySequence::new(dsn.value().saturating_add(1));
        }
        if let Some(shared) = timeline.sequence() {
            // The same number at the same point of the timeline in all renditions (§6.2.4).
            dsn = if before.is_some() {
                dsn.max(shared)
            } else {
                shared
            };
        }
        manifest_config = manifest_config.start(msn, dsn);
        let retained = manifest_config
            .retained_duration()
            .map_err(PublisherError::Config)?;
        // Deadlines are kept by the clock, not by the media's time (UP-11).
        let by_the_clock = manifest_config.clone().retention(Retention::Caller);
        let manifest = M3u8Manifest::new(by_the_clock).map_err(PublisherError::Config)?;
        let view = manifest.view();
        let slots = slots(&view, retained, limits.parts_per_rendition)?;
        let agrees = |desk: &Desk| desk.view().server_control() == view.server_control();
        if !siblings().all(agrees) {
            return Err(PublisherError::Mismatch);
        }
        let counters = Arc::new(RenditionCounters::default());
        let dvr = limits.archive.as_ref().map(|archive| {
            let recording = RecordingId::new(home.clone(), name.clone(), view.names());
            let counters = Arc::clone(&counters);
            Dvr::new(
                recording,
                &manifest_config,
                &view,
                archive,
                counters,
                limits.waiters,
            )
            .map(Arc::new)
        });
        let dvr = dvr.transpose().map_err(PublisherError::Config)?;
        let recorder = limits.archive.clone().zip(dvr.clone());
        let recorder = recorder.map(|(archive, dvr)| Recorder::new(archive, dvr));
        let ring_key = self.next_number();
        let shape = RingConfig::new()
            .slots(slots)
            .max_bytes(limits.bytes_per_rendition);
        let writer = self
            .ring
            .open_with(ring_key, shape)
            .map_err(|error| match error {
                OpenError::AtCapacity { limit } => PublisherError::AtCapacity { limit },
                error => unreachable!("keys are unique and shapes within bounds, yet {error}"),
            })?;
        let first = Snapshot::new(view, Reports::none(), Arc::new([]), Arc::clone(&counters));
        let rendition = Arc::new(Rendition::new(Origins {
            name: name.clone(),
            ring_key,
            media: config.media,
            cache: M3u8Cache::new(first, limits.waiters),
            reader: writer.reader(),
            counters,
            dvr,
            longest_block: limits.longest_block,
            query_parameter: limits.query_parameter.clone(),
            predecessor: before.map(|before| before.rendition),
        }));
        let ledger = Ledger::new(slots as u64, limits.bytes_per_rendition);
        Ok(Desk::new(
            rendition,
            manifest,
            writer,
            ledger,
            recorder,
            limits.absence,
            tenure,
        ))
    }

    /// Forgets a removed presentation whose media is over.
    fn unlink_if_over(&self, over: &Arc<Presentation>) {
        if !over.timeline().is_over() {
            return;
        }
        let mut presentations = self.write();
        let Some(current) = presentations.get(over.name.as_str()).cloned() else {
            return;
        };
        if Arc::ptr_eq(&current, over) {
            match over.previous() {
                Some(previous) => presentations.insert(over.name.clone(), previous),
                None => presentations.remove(over.name.as_str()),
            };
            return;
        }
        let mut newer = current;
        while let Some(next) = newer.previous() {
            if Arc::ptr_eq(&next, over) {
                newer.set_previous(over.previous());
                return;
            }
            newer = next;
        }
    }

    /// A number that nothing else in this registry has.
    fn next_number(&self) -> u64 {
        // Relaxed: only uniqueness matters.
        self.next_number.fetch_add(1, Ordering::Relaxed)
    }

    fn read(&self) -> RwLockReadGuard<'_, HashMap<StreamName, Arc<Presentation>>> {
        self.presentations
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, HashMap<StreamName, Arc<Presentation>>> {
        self.presentations
            .write()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Inner {
    /// The housekeeper has nothing to keep any more.
    fn drop(&mut self) {
        self.calendar.wake();
    }
}

/// What a rendition continues that had the same name.
struct Before {
    rendition: Arc<Rendition>,
    msn: Msn,
    dsn: DiscontinuitySequence,
}

impl Before {
    fn of(desk: &Desk) -> Self {
        let (msn, dsn) = desk.continuation();
        Self {
            rendition: Arc::clone(&desk.rendition),
            msn,
            dsn,
        }
    }
}

/// What had the name in a presentation that was removed, while its media is kept.
fn previous_of(home: &Presentation, name: &StreamName) -> Option<Before> {
    let mut previous = home.previous();
    while let Some(presentation) = previous {
        if let Some((_, desk)) = presentation.timeline().find(name.as_str()) {
            return Some(Before::of(desk));
        }
        previous = presentation.previous();
    }
    None
}

/// How many slots a ring needs so that everything its playlist names, and everything that must
/// stay downloadable after it (UP-10, UP-11), is in memory (law 2).
fn slots(
    view: &PlaylistView,
    retained: MediaDuration,
    limit: usize,
) -> Result<usize, PublisherError> {
    /// Parts may be shorter than the part target: the last of a segment always, independent ones
    /// (so all audio) at will. An eighth of the target on average is more than any encoder does;
    /// what is shorter still is refused when it comes, never answered with lost media.
    const SHORTER: u64 = 8;
    let longest = view.part_target().unwrap_or_else(|| view.target_duration());
    let regular = retained.as_nanos().div_ceil(longest.as_nanos());
    let limit = limit as u64;
    if regular > limit {
        return Err(PublisherError::WindowTooLong {
            parts: regular,
            limit,
        });
    }
    let slots = regular.saturating_mul(SHORTER).clamp(1, limit);
    Ok(usize::try_from(slots).expect("no more than the limit, which is a usize"))
}
