//! Operations on a manifest, decoded from bytes, so that property tests, simulations and fuzzers
//! speak one language and can replay each other's findings.

use llhls_manifest::{
    Addressing, BitRates, Cut, DateRange, InitVersion, Key, KeyMethod, M3u8Manifest,
    ManifestConfig, MediaDuration, MediaRef, PartFacts, PlaylistKind, PushError, ResourceNames,
    SkipUntil, WallClock,
};

/// One step of a history: four bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Operation {
    Push(PartFacts),
    Close,
    Discontinuity,
    ChangeInit(InitVersion),
    /// Keys number so many; 0 is none.
    ChangeKeys(u8),
    /// Which ID, what about it, and when.
    DateRange(u8, u8, u8),
    /// An outage.
    Gap(MediaDuration),
    /// The process dies and another one continues from the exported state.
    Restart,
    End,
}

impl Operation {
    pub(crate) fn decode(bytes: [u8; 4]) -> Self {
        let [kind, length, flags, extra] = bytes;
        match kind {
            0..=5 => Self::Close,
            6..=7 => Self::Discontinuity,
            8..=13 => Self::ChangeInit(InitVersion::new(u32::from(extra % 3))),
            14 if length < 16 => Self::End,
            15..=18 => Self::ChangeKeys(extra % 4),
            19..=26 => Self::DateRange(extra % 6, flags, length),
            27..=28 => Self::Gap(MediaDuration::from_millis(u64::from(length) * 17)),
            29..=31 => Self::Restart,
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
                Self::Push(facts.size(u64::from(length) * 10 + 1))
            }
        }
    }

    /// A history from any bytes; an incomplete operation at the end is left out.
    pub(crate) fn decode_all(bytes: &[u8]) -> impl Iterator<Item = Self> + '_ {
        let (operations, _) = bytes.as_chunks();
        operations.iter().map(|bytes| Self::decode(*bytes))
    }
}

const START: WallClock = WallClock::from_unix_millis(1_795_219_200_000);

/// A manifest and what surrounds it.
pub(crate) struct World {
    pub(crate) manifest: M3u8Manifest,
    pub(crate) pushed: u64,
    choice: u8,
    media: MediaDuration,
}

impl World {
    /// The first byte chooses a configuration.
    pub(crate) fn new(choice: u8) -> Self {
        let manifest = M3u8Manifest::new(Self::config(choice)).expect("each choice is valid");
        Self {
            manifest,
            pushed: 0,
            choice,
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
        let config = if choice & 32 == 0 {
            config
                .skip_until(SkipUntil::At(MediaDuration::from_secs(12)))
                .skip_date_ranges()
        } else {
            config
        };
        let config = if choice & 64 == 0 {
            config
        } else {
            config
                .addressing(Addressing::ByteRanges)
                .bit_rates(BitRates::Printed)
        };
        if choice & 192 == 192 {
            config.kind(PlaylistKind::Event)
        } else {
            config
        }
    }

    /// Whether parts are byte ranges of their segments.
    pub(crate) fn has_ranges(&self) -> bool {
        self.choice & 64 != 0
    }

    /// Applies an operation as a sensible caller does; a refusal must leave no trace.
    pub(crate) fn apply(&mut self, operation: Operation) -> Result<(), PushError> {
        let outcome = match operation {
            Operation::Push(facts) => self.push(facts),
            Operation::Close => {
                let _ = self.manifest.close_segment();
                Ok(())
            }
            Operation::Discontinuity => {
                let _ = self.manifest.mark_discontinuity();
                Ok(())
            }
            Operation::ChangeInit(version) => {
                let _ = self.manifest.change_init(version);
                Ok(())
            }
            Operation::ChangeKeys(number) => {
                let keys: Vec<Key> = (0..number)
                    .map(|index| {
                        let method = if number == 3 {
                            KeyMethod::SampleAes
                        } else {
                            KeyMethod::Aes128
                        };
                        let key = Key::new(method, format!("k{number}")).expect("a plain URI");
                        let key = if number == 3 {
                            key
                        } else {
                            key.iv([number; 16])
                        };
                        key.format(format!("f{index}"), "1")
                            .expect("a plain format")
                    })
                    .collect();
                let ended = self.manifest.change_keys(&keys).is_err();
                assert_eq!(ended, self.manifest.view().edge().is_ended(), "legal keys");
                Ok(())
            }
            Operation::DateRange(id, what, when) => {
                self.date_range(id, what, when);
                Ok(())
            }
            Operation::Gap(duration) => {
                let outcome = self.manifest.push_gap(duration).map(|_| ());
                self.media = self.media.saturating_add(duration);
                outcome
            }
            Operation::Restart => {
                let state = self.manifest.export();
                let config = Self::config(self.choice);
                self.manifest = M3u8Manifest::import(config, &state).expect("an export");
                assert_eq!(self.manifest.export(), state, "nothing is lost");
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

    /// Adds, extends or misuses a date range; a refusal is as good as an acceptance here.
    fn date_range(&mut self, id: u8, what: u8, when: u8) {
        let start = START
            .plus(self.media)
            .plus(MediaDuration::from_millis(u64::from(when) * 40));
        let name = format!("r{id}.{}", self.pushed / 16);
        let range = if what & 1 == 0 {
            DateRange::new(name, start)
        } else {
            DateRange::update(name)
        };
        let seconds = |n: u8| MediaDuration::from_secs(u64::from(n));
        let range = if what & 2 == 0 {
            range
        } else {
            range.duration(seconds(when & 7))
        };
        let range = if what & 4 == 0 {
            range
        } else {
            range.class("c")
        };
        let range = if what & 8 == 0 {
            range
        } else {
            range.ends_on_next()
        };
        let range = if what & 16 == 0 {
            range
        } else {
            range.scte35_out(&[0xfc, when])
        };
        let range = if what & 32 == 0 {
            range
        } else {
            range.planned_duration(seconds(9))
        };
        let _ = self.manifest.set_date_range(&range);
    }

    fn push(&mut self, facts: PartFacts) -> Result<(), PushError> {
        let start = START;
        let facts = facts.stored_at(MediaRef::new(self.pushed));
        let _ = self
            .manifest
            .push(facts.captured_at(start.plus(self.media)))?;
        self.pushed += 1;
        self.media = self.media.saturating_add(facts.duration());
        Ok(())
    }
}
