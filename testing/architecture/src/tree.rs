//! What a user of one crate alone would build.

use std::collections::BTreeSet;

/// The names of every package in one crate's tree of normal and build dependencies.
///
/// Declared dependencies are not enough: a harmless-looking line can bring a runtime with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    root: String,
    names: BTreeSet<String>,
}

impl Tree {
    /// The tree under `root` with the packages `names`; the root itself may be among them.
    #[must_use]
    pub fn new<I, S>(root: &str, names: I) -> Self
    where
        I: IntoIterator<Item = S>,
        S: Into<String>,
    {
        let mut names: BTreeSet<String> = names.into_iter().map(Into::into).collect();
        names.remove(root);
        Self {
            root: root.to_owned(),
            names,
        }
    }

    /// Reads the output of `cargo tree --prefix none --format {p}`: a name, then a version, a line.
    #[must_use]
    pub fn parse(root: &str, listing: &str) -> Self {
        let names = listing
            .lines()
            .filter_map(|line| line.split_whitespace().next());
        Self::new(root, names)
    }

    /// The crate whose tree this is.
    #[must_use]
    pub fn root(&self) -> &str {
        &self.root
    }

    /// All packages of the tree but its root.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        self.names.iter().map(String::as_str).collect()
    }

    /// Packages of the tree that are not in `allowed`.
    #[must_use]
    pub fn beyond(&self, allowed: &[&str]) -> Vec<&str> {
        let names = self.names.iter().map(String::as_str);
        names.filter(|name| !allowed.contains(name)).collect()
    }

    /// Packages of the tree that are in `denied`.
    #[must_use]
    pub fn among(&self, denied: &[&str]) -> Vec<&str> {
        let names = self.names.iter().map(String::as_str);
        names.filter(|name| denied.contains(name)).collect()
    }
}
