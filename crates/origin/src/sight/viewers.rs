//! How many people watch: distinct sessions of the last half minute, in memory that does not grow.
//!
//! A set of session ids would grow with what strangers invent. A sketch (`HyperLogLog`; Flajolet et
//! al., 2007) takes 8 KiB a stream whatever comes. Its standard error is 2.3 %, and less below a
//! few thousand viewers, where it counts empty registers instead.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use llhls::registry::StreamName;
use tokio::time::Instant;

/// Registers of a sketch: 2^11, so 2.3 % of standard error.
const REGISTERS: usize = 1 << BITS;
const BITS: u32 = 11;

/// How long a slot is written to. A player asks again at least every target duration or two.
const SLOT: Duration = Duration::from_secs(10);

/// Slots: the one that is written, two that count with it, one that may be cleared meanwhile.
const SLOTS: usize = 4;
const COUNTED: u64 = 3;

/// The most streams at once, those included that are gone and not forgotten yet.
const MOST_STREAMS: usize = 100_000;

/// What one stream takes.
pub(super) const SKETCH_BYTES: u64 = (SLOTS * (REGISTERS + 8)) as u64;

/// The viewers of all streams.
#[derive(Debug)]
pub(crate) struct Viewers {
    started: Instant,
    /// Random for each process, so that nobody can choose ids that fall together.
    hasher: RandomState,
    streams: RwLock<HashMap<StreamName, Arc<Sketch>>>,
}

impl Viewers {
    pub(crate) fn new() -> Self {
        Self {
            started: Instant::now(),
            hasher: RandomState::new(),
            streams: RwLock::default(),
        }
    }

    /// What stands for a session id.
    pub(crate) fn hash(&self, session: &[u8]) -> u64 {
        self.hasher.hash_one(session)
    }

    /// Notes that a session was seen watching a stream that exists.
    pub(crate) fn seen(&self, stream: &StreamName, hash: u64) {
        let slot = self.slot();
        let known = {
            let streams = self.streams.read().unwrap_or_else(PoisonError::into_inner);
            streams.get(stream).cloned()
        };
        match known {
            Some(sketch) => sketch.add(hash, slot),
            None => {
                let mut streams = self.streams.write().unwrap_or_else(PoisonError::into_inner);
                if streams.len() < MOST_STREAMS {
                    streams.entry(stream.clone()).or_default().add(hash, slot);
                }
            }
        }
    }

    /// How many sessions watched a stream in the last 20 to 30 seconds.
    pub(crate) fn count(&self, stream: &str) -> u64 {
        let streams = self.streams.read().unwrap_or_else(PoisonError::into_inner);
        streams
            .get(stream)
            .map_or(0, |sketch| sketch.count(self.slot()))
    }

    /// Forgets all streams but those of which `keep` says so: there are then no more than exist.
    pub(crate) fn retain(&self, keep: impl Fn(&StreamName) -> bool) {
        let mut streams = self.streams.write().unwrap_or_else(PoisonError::into_inner);
        streams.retain(|name, _| keep(name));
    }

    fn slot(&self) -> u64 {
        // From COUNTED on, so that a slot never written is an old one.
        self.started.elapsed().as_secs() / SLOT.as_secs() + COUNTED
    }
}

/// Sketches of one stream, by the time at which a session was seen.
#[derive(Debug)]
struct Sketch {
    slots: [Slot; SLOTS],
}

#[derive(Debug)]
struct Slot {
    /// Which slot of time it holds.
    number: AtomicU64,
    registers: Box<[AtomicU8; REGISTERS]>,
}

impl Default for Sketch {
    fn default() -> Self {
        let slot = |_| Slot {
            number: AtomicU64::new(0),
            registers: Box::new([const { AtomicU8::new(0) }; REGISTERS]),
        };
        Self {
            slots: std::array::from_fn(slot),
        }
    }
}

impl Sketch {
    /// All relaxed: a session that is lost to a slot being cleared comes again within the second.
    fn add(&self, hash: u64, now: u64) {
        let slot = &self.slots[index(now)];
        let number = slot.number.load(Ordering::Relaxed);
        if number < now {
            let turned =
                slot.number
                    .compare_exchange(number, now, Ordering::Relaxed, Ordering::Relaxed);
            if turned.is_ok() {
                for register in slot.registers.iter() {
                    register.store(0, Ordering::Relaxed);
                }
            }
        }
        let register = usize::try_from(hash >> (64 - BITS)).expect("11 bits are an index");
        let rank = (hash << BITS).leading_zeros().min(64 - BITS) + 1;
        let rank = u8::try_from(rank).expect("at most 54");
        slot.registers[register].fetch_max(rank, Ordering::Relaxed);
    }

    fn count(&self, now: u64) -> u64 {
        let mut zeros = 0_u32;
        let mut sum = 0.0;
        let counted: Vec<&Slot> = self
            .slots
            .iter()
            .filter(|slot| slot.number.load(Ordering::Relaxed) + COUNTED > now)
            .collect();
        for register in 0..REGISTERS {
            let rank = counted
                .iter()
                .map(|slot| slot.registers[register].load(Ordering::Relaxed))
                .max()
                .unwrap_or(0);
            zeros += u32::from(rank == 0);
            sum += f64::from(rank).exp2().recip();
        }
        estimate(zeros, sum)
    }
}

fn index(slot: u64) -> usize {
    usize::try_from(slot % SLOTS as u64).expect("less than SLOTS")
}

/// The number of distinct values, from the empty registers and the sum of 2^-rank over all.
fn estimate(zeros: u32, sum: f64) -> u64 {
    let registers = f64::from(1_u32 << BITS);
    let raw = 0.7213 / (1.0 + 1.079 / registers) * registers * registers / sum;
    let value = if zeros > 0 && raw <= 2.5 * registers {
        registers * (registers / f64::from(zeros)).ln()
    } else {
        raw
    };
    // Positive, and far below 2^52.
    value.round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn sessions_count_once_and_leave_after_half_a_minute() {
        let viewers = Viewers::new();
        let show: StreamName = "show".parse().unwrap();
        for _ in 0..3 {
            for session in 0..10_u64 {
                // A register each. Hashed at random, every fiftieth run would see two share one.
                viewers.seen(&show, session << (64 - BITS));
            }
            assert_eq!(viewers.count("show"), 10);
            tokio::time::advance(SLOT).await;
        }
        assert_eq!(viewers.count("show"), 10);
        assert_eq!(viewers.count("other"), 0);
        tokio::time::advance(SLOT).await;
        viewers.seen(&show, viewers.hash(b"one more"));
        tokio::time::advance(SLOT).await;
        assert_eq!(viewers.count("show"), 1, "the others have gone");
        tokio::time::advance(10 * SLOT).await;
        assert_eq!(viewers.count("show"), 0);
        viewers.seen(&show, viewers.hash(b"back"));
        assert_eq!(viewers.count("show"), 1, "a slot was not cleared");
    }

    #[tokio::test]
    async fn what_is_gone_is_forgotten() {
        let viewers = Viewers::new();
        for name in ["gone", "here"] {
            viewers.seen(&name.parse().unwrap(), 1);
        }
        viewers.retain(|name| name.as_str() == "here");
        assert_eq!((viewers.count("gone"), viewers.count("here")), (0, 1));
        assert_eq!(viewers.streams.read().unwrap().len(), 1);
    }

    #[test]
    fn the_estimate_is_near_whatever_the_number() {
        // Not std's random hasher: the same numbers in each run.
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = || {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            mixed ^ (mixed >> 31)
        };
        for count in [1_u64, 5, 100, 1000, 5000, 20_000, 200_000] {
            let sketch = Sketch::default();
            for _ in 0..count {
                sketch.add(next(), COUNTED);
            }
            let estimate = sketch.count(COUNTED);
            let off = estimate.abs_diff(count) * 100;
            assert!(off <= count * 7 || off <= 300, "{estimate} for {count}");
        }
    }
}
