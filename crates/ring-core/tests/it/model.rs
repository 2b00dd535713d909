use std::fs;
use std::path::Path;

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

/// What the fuzzer starts from: a program for each border of the grammar.
#[test]
fn the_fuzzers_seeds_agree() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/ring_ops");
    // A published crate is tested without the workspace around it.
    let Ok(files) = fs::read_dir(&folder) else {
        return;
    };
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "{} is empty", folder.display());
    for file in files {
        println!("{}", file.display());
        grammar::run(&fs::read(&file).unwrap());
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
