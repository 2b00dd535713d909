//! Rules about what both kinds of playlists may say ahead of everything else (§4.4.2).

use crate::media::Media;
use crate::seconds::Seconds;
use crate::violation::Report;

/// PL-22.
pub(crate) fn start(media: &Media, body: &str, report: &mut Report) {
    for line in body
        .lines()
        .filter_map(|line| line.strip_prefix("#EXT-X-START:"))
    {
        let offset = line
            .split(',')
            .find_map(|attribute| attribute.strip_prefix("TIME-OFFSET="));
        let Some(offset) = offset else {
            report.add("PL-22", 0, "no TIME-OFFSET");
            continue;
        };
        let from_end = offset.strip_prefix('-').and_then(Seconds::read);
        if let (Some(from_end), false) = (from_end, media.ended) {
            let near = Seconds::whole(media.target_duration * 3);
            report.expect(from_end >= near, "PL-22", 0, || {
                format!("TIME-OFFSET={offset}")
            });
        }
    }
}

/// PL-23: definitions are unique and precede their use.
pub(crate) fn definitions(body: &str, report: &mut Report) {
    let mut names: Vec<&str> = Vec::new();
    for (index, line) in body.lines().enumerate() {
        let number = index + 1;
        for reference in references(line) {
            report.expect(names.contains(&reference), "PL-23", number, || {
                format!("{reference} is used before its definition")
            });
        }
        let Some(value) = line.strip_prefix("#EXT-X-DEFINE:") else {
            continue;
        };
        let mut scratch = Report::default();
        let attributes = crate::line::Attributes::read(value, number, &mut scratch);
        let kinds = ["NAME", "IMPORT", "QUERYPARAM"];
        let mut given = kinds.iter().filter_map(|kind| attributes.quoted(kind));
        let (Some(name), None) = (given.next(), given.next()) else {
            report.add("PL-23", number, value);
            continue;
        };
        let legal = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let holds = !name.is_empty() && name.chars().all(legal) && !names.contains(&name);
        report.expect(holds, "PL-23", number, || name.to_owned());
        let valued = attributes.raw("VALUE").is_some() == attributes.raw("NAME").is_some();
        report.expect(valued, "PL-23", number, || value.to_owned());
        names.push(name);
    }
}

fn references(line: &str) -> impl Iterator<Item = &str> {
    line.split("{$")
        .skip(1)
        .filter_map(|rest| rest.split_once('}').map(|(name, _)| name))
}
