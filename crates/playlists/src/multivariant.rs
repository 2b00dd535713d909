//! From renditions to the multivariant playlist: who is a variant, who is in whose group.

use llhls_manifest::{
    Definition, MultivariantError, MultivariantPlaylist, Rendition, Resolution, Variant,
};

use crate::media::{Audio, AudioRole, Media, Video};
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
        let default = default_sound(&sounds);
        for (index, (entry, audio)) in sounds.iter().enumerate() {
            let choice = if Some(index) == default {
                Choice::Default
            } else if is_for_machines(audio, index, &sounds) {
                Choice::Automatic
            } else {
                Choice::ByHand
            };
            playlist = playlist.rendition(sound(entry, audio, choice));
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

/// How a sound of a group comes to be played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Choice {
    /// Unless anything speaks against it.
    Default,
    /// By language or characteristics.
    Automatic,
    /// By the viewer.
    ByHand,
}

/// What is played unless somebody chooses otherwise: the first that says it is meant so, else the first that says
/// nothing, else the first.
fn default_sound(sounds: &[(&Entry, &Audio)]) -> Option<usize> {
    let first = |role| sounds.iter().position(|(_, audio)| audio.role == role);
    first(Some(AudioRole::Main))
        .or_else(|| first(None))
        .or_else(|| (!sounds.is_empty()).then_some(0))
}

/// Whether a player may choose a sound by itself: not a commentary, nor another version in a language that is there already
/// (MV-17).
fn is_for_machines(audio: &Audio, index: usize, sounds: &[(&Entry, &Audio)]) -> bool {
    match audio.role {
        Some(AudioRole::Commentary) => false,
        Some(AudioRole::Alternate) => !sounds
            .iter()
            .enumerate()
            .any(|(other, (_, sound))| other != index && sound.language == audio.language),
        _ => true,
    }
}

fn sound(entry: &Entry, audio: &Audio, choice: Choice) -> Rendition {
    let mut rendition = Rendition::audio(AUDIO_GROUP, entry.name.as_str(), entry.uri.as_str())
        .channels(audio.channels.to_string());
    if let Some(language) = &audio.language {
        rendition = rendition.language(language.as_str());
    }
    if audio.role == Some(AudioRole::Description) {
        rendition = rendition.characteristics(["public.accessibility.describes-video"]);
    }
    match choice {
        Choice::Default => rendition.default(),
        Choice::Automatic => rendition.autoselect(),
        Choice::ByHand => rendition,
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

#[cfg(test)]
mod tests {
    use super::*;

    fn sounds(roles: &[(Option<AudioRole>, &str)]) -> Vec<String> {
        let entry = |name: &str, media| {
            Entry::new(name.parse().unwrap(), format!("{name}.m3u8"), media, 1, 1)
        };
        let video = Video::new("avc1.64001f", 640, 360);
        let mut entries = vec![entry("video", Media::Video(video))];
        for (index, (role, language)) in roles.iter().enumerate() {
            let mut audio = Audio::new("mp4a.40.2", 2);
            audio.role = *role;
            audio.language = Some((*language).to_owned());
            entries.push(entry(&format!("s{index}"), Media::Audio(audio)));
        }
        let text = write(&entries, None).unwrap();
        let lines = text
            .lines()
            .filter(|line| line.starts_with("#EXT-X-MEDIA:"));
        lines.map(str::to_owned).collect()
    }

    #[test]
    fn roles_of_sound_say_what_a_player_chooses() {
        let lines = sounds(&[
            (Some(AudioRole::Description), "en"),
            (Some(AudioRole::Commentary), "en"),
            (Some(AudioRole::Main), "en"),
            (Some(AudioRole::Alternate), "en"),
            (Some(AudioRole::Alternate), "fr"),
            (Some(AudioRole::Dub), "de"),
        ]);
        let has =
            |word: &str| -> Vec<bool> { lines.iter().map(|line| line.contains(word)).collect() };
        assert_eq!(
            has("DEFAULT=YES"),
            [false, false, true, false, false, false]
        );
        assert_eq!(
            has("AUTOSELECT=YES"),
            [true, false, true, false, true, true]
        );
        assert_eq!(
            has("CHARACTERISTICS=\"public.accessibility.describes-video\""),
            [true, false, false, false, false, false]
        );
        // Without a word about the main one, the first that says nothing is it.
        let lines = sounds(&[(Some(AudioRole::Commentary), "en"), (None, "en")]);
        assert!(
            lines[1].contains("DEFAULT=YES") && !lines[0].contains("YES"),
            "{lines:?}"
        );
        assert!(sounds(&[(Some(AudioRole::Dub), "en")])[0].contains("DEFAULT=YES"));
    }
}
