//! "Did you mean": the known word that is nearest to an unknown one.

use super::settings;

/// Below this two words are no misspellings of each other.
const LIKENESS: f64 = 0.8;

/// The most alike of `known`, where one is alike at all.
pub(super) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|candidate| (strsim::jaro_winkler(word, candidate), candidate))
        .filter(|(likeness, _)| *likeness >= LIKENESS)
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, candidate)| candidate)
}

pub(super) fn unknown_section(name: &str) -> String {
    let mut sections = settings::SECTIONS.iter();
    if let Some(near) = nearest(name, sections.clone().map(|section| section.name)) {
        return format!("there is no such section; [{near}] is meant?");
    }
    // A key without its section, in front of the first one.
    let home = sections.find(|section| section.keys.iter().any(|key| key.name() == name));
    match home {
        Some(section) => format!("this key belongs into the section [{}]", section.name),
        None => {
            let names: Vec<_> = settings::SECTIONS.iter().map(|it| it.name).collect();
            format!("there is no such section; there are {}", names.join(", "))
        }
    }
}

pub(super) fn unknown_key(path: &str) -> String {
    let (section, name) = path.split_once('.').unwrap_or(("", path));
    let elsewhere = settings::keys().find(|key| key.name() == name);
    if let Some(key) = elsewhere {
        return format!("there is no such key; {} is meant?", key.path);
    }
    if let Some(near) = nearest(path, settings::keys().map(|key| key.path)) {
        return format!("there is no such key; {near} is meant?");
    }
    let known: Vec<_> = settings::keys()
        .filter(|key| key.section() == section)
        .map(|key| key.name())
        .collect();
    format!("there is no such key; [{section}] has {}", known.join(", "))
}
