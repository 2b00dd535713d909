//! Counters of requests: a fixed table, whatever is asked for.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use http::StatusCode;

use super::lanes::Lanes;
use crate::path::element;

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Multivariant,
    Playlist,
    Media,
    Ingest,
    Other,
}

/// All kinds, in the order of their numbers.
pub(crate) const KINDS: [Kind; 5] = [
    Kind::Multivariant,
    Kind::Playlist,
    Kind::Media,
    Kind::Ingest,
    Kind::Other,
];

impl Kind {
    /// The kind of a path without its token, and the stream that it names.
    pub(crate) fn of(path: &str) -> (Self, Option<&str>) {
        let (first, rest) = element(path.strip_prefix('/').unwrap_or_default());
        let (stream, rest) = match rest.map(element) {
            Some((stream, rest)) => (Some(stream), rest),
            None => (None, None),
        };
        let kind = match first {
            "live" if !path.ends_with(".m3u8") => Self::Media,
            "live" => match rest.map(element) {
                Some(("index.m3u8" | "dvr.m3u8", _)) => Self::Multivariant,
                _ => Self::Playlist,
            },
            "ingest" => Self::Ingest,
            _ => return (Self::Other, None),
        };
        (kind, stream)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Multivariant => "multivariant",
            Self::Playlist => "playlist",
            Self::Media => "media",
            Self::Ingest => "ingest",
            Self::Other => "other",
        }
    }
}

/// The statuses that are told apart; the last entry is all others.
const STATUSES: [u16; 20] = [
    200, 201, 204, 206, 301, 304, 400, 401, 403, 404, 405, 409, 410, 412, 413, 415, 416, 500, 503,
    0,
];

/// Requests of all listeners but the operations one.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    lanes: Lanes<[Counters; KINDS.len()]>,
}

#[derive(Debug, Default)]
struct Counters {
    answers: [AtomicU64; STATUSES.len()],
    bytes: AtomicU64,
    /// What began on this lane without what ended on it: of one lane alone it means nothing.
    under_way: AtomicI64,
}

impl Traffic {
    /// A request began.
    pub(crate) fn begin(&self, kind: Kind) {
        self.mine(kind).under_way.fetch_add(1, Ordering::Relaxed);
    }

    /// Its answer began, or it was given up.
    pub(crate) fn end(&self, kind: Kind) {
        self.mine(kind).under_way.fetch_sub(1, Ordering::Relaxed);
    }

    /// It was answered, with a body of `bytes` where that is known.
    pub(crate) fn answered(&self, kind: Kind, status: StatusCode, bytes: Option<u64>) {
        let counters = self.mine(kind);
        let known = STATUSES.iter().position(|known| *known == status.as_u16());
        counters.answers[known.unwrap_or(STATUSES.len() - 1)].fetch_add(1, Ordering::Relaxed);
        counters
            .bytes
            .fetch_add(bytes.unwrap_or(0), Ordering::Relaxed);
    }

    /// Answers so far by status; those that never happened are left out.
    pub(crate) fn answers(&self, kind: Kind) -> impl Iterator<Item = (String, u64)> {
        let counts = self.counts(kind).filter(|(_, count)| *count > 0);
        counts.map(|(status, count)| match status {
            0 => ("other".to_owned(), count),
            status => (status.to_string(), count),
        })
    }

    /// The same with numbers, 0 for all that are not told apart.
    pub(crate) fn counts(&self, kind: Kind) -> impl Iterator<Item = (u16, u64)> {
        STATUSES.into_iter().enumerate().map(move |(at, status)| {
            let count = |it: &Counters| it.answers[at].load(Ordering::Relaxed);
            (status, self.all(kind).map(count).sum())
        })
    }

    pub(crate) fn bytes(&self, kind: Kind) -> u64 {
        let bytes = |it: &Counters| it.bytes.load(Ordering::Relaxed);
        self.all(kind).map(bytes).sum()
    }

    pub(crate) fn under_way(&self, kind: Kind) -> i64 {
        let under_way = |it: &Counters| it.under_way.load(Ordering::Relaxed);
        self.all(kind).map(under_way).sum()
    }

    /// Requests of all kinds whose answer has not begun.
    pub(crate) fn all_under_way(&self) -> u64 {
        let all = KINDS.into_iter().map(|kind| self.under_way(kind));
        u64::try_from(all.sum::<i64>()).unwrap_or(0)
    }

    fn mine(&self, kind: Kind) -> &Counters {
        &self.lanes.mine()[kind as usize]
    }

    fn all(&self, kind: Kind) -> impl Iterator<Item = &Counters> {
        self.lanes.all().map(move |lane| &lane[kind as usize])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_have_kinds_and_streams() {
        for (path, kind, stream) in [
            ("/live/show/index.m3u8", Kind::Multivariant, Some("show")),
            ("/live/show/video/media.m3u8", Kind::Playlist, Some("show")),
            ("/live/show/video/e1-2.m4s", Kind::Media, Some("show")),
            ("/ingest/show", Kind::Ingest, Some("show")),
            ("/api/streams", Kind::Other, None),
            ("", Kind::Other, None),
        ] {
            assert_eq!(Kind::of(path), (kind, stream), "{path}");
        }
        for (number, kind) in KINDS.into_iter().enumerate() {
            assert_eq!(kind as usize, number);
        }
    }
}
