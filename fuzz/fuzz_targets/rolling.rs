//! Histories of a media playlist, from bytes.
//!
//! The last version is judged by three readers, compared with the publisher's books, with the
//! manifest's typed answers and with the version before; the manifest's own invariants are checked
//! after each operation. The first byte chooses the configuration. The grammar is that of the
//! crate's property tests, which judge every version; here that would leave time for 15 histories
//! a second, and each version is the last one of a shorter input.
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
#[path = "../../crates/llhls-manifest/tests/it/ops.rs"]
mod ops;

fuzz_target!(|input: &[u8]| {
    let (choice, bytes) = input.split_first().unwrap_or((&0, &[]));
    // Longer histories say nothing new, only later.
    let bytes = &bytes[..bytes.len().min(240)];
    history::every_version_conforms(*choice, bytes, history::Depth::Last);
});
