//! `Origin`: the state that all handlers share, and the configuration behind it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use llhls::manifest::{
    Addressing, ConfigError, M3u8Manifest, ManifestConfig, MediaDuration, ResourceNames,
};
use llhls::registry::{Playlists, RegistryConfig, RegistryConfigError};

use crate::access::Access;
use crate::ingest::{self, IngestConfig};
use crate::media::CutConfig;
use crate::recording::{RecordingConfig, Recordings};
use crate::sight::{self, Sight};

/// The longest sample that a part may be rounded up by: an AAC frame of 24 kHz.
const LONGEST_SAMPLE: MediaDuration = MediaDuration::from_millis(43);

/// Media of all renditions: what a small server can live with, beside everything else.
const TOTAL_BYTES: u64 = 1 << 30;

/// Of long segments a playlist lists this many at least: three is what a player needs (UP-03), and one goes while it loads.
const FEWEST_SEGMENTS: u32 = 4;

/// An origin: a registry of live streams and the HTTP routes over it.
///
/// Cloning shares everything. [`router`](Self::router) gives a `tower` service that any axum
/// application can mount.
///
/// ```
/// use origin::{Origin, OriginConfig};
///
/// let origin = Origin::new(OriginConfig::new())?;
/// let app: axum::Router = origin.router();
/// # Ok::<(), origin::OriginError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Origin {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    config: OriginConfig,
    playlists: Playlists,
    points: Arc<ingest::Points>,
    sight: Sight,
    recordings: Option<Recordings>,
}

/// What an operator decides about an origin.
#[derive(Clone, Debug)]
pub struct OriginConfig {
    registry: RegistryConfig,
    target_duration: u32,
    part_target: MediaDuration,
    part_addressing: Addressing,
    window_segments: u32,
    player_library: Option<PathBuf>,
    access: Access,
    ingest: IngestConfig,
    recording: Option<RecordingConfig>,
}

impl OriginConfig {
    /// The defaults named at each setter.
    #[must_use]
    pub fn new() -> Self {
        Self {
            registry: RegistryConfig::new().total_bytes(TOTAL_BYTES),
            target_duration: 2,
            part_target: MediaDuration::from_millis(200),
            part_addressing: Addressing::Discrete,
            window_segments: 15,
            player_library: None,
            access: Access::default(),
            ingest: IngestConfig::new(),
            recording: None,
        }
    }

    /// Bounds of the registry: streams, bytes, waiters. Default its own, but 1 GiB of media.
    #[must_use]
    pub fn registry(mut self, registry: RegistryConfig) -> Self {
        self.registry = registry;
        self
    }

    /// Least EXT-X-TARGETDURATION of what is ingested, in seconds. Default 2.
    ///
    /// Where an encoder's key frames are farther apart, the stream gets their distance instead, up to ten seconds:
    /// a segment can only start at a key frame.
    #[must_use]
    pub fn target_duration(mut self, seconds: u32) -> Self {
        self.target_duration = seconds;
        self
    }

    /// PART-TARGET of what is ingested. Default 200 ms.
    #[must_use]
    pub fn part_target(mut self, duration: MediaDuration) -> Self {
        self.part_target = duration;
        self
    }

    /// How playlists address the parts of what is ingested. Default: each by a name of its own.
    ///
    /// [`Addressing::ByteRanges`] lets a cache keep a segment once, for those who fetch its parts and
    /// for those who fetch it whole, if it can serve ranges of an answer that still grows.
    #[must_use]
    pub fn part_addressing(mut self, addressing: Addressing) -> Self {
        self.part_addressing = addressing;
        self
    }

    /// How many complete segments a playlist lists. Default 15, half a minute.
    #[must_use]
    pub fn window_segments(mut self, segments: u32) -> Self {
        self.window_segments = segments;
        self
    }

    /// Who may publish and watch. Default: everybody.
    ///
    /// Where tokens are handed on by a query parameter, the registry has to know it:
    /// [`RegistryConfig::query_parameter`].
    #[must_use]
    pub fn access(mut self, access: Access) -> Self {
        self.access = access;
        self
    }

    /// What encoders may make the origin hold. Default as [`IngestConfig::new`].
    #[must_use]
    pub fn ingest(mut self, ingest: IngestConfig) -> Self {
        self.ingest = ingest;
        self
    }

    /// Where closed segments are kept, which lets viewers go back beyond memory: each stream has a
    /// `dvr.m3u8` then, live and afterwards. Default nowhere.
    #[must_use]
    pub fn recording(mut self, recording: RecordingConfig) -> Self {
        self.recording = Some(recording);
        self
    }

    /// A file to serve as hls.js to the player page. Default: the copy in the binary, where the build
    /// found one.
    #[must_use]
    pub fn player_library(mut self, path: impl Into<PathBuf>) -> Self {
        self.player_library = Some(path.into());
        self
    }
}

impl Default for OriginConfig {
    fn default() -> Self {
        Self::new()
    }
}

impl Origin {
    /// An origin without streams.
    ///
    /// # Errors
    ///
    /// [`OriginError`] when the bounds or the targets contradict each other, or the directory of
    /// recordings cannot be read and written.
    ///
    /// Where something is recorded, this reads the indices of the directory and starts a thread.
    pub fn new(config: OriginConfig) -> Result<Self, OriginError> {
        let parameter = config.access.query_parameter();
        let open = |recording| Recordings::open(recording, parameter);
        let recordings = config.recording.as_ref().map(open).transpose();
        let recordings = recordings.map_err(OriginError::Recording)?;
        let mut registry = config.registry.clone();
        if let Some(recordings) = &recordings {
            registry = registry.archive(recordings.archive().clone());
        }
        let playlists = Playlists::new(registry).map_err(OriginError::Registry)?;
        let origin = Self {
            shared: Arc::new(Shared {
                points: Arc::new(ingest::Points::new(config.ingest.clone())),
                config,
                playlists,
                sight: Sight::new(),
                recordings,
            }),
        };
        // What is wrong with the targets is said now, not to the first encoder.
        let names = ResourceNames::new("check").expect("a plain word is a valid epoch");
        let part_target = origin.shared.config.part_target;
        let manifest = origin.manifest_config(names, part_target);
        M3u8Manifest::new(manifest).map_err(OriginError::Manifest)?;
        Ok(origin)
    }

    /// The registry, for a program that publishes or watches by itself.
    #[must_use]
    pub fn playlists(&self) -> &Playlists {
        &self.shared.playlists
    }

    /// Who may publish and watch: for ways in beside HTTP.
    #[must_use]
    pub fn access(&self) -> &Access {
        &self.shared.config.access
    }

    /// Looks at everything every two seconds for as long as it is polled, and remembers ten minutes
    /// of it: what the status page's graphs, events and alarms are made of. For the host to spawn
    /// beside [`Playlists::housekeeping`]; without it they stay empty, and all else works.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the looking; what was seen stays.
    pub async fn observe(&self) {
        sight::observe(self.clone()).await;
    }

    /// One look of [`observe`](Self::observe), for a program that has a clock of its own.
    pub fn look(&self) {
        // Gathered first: it takes the registry's locks, and one is held at a time (law 9).
        let look = sight::Look::at(self);
        self.sight().observed().take(&look);
    }

    /// Says on `/readyz` that no new viewers should come: for a server that is about to stop.
    pub fn leave(&self) {
        self.shared.sight.leave();
    }

    /// Waits until every segment that is closed by now is stored or lost: for a program that is
    /// about to end. Returns at once where nothing is recorded; never, while the disk hangs.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves nothing behind.
    pub async fn recorded(&self) {
        if let Some(recordings) = self.recordings() {
            recordings.settled().await;
        }
    }

    /// What is recorded, and was.
    pub(crate) fn recordings(&self) -> Option<&Recordings> {
        self.shared.recordings.as_ref()
    }

    /// What was counted.
    pub(crate) fn sight(&self) -> &Sight {
        &self.shared.sight
    }

    /// The publishing points.
    pub(crate) fn points(&self) -> &Arc<ingest::Points> {
        &self.shared.points
    }

    /// EXT-X-TARGETDURATION in seconds.
    pub(crate) fn target_duration(&self) -> u64 {
        self.shared.config.target_duration.into()
    }

    /// The manifest configuration that all renditions of this origin share.
    pub(crate) fn manifest_config(
        &self,
        names: ResourceNames,
        part_target: MediaDuration,
    ) -> ManifestConfig {
        self.manifest_config_for(names, part_target, self.shared.config.target_duration)
    }

    /// The same with a target duration of the stream's own, in seconds. The window keeps its length in time,
    /// down to [`FEWEST_SEGMENTS`].
    pub(crate) fn manifest_config_for(
        &self,
        names: ResourceNames,
        part_target: MediaDuration,
        target_duration: u32,
    ) -> ManifestConfig {
        let config = &self.shared.config;
        let window = if target_duration > config.target_duration {
            let seconds = config
                .window_segments
                .saturating_mul(config.target_duration);
            let least = config.window_segments.min(FEWEST_SEGMENTS);
            (seconds / target_duration).max(least)
        } else {
            config.window_segments
        };
        // The same in all renditions (LL-11), so it is derived from the longest part that any of
        // them may have: the wanted one, rounded up to a whole sample.
        let longest = config.part_target.saturating_add(LONGEST_SAMPLE);
        ManifestConfig::new(names)
            .target_duration(target_duration)
            .part_target(part_target)
            .part_hold_back(longest.saturating_mul(3))
            .addressing(config.part_addressing)
            .window_segments(window)
    }

    /// How many complete segments a playlist lists.
    pub(crate) fn window_segments(&self) -> u32 {
        self.shared.config.window_segments
    }

    /// How ingested media is cut, for segments of `target_duration` seconds.
    pub(crate) fn cut_config(&self, target_duration: u32) -> CutConfig {
        let segment = Duration::from_secs(target_duration.into());
        CutConfig::new(self.shared.config.part_target.into(), segment)
    }

    /// What encoders may make it hold.
    #[cfg(feature = "rtmp")]
    pub(crate) fn ingest_config(&self) -> &IngestConfig {
        &self.shared.config.ingest
    }

    /// A file that stands in for the player library in the binary.
    pub(crate) fn player_library(&self) -> Option<&Path> {
        self.shared.config.player_library.as_deref()
    }
}

/// Why an origin could not be made. The operator's to change.
#[derive(Debug)]
#[non_exhaustive]
pub enum OriginError {
    /// The registry's bounds.
    Registry(RegistryConfigError),
    /// The targets or the window.
    Manifest(ConfigError),
    /// The directory of recordings, or the thread that writes to it.
    Recording(io::Error),
}

impl fmt::Display for OriginError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Registry(error) => write!(formatter, "registry: {error}"),
            Self::Manifest(error) => write!(formatter, "playlist: {error}"),
            Self::Recording(error) => write!(formatter, "recording: {error}"),
        }
    }
}

impl std::error::Error for OriginError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Registry(error) => Some(error),
            Self::Manifest(error) => Some(error),
            Self::Recording(error) => Some(error),
        }
    }
}
