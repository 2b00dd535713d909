//! The delta update at the end of a history: `merge(old, delta) == full`, for four kinds of clients
//! that hold a version from half or three quarters of the way. The crate's tests do it all along
//! the way.
//!
//! The first byte chooses the configuration. The grammar is that of the crate's property tests.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[allow(dead_code, reason = "shared with other targets and the tests")]
#[path = "../../crates/llhls-manifest/tests/it/books.rs"]
mod books;
#[allow(dead_code, reason = "shared with other targets and the tests")]
#[path = "../../crates/llhls-manifest/tests/it/facts.rs"]
mod facts;
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
    let bytes = &bytes[..bytes.len().min(240)];
    merge::every_delta_merges(*choice, bytes, history::Depth::Last);
});
