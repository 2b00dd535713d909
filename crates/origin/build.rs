//! Finds hls.js for the player page: what `npm ci` in `web/` installed goes into the binary.
//!
//! Without it everything builds, and `page.player_library` can name a file later. A build script
//! that fetched it would need the net; a copy in this repository would be other people's code
//! among ours.

use std::path::Path;

const SCRIPT: &str = "web/node_modules/hls.js/dist/hls.min.js";
const LICENCE: &str = "web/node_modules/hls.js/LICENSE";

fn main() {
    println!("cargo::rustc-check-cfg=cfg(player_library)");
    let root = std::env::var("CARGO_MANIFEST_DIR").expect("Cargo sets it for build scripts");
    let (script, licence) = (
        Path::new(&root).join(SCRIPT),
        Path::new(&root).join(LICENCE),
    );
    if script.is_file() && licence.is_file() {
        println!("cargo::rustc-cfg=player_library");
        println!("cargo::rustc-env=PLAYER_LIBRARY={}", script.display());
        println!(
            "cargo::rustc-env=PLAYER_LIBRARY_LICENCE={}",
            licence.display()
        );
        println!("cargo::rerun-if-changed={SCRIPT}");
    } else {
        println!(
            "cargo::warning=the player page will have no hls.js: run `npm ci` in \
             crates/origin/web and build again"
        );
        // The folder, and so the arrival of the package; a file that is missing would mean a run
        // of this script with every build.
        println!("cargo::rerun-if-changed=web");
    }
}
