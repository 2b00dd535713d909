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

/// Which steps of a history are judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Depth {
    /// All of them.
    Every,
    /// The last one: for fuzzers, whose time goes into judging. Each step that is left out is the
    /// last one of a shorter input.
    Last,
}

impl Depth {
    pub(crate) fn judges(self, step: usize, steps: usize) -> bool {
        self == Self::Every || step + 1 == steps
    }
}

/// Applies the operations; judges versions by themselves, against the books, and against the
/// version before.
pub(crate) fn every_version_conforms(choice: u8, bytes: &[u8], depth: Depth) {
    let mut world = World::new(choice);
    let mut judged: Option<Media> = None;
    let operations: Vec<Operation> = Operation::decode_all(bytes).collect();
    for (step, operation) in operations.iter().enumerate() {
        let before = world.manifest.view();
        let outcome = world.apply(*operation);
        let view = world.manifest.view();
        if outcome.is_err() {
            let (before, after) = (text(&before, Form::Full), text(&view, Form::Full));
            assert_eq!(before, after, "a refusal left a trace: {operation:?}");
        }
        if !depth.judges(step, operations.len()) {
            judged = None;
            continue;
        }
        let before = text(&before, Form::Full);
        let previous = judged
            .take()
            .unwrap_or_else(|| assert_media_playlist(&before));
        let after = text(&view, Form::Full);
        let media = assert_media_playlist(&after);
        agrees(&world, &media, &after);
        if let Err(violations) = check_succession(&previous, &media) {
            panic!("{operation:?}: {violations:#?}\n{before}\n{after}");
        }
        judged = Some(media);
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
