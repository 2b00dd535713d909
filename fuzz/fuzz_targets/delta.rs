//! Delta updates along a history: `merge(old, delta) == full`, for four kinds of clients.
//!
//! The first byte chooses the configuration. The grammar is that of the crate's property tests.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[allow(dead_code, reason = "shared with other targets and the tests")]
#[path = "../../crates/llhls-manifest/tests/it/history.rs"]
mod history;
#[allow(dead_code, reason = "shared with other targets and the tests")]
#[path = "../../crates/llhls-manifest/tests/it/merge.rs"]
mod merge;
#[allow(dead_code, reason = "shared with other targets and the tests")]
#[path = "../../crates/llhls-manifest/tests/it/ops.rs"]
mod ops;

fuzz_target!(|input: &[u8]| {
    let (choice, bytes) = input.split_first().unwrap_or((&0, &[]));
    merge::every_delta_merges(*choice, &bytes[..bytes.len().min(240)]);
});
