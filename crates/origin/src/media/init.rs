//! Initialization sections: what `ftyp` and `moov` say about the tracks.

use std::fmt;

use bytes::Bytes;
use mp4_atom::{Mdhd, Tkhd, Trex};

use super::boxes::{self, BoxKind, Child};
use super::codec;
use super::entry::{EntryFields, SampleEntry};
use super::error::MediaError;
use super::language;
use super::limits::MediaLimits;
use super::single_track;
use super::time::{FrameRate, Timescale};

const ELNG: BoxKind = BoxKind(*b"elng");
const HDLR: BoxKind = BoxKind(*b"hdlr");
const MDHD: BoxKind = BoxKind(*b"mdhd");
const MDIA: BoxKind = BoxKind(*b"mdia");
const STSD: BoxKind = BoxKind(*b"stsd");
const TKHD: BoxKind = BoxKind(*b"tkhd");

/// The number that a file gives to one of its tracks (`track_ID`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrackId(u32);

impl TrackId {
    /// A track number as it stands in the file.
    pub fn new(value: u32) -> Self {
        Self(value)
    }

    /// The number.
    pub fn value(self) -> u32 {
        self.0
    }
}

impl fmt::Display for TrackId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What kind of media a track carries, with what a multivariant playlist says about it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TrackKind {
    /// Pictures.
    Video {
        /// Display width in pixels.
        width: u16,
        /// Display height in pixels.
        height: u16,
        /// Pictures per second where the initialization section tells; often only the samples do
        /// (see [`Fragment::frame_rate`](super::Fragment::frame_rate)).
        frame_rate: Option<FrameRate>,
    },
    /// Sound.
    Audio {
        /// Channels.
        channels: u16,
        /// Samples per second and channel.
        sample_rate: u32,
    },
    /// Timed text (`WebVTT` or TTML in MP4).
    Text,
}

/// One track of an [`InitSection`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TrackInfo {
    /// The track's number in the file.
    pub id: TrackId,
    /// Ticks per second of the track's times.
    pub timescale: Timescale,
    /// What it carries.
    pub kind: TrackKind,
    /// The codec as `CODECS` names it (RFC 6381), such as `avc1.64001f`.
    pub codec: String,
    /// Language tag (RFC 5646, such as `pt-BR`): of the `elng` box where there is one, else of the ISO 639-2 code of
    /// the `mdhd`. The shortest there is, so `de` for `deu`; `None` when undetermined.
    pub language: Option<String>,
    /// What the track is for, by the encoder's own word: roles of DASH (`kind` boxes of `urn:mpeg:dash:role:2011`), such
    /// as `main` or `commentary`.
    pub roles: Vec<String>,
    /// Media time that is shown at time zero (`elst`), in ticks: presentation times count from there.
    pub shown_from: u64,
    /// Peak bits per second by the encoder's own word (`btrt`), where it gives one.
    pub max_bitrate: Option<u32>,
}

impl TrackInfo {
    /// Whether the track carries pictures.
    pub fn is_video(&self) -> bool {
        matches!(self.kind, TrackKind::Video { .. })
    }

    /// Whether the track carries sound.
    pub fn is_audio(&self) -> bool {
        matches!(self.kind, TrackKind::Audio { .. })
    }
}

/// A track with what its fragments inherit from `moov`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Track {
    /// What the public sees.
    info: TrackInfo,
    /// Defaults of `trex`.
    defaults: SampleDefaults,
}

/// What a sample is when neither `tfhd` nor `trun` says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct SampleDefaults {
    /// Ticks.
    pub(crate) duration: u32,
    /// Bytes.
    pub(crate) size: u32,
    /// ISO BMFF sample flags.
    pub(crate) flags: u32,
    /// Bytes of a sample's initialization vector, where samples are encrypted.
    pub(crate) iv_size: Option<u8>,
}

/// `ftyp` and `moov`: everything a decoder must know before the first fragment.
///
/// Cheap to clone. Two are equal when their bytes are, which is how a repeated header is told from a changed one.
#[derive(Debug, Clone)]
pub struct InitSection {
    /// `ftyp` and `moov` as they came.
    bytes: Bytes,
    /// Where the `moov` starts, which is where the `ftyp` ends.
    moov_at: usize,
    /// The tracks that can be published, in file order.
    tracks: Vec<Track>,
    /// Tracks of other kinds (hints, camera data). Their media is read over.
    ignored: Vec<TrackId>,
}

impl PartialEq for InitSection {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for InitSection {}

impl InitSection {
    /// Reads an initialization section: a `ftyp`, then a `moov`, and nothing else.
    ///
    /// # Errors
    /// [`MediaError::Missing`], [`MediaError::Malformed`] and their like for bytes that are not one,
    /// [`MediaError::TooManyTracks`], and [`MediaError::NoTracks`] when there is nothing to publish.
    pub fn parse(bytes: Bytes, limits: &MediaLimits) -> Result<Self, MediaError> {
        let top = boxes::children(&bytes, 0..bytes.len(), BoxKind::MOOV)?;
        if top.first().map(|child| child.kind) != Some(BoxKind::FTYP) {
            return Err(MediaError::Misplaced {
                kind: BoxKind::MOOV,
                after: BoxKind::FTYP,
            });
        }
        let moov = find(&top, BoxKind::MOOV, BoxKind::MOOV)?;
        let parts = boxes::children(&bytes, moov.body.clone(), BoxKind::MOOV)?;
        let traks: Vec<&Child> = parts
            .iter()
            .filter(|child| child.kind == BoxKind::TRAK)
            .collect();
        if traks.len() > limits.tracks {
            return Err(MediaError::TooManyTracks {
                tracks: traks.len(),
                limit: limits.tracks,
            });
        }
        let mvex =
            find(&parts, BoxKind::MVEX, BoxKind::MOOV).map_err(|_| MediaError::NotFragmented)?;
        let mut trexes = Vec::new();
        for child in boxes::children(&bytes, mvex.body.clone(), BoxKind::MVEX)? {
            if child.kind == BoxKind::TREX {
                trexes.push(boxes::decode::<Trex>(BoxKind::TREX, &bytes[child.whole])?);
            }
        }

        let mut tracks = Vec::new();
        let mut ignored = Vec::new();
        for trak in traks {
            let id = track_id(&bytes, trak)?;
            let handler = handler(&bytes, trak)?;
            if matches!(&handler.0, b"vide" | b"soun" | b"text" | b"subt") {
                let trex = trexes.iter().find(|trex| trex.track_id == id.value());
                tracks.push(Track::read(id, &bytes, trak, handler, trex)?);
            } else {
                ignored.push(id);
            }
        }
        if tracks.is_empty() {
            return Err(MediaError::NoTracks);
        }
        Ok(Self {
            moov_at: moov.whole.start,
            bytes,
            tracks,
            ignored,
        })
    }

    /// The section as it came, with all of its tracks.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The tracks that can be published, in file order.
    pub fn tracks(&self) -> impl ExactSizeIterator<Item = &TrackInfo> {
        self.tracks.iter().map(|track| &track.info)
    }

    /// The track with this number, if it can be published.
    pub fn track(&self, id: TrackId) -> Option<&TrackInfo> {
        self.tracks().find(|track| track.id == id)
    }

    /// The initialization section of one track alone: every other `trak` and `trex` left out, every
    /// other byte as it came. `None` when the track is not in [`InitSection::tracks`].
    ///
    /// A media playlist carries one track (CMAF), so a muxed request becomes a rendition per track,
    /// each with a section of its own. A section that has the one track only is shared, not copied.
    /// Where the `ftyp` names no brand that stands for what our fragments are (FMT-01), `iso6` is added.
    pub fn for_track(&self, id: TrackId) -> Option<Bytes> {
        self.track(id)?;
        let is_alone = self.tracks.len() + self.ignored.len() == 1;
        if is_alone && single_track::has_brand(&self.bytes[..self.moov_at]) {
            return Some(self.bytes.clone());
        }
        // `parse` has walked exactly this, so the walk cannot fail now.
        single_track::header(&self.bytes, id).ok()
    }

    /// What the samples of a track inherit; `Err` tells an unknown track from one to read over.
    pub(crate) fn inherited(
        &self,
        id: TrackId,
    ) -> Result<Option<(&TrackInfo, SampleDefaults)>, MediaError> {
        if let Some(track) = self.tracks.iter().find(|track| track.info.id == id) {
            return Ok(Some((&track.info, track.defaults)));
        }
        if self.ignored.contains(&id) {
            Ok(None)
        } else {
            Err(MediaError::UnknownTrack { track: id })
        }
    }
}

fn find(children: &[Child], kind: BoxKind, parent: BoxKind) -> Result<&Child, MediaError> {
    children
        .iter()
        .find(|child| child.kind == kind)
        .ok_or(MediaError::Missing { kind, parent })
}

/// The first descendant of `within` along `path`.
fn descend(bytes: &[u8], within: &Child, path: &[BoxKind]) -> Result<Child, MediaError> {
    let mut current = within.clone();
    for &kind in path {
        let inside = boxes::children(bytes, current.body.clone(), current.kind)?;
        current = find(&inside, kind, current.kind)?.clone();
    }
    Ok(current)
}

/// A `trak`'s number, from its `tkhd`.
pub(crate) fn track_id(bytes: &[u8], trak: &Child) -> Result<TrackId, MediaError> {
    let header = descend(bytes, trak, &[TKHD])?;
    Ok(TrackId(
        boxes::decode::<Tkhd>(TKHD, &bytes[header.whole])?.track_id,
    ))
}

/// What a `trak`'s handler says that it is. Looked at before the rest of the track is read, so that
/// an exotic data track beside the media cannot fail the whole section.
fn handler(bytes: &[u8], trak: &Child) -> Result<BoxKind, MediaError> {
    let found = descend(bytes, trak, &[MDIA, HDLR])?;
    let kind = bytes[found.body]
        .get(8..)
        .and_then(|rest| rest.first_chunk::<4>());
    kind.map(|kind| BoxKind(*kind))
        .ok_or_else(|| malformed(HDLR, "too short"))
}

fn malformed(kind: BoxKind, reason: &str) -> MediaError {
    MediaError::Malformed {
        kind,
        reason: reason.to_owned(),
    }
}

impl Track {
    fn read(
        id: TrackId,
        bytes: &[u8],
        trak: &Child,
        handler: BoxKind,
        trex: Option<&Trex>,
    ) -> Result<Self, MediaError> {
        let mdhd = descend(bytes, trak, &[MDIA, MDHD])?;
        let mdhd = boxes::decode::<Mdhd>(MDHD, &bytes[mdhd.whole])?;
        let timescale = Timescale::new(mdhd.timescale)
            .ok_or_else(|| malformed(MDHD, "the timescale is zero"))?;
        let trex = trex.ok_or(MediaError::Missing {
            kind: BoxKind::TREX,
            parent: BoxKind::MVEX,
        })?;
        let stsd = descend(
            bytes,
            trak,
            &[MDIA, BoxKind(*b"minf"), BoxKind(*b"stbl"), STSD],
        )?;
        let entry = SampleEntry::first(bytes, &stsd, handler)?;
        let described = codec::describe(&entry)?.ok_or_else(|| MediaError::UnknownCodec {
            format: entry.format(),
        })?;

        let kind = match entry.fields() {
            EntryFields::Visual { width, height } => {
                let (width, height) = display_size(bytes, trak)?.unwrap_or((width, height));
                let frame_rate =
                    FrameRate::from_sample_duration(trex.default_sample_duration, timescale);
                TrackKind::Video {
                    width,
                    height,
                    frame_rate,
                }
            }
            // The sample entry has 16 bits for the rate and holds 0 beyond 65 535 Hz, where the
            // timescale is the rate by convention.
            EntryFields::Audio {
                channels,
                sample_rate,
            } => TrackKind::Audio {
                channels: described.channels.unwrap_or(channels),
                sample_rate: if sample_rate == 0 {
                    timescale.ticks_per_second()
                } else {
                    sample_rate
                },
            },
            EntryFields::Text => TrackKind::Text,
        };
        let language = match extended_language(bytes, trak) {
            Some(language) => Some(language),
            None => language::tag(&mdhd.language),
        };
        let max_bitrate = entry.max_bitrate()?.or(described.max_bitrate);
        Ok(Self {
            info: TrackInfo {
                id,
                timescale,
                kind,
                codec: described.name,
                language,
                roles: roles(bytes, trak),
                shown_from: shown_from(bytes, trak),
                max_bitrate,
            },
            defaults: SampleDefaults {
                duration: trex.default_sample_duration,
                size: trex.default_sample_size,
                flags: trex.default_sample_flags,
                iv_size: entry.iv_size()?,
            },
        })
    }
}

/// The size in which a track wants to be shown, where its `tkhd` gives one in pixels.
fn display_size(bytes: &[u8], trak: &Child) -> Result<Option<(u16, u16)>, MediaError> {
    let header = descend(bytes, trak, &[TKHD])?;
    let header = boxes::decode::<Tkhd>(TKHD, &bytes[header.whole])?;
    let size = (header.width.integer(), header.height.integer());
    Ok(Some(size)
        .filter(|&(width, height)| width > 0 && height > 0 && !header.size_is_aspect_ratio))
}

/// The language by the `elng` box: a tag of RFC 4646, ended by a zero byte. One that is not well-formed counts as none.
fn extended_language(bytes: &[u8], trak: &Child) -> Option<String> {
    let found = descend(bytes, trak, &[MDIA, ELNG]).ok()?;
    let text = bytes[found.body].get(4..)?;
    let text = text.split(|&byte| byte == 0).next()?;
    language::extended(std::str::from_utf8(text).ok()?)
}

/// The roles by the `kind` boxes of a track's user data: a scheme and a value, each ended by a zero byte. What cannot be read
/// counts as none.
fn roles(bytes: &[u8], trak: &Child) -> Vec<String> {
    const MOST: usize = 8;
    const SCHEME: &[u8] = b"urn:mpeg:dash:role:2011";
    let udta = BoxKind(*b"udta");
    let Ok(inside) =
        descend(bytes, trak, &[udta]).and_then(|found| boxes::children(bytes, found.body, udta))
    else {
        return Vec::new();
    };
    let kinds = inside.iter().filter(|child| &child.kind.0 == b"kind");
    let role = |child: &Child| {
        let mut texts = bytes[child.body.clone()].get(4..)?.split(|&byte| byte == 0);
        let value = texts
            .next()
            .filter(|&scheme| scheme == SCHEME)
            .and_then(|_| texts.next())?;
        let is_word = !value.is_empty() && value.iter().all(u8::is_ascii_graphic);
        is_word.then(|| String::from_utf8_lossy(value).into_owned())
    };
    kinds.filter_map(role).take(MOST).collect()
}

/// The media time that the first edit with media starts at: what encoders write to hide the delay of reordering
/// or priming. Lists that say more than that are for editors, and count as none.
fn shown_from(bytes: &[u8], trak: &Child) -> u64 {
    let Ok(found) = descend(bytes, trak, &[BoxKind(*b"edts"), BoxKind(*b"elst")]) else {
        return 0;
    };
    let body = &bytes[found.body];
    let count = body.get(4..8).map_or(0, be);
    if !(1..=2).contains(&count) {
        return 0;
    }
    let wide = body.first() == Some(&1);
    let field = if wide { 8 } else { 4 };
    let entry = 2 * field + 4;
    let empty = if wide { u64::MAX } else { u64::from(u32::MAX) };
    (0..count as usize)
        .filter_map(|index| body.get(8 + index * entry + field..8 + index * entry + 2 * field))
        .map(be)
        .find(|&time| time != empty)
        .unwrap_or(0)
}

/// A big-endian number of at most eight bytes.
fn be(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0, |number, &byte| number << 8 | u64::from(byte))
}
