//! Histories of a media playlist, from bytes.
//!
//! Each version is judged by three readers, compared with the manifest's typed answers and with
//! the version before it; the manifest's own invariants are checked after each operation. The
//! first byte chooses the configuration. The grammar is that of the crate's property tests.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[allow(dead_code, reason = "shared with other targets and the tests")]
#[path = "../../crates/llhls-manifest/tests/it/history.rs"]
mod history;
#[allow(dead_code, reason = "shared with other targets and the tests")]
#[path = "../../crates/llhls-manifest/tests/it/ops.rs"]
mod ops;

fuzz_target!(|input: &[u8]| {
    let (choice, bytes) = input.split_first().unwrap_or((&0, &[]));
    // Longer histories say nothing new, only later.
    history::every_version_conforms(*choice, &bytes[..bytes.len().min(240)]);
});
