//! The multivariant playlist: which renditions there are and how they combine (§4.4.6).

use core::fmt;
use core::num::NonZeroU32;

use crate::decimal::{write_integer, write_padded};
use crate::tags;

/// Builds a multivariant playlist.
///
/// ```
/// use core::num::NonZeroU32;
/// use llhls_manifest::{FrameRate, MultivariantPlaylist, Rendition, Resolution, Variant};
///
/// let text = MultivariantPlaylist::new()
///     .independent_segments()
///     .rendition(Rendition::audio("aac", "English", "audio.m3u8").language("en").default())
///     .variant(
///         Variant::new("video.m3u8", 2_600_000)
///             .average_bandwidth(2_100_000)
///             .codecs(["avc1.64001f", "mp4a.40.2"])
///             .resolution(Resolution::new(1280, 720))
///             .frame_rate(FrameRate::new(30_000, NonZeroU32::new(1_001).unwrap()))
///             .audio("aac"),
///     )
///     .build()?;
/// assert!(text.contains("FRAME-RATE=29.970"));
/// # Ok::<(), llhls_manifest::MultivariantError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct MultivariantPlaylist {
    independent_segments: bool,
    renditions: Vec<Rendition>,
    variants: Vec<Variant>,
}

/// One `EXT-X-STREAM-INF` and its URI (§4.4.6.2).
#[derive(Clone, Debug)]
pub struct Variant {
    uri: String,
    bandwidth: u64,
    average_bandwidth: Option<u64>,
    codecs: Vec<String>,
    resolution: Option<Resolution>,
    frame_rate: Option<FrameRate>,
    audio: Option<String>,
}

/// One `EXT-X-MEDIA` (§4.4.6.1).
#[derive(Clone, Debug)]
pub struct Rendition {
    group: String,
    name: String,
    uri: Option<String>,
    language: Option<String>,
    default: bool,
    autoselect: bool,
    channels: Option<String>,
}

/// A picture's size in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resolution {
    width: u32,
    height: u32,
}

/// Frames per second, in thousandths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameRate {
    thousandths: u64,
}

/// Why a multivariant playlist cannot be written.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MultivariantError {
    /// There is nothing to play.
    NoVariant,
    /// A value is empty, or holds a character that a quoted string or a URI line cannot.
    Text {
        /// The attribute, or `URI`.
        attribute: &'static str,
        /// The value.
        value: String,
    },
    /// A bandwidth of zero, or an average above the peak.
    Bandwidth {
        /// The variant's URI.
        uri: String,
    },
    /// A variant names a group that no rendition is in (MV-11).
    UnknownGroup(String),
    /// Two renditions of a group have one name, or two are its default (MV-17).
    AmbiguousGroup(String),
}

impl MultivariantPlaylist {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Each segment of each rendition begins independently (§4.4.2.1).
    #[must_use]
    pub const fn independent_segments(mut self) -> Self {
        self.independent_segments = true;
        self
    }

    /// Adds a rendition; they are printed in the order in which they are added.
    #[must_use]
    pub fn rendition(mut self, rendition: Rendition) -> Self {
        self.renditions.push(rendition);
        self
    }

    /// Adds a variant; players start with the first one they can play.
    #[must_use]
    pub fn variant(mut self, variant: Variant) -> Self {
        self.variants.push(variant);
        self
    }

    /// The playlist's text.
    ///
    /// # Errors
    /// When the graph of renditions is inconsistent or a value cannot be printed.
    pub fn build(&self) -> Result<String, MultivariantError> {
        self.check()?;
        let mut out = String::new();
        tags::extm3u(&mut out);
        if self.independent_segments {
            tags::independent_segments(&mut out);
        }
        for rendition in &self.renditions {
            rendition.write(&mut out);
        }
        for variant in &self.variants {
            variant.write(&mut out);
        }
        Ok(out)
    }

    fn check(&self) -> Result<(), MultivariantError> {
        if self.variants.is_empty() {
            return Err(MultivariantError::NoVariant);
        }
        for (index, rendition) in self.renditions.iter().enumerate() {
            rendition.check()?;
            let ambiguous = self.renditions[..index].iter().any(|other| {
                other.group == rendition.group
                    && (other.name == rendition.name || (other.default && rendition.default))
            });
            if ambiguous {
                return Err(MultivariantError::AmbiguousGroup(rendition.group.clone()));
            }
        }
        for variant in &self.variants {
            variant.check()?;
            if let Some(group) = &variant.audio
                && !self
                    .renditions
                    .iter()
                    .any(|rendition| rendition.group == *group)
            {
                return Err(MultivariantError::UnknownGroup(group.clone()));
            }
        }
        Ok(())
    }
}

impl Variant {
    /// A media playlist at `uri`, relative to the multivariant playlist, whose peak rate in
    /// bit/s is `bandwidth`: that of the variant with the largest rendition of each of its
    /// groups (§4.4.6.2).
    #[must_use]
    pub fn new(uri: impl Into<String>, bandwidth: u64) -> Self {
        Self {
            uri: uri.into(),
            bandwidth,
            average_bandwidth: None,
            codecs: Vec::new(),
            resolution: None,
            frame_rate: None,
            audio: None,
        }
    }

    /// The average rate in bit/s, of the same combination.
    #[must_use]
    pub const fn average_bandwidth(mut self, bandwidth: u64) -> Self {
        self.average_bandwidth = Some(bandwidth);
        self
    }

    /// Every sample format of every rendition the variant can use, as in RFC 6381.
    #[must_use]
    pub fn codecs<I>(mut self, codecs: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.codecs = codecs.into_iter().map(Into::into).collect();
        self
    }

    /// The size of its pictures.
    #[must_use]
    pub const fn resolution(mut self, resolution: Resolution) -> Self {
        self.resolution = Some(resolution);
        self
    }

    /// The largest frame rate.
    #[must_use]
    pub const fn frame_rate(mut self, frame_rate: FrameRate) -> Self {
        self.frame_rate = Some(frame_rate);
        self
    }

    /// The group of audio renditions it plays with.
    #[must_use]
    pub fn audio(mut self, group: impl Into<String>) -> Self {
        self.audio = Some(group.into());
        self
    }

    fn check(&self) -> Result<(), MultivariantError> {
        if self.uri.starts_with('#') || self.uri.contains(char::is_whitespace) {
            return Err(MultivariantError::Text {
                attribute: "URI",
                value: self.uri.clone(),
            });
        }
        check_text("URI", &self.uri)?;
        for codec in &self.codecs {
            check_text("CODECS", codec)?;
        }
        if let Some(group) = &self.audio {
            check_text("AUDIO", group)?;
        }
        let average = self.average_bandwidth.unwrap_or(self.bandwidth);
        if self.bandwidth == 0 || average == 0 || average > self.bandwidth {
            return Err(MultivariantError::Bandwidth {
                uri: self.uri.clone(),
            });
        }
        Ok(())
    }

    fn write(&self, out: &mut String) {
        out.push_str("#EXT-X-STREAM-INF:BANDWIDTH=");
        write_integer(out, self.bandwidth);
        if let Some(bandwidth) = self.average_bandwidth {
            out.push_str(",AVERAGE-BANDWIDTH=");
            write_integer(out, bandwidth);
        }
        if !self.codecs.is_empty() {
            quoted(out, "CODECS", &self.codecs.join(","));
        }
        if let Some(resolution) = self.resolution {
            out.push_str(",RESOLUTION=");
            write_integer(out, u64::from(resolution.width));
            out.push('x');
            write_integer(out, u64::from(resolution.height));
        }
        if let Some(rate) = self.frame_rate {
            out.push_str(",FRAME-RATE=");
            write_integer(out, rate.thousandths / 1_000);
            out.push('.');
            write_padded(out, rate.thousandths % 1_000, 3);
        }
        if let Some(group) = &self.audio {
            quoted(out, "AUDIO", group);
        }
        out.push('\n');
        out.push_str(&self.uri);
        out.push('\n');
    }
}

impl Rendition {
    /// An audio rendition with a media playlist of its own.
    #[must_use]
    pub fn audio(
        group: impl Into<String>,
        name: impl Into<String>,
        uri: impl Into<String>,
    ) -> Self {
        Self {
            group: group.into(),
            name: name.into(),
            uri: Some(uri.into()),
            language: None,
            default: false,
            autoselect: false,
            channels: None,
        }
    }

    /// The language, as in RFC 5646.
    #[must_use]
    pub fn language(mut self, language: impl Into<String>) -> Self {
        self.language = Some(language.into());
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

    /// The number of channels, or as §4.4.6.1 says for spatial audio.
    #[must_use]
    pub fn channels(mut self, channels: impl Into<String>) -> Self {
        self.channels = Some(channels.into());
        self
    }

    fn check(&self) -> Result<(), MultivariantError> {
        check_text("GROUP-ID", &self.group)?;
        check_text("NAME", &self.name)?;
        for (attribute, value) in [
            ("URI", &self.uri),
            ("LANGUAGE", &self.language),
            ("CHANNELS", &self.channels),
        ] {
            if let Some(value) = value {
                check_text(attribute, value)?;
            }
        }
        Ok(())
    }

    fn write(&self, out: &mut String) {
        out.push_str("#EXT-X-MEDIA:TYPE=AUDIO");
        quoted(out, "GROUP-ID", &self.group);
        quoted(out, "NAME", &self.name);
        if let Some(language) = &self.language {
            quoted(out, "LANGUAGE", language);
        }
        if self.default {
            out.push_str(",DEFAULT=YES");
        }
        if self.autoselect {
            out.push_str(",AUTOSELECT=YES");
        }
        if let Some(channels) = &self.channels {
            quoted(out, "CHANNELS", channels);
        }
        if let Some(uri) = &self.uri {
            quoted(out, "URI", uri);
        }
        out.push('\n');
    }
}

impl Resolution {
    /// Width and height in pixels.
    #[must_use]
    pub const fn new(width: u32, height: u32) -> Self {
        Self { width, height }
    }
}

impl FrameRate {
    /// `frames` in `seconds`, rounded to thousandths.
    #[must_use]
    pub fn new(frames: u32, seconds: NonZeroU32) -> Self {
        let seconds = u64::from(seconds.get());
        Self {
            thousandths: (u64::from(frames) * 1_000 + seconds / 2) / seconds,
        }
    }
}

fn quoted(out: &mut String, attribute: &str, value: &str) {
    out.push(',');
    out.push_str(attribute);
    out.push_str("=\"");
    out.push_str(value);
    out.push('"');
}

/// PL-13, PL-03: what a quoted string may hold.
fn check_text(attribute: &'static str, value: &str) -> Result<(), MultivariantError> {
    if value.is_empty() || value.contains(|c: char| c == '"' || c.is_control()) {
        return Err(MultivariantError::Text {
            attribute,
            value: value.to_owned(),
        });
    }
    Ok(())
}

impl fmt::Display for MultivariantError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoVariant => f.write_str("there is no variant"),
            Self::Text { attribute, value } => write!(f, "{attribute} cannot be {value:?}"),
            Self::Bandwidth { uri } => {
                write!(f, "the bandwidths of {uri} are zero or in the wrong order")
            }
            Self::UnknownGroup(group) => write!(f, "no rendition is in the group {group:?}"),
            Self::AmbiguousGroup(group) => {
                write!(
                    f,
                    "the group {group:?} has two renditions of one name, or two defaults"
                )
            }
        }
    }
}

impl core::error::Error for MultivariantError {}
