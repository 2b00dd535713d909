//! The facade: what it names is there, under the names that its users know.

#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

/// Each room offers what the documentation sends people there for.
#[test]
fn every_room_has_its_main_types() {
    fn is<T>() {}
    is::<llhls::registry::Playlists>();
    is::<llhls::registry::M3u8Cache>();
    is::<llhls::manifest::M3u8Manifest>();
    is::<llhls::ring::ChunkCache>();
}
