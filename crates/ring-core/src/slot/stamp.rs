//! Whose payload lies in a slot, and who reads it.

use crate::lane::LANES;
use crate::sync::{AtomicU64, Ordering};

/// The word that names a slot's position, and notes how it is read; 0 when empty.
///
/// ```text
///   (seq + 1) << 8 │ mirrored 1 │ turns 4 │ last lane 3
/// ```
///
/// The notes are made under the shared lock and taken under the exclusive one, so whoever replaces
/// a payload knows whether to look for mirrors.
///
/// Ordering: stores are `Release` and loads `Acquire`, so that a reader that takes a miss for an
/// answer also sees the claim or the tail that caused it. Content never relies on them, the lock
/// does that.
pub(super) struct Stamp(AtomicU64);

/// Low bits for the notes.
const NOTE_BITS: u32 = 8;

const LAST_LANE: u64 = LANES as u64 - 1;
const ONE_TURN: u64 = LANES as u64;
/// So many changes of lane, and the slot is contended. No more are counted.
const TURNS_ENOUGH: u64 = 8 * ONE_TURN;
const MIRRORED: u64 = 1 << 7;

impl Stamp {
    pub(super) fn empty() -> Self {
        Self(AtomicU64::new(0))
    }

    const fn encode(seq: u64) -> u64 {
        (seq + 1) << NOTE_BITS
    }

    #[inline]
    pub(super) fn is(&self, seq: u64) -> bool {
        self.0.load(Ordering::Acquire) >> NOTE_BITS == seq + 1
    }

    #[inline]
    pub(super) fn covers(&self, seq: u64) -> bool {
        self.0.load(Ordering::Acquire) >> NOTE_BITS > seq
    }

    /// The position, and whether there may be mirrors of it.
    pub(super) fn parts(&self) -> (Option<u64>, bool) {
        let word = self.0.load(Ordering::Acquire);
        ((word >> NOTE_BITS).checked_sub(1), word & MIRRORED != 0)
    }

    /// Notes that `lane` reads `seq`: whether lanes have been taking turns on it, or `None` if
    /// something else lies here. Under the shared lock.
    #[inline]
    pub(super) fn note(&self, seq: u64, lane: u64) -> Option<bool> {
        let word = self.0.load(Ordering::Acquire);
        if word >> NOTE_BITS != seq + 1 {
            return None;
        }
        if word & TURNS_ENOUGH != 0 {
            return Some(true);
        }
        if word & LAST_LANE != lane {
            self.note_turn(word, lane);
        }
        Some(false)
    }

    /// A turn that is lost to another one at the same moment is not missed.
    #[cold]
    fn note_turn(&self, word: u64, lane: u64) {
        let noted = (word & !LAST_LANE | lane) + ONE_TURN;
        let _ = self
            .0
            .compare_exchange(word, noted, Ordering::Relaxed, Ordering::Relaxed);
    }

    pub(super) fn note_mirrors(&self) {
        self.0.fetch_or(MIRRORED, Ordering::Relaxed);
    }

    pub(super) fn set(&self, seq: u64) {
        self.0.store(Self::encode(seq), Ordering::Release);
    }

    pub(super) fn reset(&self) {
        self.0.store(0, Ordering::Release);
    }
}
