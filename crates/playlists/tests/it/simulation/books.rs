use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use llhls_manifest::{Edge, Msn};
use playlist_oracle::{Media, check_media, check_succession};
use tokio::time::Instant;

/// What was published of one life of a rendition, and what was seen of it.
#[derive(Debug, Default)]
pub(super) struct Books {
    /// Parts, segments and init sections by name.
    resources: BTreeMap<String, Bytes>,
    /// The newest full version that anybody saw, and when.
    seen: Option<(Media, Instant)>,
    /// The longest playlist so far, in nanoseconds.
    longest: u64,
    /// Segments that left the playlist: until when they must be there.
    promised: Vec<(String, Instant)>,
    edge: Option<(Msn, u32, Option<Msn>)>,
}

impl Books {
    pub(super) fn init(&mut self, name: &str, bytes: &Bytes) {
        let before = self.resources.insert(name.to_owned(), bytes.clone());
        let kept = before.is_none_or(|before| before == *bytes);
        assert!(kept, "{name} was reused");
    }

    /// A part, which is also the next piece of its segment.
    pub(super) fn part(&mut self, name: &str, segment: &str, bytes: &Bytes) {
        let before = self.resources.insert(name.to_owned(), bytes.clone());
        assert_eq!(before, None, "{name} was reused");
        let whole = self.resources.entry(segment.to_owned()).or_default();
        *whole = [&whole[..], &bytes[..]].concat().into();
    }

    /// Law 3: never wrong bytes.
    pub(super) fn check_bytes(&self, name: &str, bytes: &[u8]) {
        let expected = self.resources.get(name);
        let expected = expected.unwrap_or_else(|| panic!("{name} was never published"));
        assert_eq!(&expected[..], bytes, "wrong bytes of {name}");
    }

    /// Law 4: positions only grow.
    pub(super) fn check_edge(&mut self, edge: &Edge) {
        let now = (edge.open, edge.open_parts, edge.last_complete);
        if let Some(before) = self.edge {
            let position = |edge: (Msn, u32, Option<Msn>)| (edge.0, edge.1);
            assert!(
                position(now) >= position(before),
                "{before:?}, then {now:?}"
            );
            assert!(now.2 >= before.2, "{before:?}, then {now:?}");
        }
        self.edge = Some(now);
    }

    pub(super) fn last_edge(&self) -> Option<(Msn, u32, Option<Msn>)> {
        self.edge
    }

    /// Numbers go on from another life's.
    pub(super) fn continue_from(&mut self, edge: Option<(Msn, u32, Option<Msn>)>) {
        if let (Some((now, ..)), Some((before, ..))) = (self.edge, edge) {
            assert!(now >= before, "{before} was followed by {now}");
        }
    }

    /// A playlist in some form: by itself, and beside the one that was seen before.
    pub(super) fn check_body(&mut self, body: &str, at: Instant) -> Media {
        let media = check_media(body).unwrap_or_else(|violations| {
            panic!("{violations:#?}\n{body}");
        });
        if media.skipped > 0 {
            return media;
        }
        if let Some((before, _)) = &self.seen {
            // One that was asked for earlier may be looked at later.
            let (old, new) = if older(&media, before) {
                (&media, before)
            } else {
                (before, &media)
            };
            check_succession(old, new).unwrap_or_else(|it| panic!("{it:#?}\n{body}"));
            if older(&media, before) {
                return media;
            }
            self.promise(&media);
        }
        let listed = media.segments.iter().map(|segment| segment.duration.0);
        let open = media.open.parts.iter().map(|part| part.duration.0);
        self.longest = self.longest.max(listed.chain(open).sum());
        self.seen = Some((media.clone(), at));
        media
    }

    /// UP-10 to UP-12: what left the playlist stays, a segment for its own duration and that of
    /// the longest playlist, with the init section it needs; a part for three target durations
    /// after its tag. It left at some time after it was last seen.
    fn promise(&mut self, now: &Media) {
        let Some((before, at)) = &self.seen else {
            return;
        };
        let tagged: Vec<&String> = now.parts().map(|part| &part.uri).collect();
        for segment in before.segments.iter().chain([&before.open]) {
            for part in segment.parts.iter().filter(|part| !part.gap) {
                if !tagged.contains(&&part.uri) {
                    let until = *at + Duration::from_secs(3 * before.target_duration);
                    self.promised.push((part.uri.clone(), until));
                }
            }
            if segment.msn < now.media_sequence && !segment.uri.is_empty() && !segment.gap {
                let keep = Duration::from_nanos(segment.duration.0 + self.longest);
                self.promised.push((segment.uri.clone(), *at + keep));
                let map = segment.map.as_ref().and_then(|map| map.split('"').nth(1));
                self.promised
                    .extend(map.map(|map| (map.to_owned(), *at + keep)));
            }
        }
    }

    /// The removed segments that must still be there.
    pub(super) fn promised(&mut self, now: Instant) -> Vec<String> {
        self.promised.retain(|(_, until)| *until > now);
        self.promised.iter().map(|(name, _)| name.clone()).collect()
    }
}

/// Whether `media` is an earlier version than `other`.
fn older(media: &Media, other: &Media) -> bool {
    let edge = |media: &Media| {
        let complete = media.media_sequence + media.segments.len() as u64;
        (complete, media.open.parts.len(), media.ended)
    };
    edge(media) < edge(other)
}

/// Every URI that can be downloaded at once: no hint, no report, no gap.
pub(super) fn named(media: &Media) -> Vec<String> {
    let mut names = Vec::new();
    for segment in media.segments.iter().chain([&media.open]) {
        names.extend(
            segment
                .parts
                .iter()
                .filter(|part| !part.gap)
                .map(|part| part.uri.clone()),
        );
        let listed = !segment.uri.is_empty() && !segment.gap;
        names.extend(listed.then(|| segment.uri.clone()));
        let shown = listed || !segment.parts.is_empty();
        let map = segment.map.as_ref().filter(|_| shown);
        names.extend(map.and_then(|map| Some(map.split('"').nth(1)?.to_owned())));
    }
    names
}
