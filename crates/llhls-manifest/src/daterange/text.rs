//! Date ranges as tags, and as records of an exported state.

use super::{DateCue, DateRange, Extension};
use crate::decimal::Decimal;
use crate::import::Fields;
use crate::state::escape;
use crate::tags;
use crate::text::{hexadecimal, quoted};
use crate::time::{MediaDuration, WallClock};

impl DateRange {
    /// `#EXT-X-DATERANGE` (§4.4.5.1).
    pub(crate) fn write(&self, out: &mut String) {
        out.push_str("#EXT-X-DATERANGE:ID=\"");
        out.push_str(&self.id);
        out.push('"');
        if let Some(class) = &self.class {
            quoted(out, "CLASS", class);
        }
        for (name, date) in [(",START-DATE=\"", self.start), (",END-DATE=\"", self.end)] {
            if let Some(date) = date {
                out.push_str(name);
                tags::date_time(out, date);
                out.push('"');
            }
        }
        if !self.cues.is_empty() {
            let cues: Vec<&str> = self.cues.iter().map(|cue| cue.name()).collect();
            quoted(out, "CUE", &cues.join(","));
        }
        for (name, duration) in [
            (",DURATION=", self.duration),
            (",PLANNED-DURATION=", self.planned_duration),
        ] {
            if let Some(duration) = duration {
                out.push_str(name);
                Decimal::nearest(duration).write(out);
            }
        }
        for (name, value) in &self.extensions {
            match value {
                Extension::Text(value) => quoted(out, name, value),
                Extension::Bytes(bytes) => {
                    out.push(',');
                    out.push_str(name);
                    out.push('=');
                    hexadecimal(out, bytes);
                }
                Extension::Seconds(seconds) => {
                    out.push(',');
                    out.push_str(name);
                    out.push('=');
                    Decimal::nearest(*seconds).write(out);
                }
            }
        }
        for (name, section) in [
            (",SCTE35-CMD=", &self.scte35_command),
            (",SCTE35-OUT=", &self.scte35_out),
            (",SCTE35-IN=", &self.scte35_in),
        ] {
            if let Some(section) = section {
                out.push_str(name);
                hexadecimal(out, section);
            }
        }
        if self.ends_on_next {
            out.push_str(",END-ON-NEXT=YES");
        }
        out.push('\n');
    }

    /// Writes a record per attribute for [`import`](Self::import).
    pub(crate) fn export(&self, record: &mut impl FnMut(&str, &[String])) {
        let number = |n: u64| n.to_string();
        let mut one = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                record(name, &[value]);
            }
        };
        one(
            "range-start",
            self.start.map(WallClock::as_unix_nanos).map(number),
        );
        one("range-class", self.class.as_deref().map(escape));
        one(
            "range-end",
            self.end.map(WallClock::as_unix_nanos).map(number),
        );
        one(
            "range-duration",
            self.duration.map(MediaDuration::as_nanos).map(number),
        );
        one(
            "range-planned",
            self.planned_duration
                .map(MediaDuration::as_nanos)
                .map(number),
        );
        for cue in &self.cues {
            one("range-cue", Some(cue.name().to_owned()));
        }
        one(
            "range-ends-on-next",
            self.ends_on_next.then(|| "1".to_owned()),
        );
        one("range-command", self.scte35_command.as_deref().map(digits));
        one("range-out", self.scte35_out.as_deref().map(digits));
        one("range-in", self.scte35_in.as_deref().map(digits));
        for (name, value) in &self.extensions {
            let (kind, value) = match value {
                Extension::Text(text) => ("range-x-text", escape(text)),
                Extension::Bytes(bytes) => ("range-x-bytes", digits(bytes)),
                Extension::Seconds(seconds) => ("range-x-seconds", number(seconds.as_nanos())),
            };
            record(kind, &[escape(name), value]);
        }
    }

    /// Reads one of those records; `None` when it cannot be read.
    pub(crate) fn import(&mut self, record: &str, fields: &mut Fields<'_>) -> Option<()> {
        match record {
            "range-start" => self.start = Some(WallClock::from_unix_nanos(fields.number()?)),
            "range-class" => self.class = Some(fields.text()?),
            "range-end" => self.end = Some(WallClock::from_unix_nanos(fields.number()?)),
            "range-duration" => self.duration = Some(MediaDuration::from_nanos(fields.number()?)),
            "range-planned" => {
                self.planned_duration = Some(MediaDuration::from_nanos(fields.number()?));
            }
            "range-cue" => {
                let name = fields.text()?;
                let all = [DateCue::Pre, DateCue::Post, DateCue::Once];
                self.cues
                    .push(all.into_iter().find(|cue| cue.name() == name)?);
            }
            "range-ends-on-next" => self.ends_on_next = true,
            "range-command" => self.scte35_command = Some(bytes(&fields.text()?)?),
            "range-out" => self.scte35_out = Some(bytes(&fields.text()?)?),
            "range-in" => self.scte35_in = Some(bytes(&fields.text()?)?),
            "range-x-text" => {
                let name = fields.text()?;
                self.extensions
                    .push((name, Extension::Text(fields.text()?)));
            }
            "range-x-bytes" => {
                let name = fields.text()?;
                self.extensions
                    .push((name, Extension::Bytes(bytes(&fields.text()?)?)));
            }
            "range-x-seconds" => {
                let name = fields.text()?;
                let seconds = MediaDuration::from_nanos(fields.number()?);
                self.extensions.push((name, Extension::Seconds(seconds)));
            }
            _ => return None,
        }
        Some(())
    }
}

impl DateCue {
    const fn name(self) -> &'static str {
        match self {
            Self::Pre => "PRE",
            Self::Post => "POST",
            Self::Once => "ONCE",
        }
    }
}

fn digits(bytes: &[u8]) -> String {
    let mut out = String::new();
    hexadecimal(&mut out, bytes);
    out
}

fn bytes(digits: &str) -> Option<Vec<u8>> {
    let digits = digits.strip_prefix("0x")?;
    let pairs = digits.as_bytes().chunks(2);
    let byte = |pair: &[u8]| u8::from_str_radix(core::str::from_utf8(pair).ok()?, 16).ok();
    (digits.len() % 2 == 0 && digits.is_ascii())
        .then(|| pairs.map(byte).collect())
        .flatten()
}
