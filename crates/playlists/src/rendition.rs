//! One rendition as everybody shares it: the published version, the ring's reading side, and what
//! it was before.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use llhls_manifest::PlaylistView;
use ring_core::Reader;

use crate::aftermath::Aftermath;
use crate::cache::M3u8Cache;
use crate::config::uri_query;
use crate::desk::Rates;
use crate::dvr::Dvr;
use crate::freshness::Freshness;
use crate::media::Media;
use crate::name::StreamName;
use crate::snapshot::Snapshot;
use crate::stats::{RenditionCounters, RenditionStats, Tally as _};

/// The file name of every media playlist, below the folder of its rendition.
pub(crate) const MEDIA_PLAYLIST: &str = "media.m3u8";

#[derive(Debug)]
pub(crate) struct Rendition {
    pub(crate) name: StreamName,
    /// The ring's key for this incarnation; never used again.
    pub(crate) ring_key: u64,
    pub(crate) cache: M3u8Cache,
    pub(crate) reader: Reader,
    pub(crate) rates: Rates,
    pub(crate) freshness: Freshness,
    /// Shared with the snapshots, which count what is built of them.
    pub(crate) counters: Arc<RenditionCounters>,
    /// Its DVR playlist, where there is an archive.
    pub(crate) dvr: Option<Arc<Dvr>>,
    /// Operator's cap on how long a request is held.
    longest_block: Option<Duration>,
    /// Changes only when the codec does.
    media: Mutex<Media>,
    /// Whether a publisher holds it; a copy of what the timeline says, for those who only look.
    held: AtomicBool,
    /// As a sibling's playlist names this one.
    report_uri: Arc<str>,
    past: Mutex<Past>,
}

/// What is left of playlists that are gone, while their media must stay downloadable.
#[derive(Debug, Default)]
pub(crate) struct Past {
    /// The last version of this rendition, once its playlist was removed (UP-16).
    farewell: Option<Arc<Snapshot>>,
    /// What had this name before.
    predecessor: Option<Arc<Rendition>>,
}

/// What a rendition is made of.
#[derive(Debug)]
pub(crate) struct Origins {
    pub(crate) name: StreamName,
    pub(crate) ring_key: u64,
    pub(crate) media: Media,
    pub(crate) cache: M3u8Cache,
    pub(crate) reader: Reader,
    pub(crate) counters: Arc<RenditionCounters>,
    pub(crate) dvr: Option<Arc<Dvr>>,
    pub(crate) longest_block: Option<Duration>,
    /// What URIs hand on.
    pub(crate) query_parameter: Option<String>,
    pub(crate) predecessor: Option<Arc<Rendition>>,
}

impl Rendition {
    /// A rendition in the hands of its first publisher.
    pub(crate) fn new(origins: Origins) -> Self {
        let mut report_uri = String::new();
        write!(report_uri, "../{}/{MEDIA_PLAYLIST}", origins.name)
            .expect("a String takes all writes");
        if let Some(parameter) = &origins.query_parameter {
            report_uri.push_str(&uri_query(parameter));
        }
        Self {
            name: origins.name,
            ring_key: origins.ring_key,
            cache: origins.cache,
            reader: origins.reader,
            rates: Rates::default(),
            freshness: Freshness::new(),
            counters: origins.counters,
            dvr: origins.dvr,
            longest_block: origins.longest_block,
            media: Mutex::new(origins.media),
            held: AtomicBool::new(true),
            report_uri: report_uri.into(),
            past: Mutex::new(Past {
                farewell: None,
                predecessor: origins.predecessor,
            }),
        }
    }

    pub(crate) fn media(&self) -> Media {
        self.media
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) fn set_media(&self, media: Media) {
        *self.media.lock().unwrap_or_else(PoisonError::into_inner) = media;
    }

    pub(crate) fn is_held(&self) -> bool {
        self.held.load(Ordering::Relaxed)
    }

    pub(crate) fn set_held(&self, held: bool) {
        self.held.store(held, Ordering::Relaxed);
    }

    /// The URI under which siblings print a report about this rendition (§4.4.5.4, LL-25).
    pub(crate) fn report_uri(&self) -> Arc<str> {
        Arc::clone(&self.report_uri)
    }

    /// What was counted so far, and what is there now.
    pub(crate) fn stats(&self) -> RenditionStats {
        RenditionStats {
            publish: self.counters.publish.read(),
            view: self.counters.view.read(),
            waiting: self.cache.waiting() as u64,
            held_bytes: self.reader.bytes(),
        }
    }

    /// Whether it ended before its first segment, so that there never will be anything to play.
    pub(crate) fn never_began(&self) -> bool {
        let never = self.cache.look(|version| {
            let view = version.view();
            view.edge().is_ended() && !view.is_playable()
        });
        never == Some(true)
    }

    /// How long a request may be held for this rendition: three target durations (§6.2.5.2), or
    /// the operator's cap when that is shorter.
    pub(crate) fn patience(&self, view: &PlaylistView) -> Duration {
        let limit = Duration::from(view.block_deadline());
        self.longest_block.map_or(limit, |cap| cap.min(limit))
    }
}

/// The past.
impl Rendition {
    /// The version by which media is found: the current one, or the last one there was.
    pub(crate) fn newest(&self) -> Option<Arc<Snapshot>> {
        self.cache
            .current()
            .or_else(|| self.past().farewell.clone())
    }

    /// Lends that version.
    pub(crate) fn look<R>(&self, look: impl FnOnce(&Snapshot) -> R) -> Option<R> {
        let farewell = || self.past().farewell.clone();
        self.cache.look_or(farewell, |version| look(version))
    }

    /// What had this name before, while its media must stay downloadable.
    pub(crate) fn predecessor(&self) -> Option<Arc<Self>> {
        self.past().predecessor.clone()
    }

    /// Takes the playlist away and ends all waits; media is found by its last version.
    pub(crate) fn remove_playlist(&self, aftermath: &mut Aftermath) {
        let last = self.cache.current();
        self.past().farewell = last;
        aftermath.announce(Some(self.cache.remove()));
        if let Some(dvr) = &self.dvr {
            aftermath.announce(Some(dvr.cache.remove()));
        }
    }

    /// Forgets the last version of a removed playlist, and whatever was before it.
    pub(crate) fn forget(&self, aftermath: &mut Aftermath) {
        aftermath.free_past(std::mem::take(&mut *self.past()));
    }

    /// Lets go of a predecessor whose time is over.
    pub(crate) fn forget_predecessor(&self, gone: &Arc<Self>) {
        let mut past = self.past();
        if past
            .predecessor
            .as_ref()
            .is_some_and(|it| Arc::ptr_eq(it, gone))
        {
            past.predecessor = None;
        }
    }

    fn past(&self) -> MutexGuard<'_, Past> {
        self.past.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
