//! A rule that nobody has seen fire may be a rule that cannot.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The rules that the files of a folder name, in quotes.
fn rules(folder: &str) -> BTreeSet<String> {
    const FAMILIES: [&str; 7] = ["PL", "MP", "SEG", "UP", "LL", "SRV", "MV"];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut rules = BTreeSet::new();
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let text = fs::read_to_string(path).unwrap();
        for word in text.split('"') {
            let rule = word.split_once('-').is_some_and(|(family, number)| {
                FAMILIES.contains(&family)
                    && number.len() == 2
                    && number.bytes().all(|digit| digit.is_ascii_digit())
            });
            if rule {
                rules.insert(word.to_owned());
            }
        }
    }
    rules
}

#[test]
fn is_shown_to_fire() {
    let (mut known, shown) = (rules("src"), rules("tests/it"));
    // It runs all the others on the playlist without its low-latency tags, and those it lets
    // through with them; we know of no playlist that only it would catch.
    assert!(known.remove("LL-34"));
    assert!(known.len() > 60, "{} rules", known.len());
    let silent: Vec<_> = known.difference(&shown).collect();
    assert!(silent.is_empty(), "no test shows that {silent:?} fire");
}
