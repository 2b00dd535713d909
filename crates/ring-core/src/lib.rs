//! The last *N* payloads of many streams, for many readers.
//!
//! A stream is a ring of numbered slots that hold [`Bytes`](bytes::Bytes). A writer appends, any
//! number of readers get by number, and everybody sees everything. The crate knows nothing of what
//! the payloads mean: media parts, telemetry, encrypted packets.
//!
//! ```text
//!   ChunkCache ── key ──▶ stream ──▶ ring of slots
//!                                      ┌───┬───┬───┬───┬───┬───┬───┬───┐
//!    Writer ── append ──▶ Seq          │ 8 │ 9 │10 │11 │ 4 │ 5 │ 6 │ 7 │
//!                                      └───┴───┴───┴───┴───┴───┴───┴───┘
//!    Reader ── get(Seq) ──▶ Bytes                    ▲ oldest 4   next 12
//!           └─ wait(Seq).await                       └ the next append goes here
//! ```
//!
//! # Rules
//!
//! * **Numbers are linear.** The first payload of a stream is [`Seq`] 0 (or what its configuration
//!   says), each later one the next. No number is used twice in a stream's life, so a number names
//!   one payload for ever.
//! * **Never wrong bytes.** A read gives exactly the payload of that stream, generation and
//!   number, or says what is the matter, with numbers: [`GetError::NotYet`],
//!   [`GetError::Evicted`], [`GetError::Ended`], [`GetError::Gone`].
//! * **A writer never waits** for readers or for other writers. It stores one payload under one
//!   slot's lock and publishes it with one atomic operation.
//! * **Reads do not copy.** A `Bytes` clone shares the payload, and stays valid after the ring has
//!   moved on.
//! * **Memory is bounded** by slots and bytes a stream, and streams and bytes in all; see
//!   [`RingConfig`] and [`CacheConfig`]. Asking for what does not exist allocates nothing.
//! * **A live stream is never evicted** to make room for another one.
//!
//! # Ways to read and write
//!
//! | | now | when it is there | in order |
//! |---|---|---|---|
//! | task | [`Reader::get`], [`Reader::range`] | `Reader::wait`, `Reader::wait_at_least` | `Cursor::next` |
//! | thread | the same | [`Reader::wait_blocking`] | [`Cursor::next_blocking`] |
//! | a glance | [`Reader::with`] | | [`Cursor::try_next`] |
//!
//! A [`Writer`] appends ([`append`](Writer::append), [`append_copy`](Writer::append_copy)), stores
//! what comes in any order ([`put`](Writer::put)), or waits for readers that asked to be waited for
//! (`send`, [`send_blocking`](Writer::send_blocking)).
//!
//! # Edge cases
//!
//! * *Overrun.* A reader that is too slow is told so: [`GetError::Evicted`] with the oldest
//!   position it can still have. Nothing waits for it, and it loses nothing else.
//! * *Gaps.* A payload put ahead of its time stays unpublished until those before it are there, or
//!   are given up by [`GapPolicy`] or [`Writer::skip_to`]; then they are [`GetError::Missing`].
//! * *Letting go.* [`Writer::release_before`] evicts by hand what is older than a position.
//! * *Reset.* [`Writer::reset`] drops what is held and starts a new [`Epoch`]; numbering goes on,
//!   so no old number ever names new bytes. Cursors get [`CursorError::Discontinuity`].
//! * *End.* [`Writer::end`] lets readers drain; beyond the last payload they get
//!   [`GetError::Ended`], and whoever waited for more is woken.
//! * *Removal.* [`ChunkCache::remove`] releases the payloads at once. Handles answer
//!   [`GetError::Gone`] from then on, also when the key is opened again: that is a new
//!   [`Generation`] with a ring of its own.
//! * *Crowds.* Ten thousand tasks may wait for one payload. The writer wakes a few and those wake
//!   the others, so that publishing costs microseconds.
//!
//! # Consistency
//!
//! Within one stream, what [`Reader::last`] names is readable; a reader that sees payload *n* sees
//! every earlier one that has not been evicted. A payload evicted by its number may for an instant
//! be both counted and gone: [`Reader::oldest`] and [`Reader::bytes`] are exact when no writer is
//! active.
//!
//! # Features
//!
//! * `async` (default): waiting as futures. They need a `Waker`, not a runtime, and pull nothing
//!   in; without the feature everything else stays. Deadlines are futures that the caller brings.
//! * `stream`: `futures_core::Stream` for [`Cursor`].
//!
//! # Example
//!
//! ```
//! use bytes::Bytes;
//! use ring_core::{CacheConfig, ChunkCache, GetError, Seq};
//!
//! let cache = ChunkCache::new(CacheConfig::default())?;
//! let writer = cache.open("telemetry")?;
//! let reader = cache.reader("telemetry").expect("just opened");
//!
//! let seq = writer.append(Bytes::from_static(b"t=0 rpm=900"))?;
//! assert_eq!(reader.get(seq)?, &b"t=0 rpm=900"[..]);
//! assert_eq!(reader.get(seq.next()), Err(GetError::NotYet { next: seq.next() }));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

mod batch;
mod blocking;
mod budget;
mod cache;
mod config;
mod cursor;
mod digest;
mod error;
mod gate;
mod hash;
mod hook;
mod lane;
#[cfg(feature = "async")]
mod milestones;
mod outcome;
mod reader;
mod ring;
mod send;
mod seq;
mod sink;
mod slot;
mod slots;
mod stats;
mod sync;
#[cfg(feature = "async")]
mod wait;
mod waiters;
mod waiting;
mod watermark;
mod writer;

#[cfg(all(test, ring_loom))]
mod models;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeExamples;

// The public interface is:
pub use cache::ChunkCache;
pub use config::{CacheConfig, DigestPolicy, GapPolicy, RingConfig};
#[cfg(feature = "async")]
pub use cursor::NextDelivery;
pub use cursor::{Cursor, Delivery, Start};
pub use digest::Digest;
pub use error::{
    AddError, AppendError, ConfigError, CursorError, GetError, OpenError, PutError, SendError,
    WaitError,
};
pub use hook::StreamEvent;
#[cfg(feature = "async")]
pub use milestones::{Milestones, Reach};
pub use outcome::{EndOutcome, PutOutcome, Released, RemoveOutcome};
pub use reader::Reader;
#[cfg(feature = "async")]
pub use send::SendPayload;
pub use seq::{Epoch, Gap, Generation, Seq};
pub use sink::{Evicted, EvictionCause, EvictionSink};
pub use stats::{CacheStats, StreamStats};
#[cfg(feature = "async")]
pub use wait::{Wait, WaitAtLeast};
pub use watermark::TooManyWaiters;
pub use writer::Writer;
