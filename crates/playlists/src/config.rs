//! What an operator decides about the registry as a whole: how much there may be of everything.

use std::fmt;
use std::time::Duration;

use crate::archive::Archive;

/// Bounds of a [`Playlists`](crate::Playlists).
///
/// # Worst-case memory
///
/// Payload: [`total_bytes`](Self::total_bytes), enforced by the ring, of which a rendition uses
/// [`bytes_per_rendition`](Self::bytes_per_rendition) at most, for what its playlist names and for
/// what must stay downloadable after it left (UP-10, UP-11). Listed media is never pushed out: a
/// part that leaves no room for it is refused. What is no longer listed goes first, oldest first,
/// and is counted as `retention_cut_short`.
///
/// Beside it, per rendition, 64 bytes for each slot of its ring and the text of one playlist window
/// in up to six forms; and the state of each blocked request.
/// [`worst_case_bytes`](Self::worst_case_bytes) adds it up; a configuration whose sum has no number
/// is refused. Nothing is allocated for names that nobody publishes.
///
/// ```
/// use playlists::RegistryConfig;
///
/// let config = RegistryConfig::new().presentations(16).total_bytes(256 << 20);
/// let playlists = playlists::Playlists::new(config)?;
/// # Ok::<(), playlists::RegistryConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct RegistryConfig {
    pub(crate) presentations: usize,
    pub(crate) renditions: usize,
    pub(crate) total_bytes: u64,
    pub(crate) bytes_per_rendition: u64,
    pub(crate) parts_per_rendition: usize,
    pub(crate) waiters: usize,
    pub(crate) longest_block: Option<Duration>,
    pub(crate) query_parameter: Option<String>,
    pub(crate) archive: Option<Archive>,
    pub(crate) absence: Absence,
    pub(crate) on_conflict: OnConflict,
    pub(crate) removal: Removal,
}

impl RegistryConfig {
    /// The defaults named at each setter.
    #[must_use]
    pub fn new() -> Self {
        Self {
            presentations: 256,
            renditions: 16,
            total_bytes: 4 << 30,
            bytes_per_rendition: 64 << 20,
            parts_per_rendition: 1 << 16,
            waiters: 100_000,
            longest_block: None,
            query_parameter: None,
            archive: None,
            absence: Absence::default(),
            on_conflict: OnConflict::default(),
            removal: Removal::default(),
        }
    }

    /// How many presentations may exist at once. Default 256.
    ///
    /// One more is a typed error: a live stream is never thrown out to make room.
    #[must_use]
    pub fn presentations(mut self, limit: usize) -> Self {
        self.presentations = limit;
        self
    }

    /// How many renditions one presentation may have. Default 16.
    #[must_use]
    pub fn renditions(mut self, limit: usize) -> Self {
        self.renditions = limit;
        self
    }

    /// Payload bytes over all renditions. Default 4 GiB.
    ///
    /// Room is set aside when a rendition is opened: there may be as many as this holds
    /// [`bytes_per_rendition`](Self::bytes_per_rendition), and one more is a typed error. So no
    /// stream can ever starve another.
    #[must_use]
    pub fn total_bytes(mut self, bytes: u64) -> Self {
        self.total_bytes = bytes;
        self
    }

    /// Payload bytes of one rendition. Default 64 MiB.
    ///
    /// Must hold everything that its playlist may name; a part that would push out listed media is
    /// refused with [`PublishError::OverBudget`](crate::PublishError::OverBudget).
    #[must_use]
    pub fn bytes_per_rendition(mut self, bytes: u64) -> Self {
        self.bytes_per_rendition = bytes;
        self
    }

    /// Parts of one rendition that may be in memory, listed or retained. Default 65 536.
    ///
    /// The ring of a rendition has eight times the slots that its window needs in regular parts,
    /// and no more than this. A window that needs more is refused when the rendition is opened.
    #[must_use]
    pub fn parts_per_rendition(mut self, limit: usize) -> Self {
        self.parts_per_rendition = limit;
        self
    }

    /// Requests that may wait on one rendition at once. Default 100 000.
    #[must_use]
    pub fn waiters(mut self, limit: usize) -> Self {
        self.waiters = limit;
        self
    }

    /// A cap on the time a request is held. Default none: three target durations (§6.2.5.2).
    #[must_use]
    pub fn longest_block(mut self, limit: Duration) -> Self {
        self.longest_block = Some(limit);
        self
    }

    /// A query parameter that all URIs in all playlists hand on, such as a viewer's token.
    /// Default none.
    ///
    /// Playlists define it with `EXT-X-DEFINE:QUERYPARAM` (§4.4.2.3) and say `?NAME={$NAME}` where
    /// its value goes, so they stay the same bytes for everybody. Players refuse a playlist whose
    /// own URL lacks it, and those that do not know `QUERYPARAM` cannot play at all.
    #[must_use]
    pub fn query_parameter(mut self, name: impl Into<String>) -> Self {
        self.query_parameter = Some(name.into());
        self
    }

    /// What becomes of a rendition whose publisher left without ending it. Default
    /// `Gaps { linger: 2, at_most: 30 }`.
    ///
    /// Needs [`housekeeping`](crate::Playlists::housekeeping), or a caller of
    /// [`tick`](crate::Playlists::tick): without them nobody notices that time passes.
    #[must_use]
    pub fn absence(mut self, absence: Absence) -> Self {
        self.absence = absence;
        self
    }

    /// What becomes of a second publisher of a rendition. Default: it is refused.
    #[must_use]
    pub fn on_conflict(mut self, policy: OnConflict) -> Self {
        self.on_conflict = policy;
        self
    }

    /// What becomes of media whose playlist is gone: removed with its presentation, or replaced
    /// after its end. Default: it stays downloadable.
    #[must_use]
    pub fn removal(mut self, removal: Removal) -> Self {
        self.removal = removal;
        self
    }

    /// The most that this registry can hold in memory, in bytes, or nothing when that is more than
    /// 64 bits can say.
    ///
    /// The sum of the payload, which the ring enforces; for every rendition that there may be, the
    /// index of a ring that is full of the smallest parts it takes and the text and forms of its
    /// playlist; and the waiting requests. What requests hold beyond that, such as clones of
    /// payload on their way to a socket, is the host's.
    #[must_use]
    pub fn worst_case_bytes(&self) -> Option<u64> {
        let renditions = self.total_bytes / self.bytes_per_rendition.max(1);
        let index = (self.parts_per_rendition as u64).checked_mul(BYTES_PER_PART)?;
        let waiting = (self.waiters as u64).checked_mul(BYTES_PER_WAITER)?;
        index
            .checked_add(waiting)?
            .checked_mul(renditions)?
            .checked_add(self.total_bytes)
    }
}

impl RegistryConfig {
    /// How many presentations there may be.
    #[must_use]
    pub fn most_presentations(&self) -> usize {
        self.presentations
    }

    /// How many renditions of all presentations find room.
    #[must_use]
    pub fn most_renditions(&self) -> u64 {
        let by_number = (self.presentations as u64).saturating_mul(self.renditions as u64);
        by_number.min(self.total_bytes / self.bytes_per_rendition.max(1))
    }

    /// Bytes of media that all renditions together may hold.
    #[must_use]
    pub fn most_bytes(&self) -> u64 {
        self.total_bytes
    }
}

impl RegistryConfig {
    /// Where closed segments go, which gives each rendition a DVR playlist. Default nowhere.
    #[must_use]
    pub fn archive(mut self, archive: Archive) -> Self {
        self.archive = Some(archive);
        self
    }
}

/// The query that URIs carry to hand on a parameter, with its `?`.
pub(crate) fn uri_query(parameter: &str) -> String {
    format!("?{parameter}={{${parameter}}}")
}

/// What becomes of a rendition whose publisher left without ending it. Times are in target
/// durations of that rendition, counted by Tokio's clock.
///
/// Whatever is chosen, a publisher that comes back continues the Media Sequence Numbers behind a
/// discontinuity (UP-17); after the end it opens a new playlist, whose numbers lie behind the old
/// ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Absence {
    /// Nothing: the playlist stands still until a publisher comes or somebody ends it.
    Wait,
    /// The playlist stands still for a while, then it ends.
    End {
        /// How long it stands still.
        linger: u32,
    },
    /// The playlist stands still for a while; then the outage is listed as gaps, at the pace of
    /// the clock, so that the siblings stay in step and players move on (SEG-15); then it ends.
    Gaps {
        /// How long it stands still.
        linger: u32,
        /// For how long gaps are listed before it ends.
        at_most: u32,
    },
}

impl Default for Absence {
    fn default() -> Self {
        Self::Gaps {
            linger: 2,
            at_most: 30,
        }
    }
}

/// What becomes of a second publisher of a rendition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnConflict {
    /// It gets [`PublisherError::Conflict`](crate::PublisherError::Conflict).
    #[default]
    Refuse,
    /// It displaces the first, whose next part gets
    /// [`PublishError::Superseded`](crate::PublishError::Superseded). For encoders that reconnect
    /// before the old connection is known to be dead.
    TakeOver,
}

/// What becomes of media whose playlist is gone: removed with its presentation, or replaced after
/// its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Removal {
    /// It stays downloadable for as long as the playlist was (UP-11, UP-16), unless a new stream
    /// needs its room.
    #[default]
    KeepMedia,
    /// Its memory is returned at once.
    AtOnce,
}

/// A slot of the ring, and a part's line of text and entry in the manifest's index, each also in
/// the version before.
const BYTES_PER_PART: u64 = 64 + 2 * (100 + 32);

/// A blocked request as the registry sees it: its future and its place in the queue.
const BYTES_PER_WAITER: u64 = 512;

impl Default for RegistryConfig {
    fn default() -> Self {
        Self::new()
    }
}

/// Why a [`RegistryConfig`] makes no registry. The operator's fault; nothing was built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegistryConfigError {
    /// A bound is zero, so that nothing could ever be published.
    Zero {
        /// The setter of that bound.
        bound: &'static str,
    },
    /// One rendition may hold more than all renditions together.
    RenditionOverTotal {
        /// Bytes of one rendition.
        rendition: u64,
        /// Bytes of all renditions.
        total: u64,
    },
    /// The bounds are more than the ring can index.
    TooLarge,
    /// The query parameter is not a name of letters, digits, `-` and `_`.
    QueryParameter,
}

impl fmt::Display for RegistryConfigError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Zero { bound } => write!(formatter, "{bound} must be at least 1"),
            Self::RenditionOverTotal { rendition, total } => write!(
                formatter,
                "one rendition may hold {rendition} bytes, but all together only {total}"
            ),
            Self::QueryParameter => formatter.write_str(
                "a query parameter has only letters, digits, '-' and '_', and at least one of them",
            ),
            Self::TooLarge => formatter.write_str("the bounds are larger than a ring can index"),
        }
    }
}

impl std::error::Error for RegistryConfigError {}

impl RegistryConfig {
    pub(crate) fn check(&self) -> Result<(), RegistryConfigError> {
        let bounds = [
            ("presentations", self.presentations as u64),
            ("renditions", self.renditions as u64),
            ("total_bytes", self.total_bytes),
            ("bytes_per_rendition", self.bytes_per_rendition),
            ("parts_per_rendition", self.parts_per_rendition as u64),
            ("waiters", self.waiters as u64),
        ];
        for (bound, value) in bounds {
            if value == 0 {
                return Err(RegistryConfigError::Zero { bound });
            }
        }
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        let is_name = |name: &String| !name.is_empty() && name.bytes().all(legal);
        if !self.query_parameter.as_ref().is_none_or(is_name) {
            return Err(RegistryConfigError::QueryParameter);
        }
        if self.bytes_per_rendition > self.total_bytes {
            return Err(RegistryConfigError::RenditionOverTotal {
                rendition: self.bytes_per_rendition,
                total: self.total_bytes,
            });
        }
        if self.worst_case_bytes().is_none() {
            return Err(RegistryConfigError::TooLarge);
        }
        Ok(())
    }
}
