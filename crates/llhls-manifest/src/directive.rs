//! Delivery directives (§6.2.5): the query of a playlist request, parsed once at the edge.

use core::fmt;

use crate::id::{Msn, PartIndex, Position};

/// What a request asks of a media playlist.
///
/// ```
/// use llhls_manifest::{Directives, Msn, PartIndex, Position, Skip, Until};
///
/// let asked = Directives::parse(Some("token=x&_HLS_msn=7&_HLS_part=2&_HLS_skip=YES"))?;
/// let part = Position::new(Msn::new(7), PartIndex::new(2));
/// assert_eq!(asked.until, Some(Until::Part(part)));
/// assert_eq!(asked.skip, Some(Skip::Yes));
/// assert!(Directives::parse(Some("_HLS_msn=seven")).is_err());
/// # Ok::<(), llhls_manifest::DirectiveError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Directives {
    /// What the playlist must contain before it is sent; `None` for the current version.
    pub until: Option<Until>,
    /// Which delta update is welcome.
    pub skip: Option<Skip>,
}

/// The `_HLS_msn` and `_HLS_part` of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Until {
    /// `_HLS_msn` alone.
    Segment(Msn),
    /// Both.
    Part(Position),
    /// `_HLS_part` alone: an error unless the playlist has ended (SRV-09).
    PartWithoutMsn(PartIndex),
}

/// The `_HLS_skip` of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Skip {
    /// `YES`: older segments may be skipped.
    Yes,
    /// `v2`: older date ranges too.
    V2,
}

/// A directive that cannot be read: answer 400 (SRV-12, SRV-13).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DirectiveError {
    /// Not 1 to 20 decimal digits of at most 2⁶⁴−1.
    Number(Directive),
    /// Given twice.
    Duplicate(Directive),
}

/// The name of a directive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Directive {
    /// `_HLS_msn`
    Msn,
    /// `_HLS_part`
    Part,
    /// `_HLS_skip`
    Skip,
}

impl Directives {
    /// No directive: the current version, in full.
    pub const NONE: Self = Self {
        until: None,
        skip: None,
    };

    /// Reads the query part of a request's URI, without the `?`.
    ///
    /// Order does not matter, names and values may be percent-encoded, other parameters are
    /// none of our business (SRV-15). Unknown `_HLS_*` names and unknown values of `_HLS_skip`
    /// are ignored (SRV-14). A part index beyond `u32` means the largest one: it lies as far in
    /// the future. Linear in the query, allocates nothing, never panics.
    ///
    /// # Errors
    /// When a number is malformed or a directive is given twice.
    pub fn parse(query: Option<&str>) -> Result<Self, DirectiveError> {
        let (mut msn, mut part, mut skip) = (None, None, None);
        for pair in query.unwrap_or_default().split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            if decodes_to(name, "_HLS_msn") {
                set(&mut msn, Directive::Msn, number(value, Directive::Msn)?)?;
            } else if decodes_to(name, "_HLS_part") {
                set(&mut part, Directive::Part, number(value, Directive::Part)?)?;
            } else if decodes_to(name, "_HLS_skip") {
                let meaning = if decodes_to(value, "YES") {
                    Some(Skip::Yes)
                } else if decodes_to(value, "v2") {
                    Some(Skip::V2)
                } else {
                    None
                };
                set(&mut skip, Directive::Skip, meaning)?;
            }
        }
        let part = part.map(|n| PartIndex::new(u32::try_from(n).unwrap_or(u32::MAX)));
        let until = match (msn.map(Msn::new), part) {
            (None, None) => None,
            (Some(msn), None) => Some(Until::Segment(msn)),
            (Some(msn), Some(part)) => Some(Until::Part(Position::new(msn, part))),
            (None, Some(part)) => Some(Until::PartWithoutMsn(part)),
        };
        Ok(Self {
            until,
            skip: skip.flatten(),
        })
    }
}

fn set<T>(slot: &mut Option<T>, name: Directive, value: T) -> Result<(), DirectiveError> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(DirectiveError::Duplicate(name)),
    }
}

fn number(value: &str, name: Directive) -> Result<u64, DirectiveError> {
    let mut number = 0_u64;
    let mut digits = 0;
    for byte in decoded(value) {
        let digit = byte.wrapping_sub(b'0');
        digits += 1;
        if digit > 9 || digits > 20 {
            return Err(DirectiveError::Number(name));
        }
        number = number
            .checked_mul(10)
            .and_then(|n| n.checked_add(u64::from(digit)))
            .ok_or(DirectiveError::Number(name))?;
    }
    if digits == 0 {
        Err(DirectiveError::Number(name))
    } else {
        Ok(number)
    }
}

fn decodes_to(text: &str, expected: &str) -> bool {
    decoded(text).eq(expected.bytes())
}

/// The bytes of `text` with its valid percent escapes resolved.
fn decoded(text: &str) -> impl Iterator<Item = u8> + '_ {
    let bytes = text.as_bytes();
    let mut at = 0;
    core::iter::from_fn(move || {
        let byte = *bytes.get(at)?;
        let escape = (byte == b'%').then(|| bytes.get(at + 1..at + 3)).flatten();
        let high = escape.and_then(|e| char::from(e[0]).to_digit(16));
        let low = escape.and_then(|e| char::from(e[1]).to_digit(16));
        if let (Some(high), Some(low)) = (high, low) {
            at += 3;
            // Two hexadecimal digits always fit a byte.
            Some((high * 16 + low) as u8)
        } else {
            at += 1;
            Some(byte)
        }
    })
}

impl fmt::Display for Directive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Msn => "_HLS_msn",
            Self::Part => "_HLS_part",
            Self::Skip => "_HLS_skip",
        })
    }
}

impl fmt::Display for DirectiveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(name) => write!(f, "{name} is not a 64-bit decimal number"),
            Self::Duplicate(name) => write!(f, "{name} is given twice"),
        }
    }
}

impl core::error::Error for DirectiveError {}
