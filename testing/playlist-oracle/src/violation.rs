//! What is wrong with a playlist.

use core::fmt;

/// One broken rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The requirement's ID in the conformance checklist, or `parser` when another project's
    /// parser reads something else than ours.
    pub rule: &'static str,
    /// The line, from 1; 0 for the playlist as a whole.
    pub line: usize,
    /// What was found.
    pub found: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.rule, self.found),
            line => write!(f, "{}: line {line}: {}", self.rule, self.found),
        }
    }
}

/// Collects violations.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) violations: Vec<Violation>,
}

impl Report {
    pub(crate) fn add(&mut self, rule: &'static str, line: usize, found: impl Into<String>) {
        self.violations.push(Violation {
            rule,
            line,
            found: found.into(),
        });
    }

    /// Adds a violation unless the condition holds.
    pub(crate) fn expect(
        &mut self,
        holds: bool,
        rule: &'static str,
        line: usize,
        found: impl FnOnce() -> String,
    ) {
        if !holds {
            self.add(rule, line, found());
        }
    }
}
