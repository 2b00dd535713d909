//! A manifest as text, so that a restarted process, or another machine, continues the playlist
//! exactly (MP-05, UP-17).
//!
//! The form is ours and carries its version. Numbers and escaped words, one record a line; what
//! can be derived, above all the playlist's text, is not stored but rendered again.

use core::fmt;

use crate::config::{ManifestConfig, Settings};
use crate::decimal::Decimal;
use crate::edge::Liveness;
use crate::error::ConfigError;
use crate::id::{InitVersion, Msn};
use crate::import::{Fields, Import};
use crate::key::Keys;
use crate::part::{Availability, Continuity, Independence};
use crate::roller::M3u8Manifest;
use crate::segment::{Part, SegmentStart};
use crate::time::WallClock;

const HEADER: &str = "llhls-manifest-state 1";

/// A state that cannot be continued.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImportError {
    /// The configuration is wrong by itself.
    Config(ConfigError),
    /// Not a state, or one of a version that is not known here.
    Format,
    /// The playlist was published with other targets, which must not change (MP-04).
    OtherTargets,
    /// A line that cannot be read, from 1.
    Line(usize),
    /// It contradicts itself.
    Inconsistent,
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) => error.fmt(f),
            Self::Format => f.write_str("not a state of a known version"),
            Self::OtherTargets => f.write_str("the playlist was published with other targets"),
            Self::Line(line) => write!(f, "line {line} of the state cannot be read"),
            Self::Inconsistent => f.write_str("the state contradicts itself"),
        }
    }
}

impl core::error::Error for ImportError {}

impl M3u8Manifest {
    /// Everything that a successor needs to continue this playlist byte for byte. Linear in what
    /// is retained.
    #[must_use]
    pub fn export(&self) -> String {
        let mut out = Writer(String::new());
        out.0.push_str(HEADER);
        out.0.push('\n');
        out.record("targets", &fixed(&self.settings));
        let mut keys: Vec<&Keys> = vec![&self.keys];
        let list = self.window.list();
        let starts = list
            .retained()
            .iter()
            .map(|segment| &segment.at)
            .chain([&self.open.at]);
        for known in starts.flat_map(|at| [&at.keys, &at.keys_before, &at.map_keys]) {
            if !keys.contains(&known) {
                keys.push(known);
            }
        }
        for key in &keys {
            let whole = u8::from(key.whole_resources);
            out.record(
                "keys",
                &[
                    whole.to_string(),
                    key.version.to_string(),
                    escape(&key.formats),
                    escape(&key.lines),
                ],
            );
        }
        let index = |key: &Keys| {
            let at = keys.iter().position(|known| *known == key);
            at.expect("every key in effect was collected").to_string()
        };
        out.record(
            "now",
            &[
                self.rounding.media().as_nanos().to_string(),
                optional(self.clock.map(WallClock::as_unix_nanos)),
                optional(self.init.map(InitVersion::value)),
                u8::from(self.init_changed).to_string(),
                u8::from(self.breaks).to_string(),
                optional(self.last_part.map(|last| last.msn)),
                optional(self.last_part.map(|last| last.part)),
                u8::from(self.liveness == Liveness::Ended).to_string(),
                self.window.longest().units().to_string(),
            ],
        );
        let expiries = self
            .window
            .expiries()
            .map(Some)
            .chain(core::iter::repeat(None));
        for (segment, expiry) in list.retained().iter().zip(expiries) {
            out.segment("segment", &segment.at, segment.i_frame_in, expiry, &index);
            out.parts(&segment.parts);
        }
        out.segment("open", &self.open.at, self.open.i_frame_in, None, &index);
        out.parts(&self.open.parts);
        self.ranges
            .export(|record, fields| out.record(record, fields));
        out.0
    }

    /// Continues an exported playlist. References to media are as they were exported.
    ///
    /// Names, the window and what is not printed may be configured anew; what players must never
    /// see change, may not. Any text is safe to import: it is either continued or refused.
    ///
    /// # Errors
    /// When the text is no state, contradicts itself, or belongs to a playlist with other
    /// targets.
    #[allow(clippy::needless_pass_by_value)] // A configuration is used up by what it configures.
    pub fn import(config: ManifestConfig, state: &str) -> Result<Self, ImportError> {
        let settings = config.check().map_err(ImportError::Config)?;
        let mut lines = state
            .lines()
            .enumerate()
            .map(|(index, line)| (index + 1, line));
        if lines.next().map(|(_, line)| line) != Some(HEADER) {
            return Err(ImportError::Format);
        }
        let mut import = Import::new(&settings);
        for (number, line) in lines {
            let mut fields = line.split(' ');
            let record = fields.next().unwrap_or_default();
            match import.record(record, &mut Fields(fields)) {
                None => return Err(ImportError::Line(number)),
                Some(Ok(())) => {}
                Some(Err(error)) => return Err(error),
            }
        }
        import.finish()
    }
}

/// What must be the same for the whole life of a playlist.
pub(crate) fn fixed(settings: &Settings) -> Vec<String> {
    let decimal = |value: Option<Decimal>| optional(value.map(Decimal::units));
    vec![
        settings.target_secs.to_string(),
        decimal(settings.part_target),
        decimal(settings.part_hold_back),
        decimal(settings.hold_back),
        decimal(settings.skip_until),
        u8::from(settings.skip_date_ranges).to_string(),
        format!("{:?}", settings.kind),
        format!("{:?}", settings.addressing),
        format!("{:?}", settings.bit_rates),
        format!("{:?}", settings.independent_segments),
    ]
}

struct Writer(String);

impl Writer {
    fn record(&mut self, name: &str, fields: &[String]) {
        self.0.push_str(name);
        for field in fields {
            self.0.push(' ');
            self.0.push_str(field);
        }
        self.0.push('\n');
    }

    fn segment(
        &mut self,
        name: &str,
        at: &SegmentStart,
        i_frame_in: Option<(Msn, u64)>,
        expiry: Option<Decimal>,
        index: &dyn Fn(&Keys) -> String,
    ) {
        self.record(
            name,
            &[
                at.msn.to_string(),
                at.dsn.to_string(),
                at.start.units().to_string(),
                u8::from(at.continuity == Continuity::Discontinuous).to_string(),
                optional(at.init.map(InitVersion::value)),
                u8::from(at.prints_map).to_string(),
                index(&at.keys),
                u8::from(at.prints_keys).to_string(),
                index(&at.keys_before),
                index(&at.map_keys),
                optional(at.time.map(WallClock::as_unix_nanos)),
                optional(i_frame_in.map(|(msn, _)| msn)),
                optional(i_frame_in.map(|(_, offset)| offset)),
                optional(expiry.map(Decimal::units)),
            ],
        );
    }

    fn parts(&mut self, parts: &[Part]) {
        for part in parts {
            self.record(
                "part",
                &[
                    part.media.to_string(),
                    part.duration.units().to_string(),
                    u8::from(part.independence == Independence::Independent).to_string(),
                    u8::from(part.availability == Availability::Gap).to_string(),
                    part.size.to_string(),
                ],
            );
        }
    }
}

fn optional<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

/// Makes one word of any text: `%` and everything up to the space as `%XX`, nothing as `%`.
pub(crate) fn escape(text: &str) -> String {
    if text.is_empty() {
        return "%".to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c <= ' ' || c == '%' {
            out.push_str(&format!("%{:02X}", u32::from(c)));
        } else {
            out.push(c);
        }
    }
    out
}
