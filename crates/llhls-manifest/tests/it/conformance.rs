use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The requirements, by family and highest number, with those that were never given out.
const FAMILIES: [(&str, u32, &[u32]); 11] = [
    ("PL", 26, &[]),
    ("MP", 16, &[]),
    ("SEG", 22, &[]),
    ("UP", 17, &[]),
    ("LL", 35, &[]),
    ("SRV", 42, &[25, 26, 27, 28, 29]),
    ("HINT", 13, &[]),
    ("MV", 33, &[]),
    ("AMB", 32, &[]),
    ("HTTP", 21, &[]),
    ("PROF", 16, &[]),
];

/// Whose business a row without a test may be.
const ELSEWHERE: [&str; 3] = ["(server)", "(packager)", "(deployment)"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

struct Row {
    ids: Vec<(String, u32)>,
    what: String,
    shown: String,
}

fn rows() -> Vec<Row> {
    let text = fs::read_to_string(root().join("docs/conformance.md")).unwrap();
    let table = text
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| ID |"));
    let rows = table.map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let [ids, what, shown] = cells[..] else {
            panic!("three cells: {line}")
        };
        Row {
            ids: expand(ids),
            what: what.to_owned(),
            shown: shown.to_owned(),
        }
    });
    rows.collect()
}

/// `A-1, A-3 … A-5` is.
fn expand(cell: &str) -> Vec<(String, u32)> {
    let id = |text: &str| {
        // What follows the number says in which case.
        let word = text.split_whitespace().next().unwrap_or_default();
        let (family, number) = word.split_once('-').unwrap_or_else(|| panic!("{text}"));
        (family.to_owned(), number.parse::<u32>().unwrap())
    };
    let mut ids = Vec::new();
    // A row about something that the checklist has no requirement for goes by its name.
    let is_name = !cell.contains(|c: char| c.is_ascii_digit());
    for item in cell.split(',').filter(|_| !is_name) {
        match item.split_once('…') {
            None => ids.push(id(item)),
            Some((first, last)) => {
                let ((family, first), (other, last)) = (id(first), id(last));
                assert_eq!(family, other, "{item}");
                ids.extend((first..=last).map(|number| (family.clone(), number)));
            }
        }
    }
    ids
}

#[test]
fn every_requirement_has_a_row() {
    let have: BTreeSet<(String, u32)> = rows().into_iter().flat_map(|row| row.ids).collect();
    let mut missing = Vec::new();
    for (family, highest, unused) in FAMILIES {
        for number in (1..=highest).filter(|number| !unused.contains(number)) {
            if !have.contains(&(family.to_owned(), number)) {
                missing.push(format!("{family}-{number:02}"));
            }
        }
    }
    assert!(missing.is_empty(), "no row for {missing:?}");
}

#[test]
fn every_row_names_tests_that_exist() {
    let folders: BTreeMap<&str, &str> = [
        ("manifest", "crates/llhls-manifest/tests/it"),
        ("manifest-src", "crates/llhls-manifest/src"),
        ("oracle", "testing/playlist-oracle/tests/it"),
        ("playlists", "crates/playlists/tests/it"),
        ("playlists-src", "crates/playlists/src"),
        ("origin", "crates/origin/tests/it"),
        ("origin-src", "crates/origin/src"),
    ]
    .into();
    let mut wrong = Vec::new();
    for row in rows() {
        let tests: Vec<&str> = row
            .shown
            .split('`')
            .filter(|part| part.contains("::"))
            .collect();
        if tests.is_empty() {
            let excused = ELSEWHERE.iter().any(|scope| row.what.starts_with(scope));
            if row.shown != "—" || !excused {
                wrong.push(format!("{:?} names no test", row.ids));
            }
        }
        for test in tests {
            let [folder, modules @ .., name] = &test.split("::").collect::<Vec<_>>()[..] else {
                panic!("{test} is no path");
            };
            let path = folders.get(folder).map(|folder| root().join(folder));
            let file = path.map(|path| path.join(modules.join("/")).with_extension("rs"));
            let text = file
                .and_then(|file| fs::read_to_string(file).ok())
                .unwrap_or_default();
            if !text.contains(&format!("fn {name}(")) {
                wrong.push(format!("{test} does not exist"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
