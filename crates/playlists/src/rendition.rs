//! One rendition as everybody shares it: the published version, the ring's reading side, the desk
//! that the next publisher will sit at.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use llhls_manifest::{DiscontinuitySequence, Msn, PlaylistView};
use ring_core::Reader;

use crate::cache::M3u8Cache;
use crate::config::uri_query;
use crate::desk::Desk;
use crate::dvr::Dvr;
use crate::media::Media;
use crate::name::StreamName;
use crate::rates::Rates;
use crate::snapshot::SiblingReport;
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
    /// Shared with the snapshots, which count what is built of them.
    pub(crate) counters: Arc<RenditionCounters>,
    /// Its DVR playlist, where there is an archive.
    pub(crate) dvr: Option<Arc<Dvr>>,
    /// Operator's cap on how long a request is held.
    pub(crate) longest_block: Option<Duration>,
    /// Changes only when a publisher comes back with another codec.
    media: Mutex<Media>,
    desk: Mutex<Parking>,
    /// Set by `fin` while a publisher holds the desk: whoever holds it next ends the stream.
    fin_requested: AtomicBool,
    /// As a sibling's playlist names this one.
    report_uri: Arc<str>,
}

/// Where the publisher's state is.
#[derive(Debug)]
enum Parking {
    /// A publisher has it.
    Held,
    /// Nobody publishes; the next publisher continues from here.
    Free(Box<Desk>),
}

/// What became of an attempt to take the desk.
#[derive(Debug)]
pub(crate) enum Taken {
    Desk(Box<Desk>),
    Held,
    /// The stream was ended; its numbering goes on in a new rendition, from here.
    Ended(Msn, DiscontinuitySequence),
}

impl Rendition {
    pub(crate) fn new(
        name: StreamName,
        ring_key: u64,
        media: Media,
        cache: M3u8Cache,
        reader: Reader,
        counters: Arc<RenditionCounters>,
        longest_block: Option<Duration>,
    ) -> Self {
        let mut report_uri = String::new();
        write!(report_uri, "../{name}/{MEDIA_PLAYLIST}").expect("a String takes all writes");
        Self {
            name,
            ring_key,
            cache,
            reader,
            rates: Rates::default(),
            counters,
            dvr: None,
            longest_block,
            media: Mutex::new(media),
            desk: Mutex::new(Parking::Held),
            fin_requested: AtomicBool::new(false),
            report_uri: report_uri.into(),
        }
    }

    /// The same with a query parameter that siblings' playlists hand on.
    pub(crate) fn handing_on(mut self, query_parameter: Option<&str>) -> Self {
        if let Some(parameter) = query_parameter {
            self.report_uri = (self.report_uri.to_string() + &uri_query(parameter)).into();
        }
        self
    }

    /// The same with a DVR playlist beside it.
    pub(crate) fn with_dvr(mut self, dvr: Option<Arc<Dvr>>) -> Self {
        self.dvr = dvr;
        self
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

    /// Takes the desk for a publisher.
    pub(crate) fn take_desk(&self) -> Taken {
        let mut parking = self.parking();
        match std::mem::replace(&mut *parking, Parking::Held) {
            Parking::Held => Taken::Held,
            Parking::Free(desk) if desk.is_ended() => {
                let (msn, dsn) = desk.continuation();
                *parking = Parking::Free(desk);
                Taken::Ended(msn, dsn)
            }
            Parking::Free(desk) => Taken::Desk(desk),
        }
    }

    /// Gives the desk back for the next publisher.
    pub(crate) fn park(&self, desk: Box<Desk>) {
        *self.parking() = Parking::Free(desk);
    }

    /// Ends all waits; nothing is visible from now on.
    pub(crate) fn remove(&self) {
        self.cache.remove();
        if let Some(dvr) = &self.dvr {
            dvr.cache.remove();
        }
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

    pub(crate) fn is_held(&self) -> bool {
        matches!(*self.parking(), Parking::Held)
    }

    pub(crate) fn request_fin(&self) {
        // Release, with the Acquire below: not for data, but so that a publisher that parks after
        // this is certain to see it (the desk's lock orders the two).
        self.fin_requested.store(true, Ordering::Release);
    }

    pub(crate) fn fin_requested(&self) -> bool {
        self.fin_requested.load(Ordering::Acquire)
    }

    /// The report that siblings print about this rendition (§4.4.5.4), once it has a part.
    pub(crate) fn report(&self) -> Option<SiblingReport> {
        let last = self.cache.current()?.view().edge().last_listed()?;
        Some(SiblingReport {
            uri: Arc::clone(&self.report_uri),
            last,
        })
    }

    /// How long a request may be held for this rendition: three target durations (§6.2.5.2), or
    /// the operator's cap when that is shorter.
    pub(crate) fn patience(&self, view: &PlaylistView) -> Duration {
        let limit = Duration::from(view.block_deadline());
        self.longest_block.map_or(limit, |cap| cap.min(limit))
    }

    fn parking(&self) -> std::sync::MutexGuard<'_, Parking> {
        // A panic under this lock cannot leave the enum half-written.
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
