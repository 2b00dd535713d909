//! From lines to a media playlist: state is carried from line to line, as a client does, and rules
//! about one line at a time are checked on the way.

use crate::line::{Attributes, Line, lines};
use crate::media::{Hint, Media, Part, Segment};
use crate::seconds::{Seconds, read_date};
use crate::types::{self, Family, family, is_integer, read_range};
use crate::violation::Report;

pub(crate) struct Reader<'r> {
    report: &'r mut Report,
    media: Media,
    seen: Vec<String>,
    /// What the segment being read has so far.
    segment: Segment,
    extinf: Option<Seconds>,
    dsn: u64,
    first_segment_line: Option<usize>,
}

impl<'r> Reader<'r> {
    pub(crate) fn new(report: &'r mut Report) -> Self {
        Self {
            report,
            media: Media::default(),
            seen: Vec::new(),
            segment: Segment::default(),
            extinf: None,
            dsn: 0,
            first_segment_line: None,
        }
    }

    pub(crate) fn read(mut self, body: &str) -> Media {
        for (line, content) in lines(body, self.report) {
            match content {
                Line::Blank | Line::Comment => {}
                Line::Uri(uri) => self.uri(uri, line),
                Line::Tag { name, value } => {
                    self.order(name, line);
                    self.tag(name, value, line);
                    self.seen.push(name.to_owned());
                }
            }
        }
        self.report.expect(self.extinf.is_none(), "SEG-01", 0, || {
            "EXTINF without a URI".into()
        });
        self.segment.msn = self.next_msn();
        self.segment.dsn = self.dsn;
        self.media.open = self.segment;
        self.media
    }

    fn next_msn(&self) -> u64 {
        self.media.media_sequence + self.media.skipped + self.media.segments.len() as u64
    }

    fn uri(&mut self, uri: &str, line: usize) {
        self.report
            .expect(!uri.contains("_HLS_"), "SRV-23", line, || uri.to_owned());
        let Some(duration) = self.extinf.take() else {
            self.report
                .add("SEG-01", line, format!("{uri} has no EXTINF"));
            return;
        };
        let mut segment = core::mem::take(&mut self.segment);
        segment.msn = self.next_msn();
        segment.dsn = self.dsn;
        segment.uri = uri.to_owned();
        segment.duration = duration;
        self.segment = Segment {
            map: segment.map.clone(),
            keys: segment.keys.clone(),
            bitrate: segment.bitrate.clone(),
            ..Segment::default()
        };
        self.media.segments.push(segment);
    }

    /// PL-07, PL-16, PL-19, MP-01, MP-06, MP-09, PL-24, SRV-34: what may appear where.
    fn order(&mut self, name: &str, line: usize) {
        let family = family(name);
        let report = &mut *self.report;
        report.expect(family != Family::Multivariant, "PL-07", line, || {
            name.to_owned()
        });
        // PL-14: what begins with `#EXT` is a tag, so a comment must not.
        let rule = if name.starts_with("#EXT-X-") {
            "PL-25"
        } else {
            "PL-14"
        };
        report.expect(family != Family::Unknown, rule, line, || name.to_owned());
        let once = matches!(family, Family::Basic | Family::Media)
            || matches!(
                name,
                "#EXT-X-INDEPENDENT-SEGMENTS" | "#EXT-X-START" | "#EXT-X-SKIP"
            );
        if once && self.seen.iter().any(|seen| seen == name) {
            let rule = match family {
                Family::Basic => "PL-16",
                Family::Media => "MP-01",
                _ => "PL-19",
            };
            report.add(rule, line, format!("{name} appears twice"));
        }
        if family == Family::Segment && self.first_segment_line.is_none() {
            self.first_segment_line = Some(line);
        }
        let header = matches!(family, Family::Basic | Family::Either | Family::Media)
            && name != "#EXT-X-ENDLIST"
            || name == "#EXT-X-SKIP";
        if header && self.first_segment_line.is_some() {
            let rule = match name {
                "#EXT-X-MEDIA-SEQUENCE" => "MP-06",
                "#EXT-X-DISCONTINUITY-SEQUENCE" => "MP-09",
                "#EXT-X-SKIP" => "SRV-34",
                _ => "PL-24",
            };
            report.add(rule, line, format!("{name} after the first segment line"));
        }
        if matches!(
            name,
            "#EXT-X-MEDIA-SEQUENCE" | "#EXT-X-DISCONTINUITY-SEQUENCE"
        ) {
            let skip = self.seen.iter().any(|seen| seen == "#EXT-X-SKIP");
            report.expect(!skip, "SRV-34", line, || format!("{name} after EXT-X-SKIP"));
        }
    }

    fn tag(&mut self, name: &str, value: Option<&str>, line: usize) {
        if matches!(
            name,
            "#EXT-X-TARGETDURATION"
                | "#EXT-X-SERVER-CONTROL"
                | "#EXT-X-PART-INF"
                | "#EXT-X-PLAYLIST-TYPE"
                | "#EXT-X-I-FRAMES-ONLY"
        ) {
            self.media
                .fixed
                .push(format!("{name}:{}", value.unwrap_or_default()));
        }
        match name {
            "#EXTM3U" => {}
            "#EXT-X-VERSION" => self.media.version = Some(self.integer(name, value, line)),
            "#EXT-X-INDEPENDENT-SEGMENTS" => self.media.independent_segments = true,
            "#EXT-X-TARGETDURATION" => {
                self.media.target_duration = self.integer(name, value, line);
            }
            "#EXT-X-MEDIA-SEQUENCE" => self.media.media_sequence = self.integer(name, value, line),
            "#EXT-X-DISCONTINUITY-SEQUENCE" => {
                self.dsn = self.integer(name, value, line);
                self.media.discontinuity_sequence = self.dsn;
            }
            "#EXT-X-PLAYLIST-TYPE" => self.media.playlist_type = value.map(str::to_owned),
            "#EXT-X-I-FRAMES-ONLY" => self.media.i_frames_only = true,
            "#EXT-X-ENDLIST" => self.media.ended = true,
            "#EXTINF" => self.extinf(value, line),
            "#EXT-X-DISCONTINUITY" => {
                self.segment.discontinuity = true;
                self.dsn += 1;
                self.before_parts(name, line);
            }
            "#EXT-X-GAP" => self.segment.gap = true,
            "#EXT-X-PROGRAM-DATE-TIME" => {
                let time = value.unwrap_or_default();
                let precise = time.split_once('.').is_some_and(|(_, after)| {
                    after.bytes().take_while(u8::is_ascii_digit).count() >= 3
                });
                let holds = read_date(time).is_some() && precise;
                self.report
                    .expect(holds, "SEG-12", line, || time.to_owned());
                self.segment.time = Some(time.to_owned());
                self.before_parts(name, line);
            }
            "#EXT-X-BITRATE" => self.segment.bitrate = value.map(str::to_owned),
            "#EXT-X-BYTERANGE" => {
                self.segment.byte_range = value.and_then(read_range);
                let range = self.segment.byte_range;
                self.report.expect(
                    range.is_some_and(|(_, o)| o.is_some()),
                    "SEG-04",
                    line,
                    || format!("EXT-X-BYTERANGE:{}", value.unwrap_or_default()),
                );
            }
            "#EXT-X-MAP" => {
                self.attributes(name, value, line);
                self.segment.map = value.map(str::to_owned);
                self.before_parts(name, line);
            }
            "#EXT-X-KEY" => {
                self.attributes(name, value, line);
                self.key(value.unwrap_or_default());
                self.before_parts(name, line);
            }
            "#EXT-X-PART" => self.part(value, line),
            _ => self.metadata(name, value, line),
        }
    }

    fn metadata(&mut self, name: &str, value: Option<&str>, line: usize) {
        if family(name) == Family::Unknown {
            return;
        }
        let attributes = self.attributes(name, value, line);
        let owned = |name: &str| attributes.quoted(name).unwrap_or_default().to_owned();
        let number = |name: &str| attributes.raw(name).and_then(|v| v.parse().ok());
        let all = || {
            attributes
                .iter()
                .map(|(n, v)| (n.to_owned(), v.to_owned()))
                .collect()
        };
        match name {
            "#EXT-X-SERVER-CONTROL" => self.media.server_control = all(),
            "#EXT-X-PART-INF" => {
                self.media.part_target = attributes.raw("PART-TARGET").and_then(Seconds::read);
            }
            "#EXT-X-SKIP" => {
                self.media.skipped = number("SKIPPED-SEGMENTS").unwrap_or_default();
                self.report
                    .expect(self.media.skipped > 0, "AMB-07", line, || "skips 0".into());
                let removed = attributes.quoted("RECENTLY-REMOVED-DATERANGES");
                self.media.removed_date_ranges = removed.map(|ids| {
                    ids.split('\t')
                        .filter(|id| !id.is_empty())
                        .map(str::to_owned)
                        .collect()
                });
            }
            "#EXT-X-DATERANGE" => {
                let range = all();
                self.media.date_ranges.push(range);
            }
            "#EXT-X-PRELOAD-HINT" => self.media.hints.push(Hint {
                kind: attributes.raw("TYPE").unwrap_or_default().to_owned(),
                uri: owned("URI"),
                start: number("BYTERANGE-START"),
                length: number("BYTERANGE-LENGTH"),
            }),
            "#EXT-X-RENDITION-REPORT" => {
                let last = number("LAST-MSN");
                self.report
                    .expect(last.is_some(), "LL-27", line, || "no LAST-MSN".into());
                let part = number("LAST-PART");
                self.media
                    .reports
                    .push((owned("URI"), last.unwrap_or_default(), part));
            }
            _ => {}
        }
    }

    fn attributes<'a>(
        &mut self,
        name: &str,
        value: Option<&'a str>,
        line: usize,
    ) -> Attributes<'a> {
        let attributes = Attributes::read(value.unwrap_or_default(), line, self.report);
        types::check(name, &attributes, line, self.report);
        if let Some(uri) = attributes.quoted("URI") {
            self.report
                .expect(!uri.contains("_HLS_"), "SRV-23", line, || uri.to_owned());
        }
        attributes
    }

    fn integer(&mut self, name: &str, value: Option<&str>, line: usize) -> u64 {
        let value = value.unwrap_or_default();
        self.report.expect(is_integer(value), "PL-11", line, || {
            format!("{name}:{value}")
        });
        value.parse().unwrap_or_default()
    }

    fn extinf(&mut self, value: Option<&str>, line: usize) {
        let value = value.unwrap_or_default();
        self.report
            .expect(self.extinf.is_none(), "SEG-01", line, || {
                "EXTINF twice".into()
            });
        let duration = value
            .split_once(',')
            .and_then(|(duration, _)| Seconds::read(duration));
        self.report.expect(duration.is_some(), "SEG-01", line, || {
            format!("EXTINF:{value}")
        });
        let decimals = value
            .split_once(',')
            .and_then(|(duration, _)| duration.split_once('.'));
        self.report.expect(
            decimals.is_none_or(|(_, d)| d.len() <= 6),
            "PL-12",
            line,
            || format!("EXTINF:{value}"),
        );
        self.extinf = Some(duration.unwrap_or_default());
    }

    fn part(&mut self, value: Option<&str>, line: usize) {
        let attributes = self.attributes("#EXT-X-PART", value, line);
        let duration = attributes.raw("DURATION").and_then(Seconds::read);
        let uri = attributes.quoted("URI");
        let complete = duration.is_some() && uri.is_some();
        self.report.expect(complete, "LL-13", line, || {
            "a part without DURATION or URI".into()
        });
        self.report
            .expect(self.extinf.is_none(), "LL-15", line, || {
                "a part between EXTINF and the URI".into()
            });
        self.segment.parts.push(Part {
            uri: uri.unwrap_or_default().to_owned(),
            duration: duration.unwrap_or_default(),
            independent: attributes.is_yes("INDEPENDENT"),
            gap: attributes.is_yes("GAP"),
            byte_range: attributes.quoted("BYTERANGE").and_then(read_range),
            line,
        });
    }

    /// §4.4.4.4: a key is in effect until the next one of its KEYFORMAT, or NONE.
    fn key(&mut self, value: &str) {
        let none = |key: &str| key.starts_with("METHOD=NONE");
        let format = |key: &str| {
            let mut scratch = Report::default();
            let key = Attributes::read(key, 0, &mut scratch);
            key.quoted("KEYFORMAT").unwrap_or("identity").to_owned()
        };
        let keys = &mut self.segment.keys;
        if none(value) {
            keys.clear();
        } else {
            keys.retain(|key| !none(key) && format(key) != format(value));
        }
        keys.push(value.to_owned());
        keys.sort();
    }

    /// LL-16: what applies to a parent stands before its first part.
    fn before_parts(&mut self, name: &str, line: usize) {
        self.report
            .expect(self.segment.parts.is_empty(), "LL-16", line, || {
                format!("{name} after parts of its segment")
            });
    }
}
