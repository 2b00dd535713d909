//! Names of presentations and renditions: short, printable, and never a path.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

/// The name of a presentation or of one of its renditions.
///
/// One to [`StreamName::MAX_LEN`] characters of `A–Z a–z 0–9 _ - .`, not starting with a dot. A
/// name is therefore always exactly one URL path segment that needs no escaping, and can never
/// climb out of its folder. Cloning shares the text.
///
/// ```
/// use playlists::StreamName;
///
/// let name: StreamName = "cam-1".parse()?;
/// assert_eq!(name.as_str(), "cam-1");
/// assert!("../etc".parse::<StreamName>().is_err());
/// # Ok::<(), playlists::InvalidName>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamName(Arc<str>);

impl StreamName {
    /// The longest name, in bytes.
    pub const MAX_LEN: usize = 64;

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for StreamName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        if text.is_empty() {
            return Err(InvalidName::Empty);
        }
        if text.len() > Self::MAX_LEN {
            return Err(InvalidName::TooLong { len: text.len() });
        }
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
        if text.starts_with('.') || !text.bytes().all(allowed) {
            return Err(InvalidName::Character);
        }
        Ok(Self(text.into()))
    }
}

impl Borrow<str> for StreamName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StreamName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Why a text is not a [`StreamName`]. The caller's fault, never fatal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidName {
    /// The name is empty.
    Empty,
    /// The name has more than [`StreamName::MAX_LEN`] bytes.
    TooLong {
        /// Its length in bytes.
        len: usize,
    },
    /// The name starts with a dot or has a character other than `A–Z a–z 0–9 _ - .`.
    Character,
}

impl fmt::Display for InvalidName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => formatter.write_str("a stream name must not be empty"),
            Self::TooLong { len } => write!(
                formatter,
                "a stream name has at most {} bytes, this one has {len}",
                StreamName::MAX_LEN
            ),
            Self::Character => formatter.write_str(
                "a stream name has only letters, digits, '_', '-' and '.', and no leading dot",
            ),
        }
    }
}

impl std::error::Error for InvalidName {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_harmless_path_segment() {
        for good in ["demo", "cam-1", "a.b_c", "0", &"x".repeat(64)] {
            assert!(good.parse::<StreamName>().is_ok(), "{good}");
        }
        for bad in [
            "",
            ".",
            "..",
            ".hidden",
            "a/b",
            "a b",
            "a%2f",
            "a\0",
            "ä",
            &"x".repeat(65),
        ] {
            assert!(bad.parse::<StreamName>().is_err(), "{bad}");
        }
    }
}
