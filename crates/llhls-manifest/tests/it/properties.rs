use llhls_manifest::{
    Form, LastListed, Msn, PartIndex, PartLines, PartLookup, Position, RenditionReport,
    ResourceName, Skip,
};
use proptest::prelude::*;

use crate::history::{Depth, text};
use crate::ops::{Operation, World};
use crate::support::{body, judged};

fn history(length: usize) -> impl Strategy<Value = (u8, Vec<[u8; 4]>)> {
    (
        any::<u8>(),
        prop::collection::vec(any::<[u8; 4]>(), 1..length),
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Every version conforms by itself, agrees with the state, and follows from the one before.
    #[test]
    fn every_version_conforms((choice, bytes) in history(120)) {
        crate::history::every_version_conforms(choice, bytes.as_flattened(), Depth::Every);
    }

    /// A version never changes, whatever becomes of the manifest it was taken from.
    #[test]
    fn a_version_is_immutable((choice, bytes) in history(60)) {
        let mut world = World::new(choice);
        let mut versions = Vec::new();
        for operation in Operation::decode_all(bytes.as_flattened()) {
            let _ = world.apply(operation);
            let view = world.manifest.view();
            versions.push((body(&view), view));
        }
        for (text, view) in versions {
            prop_assert_eq!(text, body(&view));
        }
    }

    /// The same history gives the same bytes, whether or not anybody looked at versions.
    #[test]
    fn rendering_is_deterministic((choice, bytes) in history(100)) {
        let (mut watched, mut unwatched) = (World::new(choice), World::new(choice));
        let mut views = Vec::new();
        for operation in Operation::decode_all(bytes.as_flattened()) {
            let _ = watched.apply(operation);
            let _ = unwatched.apply(operation);
            views.push(watched.manifest.view());
        }
        prop_assert_eq!(body(&watched.manifest.view()), body(&unwatched.manifest.view()));
    }

    /// A complete segment's text is the same in every version and form that lists it with its
    /// parts, and in every one that lists it without.
    #[test]
    fn a_complete_segment_has_one_text((choice, bytes) in history(120)) {
        let mut world = World::new(choice);
        let mut known = std::collections::HashMap::new();
        for operation in Operation::decode_all(bytes.as_flattened()) {
            let _ = world.apply(operation);
            let view = world.manifest.view();
            for form in [Form::Full, Form::Delta(Skip::Yes), Form::Delta(Skip::V2)] {
                let (mut text, mut segments) = (String::new(), Vec::new());
                view.write_playlist_with(form, &[], &mut text, |segment| segments.push(segment));
                let mut end = None;
                for segment in segments {
                    prop_assert!(end.is_none_or(|end| end == segment.range.start), "a hole");
                    end = Some(segment.range.end);
                    let lines = &text[segment.range];
                    let dropped = segment.parts == PartLines::Dropped;
                    prop_assert!(!(dropped && lines.contains("#EXT-X-PART:")), "{lines}");
                    let before = known.entry((segment.msn, segment.parts)).or_insert_with(|| lines.to_owned());
                    prop_assert_eq!(&**before, lines);
                }
            }
        }
    }

    /// MP-05, UP-17, law 10: a process that dies after every single operation makes the same
    /// playlists, delta updates and answers as one that lives.
    #[test]
    fn a_restart_at_any_time_changes_nothing((choice, bytes) in history(80)) {
        let (mut lives, mut dies) = (World::new(choice), World::new(choice));
        for operation in Operation::decode_all(bytes.as_flattened()) {
            prop_assert_eq!(lives.apply(operation), dies.apply(operation));
            dies.apply(Operation::Restart).unwrap();
            let (one, other) = (lives.manifest.view(), dies.manifest.view());
            for form in [Form::Full, Form::Delta(Skip::Yes), Form::Delta(Skip::V2)] {
                prop_assert_eq!(text(&one, form), text(&other, form));
            }
            prop_assert_eq!(one.edge(), other.edge());
            prop_assert_eq!(one.hinted_init(), other.hinted_init());
            prop_assert_eq!(one.oldest_media(), other.oldest_media());
            prop_assert_eq!(lives.facts(), dies.facts());
        }
    }

    /// Law 2: what is listed is retained, and retained media is never older than announced.
    #[test]
    fn what_is_listed_is_retained((choice, bytes) in history(120)) {
        let mut world = World::new(choice);
        let names = llhls_manifest::ResourceNames::new("f").unwrap();
        for operation in Operation::decode_all(bytes.as_flattened()) {
            let _ = world.apply(operation);
            let view = world.manifest.view();
            let Some(oldest) = view.oldest_media() else { continue };
            let media = judged(&view);
            let segments = media.segments.iter().chain([&media.open]);
            for (msn, index, part) in segments.flat_map(|segment| {
                segment.parts.iter().enumerate().map(|(index, part)| (segment.msn, index, part))
            }) {
                let position = Position::new(Msn::new(msn), PartIndex::new(index as u32));
                if part.byte_range.is_none() {
                    prop_assert_eq!(names.parse(&part.uri), Some(ResourceName::Part(position)));
                }
                match view.part(position) {
                    PartLookup::Available(media) => prop_assert!(media >= oldest && !part.gap),
                    PartLookup::Gap => prop_assert!(part.gap),
                    other => prop_assert!(false, "{position} is listed and {other:?}"),
                }
            }
        }
    }

    /// LL-26: a report says what the reported playlist lists last.
    #[test]
    fn reports_name_the_last_part((choice, bytes) in history(60)) {
        let mut world = World::new(choice);
        for operation in Operation::decode_all(bytes.as_flattened()) {
            let _ = world.apply(operation);
            let view = world.manifest.view();
            let media = judged(&view);
            match RenditionReport::of("../x.m3u8", &view.edge()).map(|report| report.last) {
                None => prop_assert!(media.parts().next().is_none() && media.segments.is_empty()),
                Some(LastListed::Segment(msn)) => {
                    prop_assert_eq!(Some(msn.value()), media.segments.last().map(|s| s.msn));
                }
                Some(LastListed::Part(position)) => {
                    let holder = media.segments.iter().chain([&media.open])
                        .rfind(|segment| !segment.parts.is_empty()).unwrap();
                    prop_assert_eq!(position.msn.value(), holder.msn);
                    prop_assert_eq!(position.part.value() as usize + 1, holder.parts.len());
                }
            }
        }
    }
}
