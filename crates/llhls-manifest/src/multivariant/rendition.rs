//! Renditions: alternatives of one kind of content.

use core::fmt;

use crate::decimal::write_integer;
use crate::text::quoted;

/// The `TYPE` of a rendition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RenditionKind {
    /// Sound.
    Audio,
    /// Another view.
    Video,
    /// Text with a playlist of its own.
    Subtitles,
    /// Text within the video.
    ClosedCaptions,
}

impl fmt::Display for RenditionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Audio => "AUDIO",
            Self::Video => "VIDEO",
            Self::Subtitles => "SUBTITLES",
            Self::ClosedCaptions => "CLOSED-CAPTIONS",
        })
    }
}

/// One `EXT-X-MEDIA` (§4.4.6.1).
#[derive(Clone, Debug)]
pub struct Rendition {
    pub(super) kind: RenditionKind,
    pub(super) group: String,
    pub(super) name: String,
    pub(super) uri: Option<String>,
    pub(super) language: Option<String>,
    pub(super) associated_language: Option<String>,
    pub(super) stable_id: Option<String>,
    pub(super) default: bool,
    pub(super) autoselect: bool,
    pub(super) forced: bool,
    pub(super) instream_id: Option<String>,
    pub(super) bit_depth: Option<u32>,
    pub(super) sample_rate: Option<u32>,
    pub(super) characteristics: Vec<String>,
    pub(super) channels: Option<String>,
}

impl Rendition {
    fn new(kind: RenditionKind, group: String, name: String) -> Self {
        Self {
            kind,
            group,
            name,
            uri: None,
            language: None,
            associated_language: None,
            stable_id: None,
            default: false,
            autoselect: false,
            forced: false,
            instream_id: None,
            bit_depth: None,
            sample_rate: None,
            characteristics: Vec::new(),
            channels: None,
        }
    }

    /// An audio rendition with a media playlist of its own.
    #[must_use]
    pub fn audio(
        group: impl Into<String>,
        name: impl Into<String>,
        uri: impl Into<String>,
    ) -> Self {
        let mut rendition = Self::new(RenditionKind::Audio, group.into(), name.into());
        rendition.uri = Some(uri.into());
        rendition
    }

    /// The audio that is in the video's own segments, in every variant of the group (MV-14).
    #[must_use]
    pub fn muxed_audio(group: impl Into<String>, name: impl Into<String>) -> Self {
        Self::new(RenditionKind::Audio, group.into(), name.into())
    }

    /// Another view, with a media playlist of its own.
    #[must_use]
    pub fn video(
        group: impl Into<String>,
        name: impl Into<String>,
        uri: impl Into<String>,
    ) -> Self {
        let mut rendition = Self::new(RenditionKind::Video, group.into(), name.into());
        rendition.uri = Some(uri.into());
        rendition
    }

    /// Subtitles.
    #[must_use]
    pub fn subtitles(
        group: impl Into<String>,
        name: impl Into<String>,
        uri: impl Into<String>,
    ) -> Self {
        let mut rendition = Self::new(RenditionKind::Subtitles, group.into(), name.into());
        rendition.uri = Some(uri.into());
        rendition
    }

    /// Closed captions: `CC1` to `CC4`, or `SERVICE1` to `SERVICE63`.
    #[must_use]
    pub fn closed_captions(
        group: impl Into<String>,
        name: impl Into<String>,
        instream_id: impl Into<String>,
    ) -> Self {
        let mut rendition = Self::new(RenditionKind::ClosedCaptions, group.into(), name.into());
        rendition.instream_id = Some(instream_id.into());
        rendition
    }

    /// The language, as in RFC 5646.
    #[must_use]
    pub fn language(mut self, language: impl Into<String>) -> Self {
        self.language = Some(language.into());
        self
    }

    /// A language it is associated with: written against spoken, say.
    #[must_use]
    pub fn associated_language(mut self, language: impl Into<String>) -> Self {
        self.associated_language = Some(language.into());
        self
    }

    /// A name that stays when URIs change; one URI has one.
    #[must_use]
    pub fn stable_id(mut self, id: impl Into<String>) -> Self {
        self.stable_id = Some(id.into());
        self
    }

    /// Played unless the viewer chose otherwise; implies [`autoselect`](Self::autoselect).
    #[must_use]
    pub const fn default(mut self) -> Self {
        self.default = true;
        self.autoselect = true;
        self
    }

    /// May be chosen for the viewer by language.
    #[must_use]
    pub const fn autoselect(mut self) -> Self {
        self.autoselect = true;
        self
    }

    /// Subtitles that belong to the picture: shown to whoever hears the language.
    #[must_use]
    pub const fn forced(mut self) -> Self {
        self.forced = true;
        self
    }

    /// Which of several streams within its segments it is; for anything but closed captions
    /// this needs version 13.
    #[must_use]
    pub fn instream_id(mut self, id: impl Into<String>) -> Self {
        self.instream_id = Some(id.into());
        self
    }

    /// Audio: bits per sample.
    #[must_use]
    pub const fn bit_depth(mut self, bits: u32) -> Self {
        self.bit_depth = Some(bits);
        self
    }

    /// Audio: samples per second.
    #[must_use]
    pub const fn sample_rate(mut self, rate: u32) -> Self {
        self.sample_rate = Some(rate);
        self
    }

    /// Uniform type identifiers of what it is: `public.accessibility.describes-video`.
    #[must_use]
    pub fn characteristics<I>(mut self, characteristics: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.characteristics = characteristics.into_iter().map(Into::into).collect();
        self
    }

    /// Audio: the number of channels, or as §4.4.6.1 says for spatial audio.
    #[must_use]
    pub fn channels(mut self, channels: impl Into<String>) -> Self {
        self.channels = Some(channels.into());
        self
    }

    pub(super) fn version(&self) -> u8 {
        match (&self.instream_id, self.kind) {
            (None, _) => 1,
            (Some(id), RenditionKind::ClosedCaptions) if id.starts_with("SERVICE") => 7,
            (Some(_), RenditionKind::ClosedCaptions) => 1,
            (Some(_), _) => 13,
        }
    }

    /// `#EXT-X-MEDIA` (§4.4.6.1).
    pub(super) fn write(&self, out: &mut String) {
        out.push_str("#EXT-X-MEDIA:TYPE=");
        out.push_str(&self.kind.to_string());
        quoted(out, "GROUP-ID", &self.group);
        quoted(out, "NAME", &self.name);
        for (attribute, value) in [
            ("LANGUAGE", &self.language),
            ("ASSOC-LANGUAGE", &self.associated_language),
            ("STABLE-RENDITION-ID", &self.stable_id),
        ] {
            if let Some(value) = value {
                quoted(out, attribute, value);
            }
        }
        for (text, holds) in [
            (",DEFAULT=YES", self.default),
            (",AUTOSELECT=YES", self.autoselect),
            (",FORCED=YES", self.forced),
        ] {
            if holds {
                out.push_str(text);
            }
        }
        if let Some(id) = &self.instream_id {
            quoted(out, "INSTREAM-ID", id);
        }
        for (text, value) in [
            (",BIT-DEPTH=", self.bit_depth),
            (",SAMPLE-RATE=", self.sample_rate),
        ] {
            if let Some(value) = value {
                out.push_str(text);
                write_integer(out, u64::from(value));
            }
        }
        if !self.characteristics.is_empty() {
            quoted(out, "CHARACTERISTICS", &self.characteristics.join(","));
        }
        for (attribute, value) in [("CHANNELS", &self.channels), ("URI", &self.uri)] {
            if let Some(value) = value {
                quoted(out, attribute, value);
            }
        }
        out.push('\n');
    }
}
