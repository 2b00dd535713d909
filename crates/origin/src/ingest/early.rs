//! Media that is here before what it follows.
//!
//! An encoder that sends each segment in a request of its own begins the next one the moment it has sent the last: two
//! connections, each read by a task of its own, and the later one may be read first. A second source may also
//! run ahead of the first a little. What comes early waits here until it is its turn.

use std::collections::VecDeque;
use std::time::SystemTime;

use crate::media::{Fragment, Relation};

/// The most bytes that wait: a segment of four seconds at 8 Mbit/s.
const MOST_BYTES: u64 = 4 << 20;

/// The most fragments that wait: small ones cost more than their bytes.
const MOST_FRAGMENTS: usize = 512;

/// Fragments whose turn has not come, in order of arrival.
#[derive(Debug, Default)]
pub(super) struct Early {
    held: VecDeque<(Fragment, SystemTime)>,
    bytes: u64,
}

impl Early {
    /// Lets a fragment wait. Without room for it, it is lost: it may come again, or from the other source.
    pub(super) fn hold(&mut self, fragment: Fragment, arrived: SystemTime) {
        let bytes = self.bytes + fragment.held_bytes() as u64;
        if bytes <= MOST_BYTES && self.held.len() < MOST_FRAGMENTS {
            self.bytes = bytes;
            self.held.push_back((fragment, arrived));
        }
    }

    /// The next one whose turn has come. What came otherwise meanwhile is forgotten.
    pub(super) fn take_due(
        &mut self,
        relation: impl Fn(&Fragment) -> Option<Relation>,
    ) -> Option<(Fragment, SystemTime)> {
        let mut at = 0;
        while let Some((fragment, _)) = self.held.get(at) {
            match relation(fragment) {
                Some(Relation::Follows | Relation::Overlaps { .. }) => return self.remove(at),
                Some(Relation::Ahead { .. }) => at += 1,
                Some(Relation::Repeats | Relation::Elsewhere) | None => {
                    self.remove(at);
                }
            }
        }
        None
    }

    /// The one that has waited longest: nobody will send what was before it.
    pub(super) fn take_first(&mut self) -> Option<(Fragment, SystemTime)> {
        self.remove(0)
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    fn remove(&mut self, at: usize) -> Option<(Fragment, SystemTime)> {
        let taken = self.held.remove(at)?;
        self.bytes -= taken.0.held_bytes() as u64;
        Some(taken)
    }
}
