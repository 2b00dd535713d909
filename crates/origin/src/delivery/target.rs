//! The path of a request, read into what it names.

use std::borrow::Cow;

use llhls::registry::DVR_PLAYLIST;
use percent_encoding::percent_decode_str;

use crate::path::element;

/// What a path names. Whether it exists is for others to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target<'path> {
    Multivariant {
        presentation: Cow<'path, str>,
    },
    Playlist {
        presentation: Cow<'path, str>,
        rendition: Cow<'path, str>,
    },
    DvrMultivariant {
        presentation: Cow<'path, str>,
    },
    DvrPlaylist {
        presentation: Cow<'path, str>,
        rendition: Cow<'path, str>,
    },
    Resource {
        presentation: Cow<'path, str>,
        rendition: Cow<'path, str>,
        name: Cow<'path, str>,
    },
}

impl<'path> Target<'path> {
    /// Reads `/PRESENTATION/index.m3u8`, `/PRESENTATION/dvr.m3u8` and
    /// `/PRESENTATION/RENDITION/NAME`; nothing else names anything. An element is decoded by itself, so an escaped slash never divides. Allocates
    /// only for a path with escapes, which none of ours has.
    pub(super) fn parse(path: &'path str) -> Option<Self> {
        let escaped = path.contains('%');
        let read = |text: &'path str| match escaped {
            true => percent_decode_str(text).decode_utf8().ok(),
            false => Some(Cow::Borrowed(text)),
        };
        let (presentation, rest) = element(path.strip_prefix('/')?);
        let (second, third) = element(rest?);
        if third.is_some_and(|third| third.contains('/')) {
            return None;
        }
        let (presentation, second) = (read(presentation)?, read(second)?);
        match third {
            None if second == "index.m3u8" => Some(Self::Multivariant { presentation }),
            None if second == DVR_PLAYLIST => Some(Self::DvrMultivariant { presentation }),
            None => None,
            Some(DVR_PLAYLIST) => Some(Self::DvrPlaylist {
                presentation,
                rendition: second,
            }),
            Some("media.m3u8") => Some(Self::Playlist {
                presentation,
                rendition: second,
            }),
            Some(name) => Some(Self::Resource {
                presentation,
                rendition: second,
                name: read(name)?,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource<'a>(presentation: &'a str, rendition: &'a str, name: &'a str) -> Target<'a> {
        Target::Resource {
            presentation: presentation.into(),
            rendition: rendition.into(),
            name: name.into(),
        }
    }

    #[test]
    fn paths_of_two_and_three_elements_name_something() {
        assert_eq!(
            Target::parse("/show/index.m3u8"),
            Some(Target::Multivariant {
                presentation: "show".into()
            })
        );
        assert_eq!(
            Target::parse("/show/video/media.m3u8"),
            Some(Target::Playlist {
                presentation: "show".into(),
                rendition: "video".into()
            })
        );
        assert_eq!(
            Target::parse("/show/dvr.m3u8"),
            Some(Target::DvrMultivariant {
                presentation: "show".into()
            })
        );
        assert_eq!(
            Target::parse("/show/video/dvr.m3u8"),
            Some(Target::DvrPlaylist {
                presentation: "show".into(),
                rendition: "video".into()
            })
        );
        assert_eq!(
            Target::parse("/show/video/e1-1.2.m4s"),
            Some(resource("show", "video", "e1-1.2.m4s"))
        );
        assert_eq!(
            Target::parse("/s%68ow/video/..%2f..%2Fetc"),
            Some(resource("show", "video", "../../etc")),
            "an escaped slash divides nothing"
        );
    }

    #[test]
    fn other_paths_name_nothing() {
        for path in [
            "",
            "/",
            "show/index.m3u8",
            "/show",
            "/show/",
            "/show/video",
            "/show/video/media.m3u8/",
            "/show/video/name/more",
            "/show/video/%ff",
            "//show/video/e1-1.m4s",
        ] {
            assert_eq!(Target::parse(path), None, "{path}");
        }
    }

    #[test]
    fn nothing_is_allocated_for_a_path_without_escapes() {
        let Some(Target::Resource { name, .. }) = Target::parse("/a/b/c") else {
            panic!("three elements");
        };
        assert!(matches!(name, Cow::Borrowed("c")));
    }
}
