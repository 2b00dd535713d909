//! The headers of a version, written once and cloned for each answer.

use std::sync::OnceLock;
use std::time::UNIX_EPOCH;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use llhls::manifest::{Form, Skip};
use llhls::registry::{Coding, Media, Snapshot, Viewer};

use super::failure::Asked;
use super::fields;
use super::policy::{self, Lifetimes};

/// Always this one: `application/x-mpegURL` is not in the draft, and iOS minds (PL-06).
pub(super) const PLAYLIST: HeaderValue = HeaderValue::from_static("application/vnd.apple.mpegurl");

/// What all answers of one version have in common. Kept by the version itself, so it goes with it.
#[derive(Debug)]
pub(super) struct Prepared {
    lifetimes: Lifetimes,
    /// Where the live edge is, and since when.
    edge: Option<HeaderValue>,
    updated: Option<HeaderValue>,
    /// Of playlists: by form, coding and what was asked, each made for the first who asks.
    playlists: [OnceLock<HeaderMap>; Variant::COUNT],
    /// Of parts, segments and init sections.
    pub(super) media: HeaderMap,
}

/// What of an answer with a playlist its headers depend on, beside the version.
#[derive(Clone, Copy, Debug)]
pub(super) struct Variant {
    pub(super) form: Form,
    pub(super) coding: Coding,
    pub(super) asked: Asked,
}

impl Variant {
    const COUNT: usize = 12;

    const fn index(self) -> usize {
        let form = match self.form {
            Form::Full => 0,
            Form::Delta(Skip::Yes) => 1,
            Form::Delta(Skip::V2) => 2,
        };
        let coding = match self.coding {
            Coding::Identity => 0,
            Coding::Gzip => 1,
        };
        let asked = match self.asked {
            Asked::Now => 0,
            Asked::Future => 1,
        };
        (form * 2 + coding) * 2 + asked
    }
}

impl Prepared {
    /// Lends what is prepared of `version` to `take`.
    pub(super) fn of<R>(version: &Snapshot, viewer: &Viewer, take: impl FnOnce(&Self) -> R) -> R {
        match version.attachment(|version| Self::new(version, viewer)) {
            Some(prepared) => take(prepared),
            // Nobody else attaches anything to a version; if somebody did, this one is not shared.
            None => take(&Self::new(version, viewer)),
        }
    }

    /// As [`playlist_headers`], with where the live edge is. `etag` is that of the variant.
    pub(super) fn playlist(&self, variant: Variant, etag: &Bytes) -> &HeaderMap {
        let make = || {
            let lifetime = self.lifetimes.playlist(variant.asked);
            let mut headers = playlist_headers(lifetime, variant.coding, etag.clone());
            if let Some(edge) = &self.edge {
                headers.insert(fields::LAST_PART, edge.clone());
            }
            if let Some(updated) = &self.updated {
                headers.insert(fields::LAST_UPDATED, updated.clone());
            }
            headers
        };
        self.playlists[variant.index()].get_or_init(make)
    }

    fn new(version: &Snapshot, viewer: &Viewer) -> Self {
        let edge = version.view().edge().last_part.map(|part| {
            let text = format!("{}.{}", part.msn.value(), part.part.value());
            once(HeaderValue::try_from(text).expect("digits and a dot"))
        });
        let age = version.published_at().duration_since(UNIX_EPOCH);
        let updated = age.ok().map(|time| {
            let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
            once(HeaderValue::from(millis))
        });
        Self {
            lifetimes: Lifetimes::new(whole_seconds(version)),
            edge,
            updated,
            playlists: Default::default(),
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

/// The headers of a playlist in one coding.
pub(super) fn playlist_headers(lifetime: HeaderValue, coding: Coding, etag: Bytes) -> HeaderMap {
    let etag = HeaderValue::from_maybe_shared(etag).expect("an entity tag is visible ASCII");
    let mut headers = HeaderMap::new();
    fields::cors(&mut headers);
    headers.insert(header::CACHE_CONTROL, lifetime);
    headers.insert(header::CONTENT_TYPE, PLAYLIST);
    if coding == Coding::Gzip {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    headers.insert(header::ETAG, etag);
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
    viewer.look(whole_seconds).unwrap_or(1)
}

/// Whole seconds by definition (§4.4.3.1).
fn whole_seconds(version: &Snapshot) -> u64 {
    version.view().target_duration().as_millis() / 1000
}
