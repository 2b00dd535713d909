//! Multivariant playlists from bytes. Shared with the fuzz target `multivariant`.

use core::num::NonZeroU32;

use llhls_manifest::{
    ClosedCaptions, ContentSteering, Definition, FrameRate, HdcpLevel, IFrameVariant, Key,
    KeyMethod, MultivariantPlaylist, Rendition, Resolution, Score, SessionData, Variant,
    VideoRange,
};
use playlist_oracle::assert_multivariant;

/// Reads numbers and short texts off a slice; zeros and empty texts after its end.
struct Source<'a>(&'a [u8]);

impl Source<'_> {
    fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        *first
    }

    fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    fn one_of<T: Clone>(&mut self, values: &[T]) -> T {
        values[usize::from(self.byte()) % values.len()].clone()
    }

    /// Mostly harmless.
    fn text(&mut self) -> String {
        let plain = ["a", "b", "main", "x.m3u8", "y.m3u8", "en", "1", "2"];
        match self.byte() {
            0..=239 => self.one_of(&plain).to_owned(),
            240..=243 => "{$v}".to_owned(),
            length => {
                let bytes: Vec<u8> = (0..length & 7).map(|_| self.byte()).collect();
                String::from_utf8_lossy(&bytes).into_owned()
            }
        }
    }
}

/// Whatever the bytes say, the playlist is refused or conforms.
pub(crate) fn refused_or_conforming(bytes: &[u8]) {
    let mut source = Source(bytes);
    let mut playlist = MultivariantPlaylist::new();
    while !source.0.is_empty() {
        playlist = match source.byte() % 8 {
            0 => playlist.independent_segments(),
            1 => {
                let name = source.one_of(&["v", "w", "not a name"]).to_owned();
                playlist.define(match source.byte() % 3 {
                    0 => Definition::Value {
                        name,
                        value: source.text(),
                    },
                    1 => Definition::QueryParameter(name),
                    _ => Definition::Import(name),
                })
            }
            2 => {
                let (id, value) = (source.text(), source.text());
                playlist.session_data(match source.byte() % 3 {
                    0 => SessionData::value(id, value),
                    1 => SessionData::json(id, value),
                    _ => SessionData::raw(id, value).language(source.text()),
                })
            }
            3 => {
                let methods = [
                    KeyMethod::Aes128,
                    KeyMethod::SampleAes,
                    KeyMethod::SampleAesCtr,
                ];
                let method = source.one_of(&methods);
                let Ok(key) = Key::new(method, source.text()) else {
                    continue;
                };
                playlist.session_key(if source.flag() {
                    key.iv([source.byte(); 16])
                } else {
                    key
                })
            }
            4 => playlist
                .content_steering(ContentSteering::new(source.text()).pathway(source.text())),
            5 => {
                let rendition = rendition(&mut source);
                playlist.rendition(rendition)
            }
            6 => {
                let variant = variant(&mut source);
                playlist.variant(variant)
            }
            _ => playlist.i_frame_variant(
                IFrameVariant::new(source.text(), u64::from(source.byte()))
                    .codecs([source.text()])
                    .stable_id(source.text()),
            ),
        };
    }
    let Ok(text) = playlist.build() else { return };
    assert_multivariant(&text);
    assert_eq!(
        playlist.build().as_deref(),
        Ok(text.as_str()),
        "the same bytes each time"
    );
}

fn rendition(source: &mut Source<'_>) -> Rendition {
    let (group, name) = (source.text(), source.text());
    let rendition = match source.byte() % 5 {
        0 => Rendition::audio(group, name, source.text()),
        1 => Rendition::muxed_audio(group, name),
        2 => Rendition::video(group, name, source.text()),
        3 => Rendition::subtitles(group, name, source.text()),
        _ => Rendition::closed_captions(group, name, source.one_of(&["CC1", "SERVICE9", "x"])),
    };
    let rendition = if source.flag() {
        rendition.language(source.text())
    } else {
        rendition
    };
    let rendition = if source.flag() {
        rendition.default()
    } else {
        rendition
    };
    let rendition = if source.byte() > 200 {
        rendition.forced()
    } else {
        rendition
    };
    let rendition = if source.byte() > 200 {
        rendition.channels("2")
    } else {
        rendition
    };
    if source.byte() > 200 {
        rendition.stable_id(source.text())
    } else {
        rendition
    }
}

fn variant(source: &mut Source<'_>) -> Variant {
    let variant = Variant::new(source.text(), u64::from(source.byte()) * 1_000);
    let variant = variant.codecs([source.text(), source.text()]);
    let size = u32::from(source.byte());
    let variant = variant
        .resolution(Resolution::new(size, size))
        .frame_rate(FrameRate::new(size, NonZeroU32::MIN));
    let variant = if source.flag() {
        variant.average_bandwidth(u64::from(source.byte()))
    } else {
        variant
    };
    let variant = if source.flag() {
        variant.audio(source.text())
    } else {
        variant
    };
    let variant = if source.flag() {
        variant.subtitles(source.text())
    } else {
        variant
    };
    let variant = match source.byte() % 3 {
        0 => variant,
        1 => variant.closed_captions(ClosedCaptions::None),
        _ => variant.closed_captions(ClosedCaptions::Group(source.text())),
    };
    let variant = match NonZeroU32::new(u32::from(source.byte() / 64)) {
        Some(score) => variant.score(Score::from_thousandths(score)),
        None => variant,
    };
    let variant = if source.flag() {
        variant.pathway(source.text())
    } else {
        variant
    };
    if source.byte() > 200 {
        variant
            .hdcp_level(HdcpLevel::Type0)
            .video_range(VideoRange::Hlg)
            .supplemental_codecs([source.text()])
            .required_layout(source.one_of(&["CH-STEREO", "CH-MONO", "PROJ-EQUI/CH-STEREO"]))
            .allowed_cpc(source.text(), ["A"])
    } else {
        variant
    }
}
