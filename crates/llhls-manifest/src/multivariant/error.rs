//! Why a multivariant playlist cannot be written: always the caller's input.

use core::fmt;

/// Why a multivariant playlist cannot be written.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MultivariantError {
    /// There is nothing to play.
    NoVariant,
    /// A value is empty, or holds a character that its attribute or a URI line cannot.
    Text {
        /// The attribute, or `URI`.
        attribute: &'static str,
        /// The value.
        value: String,
    },
    /// A bandwidth of zero, or an average above the peak.
    Bandwidth {
        /// The variant's URI.
        uri: String,
    },
    /// A variant names a group that no rendition of that type is in (MV-11).
    UnknownGroup(String),
    /// Two renditions of a group have one name, or two are its default (MV-17).
    AmbiguousGroup(String),
    /// Two groups of one type have different members (MV-18).
    UnequalGroups {
        /// One of them.
        one: String,
        /// The other.
        other: String,
    },
    /// An attribute that is on some variants must be on all: SCORE, or CLOSED-CAPTIONS=NONE
    /// (MV-10, MV-11).
    OnSomeVariants(&'static str),
    /// A rendition has an attribute that its type has not, or lacks one that it needs (MV-14 …
    /// MV-16).
    Rendition {
        /// Its name.
        name: String,
        /// The attribute.
        attribute: &'static str,
    },
    /// One URI has two stable IDs (MV-13).
    StableId(String),
    /// Two session data of one ID and language, or two equal session keys (MV-26, MV-27).
    Duplicate(String),
    /// A session key with an IV that its method does not take (§4.4.4.4).
    SessionKey,
    /// Steering starts on a pathway that no variant is on (MV-28).
    UnknownPathway(String),
    /// There is no such protocol version (§8).
    Version(u8),
    /// A definition is malformed, given twice, imports, or is used without being there (MV-23,
    /// §4.4.2.3).
    Definitions,
}

impl fmt::Display for MultivariantError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(version) => write!(f, "there is no protocol version {version}"),
            Self::NoVariant => f.write_str("there is no variant"),
            Self::Text { attribute, value } => write!(f, "{attribute} cannot be {value:?}"),
            Self::Bandwidth { uri } => {
                write!(f, "the bandwidths of {uri} are zero or in the wrong order")
            }
            Self::UnknownGroup(group) => write!(f, "no rendition is in the group {group:?}"),
            Self::AmbiguousGroup(group) => {
                write!(
                    f,
                    "the group {group:?} has two renditions of one name, or two defaults"
                )
            }
            Self::UnequalGroups { one, other } => {
                write!(f, "the groups {one:?} and {other:?} have different members")
            }
            Self::OnSomeVariants(attribute) => {
                write!(f, "{attribute} must be on all variants or on none")
            }
            Self::Rendition { name, attribute } => {
                write!(
                    f,
                    "the rendition {name:?} has no use for, or lacks, {attribute}"
                )
            }
            Self::StableId(uri) => write!(f, "{uri} has two stable IDs"),
            Self::Duplicate(what) => write!(f, "{what} is given twice"),
            Self::SessionKey => f.write_str("the session key's method takes no IV"),
            Self::UnknownPathway(pathway) => write!(f, "no variant is on the pathway {pathway:?}"),
            Self::Definitions => f.write_str("a definition is malformed, missing or given twice"),
        }
    }
}

impl core::error::Error for MultivariantError {}
