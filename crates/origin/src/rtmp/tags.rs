//! FLV tags: the few bytes in front of a frame.

use bytes::{Buf as _, Bytes};
use rtmp_rs::media::enhanced_audio::EnhancedAudioData;
use rtmp_rs::media::enhanced_video::EnhancedVideoData;
use rtmp_rs::media::fourcc::{AudioFourCc, VideoFourCc};

use crate::media::SyncPoint;
use crate::rtmp::error::RtmpError;

/// A video codec that is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum VideoCodec {
    Avc,
    Hevc,
}

/// A video tag.
#[derive(Debug)]
pub(super) enum VideoTag {
    /// The decoder's configuration record.
    Config { codec: VideoCodec, record: Bytes },
    /// A picture.
    Frame {
        sync: SyncPoint,
        /// Presentation time minus decode time, in milliseconds.
        offset: i32,
        data: Bytes,
    },
    /// Nothing that matters here.
    Other,
}

/// An audio tag.
#[derive(Debug)]
pub(super) enum AudioTag {
    /// AAC's `AudioSpecificConfig`.
    Config(Bytes),
    /// A frame.
    Frame(Bytes),
    /// Nothing that matters here.
    Other,
}

/// Reads a video tag: enhanced RTMP, or the old form with a number for the codec.
pub(super) fn video(mut tag: Bytes) -> Result<VideoTag, RtmpError> {
    let Some(&first) = tag.first() else {
        // Encoders mark the end of a stream so.
        return Ok(VideoTag::Other);
    };
    if EnhancedVideoData::is_enhanced(first) {
        return enhanced_video(tag);
    }
    let kind = first >> 4;
    let codec = match first & 0x0f {
        7 => VideoCodec::Avc,
        // Never registered, yet what encoders used for HEVC before there was an enhanced form.
        12 => VideoCodec::Hevc,
        // A command to a player, such as the start of seeking.
        _ if kind == 5 => return Ok(VideoTag::Other),
        number => return Err(RtmpError::Codec(format!("number {number}"))),
    };
    if tag.len() < 5 {
        return Err(RtmpError::Tag);
    }
    let offset = i32::from_be_bytes([tag[2], tag[3], tag[4], 0]) >> 8;
    let packet = tag[1];
    tag.advance(5);
    Ok(match packet {
        0 => VideoTag::Config { codec, record: tag },
        1 if !tag.is_empty() => VideoTag::Frame {
            sync: sync(kind == 1),
            offset,
            data: tag,
        },
        _ => VideoTag::Other,
    })
}

/// The tag without what comes before its packet in enhanced RTMP 2: times to the nanosecond, and what else may be added
/// for those who know it.
fn without_extensions(tag: Bytes) -> Result<Bytes, RtmpError> {
    const EXTENSION: u8 = 7;
    let Some((&first, mut rest)) = tag.split_first() else {
        return Ok(tag);
    };
    let mut packet = first & 0x0f;
    if packet != EXTENSION {
        return Ok(tag);
    }
    while packet == EXTENSION {
        let (&short, behind) = rest.split_first().ok_or(RtmpError::Tag)?;
        let (size, behind) = match short {
            u8::MAX => {
                let (long, behind) = behind.split_first_chunk().ok_or(RtmpError::Tag)?;
                (usize::from(u16::from_be_bytes(*long)) + 1, behind)
            }
            size => (usize::from(size) + 1, behind),
        };
        let behind = behind.get(size..).ok_or(RtmpError::Tag)?;
        let (&next, behind) = behind.split_first().ok_or(RtmpError::Tag)?;
        (packet, rest) = (next & 0x0f, behind);
    }
    Ok([&[first & 0xf0 | packet], rest].concat().into())
}

fn enhanced_video(tag: Bytes) -> Result<VideoTag, RtmpError> {
    let taken = |codec| match codec {
        VideoFourCc::Avc => Ok(VideoCodec::Avc),
        VideoFourCc::Hevc => Ok(VideoCodec::Hevc),
        other => Err(RtmpError::Codec(other.fourcc().to_string())),
    };
    Ok(match EnhancedVideoData::parse(without_extensions(tag)?)? {
        EnhancedVideoData::SequenceHeader { codec, config, .. } => VideoTag::Config {
            codec: taken(codec)?,
            record: config,
        },
        EnhancedVideoData::Frame {
            codec,
            frame_type,
            composition_time,
            data,
        } if !data.is_empty() => {
            taken(codec)?;
            VideoTag::Frame {
                sync: sync(frame_type.is_keyframe()),
                offset: composition_time,
                data,
            }
        }
        _ => VideoTag::Other,
    })
}

/// Reads an audio tag.
pub(super) fn audio(mut tag: Bytes) -> Result<AudioTag, RtmpError> {
    let Some(&first) = tag.first() else {
        return Ok(AudioTag::Other);
    };
    if EnhancedAudioData::is_enhanced(first) {
        return enhanced_audio(tag);
    }
    let format = first >> 4;
    if format != 10 {
        return Err(RtmpError::Codec(format!("number {format}")));
    }
    if tag.len() < 2 {
        return Err(RtmpError::Tag);
    }
    let packet = tag[1];
    tag.advance(2);
    Ok(match packet {
        0 => AudioTag::Config(tag),
        1 if !tag.is_empty() => AudioTag::Frame(tag),
        _ => AudioTag::Other,
    })
}

fn enhanced_audio(tag: Bytes) -> Result<AudioTag, RtmpError> {
    let check = |codec: AudioFourCc| match codec {
        AudioFourCc::Aac => Ok(()),
        other => Err(RtmpError::Codec(other.fourcc().to_string())),
    };
    Ok(match EnhancedAudioData::parse(without_extensions(tag)?)? {
        EnhancedAudioData::SequenceHeader { codec, config } => {
            check(codec)?;
            AudioTag::Config(config)
        }
        EnhancedAudioData::Frame { codec, data } if !data.is_empty() => {
            check(codec)?;
            AudioTag::Frame(data)
        }
        _ => AudioTag::Other,
    })
}

fn sync(key: bool) -> SyncPoint {
    if key {
        SyncPoint::Sync
    } else {
        SyncPoint::Dependent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_of_both_kinds_are_read() {
        let old = video(Bytes::from_static(b"\x27\x01\xff\xff\xd8frame")).unwrap();
        assert!(matches!(
            old,
            VideoTag::Frame {
                sync: SyncPoint::Dependent,
                offset: -40,
                ..
            }
        ));
        let new = video(Bytes::from_static(b"\x91hvc1\0\0\x28frame")).unwrap();
        assert!(matches!(
            new,
            VideoTag::Frame { sync: SyncPoint::Sync, offset: 40, ref data } if &data[..] == b"frame"
        ));
        let config = video(Bytes::from_static(b"\x90hvc1record")).unwrap();
        assert!(matches!(
            config,
            VideoTag::Config {
                codec: VideoCodec::Hevc,
                ..
            }
        ));
        assert!(matches!(
            audio(Bytes::from_static(b"\xaf\0\x11\x90")),
            Ok(AudioTag::Config(_))
        ));
    }

    #[test]
    fn extensions_are_read_over() {
        // A time of three bytes, then another of 256, then coded frames without a composition time.
        let long = [&[0xff, 0, 0xff][..], &[0; 256], &[0x13]].concat();
        let tag = [&b"\x97\x02\0\0\x01\x07"[..], &long, b"hvc1frame"].concat();
        let read = video(tag.clone().into()).unwrap();
        assert!(matches!(
            read,
            VideoTag::Frame { sync: SyncPoint::Sync, offset: 0, ref data } if &data[..] == b"frame"
        ));
        for end in 1..tag.len() - 5 {
            assert!(video(Bytes::copy_from_slice(&tag[..end])).is_err(), "{end}");
        }
        let sound = audio(Bytes::from_static(b"\x97\x02\0\0\x01\x01mp4aframe")).unwrap();
        assert!(matches!(sound, AudioTag::Frame(ref data) if &data[..] == b"frame"));
    }

    #[test]
    fn what_is_not_taken_is_named() {
        let vp9 = video(Bytes::from_static(b"\x90vp09record"));
        assert!(matches!(vp9, Err(RtmpError::Codec(name)) if name == "vp09"));
        assert!(matches!(
            audio(Bytes::from_static(b"\x2fmp3")),
            Err(RtmpError::Codec(_))
        ));
        assert!(matches!(
            video(Bytes::from_static(b"\x17\x01")),
            Err(RtmpError::Tag)
        ));
    }
}
