//! An initialization section from what FLV says of its streams.
//!
//! Written here, box by box: the decoder configuration goes in as the encoder gave it, byte for byte.

use bytes::Bytes;

use crate::rtmp::tags::VideoCodec;

/// Track numbers of our own.
pub(super) const VIDEO_TRACK: u32 = 1;
pub(super) const AUDIO_TRACK: u32 = 2;

/// Ticks per second of pictures: whole for milliseconds, and for the usual rates.
pub(super) const VIDEO_TIMESCALE: u32 = 90_000;

/// Pictures, as the header describes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Video {
    pub(super) codec: VideoCodec,
    /// The body of `avcC` or `hvcC`.
    pub(super) record: Bytes,
    pub(super) width: u16,
    pub(super) height: u16,
    /// Ticks of a picture, where the encoder says.
    pub(super) picture: u32,
}

/// Sound, as the header describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Audio {
    /// `AudioSpecificConfig`.
    pub(super) config: Bytes,
    pub(super) channels: u16,
    pub(super) sample_rate: u32,
    /// Samples of a frame.
    pub(super) frame: u32,
}

/// `ftyp` and `moov` of the tracks that there are.
pub(super) fn write(video: Option<&Video>, audio: Option<&Audio>) -> Bytes {
    let mut out = Boxes::default();
    out.put(b"ftyp", |out| out.bytes(b"iso6\0\0\0\0iso6cmfc"));
    out.put(b"moov", |out| {
        out.put(b"mvhd", |out| {
            // Version and flags, two dates.
            out.zeros(12);
            out.u32(1000);
            // Duration: none, it is live.
            out.zeros(4);
            out.bytes(b"\0\x01\0\0\x01\0\0\0\0\0\0\0\0\0\0\0");
            out.matrix();
            out.zeros(24);
            out.u32(u32::MAX);
        });
        if let Some(video) = video {
            let size = (video.width, video.height);
            out.trak(VIDEO_TRACK, VIDEO_TIMESCALE, b"vide", size, |out| {
                entry(out, video);
            });
        }
        if let Some(audio) = audio {
            out.trak(AUDIO_TRACK, audio.sample_rate, b"soun", (0, 0), |out| {
                sound(out, audio);
            });
        }
        out.put(b"mvex", |out| {
            let video = video.map(|video| (VIDEO_TRACK, video.picture));
            let audio = audio.map(|audio| (AUDIO_TRACK, audio.frame));
            for (track, duration) in video.into_iter().chain(audio) {
                out.put(b"trex", |out| {
                    for field in [0, track, 1, duration, 0, 0] {
                        out.u32(field);
                    }
                });
            }
        });
    });
    out.0.into()
}

fn entry(out: &mut Boxes, video: &Video) {
    let (format, record) = match video.codec {
        VideoCodec::Avc => (b"avc1", b"avcC"),
        VideoCodec::Hevc => (b"hvc1", b"hvcC"),
    };
    out.put(format, |out| {
        out.bytes(b"\0\0\0\0\0\0\0\x01");
        out.zeros(16);
        out.bytes(&video.width.to_be_bytes());
        out.bytes(&video.height.to_be_bytes());
        // 72 dots per inch, a picture in each sample, no name, 24 bits.
        out.bytes(b"\0\x48\0\0\0\x48\0\0\0\0\0\0\0\x01");
        out.zeros(32);
        out.bytes(b"\0\x18\xff\xff");
        out.put(record, |out| out.bytes(&video.record));
    });
}

fn sound(out: &mut Boxes, audio: &Audio) {
    out.put(b"mp4a", |out| {
        out.bytes(b"\0\0\0\0\0\0\0\x01");
        out.zeros(8);
        out.bytes(&audio.channels.to_be_bytes());
        out.bytes(b"\0\x10\0\0\0\0");
        // 16 bits for the rate; beyond them it is in the timescale.
        let rate = u16::try_from(audio.sample_rate).unwrap_or(0);
        out.bytes(&rate.to_be_bytes());
        out.zeros(2);
        out.put(b"esds", |out| {
            // Descriptors are shorter than 128 bytes, as `remux` sees to, so one byte holds each length.
            let config = audio.config.len() as u8;
            out.zeros(4);
            out.bytes(&[0x03, 3 + 2 + 13 + 2 + config + 3, 0, 0, 0]);
            out.bytes(&[0x04, 13 + 2 + config, 0x40, 0x15]);
            out.zeros(11);
            out.bytes(&[0x05, config]);
            out.bytes(&audio.config);
            out.bytes(&[0x06, 1, 2]);
        });
    });
}

/// Boxes in boxes.
#[derive(Default)]
struct Boxes(Vec<u8>);

impl Boxes {
    fn put(&mut self, kind: &[u8; 4], body: impl FnOnce(&mut Self)) {
        let at = self.0.len();
        self.zeros(4);
        self.bytes(kind);
        body(self);
        let size = u32::try_from(self.0.len() - at).expect("a header of two tracks is small");
        self.0[at..at + 4].copy_from_slice(&size.to_be_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn u32(&mut self, number: u32) {
        self.bytes(&number.to_be_bytes());
    }

    fn zeros(&mut self, count: usize) {
        self.0.resize(self.0.len() + count, 0);
    }

    /// No rotation, no scaling.
    fn matrix(&mut self) {
        for field in [1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30] {
            self.u32(field);
        }
    }

    fn trak(
        &mut self,
        track: u32,
        timescale: u32,
        handler: &[u8; 4],
        (width, height): (u16, u16),
        entry: impl FnOnce(&mut Self),
    ) {
        let is_sound = handler == b"soun";
        self.put(b"trak", |out| {
            out.put(b"tkhd", |out| {
                // Enabled, in the movie.
                out.u32(3);
                out.zeros(8);
                out.u32(track);
                out.zeros(20);
                out.bytes(if is_sound { b"\x01\0\0\0" } else { b"\0\0\0\0" });
                out.matrix();
                out.u32(u32::from(width) << 16);
                out.u32(u32::from(height) << 16);
            });
            out.put(b"mdia", |out| {
                out.put(b"mdhd", |out| {
                    out.zeros(12);
                    out.u32(timescale);
                    out.zeros(4);
                    // Language: undetermined.
                    out.bytes(b"\x55\xc4\0\0");
                });
                out.put(b"hdlr", |out| {
                    out.zeros(8);
                    out.bytes(handler);
                    out.zeros(13);
                });
                out.put(b"minf", |out| {
                    if is_sound {
                        out.put(b"smhd", |out| out.zeros(8));
                    } else {
                        out.put(b"vmhd", |out| out.bytes(b"\0\0\0\x01\0\0\0\0\0\0\0\0"));
                    }
                    out.put(b"dinf", |out| {
                        out.put(b"dref", |out| {
                            out.bytes(b"\0\0\0\0\0\0\0\x01");
                            out.put(b"url ", |out| out.u32(1));
                        });
                    });
                    out.put(b"stbl", |out| {
                        out.put(b"stsd", |out| {
                            out.bytes(b"\0\0\0\0\0\0\0\x01");
                            entry(out);
                        });
                        out.put(b"stts", |out| out.zeros(8));
                        out.put(b"stsc", |out| out.zeros(8));
                        out.put(b"stsz", |out| out.zeros(12));
                        out.put(b"stco", |out| out.zeros(8));
                    });
                });
            });
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::{InitSection, MediaLimits, TrackKind};

    #[test]
    fn what_is_written_is_read_back() {
        let video = Video {
            codec: VideoCodec::Avc,
            record: Bytes::from_static(b"\x01\x64\0\x1f\xff\xe1\0\x04\x67\x64\0\x1f\x01\0\x01\x68"),
            width: 1280,
            height: 720,
            picture: 3003,
        };
        let audio = Audio {
            config: Bytes::from_static(b"\x12\x10"),
            channels: 2,
            sample_rate: 44_100,
            frame: 1024,
        };
        let bytes = write(Some(&video), Some(&audio));
        let init = InitSection::parse(bytes, &MediaLimits::default()).expect("a header");
        let tracks: Vec<_> = init.tracks().collect();
        assert_eq!(tracks[0].codec, "avc1.64001f");
        let TrackKind::Video {
            width,
            height,
            frame_rate,
        } = tracks[0].kind
        else {
            panic!("{tracks:?}");
        };
        assert_eq!((width, height), (1280, 720));
        assert_eq!(
            frame_rate.map(|rate| rate.to_string()).as_deref(),
            Some("29.970")
        );
        assert_eq!(tracks[1].codec, "mp4a.40.2");
        let sound = TrackKind::Audio {
            channels: 2,
            sample_rate: 44_100,
        };
        assert_eq!(tracks[1].kind, sound);
    }
}
