//! What a source's text says: words that it must not contain, names that it exports.

use std::collections::BTreeSet;

/// A forbidden word found in a line of code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    /// The forbidden word.
    pub word: String,
    /// The line, counted from 1.
    pub line: usize,
}

/// Finds `words` in the code of `source`, leaving out comment lines.
///
/// The standard library cannot be kept out by a dependency rule, and it holds a clock, sockets
/// and threads; this is the coarse net for those. Documentation may speak of them freely.
#[must_use]
pub fn mentions(source: &str, words: &[&str]) -> Vec<Mention> {
    let mut found = Vec::new();
    for (index, line) in source.lines().enumerate() {
        if line.trim_start().starts_with("//") {
            continue;
        }
        for word in words.iter().filter(|word| line.contains(**word)) {
            found.push(Mention {
                word: (*word).to_owned(),
                line: index + 1,
            });
        }
    }
    found
}

/// The names that `source` exports with `pub use` from `module`, or, without one, from anywhere.
///
/// Reads what rustfmt writes: a path, or a path and one list in braces. Globs and renames are no
/// names, and are not used here.
#[must_use]
pub fn exports(source: &str, module: Option<&str>) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for item in source.split("pub use ").skip(1) {
        let item = item.split(';').next().unwrap_or_default();
        let (path, list) = match item.split_once("::{") {
            Some((path, list)) => (path, list.trim_end().trim_end_matches('}')),
            None => item.rsplit_once("::").unwrap_or(("", item)),
        };
        if module.is_none_or(|module| module == path.trim()) {
            let list = list.split(',').map(str::trim);
            names.extend(list.filter(|name| !name.is_empty()).map(str::to_owned));
        }
    }
    names
}
