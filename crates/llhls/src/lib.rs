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
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

/// Live streams: publishers, viewers, versions, waiting, gzip. The crate `playlists`.
pub mod registry {
    pub use playlists::{
        Audio, Body, Coding, Ending, InvalidName, M3u8Cache, Media, MediaError, NameStats, Part,
        PlaylistError, Playlists, PresentationInfo, PublishError, PublishStats, Published,
        Publisher, PublisherError, RegistryConfig, RegistryConfigError, RegistryStats,
        RenditionConfig, RenditionInfo, RenditionStats, Resource, Snapshot, StreamName, Video,
        ViewStats, Viewer,
    };
}

/// Playlists from facts about parts, without a clock and without bytes. The crate `llhls-manifest`.
pub mod manifest {
    pub use llhls_manifest::{
        ConfigError, Cut, Decision, DirectiveError, Directives, DiscontinuitySequence, Edge, Form,
        FrameRate, Independence, IndependentSegments, InitVersion, M3u8Manifest, ManifestConfig,
        MediaDuration, MediaRef, Msn, MultivariantPlaylist, NameError, PartFacts, PartIndex,
        PlaylistView, Position, PushError, Reject, Removed, RenditionReport, ResourceName,
        ResourceNames, Retention, Rolled, ServerControl, Skip, Until, WaitFor, WallClock,
    };
}

/// Bytes in numbered slots: many streams, many readers. The crate `ring-core`.
pub mod ring {
    pub use ring_core::{
        AppendError, CacheConfig, ChunkCache, ConfigError, GetError, OpenError, Reader, RingConfig,
        Seq, Writer,
    };
}
