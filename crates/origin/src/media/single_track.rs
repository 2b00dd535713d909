//! Initialization sections of one track, from those of several.

use bytes::Bytes;
use mp4_atom::Trex;

use super::boxes::{self, BoxKind, Child};
use super::error::MediaError;
use super::init::{TrackId, track_id};

/// `ftyp` and `moov` with the one track: every other `trak` and `trex` left out, every other byte as
/// it came, and a brand added where none fits. Linear in the bytes.
pub(crate) fn header(bytes: &[u8], id: TrackId) -> Result<Bytes, MediaError> {
    let mut out = Vec::with_capacity(bytes.len() + 4);
    for top in boxes::children(bytes, 0..bytes.len(), BoxKind::MOOV)? {
        match top.kind {
            BoxKind::FTYP if !has_brand(&bytes[top.whole.clone()]) => {
                let ftyp = open(&mut out, BoxKind::FTYP);
                out.extend_from_slice(&bytes[top.body]);
                out.extend_from_slice(b"iso6");
                close(&mut out, ftyp);
            }
            BoxKind::MOOV => copy_moov(bytes, &top, id, &mut out)?,
            _ => out.extend_from_slice(&bytes[top.whole]),
        }
    }
    Ok(out.into())
}

fn copy_moov(bytes: &[u8], moov: &Child, id: TrackId, out: &mut Vec<u8>) -> Result<(), MediaError> {
    let at = open(out, BoxKind::MOOV);
    for child in boxes::children(bytes, moov.body.clone(), BoxKind::MOOV)? {
        match child.kind {
            BoxKind::TRAK if track_id(bytes, &child)? != id => {}
            BoxKind::MVEX => copy_mvex(bytes, &child, id, out)?,
            _ => out.extend_from_slice(&bytes[child.whole]),
        }
    }
    close(out, at);
    Ok(())
}

fn copy_mvex(bytes: &[u8], mvex: &Child, id: TrackId, out: &mut Vec<u8>) -> Result<(), MediaError> {
    let at = open(out, BoxKind::MVEX);
    for child in boxes::children(bytes, mvex.body.clone(), BoxKind::MVEX)? {
        let whole = &bytes[child.whole];
        let is_other = child.kind == BoxKind::TREX
            && boxes::decode::<Trex>(child.kind, whole)?.track_id != id.value();
        if !is_other {
            out.extend_from_slice(whole);
        }
    }
    close(out, at);
    Ok(())
}

/// Whether a `ftyp` names a brand compatible with `iso6`: that or a later one, or CMAF.
pub(crate) fn has_brand(ftyp: &[u8]) -> bool {
    let brands = ftyp.get(8..).unwrap_or_default();
    // The second field is the version of the first.
    let names = brands
        .chunks_exact(4)
        .enumerate()
        .filter(|(index, _)| *index != 1);
    names.into_iter().any(|(_, name)| {
        matches!(
            name,
            b"iso6" | b"iso7" | b"iso8" | b"iso9" | b"isoa" | b"isob" | b"isoc" | b"cmfc" | b"cmf2"
        )
    })
}

/// Starts a box in `out`; [`close`] writes its size.
fn open(out: &mut Vec<u8>, kind: BoxKind) -> usize {
    let at = out.len();
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&kind.0);
    at
}

/// Ends the box that [`open`] started at `at`.
fn close(out: &mut [u8], at: usize) {
    // A copy of part of an input whose boxes are bounded by `MediaLimits`, so it fits.
    let size =
        u32::try_from(out.len() - at).expect("a copied box is no larger than the limited original");
    out[at..at + 4].copy_from_slice(&size.to_be_bytes());
}
