//! What a golden playlist says, as JSON, for readers in other languages.

use std::fmt::Write;

use playlist_oracle::{Media, Seconds, read_date};

/// In the order and under the names of `testing/playlist-oracle/hls-js/parser.test.mjs`.
pub(crate) fn facts(media: &Media) -> String {
    let mut out = String::from("{\n");
    let _ = writeln!(out, "  \"targetDuration\": {},", media.target_duration);
    let _ = writeln!(out, "  \"mediaSequence\": {},", media.media_sequence);
    let _ = writeln!(out, "  \"live\": {},", !media.ended);
    let _ = writeln!(out, "  \"skipped\": {},", media.skipped);
    let _ = writeln!(
        out,
        "  \"partTarget\": {},",
        or_null(media.part_target.map(Seconds::as_f64))
    );
    let _ = writeln!(
        out,
        "  \"blocks\": {},",
        media.control("CAN-BLOCK-RELOAD").is_some()
    );
    list(&mut out, "segments", &media.segments, |segment| {
        let map = segment.map.as_deref().and_then(|map| map.split('"').nth(1));
        let method = |key: &String| key.split([',', '=']).nth(1).map(str::to_owned);
        let key = segment
            .keys
            .first()
            .and_then(method)
            .filter(|method| method != "NONE");
        let date = segment
            .time
            .as_deref()
            .and_then(read_date)
            .map(|date| date / 1_000_000);
        let range = segment.byte_range.and_then(|(length, offset)| {
            offset.map(|offset| format!("[{offset}, {}]", offset + length))
        });
        format!(
            "{{ \"sn\": {}, \"cc\": {}, \"uri\": \"{}\", \"duration\": {}, \"date\": {}, \
             \"gap\": {}, \"map\": {}, \"key\": {}, \"range\": {} }}",
            segment.msn,
            segment.dsn,
            segment.uri,
            segment.duration.as_f64(),
            or_null(date),
            segment.gap,
            or_null(map.map(|map| format!("\"{map}\""))),
            or_null(key.map(|key| format!("\"{key}\""))),
            or_null(range),
        )
    });
    let parts: Vec<_> = media.parts().collect();
    list(&mut out, "parts", &parts, |part| {
        format!(
            "{{ \"uri\": \"{}\", \"duration\": {}, \"independent\": {}, \"gap\": {} }}",
            part.uri,
            part.duration.as_f64(),
            part.independent,
            part.gap
        )
    });
    let hint = media.hints.iter().find(|hint| hint.kind == "PART");
    let _ = writeln!(
        out,
        "  \"hint\": {},",
        or_null(hint.map(|hint| format!("\"{}\"", hint.uri)))
    );
    let _ = writeln!(out, "  \"reports\": {},", media.reports.len());
    let id = |range: &Vec<(String, String)>| {
        range
            .iter()
            .find(|(name, _)| name == "ID")
            .map(|(_, id)| id.clone())
    };
    let mut ids: Vec<String> = media.date_ranges.iter().filter_map(id).collect();
    ids.dedup();
    let _ = writeln!(out, "  \"dateRanges\": [{}]", ids.join(", "));
    out.push_str("}\n");
    out
}

fn or_null<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "null".to_owned(), |value| value.to_string())
}

fn list<T>(out: &mut String, name: &str, items: &[T], write: impl Fn(&T) -> String) {
    let lines: Vec<String> = items
        .iter()
        .map(|item| format!("    {}", write(item)))
        .collect();
    let _ = writeln!(out, "  \"{name}\": [\n{}\n  ],", lines.join(",\n"));
}
