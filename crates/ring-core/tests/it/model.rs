use proptest::collection::vec;
use proptest::prelude::*;

use crate::grammar;

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_cache_and_its_model_agree(program in vec(any::<u8>(), 0..400)) {
        grammar::run(&program);
    }
}

/// Programs that once told something.
#[test]
fn programs_worth_keeping() {
    let programs: [&[u8]; 4] = [
        b"",
        // One slot, one byte: nothing fits but the empty payload.
        &[0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 8, 4],
        // Append, remove, reopen, read the old position.
        &[7, 59, 99, 0, 0, 0, 9, 0, 14, 0, 15, 0, 8, 4, 0, 0, 3],
        // Two streams compete for the bytes of the cache.
        &[8, 59, 20, 0, 0, 0, 19, 1, 0, 1, 1, 0, 1, 0, 0, 19],
    ];
    for program in programs {
        grammar::run(program);
    }
}
