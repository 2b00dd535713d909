//! Operations on a manifest, decoded from bytes, so that property tests, simulations and fuzzers
//! speak one language and can replay each other's findings.

use llhls_manifest::{
    Cut, InitVersion, M3u8Manifest, ManifestConfig, MediaDuration, MediaRef, PartFacts, PushError,
    ResourceNames, SkipUntil, WallClock,
};

/// One step of a history: four bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Operation {
    Push(PartFacts),
    Close,
    ChangeInit(InitVersion),
    End,
}

impl Operation {
    pub(crate) fn decode(bytes: [u8; 4]) -> Self {
        let [kind, length, flags, extra] = bytes;
        match kind {
            0..=7 => Self::Close,
            8..=13 => Self::ChangeInit(InitVersion::new(u32::from(extra % 3))),
            14 if length < 16 => Self::End,
            _ => {
                // Mostly whole parts; some short, some a little or far too long.
                let nanos = match length {
                    0..=159 => 500_000_000,
                    160..=199 => 500_000_000 - u64::from(length) * 37_003,
                    200..=229 => u64::from(length - 199) * 16_683_350,
                    230..=244 => 500_000_000 + u64::from(length - 229) * 700,
                    _ => u64::from(length) * 2_100_000,
                };
                let facts = PartFacts::new(MediaDuration::from_nanos(nanos), MediaRef::new(0));
                let facts = if flags & 0x03 == 0 {
                    facts.independent()
                } else {
                    facts
                };
                let facts = if flags & 0xf8 == 0xf8 {
                    facts.discontinuous()
                } else {
                    facts
                };
                let facts = if flags & 0xf8 == 0xf0 {
                    facts.gap()
                } else {
                    facts
                };
                let facts = facts.cut(match extra {
                    0..=20 => Cut::Before,
                    21..=60 => Cut::After,
                    61..=80 => Cut::Never,
                    _ => Cut::Auto,
                });
                Self::Push(facts)
            }
        }
    }

    /// A history from any bytes; an incomplete operation at the end is left out.
    pub(crate) fn decode_all(bytes: &[u8]) -> impl Iterator<Item = Self> + '_ {
        let (operations, _) = bytes.as_chunks();
        operations.iter().map(|bytes| Self::decode(*bytes))
    }
}

/// A manifest and what surrounds it.
pub(crate) struct World {
    pub(crate) manifest: M3u8Manifest,
    pub(crate) pushed: u64,
    media: MediaDuration,
}

impl World {
    /// The first byte chooses a configuration.
    pub(crate) fn new(choice: u8) -> Self {
        let manifest = M3u8Manifest::new(Self::config(choice)).expect("each choice is valid");
        Self {
            manifest,
            pushed: 0,
            media: MediaDuration::ZERO,
        }
    }

    pub(crate) fn config(choice: u8) -> ManifestConfig {
        let names = ResourceNames::new("f").expect("a letter is an epoch");
        let config = ManifestConfig::new(names)
            .target_duration(2)
            .part_target(MediaDuration::from_millis(500))
            .window_segments(3 + u32::from(choice & 7))
            .window_duration(MediaDuration::from_secs(u64::from(choice & 15)));
        let config = if choice & 16 == 0 {
            config
        } else {
            config.without_parts()
        };
        if choice & 32 == 0 {
            config.skip_until(SkipUntil::At(MediaDuration::from_secs(12)))
        } else {
            config
        }
    }

    /// Applies an operation as a sensible caller does; a refusal must leave no trace.
    pub(crate) fn apply(&mut self, operation: Operation) -> Result<(), PushError> {
        let outcome = match operation {
            Operation::Push(facts) => self.push(facts),
            Operation::Close => {
                let _ = self.manifest.close_segment();
                Ok(())
            }
            Operation::ChangeInit(version) => {
                let _ = self.manifest.change_init(version);
                Ok(())
            }
            Operation::End => {
                let _ = self.manifest.end();
                Ok(())
            }
        };
        self.manifest.check_invariants();
        outcome
    }

    fn push(&mut self, facts: PartFacts) -> Result<(), PushError> {
        let start = WallClock::from_unix_millis(1_795_219_200_000);
        let facts = facts.stored_at(MediaRef::new(self.pushed));
        let _ = self
            .manifest
            .push(facts.captured_at(start.plus(self.media)))?;
        self.pushed += 1;
        self.media = self.media.saturating_add(facts.duration());
        Ok(())
    }
}
