//! A TOML text as a flat list of values, each with its place.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use toml::de::DeTable;

use super::error::{Mistake, Source};
use super::nearest;
use super::raw::{Raw, Value};
use super::settings;

/// A value as it was given, before it is known to fit.
#[derive(Clone, Debug)]
pub(super) struct Given {
    pub(super) raw: Raw,
    pub(super) source: Source,
    /// The text that spans refer to, where it is a file's.
    pub(super) text: Option<Arc<Text>>,
}

/// A file that was read.
#[derive(Debug)]
pub(super) struct Text {
    path: Arc<PathBuf>,
    text: String,
}

impl Text {
    fn source(&self, span: &Range<usize>) -> Source {
        let before = self.text.get(..span.start).unwrap_or(&self.text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Source::File {
            path: Arc::clone(&self.path),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

impl Given {
    /// Where a part of the value is; the place of all of it where that is not known.
    pub(super) fn source_of(&self, span: Option<&Range<usize>>) -> Source {
        match (&self.text, span) {
            (Some(text), Some(span)) => text.source(span),
            _ => self.source.clone(),
        }
    }
}

/// Reads a file's text: the values of known keys, and what is wrong with the rest.
pub(super) fn read(path: &Path, text: &str) -> (BTreeMap<&'static str, Given>, Vec<Mistake>) {
    let text = Arc::new(Text {
        path: Arc::new(path.to_owned()),
        text: text.to_owned(),
    });
    let (mut given, mut mistakes) = (BTreeMap::new(), Vec::new());
    let mut mistake = |span: &Range<usize>, key: &str, message: String| {
        mistakes.push(Mistake {
            source: text.source(span),
            key: key.to_owned(),
            message,
        });
    };
    let document = match DeTable::parse(&text.text) {
        Ok(document) => document.into_inner(),
        Err(error) => {
            let span = error.span().unwrap_or(0..0);
            mistake(&span, "", format!("this is not TOML: {}", error.message()));
            return (given, mistakes);
        }
    };
    for (section, content) in document {
        let (place, section) = (section.span(), section.into_inner());
        if !settings::SECTIONS.iter().any(|known| known.name == section) {
            mistake(&place, &section, nearest::unknown_section(&section));
            continue;
        }
        let content = Raw::from(content);
        let Value::Table(table) = content.value else {
            let message = format!("is a section: write [{section}] and its keys below it");
            mistake(&content.span, &section, message);
            continue;
        };
        for (place, key, raw) in table {
            let path = format!("{section}.{key}");
            match settings::key(&path) {
                Some(known) => {
                    let source = text.source(&raw.span);
                    let text = Some(Arc::clone(&text));
                    given.insert(known.path, Given { raw, source, text });
                }
                None => mistake(&place, &path, nearest::unknown_key(&path)),
            }
        }
    }
    (given, mistakes)
}
