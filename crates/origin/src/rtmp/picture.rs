//! The size of pictures, read from the parameter sets that an encoder sends before them.
//!
//! `onMetaData` tells it too, where an encoder sends that; it is a word about the stream, the parameter
//! set is what decoders go by.

use crate::media::Sps;
use crate::rtmp::tags::VideoCodec;

/// The width and height in pixels that decoders show, by the body of an `avcC` or `hvcC`.
///
/// `None` where the record holds no parameter set that can be read.
pub(super) fn size(codec: VideoCodec, record: &[u8]) -> Option<(u16, u16)> {
    let parameters = match codec {
        VideoCodec::Avc => {
            // Five bytes, the number of parameter sets, and the length of the first.
            let (length, rest) = record.get(6..)?.split_first_chunk::<2>()?;
            Sps::of_avc(rest.get(..usize::from(u16::from_be_bytes(*length)))?)?
        }
        VideoCodec::Hevc => Sps::of_hevc(hevc_parameters(record)?)?,
    };
    Some((parameters.width, parameters.height))
}

/// The first sequence parameter set of an `hvcC`.
fn hevc_parameters(record: &[u8]) -> Option<&[u8]> {
    const SEQUENCE: u8 = 33;
    let (&arrays, mut rest) = record.get(22..)?.split_first()?;
    for _ in 0..arrays {
        let (head, mut units) = rest.split_first_chunk::<3>()?;
        for _ in 0..u16::from_be_bytes([head[1], head[2]]) {
            let (length, behind) = units.split_first_chunk::<2>()?;
            let (unit, behind) =
                behind.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
            if head[0] & 0x3f == SEQUENCE {
                return Some(unit);
            }
            units = behind;
        }
        rest = units;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal"))
            .collect()
    }

    /// What x264 writes.
    const AVC: [(&str, (u16, u16)); 7] = [
        // Baseline; 4:4:4; 4:2:2 with ten bits; interlaced; grey.
        (
            "0142c00bffe100186742c00bda0a37e4c044000003000400000300c83c50aa8001000468ce0fc8",
            (160, 90),
        ),
        (
            "0142c028ffe100196742c028da01e0089f97011000000300100000030320f1832a01000468ce0fc8",
            (1920, 1080),
        ),
        (
            "01f40028ffe1001b67f40028919680780227e27011000003000100000300320f1832a001000568ce0f1920fff8f800",
            (1920, 1080),
        ),
        (
            "017a000bffe10018677a000bbcb4146fcf80880000030008000003019078a15501000468ce0fc8fef8f800",
            (160, 90),
        ),
        (
            "014d4028ffe10019674d4028f403c0227ef011000003000100000300321f162ea001000468de0fc8",
            (1920, 1080),
        ),
        (
            "014d4015ffe10019674d4015f40d887925c044000003000400000300c87c50aa8001000468de0fc8",
            (426, 240),
        ),
        (
            "01640015ffe1001a67640015f36506c7f9fc05b2000003000200000300641e2c5b2c01000668ebe3cb22c0fcf8f800",
            (426, 240),
        ),
    ];

    /// What x265 writes: 4:2:0, 4:4:4, 4:2:2 with ten bits, grey.
    const HEVC: [(&str, (u16, u16)); 4] = [
        (
            "0101600000009000000000001ef000fcfdf8f800000f03a00001001840010c01ffff01600000030090000003000003001e959409a10001002a42010101600000030090000003000003001ea0142061f26595952930bc05a02000000300200000030321a2000100064401c073c189",
            (160, 90),
        ),
        (
            "0104080000009e080000000078f000fcfff8f800000f03a00001001740010c01ffff0408000003009e08000003000078959409a10001002c4201010408000003009e08000003000078900078100220f89cb2b2a5261780b4040000030004000003006420a2000100084401c07318301890",
            (1920, 1080),
        ),
        (
            "0104080000009d08000000001ef000fcfefafa00000f03a00001001740010c01ffff0408000003009d0800000300001e959409a10001002a4201010408000003009d0800000300001eb0142061f3b6595952930bc05a020000030002000003003210a2000100064401c073c189",
            (160, 90),
        ),
        (
            "0104080000009fc80000000078f000fcfcf8f800000f03a00001001740010c01ffff0408000003009fc8000003000078959409a10001002a4201010408000003009fc8000003000078c00f0200441f13965654a4c2f016c080000003008000000c84a2000100064401c073c189",
            (1920, 1080),
        ),
    ];

    #[test]
    fn sizes_are_those_that_were_encoded() {
        for (record, expected) in AVC {
            assert_eq!(size(VideoCodec::Avc, &bytes(record)), Some(expected));
        }
        for (record, expected) in HEVC {
            assert_eq!(size(VideoCodec::Hevc, &bytes(record)), Some(expected));
        }
    }

    #[test]
    fn a_record_that_is_cut_off_or_damaged_is_no_panic() {
        for (codec, records) in [(VideoCodec::Avc, &AVC[..]), (VideoCodec::Hevc, &HEVC[..])] {
            for (record, _) in records {
                let whole = bytes(record);
                for at in 0..whole.len() {
                    let _ = size(codec, &whole[..at]);
                    for flip in [0x80, 0xff] {
                        let mut damaged = whole.clone();
                        damaged[at] ^= flip;
                        let _ = size(codec, &damaged);
                    }
                }
            }
        }
        assert_eq!(size(VideoCodec::Avc, &[]), None);
        assert_eq!(size(VideoCodec::Hevc, &[0; 23]), None);
    }

    /// Bits, by words of zeros and ones.
    fn unit(words: &[&str]) -> Vec<u8> {
        let bits: Vec<u8> = words.concat().bytes().map(|bit| bit - b'0').collect();
        let mut unit = vec![0x67];
        for byte in bits.chunks(8) {
            let whole = byte.iter().fold(0, |byte, bit| byte << 1 | bit);
            unit.push(whole << (8 - byte.len()));
        }
        unit
    }

    #[test]
    fn lists_in_front_of_the_size_are_read_over() {
        // The second list sets its second entry to zero (8, then 8 - 8), the third has all sixteen.
        let lists = [
            "1",
            "0",
            "1",
            "1",
            "000010001",
            "1",
            &"1".repeat(16),
            "00000",
        ];
        let head = [
            "01100100", "00000000", "00011111", "1", "010", "1", "1", "0",
        ];
        // Order of pictures by a cycle of two; one reference; 10 × 5 blocks, frames only, cropped by 6 rows.
        let tail = [
            "1", "010", "0", "1", "1", "011", "1", "1", "010", "0", "0001010", "00101", "1", "1",
            "1", "1", "1", "1", "00100",
        ];
        let unit = unit(&[&head[..], &lists[..], &tail[..]].concat());
        let sps = Sps::of_avc(&unit).map(|sps| (sps.width, sps.height));
        assert_eq!(sps, Some((160, 74)));
    }
}
