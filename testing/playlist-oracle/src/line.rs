//! Lines and attribute lists, read as strictly as the grammar is written (§4.1, §4.2).

use crate::violation::Report;

/// A line of a playlist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    /// `#EXT…`, with what follows the first colon.
    Tag {
        /// With its `#`.
        name: &'a str,
        /// `None` without a colon.
        value: Option<&'a str>,
    },
    /// Any other line that starts with `#`.
    Comment,
    /// Anything else that is not empty.
    Uri(&'a str),
    /// Nothing.
    Blank,
}

/// Splits a body into numbered lines and checks the text as such: PL-01 to PL-05.
pub(crate) fn lines<'a>(body: &'a str, report: &mut Report) -> Vec<(usize, Line<'a>)> {
    report.expect(body.starts_with("#EXTM3U"), "PL-01", 1, || {
        format!(
            "the body starts with {:?}",
            body.chars().take(12).collect::<String>()
        )
    });
    report.expect(body.ends_with('\n'), "PL-04", 0, || {
        "the last line is not ended".into()
    });
    let mut lines = Vec::new();
    for (index, line) in body.lines().enumerate() {
        let number = index + 1;
        report.expect(!line.contains('\r'), "PL-04", number, || {
            "a carriage return".into()
        });
        let tabs_allowed = line.contains("RECENTLY-REMOVED-DATERANGES=\"");
        for c in line.chars() {
            let control = c.is_control() && !(c == '\t' && tabs_allowed);
            report.expect(!control, "PL-03", number, || {
                format!("the control character {c:?}")
            });
            report.expect(c != '\u{feff}', "PL-02", number, || {
                "a byte-order mark".into()
            });
        }
        let parsed = parse(line);
        check_blanks(line, parsed, number, report);
        lines.push((number, parsed));
    }
    report.expect(
        matches!(
            lines.first(),
            Some((
                _,
                Line::Tag {
                    name: "#EXTM3U",
                    value: None
                }
            ))
        ),
        "PL-01",
        1,
        || "the first line is not #EXTM3U".into(),
    );
    lines
}

fn parse(line: &str) -> Line<'_> {
    if line.is_empty() {
        Line::Blank
    } else if line.starts_with("#EXT") {
        match line.split_once(':') {
            Some((name, value)) => Line::Tag {
                name,
                value: Some(value),
            },
            None => Line::Tag {
                name: line,
                value: None,
            },
        }
    } else if line.starts_with('#') {
        Line::Comment
    } else {
        Line::Uri(line)
    }
}

/// PL-05: no whitespace outside quoted strings and the EXTINF title.
fn check_blanks(line: &str, parsed: Line<'_>, number: usize, report: &mut Report) {
    let text = match parsed {
        Line::Tag {
            name: "#EXTINF",
            value: Some(value),
        } => value
            .split_once(',')
            .map_or(value, |(duration, _)| duration),
        Line::Tag { .. } | Line::Uri(_) => line,
        Line::Comment | Line::Blank => return,
    };
    let mut quoted = false;
    for c in text.chars() {
        quoted ^= c == '"';
        report.expect(quoted || !c.is_whitespace(), "PL-05", number, || {
            format!("whitespace in {line:?}")
        });
    }
}

/// An attribute list (§4.2), values as written, quotes included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes<'a> {
    entries: Vec<(&'a str, &'a str)>,
}

impl<'a> Attributes<'a> {
    /// Reads a list; PL-08.
    pub(crate) fn read(value: &'a str, line: usize, report: &mut Report) -> Self {
        let mut entries: Vec<(&str, &str)> = Vec::new();
        let mut rest = value;
        loop {
            let Some((name, after)) = rest.split_once('=') else {
                report.add("PL-08", line, format!("{rest:?} is not NAME=value"));
                break;
            };
            let legal = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-';
            report.expect(
                !name.is_empty() && name.chars().all(legal),
                "PL-08",
                line,
                || format!("the attribute name {name:?}"),
            );
            let length = match after.strip_prefix('"') {
                Some(inner) => match inner.find('"') {
                    Some(end) => end + 2,
                    None => {
                        report.add("PL-13", line, format!("{name} has no closing quote"));
                        after.len()
                    }
                },
                None => after.find(',').unwrap_or(after.len()),
            };
            let (value, next) = after.split_at(length);
            report.expect(!value.is_empty(), "PL-08", line, || {
                format!("{name} has no value")
            });
            report.expect(
                entries.iter().all(|(other, _)| *other != name),
                "PL-08",
                line,
                || format!("{name} appears twice"),
            );
            entries.push((name, value));
            match next.strip_prefix(',') {
                Some(next) => rest = next,
                None if next.is_empty() => break,
                None => {
                    report.add(
                        "PL-08",
                        line,
                        format!("{next:?} follows the value of {name}"),
                    );
                    break;
                }
            }
        }
        Self { entries }
    }

    /// Reads a list whose faults somebody else reports.
    #[must_use]
    pub fn parse(value: &'a str) -> Self {
        Self::read(value, 0, &mut Report::default())
    }

    /// The raw value of an attribute.
    #[must_use]
    pub fn raw(&self, name: &str) -> Option<&'a str> {
        self.entries
            .iter()
            .find(|(other, _)| *other == name)
            .map(|(_, value)| *value)
    }

    /// The contents of a quoted string.
    #[must_use]
    pub fn quoted(&self, name: &str) -> Option<&'a str> {
        self.raw(name)?.strip_prefix('"')?.strip_suffix('"')
    }

    /// Whether the attribute is `YES`.
    #[must_use]
    pub fn is_yes(&self, name: &str) -> bool {
        self.raw(name) == Some("YES")
    }

    /// Every name with its raw value, as written.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, &'a str)> + '_ {
        self.entries.iter().copied()
    }
}
