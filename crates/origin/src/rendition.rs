//! How this origin opens a rendition, wherever its media comes from.

use llhls::manifest::{DiscontinuitySequence, MediaDuration, ResourceNames};
use llhls::registry::{
    Audio, AudioRole, Media, Publisher, PublisherError, RenditionConfig, StreamName, Video,
};

use crate::media::{FrameRate, TrackInfo, TrackKind};
use crate::numbering;
use crate::origin::Origin;

/// What differs between the renditions of one presentation.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    /// The longest part: the wanted one, rounded up to whole samples.
    pub(crate) part_target: MediaDuration,
    /// `EXT-X-TARGETDURATION`, in seconds.
    pub(crate) target_duration: u32,
    /// Pictures per second, where the header does not tell.
    pub(crate) frame_rate: Option<FrameRate>,
    /// Makes the names of this rendition's media unlike those of any before it.
    pub(crate) epoch: String,
}

/// Opens a rendition with the origin's targets.
pub(crate) fn open(
    origin: &Origin,
    presentation: &StreamName,
    name: &StreamName,
    track: &TrackInfo,
    shape: &Shape,
) -> Result<Publisher, PublisherError> {
    let names = ResourceNames::new(&shape.epoch).expect("an epoch is letters and digits");
    let first = numbering::first(origin, presentation);
    let manifest = origin.manifest_config_for(names, shape.part_target, shape.target_duration);
    let config = RenditionConfig {
        // Discontinuities count from none: players keep arrays as long as their number.
        manifest: manifest.start(first, DiscontinuitySequence::new(0)),
        media: media(track, shape.frame_rate),
    };
    origin.playlists().publisher(presentation, name, config)
}

/// The registry's words for a track.
pub(crate) fn media(track: &TrackInfo, measured: Option<FrameRate>) -> Media {
    match track.kind {
        TrackKind::Video {
            width,
            height,
            frame_rate,
        } => {
            let mut video = Video::new(track.codec.as_str(), width.into(), height.into());
            video.frame_rate = frame_rate.or(measured).and_then(|rate| {
                let thousandths = u32::try_from(rate.millis()).ok()?;
                Some(llhls::manifest::FrameRate::new(
                    thousandths,
                    std::num::NonZeroU32::new(1000)?,
                ))
            });
            Media::Video(video)
        }
        TrackKind::Audio { channels, .. } => sound(track, channels.into()),
        // Only pictures and sound are published.
        _ => sound(track, 0),
    }
}

fn sound(track: &TrackInfo, channels: u32) -> Media {
    let mut audio = Audio::new(track.codec.as_str(), channels);
    audio.language.clone_from(&track.language);
    audio.role = track
        .roles
        .iter()
        .find_map(|role| AudioRole::from_name(role));
    Media::Audio(audio)
}
