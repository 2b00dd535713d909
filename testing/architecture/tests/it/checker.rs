//! Each rule on a made-up workspace that breaks it: a check that cannot fail proves nothing.

use architecture::{Dependency, Kind, Package, Rule, Tree, Workspace, exports, mentions};

const WHY: &str = "why";

fn normal(name: &str) -> Dependency {
    Dependency::new(name, Kind::Normal)
}

fn dev(name: &str) -> Dependency {
    Dependency::new(name, Kind::Dev)
}

fn leaf_with(dependency: Dependency) -> Workspace {
    Workspace::new(vec![
        Package::published("leaf", "0.1.0").depends_on(dependency),
        Package::published("top", "0.1.0"),
        Package::unpublished("bench"),
    ])
}

fn places(rule: &Rule, workspace: &Workspace) -> Vec<String> {
    let violations = rule.check(workspace);
    violations.into_iter().map(|v| v.place).collect()
}

#[test]
fn an_outside_dependency_must_be_on_the_list() {
    let rule = Rule::only_external("leaf", &["bytes"], WHY);
    assert_eq!(places(&rule, &leaf_with(normal("bytes"))), [""; 0]);
    assert_eq!(
        places(&rule, &leaf_with(normal("flate2"))),
        ["leaf -> flate2"]
    );
    let build = Dependency::new("cc", Kind::Build);
    assert_eq!(places(&rule, &leaf_with(build)), ["leaf -> cc"]);
    assert_eq!(places(&rule, &leaf_with(dev("proptest"))), [""; 0]);
}

#[test]
fn a_target_does_not_hide_an_outside_dependency_unless_no_user_can_set_it() {
    let rule = Rule::only_external("leaf", &[], WHY);
    let unix = normal("libc").on_target("cfg(unix)");
    assert_eq!(places(&rule, &leaf_with(unix)), ["leaf -> libc"]);
    let model = normal("loom").on_target("cfg(ring_loom)");
    assert_eq!(places(&rule, &leaf_with(model)), [""; 0]);
}

#[test]
fn an_arrow_may_not_point_upwards_not_even_in_tests() {
    let rule = Rule::only_internal("leaf", &[], WHY);
    assert_eq!(places(&rule, &leaf_with(normal("top"))), ["leaf -> top"]);
    assert_eq!(places(&rule, &leaf_with(dev("top"))), ["leaf -> top"]);
    assert_eq!(places(&rule, &leaf_with(dev("bench"))), [""; 0]);
    assert_eq!(places(&rule, &leaf_with(dev("leaf"))), [""; 0]);
    let allowing = Rule::only_internal("leaf", &["top"], WHY);
    assert_eq!(places(&allowing, &leaf_with(normal("top"))), [""; 0]);
}

#[test]
fn a_feature_must_be_on_the_list_and_defaults_are_a_feature() {
    let rule = Rule::only_features("leaf", "tokio", &["sync"], WHY);
    let tokio = |features: &[&str]| leaf_with(normal("tokio").with_features(features));
    assert_eq!(places(&rule, &tokio(&["sync"])), [""; 0]);
    assert_eq!(places(&rule, &tokio(&["sync", "rt"])), ["leaf -> tokio"]);
    assert_eq!(places(&rule, &tokio(&["default"])), ["leaf -> tokio"]);
    let in_tests = leaf_with(dev("tokio").with_features(&["rt"]));
    assert_eq!(places(&rule, &in_tests), [""; 0]);
}

#[test]
fn a_dependency_bound_to_a_target_may_not_stand_elsewhere() {
    let rule = Rule::only_under("leaf", "loom", "cfg(ring_loom)", WHY);
    let bound = normal("loom").on_target("cfg(ring_loom)");
    assert_eq!(places(&rule, &leaf_with(bound)), [""; 0]);
    let elsewhere = normal("loom").on_target("cfg(loom)");
    assert_eq!(places(&rule, &leaf_with(elsewhere)), ["leaf -> loom"]);
    assert_eq!(places(&rule, &leaf_with(normal("loom"))), ["leaf -> loom"]);
    assert_eq!(places(&rule, &leaf_with(dev("loom"))), ["leaf -> loom"]);
}

#[test]
fn a_member_without_a_room_and_a_room_without_a_member_are_found() {
    let rule = Rule::every_member_in(&["leaf", "attic"], WHY);
    let found = places(&rule, &leaf_with(normal("bytes")));
    assert_eq!(found, ["bench", "top", "attic (no such member)"]);
}

#[test]
fn a_rule_about_a_renamed_crate_is_broken() {
    let rule = Rule::only_external("reef", &[], WHY);
    let found = places(&rule, &leaf_with(normal("bytes")));
    assert_eq!(found, ["reef (no such member)"]);
}

#[test]
fn a_published_crate_may_use_an_unpublished_one_in_tests_by_path_alone() {
    let rule = Rule::nothing_unpublished_reaches_users(WHY);
    let by_path = dev("bench").by_path_alone();
    assert_eq!(places(&rule, &leaf_with(by_path)), [""; 0]);
    assert_eq!(places(&rule, &leaf_with(dev("bench"))), ["leaf -> bench"]);
    let reaching = normal("bench").by_path_alone();
    assert_eq!(places(&rule, &leaf_with(reaching)), ["leaf -> bench"]);
}

#[test]
fn a_published_crate_without_a_changelog_or_a_version_of_its_own_is_found() {
    let rule = Rule::published_crates_keep_their_own_history(WHY);
    let own = "[package]\nversion = \"1.2.0\"\n";
    let check = |package: Package| places(&rule, &Workspace::new(vec![package]));
    let leaf = || Package::published("leaf", "1.2.0");

    let good = leaf().with_manifest(own).with_changelog("## 1.2.0\n");
    assert_eq!(check(good), [""; 0]);
    let next = leaf()
        .with_manifest(own)
        .with_changelog("## [Unreleased]\n");
    assert_eq!(check(next), [""; 0]);
    assert_eq!(check(leaf().with_manifest(own)), ["leaf/CHANGELOG.md"]);
    let stale = leaf().with_manifest(own).with_changelog("## 1.1.0\n");
    assert_eq!(check(stale), ["leaf/CHANGELOG.md"]);
    let shared = leaf()
        .with_manifest("[package]\nversion.workspace = true\n")
        .with_changelog("## 1.2.0\n");
    assert_eq!(check(shared), ["leaf/Cargo.toml"]);
    assert_eq!(check(Package::unpublished("bench")), [""; 0]);
}

#[test]
fn a_member_that_does_not_inherit_the_lints_is_found() {
    let rule = Rule::every_member_inherits_the_lints(WHY);
    let check = |text: &str| {
        let package = Package::unpublished("leaf").with_manifest(text);
        places(&rule, &Workspace::new(vec![package]))
    };
    assert_eq!(check("[lints]\nworkspace = true\n"), [""; 0]);
    assert_eq!(check("[package]\n"), ["leaf"]);
    assert_eq!(
        check("[lints]\n[dependencies]\nworkspace = true\n"),
        ["leaf"]
    );
}

#[test]
fn a_tree_shows_what_comes_with_a_dependency() {
    let tree = Tree::parse(
        "leaf",
        "leaf v0.1.0 (/leaf)\nbytes v1.12.1\ntokio v1.54.1\nmio v1.2.4\n",
    );
    assert_eq!(tree.root(), "leaf");
    assert_eq!(tree.beyond(&["bytes", "tokio"]), ["mio"]);
    assert_eq!(tree.among(&["mio", "hyper"]), ["mio"]);
    assert_eq!(tree.among(&["hyper"]), [""; 0]);
}

#[test]
fn a_forbidden_word_is_found_in_code_and_not_in_comments() {
    let source = "/// Not an Instant.\nlet now = Instant::now();\n";
    let found = mentions(source, &["Instant"]);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].line, 2);
}

#[test]
fn exported_names_are_read_from_paths_and_lists() {
    let source =
        "mod a;\npub use a::One;\n    pub use b::{\n    Two, Three,\n};\npub use b::c::Four;\n";
    let names = |module| exports(source, module).into_iter().collect::<Vec<_>>();
    assert_eq!(names(None), ["Four", "One", "Three", "Two"]);
    assert_eq!(names(Some("b")), ["Three", "Two"]);
}
