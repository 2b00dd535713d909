//! The rules themselves.

use std::fmt;

use crate::workspace::{Dependency, Kind, Package, Workspace};

/// One broken rule: where, and why the rule exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The place, such as `ring-core -> http`.
    pub place: String,
    /// Why the rule exists.
    pub reason: String,
}

impl Violation {
    fn new(place: impl Into<String>, reason: &str) -> Self {
        Self {
            place: place.into(),
            reason: reason.to_owned(),
        }
    }

    fn arrow(from: &Package, to: &Dependency, reason: &str) -> Self {
        Self::new(format!("{} -> {}", from.name(), to.name()), reason)
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.reason)
    }
}

/// A statement about the workspace that can be checked.
#[derive(Clone, Debug)]
pub struct Rule {
    statement: Statement,
    reason: String,
}

#[derive(Clone, Debug)]
enum Statement {
    OnlyExternal {
        package: String,
        allowed: Vec<String>,
    },
    OnlyInternal {
        package: String,
        allowed: Vec<String>,
    },
    OnlyFeatures {
        package: String,
        dependency: String,
        allowed: Vec<String>,
    },
    OnlyUnder {
        package: String,
        dependency: String,
        target: String,
    },
    EveryMemberIn {
        rooms: Vec<String>,
    },
    NothingUnpublishedReachesUsers,
    PublishedCratesKeepTheirOwnHistory,
    EveryMemberInheritsTheLints,
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

impl Rule {
    fn new(statement: Statement, reason: &str) -> Self {
        let reason = reason.to_owned();
        Self { statement, reason }
    }

    /// Outside the workspace, `package` has no normal or build dependency but `allowed`.
    #[must_use]
    pub fn only_external(package: &str, allowed: &[&str], reason: &str) -> Self {
        let (package, allowed) = (package.to_owned(), owned(allowed));
        Self::new(Statement::OnlyExternal { package, allowed }, reason)
    }

    /// Inside the workspace, `package` points at no published crate but `allowed`, its tests
    /// included: an upward arrow in a test is an upward arrow, and a cycle when publishing.
    #[must_use]
    pub fn only_internal(package: &str, allowed: &[&str], reason: &str) -> Self {
        let (package, allowed) = (package.to_owned(), owned(allowed));
        Self::new(Statement::OnlyInternal { package, allowed }, reason)
    }

    /// `package` asks `dependency` for no feature but `allowed`, in what reaches its users.
    #[must_use]
    pub fn only_features(package: &str, dependency: &str, allowed: &[&str], reason: &str) -> Self {
        let statement = Statement::OnlyFeatures {
            package: package.to_owned(),
            dependency: dependency.to_owned(),
            allowed: owned(allowed),
        };
        Self::new(statement, reason)
    }

    /// `package` has `dependency`, if at all, only under the exact `target`.
    #[must_use]
    pub fn only_under(package: &str, dependency: &str, target: &str, reason: &str) -> Self {
        let statement = Statement::OnlyUnder {
            package: package.to_owned(),
            dependency: dependency.to_owned(),
            target: target.to_owned(),
        };
        Self::new(statement, reason)
    }

    /// Every member is one of `rooms`, and every room exists.
    #[must_use]
    pub fn every_member_in(rooms: &[&str], reason: &str) -> Self {
        let rooms = owned(rooms);
        Self::new(Statement::EveryMemberIn { rooms }, reason)
    }

    /// No published crate depends on an unpublished one, except in tests and by path alone:
    /// publishing drops such a line, and keeps (and then cannot resolve) one with a version.
    #[must_use]
    pub fn nothing_unpublished_reaches_users(reason: &str) -> Self {
        Self::new(Statement::NothingUnpublishedReachesUsers, reason)
    }

    /// Every published crate states its own version and has a changelog that speaks of it, or of
    /// what is not released yet.
    #[must_use]
    pub fn published_crates_keep_their_own_history(reason: &str) -> Self {
        Self::new(Statement::PublishedCratesKeepTheirOwnHistory, reason)
    }

    /// Every member's manifest takes the workspace's lints.
    #[must_use]
    pub fn every_member_inherits_the_lints(reason: &str) -> Self {
        Self::new(Statement::EveryMemberInheritsTheLints, reason)
    }

    /// Every place in `workspace` that breaks this rule; none when it holds.
    ///
    /// A rule about a package that does not exist is broken: it would otherwise hold for ever
    /// after a rename.
    #[must_use]
    pub fn check(&self, workspace: &Workspace) -> Vec<Violation> {
        let reason = self.reason.as_str();
        match &self.statement {
            Statement::OnlyExternal { package, allowed } => {
                about(workspace, package, reason, |from, to| {
                    workspace.package(to.name()).is_none()
                        && to.reaches_users()
                        && to.target().is_none_or(applies_to_users)
                        && !allowed.iter().any(|name| name == to.name())
                        && !is_self(from, to)
                })
            }
            Statement::OnlyInternal { package, allowed } => {
                about(workspace, package, reason, |from, to| {
                    workspace
                        .package(to.name())
                        .is_some_and(Package::is_published)
                        && !allowed.iter().any(|name| name == to.name())
                        && !is_self(from, to)
                })
            }
            Statement::OnlyFeatures {
                package,
                dependency,
                allowed,
            } => about(workspace, package, reason, |_, to| {
                to.name() == dependency
                    && to.reaches_users()
                    && to.features().iter().any(|f| !allowed.contains(f))
            }),
            Statement::OnlyUnder {
                package,
                dependency,
                target,
            } => about(workspace, package, reason, |_, to| {
                to.name() == dependency && to.target() != Some(target.as_str())
            }),
            Statement::EveryMemberIn { rooms } => every_member_in(workspace, rooms, reason),
            Statement::NothingUnpublishedReachesUsers => {
                nothing_unpublished_reaches_users(workspace, reason)
            }
            Statement::PublishedCratesKeepTheirOwnHistory => own_history(workspace, reason),
            Statement::EveryMemberInheritsTheLints => workspace
                .packages()
                .filter(|package| {
                    !has_line_under(package.manifest(), "[lints]", "workspace = true")
                })
                .map(|package| Violation::new(package.name(), reason))
                .collect(),
        }
    }
}

/// A user never sets our test-only `cfg`, so what stands under it never reaches one.
fn applies_to_users(target: &str) -> bool {
    target != "cfg(ring_loom)"
}

/// A crate may name itself in its dev-dependencies, to switch features on for its own tests.
fn is_self(from: &Package, to: &Dependency) -> bool {
    from.name() == to.name() && to.kind() == Kind::Dev
}

fn about(
    workspace: &Workspace,
    package: &str,
    reason: &str,
    breaks: impl Fn(&Package, &Dependency) -> bool,
) -> Vec<Violation> {
    let Some(from) = workspace.package(package) else {
        let place = format!("{package} (no such member)");
        return vec![Violation::new(place, reason)];
    };
    let dependencies = from.dependencies().iter();
    dependencies
        .filter(|to| breaks(from, to))
        .map(|to| Violation::arrow(from, to, reason))
        .collect()
}

fn every_member_in(workspace: &Workspace, rooms: &[String], reason: &str) -> Vec<Violation> {
    let homeless = workspace
        .packages()
        .filter(|package| !rooms.iter().any(|room| room == package.name()))
        .map(|package| Violation::new(package.name(), reason));
    let empty = rooms
        .iter()
        .filter(|room| workspace.package(room).is_none())
        .map(|room| Violation::new(format!("{room} (no such member)"), reason));
    homeless.chain(empty).collect()
}

fn nothing_unpublished_reaches_users(workspace: &Workspace, reason: &str) -> Vec<Violation> {
    let mut found = Vec::new();
    for from in workspace
        .packages()
        .filter(|package| package.is_published())
    {
        for to in from.dependencies() {
            let unpublished = workspace
                .package(to.name())
                .is_some_and(|package| !package.is_published());
            if unpublished && (to.reaches_users() || to.versioned()) {
                found.push(Violation::arrow(from, to, reason));
            }
        }
    }
    found
}

fn own_history(workspace: &Workspace, reason: &str) -> Vec<Violation> {
    let mut found = Vec::new();
    for package in workspace
        .packages()
        .filter(|package| package.is_published())
    {
        let speaks = package.changelog().is_some_and(|text| {
            let mut headings = text.lines().filter(|line| line.starts_with("## "));
            headings.any(|line| line.contains("Unreleased") || line.contains(package.version()))
        });
        if !speaks {
            found.push(Violation::new(
                format!("{}/CHANGELOG.md", package.name()),
                reason,
            ));
        }
        let version = format!("version = \"{}\"", package.version());
        if !has_line_under(package.manifest(), "[package]", &version) {
            found.push(Violation::new(
                format!("{}/Cargo.toml", package.name()),
                reason,
            ));
        }
    }
    found
}

/// Whether `line` stands in the table `heading` of a manifest.
fn has_line_under(manifest: &str, heading: &str, line: &str) -> bool {
    manifest
        .lines()
        .map(str::trim)
        .skip_while(|text| *text != heading)
        .skip(1)
        .take_while(|text| !text.starts_with('['))
        .any(|text| text == line)
}
