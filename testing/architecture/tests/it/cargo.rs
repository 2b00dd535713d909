//! Asks Cargo what the workspace declares, and what a user of one crate would build.

use std::path::{Path, PathBuf};
use std::process::Command;

use architecture::{Dependency, Kind, Package, Tree, Workspace};
use serde_json::Value;

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("this crate lies two folders below the root")
        .to_owned()
}

fn cargo(arguments: &[&str]) -> String {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(program)
        .args(arguments)
        .current_dir(root())
        // A `--cfg` of a loom run must not change what a user would build.
        .env_remove("RUSTFLAGS")
        .output()
        .expect("cargo runs these tests, so it can be started");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo {arguments:?}: {errors}");
    String::from_utf8(output.stdout).expect("cargo prints UTF-8")
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// What the manifest at `path`, or else the workspace, declares.
///
/// `--no-deps`, because the resolved graph of a workspace has one set of features for all
/// members: it would show ring-core with the runtime that the origin asks for.
pub(crate) fn declared(path: Option<&str>) -> Workspace {
    let mut arguments = vec!["metadata", "--format-version", "1", "--no-deps"];
    if let Some(path) = path {
        arguments.extend(["--manifest-path", path]);
    }
    let metadata: Value = serde_json::from_str(&cargo(&arguments)).expect("metadata is JSON");
    let packages = metadata["packages"].as_array().expect("a list of packages");
    Workspace::new(packages.iter().map(package).collect())
}

fn package(value: &Value) -> Package {
    let name = text(value, "name");
    let mut package = if value["publish"].as_array().is_some_and(Vec::is_empty) {
        Package::unpublished(name)
    } else {
        Package::published(name, text(value, "version"))
    };
    let manifest = Path::new(text(value, "manifest_path"));
    if let Ok(text) = std::fs::read_to_string(manifest.with_file_name("CHANGELOG.md")) {
        package = package.with_changelog(text);
    }
    package = package.with_manifest(std::fs::read_to_string(manifest).expect("a manifest is text"));
    let dependencies = value["dependencies"].as_array().expect("a list");
    dependencies.iter().fold(package, |package, value| {
        package.depends_on(dependency(value))
    })
}

fn dependency(value: &Value) -> Dependency {
    let kind = match value["kind"].as_str() {
        None => Kind::Normal,
        Some("build") => Kind::Build,
        Some("dev") => Kind::Dev,
        Some(other) => panic!("cargo knows a new kind of dependency: {other}"),
    };
    let mut dependency = Dependency::new(text(value, "name"), kind);
    if let Some(target) = value["target"].as_str() {
        dependency = dependency.on_target(target);
    }
    let features = value["features"].as_array().expect("a list");
    for feature in features {
        dependency = dependency.with_features(&[feature.as_str().expect("a feature is a name")]);
    }
    if value["uses_default_features"].as_bool() == Some(true) {
        dependency = dependency.with_features(&["default"]);
    }
    if value["path"].is_string() && text(value, "req") == "*" {
        dependency = dependency.by_path_alone();
    }
    dependency
}

/// What somebody builds who depends on `package` alone, with all of its features.
pub(crate) fn tree(package: &str) -> Tree {
    tree_with(package, &["--all-features"])
}

/// What somebody builds who asks `package` for one of its features and no other.
pub(crate) fn tree_of_feature(package: &str, feature: &str) -> Tree {
    tree_with(package, &["--no-default-features", "--features", feature])
}

fn tree_with(package: &str, features: &[&str]) -> Tree {
    let mut arguments = vec!["tree", "--package", package, "--edges", "normal,build"];
    arguments.extend(["--prefix", "none", "--format", "{p}"]);
    arguments.extend(features);
    Tree::parse(package, &cargo(&arguments))
}
