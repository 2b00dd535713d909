//! Date ranges (§4.4.5.1): facts about spans of time, beside the media.

use core::fmt;

use crate::decimal::Decimal;
use crate::import::Fields;
use crate::state::escape;
use crate::tags;
use crate::text::{check_quoted, hexadecimal, quoted};
use crate::time::{MediaDuration, WallClock};

/// One date range, or what is to be added to one that is known by its ID.
///
/// ```
/// use llhls_manifest::{DateRange, MediaDuration, WallClock};
///
/// let start = WallClock::from_unix_millis(1_795_219_200_000);
/// let break_out = DateRange::new("ad-1", start)
///     .planned_duration(MediaDuration::from_secs(30))
///     .scte35_out(&[0xfc, 0x30]);
/// // Later, when the break is over:
/// let break_in = DateRange::update("ad-1")
///     .duration(MediaDuration::from_secs(29))
///     .scte35_in(&[0xfc, 0x31]);
/// assert_eq!(break_out.id(), break_in.id());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DateRange {
    pub(crate) id: String,
    pub(crate) start: Option<WallClock>,
    pub(crate) class: Option<String>,
    pub(crate) end: Option<WallClock>,
    pub(crate) duration: Option<MediaDuration>,
    pub(crate) planned_duration: Option<MediaDuration>,
    pub(crate) cues: Vec<DateCue>,
    pub(crate) ends_on_next: bool,
    pub(crate) scte35_command: Option<Vec<u8>>,
    pub(crate) scte35_out: Option<Vec<u8>>,
    pub(crate) scte35_in: Option<Vec<u8>>,
    pub(crate) extensions: Vec<(String, Extension)>,
}

/// When an interstitial is triggered: `CUE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DateCue {
    /// Before the playback of the primary asset.
    Pre,
    /// After it.
    Post,
    /// Once at most.
    Once,
}

/// The value of a client-defined `X-` attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Extension {
    /// A quoted string.
    Text(String),
    /// A hexadecimal sequence.
    Bytes(Vec<u8>),
    /// A decimal number, in seconds.
    Seconds(MediaDuration),
}

/// A date range that cannot be added.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DateRangeError {
    /// A text that a quoted string cannot hold, or a name that is no `X-` attribute.
    Text(String),
    /// An update of an ID that is not listed; or a START-DATE is missing.
    Unknown(String),
    /// The ID was removed lately and must not come back (SEG-20).
    Reused(String),
    /// It says something else than a tag of the same ID before (SEG-18).
    Contradiction(&'static str),
    /// It ends before it starts, or its two ends disagree (SEG-17).
    End,
    /// END-ON-NEXT needs a CLASS and excludes an end (SEG-17).
    EndOnNext,
    /// CUE is both PRE and POST (SEG-17).
    Cue,
    /// An interstitial with neither or both of X-ASSET-URI and X-ASSET-LIST (SEG-22).
    Asset,
    /// More ranges are listed than a playlist should carry (4096).
    TooMany,
    /// A variable in one of the texts has no definition (§4.3).
    UndefinedVariable,
    /// The stream has ended.
    Ended,
}

impl DateRange {
    /// A range that starts at `start`, and of which nothing else is known yet.
    #[must_use]
    pub fn new(id: impl Into<String>, start: WallClock) -> Self {
        let mut range = Self::update(id);
        range.start = Some(start);
        range
    }

    /// More about the range with this ID: attributes may be added, never changed.
    #[must_use]
    pub fn update(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            start: None,
            class: None,
            end: None,
            duration: None,
            planned_duration: None,
            cues: Vec::new(),
            ends_on_next: false,
            scte35_command: None,
            scte35_out: None,
            scte35_in: None,
            extensions: Vec::new(),
        }
    }

    /// An interstitial (D.2): one asset to be played at `start`.
    #[must_use]
    pub fn interstitial(
        id: impl Into<String>,
        start: WallClock,
        asset_uri: impl Into<String>,
    ) -> Self {
        let range = Self::new(id, start).class("com.apple.hls.interstitial");
        range.extension("X-ASSET-URI", Extension::Text(asset_uri.into()))
    }

    /// Its ID.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// `CLASS`: ranges of one class mean the same things and do not overlap if they end on the
    /// next.
    #[must_use]
    pub fn class(mut self, class: impl Into<String>) -> Self {
        self.class = Some(class.into());
        self
    }

    /// `END-DATE`.
    #[must_use]
    pub const fn end(mut self, end: WallClock) -> Self {
        self.end = Some(end);
        self
    }

    /// `DURATION`.
    #[must_use]
    pub const fn duration(mut self, duration: MediaDuration) -> Self {
        self.duration = Some(duration);
        self
    }

    /// `PLANNED-DURATION`.
    #[must_use]
    pub const fn planned_duration(mut self, duration: MediaDuration) -> Self {
        self.planned_duration = Some(duration);
        self
    }

    /// `CUE`; may be called for several.
    #[must_use]
    pub fn cue(mut self, cue: DateCue) -> Self {
        if !self.cues.contains(&cue) {
            self.cues.push(cue);
        }
        self
    }

    /// `END-ON-NEXT=YES`: it ends where the next of its class starts.
    #[must_use]
    pub const fn ends_on_next(mut self) -> Self {
        self.ends_on_next = true;
        self
    }

    /// `SCTE35-CMD`: a whole `splice_info_section`.
    #[must_use]
    pub fn scte35_command(mut self, section: &[u8]) -> Self {
        self.scte35_command = Some(section.to_vec());
        self
    }

    /// `SCTE35-OUT`.
    #[must_use]
    pub fn scte35_out(mut self, section: &[u8]) -> Self {
        self.scte35_out = Some(section.to_vec());
        self
    }

    /// `SCTE35-IN`.
    #[must_use]
    pub fn scte35_in(mut self, section: &[u8]) -> Self {
        self.scte35_in = Some(section.to_vec());
        self
    }

    /// A client-defined attribute; its name starts with `X-`.
    #[must_use]
    pub fn extension(mut self, name: impl Into<String>, value: Extension) -> Self {
        self.extensions.push((name.into(), value));
        self
    }

    /// The rules about one tag.
    pub(crate) fn check(&self) -> Result<(), DateRangeError> {
        let text = |value: &str| {
            check_quoted("DATERANGE", value).map_err(|error| DateRangeError::Text(error.value))
        };
        text(&self.id)?;
        if let Some(class) = &self.class {
            text(class)?;
        }
        for (index, (name, value)) in self.extensions.iter().enumerate() {
            let legal = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-';
            let again = self.extensions[..index]
                .iter()
                .any(|(other, _)| other == name);
            if !name.starts_with("X-") || !name.chars().all(legal) || again {
                return Err(DateRangeError::Text(name.clone()));
            }
            match value {
                Extension::Text(value) => text(value)?,
                Extension::Bytes(bytes) if bytes.is_empty() => {
                    return Err(DateRangeError::Text(name.clone()));
                }
                _ => {}
            }
        }
        let sections = [&self.scte35_command, &self.scte35_out, &self.scte35_in];
        if sections.into_iter().flatten().any(Vec::is_empty) {
            return Err(DateRangeError::Text("SCTE35".to_owned()));
        }
        if self.cues.contains(&DateCue::Pre) && self.cues.contains(&DateCue::Post) {
            return Err(DateRangeError::Cue);
        }
        Ok(())
    }

    /// The rules about everything that is known of an ID.
    pub(crate) fn check_whole(&self) -> Result<(), DateRangeError> {
        let Some(start) = self.start else {
            return Err(DateRangeError::Unknown(self.id.clone()));
        };
        if let Some(end) = self.end {
            let disagree = |duration: MediaDuration| {
                // Dates are printed in milliseconds.
                end.since(start).as_nanos().abs_diff(duration.as_nanos()) > 1_000_000
            };
            if end < start || self.duration.is_some_and(disagree) {
                return Err(DateRangeError::End);
            }
        }
        let ended = self.end.is_some() || self.duration.is_some();
        if self.ends_on_next && (self.class.is_none() || ended) {
            return Err(DateRangeError::EndOnNext);
        }
        if self.class.as_deref() == Some("com.apple.hls.interstitial") {
            let has = |name: &str| self.extensions.iter().any(|(other, _)| other == name);
            if has("X-ASSET-URI") == has("X-ASSET-LIST") {
                return Err(DateRangeError::Asset);
            }
        }
        Ok(())
    }

    /// Adds what `more` says; returns only what is new, ready to be printed as a tag of its own.
    pub(crate) fn merge(&mut self, more: &Self) -> Result<Self, DateRangeError> {
        fn add<T: Clone + PartialEq>(
            have: &mut Option<T>,
            more: &Option<T>,
            name: &'static str,
        ) -> Result<Option<T>, DateRangeError> {
            match (&have, more) {
                (_, None) => Ok(None),
                (Some(old), Some(new)) if old == new => Ok(None),
                (Some(_), Some(_)) => Err(DateRangeError::Contradiction(name)),
                (None, Some(new)) => {
                    *have = Some(new.clone());
                    Ok(Some(new.clone()))
                }
            }
        }
        let mut new = Self::update(self.id.clone());
        add(&mut self.start, &more.start, "START-DATE")?;
        new.class = add(&mut self.class, &more.class, "CLASS")?;
        new.end = add(&mut self.end, &more.end, "END-DATE")?;
        new.duration = add(&mut self.duration, &more.duration, "DURATION")?;
        new.planned_duration = add(
            &mut self.planned_duration,
            &more.planned_duration,
            "PLANNED-DURATION",
        )?;
        new.scte35_command = add(&mut self.scte35_command, &more.scte35_command, "SCTE35-CMD")?;
        new.scte35_out = add(&mut self.scte35_out, &more.scte35_out, "SCTE35-OUT")?;
        new.scte35_in = add(&mut self.scte35_in, &more.scte35_in, "SCTE35-IN")?;
        if !more.cues.is_empty() && more.cues != self.cues {
            if !self.cues.is_empty() {
                return Err(DateRangeError::Contradiction("CUE"));
            }
            self.cues.clone_from(&more.cues);
            new.cues.clone_from(&more.cues);
        }
        if more.ends_on_next && !self.ends_on_next {
            self.ends_on_next = true;
            new.ends_on_next = true;
            // "MUST contain a CLASS attribute": this tag too.
            new.class.clone_from(&self.class);
        }
        for (name, value) in &more.extensions {
            match self.extensions.iter().find(|(other, _)| other == name) {
                Some((_, old)) if old == value => {}
                Some(_) => return Err(DateRangeError::Contradiction("X-")),
                None => {
                    self.extensions.push((name.clone(), value.clone()));
                    new.extensions.push((name.clone(), value.clone()));
                }
            }
        }
        self.check_whole()?;
        Ok(new)
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

    /// Where it ends, if that is known.
    pub(crate) fn known_end(&self) -> Option<WallClock> {
        let by_duration = || Some(self.start?.plus(self.duration?));
        self.end.or_else(by_duration)
    }

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

impl fmt::Display for DateRangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(value) => write!(f, "an attribute cannot be {value:?}"),
            Self::Unknown(id) => write!(f, "no range {id:?} is listed, and no START-DATE is given"),
            Self::Reused(id) => write!(f, "the range {id:?} was removed and cannot come back"),
            Self::Contradiction(name) => write!(f, "{name} differs from what was said before"),
            Self::End => f.write_str("the range ends before it starts, or its ends disagree"),
            Self::EndOnNext => f.write_str("END-ON-NEXT needs a CLASS and excludes an end"),
            Self::Cue => f.write_str("CUE is both PRE and POST"),
            Self::Asset => f.write_str("an interstitial needs one of X-ASSET-URI and X-ASSET-LIST"),
            Self::UndefinedVariable => f.write_str("a variable has no definition"),
            Self::TooMany => f.write_str("too many date ranges are listed"),
            Self::Ended => f.write_str("the stream has ended"),
        }
    }
}

impl core::error::Error for DateRangeError {}
