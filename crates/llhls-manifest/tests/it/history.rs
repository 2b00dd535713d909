//! A history, and everything that must be true all along it. Shared with the fuzz target
//! `rolling`.

use llhls_manifest::{Form, Msn, PartLookup, PlaylistView, SegmentLookup};
use playlist_oracle::{Media, assert_media_playlist, check_succession};

use crate::facts::{Facts, assert_same};
use crate::ops::{Operation, World};

pub(crate) fn text(view: &PlaylistView, form: Form) -> String {
    let mut text = String::new();
    view.write_playlist(form, &[], &mut text);
    text
}

/// Applies the operations; judges every version by itself, against the state, and against the
/// version before.
pub(crate) fn every_version_conforms(choice: u8, bytes: &[u8]) {
    let mut world = World::new(choice);
    let mut before = text(&world.manifest.view(), Form::Full);
    let mut previous = assert_media_playlist(&before);
    for operation in Operation::decode_all(bytes) {
        let outcome = world.apply(operation);
        let view = world.manifest.view();
        let after = text(&view, Form::Full);
        if outcome.is_err() {
            assert_eq!(before, after, "a refusal left a trace: {operation:?}");
        }
        let media = assert_media_playlist(&after);
        agrees(&world, &media, &after);
        if let Err(violations) = check_succession(&previous, &media) {
            panic!("{operation:?}: {violations:#?}\n{before}\n{after}");
        }
        (before, previous) = (after, media);
    }
}

/// What is printed is what was handed in, and what the typed queries answer.
fn agrees(world: &World, media: &Media, body: &str) {
    assert_same(&Facts::read(media), &world.facts(), body);
    let view = world.manifest.view();
    let edge = view.edge();
    assert_eq!(edge.media_sequence.value(), media.media_sequence);
    assert_eq!(edge.is_ended(), media.ended);
    assert_eq!(
        edge.last_complete.map(|msn| msn.value()),
        media.segments.last().map(|s| s.msn)
    );
    assert_eq!(edge.open.value(), media.open.msn);
    assert_eq!(edge.open_parts as usize, media.open.parts.len());
    assert_eq!(view.is_playable(), !media.segments.is_empty());
    for segment in &media.segments {
        let SegmentLookup::Closed(closed) = view.segment(Msn::new(segment.msn)) else {
            panic!("segment {} is listed and not closed", segment.msn);
        };
        assert_eq!(closed.duration.as_nanos(), segment.duration.0);
    }
    let hinted = view.part(edge.next_part()) == PartLookup::Hinted;
    assert_eq!(hinted, media.hints.iter().any(|hint| hint.kind == "PART"));
}
