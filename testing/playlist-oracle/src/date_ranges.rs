//! Rules about the date ranges of one version (§4.4.5.1).

use crate::media::Media;
use crate::seconds::{Seconds, read_date};
use crate::violation::Report;

/// SEG-17, SEG-19, SEG-22.
pub(crate) fn check(media: &Media, report: &mut Report) {
    let dated = media
        .segments
        .iter()
        .chain([&media.open])
        .any(|s| s.time.is_some());
    report.expect(media.date_ranges.is_empty() || dated, "SEG-19", 0, || {
        "date ranges without a date".into()
    });
    for (index, range) in media.date_ranges.iter().enumerate() {
        let raw = |name: &str| {
            range
                .iter()
                .find(|(n, _)| n == name)
                .map(|(_, v)| v.as_str())
        };
        let text = |name: &str| raw(name).map(|v| v.trim_matches('"'));
        let date = |name: &str| text(name).and_then(read_date);
        let id = text("ID");
        let mut expect = |holds: bool, what: &str| {
            report.expect(holds, "SEG-17", 0, || {
                format!("{}: {what}", id.unwrap_or("?"))
            });
        };
        expect(id.is_some(), "no ID");
        let first = !media.date_ranges[..index].iter().any(|other| {
            other
                .iter()
                .any(|(n, v)| n == "ID" && Some(v.trim_matches('"')) == id)
        });
        expect(
            !first || raw("START-DATE").is_some() || media.skipped > 0,
            "no START-DATE",
        );
        if let (Some(start), Some(end)) = (date("START-DATE"), date("END-DATE")) {
            expect(end >= start, "ends before it starts");
            if let Some(duration) = raw("DURATION").and_then(Seconds::read) {
                let agree = (end - start - i128::from(duration.0)).abs() <= 1_000_000;
                expect(agree, "DURATION and END-DATE disagree");
            }
        }
        if raw("END-ON-NEXT").is_some() {
            expect(raw("CLASS").is_some(), "END-ON-NEXT without CLASS");
            let open = raw("DURATION").is_none() && raw("END-DATE").is_none();
            expect(open, "END-ON-NEXT with an end");
        }
        if let Some(cue) = text("CUE") {
            let has = |what: &str| cue.split(',').any(|c| c == what);
            expect(!(has("PRE") && has("POST")), "CUE is PRE and POST");
        }
        if text("CLASS") == Some("com.apple.hls.interstitial") && first {
            let one = raw("X-ASSET-URI").is_some() != raw("X-ASSET-LIST").is_some();
            report.expect(one, "SEG-22", 0, || format!("{id:?}"));
        }
    }
}
