//! A table of what may cross threads, checked when this compiles.

use llhls_manifest::Directives;
use playlists::{Body, Coding, M3u8Cache, Part, Playlists, Publisher, Resource, Snapshot, Viewer};

fn send<T: Send>() {}
fn sync<T: Sync>() {}
fn sent<T: Send>(_: T) {}

#[test]
fn handles_and_values_cross_threads() {
    send::<Playlists>();
    sync::<Playlists>();
    send::<Publisher>();
    sync::<Publisher>();
    send::<Viewer>();
    sync::<Viewer>();
    send::<Snapshot>();
    sync::<Snapshot>();
    send::<M3u8Cache>();
    sync::<M3u8Cache>();
    send::<Part>();
    send::<Body>();
    send::<Resource>();
}

#[test]
fn futures_can_be_spawned() {
    let registry = crate::support::registry();
    let _publisher = crate::support::publisher(&registry);
    let viewer = crate::support::viewer(&registry);
    sent(viewer.playlist(&Directives::NONE, Coding::Gzip));
    sent(viewer.resource("name"));
    sent(registry.multivariant("show", Coding::Gzip));
}
