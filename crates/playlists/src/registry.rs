//! `Playlists`: names to live streams. Looked up once per publisher and once per request, never
//! while a part is published.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use llhls_manifest::ManifestConfig;
use ring_core::{CacheConfig, ChunkCache};

use crate::calendar::Calendar;
use crate::config::{OnConflict, RegistryConfig, RegistryConfigError};
use crate::encode::{Body, Coding};
use crate::error::{PlaylistError, PublisherError};
use crate::media::Media;
use crate::name::StreamName;
use crate::presentation::{Listing, Presentation, PresentationInfo};
use crate::publisher::Publisher;
use crate::stats::{NameCounters, RegistryStats, RenditionCounters, RenditionStats, Tally as _};
use crate::timeline::Timeline;
use crate::viewer::Viewer;

/// The live streams of one process.
///
/// Cloning shares the registry. A stream is published through a [`Publisher`] and read through
/// [`Viewer`]s; both are looked up here once and then need no map any more.
#[derive(Clone, Debug)]
pub struct Playlists {
    pub(crate) inner: Arc<Inner>,
}

/// What the clones of a registry share.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) config: RegistryConfig,
    pub(crate) ring: ChunkCache<u64>,
    /// Keys of the ring, claims of publishers, presentations: none is ever used again.
    pub(crate) next_number: AtomicU64,
    presentations: RwLock<HashMap<StreamName, Arc<Presentation>>>,
    pub(crate) calendar: Arc<Calendar>,
    pub(crate) names: NameCounters,
    /// What renditions counted that are gone.
    pub(crate) gone: RenditionCounters,
}

/// What a new rendition is: its playlist's configuration and what it carries.
#[derive(Clone, Debug)]
pub struct RenditionConfig {
    /// Targets, window and names; fixed for the life of the playlist.
    pub manifest: ManifestConfig,
    /// For the multivariant playlist.
    pub media: Media,
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
        self.active_page(None, usize::MAX, |_| true)
    }

    /// A page of [`active`](Self::active): of those that `keep` says yes to, the first `limit`
    /// whose names come after `after`. What is told of one costs the same however many there are
    /// beside it; finding the page is O(names).
    #[must_use]
    pub fn active_page(
        &self,
        after: Option<&str>,
        limit: usize,
        mut keep: impl FnMut(&StreamName) -> bool,
    ) -> Vec<PresentationInfo> {
        let mut page = self.inner.present();
        page.retain(|it| after.is_none_or(|after| it.name.as_str() > after) && keep(&it.name));
        if page.len() > limit {
            page.select_nth_unstable_by(limit, |one, other| one.name.cmp(&other.name));
            page.truncate(limit);
        }
        page.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        page.iter().map(|it| it.info()).collect()
    }

    /// One presentation as it is now.
    #[must_use]
    pub fn info(&self, presentation: &str) -> Option<PresentationInfo> {
        Some(self.presentation(presentation)?.info())
    }

    /// What this registry was configured with.
    #[must_use]
    pub fn config(&self) -> &RegistryConfig {
        &self.inner.config
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

    /// A number that nothing else in this registry has.
    pub(crate) fn next_number(&self) -> u64 {
        // Relaxed: only uniqueness matters.
        self.next_number.fetch_add(1, Ordering::Relaxed)
    }

    fn read(&self) -> RwLockReadGuard<'_, HashMap<StreamName, Arc<Presentation>>> {
        self.presentations
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, HashMap<StreamName, Arc<Presentation>>> {
        self.presentations
            .write()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
