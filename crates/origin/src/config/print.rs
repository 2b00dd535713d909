//! The documented file and the reference: both printed from the table of keys.

use std::fmt::Write as _;

use super::settings::{self, Key};

/// Why writing cannot fail.
const TAKES_ALL: &str = "a String takes all writes";

/// A configuration file with every key at its default and what it means: what `print-config` prints.
///
/// Reading it gives the defaults; deleting any line of it changes nothing.
#[must_use]
pub fn default_file() -> String {
    let mut out = String::from(
        "# Every key of the origin, with its default. Keep what you change and delete the rest.\n\
         # A variable of the environment goes over the file, a flag over both.\n",
    );
    for section in settings::SECTIONS {
        writeln!(out).expect(TAKES_ALL);
        comment(&mut out, section.about);
        writeln!(out, "[{}]", section.name).expect(TAKES_ALL);
        for key in section.keys {
            writeln!(out).expect(TAKES_ALL);
            comment(&mut out, key.about);
            writeln!(out, "# {}.", wanted(key)).expect(TAKES_ALL);
            writeln!(out, "{} = {}", key.name(), (key.default)()).expect(TAKES_ALL);
        }
    }
    out
}

fn comment(out: &mut String, lines: &[&str]) {
    for line in lines {
        writeln!(out, "#{}", line.trim_end()).expect(TAKES_ALL);
    }
}

/// What a value has to be, as a sentence without its full stop.
fn wanted(key: &Key) -> String {
    let mut wanted = key.wanted.to_owned();
    if let Some(first) = wanted.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    if let Some((low, high)) = key.range {
        write!(wanted, ", from {low} to {high}").expect(TAKES_ALL);
    }
    wanted
}

/// The reference of all keys as Markdown: what `docs/configuration.md` ends with.
#[must_use]
pub fn reference() -> String {
    let mut out = String::new();
    for section in settings::SECTIONS {
        writeln!(out, "### `[{}]`\n\n{}\n", section.name, text(section.about)).expect(TAKES_ALL);
        for key in section.keys {
            let (name, default) = (key.name(), (key.default)());
            writeln!(
                out,
                "* **`{name}`** = `{default}` · `{}`  \n  {}  \n  {}.",
                key.variable(),
                text(key.about),
                wanted(key)
            )
            .expect(TAKES_ALL);
        }
        writeln!(out).expect(TAKES_ALL);
    }
    out.trim_end().to_owned() + "\n"
}

fn text(lines: &[&str]) -> String {
    let lines: Vec<_> = lines.iter().map(|line| line.trim()).collect();
    lines.join(" ")
}
