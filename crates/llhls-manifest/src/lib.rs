//! Low-Latency HLS playlists from facts about parts.
//!
//! This crate turns facts about media (how long a part is, whether it can be decoded alone, when
//! it was captured) into playlists that conform to
//! [draft-pantos-hls-rfc8216bis](https://datatracker.ietf.org/doc/draft-pantos-hls-rfc8216bis/),
//! and requests for them into decisions. It is sans-IO: no clock, no sockets, no runtime, no
//! media bytes, no compression, no randomness. Time and identifiers are arguments. So the same
//! calls give the same bytes everywhere, and all of it can be simulated and fuzzed.
//!
//! ```text
//!  PartFacts ──▶ M3u8Manifest::push ──▶ Rolled            what closed, what left, what may go
//!                      │
//!                      ▼ view()
//!  Directives ──▶ PlaylistView::decide ──▶ Ready | Wait | Reject
//!                      │
//!                      ├─ write_playlist(Full | Delta)    text, assembled only when asked for
//!                      └─ segment(), part(), edge()       typed answers; nobody parses text
//! ```
//!
//! The rules that shape it:
//!
//! * Targets are configured and never change; what does not fit is refused with a typed error,
//!   never printed.
//! * Every comparison is made on the printed decimals, and rounding errors are carried forward.
//! * A closed segment is rendered once in its life. A part costs the same in a stream that is a
//!   week old and in a window of any size.
//! * A version is an immutable value. What it lists, and what the specification says must stay
//!   downloadable after it left, is answered from it.
//!
//! What a caller above it, with a clock and the bytes, has to ask for:
//!
//! * what must stay downloadable, and for how long: [`Rolled::removed`], [`Rolled::removed_parts`];
//!   where it is: [`PlaylistView::segment_parts`]; and, with [`Retention::Caller`], that it may go:
//!   [`M3u8Manifest::release`];
//! * an outage: [`M3u8Manifest::push_gap`] at its pace; a single lost part: [`PartFacts::gap`];
//! * an interruption, in all renditions together: [`M3u8Manifest::mark_discontinuity`];
//! * another initialisation section: [`M3u8Manifest::change_init`], which hints it, and
//!   [`PlaylistView::hinted_init`]; whether one may go: [`PlaylistView::needs_init`].
//!
//! The public interface is:
//!
//! * [`M3u8Manifest`], the machine, its [`ManifestConfig`], and what goes in and comes out:
//!   [`PartFacts`], [`Rolled`], [`ClosedSegment`].
//! * [`PlaylistView`], one version, with its [`Edge`].
//! * [`Directives`], [`Decision`] and [`WaitFor`]: blocking reload.
//! * [`MultivariantPlaylist`], the playlist of playlists, and [`SteeringManifest`].
//! * [`ResourceNames`], and the numbers: [`Msn`], [`PartIndex`], [`Position`].

mod borders;
mod changes;
mod config;
mod daterange;
mod decimal;
mod decision;
mod define;
mod directive;
mod edge;
mod error;
mod id;
mod import;
mod invariants;
mod key;
mod list;
mod multivariant;
mod names;
mod part;
mod ranges;
mod render;
mod report;
mod rolled;
mod roller;
mod rounding;
mod segment;
mod server_control;
mod state;
mod tags;
mod text;
mod time;
mod view;
mod window;

pub use config::{
    Addressing, BitRates, IndependentSegments, ManifestConfig, PlaylistKind, Retention,
    SegmentRequest, SkipUntil,
};
pub use daterange::{DateCue, DateRange, DateRangeError, Extension};
pub use decision::{Decision, Reject};
pub use define::{Definition, StartOffset, StartPrecision};
pub use directive::{Directive, DirectiveError, Directives, Skip, Until};
pub use edge::{Edge, LastListed, Liveness, WaitFor};
pub use error::{ConfigError, PushError};
pub use id::{DiscontinuitySequence, InitVersion, MediaRef, Msn, PartIndex, Position};
pub use key::{Key, KeyError, KeyMethod};
pub use multivariant::{
    BandwidthMeter, ClosedCaptions, ContentSteering, FrameRate, HdcpLevel, IFrameVariant,
    MultivariantError, MultivariantPlaylist, PathwayClone, Rendition, RenditionKind, Resolution,
    Score, SessionData, SteeringError, SteeringManifest, Variant, VideoRange,
};
pub use names::{NameError, ResourceName, ResourceNames};
pub use part::{Availability, Continuity, Cut, Independence, PartFacts};
pub use render::{Form, PartLines, SegmentText};
pub use report::RenditionReport;
pub use rolled::{ClosedSegment, Removed, Rolled};
pub use roller::M3u8Manifest;
pub use server_control::ServerControl;
pub use state::ImportError;
pub use text::TextError;
pub use time::{MediaDuration, WallClock};
pub use view::{ListedPart, PartLookup, PlaylistView, SegmentLookup};

/// The README's example is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
