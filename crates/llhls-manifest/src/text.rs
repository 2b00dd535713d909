//! Text that goes between quotes.

use core::fmt;

/// A value that a quoted string cannot hold (§4.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextError {
    pub(crate) attribute: &'static str,
    pub(crate) value: String,
}

impl TextError {
    /// The attribute that cannot have the value.
    #[must_use]
    pub const fn attribute(&self) -> &'static str {
        self.attribute
    }

    /// The value.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }
}

impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cannot be {:?}", self.attribute, self.value)
    }
}

impl core::error::Error for TextError {}

/// PL-03, PL-13: neither empty nor with quotes, line breaks or other control characters.
pub(crate) fn check_quoted(attribute: &'static str, value: &str) -> Result<(), TextError> {
    let bad = |c: char| c == '"' || c.is_control();
    if value.is_empty() || value.contains(bad) {
        return Err(TextError {
            attribute,
            value: value.to_owned(),
        });
    }
    Ok(())
}

/// Appends `,NAME="value"`; the value was checked before.
pub(crate) fn quoted(out: &mut String, attribute: &str, value: &str) {
    out.push(',');
    out.push_str(attribute);
    out.push_str("=\"");
    out.push_str(value);
    out.push('"');
}

/// Appends `0x` and upper-case hexadecimal digits.
pub(crate) fn hexadecimal(out: &mut String, bytes: &[u8]) {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F',
    ];
    out.push_str("0x");
    for byte in bytes {
        out.push(DIGITS[usize::from(byte >> 4)]);
        out.push(DIGITS[usize::from(byte & 15)]);
    }
}
