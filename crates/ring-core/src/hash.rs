//! How keys are hashed in the directory.
//!
//! A lookup by key is on the path of callers who keep no handle, and the standard library's
//! `SipHash` was measured at half of its time. This is a folded multiplication with a random seed a
//! cache: quick for integers and short names, and not predictable from outside.

use std::hash::{BuildHasher, Hasher, RandomState};

/// An odd constant with its bits well mixed (the fractional part of the golden ratio).
const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

/// Makes hashers with the seed of one cache.
#[derive(Debug, Clone)]
pub(crate) struct KeyHashing {
    seed: u64,
}

impl KeyHashing {
    pub(crate) fn new() -> Self {
        Self {
            seed: RandomState::new().hash_one(MULTIPLIER),
        }
    }
}

impl BuildHasher for KeyHashing {
    type Hasher = KeyHasher;

    fn build_hasher(&self) -> KeyHasher {
        KeyHasher {
            state: self.seed,
            seed: self.seed,
        }
    }
}

/// One key's hasher.
#[derive(Debug)]
pub(crate) struct KeyHasher {
    state: u64,
    seed: u64,
}

impl KeyHasher {
    #[inline]
    fn mix(&mut self, word: u64) {
        self.state = fold(self.state ^ word, MULTIPLIER);
    }
}

#[inline]
fn fold(left: u64, right: u64) -> u64 {
    let product = u128::from(left) * u128::from(right);
    (product as u64) ^ (product >> 64) as u64
}

impl Hasher for KeyHasher {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.mix(u64::from_le_bytes(*word));
        }
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        self.mix(u64::from_le_bytes(last) ^ (bytes.len() as u64).rotate_left(56));
    }

    #[inline]
    fn write_u8(&mut self, value: u8) {
        self.mix(u64::from(value));
    }

    #[inline]
    fn write_u32(&mut self, value: u32) {
        self.mix(u64::from(value));
    }

    #[inline]
    fn write_u64(&mut self, value: u64) {
        self.mix(value);
    }

    #[inline]
    fn write_usize(&mut self, value: usize) {
        self.mix(value as u64);
    }

    #[inline]
    fn finish(&self) -> u64 {
        fold(self.state, self.seed | 1)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn neighbouring_keys_spread_over_the_low_and_the_high_bits() {
        let hashing = KeyHashing::new();
        let hashes: Vec<u64> = (0..4096_u64).map(|key| hashing.hash_one(key)).collect();
        let low: HashSet<u64> = hashes.iter().map(|hash| hash & 0xfff).collect();
        let high: HashSet<u64> = hashes.iter().map(|hash| hash >> 52).collect();
        // 4096 balls in 4096 bins fill about 63 % of them.
        assert!(
            low.len() > 2200 && high.len() > 2200,
            "{} {}",
            low.len(),
            high.len()
        );
    }

    #[test]
    fn names_differ_by_content_and_length() {
        let hashing = KeyHashing::new();
        let names = [
            "",
            "a",
            "b",
            "ab",
            "ba",
            "a\0",
            "camera-1",
            "camera-10",
            "camera-100",
        ];
        let hashes: HashSet<u64> = names.iter().map(|name| hashing.hash_one(name)).collect();
        assert_eq!(hashes.len(), names.len());
    }
}
