//! Sample entries: what a `stsd` says of a track's samples.
//!
//! Walked here, box by box, although mp4-atom could read a whole `trak` at once: it descends into
//! whatever it finds, so that a megabyte of boxes in boxes would overflow the stack and end the process.
//! Here nothing recurses, and only boxes that hold no others are given to it.

use mp4_atom::Btrt;

use super::boxes::{self, BoxKind, Child};
use super::error::MediaError;

/// Largest configuration box that is read. An `esds` of nested descriptors is the one that mp4-atom
/// reads recursively, at eight bytes a level; real ones have well under a hundred bytes, and
/// parameter sets stay far below this too.
const LARGEST_CONFIGURATION: usize = 4096;

/// Largest `esds`, for the reason above.
const LARGEST_ESDS: usize = 512;

/// The first sample entry of a track.
#[derive(Debug)]
pub(crate) struct SampleEntry<'a> {
    /// The bytes that positions count from.
    bytes: &'a [u8],
    /// The codec's four-character code; the original one of an encrypted track.
    format: BoxKind,
    /// The `sinf` of an encrypted track.
    scheme: Option<Child>,
    /// What kind of entry it is.
    fields: EntryFields,
    /// The boxes inside.
    inside: Vec<Child>,
}

/// The fixed fields of a sample entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EntryFields {
    /// Coded width and height in pixels.
    Visual { width: u16, height: u16 },
    /// Channels and samples per second; the rate is zero where 16 bits cannot hold it.
    Audio { channels: u16, sample_rate: u32 },
    /// Nothing that matters here.
    Text,
}

impl<'a> SampleEntry<'a> {
    /// The first entry of `stsd`, read as the track's handler (`vide`, `soun`, …) demands.
    pub(crate) fn first(
        bytes: &'a [u8],
        stsd: &Child,
        handler: BoxKind,
    ) -> Result<Self, MediaError> {
        // Version, flags and the count come before the entries.
        let within = stsd.body.start.saturating_add(8)..stsd.body.end;
        let entries = boxes::children(bytes, within, stsd.kind)?;
        let entry = entries
            .first()
            .ok_or_else(|| malformed(stsd.kind, "no sample entry"))?;
        let body = &bytes[entry.body.clone()];
        let (fields, fixed) = match &handler.0 {
            b"vide" => (
                EntryFields::Visual {
                    width: u16_at(body, 24, entry)?,
                    height: u16_at(body, 26, entry)?,
                },
                78,
            ),
            b"soun" => {
                let fields = EntryFields::Audio {
                    channels: u16_at(body, 16, entry)?,
                    sample_rate: u32::from(u16_at(body, 24, entry)?),
                };
                // `QuickTime` sound descriptions of version 1 and 2 have more fields.
                let more = match u16_at(body, 8, entry)? {
                    1 => 16,
                    2 => 36,
                    _ => 0,
                };
                (fields, 28 + more)
            }
            _ => (EntryFields::Text, 8),
        };
        // Text entries may hold strings where boxes would be; nothing in them is needed.
        let inside = match fields {
            EntryFields::Text => Vec::new(),
            _ => boxes::children(
                bytes,
                entry.body.start + fixed.min(entry.body.len())..entry.body.end,
                entry.kind,
            )?,
        };
        let (format, scheme) = match &entry.kind.0 {
            b"encv" | b"enca" => {
                let scheme = inside.iter().find(|child| child.kind == SINF);
                let scheme = scheme.ok_or(MediaError::Missing {
                    kind: SINF,
                    parent: stsd.kind,
                })?;
                (original_format(bytes, scheme)?, Some(scheme.clone()))
            }
            _ => (entry.kind, None),
        };
        Ok(Self {
            bytes,
            format,
            scheme,
            fields,
            inside,
        })
    }

    /// The codec's four-character code.
    pub(crate) fn format(&self) -> BoxKind {
        self.format
    }

    /// The fixed fields.
    pub(crate) fn fields(&self) -> EntryFields {
        self.fields
    }

    /// Peak bits per second, where the entry says (`btrt`).
    pub(crate) fn max_bitrate(&self) -> Result<Option<u32>, MediaError> {
        if !self.inside.iter().any(|child| &child.kind.0 == b"btrt") {
            return Ok(None);
        }
        Ok(Some(self.configuration::<Btrt>(b"btrt")?.max_bitrate).filter(|&rate| rate > 0))
    }

    /// Bytes of each sample's initialization vector (`tenc`); `None` where samples are not encrypted, or nothing tells.
    pub(crate) fn iv_size(&self) -> Result<Option<u8>, MediaError> {
        let Some(scheme) = &self.scheme else {
            return Ok(None);
        };
        let mut within = scheme.clone();
        for kind in [BoxKind(*b"schi"), BoxKind(*b"tenc")] {
            let inside = boxes::children(self.bytes, within.body.clone(), within.kind)?;
            let Some(found) = inside.into_iter().find(|child| child.kind == kind) else {
                return Ok(None);
            };
            within = found;
        }
        // Version and flags, a pattern, whether it is encrypted at all, the size.
        Ok(self.bytes[within.body].get(7).copied())
    }

    /// Reads one of the boxes inside. `A` must be a box that holds no others.
    pub(crate) fn configuration<A: mp4_atom::Atom>(&self, kind: &[u8; 4]) -> Result<A, MediaError> {
        let kind = BoxKind(*kind);
        let child = self.inside.iter().find(|child| child.kind == kind);
        let child = child.ok_or(MediaError::Missing {
            kind,
            parent: self.format,
        })?;
        let limit = if &kind.0 == b"esds" {
            LARGEST_ESDS
        } else {
            LARGEST_CONFIGURATION
        };
        if child.whole.len() > limit {
            return Err(MediaError::BoxTooLarge {
                kind,
                size: child.whole.len() as u64,
                limit: limit as u64,
            });
        }
        boxes::decode(kind, &self.bytes[child.whole.clone()])
    }
}

/// Protection scheme information.
const SINF: BoxKind = BoxKind(*b"sinf");

/// The format that an encrypted entry hides: `sinf` → `frma`.
fn original_format(bytes: &[u8], scheme: &Child) -> Result<BoxKind, MediaError> {
    let frma = BoxKind(*b"frma");
    let fields = boxes::children(bytes, scheme.body.clone(), SINF)?;
    let format = fields.iter().find(|child| child.kind == frma);
    let format = format.ok_or(MediaError::Missing {
        kind: frma,
        parent: SINF,
    })?;
    let name = bytes[format.body.clone()].first_chunk::<4>();
    name.map(|name| BoxKind(*name))
        .ok_or_else(|| malformed(frma, "too short"))
}

fn u16_at(body: &[u8], at: usize, entry: &Child) -> Result<u16, MediaError> {
    let field = body.get(at..).and_then(|rest| rest.first_chunk::<2>());
    field
        .map(|field| u16::from_be_bytes(*field))
        .ok_or_else(|| malformed(entry.kind, "too short"))
}

fn malformed(kind: BoxKind, reason: &str) -> MediaError {
    MediaError::Malformed {
        kind,
        reason: reason.to_owned(),
    }
}
