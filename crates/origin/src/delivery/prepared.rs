//! The headers of a version, written once and cloned for each answer.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use http::{HeaderMap, HeaderValue, header};
use llhls::registry::{Media, Snapshot, Viewer};

use super::failure::Asked;
use super::fields;
use super::policy::{self, Lifetimes};

/// Always this one: `application/x-mpegURL` is not in the draft, and iOS minds (PL-06).
pub(super) const PLAYLIST: HeaderValue = HeaderValue::from_static("application/vnd.apple.mpegurl");

/// What all answers of one version have in common. Kept by the version itself, so it goes with it.
#[derive(Debug)]
pub(super) struct Prepared {
    now: HeaderMap,
    blocking: HeaderMap,
    /// Of parts, segments and init sections.
    pub(super) media: HeaderMap,
}

impl Prepared {
    pub(super) fn of(version: &Snapshot, viewer: &Viewer) -> Arc<Self> {
        let made = |version: &Snapshot| Arc::new(Self::new(version, viewer));
        // Nobody else attaches anything to a version; if somebody did, this one is not shared.
        version
            .attachment(made)
            .map_or_else(|| made(version), Arc::clone)
    }

    /// As [`playlist_headers`], with where the live edge is.
    pub(super) fn playlist(&self, asked: Asked) -> HeaderMap {
        match asked {
            Asked::Now => self.now.clone(),
            Asked::Future => self.blocking.clone(),
        }
    }

    fn new(version: &Snapshot, viewer: &Viewer) -> Self {
        let lifetimes = Lifetimes::new(whole_seconds(version));
        let mut now = playlist_headers(lifetimes.playlist(Asked::Now));
        if let Some(part) = version.view().edge().last_part {
            let mut text = String::new();
            write!(text, "{}.{}", part.msn.value(), part.part.value())
                .expect("a String takes all writes");
            let value = HeaderValue::try_from(text).expect("digits and a dot");
            now.insert(fields::LAST_PART, once(value));
        }
        if let Ok(time) = version.published_at().duration_since(UNIX_EPOCH) {
            let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
            now.insert(fields::LAST_UPDATED, once(HeaderValue::from(millis)));
        }
        let mut blocking = now.clone();
        blocking.insert(header::CACHE_CONTROL, lifetimes.playlist(Asked::Future));
        Self {
            now,
            blocking,
            media: media_headers(Some(&viewer.media())),
        }
    }
}

/// A value that no later answer has. HTTP/2 then sends it as it is, and keeps no table of such
/// values, which would fill 4 KB a connection and be searched for each answer (RFC 7541 §6.2.3).
fn once(mut value: HeaderValue) -> HeaderValue {
    value.set_sensitive(true);
    value
}

/// Stands where each answer puts its own. The clone of a map has room for what is in it and no
/// more: without this, each answer would grow its own.
const PLACE: HeaderValue = HeaderValue::from_static("");

/// The headers of a playlist in gzip, but for its entity tag. Answers in another coding, or without
/// a body, take out what is not theirs.
pub(super) fn playlist_headers(lifetime: HeaderValue) -> HeaderMap {
    let mut headers = HeaderMap::new();
    fields::cors(&mut headers);
    headers.insert(header::CACHE_CONTROL, lifetime);
    headers.insert(header::CONTENT_TYPE, PLAYLIST);
    headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    headers.insert(header::ETAG, PLACE);
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    headers.insert(fields::PRIORITY, fields::PLAYLIST_FIRST);
    headers
}

/// The headers of media of this kind, but for its entity tag.
pub(super) fn media_headers(media: Option<&Media>) -> HeaderMap {
    let content_type = HeaderValue::from_static(match media {
        Some(Media::Audio(_)) => "audio/mp4",
        _ => "video/mp4",
    });
    let mut headers = HeaderMap::new();
    fields::cors(&mut headers);
    headers.insert(header::CACHE_CONTROL, policy::MEDIA);
    headers.insert(header::CONTENT_TYPE, content_type);
    headers.insert(header::ETAG, PLACE);
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(fields::PRIORITY, fields::MEDIA_NEXT);
    headers
}

/// The target duration in seconds, for answers without a version; the shortest when the rendition
/// is gone.
pub(super) fn target_duration(viewer: &Viewer) -> u64 {
    viewer
        .snapshot()
        .map_or(1, |version| whole_seconds(&version))
}

/// Whole seconds by definition (§4.4.3.1).
fn whole_seconds(version: &Snapshot) -> u64 {
    version.view().target_duration().as_millis() / 1000
}
