//! The writing side of a DVR playlist: what the archive's worker makes of the fate of segments.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use llhls_manifest::{
    Availability, ConfigError, Continuity, Cut, DiscontinuitySequence, Form, M3u8Manifest,
    ManifestConfig, MediaDuration, MediaRef, Msn, PartFacts, PlaylistKind, PlaylistView, PushError,
    ResourceNames, Retention, Rolled,
};
use tokio::time::Instant;

use crate::archive::{
    Archive, ArchivedSegment, Job, Missed, RecordingId, SegmentFacts, SegmentSink, Shared,
};
use crate::cache::M3u8Cache;
use crate::media::Media;
use crate::reports::Reports;
use crate::snapshot::Snapshot;
use crate::stats::RenditionCounters;

/// The DVR playlist of one rendition, as the archive's worker writes it and all viewers share it.
///
/// Its text comes from a manifest of its own, one without parts: a playlist of whole segments
/// under the same names and numbers. Each version is made once, when a segment's fate is known.
#[derive(Debug)]
pub(crate) struct Dvr {
    pub(super) recording: RecordingId,
    /// What its playlist is, but for where its numbers start.
    config: ManifestConfig,
    pub(super) names: ResourceNames,
    target_duration: MediaDuration,
    carries: Media,
    pub(crate) cache: M3u8Cache,
    /// For the worker alone, and therefore never contended.
    listing: Mutex<Listing>,
    pub(super) counters: Arc<RenditionCounters>,
    archive: Arc<Shared>,
}

#[derive(Debug)]
struct Listing {
    manifest: M3u8Manifest,
    /// Whether the start is known and what was recorded before is listed.
    started: bool,
    /// What left the list: until when it must be there, and the last segment of it.
    deadlines: VecDeque<(Instant, Msn)>,
}

impl Listing {
    /// Books what a change took off the list (UP-11).
    fn book(&mut self, rolled: &Rolled) {
        if let Some(removed) = rolled.removed {
            let due = Instant::now() + Duration::from(removed.keep);
            self.deadlines.push_back((due, removed.last()));
        }
    }

    /// Lets go of what nobody has a claim on any more. Of a stream that comes faster than it
    /// plays, four times as much is kept as is listed, and no more: memory has bounds.
    fn release(&mut self) {
        let (now, edge) = (Instant::now(), self.manifest.view().edge());
        let listed = edge.open.value() - edge.media_sequence.value();
        let most = usize::try_from(4 * listed).unwrap_or(usize::MAX);
        while let Some((due, last)) = self.deadlines.front().copied()
            && (due <= now || self.deadlines.len() > most)
        {
            self.deadlines.pop_front();
            self.manifest.release(last.next());
        }
    }
}

impl Dvr {
    /// The DVR playlist beside a live one, before the first segment.
    pub(crate) fn new(
        (recording, carries): (RecordingId, Media),
        live: &ManifestConfig,
        view: &PlaylistView,
        archive: &Archive,
        counters: Arc<RenditionCounters>,
        seats: usize,
    ) -> Result<Self, ConfigError> {
        let config = live
            .clone()
            .kind(PlaylistKind::Live)
            .without_parts()
            .window_segments(1)
            .retention(Retention::Caller)
            .window_duration(archive.window().into());
        let manifest = M3u8Manifest::new(config.clone())?;
        let first = snapshot(&manifest, &counters);
        Ok(Self {
            recording,
            config,
            names: view.names().clone(),
            target_duration: view.target_duration(),
            carries,
            cache: M3u8Cache::new(first, seats),
            listing: Mutex::new(Listing {
                manifest,
                started: false,
                deadlines: VecDeque::new(),
            }),
            counters,
            archive: Arc::clone(archive.shared()),
        })
    }

    pub(crate) fn recording(&self) -> &RecordingId {
        &self.recording
    }

    pub(crate) fn archived(
        &self,
        facts: SegmentFacts,
        init: Option<Bytes>,
        media: Vec<Bytes>,
    ) -> ArchivedSegment {
        ArchivedSegment {
            recording: self.recording.clone(),
            names: self.names.clone(),
            target_duration: self.target_duration,
            carries: self.carries.clone(),
            facts,
            init,
            media,
        }
    }

    /// Lists what never came, as gaps of the same length in all, before `next`.
    pub(crate) fn missed(
        &self,
        missed: Missed,
        next: Option<&SegmentFacts>,
        sink: &mut dyn SegmentSink,
    ) {
        let mut listing = self.listing();
        if let Some(next) = next {
            self.start(&mut listing, next, sink);
        }
        let edge = listing.manifest.view().edge();
        // Before the first segment there is nothing that a gap could be a gap in; and what was
        // missed at the start of a recording that goes on, the sink has filled in.
        let filled = next.is_some_and(|next| next.msn <= edge.open);
        if missed.segments == 0 || filled || edge.last_complete.is_none() {
            return;
        }
        if let Some(version) = next.and_then(|next| next.init)
            && missed.discontinuities > 0
        {
            let _ = listing.manifest.change_init(version);
        }
        for index in 0..missed.segments {
            let manifest = &mut listing.manifest;
            let msn = manifest.view().edge().open;
            let mut gap = PartFacts::new(missed.share(index), MediaRef::new(msn.value()))
                .gap()
                .size(0)
                .cut(Cut::After);
            if index < missed.discontinuities {
                gap = gap.discontinuous();
            }
            let rolled = manifest.push(gap).expect(LISTED);
            listing.book(&rolled);
            let closed = rolled.closed_after.expect("such a part closes its segment");
            sink.missing(&self.recording, &SegmentFacts::new(&closed, 0));
        }
    }

    /// Lists a segment whose fate is known, and makes the version visible.
    pub(crate) fn list(&self, facts: &SegmentFacts, sink: &mut dyn SegmentSink) {
        let mut listing = self.listing();
        self.start(&mut listing, facts, sink);
        if facts.availability == Availability::Gap {
            sink.missing(&self.recording, facts);
        }
        let rolled = push(&mut listing.manifest, facts).expect(LISTED);
        listing.book(&rolled);
        let shortened = sink.list_from(&self.recording);
        let rolled = listing.manifest.remove_before(shortened);
        listing.book(&rolled);
        listing.release();
        let version = snapshot(&listing.manifest, &self.counters);
        drop(listing);
        // Each segment's reference is its own number.
        let oldest = version.view().oldest_media();
        drop(self.cache.publish(version));
        if let Some(oldest) = oldest {
            sink.expired(&self.recording, Msn::new(oldest.value()));
        }
    }

    /// The stream ended, and so does its DVR playlist.
    pub(crate) fn end(&self) {
        let mut listing = self.listing();
        listing.manifest.end();
        let version = snapshot(&listing.manifest, &self.counters);
        drop(listing);
        drop(self.cache.publish(version));
    }

    /// Starts where the numbers start, behind what the sink still has.
    fn start(&self, listing: &mut Listing, next: &SegmentFacts, sink: &mut dyn SegmentSink) {
        if std::mem::replace(&mut listing.started, true) {
            return;
        }
        let before = sink.resume(&self.recording, next);
        let resumed = before.first().and_then(|first| {
            let mut resumed = Listing {
                manifest: self.manifest_from(first),
                started: true,
                deadlines: VecDeque::new(),
            };
            for facts in &before {
                let rolled = push(&mut resumed.manifest, facts).ok()?;
                resumed.book(&rolled);
            }
            Some(resumed)
        });
        match resumed {
            Some(resumed) => *listing = resumed,
            // What was recorded under other targets cannot be listed beside what comes now.
            None => listing.manifest = self.manifest_from(next),
        }
    }

    /// An empty manifest whose first segment is going to be this one.
    fn manifest_from(&self, first: &SegmentFacts) -> M3u8Manifest {
        let own = u64::from(first.continuity == Continuity::Discontinuous);
        let before = first.discontinuity_sequence.value().saturating_sub(own);
        let mut config = self
            .config
            .clone()
            .start(first.msn, DiscontinuitySequence::new(before));
        if let Some(version) = first.init {
            config = config.init(version);
        }
        M3u8Manifest::new(config).expect("only its start differs from one that was checked")
    }

    fn listing(&self) -> MutexGuard<'_, Listing> {
        self.listing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Dvr {
    fn drop(&mut self) {
        self.archive.tell(Job::Closed(self.recording.clone()));
    }
}

const LISTED: &str = "what the live playlist listed fits one with the same targets";

/// A version without reports, of which a playlist without parts has none, and without init
/// sections, which are found through the live one.
fn snapshot(manifest: &M3u8Manifest, counters: &Arc<RenditionCounters>) -> Snapshot {
    let counters = Arc::clone(counters);
    Snapshot::new(manifest.view(), Reports::none(), Arc::default(), counters)
}

/// Lists a segment as one fragment of itself. Its number is the manifest's next one.
fn push(manifest: &mut M3u8Manifest, facts: &SegmentFacts) -> Result<Rolled, PushError> {
    if let Some(version) = facts.init {
        let _ = manifest.change_init(version);
    }
    debug_assert_eq!(
        manifest.view().edge().open,
        facts.msn,
        "a number was skipped"
    );
    // The registry promises for all renditions that segments begin independently.
    let part = PartFacts::new(facts.duration, MediaRef::new(facts.msn.value()))
        .independent()
        .continuity(facts.continuity)
        .availability(facts.availability)
        .size(facts.bytes)
        .cut(Cut::After);
    let part = match facts.captured_at {
        Some(time) => part.captured_at(time),
        None => part,
    };
    manifest.push(part)
}

/// The playlist text of a whole recording, as it stands: on demand, every segment listed.
pub(crate) fn on_demand(config: ManifestConfig, segments: &[SegmentFacts]) -> Option<String> {
    let first = segments.first()?;
    let own = u64::from(first.continuity == Continuity::Discontinuous);
    let before = first.discontinuity_sequence.value().saturating_sub(own);
    let config = config
        .kind(PlaylistKind::Vod)
        .start(first.msn, DiscontinuitySequence::new(before));
    let config = match first.init {
        Some(version) => config.init(version),
        None => config.without_init(),
    };
    let mut manifest = M3u8Manifest::new(config).ok()?;
    for facts in segments {
        push(&mut manifest, facts).ok()?;
    }
    manifest.end();
    let mut text = String::new();
    manifest.view().write_playlist(Form::Full, &[], &mut text);
    Some(text)
}
