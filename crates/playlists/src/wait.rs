//! Requests that wait for a place in the stream, and the version that took the stream there.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use llhls_manifest::{Edge, Msn, Position, WaitFor};
use ring_core::{Milestones, TooManyWaiters};
use tokio::time::{Instant, error::Elapsed, timeout_at};

use crate::snapshot::Snapshot;

/// How many waiters a publication wakes itself; those wake the others, two each.
const WAKE_BATCH: usize = 4;

/// Bits of a milestone that number the parts of a segment. A ring has no more slots.
const PART_BITS: u32 = 20;

/// Bits that number segments, from the first of the stream: some thousand years.
const SEGMENT_BITS: u32 = 42;

/// A place in the stream as a number: everything before it is settled, that is published or given
/// up.
///
/// A version's milestone is that of the next part. A wait for a part ends once that part is settled, and
/// one for a segment once the first part of the segment after it is the next one; so one number serves
/// both, and a hinted part that is given up as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Milestone(u64);

impl Milestone {
    /// Nothing will come any more.
    pub(crate) const END: Self = Self(Milestones::MAX);

    const fn after(self) -> Self {
        Self(self.0 + 1)
    }
}

/// Numbers the places of one stream.
#[derive(Clone, Copy, Debug)]
struct Scale {
    first: Msn,
}

impl Scale {
    fn place(self, position: Position) -> Milestone {
        let most = (1 << SEGMENT_BITS) - 1;
        let segment = position.msn.value().saturating_sub(self.first.value());
        let part = u64::from(position.part.value()).min((1 << PART_BITS) - 1);
        Milestone(segment.min(most) << PART_BITS | part)
    }

    /// What a version with this edge has settled.
    fn settled(self, edge: &Edge) -> Milestone {
        if edge.is_ended() {
            Milestone::END
        } else {
            self.place(edge.next_part())
        }
    }

    /// What must be settled for a wait to be over. Never the end, which only ended streams reach.
    fn target(self, wait: WaitFor) -> Milestone {
        match wait {
            WaitFor::Part(position) => self.place(position).after(),
            WaitFor::Segment(msn) => {
                let next = Msn::new(msn.value().saturating_add(1));
                self.place(Position::new(next, Default::default()))
            }
        }
    }
}

/// The requests that wait for one rendition.
///
/// A blocked request costs memory for as long as it waits, and anybody may send one; so their
/// number is bounded (`design.md` law 7) and a request that finds no seat is told so at once.
#[derive(Debug)]
pub(crate) struct WaitingRoom {
    scale: Scale,
    /// Who is woken when; bounds the seats.
    milestones: Milestones,
    state: Mutex<State>,
}

/// What a publication and the requests it concerns agree about.
#[derive(Debug)]
struct State {
    settled: Milestone,
    removed: bool,
    /// What is waited for, in ascending order: a handful, for players ask for the next part.
    expected: VecDeque<Expected>,
}

/// An arrival that is to come, and how many wait for it: never none.
#[derive(Debug)]
struct Expected {
    arrival: Arc<Arrival>,
    seats: usize,
}

/// The meeting point of all who wait for one milestone: the version that reaches it first is left
/// here for them. However late each of them runs, they all answer with the same bytes, and the
/// version is freed with the last of them.
#[derive(Debug)]
struct Arrival {
    milestone: Milestone,
    /// `None` inside: the rendition was removed.
    version: OnceLock<Option<Arc<Snapshot>>>,
}

/// A version that is visible while those whom it concerns sleep still. Dropped, it wakes them, and
/// frees the version before unless somebody reads it.
///
/// Announcements may overtake each other: what was settled by the later one wakes all whom the
/// earlier one concerns, and each answers with the version that was left for it.
#[derive(Debug)]
#[must_use = "waiters are woken when this is dropped, and no lock may be held then"]
pub(crate) struct Announcement {
    room: Arc<WaitingRoom>,
    settled: Milestone,
    _before: Option<Arc<Snapshot>>,
}

impl Drop for Announcement {
    fn drop(&mut self) {
        self.room.milestones.raise(self.settled.0);
    }
}

/// How a wait ended.
#[derive(Debug)]
pub(crate) enum Waited<T> {
    /// The condition gave a value.
    Met(T),
    /// The deadline came first, or the stream ended and the condition can never be met.
    TimedOut,
    /// All seats were taken.
    Busy { limit: usize },
    /// The rendition was removed.
    Gone,
}

impl WaitingRoom {
    /// A room with `seats` for a stream that begins at `edge`.
    pub(crate) fn new(edge: &Edge, seats: usize) -> Self {
        let scale = Scale { first: edge.open };
        let settled = scale.settled(edge);
        Self {
            scale,
            milestones: Milestones::new(settled.0, seats, WAKE_BATCH),
            state: Mutex::new(State {
                settled,
                removed: false,
                expected: VecDeque::new(),
            }),
        }
    }

    /// How many wait now.
    pub(crate) fn waiting(&self) -> usize {
        self.milestones.waiting()
    }

    /// Lets `show` make a version visible in the place of the one that it gives; whom it concerns
    /// is woken by the announcement. Not after removal, which is final: a publisher that has not
    /// noticed yet must not undo it.
    pub(crate) fn publish(
        self: &Arc<Self>,
        version: &Arc<Snapshot>,
        show: impl FnOnce() -> Option<Arc<Snapshot>>,
    ) -> Option<Announcement> {
        let settled = self.scale.settled(&version.view().edge());
        let mut state = self.state();
        if state.removed {
            return None;
        }
        let before = show();
        state.settled = settled;
        state.arrive(settled, Some(version));
        drop(state);
        Some(self.announcement(settled, before))
    }

    /// As [`publish`](Self::publish) of nothing, for ever: ends all waits.
    pub(crate) fn remove(
        self: &Arc<Self>,
        show: impl FnOnce() -> Option<Arc<Snapshot>>,
    ) -> Announcement {
        let mut state = self.state();
        let before = show();
        state.removed = true;
        state.settled = Milestone::END;
        state.arrive(Milestone::END, None);
        drop(state);
        self.announcement(Milestone::END, before)
    }

    fn announcement(
        self: &Arc<Self>,
        settled: Milestone,
        before: Option<Arc<Snapshot>>,
    ) -> Announcement {
        Announcement {
            room: Arc::clone(self),
            settled,
            _before: before,
        }
    }

    /// Waits until `test` gives a value, for the current or a later version, at most until
    /// `deadline`. A version that does not meet it names what to wait for.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives back its seat and its place at the meeting point; nothing else
    /// was changed.
    pub(crate) async fn wait<T>(
        &self,
        deadline: Instant,
        current: impl Fn() -> Option<Arc<Snapshot>>,
        mut test: impl FnMut(&Arc<Snapshot>) -> Result<T, WaitFor>,
    ) -> Waited<T> {
        // Where this request last waited; it lends the version that arrived there. Clones of it,
        // one for each of a crowd, would take turns at one word.
        let mut seat: Option<Seat<'_>> = None;
        loop {
            let tested = match &seat {
                Some(seat) => self.test(seat.version(), &mut test),
                None => self.test(current().as_ref(), &mut test),
            };
            let target = match tested {
                Ok(waited) => return waited,
                Err(target) => target,
            };
            // Nothing that waits keeps a version alive.
            drop(seat.take());
            seat = self.seat(target);
            let Some(seat) = &seat else { continue };
            match seat.sit(deadline).await {
                Ok(Ok(())) => {}
                Ok(Err(full)) => return Waited::Busy { limit: full.limit },
                Err(_elapsed) => return Waited::TimedOut,
            }
        }
    }

    /// How the wait ends with this version, or what to wait for.
    fn test<T>(
        &self,
        version: Option<&Arc<Snapshot>>,
        test: &mut impl FnMut(&Arc<Snapshot>) -> Result<T, WaitFor>,
    ) -> Result<Waited<T>, Milestone> {
        let Some(version) = version else {
            return Ok(Waited::Gone);
        };
        let wait = match test(version) {
            Ok(value) => return Ok(Waited::Met(value)),
            Err(wait) => wait,
        };
        match self.scale.settled(&version.view().edge()) {
            Milestone::END => Ok(Waited::TimedOut),
            // A version that did not meet the test is not waited for again: without progress the
            // loop would not sleep.
            settled => Err(self.scale.target(wait).max(settled.after())),
        }
    }

    /// A place among those who wait for `target`; `None` if that is reached already.
    fn seat(&self, target: Milestone) -> Option<Seat<'_>> {
        let mut state = self.state();
        if state.settled >= target {
            return None;
        }
        let arrival = match state.find(target) {
            Ok(at) => {
                let expected = &mut state.expected[at];
                expected.seats += 1;
                Arc::clone(&expected.arrival)
            }
            Err(at) => {
                let arrival = Arc::new(Arrival {
                    milestone: target,
                    version: OnceLock::new(),
                });
                let expected = Expected {
                    arrival: Arc::clone(&arrival),
                    seats: 1,
                };
                state.expected.insert(at, expected);
                arrival
            }
        };
        Some(Seat {
            room: self,
            arrival,
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No code of others runs under this lock but `show`, which stores a pointer.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn find(&self, milestone: Milestone) -> Result<usize, usize> {
        self.expected
            .binary_search_by_key(&milestone, |expected| expected.arrival.milestone)
    }

    /// Leaves `version` to all who wait for what is settled now.
    fn arrive(&mut self, settled: Milestone, version: Option<&Arc<Snapshot>>) {
        while let Some(expected) = self
            .expected
            .pop_front_if(|expected| expected.arrival.milestone <= settled)
        {
            expected
                .arrival
                .version
                .set(version.cloned())
                .expect("an arrival leaves the list with its version");
        }
    }

    /// One request less waits for `milestone`.
    fn leave(&mut self, milestone: Milestone) {
        if let Ok(at) = self.find(milestone) {
            self.expected[at].seats -= 1;
            if self.expected[at].seats == 0 {
                self.expected.remove(at);
            }
        }
    }
}

/// One request at a meeting point.
#[derive(Debug)]
struct Seat<'room> {
    room: &'room WaitingRoom,
    arrival: Arc<Arrival>,
}

impl Seat<'_> {
    async fn sit(&self, deadline: Instant) -> Result<Result<(), TooManyWaiters>, Elapsed> {
        let reached = self.room.milestones.reach(self.arrival.milestone.0);
        timeout_at(deadline, reached).await
    }

    /// The version that reached the milestone.
    fn version(&self) -> Option<&Arc<Snapshot>> {
        let arrived = self.arrival.version.get();
        arrived
            .expect("a version arrives before its milestone is raised")
            .as_ref()
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        if self.arrival.version.get().is_some() {
            return;
        }
        // Not arrived, and nobody can arrive under the lock: it is in the list, or just left it.
        let mut state = self.room.state();
        if self.arrival.version.get().is_none() {
            state.leave(self.arrival.milestone);
        }
    }
}

#[cfg(test)]
mod tests {
    use llhls_manifest::{Liveness, PartIndex};

    use super::*;

    fn at(msn: u64, part: u32) -> Position {
        Position::new(Msn::new(msn), PartIndex::new(part))
    }

    fn edge(msn: u64, parts: u32) -> Edge {
        Edge {
            media_sequence: Msn::new(7),
            last_complete: None,
            open: Msn::new(msn),
            open_parts: parts,
            last_part: None,
            liveness: Liveness::Live,
        }
    }

    #[test]
    fn milestones_are_in_the_order_of_the_stream() {
        let scale = Scale { first: Msn::new(7) };
        let settled = |msn, parts| scale.settled(&edge(msn, parts));
        let part = |msn, part| scale.target(WaitFor::Part(at(msn, part)));
        let segment = |msn| scale.target(WaitFor::Segment(Msn::new(msn)));

        assert!(settled(7, 2) < part(7, 2), "two parts are 0 and 1");
        assert!(settled(7, 3) >= part(7, 2));
        assert!(settled(8, 0) >= part(7, 2), "given up with its segment");
        assert!(settled(8, 0) < part(8, 0));
        assert!(settled(7, 999) < segment(7));
        assert!(settled(8, 0) >= segment(7));
        assert!(
            segment(u64::MAX) < Milestone::END,
            "the end ends every wait"
        );
        assert!(part(u64::MAX, u32::MAX) < Milestone::END);
        let ended = Edge {
            liveness: Liveness::Ended,
            ..edge(8, 0)
        };
        assert_eq!(scale.settled(&ended), Milestone::END);
    }

    #[test]
    fn who_leaves_takes_the_meeting_point_along_unless_others_wait_there() {
        let room = Arc::new(WaitingRoom::new(&edge(7, 0), 10));
        let target = room.scale.target(WaitFor::Part(at(7, 0)));
        let expected = || room.state().expected.len();
        let first = room.seat(target).unwrap();
        let second = room.seat(target).unwrap();
        let other = room.seat(target.after()).unwrap();
        assert_eq!(expected(), 2);
        drop(first);
        assert_eq!(expected(), 2);
        drop(second);
        assert_eq!(expected(), 1);
        drop(other);
        assert_eq!(expected(), 0);

        let last = room.seat(target).unwrap();
        drop(room.remove(|| None));
        assert_eq!(expected(), 0);
        assert!(last.version().is_none());
        assert!(room.seat(target).is_none(), "nobody waits for what is gone");
    }
}
