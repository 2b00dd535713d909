//! Which streams a key or a token is for.

use std::fmt;

/// The name of a stream, or all names that begin alike: `show`, `cam-*`, `*`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StreamPattern(String);

impl StreamPattern {
    /// Reads a pattern; `None` for what can match no name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let stem = text.strip_suffix('*').unwrap_or(text);
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
        let longest = llhls::registry::StreamName::MAX_LEN;
        let good = stem.bytes().all(allowed) && !stem.starts_with('.') && stem.len() <= longest;
        (good && !text.is_empty()).then(|| Self(text.to_owned()))
    }

    /// Whether the stream of this name is meant.
    #[must_use]
    pub fn matches(&self, stream: &str) -> bool {
        match self.0.strip_suffix('*') {
            Some(stem) => stream.starts_with(stem),
            None => self.0 == stream,
        }
    }
}

impl fmt::Display for StreamPattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_a_name_or_a_beginning() {
        let matches = |pattern, name| StreamPattern::parse(pattern).unwrap().matches(name);
        assert!(matches("show", "show") && !matches("show", "show2") && !matches("show", "sho"));
        assert!(matches("cam-*", "cam-1") && matches("cam-*", "cam-") && !matches("cam-*", "cam"));
        assert!(matches("*", "anything"));
        for bad in ["", "a*b", "**", "../x", ".x", "a b", "a/b*"] {
            assert_eq!(StreamPattern::parse(bad), None, "{bad}");
        }
    }
}
