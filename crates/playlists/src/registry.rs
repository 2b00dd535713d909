//! `Playlists`: names to live streams. Looked up once per publisher and once per request, never
//! while a part is published.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use llhls_manifest::{
    Definition, DiscontinuitySequence, IndependentSegments, M3u8Manifest, ManifestConfig,
    MediaDuration, Msn, PlaylistView,
};
use ring_core::{CacheConfig, ChunkCache, OpenError, RingConfig};

use crate::archive::{Recorder, RecordingId};
use crate::cache::M3u8Cache;
use crate::config::{RegistryConfig, RegistryConfigError, uri_query};
use crate::desk::Desk;
use crate::dvr::Dvr;
use crate::encode::{Body, Coding};
use crate::error::{PlaylistError, PublisherError};
use crate::listed::Listed;
use crate::media::Media;
use crate::multivariant;
use crate::name::StreamName;
use crate::presentation::{Listing, Presentation, RenditionInfo};
use crate::publisher::Publisher;
use crate::rendition::{Rendition, Taken};
use crate::stats::{NameCounters, RegistryStats, RenditionCounters, RenditionStats, Tally as _};
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
    /// Keys of the ring: one per incarnation of a rendition, never reused.
    next_key: AtomicU64,
    presentations: RwLock<HashMap<StreamName, Arc<Presentation>>>,
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
    /// Some renditions are held by publishers; each ends with its next part, or when its publisher
    /// is dropped.
    Requested,
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
            next_key: AtomicU64::new(0),
            presentations: RwLock::default(),
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
    /// start behind the old ones (UP-17).
    ///
    /// # Errors
    ///
    /// [`PublisherError::Conflict`] while somebody else publishes it,
    /// [`PublisherError::AtCapacity`] when there is no room: a live stream is never thrown out.
    pub fn publisher(
        &self,
        presentation: &StreamName,
        rendition: &StreamName,
        config: RenditionConfig,
    ) -> Result<Publisher, PublisherError> {
        let publisher = self.find_publisher(presentation, rendition, config);
        publisher.inspect_err(|error| self.inner.names.refused(error))
    }

    fn find_publisher(
        &self,
        presentation: &StreamName,
        rendition: &StreamName,
        config: RenditionConfig,
    ) -> Result<Publisher, PublisherError> {
        multivariant::check(rendition, &config.media).map_err(PublisherError::Media)?;
        // The write lock makes looking and opening one step; it is taken once per publisher.
        let mut presentations = self
            .inner
            .presentations
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let (home, is_new) = match presentations.get(presentation) {
            Some(home) => (Arc::clone(home), false),
            None if presentations.len() >= self.inner.config.presentations => {
                let limit = self.inner.config.presentations;
                return Err(PublisherError::AtCapacity { limit });
            }
            None => (
                Arc::new(Presentation::new(
                    presentation.clone(),
                    self.inner.config.query_parameter.clone(),
                )),
                true,
            ),
        };
        let publisher = match home.rendition(rendition.as_str()) {
            Some(present) => match present.take_desk() {
                Taken::Held => return Err(PublisherError::Conflict),
                Taken::Desk(mut desk) => {
                    desk.interrupt();
                    present.set_media(config.media);
                    Publisher::new(Arc::clone(&home), present, desk)
                }
                Taken::Ended(msn, dsn) => {
                    let successor = self.open(&home, rendition, config, Some((msn, dsn)))?;
                    // Its media is not reachable by name any more; its viewers' handles say so.
                    self.inner.ring.remove(&present.ring_key);
                    self.inner.gone.absorb(&present.counters);
                    successor
                }
            },
            None => self.open(&home, rendition, config, None)?,
        };
        if is_new {
            presentations.insert(presentation.clone(), home);
            self.inner.names.opened.one();
        }
        Ok(publisher)
    }

    /// Opens a rendition, with the numbers of its predecessor where there was one.
    fn open(
        &self,
        home: &Arc<Presentation>,
        name: &StreamName,
        config: RenditionConfig,
        continuation: Option<(Msn, DiscontinuitySequence)>,
    ) -> Result<Publisher, PublisherError> {
        let limits = &self.inner.config;
        let siblings = home.renditions();
        if continuation.is_none() && siblings.len() >= limits.renditions {
            return Err(PublisherError::AtCapacity {
                limit: limits.renditions,
            });
        }
        let room =
            usize::try_from(limits.total_bytes / limits.bytes_per_rendition).unwrap_or(usize::MAX);
        if self.inner.ring.len() >= room {
            return Err(PublisherError::AtCapacity { limit: room });
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
        if let Some((msn, dsn)) = continuation {
            // Another timeline begins: as if the discontinuity had been listed and removed.
            let dsn = DiscontinuitySequence::new(dsn.value().saturating_add(1));
            manifest_config = manifest_config.start(msn, dsn);
        }
        let retained = manifest_config
            .retained_duration()
            .map_err(PublisherError::Config)?;
        let manifest =
            M3u8Manifest::new(manifest_config.clone()).map_err(PublisherError::Config)?;
        let view = manifest.view();
        let slots = slots(&view, retained);
        let agrees = |sibling: &Arc<Rendition>| {
            sibling.name == *name
                || sibling.cache.current().is_none_or(|snapshot| {
                    snapshot.view().server_control() == view.server_control()
                })
        };
        if !siblings.iter().all(agrees) {
            return Err(PublisherError::Mismatch);
        }
        // Relaxed: only uniqueness matters.
        let ring_key = self.inner.next_key.fetch_add(1, Ordering::Relaxed);
        let shape = RingConfig::new()
            .slots(slots)
            .max_bytes(limits.bytes_per_rendition);
        let writer = self
            .inner
            .ring
            .open_with(ring_key, shape)
            .map_err(|error| match error {
                OpenError::AtCapacity { limit } => PublisherError::AtCapacity { limit },
                error => unreachable!("keys are unique and shapes within bounds, yet {error}"),
            })?;
        let reader = writer.reader();
        let counters = Arc::new(RenditionCounters::default());
        let dvr = limits.archive.as_ref().map(|archive| {
            let recording = RecordingId::new(home.name.clone(), name.clone(), view.names());
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
        let desk = Box::new(Desk::new(
            manifest,
            writer,
            Listed::new(slots as u64, limits.bytes_per_rendition),
            Arc::clone(&counters),
            recorder,
        ));
        let cache = M3u8Cache::new(desk.snapshot(Box::default()), limits.waiters);
        let rendition = Rendition::new(
            name.clone(),
            ring_key,
            config.media,
            cache,
            reader,
            counters,
            limits.longest_block,
        );
        let rendition = rendition
            .handing_on(limits.query_parameter.as_deref())
            .with_dvr(dvr);
        let rendition = Arc::new(rendition);
        home.insert(Arc::clone(&rendition));
        Ok(Publisher::new(Arc::clone(home), rendition, desk))
    }

    /// A reading handle on one rendition, or nothing where none of that name is known.
    #[must_use]
    pub fn viewer(&self, presentation: &str, rendition: &str) -> Option<Viewer> {
        self.presentation(presentation)?
            .rendition(rendition)
            .map(Viewer::new)
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
        let presentations = self
            .inner
            .presentations
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let mut infos: Vec<_> = presentations
            .into_values()
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
        let presentations: Vec<_> = {
            let presentations = self.inner.presentations.read();
            let presentations = presentations.unwrap_or_else(PoisonError::into_inner);
            presentations.values().cloned().collect()
        };
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

    /// Ends every rendition of a presentation: `EXT-X-ENDLIST`, and an answer for all who wait.
    ///
    /// A rendition in a publisher's hands ends with that publisher's next part, or when the
    /// publisher is dropped: the publisher owns the manifest, and no lock could take it away.
    pub fn fin(&self, presentation: &str) -> Ending {
        let Some(home) = self.presentation(presentation) else {
            return Ending::Unknown;
        };
        let mut ending = Ending::Done;
        for rendition in home.renditions().iter() {
            rendition.request_fin();
            match rendition.take_desk() {
                // Dropping a publisher ends what was asked to end.
                Taken::Desk(desk) => drop(Publisher::new(
                    Arc::clone(&home),
                    Arc::clone(rendition),
                    desk,
                )),
                Taken::Ended(..) => {}
                Taken::Held => ending = Ending::Requested,
            }
        }
        ending
    }

    /// Removes a presentation: its memory is returned at once, whoever waits is told
    /// [`Gone`](PlaylistError::Gone), and its publishers learn it with their next part.
    pub fn remove(&self, presentation: &str) -> Ending {
        let removed = self
            .inner
            .presentations
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(presentation);
        let Some(home) = removed else {
            return Ending::Unknown;
        };
        home.remove();
        self.inner.names.removed.one();
        for rendition in home.renditions().iter() {
            self.inner.ring.remove(&rendition.ring_key);
            self.inner.gone.absorb(&rendition.counters);
        }
        Ending::Done
    }

    fn presentation(&self, name: &str) -> Option<Arc<Presentation>> {
        self.inner
            .presentations
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(name)
            .cloned()
    }
}

/// How many slots a ring needs so that everything its playlist names, and everything that must
/// stay downloadable after it (UP-10, UP-11), is in memory (law 2).
fn slots(view: &PlaylistView, retained: MediaDuration) -> usize {
    /// Parts may be shorter than the part target: the last of a segment always, independent ones
    /// (so all audio) at will. An eighth of the target on average is more than any encoder does;
    /// what is shorter still is refused when it comes, never answered with lost media.
    const SHORTER: u64 = 8;
    /// Half a day of regular parts; a longer window is bounded by bytes long before.
    const MOST: usize = 1 << 20;
    let longest = view.part_target().unwrap_or_else(|| view.target_duration());
    let regular = retained.as_nanos().div_ceil(longest.as_nanos());
    usize::try_from(regular.saturating_mul(SHORTER)).map_or(MOST, |slots| slots.clamp(1, MOST))
}
