//! What is always true of a manifest.

use crate::borders::may_be_followed;
use crate::decimal::Decimal;
use crate::part::Availability;
use crate::roller::M3u8Manifest;

impl M3u8Manifest {
    /// Panics when the state contradicts itself. For tests and fuzzing; linear in the window.
    pub fn check_invariants(&self) {
        let settings = &self.settings;
        self.window.check_invariants(settings);
        let open = &self.open;
        let sum = open
            .parts
            .iter()
            .fold(Decimal::ZERO, |sum, part| sum.plus(part.duration));
        assert_eq!(
            sum, open.duration,
            "the open segment is the sum of its parts"
        );
        assert!(
            open.duration <= settings.segment_limit,
            "MP-03 for the open segment"
        );
        assert_eq!(
            open.end(),
            self.rounding.printed(),
            "everything printed is accounted for"
        );
        if let Some(last) = self.window.list().retained().last() {
            assert_eq!(last.at.msn.next(), open.at.msn, "the open segment follows");
            assert_eq!(last.end(), open.at.start, "the open segment touches");
        }
        let closed = self
            .window
            .list()
            .retained()
            .iter()
            .map(|segment| &*segment.parts);
        for parts in closed.chain([&*open.parts]) {
            for (index, part) in parts.iter().enumerate() {
                assert!(part.duration <= settings.part_limit(), "LL-03");
                if let Some(next) = parts.get(index + 1) {
                    let gap = next.availability == Availability::Gap;
                    assert!(gap || may_be_followed(settings, part), "LL-04");
                }
            }
        }
        if self.ended() {
            assert!(open.is_empty(), "LL-35: nothing is left open");
        }
    }
}
