//! Rules about a multivariant playlist (§4.4.6).

use crate::line::{Attributes, Line, lines};
use crate::seconds::Seconds;
use crate::types::{self, Family, family};
use crate::violation::Report;

struct Tag<'a> {
    name: &'a str,
    attributes: Attributes<'a>,
    line: usize,
}

impl Tag<'_> {
    fn owned(&self, name: &str) -> Option<String> {
        self.attributes.quoted(name).map(str::to_owned)
    }
}

/// Checks a body; returns the URIs of its variants.
pub(crate) fn check(body: &str, report: &mut Report) -> Vec<String> {
    let mut tags: Vec<Tag<'_>> = Vec::new();
    let mut uris = Vec::new();
    let mut expects_uri = false;
    for (line, content) in lines(body, report) {
        match content {
            Line::Uri(uri) => {
                report.expect(expects_uri, "MV-02", line, || {
                    format!("{uri} follows no variant")
                });
                uris.push(uri.to_owned());
                expects_uri = false;
            }
            Line::Tag { name, value } => {
                report.expect(!expects_uri, "MV-02", line, || {
                    "a variant without a URI".into()
                });
                expects_uri = name == "#EXT-X-STREAM-INF";
                let mixed = matches!(
                    family(name),
                    Family::Media | Family::Segment | Family::Metadata | Family::Unknown
                );
                report.expect(!mixed, "PL-07", line, || name.to_owned());
                let has_list = matches!(family(name), Family::Multivariant | Family::Either);
                let attributes = match value.filter(|_| has_list) {
                    Some(value) => Attributes::read(value, line, report),
                    None => Attributes::default(),
                };
                types::check(name, &attributes, line, report);
                tags.push(Tag {
                    name,
                    attributes,
                    line,
                });
            }
            Line::Blank | Line::Comment => {
                report.expect(!expects_uri, "MV-02", line, || {
                    "a variant without a URI".into()
                });
            }
        }
    }
    report.expect(!expects_uri, "MV-02", 0, || {
        "a variant without a URI".into()
    });
    let any = tags
        .iter()
        .any(|tag| family(tag.name) == Family::Multivariant);
    report.expect(any, "MV-01", 0, || "no multivariant tag".into());
    for once in [
        "#EXT-X-VERSION",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        "#EXT-X-START",
    ] {
        let count = tags.iter().filter(|tag| tag.name == once).count();
        report.expect(count <= 1, "PL-19", 0, || {
            format!("{once} appears {count} times")
        });
    }
    versions(&tags, body, report);
    variants(&tags, report);
    renditions(&tags, report);
    groups(&tags, report);
    session(&tags, report);
    steering(&tags, report);
    crate::variables::definitions(body, report);
    let imports = tags
        .iter()
        .any(|tag| tag.attributes.raw("IMPORT").is_some());
    report.expect(!imports, "PL-23", 0, || {
        "IMPORT in a multivariant playlist".into()
    });
    uris
}

fn of<'t, 'a>(tags: &'t [Tag<'a>], name: &str) -> impl Iterator<Item = &'t Tag<'a>> {
    tags.iter().filter(move |tag| tag.name == name)
}

/// MV-31, PL-17, PL-18.
fn versions(tags: &[Tag<'_>], body: &str, report: &mut Report) {
    let mut floor = 1;
    let mut raise = |condition: bool, version: u32| {
        if condition {
            floor = floor.max(version);
        }
    };
    for tag in tags {
        let has = |name: &str| tag.attributes.raw(name).is_some();
        let instream = tag.attributes.quoted("INSTREAM-ID").unwrap_or_default();
        let captions = tag.attributes.raw("TYPE") == Some("CLOSED-CAPTIONS");
        raise(
            tag.name == "#EXT-X-MEDIA" && instream.starts_with("SERVICE"),
            7,
        );
        raise(tag.name == "#EXT-X-DEFINE", 8);
        raise(tag.name == "#EXT-X-DEFINE" && has("QUERYPARAM"), 11);
        raise(
            tag.attributes
                .iter()
                .any(|(name, _)| name.starts_with("REQ-")),
            12,
        );
        raise(!instream.is_empty() && !captions, 13);
        raise(tag.name == "#EXT-X-SESSION-KEY" && has("IV"), 2);
        let formats = has("KEYFORMAT") || has("KEYFORMATVERSIONS");
        let sample = tag
            .attributes
            .raw("METHOD")
            .is_some_and(|m| m.starts_with("SAMPLE-AES"));
        raise(tag.name == "#EXT-X-SESSION-KEY" && (formats || sample), 5);
    }
    let declared = body
        .lines()
        .find_map(|line| line.strip_prefix("#EXT-X-VERSION:"))
        .and_then(|version| version.parse().ok())
        .unwrap_or(1);
    report.expect(declared >= floor, "MV-31", 0, || {
        format!("version {declared}, uses {floor}")
    });
    report.expect(declared <= floor, "PL-18", 0, || {
        format!("version {declared}, uses {floor}")
    });
}

/// MV-03, MV-04, MV-07, MV-09, MV-10, MV-11, MV-13, MV-25.
fn variants(tags: &[Tag<'_>], report: &mut Report) {
    let all = |report: &mut Report, rule, what: &str, has: &dyn Fn(&Tag<'_>) -> bool| {
        let with = of(tags, "#EXT-X-STREAM-INF").filter(|tag| has(tag)).count();
        let count = of(tags, "#EXT-X-STREAM-INF").count();
        report.expect(with == 0 || with == count, rule, 0, || {
            format!("{what} on some variants")
        });
    };
    all(report, "MV-10", "SCORE", &|tag| {
        tag.attributes.raw("SCORE").is_some()
    });
    all(report, "MV-11", "CLOSED-CAPTIONS=NONE", &|tag| {
        tag.attributes.raw("CLOSED-CAPTIONS") == Some("NONE")
    });
    let streams = of(tags, "#EXT-X-STREAM-INF").chain(of(tags, "#EXT-X-I-FRAME-STREAM-INF"));
    for tag in streams {
        let attributes = &tag.attributes;
        let bandwidth: Option<u64> = attributes.raw("BANDWIDTH").and_then(|v| v.parse().ok());
        report.expect(bandwidth.is_some(), "MV-03", tag.line, || {
            "no BANDWIDTH".into()
        });
        let average = attributes
            .raw("AVERAGE-BANDWIDTH")
            .and_then(|v| v.parse().ok());
        report.expect(
            average.is_none_or(|a| Some(a) <= bandwidth),
            "MV-04",
            tag.line,
            || "the average exceeds the peak".into(),
        );
        if let Some(rate) = attributes.raw("FRAME-RATE") {
            let decimals = rate.split_once('.').map_or(0, |(_, d)| d.len());
            report.expect(decimals <= 3, "MV-07", tag.line, || rate.to_owned());
        }
        if let Some(score) = attributes.raw("SCORE") {
            let positive = Seconds::read(score).is_some_and(|s| s > Seconds(0));
            report.expect(positive, "MV-10", tag.line, || score.to_owned());
        }
        if let Some(supplemental) = attributes.quoted("SUPPLEMENTAL-CODECS") {
            let has_codecs = attributes.quoted("CODECS").is_some_and(|c| !c.is_empty());
            let formed = supplemental
                .split(',')
                .all(|c| !c.is_empty() && !c.starts_with('/'));
            report.expect(has_codecs && formed, "MV-09", tag.line, || {
                supplemental.to_owned()
            });
        }
        stable_id(tag, "STABLE-VARIANT-ID", report);
        for kind in ["AUDIO", "VIDEO", "SUBTITLES", "CLOSED-CAPTIONS"] {
            let Some(group) = attributes.quoted(kind) else {
                continue;
            };
            let exists = of(tags, "#EXT-X-MEDIA").any(|media| {
                media.attributes.raw("TYPE") == Some(kind)
                    && media.attributes.quoted("GROUP-ID") == Some(group)
            });
            report.expect(exists, "MV-11", tag.line, || format!("{kind}=\"{group}\""));
        }
        if let Some(captions) = attributes.raw("CLOSED-CAPTIONS") {
            let formed = captions == "NONE" || captions.starts_with('"');
            report.expect(formed, "MV-11", tag.line, || captions.to_owned());
        }
        if let Some(layout) = attributes.quoted("REQ-VIDEO-LAYOUT") {
            let known = |s: &str| {
                matches!(
                    s,
                    "CH-MONO"
                        | "CH-STEREO"
                        | "PROJ-RECT"
                        | "PROJ-EQUI"
                        | "PROJ-HEQU"
                        | "PROJ-PRIM"
                        | "PROJ-AIV"
                )
            };
            report.expect(
                layout.split([',', '/']).all(known),
                "MV-12",
                tag.line,
                || layout.to_owned(),
            );
        }
        if tag.name == "#EXT-X-I-FRAME-STREAM-INF" {
            report.expect(
                attributes.quoted("URI").is_some(),
                "MV-25",
                tag.line,
                || "no URI".into(),
            );
            for forbidden in ["FRAME-RATE", "AUDIO", "SUBTITLES", "CLOSED-CAPTIONS"] {
                report.expect(
                    attributes.raw(forbidden).is_none(),
                    "MV-25",
                    tag.line,
                    || forbidden.to_owned(),
                );
            }
        }
    }
}

fn stable_id(tag: &Tag<'_>, name: &str, report: &mut Report) {
    if let Some(id) = tag.attributes.quoted(name) {
        let legal = |c: char| c.is_ascii_alphanumeric() || "+/=._-".contains(c);
        report.expect(id.chars().all(legal), "MV-13", tag.line, || id.to_owned());
    }
}

/// MV-14, MV-15, MV-16, MV-17.
fn renditions(tags: &[Tag<'_>], report: &mut Report) {
    for (index, tag) in of(tags, "#EXT-X-MEDIA").enumerate() {
        let attributes = &tag.attributes;
        let kind = attributes.raw("TYPE").unwrap_or_default();
        for required in ["TYPE", "GROUP-ID", "NAME"] {
            report.expect(
                attributes.raw(required).is_some(),
                "MV-14",
                tag.line,
                || format!("no {required}"),
            );
        }
        let uri = attributes.raw("URI").is_some();
        let uri_holds = match kind {
            "CLOSED-CAPTIONS" => !uri,
            "SUBTITLES" => uri,
            _ => true,
        };
        report.expect(uri_holds, "MV-14", tag.line, || {
            format!("{kind} and URI: {uri}")
        });
        let default = attributes.is_yes("DEFAULT");
        let autoselect = attributes.raw("AUTOSELECT");
        report.expect(
            !default || autoselect != Some("NO"),
            "MV-15",
            tag.line,
            || "DEFAULT=YES with AUTOSELECT=NO".into(),
        );
        let only = |name: &str, kinds: &str| attributes.raw(name).is_none() || kind == kinds;
        let holds = only("FORCED", "SUBTITLES")
            && only("CHANNELS", "AUDIO")
            && only("BIT-DEPTH", "AUDIO")
            && only("SAMPLE-RATE", "AUDIO");
        report.expect(holds, "MV-15", tag.line, || {
            format!("an attribute that {kind} has not")
        });
        if kind == "CLOSED-CAPTIONS" {
            let id = attributes.quoted("INSTREAM-ID").unwrap_or_default();
            let cc = id.strip_prefix("CC").and_then(|n| n.parse::<u8>().ok());
            let service = id
                .strip_prefix("SERVICE")
                .and_then(|n| n.parse::<u8>().ok());
            let known = cc.is_some_and(|n| (1..=4).contains(&n))
                || service.is_some_and(|n| (1..=63).contains(&n));
            report.expect(known, "MV-16", tag.line, || format!("INSTREAM-ID=\"{id}\""));
        }
        stable_id(tag, "STABLE-RENDITION-ID", report);
        for other in of(tags, "#EXT-X-MEDIA").take(index) {
            let same_group = other.attributes.raw("TYPE") == attributes.raw("TYPE")
                && other.attributes.raw("GROUP-ID") == attributes.raw("GROUP-ID");
            if same_group {
                let named = other.attributes.raw("NAME") == attributes.raw("NAME");
                report.expect(!named, "MV-17", tag.line, || "one NAME twice".into());
                let both = default && other.attributes.is_yes("DEFAULT");
                report.expect(!both, "MV-17", tag.line, || "two defaults".into());
            }
        }
    }
}

/// MV-18: groups of one type have the same members.
fn groups(tags: &[Tag<'_>], report: &mut Report) {
    const MAY_DIFFER: [&str; 7] = [
        "GROUP-ID",
        "URI",
        "CHANNELS",
        "BIT-DEPTH",
        "STABLE-RENDITION-ID",
        "INSTREAM-ID",
        "SAMPLE-RATE",
    ];
    let members = |kind: &str, group: &str| {
        let mut members: Vec<Vec<String>> = of(tags, "#EXT-X-MEDIA")
            .filter(|tag| {
                tag.attributes.raw("TYPE") == Some(kind)
                    && tag.attributes.quoted("GROUP-ID") == Some(group)
            })
            .map(|tag| {
                let kept = tag
                    .attributes
                    .iter()
                    .filter(|(name, _)| !MAY_DIFFER.contains(name));
                let mut kept: Vec<String> = kept.map(|(n, v)| format!("{n}={v}")).collect();
                kept.sort();
                kept
            })
            .collect();
        members.sort();
        members
    };
    for kind in ["AUDIO", "VIDEO", "SUBTITLES", "CLOSED-CAPTIONS"] {
        let mut ids: Vec<String> = of(tags, "#EXT-X-MEDIA")
            .filter(|tag| tag.attributes.raw("TYPE") == Some(kind))
            .filter_map(|tag| tag.owned("GROUP-ID"))
            .collect();
        ids.dedup();
        for pair in ids.windows(2) {
            let same = members(kind, &pair[0]) == members(kind, &pair[1]);
            report.expect(same, "MV-18", 0, || {
                format!("{kind}: {} and {}", pair[0], pair[1])
            });
        }
    }
}

/// MV-26, MV-27.
fn session(tags: &[Tag<'_>], report: &mut Report) {
    let mut seen = Vec::new();
    for tag in of(tags, "#EXT-X-SESSION-DATA") {
        let attributes = &tag.attributes;
        report.expect(
            attributes.raw("DATA-ID").is_some(),
            "MV-26",
            tag.line,
            || "no DATA-ID".into(),
        );
        let one = attributes.raw("VALUE").is_some() != attributes.raw("URI").is_some();
        report.expect(one, "MV-26", tag.line, || "VALUE and URI".into());
        let key = (attributes.raw("DATA-ID"), attributes.raw("LANGUAGE"));
        report.expect(!seen.contains(&key), "MV-26", tag.line, || {
            format!("{key:?} twice")
        });
        seen.push(key);
    }
    let mut keys = Vec::new();
    for tag in of(tags, "#EXT-X-SESSION-KEY") {
        let method = tag.attributes.raw("METHOD");
        let holds = method.is_some_and(|m| m != "NONE") && tag.attributes.raw("URI").is_some();
        report.expect(holds, "MV-27", tag.line, || format!("METHOD={method:?}"));
        report.expect(!keys.contains(&&tag.attributes), "MV-27", tag.line, || {
            "twice".into()
        });
        keys.push(&tag.attributes);
    }
}

/// MV-28.
fn steering(tags: &[Tag<'_>], report: &mut Report) {
    let mut steering = of(tags, "#EXT-X-CONTENT-STEERING");
    let Some(tag) = steering.next() else { return };
    report.expect(steering.next().is_none(), "MV-28", 0, || "twice".into());
    report.expect(
        tag.attributes.raw("SERVER-URI").is_some(),
        "MV-28",
        tag.line,
        || "no SERVER-URI".into(),
    );
    if let Some(pathway) = tag.attributes.quoted("PATHWAY-ID") {
        let exists = of(tags, "#EXT-X-STREAM-INF")
            .any(|variant| variant.attributes.quoted("PATHWAY-ID").unwrap_or(".") == pathway);
        report.expect(exists, "MV-28", tag.line, || {
            format!("no variant is on {pathway}")
        });
    }
}
