//! Live streams: bytes, playlists, waiters and compression behind two handles.
//!
//! This crate joins [`ring_core`], which keeps the bytes, and [`llhls_manifest`], which writes the
//! playlists. It adds what neither has: names, one publisher per rendition, versions that become
//! visible in one step, requests that wait, and gzip.
//!
//! ```text
//!   Publisher ── publish(part) ─┬─► manifest             the roll, which may refuse the part,
//!   (a seat on the timeline)    ├─► ring slot            the bytes,
//!                               └─► M3u8Cache ──swap──►  then one version with both
//!                                        │
//!   Viewer ── playlist(directives) ◄─────┤  waits for a version that has what was asked for
//!          ── part / segment / init ◄────┘  looks up, clones a handle, copies nothing
//! ```
//!
//! # Rules
//!
//! * A playlist version never names a part whose bytes are not readable (law 1).
//! * A version is one immutable [`Snapshot`]; each of its forms is written at most once, when the
//!   first request asks for it, and shared by all.
//! * Nobody polls: a request that has to wait wakes when a version satisfies it, after three
//!   target durations at the latest, or when the presentation is removed.
//! * Dropping any future leaves nothing behind.
//! * No room is a typed error. A live stream is never thrown out for another.
//! * Time is Tokio's, and nothing runs by itself: spawn [`Playlists::housekeeping`], which sees to
//!   absent publishers and to media whose time is over.
//!
//! # Where things are
//!
//! A presentation has renditions. Relative to the multivariant playlist a rendition's playlist is
//! `NAME/media.m3u8`, and its media lies beside that playlist, named by the manifest's
//! [`ResourceNames`](llhls_manifest::ResourceNames).
//!
//! The facade crate `llhls` shows the whole path in one example; [`Playlists`], [`Publisher`] and
//! [`Viewer`] show their own parts of it.

mod aftermath;
mod archive;
mod cache;
mod calendar;
mod config;
mod deflate;
mod desk;
mod dvr;
mod encode;
mod error;
mod freshness;
mod gzip;
mod housekeeping;
mod media;
mod multivariant;
mod name;
mod opening;
mod part;
mod presentation;
mod publisher;
mod registry;
mod rendition;
mod reports;
mod snapshot;
mod stats;
mod timeline;
mod viewer;
mod wait;

// The public interface is:
pub use archive::{
    Archive, ArchiveConfig, ArchiveHealth, ArchiveStats, ArchiveWorker, ArchivedName,
    ArchivedSegment, Directory, DirectoryConfig, DirectorySink, Durability, Progress, Recording,
    RecordingId, SegmentFacts, SegmentSink, StoreError,
};
pub use cache::M3u8Cache;
pub use config::{Absence, OnConflict, RegistryConfig, RegistryConfigError, Removal};
pub use dvr::{DVR_PLAYLIST, DvrResource, DvrViewer};
pub use encode::{Body, Coding};
pub use error::{MediaError, PlaylistError, PublishError, PublisherError};
pub use media::{Audio, AudioRole, Media, Video};
pub use name::{InvalidName, StreamName};
pub use part::{Part, Published};
pub use presentation::{PresentationInfo, RenditionInfo};
pub use publisher::Publisher;
pub use registry::{Ending, Playlists, RenditionConfig};
pub use snapshot::Snapshot;
pub use stats::{NameStats, PublishStats, RegistryStats, RenditionStats, ViewStats};
pub use viewer::{Resource, Viewer};
