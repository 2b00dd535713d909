//! Independent judges of the playlists that we write.
//!
//! A body is read three times: by m3u8-rs, by quick-m3u8, and line by line by this crate, which
//! was written from the conformance checklist alone and depends on nothing of the code it judges.
//! What two readers both know must agree; and every rule of the checklist that can be checked on
//! one body (its `[P]` rows of the sections PL, MP, SEG, UP, LL and MV) is checked.
//!
//! * [`assert_media_playlist`], [`assert_multivariant`]: for tests; panic with every violation.
//! * [`check_media`], [`check_multivariant`], [`check`]: the same without a panic.
//! * [`Media`]: what a media playlist says, for comparison with other versions of it;
//!   [`read_media`] reads it without a judgement.
//! * [`check_succession`]: what may change from one version to the next.
//!
//! The binary `check-playlists FILE…` does it to recorded bodies.
//!
//! ```
//! let body = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\na.ts\n#EXT-X-ENDLIST\n";
//! playlist_oracle::assert_media_playlist(body);
//! let broken = body.replace("#EXTINF:4,", "#EXTINF:4.6,");
//! let violations = playlist_oracle::check_media(&broken).unwrap_err();
//! assert!(violations.iter().any(|violation| violation.rule == "MP-03"));
//! ```

mod date_ranges;
mod line;
mod media;
mod multivariant;
mod parsers;
mod reader;
mod rules;
mod seconds;
mod succession;
mod types;
mod variables;
mod violation;

pub use line::Attributes;
pub use media::{Hint, Media, Part, Segment};
pub use seconds::{Seconds, read_date};
pub use succession::check_succession;
pub use violation::Violation;

use violation::Report;

/// Checks a media playlist; a delta update too.
///
/// # Errors
/// Every rule it breaks.
pub fn check_media(body: &str) -> Result<Media, Vec<Violation>> {
    let mut report = Report::default();
    let media = Media::read(body, &mut report);
    rules::check(&media, body, &mut report);
    parsers::compare_media(&media, body, &mut report);
    if report.violations.is_empty() {
        without_low_latency(body, &mut report);
    }
    result(report, media)
}

/// Reads a media playlist and judges nothing: for one that was judged before, or that somebody
/// else judges.
#[must_use]
pub fn read_media(body: &str) -> Media {
    Media::read(body, &mut Report::default())
}

/// LL-34: without its low-latency tags the playlist is still a good one.
fn without_low_latency(body: &str, report: &mut Report) {
    const TAGS: [&str; 5] = [
        "#EXT-X-PART:",
        "#EXT-X-PART-INF:",
        "#EXT-X-SERVER-CONTROL:",
        "#EXT-X-PRELOAD-HINT:",
        "#EXT-X-RENDITION-REPORT:",
    ];
    // A delta is only ever sent to a client that asked for one.
    if body.contains("#EXT-X-SKIP:") {
        return;
    }
    let kept = body
        .lines()
        .filter(|line| !TAGS.iter().any(|tag| line.starts_with(tag)));
    let stripped: String = kept.flat_map(|line| [line, "\n"]).collect();
    let mut inner = Report::default();
    let media = Media::read(&stripped, &mut inner);
    rules::check(&media, &stripped, &mut inner);
    for violation in inner.violations {
        report.add("LL-34", violation.line, violation.to_string());
    }
}

/// Checks a multivariant playlist.
///
/// # Errors
/// Every rule it breaks.
pub fn check_multivariant(body: &str) -> Result<(), Vec<Violation>> {
    let mut report = Report::default();
    let variants = multivariant::check(body, &mut report);
    parsers::compare_multivariant(&variants, body, &mut report);
    result(report, ())
}

/// Checks a playlist of either kind.
///
/// # Errors
/// Every rule it breaks.
pub fn check(body: &str) -> Result<(), Vec<Violation>> {
    let multivariant = body
        .lines()
        .any(|line| line.starts_with("#EXT-X-STREAM-INF:") || line.starts_with("#EXT-X-MEDIA:"));
    if multivariant {
        check_multivariant(body)
    } else {
        check_media(body).map(|_| ())
    }
}

/// Checks a media playlist in a test.
///
/// # Panics
/// When it breaks a rule; the message names each.
pub fn assert_media_playlist(body: &str) -> Media {
    match check_media(body) {
        Ok(media) => media,
        Err(violations) => panic!("{}", describe(body, &violations)),
    }
}

/// Checks a multivariant playlist in a test.
///
/// # Panics
/// When it breaks a rule; the message names each.
pub fn assert_multivariant(body: &str) {
    if let Err(violations) = check_multivariant(body) {
        panic!("{}", describe(body, &violations));
    }
}

fn describe(body: &str, violations: &[Violation]) -> String {
    let mut text = String::from("the playlist breaks rules:\n");
    for violation in violations {
        text.push_str(&format!("  {violation}\n"));
    }
    text.push_str(body);
    text
}

fn result<T>(report: Report, value: T) -> Result<T, Vec<Violation>> {
    if report.violations.is_empty() {
        Ok(value)
    } else {
        Err(report.violations)
    }
}
