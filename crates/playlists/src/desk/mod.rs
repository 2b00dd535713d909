//! What publishing one rendition needs: the manifest, the writing side of the ring, and the books
//! about both. Whoever holds the presentation's timeline works on it.

/// What a change means for everything beside the manifest.
mod books;
/// Slots, bytes and deadlines.
mod ledger;
/// Measured bit rates.
mod rates;
/// An absent publisher.
mod vacancy;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use llhls_manifest::{
    Continuity, DiscontinuitySequence, InitVersion, LastListed, M3u8Manifest, MediaDuration,
    MediaRef, Msn, PlaylistView, WallClock,
};
use ring_core::{Seq, Writer};
use tokio::time::Instant;

use crate::archive::Recorder;
use crate::config::Absence;
use crate::error::PublishError;
use crate::part::{Part, Published};
use crate::rendition::Rendition;
use crate::reports::Reports;
use crate::snapshot::{InitSection, Snapshot};

pub(crate) use ledger::Ledger;
use rates::RateMeter;
pub(crate) use rates::Rates;
pub(crate) use vacancy::Due;
use vacancy::{Pace, Vacancy};

/// The version that a manifest asks for before any change.
const FIRST_INIT: InitVersion = InitVersion::new(0);

/// A publisher's claim to a rendition. Each has a number that no other claim of the registry has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tenure(pub(crate) u64);

/// Everything about one rendition that only its publisher, and the housekeeper, may change.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) rendition: Arc<Rendition>,
    manifest: M3u8Manifest,
    writer: Writer,
    inits: Arc<[InitSection]>,
    meter: RateMeter,
    ledger: Ledger,
    /// Where closed segments go, besides.
    recorder: Option<Recorder>,
    occupancy: Occupancy,
    pace: Pace,
    /// The next part comes from a new publisher.
    interrupted: bool,
    /// The next part needs another init section than the last one.
    init_changed: bool,
    last_part: Option<Instant>,
    /// How much was published since the siblings began a discontinuity that this rendition has not.
    behind: MediaDuration,
    /// Something changed that no version shows yet.
    unseen: bool,
    /// The newest part, for the siblings' reports.
    last_listed: Option<LastListed>,
    has_parts: bool,
    ended: bool,
}

#[derive(Clone, Copy, Debug)]
enum Occupancy {
    Held(Tenure),
    Vacant(Vacancy),
}

/// What is known about the discontinuity that a presentation is in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Break {
    /// What the Discontinuity Sequence Number is behind it.
    pub(crate) sequence: DiscontinuitySequence,
    /// When its first part was captured.
    pub(crate) captured_at: Option<WallClock>,
}

impl Desk {
    /// A desk whose ring holds what `ledger` allows, in the hands of its first publisher.
    pub(crate) fn new(
        rendition: Arc<Rendition>,
        manifest: M3u8Manifest,
        writer: Writer,
        ledger: Ledger,
        recorder: Option<Recorder>,
        absence: Absence,
        tenure: Tenure,
    ) -> Self {
        let view = manifest.view();
        let part = view.part_target().unwrap_or_else(|| view.target_duration());
        let pace = Pace {
            absence,
            target_duration: view.target_duration().into(),
            part: part.into(),
        };
        Self {
            rendition,
            manifest,
            writer,
            inits: Arc::new([]),
            meter: RateMeter::default(),
            ledger,
            recorder,
            occupancy: Occupancy::Held(tenure),
            pace,
            interrupted: false,
            init_changed: false,
            last_part: None,
            behind: MediaDuration::ZERO,
            unseen: false,
            last_listed: None,
            has_parts: view.part_target().is_some(),
            ended: false,
        }
    }

    pub(crate) fn is_ended(&self) -> bool {
        self.ended
    }

    pub(crate) fn is_held(&self) -> bool {
        matches!(self.occupancy, Occupancy::Held(_))
    }

    pub(crate) fn is_held_by(&self, tenure: Tenure) -> bool {
        matches!(self.occupancy, Occupancy::Held(holder) if holder == tenure)
    }

    /// Where a successor of this stream has to start, so that no number is used twice (UP-17).
    pub(crate) fn continuation(&self) -> (Msn, DiscontinuitySequence) {
        self.manifest.continuation()
    }

    pub(crate) fn view(&self) -> PlaylistView {
        self.manifest.view()
    }

    /// The Discontinuity Sequence Number of what is published now.
    pub(crate) fn sequence(&self) -> DiscontinuitySequence {
        self.manifest.continuation().1
    }

    pub(crate) fn last_listed(&self) -> Option<LastListed> {
        self.last_listed
    }

    /// The next version, if something changed that no version shows.
    pub(crate) fn next_version(&mut self, reports: impl FnOnce() -> Reports) -> Option<Snapshot> {
        if !std::mem::take(&mut self.unseen) {
            return None;
        }
        self.rendition.counters.publish.versions.one();
        Some(self.snapshot(reports()))
    }

    pub(crate) fn snapshot(&self, reports: Reports) -> Snapshot {
        Snapshot::new(
            self.manifest.view(),
            reports,
            Arc::clone(&self.inits),
            Arc::clone(&self.rendition.counters),
        )
    }
}

/// Who publishes.
impl Desk {
    /// Another publisher sits down: what comes next does not continue what was there.
    pub(crate) fn seat(&mut self, tenure: Tenure) {
        self.occupancy = Occupancy::Held(tenure);
        self.rendition.set_held(true);
        if self.last_listed.is_some() {
            self.interrupted = true;
            self.rendition.counters.publish.resumed.one();
        }
    }

    /// The publisher left, and nobody is there at `now`.
    pub(crate) fn vacate(&mut self, now: Instant) {
        self.occupancy = Occupancy::Vacant(Vacancy::new(now, self.last_part, &self.pace));
        self.rendition.set_held(false);
        if !self.is_ended() {
            self.rendition.counters.publish.vanished.one();
        }
    }
}

/// What a publisher does.
impl Desk {
    /// Sets the init section that the next part needs.
    pub(crate) fn init(&mut self, bytes: Bytes, now: Instant) -> InitVersion {
        let version = match self.inits.last() {
            None => FIRST_INIT,
            Some(last) if last.bytes == bytes || self.is_ended() => return last.version,
            Some(last) => InitVersion::new(last.version.value().wrapping_add(1)),
        };
        let added = [InitSection { version, bytes }];
        self.inits = self.inits.iter().cloned().chain(added).collect();
        let rolled = self.manifest.change_init(version);
        self.book(&rolled, self.next_slot(), now);
        self.release_inits();
        // Before the first part there is nothing that it would differ from, and nothing to hint.
        if version != FIRST_INIT && self.last_part.is_some() {
            self.init_changed = true;
            self.unseen = true;
        }
        version
    }

    /// Whether this part begins a discontinuity of its own accord.
    pub(crate) fn breaks_with(&self, part: &Part) -> bool {
        self.interrupted || self.init_changed || part.is_discontinuous()
    }

    /// Whether this part can be where this rendition follows its siblings into a discontinuity:
    /// it can open a segment, and it is at the same point of the timeline, as far as is known.
    pub(crate) fn can_follow(&self, begun: &Break, part: &Part) -> bool {
        if self.sequence() >= begun.sequence || !part.is_independent() {
            return false;
        }
        // Clocks that disagree must not keep a rendition apart from the others for ever.
        if Duration::from(self.behind) >= self.pace.target_duration {
            return true;
        }
        match (begun.captured_at, part.captured_at) {
            (Some(begun), Some(time)) => {
                let nearer_than_the_next =
                    MediaDuration::from_nanos(part.duration().as_nanos() / 2);
                time.plus(nearer_than_the_next) >= begun
            }
            _ => true,
        }
    }

    /// Rolls the manifest and stores a part in the ring. Nobody sees either yet.
    pub(crate) fn push(
        &mut self,
        part: Part,
        continuity: Continuity,
        behind: bool,
        now: Instant,
    ) -> Result<Published, PublishError> {
        if self.inits.is_empty() {
            return Err(PublishError::NoInit);
        }
        let (captured_at, duration) = (part.captured_at, part.duration());
        let (bytes, facts) = part.split();
        let (len, slot) = (bytes.len() as u64, self.next_slot());
        self.ledger.check(slot, len)?;

        // Neither text nor bytes are visible before the version is. So the manifest, which may
        // refuse the part, comes first, and a part that is refused leaves no trace in the ring.
        let mut facts = facts(MediaRef::new(slot.value()));
        if continuity == Continuity::Discontinuous || self.interrupted {
            facts = facts.discontinuous();
        }
        let sequence = self.sequence();
        let rolled = self.manifest.push(facts)?;
        if let Some(release) = self.ledger.make_room(slot, len) {
            self.rendition
                .counters
                .publish
                .retention_cut_short
                .add(release.segments);
            self.release(release);
        }
        let stored = self.writer.append(bytes);
        assert_eq!(
            stored.ok(),
            Some(slot),
            "nobody else writes to this ring, its room was made and set aside, and it is closed \
             under the lock that is held here"
        );

        self.interrupted = false;
        self.init_changed = false;
        self.last_part = Some(now);
        self.rendition.freshness.part(now, captured_at, duration);
        self.behind = if behind {
            self.behind.saturating_add(facts.duration())
        } else {
            MediaDuration::ZERO
        };
        if self.has_parts {
            // What `changed` would find, without making a version for it.
            self.unseen = true;
            self.last_listed = Some(LastListed::Part(rolled.position));
        } else {
            self.changed();
        }
        let counters = &self.rendition.counters.publish;
        counters.parts.one();
        counters.bytes.add(len);
        if self.sequence() > sequence {
            counters.discontinuities.one();
        }
        self.book_part(&rolled, slot, len, now);
        self.release_inits();
        let closed = rolled.closed_segments().last().map(|segment| segment.msn);
        Ok(Published {
            position: rolled.position,
            closed,
        })
    }

    /// Lists `duration` of missing media, behind a discontinuity where one is due.
    pub(crate) fn gap(
        &mut self,
        duration: MediaDuration,
        continuity: Continuity,
        now: Instant,
    ) -> Result<(), PublishError> {
        if continuity == Continuity::Discontinuous {
            let rolled = self.manifest.mark_discontinuity();
            self.book(&rolled, self.next_slot(), now);
        }
        let gaps = self.manifest.push_gap(duration)?;
        let counters = Arc::clone(&self.rendition.counters);
        counters.publish.gap_parts.add(gaps.len() as u64);
        if continuity == Continuity::Discontinuous {
            counters.publish.discontinuities.one();
        }
        for rolled in gaps {
            self.book(&rolled, self.next_slot(), now);
        }
        self.changed();
        Ok(())
    }

    /// Closes the playlist for good.
    pub(crate) fn end(&mut self, now: Instant) {
        if self.is_ended() {
            return;
        }
        let rolled = self.manifest.end();
        self.book(&rolled, self.next_slot(), now);
        self.writer.end();
        if let Some(recorder) = &mut self.recorder {
            recorder.end();
        }
        self.rendition.counters.publish.ended.one();
        self.ended = true;
        self.changed();
    }
}

/// What time does.
impl Desk {
    /// When there will be something to do if nobody publishes until then.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        let vacancy = match &self.occupancy {
            Occupancy::Vacant(vacancy) if !self.ended => vacancy.next_due(&self.pace),
            _ => None,
        };
        [vacancy, self.next_release()].into_iter().flatten().min()
    }

    /// When the next segment that left the playlist may go.
    pub(crate) fn next_release(&self) -> Option<Instant> {
        self.ledger.next_due()
    }

    /// For how long the media must stay downloadable once the playlist is gone: a segment's own
    /// duration and the longest that the playlist ever was (UP-11, UP-16).
    pub(crate) fn keep(&self) -> Duration {
        // A window breathes by one segment, and the longest segment is as long as the target.
        Duration::from(self.manifest.view().listed_duration()) + self.pace.target_duration * 2
    }

    /// What the absence of a publisher asks for at `now`.
    pub(crate) fn due(&mut self, now: Instant) -> Due {
        let empty = self.last_listed.is_none();
        if self.ended {
            return Due::Nothing;
        }
        match &mut self.occupancy {
            Occupancy::Held(_) => Due::Nothing,
            Occupancy::Vacant(vacancy) => match vacancy.due(now, &self.pace) {
                // No playlist begins with a gap (AMB-21): what never came is not waited for.
                Due::Gap(_) if empty => Due::End,
                due => due,
            },
        }
    }

    /// Gives back what need not be downloadable any longer at `now`.
    pub(crate) fn release_due(&mut self, now: Instant) {
        if let Some(release) = self.ledger.release_due(now) {
            self.rendition
                .counters
                .publish
                .segments_released
                .add(release.segments);
            self.release(release);
            self.release_inits();
        }
    }
}

impl Desk {
    fn changed(&mut self) {
        self.unseen = true;
        self.last_listed = self.manifest.view().edge().last_listed();
    }

    fn next_slot(&self) -> Seq {
        self.rendition.reader.next()
    }
}
