//! Words that a sans-IO crate's code must not contain.

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
