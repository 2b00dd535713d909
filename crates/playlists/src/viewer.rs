//! The viewing side of a rendition: a cheap handle that answers one request at a time.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use llhls_manifest::{
    Availability, Decision, Directives, Edge, InitVersion, MediaRef, Msn, PartLookup, PlaylistView,
    Position, ResourceName, SegmentLookup, WaitFor,
};
use ring_core::{GetError, Seq};

use crate::cache::{M3u8Cache, Waited};
use crate::dvr::DvrViewer;
use crate::encode::{Body, Coding};
use crate::error::{MediaError, PlaylistError};
use crate::media::Media;
use crate::rendition::Rendition;
use crate::snapshot::Snapshot;

/// Reads one rendition: playlists, parts, segments, init sections.
///
/// Get one from [`Playlists::viewer`](crate::Playlists::viewer) and keep it for as long as it is
/// useful; cloning is one reference count. Every answer is decided on one snapshot, and every
/// outcome is a type that maps to one HTTP status.
#[derive(Clone, Debug)]
pub struct Viewer {
    rendition: Arc<Rendition>,
}

/// A media resource, without a copy of what the ring holds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Resource {
    /// An init section (§4.4.4.5).
    Init(Bytes),
    /// A Partial Segment.
    Part(Bytes),
    /// A Media Segment, as the parts it consists of, in order.
    Segment(Vec<Bytes>),
}

impl Viewer {
    pub(crate) fn new(rendition: Arc<Rendition>) -> Self {
        Self { rendition }
    }

    /// The playlist that `directives` ask for, waiting where they ask to (§6.2.5.2).
    ///
    /// Before the first complete segment every request waits: players take a playlist without
    /// segments for an error.
    ///
    /// # Errors
    ///
    /// [`PlaylistError`]; each variant names its HTTP status. A wait ends after three target
    /// durations at the latest.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future at any point leaves nothing behind: no waiter, no seat, no memory.
    pub async fn playlist(
        &self,
        directives: &Directives,
        coding: Coding,
    ) -> Result<Body, PlaylistError> {
        let body = |version: &Arc<Snapshot>| version.body(version.form(directives), coding);
        self.answer(directives, body).await
    }

    /// The version that answers `directives`, waiting as [`playlist`](Self::playlist) does: for
    /// who wants to know more about it than its text.
    ///
    /// # Errors
    ///
    /// As [`playlist`](Self::playlist).
    ///
    /// # Cancel safety
    ///
    /// As [`playlist`](Self::playlist).
    pub async fn version(&self, directives: &Directives) -> Result<Arc<Snapshot>, PlaylistError> {
        self.answer(directives, Arc::clone).await
    }

    /// What `take` takes from the version that answers `directives`; `None` where that has to be
    /// waited for, by [`version`](Self::version). The version is lent: a crowd that wants the same need
    /// not count itself in and out one after the other.
    ///
    /// # Errors
    ///
    /// As [`playlist`](Self::playlist), but for those of waiting.
    pub fn at_once<T>(
        &self,
        directives: &Directives,
        take: impl FnOnce(&Snapshot) -> T,
    ) -> Option<Result<T, PlaylistError>> {
        let look = |version: &Arc<Snapshot>| match version.view().decide(directives) {
            Decision::Ready => Some(Ok(take(version))),
            Decision::Reject(reason) => Some(Err(PlaylistError::Rejected(reason))),
            Decision::Wait(_) => None,
        };
        let taken = self.rendition.cache.look(look);
        let taken = taken.unwrap_or(Some(Err(PlaylistError::Gone)))?;
        Some(taken.inspect_err(|error| self.rendition.counters.view.playlist_failed(error)))
    }

    async fn answer<T>(
        &self,
        directives: &Directives,
        take: impl Fn(&Arc<Snapshot>) -> T,
    ) -> Result<T, PlaylistError> {
        let patience = |view: &PlaylistView| self.rendition.patience(view);
        let taken = answer(&self.rendition.cache, patience, directives, take).await;
        taken.inspect_err(|error| self.rendition.counters.view.playlist_failed(error))
    }

    /// The resource that a playlist of this rendition names, by that name.
    ///
    /// # Errors
    ///
    /// [`MediaError::NotFound`] at once for a name that no playlist can contain; otherwise as
    /// [`part`](Self::part), [`segment`](Self::segment) and [`init`](Self::init).
    ///
    /// # Cancel safety
    ///
    /// As [`part`](Self::part).
    pub async fn resource(&self, name: &str) -> Result<Resource, MediaError> {
        let mut found = self.find(name).await;
        // What had this name before is asked only for what is not here: that takes a lock.
        let mut here = Arc::clone(&self.rendition);
        while let Err(MediaError::NotFound | MediaError::Expired) = found {
            let Some(rendition) = here.predecessor() else {
                break;
            };
            let past = Self { rendition };
            found = past.find(name).await.or(found);
            here = past.rendition;
        }
        self.counted(found)
    }

    async fn find(&self, name: &str) -> Result<Resource, MediaError> {
        let newest = self.rendition.newest().ok_or(MediaError::Gone)?;
        match newest.view().names().parse(name) {
            Some(ResourceName::Part(position)) => {
                let part = self.find_part(newest, position).await;
                part.map(Resource::Part)
            }
            Some(ResourceName::Segment(msn)) => self.find_segment(msn).map(Resource::Segment),
            Some(ResourceName::Init(version)) => self.find_init(version).map(Resource::Init),
            // No such name, or one of a kind that a later manifest may have.
            _ => Err(MediaError::NotFound),
        }
    }

    /// A Partial Segment. The hinted one (§6.2.6) is waited for; any other unknown one is not.
    ///
    /// # Errors
    ///
    /// [`MediaError`]. A hint that turns out not to be honoured, because the segment was closed
    /// before it, is [`MediaError::NotFound`] at that moment, not after a timeout.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves nothing behind.
    pub async fn part(&self, position: Position) -> Result<Bytes, MediaError> {
        let part = match self.rendition.newest() {
            Some(newest) => self.find_part(newest, position).await,
            None => Err(MediaError::Gone),
        };
        self.counted(part)
    }

    /// As [`part`](Self::part) where nothing has to be waited for; `None` while the part is hinted.
    ///
    /// # Errors
    ///
    /// As [`part`](Self::part), but for those of waiting.
    pub fn part_at_once(&self, position: Position) -> Option<Result<Bytes, MediaError>> {
        let look = |version: &Snapshot| version.view().part(position);
        let found = match self.rendition.look(look) {
            Some(PartLookup::Hinted) => return None,
            Some(lookup) => self.found_part(lookup),
            None => Err(MediaError::Gone),
        };
        Some(self.counted(found))
    }

    async fn find_part(
        &self,
        newest: Arc<Snapshot>,
        position: Position,
    ) -> Result<Bytes, MediaError> {
        let lookup = match newest.view().part(position) {
            PartLookup::Hinted => {
                let patience = self.rendition.patience(newest.view());
                drop(newest);
                self.hinted(position, patience).await?
            }
            lookup => lookup,
        };
        self.found_part(lookup)
    }

    fn found_part(&self, lookup: PartLookup) -> Result<Bytes, MediaError> {
        match lookup {
            PartLookup::Available(media) => self.payload(media),
            PartLookup::Gone => Err(MediaError::Expired),
            _ => Err(MediaError::NotFound),
        }
    }

    /// A complete Media Segment, as a rope of its parts: no byte is copied.
    ///
    /// # Errors
    ///
    /// [`MediaError::NotFound`] while the segment is open or unknown, [`MediaError::Expired`] after
    /// it left memory.
    pub fn segment(&self, msn: Msn) -> Result<Vec<Bytes>, MediaError> {
        self.counted(self.find_segment(msn))
    }

    /// As [`segment`](Self::segment), without a failure being counted.
    pub(crate) fn find_segment(&self, msn: Msn) -> Result<Vec<Bytes>, MediaError> {
        let newest = self.rendition.newest().ok_or(MediaError::Gone)?;
        match newest.view().segment(msn) {
            // There is nothing to download, or not all of it.
            SegmentLookup::Closed(segment) if segment.availability == Availability::Gap => {
                Err(MediaError::NotFound)
            }
            SegmentLookup::Closed(_) => newest
                .view()
                .segment_media(msn)
                .map(|media| self.payload(media))
                .collect(),
            SegmentLookup::Gone => Err(MediaError::Expired),
            _ => Err(MediaError::NotFound),
        }
    }

    /// An init section.
    ///
    /// # Errors
    ///
    /// [`MediaError::NotFound`] when there is none of that version (any more).
    pub fn init(&self, version: InitVersion) -> Result<Bytes, MediaError> {
        self.counted(self.find_init(version))
    }

    fn find_init(&self, version: InitVersion) -> Result<Bytes, MediaError> {
        let found = self.rendition.look(|newest| newest.init(version));
        found.ok_or(MediaError::Gone)?.ok_or(MediaError::NotFound)
    }

    /// The current version: edge, window and targets as typed values.
    ///
    /// # Errors
    ///
    /// [`PlaylistError::Gone`] when the presentation was removed.
    pub fn snapshot(&self) -> Result<Arc<Snapshot>, PlaylistError> {
        self.rendition.cache.current().ok_or(PlaylistError::Gone)
    }

    /// Lends the current version to `look`, as [`snapshot`](Self::snapshot) gives it, without a
    /// reference count that all readers would share.
    ///
    /// # Errors
    ///
    /// [`PlaylistError::Gone`] when the presentation was removed.
    pub fn look<R>(&self, look: impl FnOnce(&Snapshot) -> R) -> Result<R, PlaylistError> {
        let looked = self.rendition.cache.look(|version| look(version));
        looked.ok_or(PlaylistError::Gone)
    }

    /// Where the live edge is.
    ///
    /// # Errors
    ///
    /// [`PlaylistError::Gone`] when the presentation was removed.
    pub fn edge(&self) -> Result<Edge, PlaylistError> {
        self.look(|version| version.view().edge())
    }

    /// The DVR playlist of this rendition, where the registry has an
    /// [archive](crate::RegistryConfig::archive).
    #[must_use]
    pub fn dvr(&self) -> Option<DvrViewer> {
        let dvr = self.rendition.dvr.as_ref()?;
        Some(DvrViewer::new(self.clone(), Arc::clone(dvr)))
    }

    pub(crate) fn rendition(&self) -> &Rendition {
        &self.rendition
    }

    /// What the rendition carries.
    #[must_use]
    pub fn media(&self) -> Media {
        self.rendition.media()
    }

    /// How many requests wait on this rendition now.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.rendition.cache.waiting()
    }

    /// Waits until the hint of `position` is resolved, one way or the other.
    async fn hinted(
        &self,
        position: Position,
        patience: Duration,
    ) -> Result<PartLookup, MediaError> {
        let waited =
            self.rendition
                .cache
                .wait(patience, |version| match version.view().part(position) {
                    PartLookup::Hinted => Err(WaitFor::Part(position)),
                    resolved => Ok(resolved),
                });
        match waited.await {
            Waited::Met(lookup) => Ok(lookup),
            Waited::TimedOut => Err(MediaError::TimedOut),
            Waited::Busy { limit } => Err(MediaError::Busy { limit }),
            Waited::Gone => Err(MediaError::Gone),
        }
    }

    fn counted<T>(&self, found: Result<T, MediaError>) -> Result<T, MediaError> {
        found.inspect_err(|error| self.rendition.counters.view.media_failed(error))
    }

    fn payload(&self, media: MediaRef) -> Result<Bytes, MediaError> {
        self.rendition
            .reader
            .get(Seq::new(media.value()))
            .map_err(missing)
    }
}

/// What `take` takes from the version that answers `directives`, waiting for as long as `patience`
/// says. The version is lent: a crowd that wants the same bytes need not clone it one after the
/// other.
///
/// # Cancel safety
///
/// Dropping the future leaves nothing behind.
pub(crate) async fn answer<T>(
    cache: &M3u8Cache,
    patience: impl Fn(&PlaylistView) -> Duration,
    directives: &Directives,
    take: impl Fn(&Arc<Snapshot>) -> T,
) -> Result<T, PlaylistError> {
    let decide = |version: &Arc<Snapshot>| match version.view().decide(directives) {
        Decision::Ready => Ok(Ok(take(version))),
        Decision::Reject(reason) => Ok(Err(PlaylistError::Rejected(reason))),
        Decision::Wait(target) => Err(target),
    };
    let first = cache.look(|version| decide(version).map_err(|_| patience(version.view())));
    let patience = match first.ok_or(PlaylistError::Gone)? {
        Ok(decided) => return decided,
        Err(patience) => patience,
    };
    match cache.wait(patience, decide).await {
        Waited::Met(decided) => decided,
        Waited::TimedOut => Err(PlaylistError::TimedOut),
        Waited::Busy { limit } => Err(PlaylistError::Busy { limit }),
        Waited::Gone => Err(PlaylistError::Gone),
    }
}

fn missing(error: GetError) -> MediaError {
    match error {
        GetError::Evicted { .. } => MediaError::Expired,
        GetError::Gone => MediaError::Gone,
        // A name is published only after its bytes (law 1), so these cannot come from a snapshot.
        _ => MediaError::NotFound,
    }
}
