//! Operations on a manifest, decoded from bytes, so that property tests, simulations and fuzzers
//! speak one language and can replay each other's findings.

use llhls_manifest::{
    Addressing, BitRates, Cut, DateRange, InitVersion, Key, KeyMethod, M3u8Manifest,
    ManifestConfig, MediaDuration, PlaylistKind, PushError, ResourceNames, SkipUntil, WallClock,
};

use crate::books::{Books, Sketch, keys_of, millis};
use crate::facts::{Facts, RangeFact};

/// One step of a history: four bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Operation {
    Push(Sketch),
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
                Self::Push(Sketch {
                    duration: MediaDuration::from_nanos(nanos),
                    independent: flags & 0x03 == 0,
                    discontinuous: flags & 0xf8 == 0xf8,
                    gap: flags & 0xf8 == 0xf0,
                    cut: match extra {
                        0..=20 => Cut::Before,
                        21..=60 => Cut::After,
                        61..=80 => Cut::Never,
                        _ => Cut::Auto,
                    },
                    size: u64::from(length) * 10 + 1,
                })
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
    books: Books,
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
            books: Books::new(),
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

    /// What the current version must say, by the publisher's books.
    pub(crate) fn facts(&self) -> Facts {
        self.books.facts(&self.manifest.view(), 0, self.choice)
    }

    /// The same of its delta update; `None` when there is nothing to skip.
    pub(crate) fn delta_facts(&self) -> Option<Facts> {
        let view = self.manifest.view();
        let skipped = self.books.skipped(view.server_control().can_skip_until);
        (skipped > 0).then(|| self.books.facts(&view, skipped, self.choice))
    }

    /// Applies an operation as a sensible caller does; a refusal must leave no trace.
    pub(crate) fn apply(&mut self, operation: Operation) -> Result<(), PushError> {
        let outcome = match operation {
            Operation::Push(part) => self.push(part),
            Operation::Close => {
                let rolled = self.manifest.close_segment();
                self.books.rolled(&rolled);
                Ok(())
            }
            Operation::Discontinuity => {
                let rolled = self.manifest.mark_discontinuity();
                self.books.rolled(&rolled);
                self.books.mark();
                Ok(())
            }
            Operation::ChangeInit(version) => {
                let rolled = self.manifest.change_init(version);
                if !self.books.has_ended() {
                    self.books.rolled(&rolled);
                    self.books.init(version);
                }
                Ok(())
            }
            Operation::ChangeKeys(number) => {
                match self.manifest.change_keys(&keys(number)) {
                    Ok(rolled) => {
                        self.books.rolled(&rolled);
                        self.books.keys(number);
                    }
                    Err(error) => assert!(self.books.has_ended(), "{error}"),
                }
                Ok(())
            }
            Operation::DateRange(id, what, when) => {
                self.date_range(id, what, when);
                Ok(())
            }
            Operation::Gap(duration) => self.gap(duration),
            Operation::Restart => {
                let state = self.manifest.export();
                let config = Self::config(self.choice);
                self.manifest = M3u8Manifest::import(config, &state).expect("an export");
                assert_eq!(self.manifest.export(), state, "nothing is lost");
                Ok(())
            }
            Operation::End => {
                let rolled = self.manifest.end();
                self.books.rolled(&rolled);
                self.books.end();
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
        let id = format!("r{id}.{}", self.pushed / 16);
        let has = |bit: u8| what & bit != 0;
        let seconds = |n: u8| MediaDuration::from_secs(u64::from(n));
        let mut fact = RangeFact {
            id: id.clone(),
            ..RangeFact::default()
        };
        let mut range = if has(1) {
            DateRange::update(id)
        } else {
            fact.start = Some(millis(start));
            DateRange::new(id, start)
        };
        if has(2) {
            range = range.duration(seconds(when & 7));
            fact.duration = Some(seconds(when & 7).as_nanos());
        }
        if has(4) {
            range = range.class("c");
            fact.class = Some("c".to_owned());
        }
        if has(8) {
            range = range.ends_on_next();
            fact.ends_on_next = true;
        }
        if has(16) {
            range = range.scte35_out(&[0xfc, when]);
            fact.scte35_out = Some(format!("0xFC{when:02X}"));
        }
        if has(32) {
            range = range.planned_duration(seconds(9));
            fact.planned = Some(seconds(9).as_nanos());
        }
        if self.manifest.set_date_range(&range).is_ok() {
            self.books.range(fact, start);
        }
    }

    fn gap(&mut self, duration: MediaDuration) -> Result<(), PushError> {
        let outcome = self.manifest.push_gap(duration);
        self.media = self.media.saturating_add(duration);
        let mut left = duration;
        let whole = if self.choice & 16 == 0 { 500 } else { 2_000 };
        for rolled in outcome? {
            let part = left.min(MediaDuration::from_millis(whole));
            left = left.saturating_sub(part);
            let sketch = Sketch {
                duration: part,
                independent: false,
                discontinuous: false,
                gap: true,
                cut: Cut::Auto,
                size: 0,
            };
            self.books.pushed(sketch, None, &rolled);
        }
        Ok(())
    }

    fn push(&mut self, part: Sketch) -> Result<(), PushError> {
        let at = START.plus(self.media);
        let rolled = self.manifest.push(part.facts(self.pushed, at))?;
        self.books.pushed(part, Some(at), &rolled);
        self.pushed += 1;
        self.media = self.media.saturating_add(part.duration);
        Ok(())
    }
}

fn keys(number: u8) -> Vec<Key> {
    let key = |[format, method, uri]: [String; 3]| {
        let sample = method == "SAMPLE-AES";
        let method = if sample {
            KeyMethod::SampleAes
        } else {
            KeyMethod::Aes128
        };
        let key = Key::new(method, uri).expect("a plain URI");
        let key = if sample { key } else { key.iv([number; 16]) };
        if format == "identity" {
            key
        } else {
            key.format(format, "1").expect("a plain format")
        }
    };
    keys_of(number).into_iter().map(key).collect()
}
