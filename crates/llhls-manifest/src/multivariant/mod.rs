//! The multivariant playlist: which renditions there are and how they combine (§4.4.6).

mod bandwidth;
mod check;
mod error;
mod rendition;
mod session;
mod steering;
mod values;
mod variant;

pub use bandwidth::BandwidthMeter;
pub use error::MultivariantError;
pub use rendition::{Rendition, RenditionKind};
pub use session::{ContentSteering, SessionData};
pub use steering::{PathwayClone, SteeringError, SteeringManifest};
pub use values::{FrameRate, HdcpLevel, Resolution, Score, VideoRange};
pub use variant::{ClosedCaptions, IFrameVariant, Variant};

use crate::define::{self, Definition, StartOffset, StartPrecision};
use crate::key::Key;
use crate::tags;

/// Builds a multivariant playlist.
///
/// The graph of renditions is checked as a whole when the text is made; the text holds what was
/// added in the order in which it was added, so the same calls give the same bytes.
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
    start_offset: Option<(StartOffset, StartPrecision)>,
    definitions: Vec<Definition>,
    session_data: Vec<SessionData>,
    session_keys: Vec<Key>,
    steering: Option<ContentSteering>,
    renditions: Vec<Rendition>,
    variants: Vec<Variant>,
    i_frame_variants: Vec<IFrameVariant>,
    minimum_version: u8,
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

    /// Where players should start, in every rendition (§4.4.2.2).
    #[must_use]
    pub const fn start_offset(mut self, offset: StartOffset, precision: StartPrecision) -> Self {
        self.start_offset = Some((offset, precision));
        self
    }

    /// `EXT-X-VERSION` is at least this, where less would do (AMB-18); as
    /// [`ManifestConfig::minimum_version`](crate::ManifestConfig::minimum_version) of the media
    /// playlists.
    #[must_use]
    pub const fn minimum_version(mut self, version: u8) -> Self {
        self.minimum_version = version;
        self
    }

    /// Adds a variable (§4.4.2.3); media playlists may import it.
    #[must_use]
    pub fn define(mut self, definition: Definition) -> Self {
        self.definitions.push(definition);
        self
    }

    /// Adds session data (§4.4.6.4).
    #[must_use]
    pub fn session_data(mut self, data: SessionData) -> Self {
        self.session_data.push(data);
        self
    }

    /// Lets players fetch a key ahead of the playlists that use it (§4.4.6.5).
    #[must_use]
    pub fn session_key(mut self, key: Key) -> Self {
        self.session_keys.push(key);
        self
    }

    /// Lets a steering server choose among pathways (§4.4.6.6).
    #[must_use]
    pub fn content_steering(mut self, steering: ContentSteering) -> Self {
        self.steering = Some(steering);
        self
    }

    /// Adds a rendition.
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

    /// Adds a playlist of I-frames.
    #[must_use]
    pub fn i_frame_variant(mut self, variant: IFrameVariant) -> Self {
        self.i_frame_variants.push(variant);
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
        let version = self.version_floor().max(self.minimum_version);
        if version > 1 {
            tags::version(&mut out, version);
        }
        if self.independent_segments {
            tags::independent_segments(&mut out);
        }
        for definition in &self.definitions {
            definition.write(&mut out);
        }
        if let Some((offset, precision)) = self.start_offset {
            define::write_start(&mut out, offset, precision);
        }
        for data in &self.session_data {
            data.write(&mut out);
        }
        for key in &self.session_keys {
            // `#EXT-X-SESSION-KEY` (§4.4.6.5).
            out.push_str("#EXT-X-SESSION-KEY:");
            key.write(&mut out);
            out.push('\n');
        }
        if let Some(steering) = &self.steering {
            steering.write(&mut out);
        }
        for rendition in &self.renditions {
            rendition.write(&mut out);
        }
        for variant in &self.variants {
            variant.write(&mut out);
        }
        for variant in &self.i_frame_variants {
            variant.write(&mut out);
        }
        // Variables are replaced in every URI and quoted string (§4.3); so all that was printed
        // is looked at, rather than each attribute that comes to mind.
        if !define::check_references(&out, &self.definitions) {
            return Err(MultivariantError::Definitions);
        }
        Ok(out)
    }

    /// The lowest version for what is used (§8, MV-31); 1 needs no tag.
    fn version_floor(&self) -> u8 {
        let definitions = self.definitions.iter().map(Definition::version);
        let keys = self.session_keys.iter().map(Key::version);
        let renditions = self.renditions.iter().map(Rendition::version);
        let variants = self.variants.iter().map(Variant::version);
        let all = definitions.chain(keys).chain(renditions).chain(variants);
        all.max().unwrap_or(1)
    }
}
