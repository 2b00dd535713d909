//! The inputs that the fuzzers found worth keeping, replayed without a fuzzer.

use std::fs;
use std::path::Path;

use llhls_manifest::Directives;

use crate::history::Depth;

fn replay(target: &str, run: impl Fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/corpus")
        .join(target);
    let mut files: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{} is empty", folder.display());
    for file in files {
        println!("{}", file.display());
        run(&fs::read(&file).unwrap());
    }
}

#[test]
fn rolling() {
    replay("rolling", |input| {
        let (choice, bytes) = input.split_first().unwrap_or((&0, &[]));
        for depth in [Depth::Last, Depth::Every] {
            crate::history::every_version_conforms(*choice, bytes, depth);
        }
    });
}

#[test]
fn delta() {
    replay("delta", |input| {
        let (choice, bytes) = input.split_first().unwrap_or((&0, &[]));
        for depth in [Depth::Last, Depth::Every] {
            crate::merge::every_delta_merges(*choice, bytes, depth);
        }
    });
}

#[test]
fn multivariant() {
    replay("multivariant", crate::graph::refused_or_conforming);
}

#[test]
fn directives() {
    replay("directives", |input| {
        let text = String::from_utf8_lossy(input);
        assert_eq!(
            Directives::parse(Some(&text)),
            Directives::parse(Some(&text))
        );
    });
}
