//! The places a value can come from, one over the other.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use toml::de::DeValue;

use super::document::{self, Given};
use super::error::{ConfigErrors, Mistake, Source};
use super::raw::Raw;
use super::settings::{self, Config};
use super::{check, nearest};

/// What the names of all variables of the environment begin with: `server.listen` is
/// `LLHLS_SERVER_LISTEN`.
pub const PREFIX: &str = "LLHLS_";

/// Collects values from a file, the environment and flags; what is added later wins.
///
/// ```
/// use origin::config::Layers;
///
/// let mut layers = Layers::new();
/// layers.text("origin.toml", "[streams]\npart_target = \"500ms\"\n");
/// layers.flag("--set", "streams.target_duration", "4");
/// let config = layers.build()?;
/// assert_eq!(config.streams.target_duration, 4);
///
/// let mut layers = Layers::new();
/// layers.text("origin.toml", "[streams]\npart_targt = \"500ms\"\n");
/// let errors = layers.build().unwrap_err();
/// assert_eq!(
///     errors.to_string(),
///     "origin.toml:2:1: streams.part_targt: there is no such key; streams.part_target is meant?"
/// );
/// # Ok::<(), origin::config::ConfigErrors>(())
/// ```
#[derive(Debug, Default)]
pub struct Layers {
    values: BTreeMap<&'static str, Given>,
    mistakes: Vec<Mistake>,
}

impl Layers {
    /// Nothing but the defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file.
    ///
    /// # Errors
    ///
    /// When it cannot be read. What is wrong inside it is said by [`build`](Self::build).
    pub fn file(&mut self, path: impl AsRef<Path>) -> io::Result<()> {
        let text = std::fs::read_to_string(path.as_ref())?;
        self.text(path, &text);
        Ok(())
    }

    /// Adds the text of a file that was read elsewhere; `path` is what mistakes call it.
    pub fn text(&mut self, path: impl AsRef<Path>, text: &str) {
        let (values, mistakes) = document::read(path.as_ref(), text);
        self.values.extend(values);
        self.mistakes.extend(mistakes);
    }

    /// Adds those variables that begin with [`PREFIX`] and name a key.
    ///
    /// Others that begin so are returned, with what they may have meant: a stranger's variable, as
    /// container managers set for a service of that name, must not keep a server from starting.
    pub fn environment(
        &mut self,
        variables: impl Iterator<Item = (String, String)>,
    ) -> Vec<String> {
        let mut strange = Vec::new();
        for (name, text) in variables {
            if !name.starts_with(PREFIX) {
                continue;
            }
            let known = settings::keys().find(|key| key.variable() == name);
            match known {
                Some(key) => self.set(key.path, Source::Environment(name), &text),
                None => {
                    let names: Vec<_> = settings::keys().map(settings::Key::variable).collect();
                    let near = nearest::nearest(&name, names.iter().map(String::as_str));
                    strange.push(match near {
                        Some(near) => format!("{name} is no setting; {near} is meant?"),
                        None => format!("{name} is no setting"),
                    });
                }
            }
        }
        strange
    }

    /// Adds one value from the command line, as it was typed there.
    pub fn flag(&mut self, flag: &str, path: &str, text: &str) {
        let source = Source::Flag(flag.to_owned());
        match settings::key(path) {
            Some(key) => self.set(key.path, source, text),
            None => self.mistakes.push(Mistake {
                source,
                key: path.to_owned(),
                message: nearest::unknown_key(path),
            }),
        }
    }

    fn set(&mut self, path: &'static str, source: Source, text: &str) {
        let given = Given {
            raw: Raw::text(text),
            source,
            text: None,
        };
        self.values.insert(path, given);
    }

    /// Reads every value and checks them together.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, not only the first thing.
    pub fn build(self) -> Result<Config, ConfigErrors> {
        let mut reader = Reader {
            values: self.values,
            mistakes: self.mistakes,
        };
        let config = settings::read(&mut reader);
        // A value that could not be read has its default now, which may contradict others.
        if reader.mistakes.is_empty() {
            check::together(&config, &mut reader);
        }
        ConfigErrors::unless_empty(reader.mistakes)?;
        Ok(config)
    }
}

/// Values on their way to being understood.
#[derive(Debug)]
pub(super) struct Reader {
    values: BTreeMap<&'static str, Given>,
    mistakes: Vec<Mistake>,
}

impl Reader {
    /// The value of a key, or its default; `range` as texts of the same type, both ends allowed.
    pub(super) fn take<T: super::values::Setting>(
        &mut self,
        path: &'static str,
        default: &str,
        range: Option<(&str, &str)>,
    ) -> T {
        let default = || {
            from_text::<T>(default).unwrap_or_else(|wrong| {
                unreachable!("the default of {path} is {default}: {}", wrong.message)
            })
        };
        let Some(given) = self.values.get(path) else {
            return default();
        };
        let read = match (&given.text, &given.raw.value) {
            // A variable or a flag has no TOML around it.
            (None, super::raw::Value::Text(text)) => from_text(text),
            _ => T::read(&given.raw),
        };
        let within = |value: &T| {
            let (low, high) = range?;
            let ends = (from_text::<T>(low).ok()?, from_text::<T>(high).ok()?);
            let inside = value.at_least(&ends.0) && ends.1.at_least(value);
            (!inside).then(|| format!("{} is not from {low} to {high}", value.write()))
        };
        let (message, span) = match read {
            Ok(value) => match within(&value) {
                None => return value,
                Some(message) => (message, None),
            },
            Err(wrong) => (wrong.message, wrong.span),
        };
        self.mistakes.push(Mistake {
            source: given.source_of(span.as_ref()),
            key: path.to_owned(),
            message,
        });
        default()
    }

    /// Notes that a key contradicts another one.
    #[track_caller]
    pub(super) fn contradiction(&mut self, path: &'static str, message: String) {
        #[cfg(test)]
        super::error::seen::note();
        debug_assert!(settings::key(path).is_some(), "{path}");
        let source = match self.values.get(path) {
            Some(given) => given.source.clone(),
            None => Source::Default,
        };
        self.mistakes.push(Mistake {
            source,
            key: path.to_owned(),
            message,
        });
    }
}

/// A value as it is typed where there are no quotes: as text where that is what is wanted, else as
/// TOML.
pub(super) fn from_text<T: super::values::Setting>(text: &str) -> Result<T, super::values::Wrong> {
    let text = text.trim();
    let as_text = T::read(&Raw::text(text));
    if as_text.is_ok() {
        return as_text;
    }
    match DeValue::parse(text) {
        Ok(value) => T::read(&value.into()).map_err(|wrong| super::values::Wrong {
            span: None,
            ..wrong
        }),
        Err(_) => as_text,
    }
}
