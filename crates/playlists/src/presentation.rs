//! A presentation: the renditions of one programme, and the multivariant playlist over them.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use llhls_manifest::{Decision, Directives, WaitFor};

use crate::cache::Waited;
use crate::config::uri_query;
use crate::dvr::DVR_PLAYLIST;
use crate::encode::{Body, Coding, Encoded};
use crate::error::PlaylistError;
use crate::media::Media;
use crate::multivariant::{self, Entry};
use crate::name::StreamName;
use crate::rendition::{MEDIA_PLAYLIST, Rendition};
use crate::snapshot::SiblingReport;

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
    /// Copied on change, which is rare; read on every publication, which is not.
    renditions: RwLock<Arc<[Arc<Rendition>]>>,
    /// The query parameter that URIs hand on.
    query_parameter: Option<String>,
    /// The last multivariant playlist of live playlists, and that of DVR playlists.
    multivariant: Mutex<Written>,
    dvr_multivariant: Mutex<Written>,
}

impl Presentation {
    pub(crate) fn new(name: StreamName, query_parameter: Option<String>) -> Self {
        Self {
            name,
            query_parameter,
            renditions: RwLock::new(Arc::new([])),
            multivariant: Mutex::default(),
            dvr_multivariant: Mutex::default(),
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
        self.renditions()
            .iter()
            .find(|rendition| rendition.name.as_str() == name)
            .cloned()
    }

    /// Adds a rendition, in the place of an ended one of the same name.
    pub(crate) fn insert(&self, rendition: Arc<Rendition>) {
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

    /// What the playlist of `of` says about all the others (LL-28), as of now.
    pub(crate) fn reports(&self, of: &Rendition) -> Box<[SiblingReport]> {
        self.renditions()
            .iter()
            .filter(|rendition| rendition.name != of.name)
            .filter_map(|rendition| rendition.report())
            .collect()
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
            if current.view().is_playable() {
                continue;
            }
            let patience = rendition.patience(current.view());
            drop(current);
            let playable = cache.wait(patience, |version| {
                let view = version.view();
                match view.decide(&Directives::NONE) {
                    _ if view.is_playable() => Ok(()),
                    Decision::Wait(target) => Err(target),
                    // It ended without a segment.
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
        Ok(self.written(listing).body(coding))
    }

    /// The text for the renditions as they are; written again only when something in it changed.
    fn written(&self, listing: Listing) -> Arc<Encoded> {
        let (written, playlist) = match listing {
            Listing::Live => (&self.multivariant, MEDIA_PLAYLIST),
            Listing::Dvr => (&self.dvr_multivariant, DVR_PLAYLIST),
        };
        let entries = self.entries(playlist);
        let mut written = written.lock().unwrap_or_else(PoisonError::into_inner);
        match &*written {
            Some((from, encoded)) if *from == entries => Arc::clone(encoded),
            _ => {
                let text = multivariant::write(&entries, self.query_parameter.as_deref())
                    .expect("each rendition was tried when it was opened, and names are distinct");
                let encoded = Arc::new(Encoded::new(text));
                *written = Some((entries, Arc::clone(&encoded)));
                encoded
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

    /// Ends all waits on all renditions; nothing of the presentation is visible from now on.
    pub(crate) fn remove(&self) {
        for rendition in self.renditions().iter() {
            rendition.remove();
        }
    }
}

/// One rendition in [`Playlists::active`](crate::Playlists::active).
#[derive(Clone, Debug, PartialEq)]
pub struct RenditionInfo {
    /// Its name.
    pub name: StreamName,
    /// What it carries.
    pub media: Media,
    /// Peak segment bit rate so far, in bits per second; 0 before the first complete segment.
    pub peak_bits_per_second: u64,
    /// Whether a publisher holds it now.
    pub publishing: bool,
    /// Whether `EXT-X-ENDLIST` was published.
    pub ended: bool,
    /// Requests that wait on it now.
    pub waiting: usize,
}

impl Presentation {
    pub(crate) fn infos(&self) -> Vec<RenditionInfo> {
        self.renditions()
            .iter()
            .map(|rendition| RenditionInfo {
                name: rendition.name.clone(),
                media: rendition.media(),
                peak_bits_per_second: rendition.rates.peak(),
                publishing: rendition.is_held(),
                ended: rendition
                    .cache
                    .current()
                    .is_none_or(|snapshot| snapshot.view().edge().is_ended()),
                waiting: rendition.cache.waiting(),
            })
            .collect()
    }
}
