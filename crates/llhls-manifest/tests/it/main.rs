//! The crate as its users see it, held against independent readers of its output.

#![allow(clippy::unwrap_used, reason = "in tests a panic is the report")]

/// What every scenario needs: short constructors, bodies that went through the oracle.
mod support;

/// The wire text of scenarios, kept as files.
mod golden;

/// What a playlist says, to be compared, and for readers in other languages.
mod facts;

/// What a playlist must say, from the other side.
mod books;

/// One grammar of operations for the property tests, the simulation and the fuzz targets.
mod ops;

/// A history of operations and what must be true along it.
mod history;

/// Clients that merge delta updates.
mod merge;

/// Multivariant playlists from bytes.
mod graph;

/// What the fuzzers found worth keeping.
mod corpora;

/// Random histories: invariants after each operation, every version judged, versions compared.
mod properties;

/// What happens in a life, from a seed.
mod lives;

/// Long lives from seeds.
mod simulation;

/// The directive table of §6.2.5.2, enumerated.
mod directives;

/// Delta updates and the clients that merge them.
mod delta;

/// Keys and their rotation.
mod keys;

/// Date ranges and their lives.
mod date_ranges;

/// Events, playlists on demand, playlists of I-frames.
mod kinds;

/// Byte ranges, outages, definitions, dates.
mod tags;

/// The playlist of playlists.
mod multivariant;

/// The manifests of steering servers.
mod steering;

/// A playlist that is continued elsewhere.
mod state;

/// What is answered about segments and parts that left the playlist.
mod retention;

/// Refusals and forced cuts.
mod limits;

/// Defects of the crate that this one succeeds, and our own once we have some.
mod regression;

/// The table of requirements names tests that exist.
mod conformance;

/// Traits that others rely on.
mod traits;
