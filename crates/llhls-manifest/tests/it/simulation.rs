//! Long lives of streams, from seeds: what an encoder, an operator and a machine do to a stream in
//! hours. `LLHLS_SEED=7` runs one seed, `LLHLS_SEEDS=1000` that many.

use crate::history::{Depth, every_version_conforms};
use crate::lives::life;
use crate::merge::every_delta_merges;

fn seeds(usual: u64) -> Vec<u64> {
    let number = |name: &str| std::env::var(name).ok().map(|value| value.parse().unwrap());
    match (number("LLHLS_SEED"), number("LLHLS_SEEDS")) {
        (Some(seed), _) => vec![seed],
        (None, count) => (0..count.unwrap_or(usual)).collect(),
    }
}

/// UP-02 and the other rules between versions, along whole lives.
#[test]
fn every_version_of_a_long_life_conforms() {
    for seed in seeds(6) {
        println!("LLHLS_SEED={seed}");
        let (choice, bytes) = life(seed, 150);
        every_version_conforms(choice, &bytes, Depth::Every);
    }
}

/// SRV-40 along whole lives.
#[test]
fn every_delta_of_a_long_life_merges() {
    for seed in seeds(4) {
        println!("LLHLS_SEED={seed}");
        let (choice, bytes) = life(seed, 150);
        every_delta_merges(choice, &bytes, Depth::Every);
    }
}
