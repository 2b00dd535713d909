//! Publishing points: what an ingest path means.

use llhls::registry::{InvalidName, StreamName};

/// Where an encoder publishes to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Point {
    pub(super) presentation: StreamName,
    /// What the renditions are named after, where the path says so.
    pub(super) label: Option<StreamName>,
}

impl Point {
    /// Reads a path: its first element, and the rest.
    ///
    /// Of the rest the last element counts, without its extension and without the DASH-IF keyword
    /// (`Streams(video1)` is `video1`, ING-08). Where it names a file of a track and no track, as
    /// `init.mp4` and `segment_7.m4s` do, the folder before it is the track.
    pub(crate) fn parse(presentation: &str, label: Option<&str>) -> Result<Self, InvalidName> {
        let presentation = presentation.parse()?;
        let Some(label) = label else {
            return Ok(Self {
                presentation,
                label: None,
            });
        };
        let mut elements = label.trim_end_matches('/').rsplit('/');
        let last = without_keyword(elements.next().unwrap_or_default());
        let stem = last
            .rsplit_once('.')
            .map_or(last, |(stem, _extension)| stem);
        let stem = if stem.is_empty() { last } else { stem };
        let name = match elements.next() {
            Some(folder) if is_numbered_only(stem) => without_keyword(folder),
            _ => without_number(stem),
        };
        Ok(Self {
            presentation,
            label: Some(name.parse()?),
        })
    }
}

/// `Streams(video1)` is `video1`.
fn without_keyword(element: &str) -> &str {
    element
        .strip_prefix("Streams(")
        .and_then(|name| name.strip_suffix(')'))
        .unwrap_or(element)
}

/// Whether a name tells which file of a track it is, and nothing of the track: `init`, `00042`, `index7`, `seg-7`.
fn is_numbered_only(stem: &str) -> bool {
    const WORDS: [&str; 11] = [
        "", "init", "index", "segment", "seg", "chunk", "media", "part", "fragment", "frag",
        "stream",
    ];
    let word = stem.trim_end_matches(|letter: char| letter.is_ascii_digit());
    let has_number = word.len() < stem.len();
    let word = word.trim_end_matches(['-', '_']);
    word == "init" || has_number && WORDS.contains(&word)
}

/// The track that a segment's name belongs to, where the name is of the kind that DASH packagers give:
/// `init-stream0` and `chunk-stream0-00001` are of `stream0`. Any other name stays what it is, number and all.
fn without_number(stem: &str) -> &str {
    if let Some(track) = stem.strip_prefix("init-") {
        return track;
    }
    let segment = ["chunk-", "segment-", "seg-"]
        .iter()
        .find_map(|prefix| stem.strip_prefix(prefix));
    let parts = segment.and_then(|segment| segment.rsplit_once('-'));
    match parts {
        Some((track, number)) if number.bytes().all(|byte| byte.is_ascii_digit()) => track,
        _ => stem,
    }
}

/// Which points a manifest tells of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Described {
    /// An MPD: all that are published below a name.
    Below(StreamName),
    /// A playlist of HLS: the segments of its folder, whose names say nothing of a track.
    Folder(Point),
}

impl Described {
    /// By the path of a manifest. `None` for a playlist that is in no folder: the segments beside it are of any track.
    pub(super) fn by(presentation: &str, label: &str) -> Result<Option<Self>, InvalidName> {
        if label.to_ascii_lowercase().ends_with("mpd") {
            return Ok(Some(Self::Below(presentation.parse()?)));
        }
        let Some((folder, _name)) = label.rsplit_once('/') else {
            return Ok(None);
        };
        let point = Point::parse(presentation, Some(&format!("{folder}/init.mp4")))?;
        Ok(Some(Self::Folder(point)))
    }

    pub(super) fn has(&self, point: &Point) -> bool {
        match self {
            Self::Below(presentation) => {
                point.presentation == *presentation && point.label.is_some()
            }
            Self::Folder(folder) => point == folder,
        }
    }
}

/// Whether a path is that of a manifest: encoders that package by themselves send theirs along (ING-09, ING-10).
pub(super) fn is_manifest(label: &str) -> bool {
    let extension = label
        .rsplit_once('.')
        .map_or("", |(_stem, extension)| extension);
    ["mpd", "m3u8"]
        .iter()
        .any(|known| extension.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_element_names_the_rendition() {
        let label = |path| {
            Point::parse("show", Some(path))
                .unwrap()
                .label
                .unwrap()
                .to_string()
        };
        assert_eq!(label("video.mp4"), "video");
        assert_eq!(label("a/b/audio-1.cmfa"), "audio-1");
        assert_eq!(label("Streams(video1)"), "video1");
        assert_eq!(label("Switching(v)/Streams(video1.cmfv)"), "video1");
        assert_eq!(Point::parse("show", None).unwrap().label, None);
        assert_eq!(label("init-stream0.m4s"), "stream0");
        assert_eq!(label("chunk-stream0-00042.m4s"), "stream0");
        assert_eq!(label("camera-2.mp4"), "camera-2");
        // A folder for each track, as ffmpeg's HLS muxer and Shaka Packager are mostly told.
        assert_eq!(label("video/init.mp4"), "video");
        assert_eq!(label("video/index7.m4s"), "video");
        assert_eq!(label("a/video/seg_00007.m4s"), "video");
        assert_eq!(label("Streams(video)/42.m4s"), "video");
        assert_eq!(label("a/camera-2.mp4"), "camera-2");
        assert_eq!(label("a/stream.mp4"), "stream");
        assert_eq!(label("init.mp4"), "init");
        assert_eq!(label("7.mp4"), "7");
        assert!(is_manifest("show.mpd") && is_manifest("a/master.M3U8"));
        assert!(!is_manifest("mpd"));
    }

    #[test]
    fn a_manifest_tells_of_what_is_beside_it() {
        let point = |label| Point::parse("show", label).unwrap();
        let by = |label| Described::by("show", label).unwrap();
        let mpd = by("manifest.MPD").expect("a presentation");
        assert!(mpd.has(&point(Some("chunk-stream0-00042.m4s"))));
        assert!(!mpd.has(&point(None)), "who sends it there has no manifest");
        assert!(!mpd.has(&Point::parse("other", Some("video.mp4")).unwrap()));
        let playlist = by("main/index.m3u8").expect("a folder");
        assert!(playlist.has(&point(Some("main/index7.m4s"))));
        assert!(!playlist.has(&point(Some("other/index7.m4s"))));
        assert_eq!(by("index.m3u8"), None);
    }

    #[test]
    fn a_path_that_climbs_names_nothing() {
        assert!(Point::parse("..", None).is_err());
        for bad in ["..", "a/..", "a b", "", "/", "Streams(../x)/.."] {
            assert!(Point::parse("show", Some(bad)).is_err(), "{bad}");
        }
    }
}
