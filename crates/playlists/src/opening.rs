//! Finding or opening what a publisher wants to publish: who may, what it continues, whether there
//! is room. Runs once per publisher.

use std::collections::HashMap;
use std::sync::Arc;

use llhls_manifest::{
    Definition, DiscontinuitySequence, IndependentSegments, M3u8Manifest, MediaDuration, Msn,
    PlaylistView, Retention,
};
use ring_core::{OpenError, RingConfig};

use crate::aftermath::Aftermath;
use crate::archive::{Recorder, RecordingId};
use crate::cache::M3u8Cache;
use crate::config::{OnConflict, uri_query};
use crate::desk::{Desk, Ledger, Tenure};
use crate::dvr::Dvr;
use crate::error::PublisherError;
use crate::multivariant;
use crate::name::StreamName;
use crate::presentation::Presentation;
use crate::publisher::Publisher;
use crate::registry::{Inner, RenditionConfig};
use crate::rendition::{Origins, Rendition};
use crate::reports::Reports;
use crate::snapshot::Snapshot;
use crate::stats::RenditionCounters;
use crate::timeline::{Seat, Timeline};

impl Inner {
    pub(crate) fn publisher(
        &self,
        presentation: &StreamName,
        name: &StreamName,
        config: RenditionConfig,
        on_conflict: OnConflict,
    ) -> Result<Publisher, PublisherError> {
        multivariant::check(name, &config.media).map_err(PublisherError::Media)?;
        // The write lock makes looking and opening one step; it is taken once per publisher.
        // Dropped behind the lock, for it is declared before it.
        let mut aftermath = Aftermath::default();
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
            self.make_place(&presentations, &mut aftermath)?;
        }
        let tenure = Tenure(self.next_number());
        let publisher = home.step_leaving(&mut aftermath, |timeline, now| {
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
        aftermath: &mut Aftermath,
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
                && presentation
                    .step_leaving(aftermath, |timeline, now| timeline.cut_departed_short(now))
            {
            }
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
                (recording, config.media.clone()),
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
