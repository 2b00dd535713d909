//! Low-Latency HLS for Rust under one name.
//!
//! This crate contains no code of its own. It names what the crates below it offer, so that most
//! programs need one dependency:
//!
//! | room | crate | use it for |
//! |---|---|---|
//! | [`registry`] | `playlists` | publishing live streams and answering players |
//! | [`manifest`] | `llhls-manifest` | playlists without the registry: your own store, your own clock |
//! | [`ring`] | `ring-core` | the last packets of many streams, for many readers; nothing of HLS |
//!
//! Each room is a cargo feature of the same name, all on by default, and brings its own
//! dependencies only; `registry` brings `manifest` along, in whose types it is configured. There is
//! no prelude: a name says which room it comes from. Who comes from the crate `playlists` 0.1 finds
//! its calls in `docs/migration.md`.
//!
//! # The whole path
//!
//! Parts come in, sit in the ring, roll a playlist, and a player that asks for the next part before
//! it exists gets it the moment it does:
//!
//! ```
//! use bytes::Bytes;
//! use llhls::manifest::{Cut, Directives, ManifestConfig, MediaDuration, ResourceNames};
//! use llhls::registry::{
//!     Coding, Media, Part, Playlists, RegistryConfig, RenditionConfig, Resource, Video,
//! };
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
//! // An operator's bounds, and one stream in them.
//! let playlists = Playlists::new(RegistryConfig::new())?;
//! let (show, video) = ("show".parse()?, "video".parse()?);
//! let config = RenditionConfig {
//!     manifest: ManifestConfig::new(ResourceNames::new("epoch1")?)
//!         .target_duration(2)
//!         .part_target(MediaDuration::from_millis(500)),
//!     media: Media::Video(Video::new("avc1.64001f", 1280, 720)),
//! };
//! let mut publisher = playlists.publisher(&show, &video, config)?;
//! publisher.init(Bytes::from_static(b"ftyp moov"));
//!
//! // A second of video in two parts makes a segment; the last part says that it is the last.
//! let half = MediaDuration::from_millis(500);
//! let part = |bytes: &'static [u8]| Part::new(Bytes::from_static(bytes), half);
//! publisher.publish(part(b"moof mdat 0").independent())?;
//! publisher.publish(part(b"moof mdat 1").cut(Cut::After))?;
//!
//! // A player reads the playlist, and asks for the first part of the segment that comes next.
//! let viewer = playlists.viewer("show", "video").expect("it was just published");
//! let playlist = viewer.playlist(&Directives::NONE, Coding::Gzip).await?;
//! assert_eq!(playlist.bytes[..2], [0x1f, 0x8b]);
//! let next = Directives::parse(Some("_HLS_msn=2&_HLS_part=0"))?;
//! let (update, published) = tokio::join!(
//!     viewer.playlist(&next, Coding::Identity),
//!     async { publisher.publish(part(b"moof mdat 2").independent()) },
//! );
//! published?;
//! let update = String::from_utf8(update?.bytes.to_vec())?;
//! assert!(update.contains("URI=\"epoch1-2.0.m4s\""));
//!
//! // The media lies beside the playlist, under the names that the playlist uses.
//! let segment = viewer.resource("epoch1-1.m4s").await?;
//! assert!(matches!(segment, Resource::Segment(parts) if parts.len() == 2));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

/// The README's examples, compiled and run with the documentation tests.
#[cfg(all(doctest, feature = "registry"))]
#[doc = include_str!("../../../README.md")]
struct Readme;

/// The same of the notes for users of the crate that came before.
#[cfg(all(doctest, feature = "registry"))]
#[doc = include_str!("../../../docs/migration.md")]
struct Migration;

/// Live streams: publishers, viewers, versions, waiting, gzip, archives. The crate `playlists`.
///
/// Start at [`Playlists`](registry::Playlists): it gives a [`Publisher`](registry::Publisher) to
/// whoever brings a stream and a [`Viewer`](registry::Viewer) to whoever wants one.
/// [`Archive`](registry::Archive) keeps what leaves memory.
///
/// Everything that this crate exports is here.
#[cfg(feature = "registry")]
pub mod registry {
    pub use playlists::{
        Absence, Archive, ArchiveConfig, ArchiveHealth, ArchiveStats, ArchiveWorker, ArchivedName,
        ArchivedSegment, Audio, AudioRole, Body, Coding, DVR_PLAYLIST, Directory, DirectoryConfig,
        DirectorySink, Durability, DvrResource, DvrViewer, Ending, InvalidName, M3u8Cache, Media,
        MediaError, NameStats, OnConflict, Part, PlaylistError, Playlists, PresentationInfo,
        Progress, PublishError, PublishStats, Published, Publisher, PublisherError, Recording,
        RecordingId, RegistryConfig, RegistryConfigError, RegistryStats, Removal, RenditionConfig,
        RenditionInfo, RenditionStats, Resource, SegmentFacts, SegmentSink, Snapshot, StoreError,
        StreamName, Video, ViewStats, Viewer,
    };
}

/// Playlists from facts about parts, without a clock and without bytes. The crate `llhls-manifest`.
///
/// Start at [`M3u8Manifest`](manifest::M3u8Manifest) for media playlists and at
/// [`MultivariantPlaylist`](manifest::MultivariantPlaylist) for the playlist of them. The registry
/// takes its configuration in these types.
///
/// Everything that this crate exports is here.
#[cfg(feature = "manifest")]
pub mod manifest {
    pub use llhls_manifest::{
        Addressing, Availability, BandwidthMeter, BitRates, ClosedCaptions, ClosedSegment,
        ConfigError, ContentSteering, Continuity, Cut, DateCue, DateRange, DateRangeError,
        Decision, Definition, Directive, DirectiveError, Directives, DiscontinuitySequence, Edge,
        Extension, Form, FrameRate, HdcpLevel, IFrameVariant, ImportError, Independence,
        IndependentSegments, InitVersion, Key, KeyError, KeyMethod, LastListed, ListedPart,
        Liveness, M3u8Manifest, ManifestConfig, MediaDuration, MediaRef, Msn, MultivariantError,
        MultivariantPlaylist, NameError, PartFacts, PartIndex, PartLines, PartLookup, PathwayClone,
        PlaylistKind, PlaylistView, Position, PushError, Reject, Removed, Rendition, RenditionKind,
        RenditionReport, Resolution, ResourceName, ResourceNames, Retention, Rolled, Score,
        SegmentLookup, SegmentRequest, SegmentText, ServerControl, SessionData, Skip, SkipUntil,
        StartOffset, StartPrecision, SteeringError, SteeringManifest, TextError, Until, Variant,
        VideoRange, WaitFor, WallClock,
    };
}

/// Bytes in numbered slots: many streams, many readers. The crate `ring-core`.
///
/// Start at [`ChunkCache`](ring::ChunkCache): it gives a [`Writer`](ring::Writer) for each stream,
/// and that gives [`Reader`](ring::Reader)s.
///
/// Everything that this crate exports is here, but for its `stream` feature: who wants cursors as
/// `futures_core::Stream` depends on the crate itself.
#[cfg(feature = "ring")]
pub mod ring {
    pub use ring_core::{
        AddError, AppendError, CacheConfig, CacheStats, ChunkCache, ConfigError, Cursor,
        CursorError, Delivery, Digest, DigestPolicy, EndOutcome, Epoch, Evicted, EvictionCause,
        EvictionSink, Gap, GapPolicy, Generation, GetError, Milestones, NextDelivery, OpenError,
        PutError, PutOutcome, Reach, Reader, Released, RemoveOutcome, RingConfig, SendError,
        SendPayload, Seq, Start, StreamEvent, StreamStats, TooManyWaiters, Wait, WaitAtLeast,
        WaitError, Writer,
    };
}
