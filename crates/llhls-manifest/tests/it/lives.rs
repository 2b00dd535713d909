//! The lives of streams, from seeds. Shared with the example `histories`.

/// A sequence that looks random and is the same everywhere.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn roll(&mut self) -> u8 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 24) as u8
    }
}

/// The operations of a stream that is mostly in order: groups of pictures of a length of its
/// own, now and then a change, an outage, a restart; never an end before the end.
pub(crate) fn life(seed: u64, parts: usize) -> (u8, Vec<u8>) {
    let mut dice = Dice::new(seed);
    let choice = dice.roll();
    let group = 1 + usize::from(dice.roll() % 6);
    let mut bytes = Vec::new();
    for part in 0..parts {
        match dice.roll() {
            0..=2 => bytes.extend([8, 0, 0, dice.roll()]),
            3..=5 => bytes.extend([15, 0, 0, dice.roll()]),
            6..=12 => bytes.extend([19, dice.roll(), dice.roll(), dice.roll()]),
            13 => bytes.extend([27, dice.roll(), 0, 0]),
            14..=16 => bytes.extend([29, 0, 0, 0]),
            17 => bytes.extend([0, 0, 0, 0]),
            _ => {}
        }
        let independent = u8::from(!part.is_multiple_of(group));
        // One part in sixteen is short; a group's last part closes the segment now and then.
        let length = if dice.roll() < 16 {
            160 + dice.roll() % 40
        } else {
            0
        };
        let last = (part + 1).is_multiple_of(group) && dice.roll() < 128;
        bytes.extend([100, length, independent, if last { 30 } else { 200 }]);
    }
    bytes.extend([14, 0, 0, 0]);
    (choice, bytes)
}
