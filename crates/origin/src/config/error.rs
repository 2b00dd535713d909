//! What is wrong with a configuration, where, and what would be right.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// Where a value was given.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Source {
    /// Nowhere: it is the default.
    Default,
    /// In a file.
    File {
        /// The file, as it was named.
        path: Arc<PathBuf>,
        /// From 1.
        line: usize,
        /// In characters, from 1.
        column: usize,
    },
    /// In a variable of the environment.
    Environment(String),
    /// On the command line.
    Flag(String),
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => formatter.write_str("default"),
            Self::File { path, line, column } => {
                write!(formatter, "{}:{line}:{column}", path.display())
            }
            Self::Environment(name) => formatter.write_str(name),
            Self::Flag(flag) => formatter.write_str(flag),
        }
    }
}

/// One thing that is wrong. Never contains a secret: values of secret keys are not repeated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Where.
    pub source: Source,
    /// The key, as `section.key`; empty where the text is no TOML at all.
    pub key: String,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            source,
            key,
            message,
        } = self;
        if key.is_empty() {
            write!(formatter, "{source}: {message}")
        } else {
            write!(formatter, "{source}: {key}: {message}")
        }
    }
}

/// Everything that is wrong with a configuration, in the order of the file. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigErrors(Vec<Mistake>);

impl ConfigErrors {
    /// Nothing wrong is no error.
    pub(crate) fn unless_empty(mut mistakes: Vec<Mistake>) -> Result<(), Self> {
        mistakes.sort_by(|one, other| one.source.cmp(&other.source));
        if mistakes.is_empty() {
            Ok(())
        } else {
            Err(Self(mistakes))
        }
    }

    /// All of them.
    #[must_use]
    pub fn mistakes(&self) -> &[Mistake] {
        &self.0
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mistake) in self.0.iter().enumerate() {
            if index > 0 {
                formatter.write_str("\n")?;
            }
            write!(formatter, "{mistake}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}

/// Which lines of code have complained on this thread, for the test that wants each of them seen.
#[cfg(test)]
pub(super) mod seen {
    use std::cell::RefCell;
    use std::collections::BTreeSet;
    use std::panic::Location;

    thread_local! {
        static PLACES: RefCell<BTreeSet<(&'static str, u32)>> = RefCell::default();
    }

    #[track_caller]
    pub(in crate::config) fn note() {
        let place = Location::caller();
        PLACES.with_borrow_mut(|places| places.insert((place.file(), place.line())));
    }

    pub(in crate::config) fn places() -> BTreeSet<(&'static str, u32)> {
        PLACES.with_borrow(Clone::clone)
    }
}
