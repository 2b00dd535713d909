//! What a rendition carries, as far as the multivariant playlist has to say it.

use llhls_manifest::FrameRate;

/// The kind of a rendition and the attributes that follow from its init section.
#[derive(Clone, Debug, PartialEq)]
pub enum Media {
    /// Pictures.
    Video(Video),
    /// Sound.
    Audio(Audio),
}

/// A video rendition: one `EXT-X-STREAM-INF` (§4.4.6.2).
#[derive(Clone, Debug, PartialEq)]
pub struct Video {
    /// RFC 6381 form, such as `avc1.64001f`.
    pub codec: String,
    /// Display width in pixels.
    pub width: u32,
    /// Display height in pixels.
    pub height: u32,
    /// Frames per second, where the media tells.
    pub frame_rate: Option<FrameRate>,
}

/// An audio rendition: one `EXT-X-MEDIA` beside video, or a variant of its own without (§4.4.6.1).
#[derive(Clone, Debug, PartialEq)]
pub struct Audio {
    /// RFC 6381 form, such as `mp4a.40.2`.
    pub codec: String,
    /// Channels.
    pub channels: u32,
    /// RFC 5646 tag, where the media tells.
    pub language: Option<String>,
    /// What it is for, where the media tells.
    pub role: Option<AudioRole>,
}

/// What a sound is for beside others of its presentation: the roles of DASH (ISO/IEC 23009-1 §5.8.5.5) that a player
/// of HLS can be told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AudioRole {
    /// What is played unless somebody chooses otherwise (`DEFAULT=YES`).
    Main,
    /// Another version, to be chosen by hand where it has no language of its own.
    Alternate,
    /// Somebody comments on the picture: chosen by hand only.
    Commentary,
    /// In another language than the original.
    Dub,
    /// Tells what the picture shows, for those who do not see it (`public.accessibility.describes-video`).
    Description,
}

impl AudioRole {
    /// The role that DASH calls `name`, if it is one of these.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "main" => Self::Main,
            "alternate" => Self::Alternate,
            "commentary" => Self::Commentary,
            "dub" => Self::Dub,
            "description" => Self::Description,
            _ => return None,
        })
    }

    /// What DASH calls it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Alternate => "alternate",
            Self::Commentary => "commentary",
            Self::Dub => "dub",
            Self::Description => "description",
        }
    }
}

impl Media {
    /// The RFC 6381 codec string.
    #[must_use]
    pub fn codec(&self) -> &str {
        match self {
            Self::Video(video) => &video.codec,
            Self::Audio(audio) => &audio.codec,
        }
    }
}

impl Video {
    /// Pictures of which only the coding and the size are known.
    #[must_use]
    pub fn new(codec: impl Into<String>, width: u32, height: u32) -> Self {
        Self {
            codec: codec.into(),
            width,
            height,
            frame_rate: None,
        }
    }
}

impl Audio {
    /// Sound of which only the coding and the channels are known.
    #[must_use]
    pub fn new(codec: impl Into<String>, channels: u32) -> Self {
        Self {
            codec: codec.into(),
            channels,
            language: None,
            role: None,
        }
    }
}
