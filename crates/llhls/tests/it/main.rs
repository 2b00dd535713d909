//! The facade: what it names is there, under the names that its users know.

#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

/// Each room offers what the documentation sends people there for.
#[test]
fn every_room_has_its_main_types() {
    fn is<T>() {}
    #[cfg(feature = "registry")]
    is::<(llhls::registry::Playlists, llhls::registry::M3u8Cache)>();
    #[cfg(feature = "manifest")]
    is::<llhls::manifest::M3u8Manifest>();
    #[cfg(feature = "ring")]
    is::<llhls::ring::ChunkCache>();
    is::<()>();
}
