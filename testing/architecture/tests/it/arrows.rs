//! The arrows of `docs/architecture.md`, on this workspace as it is.

use std::fmt::Write as _;
use std::path::Path;

use architecture::{Rule, exports, mentions};

use crate::cargo;

const PUBLISHED: [&str; 5] = [
    "ring-core",
    "llhls-manifest",
    "playlists",
    "llhls",
    "origin",
];
const UNPUBLISHED: [&str; 3] = ["architecture", "benches", "playlist-oracle"];

/// All that ring-core is made of. `futures-core` is the `Stream` trait alone, behind a feature.
const RING_CORE: [&str; 4] = ["bytes", "crossbeam-utils", "futures-core", "twox-hash"];

/// What speaks a network protocol, encrypts, or drives sockets.
const NETWORK: [&str; 14] = [
    "axum",
    "h2",
    "http",
    "http-body",
    "hyper",
    "hyper-util",
    "mio",
    "openssl",
    "quinn",
    "reqwest",
    "rustls",
    "socket2",
    "tower",
    "tower-http",
];

#[track_caller]
fn holds(rule: &Rule) {
    let violations = rule.check(&cargo::declared(None));
    let mut report = String::new();
    for violation in &violations {
        writeln!(report, "  {violation}").expect("a String takes any text");
    }
    assert!(violations.is_empty(), "broken arrows:\n{report}");
}

#[test]
fn every_member_has_a_room() {
    let rooms = [&PUBLISHED[..], &UNPUBLISHED[..]].concat();
    holds(&Rule::every_member_in(
        &rooms,
        "a crate without a room in the drawing has no rules either; add both",
    ));
}

#[test]
fn ring_core_knows_bytes_and_nothing_of_hls_http_compression_or_a_runtime() {
    holds(&Rule::only_external(
        "ring-core",
        &RING_CORE,
        "packet buffering must cost its user nothing of HLS, HTTP, compression or a runtime",
    ));
    holds(&Rule::only_internal(
        "ring-core",
        &[],
        "ring-core is a leaf",
    ));
}

#[test]
fn loom_stays_behind_its_cfg() {
    holds(&Rule::only_under(
        "ring-core",
        "loom",
        "cfg(ring_loom)",
        "only the model checker builds loom",
    ));
}

#[test]
fn nothing_comes_into_ring_core_by_the_back_door() {
    let tree = cargo::tree("ring-core");
    assert_eq!(tree.beyond(&RING_CORE), [""; 0]);
}

#[test]
fn llhls_manifest_depends_on_nothing() {
    let reason = "no runtime, no clock, no compression: a playlist is text from facts";
    holds(&Rule::only_external("llhls-manifest", &[], reason));
    holds(&Rule::only_internal(
        "llhls-manifest",
        &[],
        "llhls-manifest is a leaf",
    ));
    assert_eq!(cargo::tree("llhls-manifest").beyond(&[]), [""; 0]);
}

#[test]
fn llhls_manifest_reads_no_clock_and_does_no_io() {
    let words = [
        "Instant",
        "SystemTime::now",
        "std::env",
        "std::fs",
        "std::io",
        "std::net",
        "std::process",
        "std::thread",
        "RandomState",
    ];
    let folder = cargo::root().join("crates/llhls-manifest/src");
    let mut found = Vec::new();
    for (path, source) in sources(&folder) {
        for mention in mentions(&source, &words) {
            found.push(format!("{path}:{}: {}", mention.line, mention.word));
        }
    }
    assert!(
        found.is_empty(),
        "time and identifiers are arguments: {found:#?}"
    );
}

/// Every Rust file under `folder`, with its text.
fn sources(folder: &Path) -> Vec<(String, String)> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the crate has sources") {
        let path = entry.expect("a folder can be listed").path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).expect("a source is text");
            files.push((path.display().to_string(), text));
        }
    }
    files
}

#[test]
fn playlists_joins_the_two_leaves_and_speaks_no_protocol() {
    holds(&Rule::only_internal(
        "playlists",
        &["ring-core", "llhls-manifest"],
        "the registry joins the leaves and knows nobody above it",
    ));
    holds(&Rule::only_features(
        "playlists",
        "tokio",
        &["sync", "time", "rt", "macros"],
        "the registry waits; it opens no socket and no file",
    ));
    assert_eq!(cargo::tree("playlists").among(&NETWORK), [""; 0]);
}

#[test]
fn the_facade_only_gathers_what_is_below_it() {
    let below = ["playlists", "ring-core", "llhls-manifest"];
    holds(&Rule::only_internal(
        "llhls",
        &below,
        "the facade gathers the layers below",
    ));
    assert_eq!(cargo::tree("llhls").among(&NETWORK), [""; 0]);
}

#[test]
fn each_room_of_the_facade_brings_its_own_dependencies_only() {
    let tree = cargo::tree_of_feature("llhls", "manifest");
    assert_eq!(tree.beyond(&["llhls-manifest"]), [""; 0]);
    let tree = cargo::tree_of_feature("llhls", "ring");
    let allowed = [&RING_CORE[..], &["ring-core"]].concat();
    assert_eq!(tree.beyond(&allowed), [""; 0]);
    let registry = cargo::tree_of_feature("llhls", "registry");
    let whole = cargo::tree("playlists");
    assert_eq!(registry.beyond(&whole.names()), ["playlists"]);
}

#[test]
fn the_facade_names_everything_that_the_rooms_export() {
    let read = |path: &str| {
        let path = cargo::root().join("crates").join(path);
        std::fs::read_to_string(path).expect("a crate has a lib.rs")
    };
    let facade = read("llhls/src/lib.rs");
    let rooms = [
        ("playlists", "playlists"),
        ("llhls-manifest", "llhls_manifest"),
        ("ring-core", "ring_core"),
    ];
    for (folder, name) in rooms {
        let room = exports(&read(&format!("{folder}/src/lib.rs")), None);
        assert!(room.len() > 10, "{folder}: {room:?}");
        let named = exports(&facade, Some(name));
        let missing: Vec<_> = room.difference(&named).collect();
        assert!(
            missing.is_empty(),
            "llhls does not name {missing:?} of {folder}"
        );
        let gone: Vec<_> = named.difference(&room).collect();
        assert!(gone.is_empty(), "{folder} does not export {gone:?}");
    }
}

#[test]
fn the_origin_uses_the_facade_as_an_outside_user_would() {
    holds(&Rule::only_internal(
        "origin",
        &["llhls"],
        "what the origin cannot do through the facade, no user can",
    ));
}

#[test]
fn nothing_published_depends_on_the_unpublished() {
    holds(&Rule::nothing_unpublished_reaches_users(
        "a crate that depends on a private one cannot be published",
    ));
    let workspace = cargo::declared(None);
    let published: Vec<_> = workspace.packages().filter(|p| p.is_published()).collect();
    assert_eq!(published.len(), PUBLISHED.len());
    assert!(published.iter().all(|p| PUBLISHED.contains(&p.name())));
}

#[test]
fn each_published_crate_keeps_its_own_history() {
    holds(&Rule::published_crates_keep_their_own_history(
        "layers are versioned on their own: one version and one changelog per crate",
    ));
}

#[test]
fn every_member_is_linted_alike() {
    holds(&Rule::every_member_inherits_the_lints(
        "a crate without the shared lints drifts from the others unseen",
    ));
}

#[test]
fn the_fuzz_targets_stay_outside_and_are_never_published() {
    let fuzz = cargo::declared(Some("fuzz/Cargo.toml"));
    assert!(fuzz.packages().all(|package| !package.is_published()));
    let members = cargo::declared(None);
    for package in fuzz.packages() {
        assert!(
            members
                .packages()
                .all(|member| member.name() != package.name())
        );
    }
}
