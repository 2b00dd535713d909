//! The one timeline of a presentation: every change of its renditions is a step on it.
//!
//! A step rolls the manifests it concerns, stores the bytes, and then makes one version of each
//! visible, with the reports of that very instant. Steps of one presentation come one after the
//! other, so what a version says depends on the order of the steps and on nothing else (law 10).

use std::sync::Arc;

use llhls_manifest::{Continuity, DiscontinuitySequence, MediaDuration};
use ring_core::ChunkCache;
use tokio::time::Instant;

use crate::aftermath::Aftermath;
use crate::config::Removal;
use crate::desk::{Break, Desk, Due, Tenure};
use crate::error::PublishError;
use crate::part::{Part, Published};
use crate::reports::{Edges, Reports};

/// What publishing one presentation changes. No viewer ever waits for it.
#[derive(Debug)]
pub(crate) struct Timeline {
    /// By slot, in the order in which the renditions were opened.
    desks: Vec<Desk>,
    /// As the siblings' playlists name each rendition, by slot.
    uris: Arc<[Arc<str>]>,
    /// The newest discontinuity. A rendition whose number is lower still has to follow (§6.2.4).
    latest: Option<Break>,
    /// Renditions that ended and were replaced, and until when their media is kept.
    departed: Vec<(Desk, Instant)>,
    removed: Option<Removed>,
    ring: ChunkCache<u64>,
    /// What the calendar has noted.
    pub(crate) scheduled: Option<Instant>,
    /// What is left to be done behind the timeline's lock.
    pub(crate) aftermath: Aftermath,
}

/// The playlists are gone.
#[derive(Clone, Copy, Debug)]
struct Removed {
    /// Until when the media is kept.
    until: Instant,
    /// Whether there still is any.
    keeps_media: bool,
}

/// A place on the timeline and the claim to it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seat {
    pub(crate) slot: usize,
    pub(crate) tenure: Tenure,
}

impl Timeline {
    pub(crate) fn new(ring: ChunkCache<u64>) -> Self {
        Self {
            desks: Vec::new(),
            uris: Arc::new([]),
            latest: None,
            departed: Vec::new(),
            removed: None,
            ring,
            scheduled: None,
            aftermath: Aftermath::default(),
        }
    }

    /// The Discontinuity Sequence Number that all renditions have, or are about to have.
    pub(crate) fn sequence(&self) -> Option<DiscontinuitySequence> {
        let highest = self.desks.iter().map(Desk::sequence).max();
        highest.max(self.latest.map(|latest| latest.sequence))
    }

    /// The desk of a rendition, by name, and its slot.
    pub(crate) fn find(&mut self, name: &str) -> Option<(usize, &mut Desk)> {
        let mut desks = self.desks.iter_mut().enumerate();
        desks.find(|(_, desk)| desk.rendition.name.as_str() == name)
    }

    pub(crate) fn desks(&self) -> &[Desk] {
        &self.desks
    }

    /// Adds a rendition, in the place of one of the same name that has ended and whose media is
    /// kept for a while if `removal` says so. Gives its slot.
    pub(crate) fn insert(&mut self, desk: Desk, removal: Removal, now: Instant) -> usize {
        let slot = match self.find(desk.rendition.name.as_str()) {
            Some((slot, present)) => {
                let before = std::mem::replace(present, desk);
                let until = match removal {
                    Removal::KeepMedia => now + before.keep(),
                    Removal::AtOnce => now,
                };
                self.departed.push((before, until));
                slot
            }
            None => {
                self.desks.push(desk);
                self.desks.len() - 1
            }
        };
        let uris = self.desks.iter().map(|desk| desk.rendition.report_uri());
        self.uris = uris.collect();
        self.release_departed(now);
        slot
    }

    /// The desk that a publisher sits at, unless something took it away.
    pub(crate) fn desk(&mut self, seat: Seat) -> Result<&mut Desk, PublishError> {
        if self.removed.is_some() {
            return Err(PublishError::Gone);
        }
        let desk = &mut self.desks[seat.slot];
        if desk.is_held_by(seat.tenure) {
            Ok(desk)
        } else {
            Err(PublishError::Superseded)
        }
    }

    /// Takes all playlists away. From here on nothing is published and nobody's absence is noticed.
    pub(crate) fn remove(&mut self, removal: Removal, now: Instant) {
        let keep = match removal {
            Removal::KeepMedia => self.desks.iter().map(Desk::keep).max(),
            Removal::AtOnce => None,
        };
        self.removed = Some(Removed {
            until: now + keep.unwrap_or_default(),
            keeps_media: true,
        });
        for desk in &self.desks {
            desk.rendition.remove_playlist(&mut self.aftermath);
        }
        self.release_departed(now);
    }

    /// Whether nothing is left to be downloaded.
    pub(crate) fn is_over(&self) -> bool {
        let over = self.removed.is_some_and(|removed| !removed.keeps_media);
        over && self.departed.is_empty()
    }

    /// Gives up the media of a playlist that is gone before its time: its room is needed. Whether
    /// there was any.
    pub(crate) fn cut_departed_short(&mut self, now: Instant) -> bool {
        let oldest = self.departed.iter_mut().min_by_key(|(_, until)| *until);
        let until = match (oldest, &mut self.removed) {
            (Some((_, until)), _) => until,
            (None, Some(removed)) if removed.keeps_media => &mut removed.until,
            _ => return false,
        };
        *until = now;
        self.release_departed(now);
        true
    }

    /// Returns the memory of what is gone and need not be downloadable any longer.
    fn release_departed(&mut self, now: Instant) {
        for (desk, _) in self.departed.extract_if(.., |(_, until)| *until <= now) {
            let gone = &desk.rendition;
            self.ring.remove(&gone.ring_key);
            gone.forget(&mut self.aftermath);
            for desk in &self.desks {
                desk.rendition.forget_predecessor(gone);
            }
            self.aftermath.free_desk(desk);
        }
        if let Some(removed) = &mut self.removed
            && removed.keeps_media
            && removed.until <= now
        {
            removed.keeps_media = false;
            for desk in &self.desks {
                self.ring.remove(&desk.rendition.ring_key);
                desk.rendition.forget(&mut self.aftermath);
            }
        }
    }
}

/// Steps.
impl Timeline {
    /// Publishes one part.
    pub(crate) fn publish(
        &mut self,
        seat: Seat,
        part: Part,
        now: Instant,
    ) -> Result<Published, PublishError> {
        let latest = self.latest;
        let desk = self.desk(seat)?;
        let breaks = desk.breaks_with(&part);
        let follows = latest.is_some_and(|latest| desk.can_follow(&latest, &part));
        let published = self.push(seat, part, breaks || follows, now);
        self.make_visible();
        published
    }

    /// Publishes parts that belong to one instant: if one of them begins a discontinuity, all do.
    pub(crate) fn publish_together(
        &mut self,
        parts: impl IntoIterator<Item = (Seat, Part)>,
        now: Instant,
    ) -> Vec<Result<Published, PublishError>> {
        let parts: Vec<_> = parts.into_iter().collect();
        for (seat, part) in &parts {
            if let Ok(desk) = self.desk(*seat)
                && desk.breaks_with(part)
            {
                let sequence = behind(desk.sequence());
                self.reach(sequence, part);
            }
        }
        let latest = self.latest.map(|latest| latest.sequence);
        let results = parts.into_iter().map(|(seat, part)| {
            let desk = self.desk(seat)?;
            let follows = Some(desk.sequence()) < latest && part.is_independent();
            let breaks = follows || desk.breaks_with(&part);
            self.push(seat, part, breaks, now)
        });
        let results = results.collect();
        self.make_visible();
        results
    }

    /// Lists missing media of one rendition.
    pub(crate) fn gap(
        &mut self,
        seat: Seat,
        duration: MediaDuration,
        now: Instant,
    ) -> Result<(), PublishError> {
        let latest = self.latest.map(|latest| latest.sequence);
        let desk = self.desk(seat)?;
        if desk.last_listed().is_none() {
            return Err(PublishError::NoInit);
        }
        let follows = Some(desk.sequence()) < latest;
        let listed = desk.gap(duration, continuity(follows), now);
        self.make_visible();
        listed
    }

    /// Ends every rendition that has not ended, in one step.
    pub(crate) fn end_all(&mut self, now: Instant) {
        for desk in &mut self.desks {
            desk.end(now);
        }
        self.make_visible();
    }

    /// Does what the absence of publishers asks for, and gives back what is over.
    pub(crate) fn tend(&mut self, now: Instant) {
        for slot in 0..self.desks.len() {
            let latest = self.latest.map(|latest| latest.sequence);
            let desk = &mut self.desks[slot];
            desk.release_due(now);
            if self.removed.is_some() {
                continue;
            }
            match desk.due(now) {
                Due::Nothing => {}
                Due::End => desk.end(now),
                Due::Gap(duration) => {
                    let follows = Some(desk.sequence()) < latest;
                    if desk.gap(duration, continuity(follows), now).is_err() {
                        // A playlist that can list no gaps does not go on without its media.
                        desk.end(now);
                    }
                }
            }
        }
        self.release_departed(now);
        self.make_visible();
    }

    /// When there is something to tend.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        let desks = self.desks.iter().filter_map(|desk| match self.removed {
            Some(_) => desk.next_release(),
            None => desk.next_due(),
        });
        let departed = self.departed.iter().map(|(_, until)| *until);
        let removed = self.removed.filter(|removed| removed.keeps_media);
        let removed = removed.map(|removed| removed.until);
        desks.chain(departed).chain(removed).min()
    }

    /// Makes a version of each changed rendition visible: all of them report the same instant.
    /// Who waits for them is woken behind the lock.
    pub(crate) fn make_visible(&mut self) {
        let edges = Edges::collect(self.desks.iter().map(Desk::last_listed));
        for (slot, desk) in self.desks.iter_mut().enumerate() {
            let reports = || Reports::new(Arc::clone(&self.uris), edges.clone(), slot);
            if let Some(version) = desk.next_version(reports) {
                let announcement = desk.rendition.cache.publish(version);
                self.aftermath.announce(announcement);
            }
        }
    }

    fn push(
        &mut self,
        seat: Seat,
        part: Part,
        breaks: bool,
        now: Instant,
    ) -> Result<Published, PublishError> {
        let latest = self.latest.map(|latest| latest.sequence);
        let captured_at = part.captured_at;
        let desk = self.desk(seat)?;
        let is_behind = Some(desk.sequence()) < latest;
        let published = desk.push(part, continuity(breaks), is_behind, now)?;
        let sequence = desk.sequence();
        if latest.is_none_or(|latest| latest < sequence) && breaks {
            self.latest = Some(Break {
                sequence,
                captured_at,
            });
        }
        Ok(published)
    }

    /// The presentation is in a discontinuity with this number, which begins with `part`.
    fn reach(&mut self, sequence: DiscontinuitySequence, part: &Part) {
        if self.latest.is_none_or(|latest| latest.sequence < sequence) {
            self.latest = Some(Break {
                sequence,
                captured_at: part.captured_at,
            });
        }
    }
}

fn continuity(breaks: bool) -> Continuity {
    if breaks {
        Continuity::Discontinuous
    } else {
        Continuity::Continuous
    }
}

fn behind(sequence: DiscontinuitySequence) -> DiscontinuitySequence {
    DiscontinuitySequence::new(sequence.value().saturating_add(1))
}
