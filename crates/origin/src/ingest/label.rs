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
    /// Of the rest only the last element counts, without its extension and without the DASH-IF
    /// keyword (`Streams(video1)` is `video1`, ING-08).
    pub(crate) fn parse(presentation: &str, label: Option<&str>) -> Result<Self, InvalidName> {
        let presentation = presentation.parse()?;
        let Some(label) = label else {
            return Ok(Self {
                presentation,
                label: None,
            });
        };
        let last = label
            .trim_end_matches('/')
            .rsplit('/')
            .next()
            .unwrap_or_default();
        let inner = last
            .strip_prefix("Streams(")
            .and_then(|name| name.strip_suffix(')'))
            .unwrap_or(last);
        let stem = inner
            .rsplit_once('.')
            .map_or(inner, |(stem, _extension)| stem);
        let stem = if stem.is_empty() { inner } else { stem };
        Ok(Self {
            presentation,
            label: Some(without_number(stem).parse()?),
        })
    }
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
        assert!(is_manifest("show.mpd") && is_manifest("a/master.M3U8"));
        assert!(!is_manifest("mpd"));
    }

    #[test]
    fn a_path_that_climbs_names_nothing() {
        assert!(Point::parse("..", None).is_err());
        for bad in ["..", "a/..", "a b", "", "/", "Streams(../x)/.."] {
            assert!(Point::parse("show", Some(bad)).is_err(), "{bad}");
        }
    }
}
