//! Variants: what a player chooses among.

use super::values::{FrameRate, HdcpLevel, Resolution, Score, VideoRange};
use crate::decimal::write_integer;
use crate::text::quoted;

/// One `EXT-X-STREAM-INF` and its URI (§4.4.6.2).
#[derive(Clone, Debug)]
pub struct Variant {
    pub(super) picture: Picture,
    pub(super) frame_rate: Option<FrameRate>,
    pub(super) required_layout: Option<String>,
    pub(super) audio: Option<String>,
    pub(super) subtitles: Option<String>,
    pub(super) closed_captions: Option<ClosedCaptions>,
}

/// One `EXT-X-I-FRAME-STREAM-INF` (§4.4.6.3): a playlist of I-frames, for trick play.
#[derive(Clone, Debug)]
pub struct IFrameVariant {
    pub(super) picture: Picture,
}

/// What the two have in common.
#[derive(Clone, Debug)]
pub(super) struct Picture {
    pub(super) uri: String,
    pub(super) bandwidth: u64,
    pub(super) average_bandwidth: Option<u64>,
    pub(super) score: Option<Score>,
    pub(super) codecs: Vec<String>,
    pub(super) supplemental_codecs: Vec<String>,
    pub(super) resolution: Option<Resolution>,
    pub(super) hdcp_level: Option<HdcpLevel>,
    pub(super) allowed_cpc: Vec<(String, Vec<String>)>,
    pub(super) video_range: Option<VideoRange>,
    pub(super) stable_id: Option<String>,
    pub(super) video: Option<String>,
    pub(super) pathway: Option<String>,
}

/// Where a variant's closed captions are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClosedCaptions {
    /// There are none, in any variant.
    None,
    /// As the group says.
    Group(String),
}

macro_rules! picture_setters {
    () => {
        /// The average rate in bit/s, of the same combination.
        #[must_use]
        pub const fn average_bandwidth(mut self, bandwidth: u64) -> Self {
            self.picture.average_bandwidth = Some(bandwidth);
            self
        }

        /// How it compares with the others, whatever its bandwidth; on all variants or on none.
        #[must_use]
        pub const fn score(mut self, score: Score) -> Self {
            self.picture.score = Some(score);
            self
        }

        /// Every sample format of every rendition that it can use, as in RFC 6381.
        #[must_use]
        pub fn codecs<I>(mut self, codecs: I) -> Self
        where
            I: IntoIterator,
            I::Item: Into<String>,
        {
            self.picture.codecs = codecs.into_iter().map(Into::into).collect();
            self
        }

        /// Formats with a base that is in the codecs too: `dvh1.08.07/db4h` over `hvc1…`.
        #[must_use]
        pub fn supplemental_codecs<I>(mut self, codecs: I) -> Self
        where
            I: IntoIterator,
            I::Item: Into<String>,
        {
            self.picture.supplemental_codecs = codecs.into_iter().map(Into::into).collect();
            self
        }

        /// The size of its pictures.
        #[must_use]
        pub const fn resolution(mut self, resolution: Resolution) -> Self {
            self.picture.resolution = Some(resolution);
            self
        }

        /// The output protection it needs.
        #[must_use]
        pub const fn hdcp_level(mut self, level: HdcpLevel) -> Self {
            self.picture.hdcp_level = Some(level);
            self
        }

        /// The content protection configurations of a key format that may play it.
        #[must_use]
        pub fn allowed_cpc<I>(mut self, key_format: impl Into<String>, labels: I) -> Self
        where
            I: IntoIterator,
            I::Item: Into<String>,
        {
            let labels = labels.into_iter().map(Into::into).collect();
            self.picture.allowed_cpc.push((key_format.into(), labels));
            self
        }

        /// Its dynamic range.
        #[must_use]
        pub const fn video_range(mut self, range: VideoRange) -> Self {
            self.picture.video_range = Some(range);
            self
        }

        /// A name that stays when URIs change; one URI has one.
        #[must_use]
        pub fn stable_id(mut self, id: impl Into<String>) -> Self {
            self.picture.stable_id = Some(id.into());
            self
        }

        /// The group of video renditions it plays with.
        #[must_use]
        pub fn video(mut self, group: impl Into<String>) -> Self {
            self.picture.video = Some(group.into());
            self
        }

        /// The pathway it is on; `.` if none is given.
        #[must_use]
        pub fn pathway(mut self, pathway: impl Into<String>) -> Self {
            self.picture.pathway = Some(pathway.into());
            self
        }
    };
}

impl Variant {
    /// A media playlist at `uri`, relative to the multivariant playlist, whose peak rate in
    /// bit/s is `bandwidth`: that of the variant with the largest rendition of each of its
    /// groups (§4.4.6.2).
    #[must_use]
    pub fn new(uri: impl Into<String>, bandwidth: u64) -> Self {
        Self {
            picture: Picture::new(uri.into(), bandwidth),
            frame_rate: None,
            required_layout: None,
            audio: None,
            subtitles: None,
            closed_captions: None,
        }
    }

    picture_setters!();

    /// The largest frame rate.
    #[must_use]
    pub const fn frame_rate(mut self, frame_rate: FrameRate) -> Self {
        self.frame_rate = Some(frame_rate);
        self
    }

    /// The video layouts that a player must understand, `REQ-VIDEO-LAYOUT`: `CH-STEREO`,
    /// `CH-STEREO/PROJ-HEQU`.
    #[must_use]
    pub fn required_layout(mut self, layout: impl Into<String>) -> Self {
        self.required_layout = Some(layout.into());
        self
    }

    /// The group of audio renditions it plays with.
    #[must_use]
    pub fn audio(mut self, group: impl Into<String>) -> Self {
        self.audio = Some(group.into());
        self
    }

    /// The group of subtitles it plays with.
    #[must_use]
    pub fn subtitles(mut self, group: impl Into<String>) -> Self {
        self.subtitles = Some(group.into());
        self
    }

    /// Its closed captions.
    #[must_use]
    pub fn closed_captions(mut self, captions: ClosedCaptions) -> Self {
        self.closed_captions = Some(captions);
        self
    }

    pub(super) fn version(&self) -> u8 {
        if self.required_layout.is_some() {
            12
        } else {
            1
        }
    }

    /// `#EXT-X-STREAM-INF` and the URI line (§4.4.6.2).
    pub(super) fn write(&self, out: &mut String) {
        out.push_str("#EXT-X-STREAM-INF:");
        self.picture.write(out);
        if let Some(rate) = self.frame_rate {
            out.push_str(",FRAME-RATE=");
            rate.write(out);
        }
        for (attribute, value) in [
            ("REQ-VIDEO-LAYOUT", &self.required_layout),
            ("AUDIO", &self.audio),
            ("SUBTITLES", &self.subtitles),
        ] {
            if let Some(value) = value {
                quoted(out, attribute, value);
            }
        }
        match &self.closed_captions {
            Some(ClosedCaptions::None) => out.push_str(",CLOSED-CAPTIONS=NONE"),
            Some(ClosedCaptions::Group(group)) => quoted(out, "CLOSED-CAPTIONS", group),
            None => {}
        }
        out.push('\n');
        out.push_str(&self.picture.uri);
        out.push('\n');
    }
}

impl IFrameVariant {
    /// A playlist of I-frames at `uri`, whose peak rate in bit/s is `bandwidth`.
    #[must_use]
    pub fn new(uri: impl Into<String>, bandwidth: u64) -> Self {
        Self {
            picture: Picture::new(uri.into(), bandwidth),
        }
    }

    picture_setters!();

    /// `#EXT-X-I-FRAME-STREAM-INF` (§4.4.6.3).
    pub(super) fn write(&self, out: &mut String) {
        out.push_str("#EXT-X-I-FRAME-STREAM-INF:");
        self.picture.write(out);
        quoted(out, "URI", &self.picture.uri);
        out.push('\n');
    }
}

impl Picture {
    fn new(uri: String, bandwidth: u64) -> Self {
        Self {
            uri,
            bandwidth,
            average_bandwidth: None,
            score: None,
            codecs: Vec::new(),
            supplemental_codecs: Vec::new(),
            resolution: None,
            hdcp_level: None,
            allowed_cpc: Vec::new(),
            video_range: None,
            stable_id: None,
            video: None,
            pathway: None,
        }
    }

    fn write(&self, out: &mut String) {
        out.push_str("BANDWIDTH=");
        write_integer(out, self.bandwidth);
        if let Some(bandwidth) = self.average_bandwidth {
            out.push_str(",AVERAGE-BANDWIDTH=");
            write_integer(out, bandwidth);
        }
        if let Some(score) = self.score {
            out.push_str(",SCORE=");
            score.write(out);
        }
        if !self.codecs.is_empty() {
            quoted(out, "CODECS", &self.codecs.join(","));
        }
        if !self.supplemental_codecs.is_empty() {
            quoted(
                out,
                "SUPPLEMENTAL-CODECS",
                &self.supplemental_codecs.join(","),
            );
        }
        if let Some(resolution) = self.resolution {
            out.push_str(",RESOLUTION=");
            resolution.write(out);
        }
        if let Some(level) = self.hdcp_level {
            out.push_str(",HDCP-LEVEL=");
            out.push_str(level.name());
        }
        if !self.allowed_cpc.is_empty() {
            let formats: Vec<String> = self
                .allowed_cpc
                .iter()
                .map(|(format, labels)| format!("{format}:{}", labels.join("/")))
                .collect();
            quoted(out, "ALLOWED-CPC", &formats.join(","));
        }
        if let Some(range) = self.video_range {
            out.push_str(",VIDEO-RANGE=");
            out.push_str(range.name());
        }
        for (attribute, value) in [
            ("STABLE-VARIANT-ID", &self.stable_id),
            ("VIDEO", &self.video),
            ("PATHWAY-ID", &self.pathway),
        ] {
            if let Some(value) = value {
                quoted(out, attribute, value);
            }
        }
    }
}
