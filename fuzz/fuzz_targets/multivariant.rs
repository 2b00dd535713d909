//! Graphs of renditions, from bytes: refused with a typed error, or a playlist that three readers
//! find nothing wrong with.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[allow(dead_code, reason = "shared with other targets and the tests")]
#[path = "../../crates/llhls-manifest/tests/it/graph.rs"]
mod graph;

fuzz_target!(|input: &[u8]| graph::refused_or_conforming(&input[..input.len().min(512)]));
