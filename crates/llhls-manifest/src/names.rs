//! The names of parts, segments and initialisation sections.
//!
//! A name holds the epoch, a token that the caller changes whenever numbering starts anew. Two
//! different resources therefore never share a name, and a cache is never wrong (UP-17).

use core::fmt;
use std::sync::Arc;

use crate::decimal::write_integer;
use crate::id::{InitVersion, Msn, PartIndex, Position};

/// Names resources relative to their playlist, and reads such names back.
///
/// ```
/// use llhls_manifest::{Msn, PartIndex, Position, ResourceName, ResourceNames};
///
/// let names = ResourceNames::new("e7f3")?;
/// let part = Position::new(Msn::new(1234), PartIndex::new(5));
/// assert_eq!(names.part(part).to_string(), "e7f3-1234.5.m4s");
/// assert_eq!(names.parse("e7f3-1234.5.m4s"), Some(ResourceName::Part(part)));
/// assert_eq!(names.parse("e7f3-1234.m4s"), Some(ResourceName::Segment(Msn::new(1234))));
/// assert_eq!(names.parse("0000-1234.m4s"), None);
/// # Ok::<(), llhls_manifest::NameError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ResourceNames {
    epoch: Arc<str>,
    extension: Arc<str>,
    /// What is appended to each URI in a playlist: empty, or a query.
    query: Arc<str>,
}

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ResourceName {
    /// A Partial Segment.
    Part(Position),
    /// A Media Segment.
    Segment(Msn),
    /// A Media Initialization Section.
    Init(InitVersion),
}

/// Why an epoch or an extension cannot be part of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NameError {
    /// It is empty.
    Empty,
    /// Longer than 64 bytes: it is repeated in every line of every playlist.
    TooLong,
    /// A character other than ASCII letters, digits and `_`.
    Character(char),
}

impl ResourceNames {
    /// Names of the given epoch.
    ///
    /// # Errors
    /// When the epoch is not 1 to 64 characters of `[A-Za-z0-9_]`; anything else would need
    /// escaping in a URI.
    pub fn new(epoch: &str) -> Result<Self, NameError> {
        check(epoch)?;
        Ok(Self {
            epoch: epoch.into(),
            extension: "m4s".into(),
            query: "".into(),
        })
    }

    /// The same names with another extension than `m4s` on parts and segments: `ts`, `aac`,
    /// `vtt`. Without the dot.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn extension(mut self, extension: &str) -> Result<Self, NameError> {
        check(extension)?;
        self.extension = extension.into();
        Ok(self)
    }

    /// The token that these names begin with.
    #[must_use]
    pub fn epoch(&self) -> &str {
        &self.epoch
    }

    /// The name of a part.
    #[must_use]
    pub fn part(&self, position: Position) -> impl fmt::Display + '_ {
        Named {
            names: self,
            name: ResourceName::Part(position),
        }
    }

    /// The name of a segment.
    #[must_use]
    pub fn segment(&self, msn: Msn) -> impl fmt::Display + '_ {
        Named {
            names: self,
            name: ResourceName::Segment(msn),
        }
    }

    /// The name of an initialisation section.
    #[must_use]
    pub fn init(&self, version: InitVersion) -> impl fmt::Display + '_ {
        Named {
            names: self,
            name: ResourceName::Init(version),
        }
    }

    /// Reads a name of this epoch; `None` for any other string.
    ///
    /// A number is read only as it is written: no sign, no leading zero. So each resource has
    /// exactly one name. Allocates nothing.
    #[must_use]
    pub fn parse(&self, name: &str) -> Option<ResourceName> {
        let rest = name.strip_prefix(&*self.epoch)?.strip_prefix('-')?;
        if let Some(version) = rest
            .strip_prefix("init")
            .and_then(|r| r.strip_suffix(".mp4"))
        {
            let version = u32::try_from(canonical_number(version)?).ok()?;
            return Some(ResourceName::Init(InitVersion::new(version)));
        }
        let numbers = rest.strip_suffix(&*self.extension)?.strip_suffix('.')?;
        match numbers.split_once('.') {
            None => Some(ResourceName::Segment(Msn::new(canonical_number(numbers)?))),
            Some((msn, part)) => {
                let part = u32::try_from(canonical_number(part)?).ok()?;
                let msn = Msn::new(canonical_number(msn)?);
                Some(ResourceName::Part(Position::new(msn, PartIndex::new(part))))
            }
        }
    }

    pub(crate) fn with_query(mut self, query: &str) -> Self {
        self.query = query.into();
        self
    }

    /// Appends the URI as a playlist has it: the name, and the query.
    pub(crate) fn write(&self, out: &mut String, name: ResourceName) {
        self.write_name(out, name);
        out.push_str(&self.query);
    }

    fn write_name(&self, out: &mut String, name: ResourceName) {
        out.push_str(&self.epoch);
        out.push('-');
        match name {
            ResourceName::Part(position) => {
                write_integer(out, position.msn.value());
                out.push('.');
                write_integer(out, u64::from(position.part.value()));
                out.push('.');
                out.push_str(&self.extension);
            }
            ResourceName::Segment(msn) => {
                write_integer(out, msn.value());
                out.push('.');
                out.push_str(&self.extension);
            }
            ResourceName::Init(version) => {
                out.push_str("init");
                write_integer(out, u64::from(version.value()));
                out.push_str(".mp4");
            }
        }
    }
}

fn check(token: &str) -> Result<(), NameError> {
    if token.is_empty() {
        return Err(NameError::Empty);
    }
    if let Some(bad) = token
        .chars()
        .find(|c| !c.is_ascii_alphanumeric() && *c != '_')
    {
        return Err(NameError::Character(bad));
    }
    if token.len() > 64 {
        Err(NameError::TooLong)
    } else {
        Ok(())
    }
}

fn canonical_number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let canonical = digits && (text.len() == 1 || !text.starts_with('0'));
    canonical.then(|| text.parse().ok()).flatten()
}

struct Named<'a> {
    names: &'a ResourceNames,
    name: ResourceName,
}

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = String::new();
        self.names.write_name(&mut out, self.name);
        f.write_str(&out)
    }
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the token is empty"),
            Self::TooLong => f.write_str("the token is longer than 64 bytes"),
            Self::Character(c) => write!(f, "the token holds {c:?}; only [A-Za-z0-9_] may be used"),
        }
    }
}

impl core::error::Error for NameError {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_what_is_written_is_read() {
        let names = ResourceNames::new("a").unwrap();
        for bad in [
            "a",
            "a-",
            "a-.m4s",
            "a-1",
            "a-01.m4s",
            "a-1.01.m4s",
            "a-1..m4s",
            "a-+1.m4s",
            "a-1.2.3.m4s",
            "a-init.mp4",
            "a-init00.mp4",
            "a-init1.m4s",
            "b-1.m4s",
            "a-18446744073709551616.m4s",
            "a-1.4294967296.m4s",
            "a-1 .m4s",
            "",
        ] {
            assert_eq!(names.parse(bad), None, "{bad}");
        }
        let packed = names.extension("aac").unwrap();
        assert_eq!(
            packed.parse("a-7.aac"),
            Some(ResourceName::Segment(Msn::new(7)))
        );
        assert_eq!(packed.parse("a-7.m4s"), None);
        assert_eq!(ResourceNames::new(""), Err(NameError::Empty));
        assert_eq!(ResourceNames::new("a/b"), Err(NameError::Character('/')));
    }

    proptest! {
        #[test]
        fn names_read_back(msn in any::<u64>(), part in any::<u32>(), epoch in "[A-Za-z0-9_]{1,8}") {
            let names = ResourceNames::new(&epoch).unwrap();
            let position = Position::new(Msn::new(msn), PartIndex::new(part));
            let init = InitVersion::new(part);
            prop_assert_eq!(
                names.parse(&names.part(position).to_string()),
                Some(ResourceName::Part(position))
            );
            prop_assert_eq!(
                names.parse(&names.segment(position.msn).to_string()),
                Some(ResourceName::Segment(position.msn))
            );
            prop_assert_eq!(
                names.parse(&names.init(init).to_string()),
                Some(ResourceName::Init(init))
            );
        }
    }
}
