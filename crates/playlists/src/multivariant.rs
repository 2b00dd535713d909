//! From renditions to the multivariant playlist: who is a variant, who is in whose group.

use llhls_manifest::{
    Definition, MultivariantError, MultivariantPlaylist, Rendition, Resolution, Variant,
};

use crate::media::{Audio, Media, Video};
use crate::name::StreamName;

/// The group of all audio renditions beside video.
const AUDIO_GROUP: &str = "audio";

/// Rates are rounded up to this, in bits per second: a segment that is a little fatter than the
/// last must not change the playlist.
const STEP: u64 = 10_000;

/// What the multivariant playlist says about one rendition.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    name: StreamName,
    uri: String,
    media: Media,
    peak: u64,
    mean: u64,
}

impl Entry {
    /// An entry from what was measured; rates in bits per second.
    pub(crate) fn new(name: StreamName, uri: String, media: Media, peak: u64, mean: u64) -> Self {
        let rounded = |rate: u64| rate.max(1).div_ceil(STEP) * STEP;
        Self {
            name,
            uri,
            media,
            peak: rounded(peak),
            mean: rounded(mean),
        }
    }
}

/// Writes the playlist: each video rendition a variant with all audio renditions as its group, or,
/// where there is no video, each audio rendition a variant of its own (§4.4.6).
///
/// Fails only for text in a [`Media`] that no attribute can carry; the registry tries each
/// rendition alone ([`check`]) before it opens it, so that a list of opened ones always succeeds.
///
/// The query parameter that the entries' URIs hand on is defined in it (§4.4.2.3).
pub(crate) fn write(
    entries: &[Entry],
    query_parameter: Option<&str>,
) -> Result<String, MultivariantError> {
    let sounds: Vec<_> = entries
        .iter()
        .filter_map(|entry| match &entry.media {
            Media::Audio(audio) => Some((entry, audio)),
            Media::Video(_) => None,
        })
        .collect();
    let pictures: Vec<_> = entries
        .iter()
        .filter_map(|entry| match &entry.media {
            Media::Video(video) => Some((entry, video)),
            Media::Audio(_) => None,
        })
        .collect();

    // Segments open at independent parts only; the manifest refuses any other.
    let mut playlist = MultivariantPlaylist::new().independent_segments();
    if let Some(name) = query_parameter {
        playlist = playlist.define(Definition::QueryParameter(name.to_owned()));
    }
    if pictures.is_empty() {
        for (entry, audio) in &sounds {
            playlist = playlist.variant(
                Variant::new(entry.uri.as_str(), entry.peak)
                    .average_bandwidth(entry.mean)
                    .codecs([audio.codec.as_str()]),
            );
        }
    } else {
        for (index, (entry, audio)) in sounds.iter().enumerate() {
            playlist = playlist.rendition(sound(entry, audio, index == 0));
        }
        for (entry, video) in &pictures {
            playlist = playlist.variant(picture(entry, video, &sounds));
        }
    }
    playlist.build()
}

/// Whether the attributes of one rendition can be written.
pub(crate) fn check(name: &StreamName, media: &Media) -> Result<(), MultivariantError> {
    let entry = Entry::new(name.clone(), name.to_string(), media.clone(), 0, 0);
    write(&[entry], None).map(|_| ())
}

fn sound(entry: &Entry, audio: &Audio, first: bool) -> Rendition {
    let rendition = Rendition::audio(AUDIO_GROUP, entry.name.as_str(), entry.uri.as_str())
        .channels(audio.channels.to_string())
        .autoselect();
    let rendition = match &audio.language {
        Some(language) => rendition.language(language.as_str()),
        None => rendition,
    };
    if first {
        rendition.default()
    } else {
        rendition
    }
}

fn picture(entry: &Entry, video: &Video, sounds: &[(&Entry, &Audio)]) -> Variant {
    // The worst playable combination: this variant with the fattest of its group (MV-03).
    let fattest = sounds
        .iter()
        .map(|(entry, _)| entry.peak)
        .max()
        .unwrap_or(0);
    let heaviest = sounds
        .iter()
        .map(|(entry, _)| entry.mean)
        .max()
        .unwrap_or(0);
    let mut codecs = vec![video.codec.as_str()];
    for (_, audio) in sounds {
        if !codecs.contains(&audio.codec.as_str()) {
            codecs.push(&audio.codec);
        }
    }
    let mut variant = Variant::new(entry.uri.as_str(), entry.peak + fattest)
        .average_bandwidth((entry.mean + heaviest).min(entry.peak + fattest))
        .codecs(codecs)
        .resolution(Resolution::new(video.width, video.height));
    if let Some(rate) = video.frame_rate {
        variant = variant.frame_rate(rate);
    }
    if !sounds.is_empty() {
        variant = variant.audio(AUDIO_GROUP);
    }
    variant
}
