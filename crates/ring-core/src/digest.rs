//! The content hash, XXH3-64.

use std::fmt;

use twox_hash::XxHash3_64;

/// XXH3-64 of a payload, with seed 0: the same number on every machine and in every other
/// implementation. Made for change detection and entity tags, not for security.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest(u64);

impl Digest {
    /// The digest of `payload`: about 18 µs per MiB, 0.1 µs for a small part.
    #[must_use]
    pub fn of(payload: &[u8]) -> Self {
        Self(of(payload))
    }

    /// The number.
    #[must_use]
    pub const fn value(self) -> u64 {
        self.0
    }

    pub(crate) const fn new(value: u64) -> Self {
        Self(value)
    }
}

impl fmt::Display for Digest {
    /// 16 hexadecimal digits.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016x}", self.0)
    }
}

/// Always outside of any lock: it takes longer than all the rest of a write.
pub(crate) fn of(payload: &[u8]) -> u64 {
    XxHash3_64::oneshot(payload)
}
