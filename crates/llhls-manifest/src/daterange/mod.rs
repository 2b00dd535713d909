//! Date ranges (§4.4.5.1): facts about spans of time, beside the media.

mod rules;
mod text;

use core::fmt;

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

    /// Where it ends, if that is known.
    pub(crate) fn known_end(&self) -> Option<WallClock> {
        let by_duration = || Some(self.start?.plus(self.duration?));
        self.end.or_else(by_duration)
    }
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
