//! Variables (§4.4.2.3) and the preferred start (§4.4.2.2).

use crate::decimal::Decimal;
use crate::text::{TextError, quoted};
use crate::time::MediaDuration;

/// One `EXT-X-DEFINE`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Definition {
    /// `NAME` with its `VALUE`.
    Value {
        /// The variable.
        name: String,
        /// What it stands for; may be empty.
        value: String,
    },
    /// `IMPORT`: the value that the multivariant playlist gives it. Not allowed in that one.
    Import(String),
    /// `QUERYPARAM`: the value that the playlist's own URI gives it; how a token reaches parts.
    QueryParameter(String),
}

impl Definition {
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Value { name, .. } | Self::Import(name) | Self::QueryParameter(name) => name,
        }
    }

    /// The version it asks for (§8).
    pub(crate) fn version(&self) -> u8 {
        if matches!(self, Self::QueryParameter(_)) {
            11
        } else {
            8
        }
    }

    pub(crate) fn check(&self) -> Result<(), TextError> {
        let name = self.name();
        let legal = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.is_empty() || !name.chars().all(legal) {
            return Err(TextError {
                attribute: "NAME",
                value: name.to_owned(),
            });
        }
        if let Self::Value { value, .. } = self
            && value.contains(|c: char| c == '"' || c.is_control())
        {
            return Err(TextError {
                attribute: "VALUE",
                value: value.clone(),
            });
        }
        Ok(())
    }

    /// `#EXT-X-DEFINE` (§4.4.2.3).
    pub(crate) fn write(&self, out: &mut String) {
        out.push_str("#EXT-X-DEFINE:");
        let (kind, name) = match self {
            Self::Value { name, .. } => ("NAME", name),
            Self::Import(name) => ("IMPORT", name),
            Self::QueryParameter(name) => ("QUERYPARAM", name),
        };
        out.push_str(kind);
        out.push_str("=\"");
        out.push_str(name);
        out.push('"');
        if let Self::Value { value, .. } = self {
            quoted(out, "VALUE", value);
        }
        out.push('\n');
    }
}

/// Checks a list of definitions: legal, and no name twice (PL-23).
pub(crate) fn check_all(definitions: &[Definition]) -> Result<(), TextError> {
    for (index, definition) in definitions.iter().enumerate() {
        definition.check()?;
        let before = &definitions[..index];
        if before.iter().any(|other| other.name() == definition.name()) {
            return Err(TextError {
                attribute: "NAME",
                value: definition.name().to_owned(),
            });
        }
        if let Definition::Value { value, .. } = definition
            && !check_references(value, before)
        {
            return Err(TextError {
                attribute: "VALUE",
                value: value.clone(),
            });
        }
    }
    Ok(())
}

/// Whether every `{$name}` in `text` has a definition.
pub(crate) fn check_references(text: &str, definitions: &[Definition]) -> bool {
    text.split("{$").skip(1).all(|rest| {
        rest.split_once('}')
            .is_some_and(|(name, _)| definitions.iter().any(|known| known.name() == name))
    })
}

/// Where a player should start: `EXT-X-START`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartOffset {
    /// This long after the playlist's start.
    FromStart(MediaDuration),
    /// This long before its end; at least three target durations while it is live (PL-22).
    BeforeEnd(MediaDuration),
}

/// Whether a player may show what precedes the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StartPrecision {
    /// It may start at the segment's first frame.
    #[default]
    Segment,
    /// `PRECISE=YES`: nothing before the offset.
    Exact,
}

/// `#EXT-X-START` (§4.4.2.2).
pub(crate) fn write_start(out: &mut String, offset: StartOffset, precision: StartPrecision) {
    out.push_str("#EXT-X-START:TIME-OFFSET=");
    match offset {
        StartOffset::FromStart(duration) => Decimal::nearest(duration).write(out),
        StartOffset::BeforeEnd(duration) => {
            out.push('-');
            Decimal::ceil(duration).write(out);
        }
    }
    if precision == StartPrecision::Exact {
        out.push_str(",PRECISE=YES");
    }
    out.push('\n');
}
