use proptest::collection::vec;
use proptest::prelude::*;

use crate::grammar;

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_cache_and_its_model_agree(program in vec(any::<u8>(), 0..400)) {
        grammar::run(&program);
    }
}

/// Programs that once told something.
#[test]
fn programs_worth_keeping() {
    let programs: [&[u8]; 3] = [
        b"",
        // One slot, one byte: nothing fits but the empty payload.
        &[0, 0, 0, 0, 3, 0, 0, 1, 0, 0, 0, 0, 18, 8],
        // A put far ahead sweeps what a lap has left behind.
        &[
            3, 59, 99, 0, 1, 0, 0, 3, 0, 0, 3, 0, 10, 0, 3, 0, 18, 8, 0, 31,
        ],
    ];
    for program in programs {
        grammar::run(program);
    }
}
