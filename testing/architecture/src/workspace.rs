//! What the manifests declare: packages and their direct dependencies.

use std::collections::BTreeMap;

/// The section of a manifest in which a dependency stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `[dependencies]`: every user of the crate builds it.
    Normal,
    /// `[build-dependencies]`: every user of the crate builds and runs it.
    Build,
    /// `[dev-dependencies]`: only the crate's own tests build it.
    Dev,
}

/// One line of a manifest's dependency table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependency {
    name: String,
    kind: Kind,
    /// The `cfg(…)` or triple under which it applies; `None` means always.
    target: Option<String>,
    /// Features asked for, `default` among them unless it was switched off.
    features: Vec<String>,
    /// Whether a version stands beside the path, which makes publishing keep the line.
    versioned: bool,
}

impl Dependency {
    /// A dependency on the package `name` (its real name, not a local alias), with a version,
    /// for every target, without features.
    #[must_use]
    pub fn new(name: &str, kind: Kind) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            target: None,
            features: Vec::new(),
            versioned: true,
        }
    }

    /// Limits the dependency to `target`, a `cfg(…)` expression or a triple.
    #[must_use]
    pub fn on_target(mut self, target: &str) -> Self {
        self.target = Some(target.to_owned());
        self
    }

    /// Asks for `features`; default features count as the feature `default`.
    #[must_use]
    pub fn with_features(mut self, features: &[&str]) -> Self {
        self.features.extend(features.iter().map(|&f| f.to_owned()));
        self
    }

    /// Drops the version, leaving the path alone.
    #[must_use]
    pub fn by_path_alone(mut self) -> Self {
        self.versioned = false;
        self
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    pub(crate) fn target(&self) -> Option<&str> {
        self.target.as_deref()
    }

    pub(crate) fn features(&self) -> &[String] {
        &self.features
    }

    pub(crate) fn versioned(&self) -> bool {
        self.versioned
    }

    /// Whether somebody who only uses the crate builds this dependency too.
    pub(crate) fn reaches_users(&self) -> bool {
        self.kind != Kind::Dev
    }
}

/// One member of the workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    name: String,
    version: String,
    published: bool,
    dependencies: Vec<Dependency>,
    /// The text of `CHANGELOG.md` beside the manifest, when there is one.
    changelog: Option<String>,
    /// The text of the manifest.
    manifest: String,
}

impl Package {
    /// A package that may be published.
    #[must_use]
    pub fn published(name: &str, version: &str) -> Self {
        Self {
            name: name.to_owned(),
            version: version.to_owned(),
            published: true,
            dependencies: Vec::new(),
            changelog: None,
            manifest: String::new(),
        }
    }

    /// A package with `publish = false`.
    #[must_use]
    pub fn unpublished(name: &str) -> Self {
        Self {
            published: false,
            ..Self::published(name, "0.0.0")
        }
    }

    /// Adds one dependency.
    #[must_use]
    pub fn depends_on(mut self, dependency: Dependency) -> Self {
        self.dependencies.push(dependency);
        self
    }

    /// Gives the package a changelog with this text.
    #[must_use]
    pub fn with_changelog(mut self, text: impl Into<String>) -> Self {
        self.changelog = Some(text.into());
        self
    }

    /// Gives the package a manifest with this text.
    #[must_use]
    pub fn with_manifest(mut self, text: impl Into<String>) -> Self {
        self.manifest = text.into();
        self
    }

    /// The package's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    /// Whether the package may be published.
    #[must_use]
    pub fn is_published(&self) -> bool {
        self.published
    }

    pub(crate) fn dependencies(&self) -> &[Dependency] {
        &self.dependencies
    }

    pub(crate) fn changelog(&self) -> Option<&str> {
        self.changelog.as_deref()
    }

    pub(crate) fn manifest(&self) -> &str {
        &self.manifest
    }
}

/// The members of a workspace and what they declare.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Workspace {
    packages: BTreeMap<String, Package>,
}

impl Workspace {
    /// A workspace of these members.
    #[must_use]
    pub fn new(packages: Vec<Package>) -> Self {
        let packages = packages.into_iter().map(|p| (p.name.clone(), p)).collect();
        Self { packages }
    }

    /// All members, by name.
    pub fn packages(&self) -> impl Iterator<Item = &Package> {
        self.packages.values()
    }

    pub(crate) fn package(&self, name: &str) -> Option<&Package> {
        self.packages.get(name)
    }
}
