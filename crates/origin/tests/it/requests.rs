//! Requests of all kinds, from a seed and from the fuzzer's corpus.

use std::fs;
use std::path::Path;

use crate::requests_world::World;

const METHODS: [&str; 6] = ["GET", "GET", "GET", "HEAD", "OPTIONS", "POST"];

const PATHS: [&str; 22] = [
    "/live/index.m3u8",
    "/live/video/media.m3u8",
    "/live/ranges/media.m3u8",
    "/over/video/media.m3u8",
    "/young/video/media.m3u8",
    "/young/index.m3u8",
    "/live/video/dvr.m3u8",
    "/live/dvr.m3u8",
    "/none/video/media.m3u8",
    "/live/video/e1-3.m4s",
    "/live/video/e1-11.m4s",
    "/live/ranges/e1-12.m4s",
    "/live/video/e1-10.2.m4s",
    "/live/video/e1-11.1.m4s",
    "/live/video/e1-11.2.m4s",
    "/live/video/e1-init0.mp4",
    "/over/video/e1-10.m4s",
    "/live/video/e1-18446744073709551615.18446744073709551615.m4s",
    "/live/video/..%2f..%2fetc",
    "//live//video",
    "/",
    "*",
];

const QUERIES: [&str; 14] = [
    "",
    "",
    "_HLS_msn=11",
    "_HLS_msn=11&_HLS_part=1",
    "_HLS_msn=11&_HLS_part=2&_HLS_skip=YES",
    "_HLS_msn=12",
    "_HLS_msn=13",
    "_HLS_msn=0&_HLS_skip=v2",
    "_HLS_part=1",
    "_HLS_msn=-1",
    "_HLS_msn=1&_HLS_msn=2",
    "_HLS%5Fmsn=%31%31&a=b&",
    "_HLS_msn=18446744073709551616",
    "%&=&?",
];

const FIELDS: [&str; 18] = [
    "range: bytes=0-9",
    "range: bytes=-5",
    "range: bytes=3-",
    "range: bytes=50-",
    "range: bytes=46-9007199254740991",
    "range: bytes=9-3",
    "range: bytes=0-1,4-5",
    "range: bytes=18446744073709551615-",
    "range: bytes",
    "if-none-match: {tag}",
    "if-none-match: \"a\", W/{tag}",
    "if-none-match: *",
    "if-none-match: nonsense",
    "if-range: {tag}",
    "if-range: W/{tag}",
    "accept-encoding: gzip",
    "accept-encoding: br, *;q=0.5, gzip;q=0",
    "accept-encoding: identity;q=0",
];

/// Numbers that look random and are the same each time.
struct Random(u64);

impl Random {
    fn one_of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let index = self.0 % choices.len() as u64;
        choices[usize::try_from(index).unwrap()]
    }
}

#[test]
fn whatever_is_asked_is_answered_by_the_book_and_changes_nothing() {
    let world = World::new();
    let mut random = Random(2026);
    for _ in 0..1_500 {
        let method = random.one_of(&METHODS);
        let path = random.one_of(&PATHS);
        let query = random.one_of(&QUERIES);
        let mark = if query.is_empty() { "" } else { "?" };
        let mut text = format!("{method} {path}{mark}{query}");
        while random.one_of(&["stop", "more"]) == "more" {
            text = format!("{text}\n{}", random.one_of(&FIELDS));
        }
        world.ask(&text);
    }
}

/// What the fuzzer found worth keeping.
#[test]
fn the_corpus_is_answered_by_the_book() {
    let world = World::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/requests");
    let files: Vec<_> = fs::read_dir(&folder).unwrap().collect();
    assert!(!files.is_empty(), "{} is empty", folder.display());
    for file in files {
        let bytes = fs::read(file.unwrap().path()).unwrap();
        if let Ok(text) = std::str::from_utf8(&bytes) {
            world.ask(text);
        }
    }
}
