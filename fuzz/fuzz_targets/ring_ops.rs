//! Operations on a cache of two streams, against a model: the grammar of the ring's property test.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/ring-core/tests/grammar/mod.rs"]
mod grammar;

fuzz_target!(|program: &[u8]| {
    grammar::run(program);
});
