use llhls_manifest::{Decision, Directives, Edge, M3u8Manifest, PlaylistView, Rolled, WaitFor};

fn send<T: Send>() {}
fn sync<T: Sync>() {}
fn clone<T: Clone>() {}
fn copy<T: Copy>() {}

#[test]
fn versions_travel_between_threads() {
    send::<M3u8Manifest>();
    send::<PlaylistView>();
    sync::<PlaylistView>();
    clone::<PlaylistView>();
    copy::<Edge>();
    copy::<Rolled>();
    copy::<WaitFor>();
    copy::<Decision>();
    copy::<Directives>();
}
