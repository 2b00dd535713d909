//! What the reader refuses and what it holds. Whole streams are in `media::tests`.

use super::*;
use crate::media::error::Fault;

fn read(bytes: &[u8]) -> Result<Vec<MediaItem>, MediaError> {
    let mut items = Vec::new();
    MediaReader::new(MediaLimits::default())
        .read(bytes, &mut items)
        .map(|()| items)
}

#[test]
fn media_before_its_header_asks_for_the_header() {
    let error = read(b"\0\0\0\x08moof").expect_err("no header");
    assert_eq!(error, MediaError::MissingInit);
    assert_eq!(error.fault(), Fault::MissingInit);
}

#[test]
fn a_claimed_size_over_the_limit_is_refused_by_its_header_alone() {
    let error = read(b"\0\0\0\x01ftyp\0\0\x01\0\0\0\0\0").expect_err("1 TiB of ftyp");
    assert_eq!(error.fault(), Fault::TooLarge);
}

#[test]
fn a_claimed_size_costs_little_memory() {
    let mut buffer = Vec::new();
    let more = wanted_room(&buffer, 32 << 20, 100);
    buffer.reserve_exact(more);
    assert!(buffer.capacity() <= FIRST_ROOM);
    let mut buffer = vec![0; FIRST_ROOM];
    let more = wanted_room(&buffer, 300 << 10, 100);
    buffer.reserve_exact(more);
    assert!(
        buffer.capacity() <= FIRST_ROOM + (300 << 10),
        "exactly what is claimed, once it is near"
    );
}

#[test]
fn other_containers_and_text_are_told_from_broken_mp4() {
    let starts: [&[u8]; 5] = [
        b"\x47\x40\x11\x10\0\x42\xf0\x25 transport stream",
        b"FLV\x01\x05\0\0\0\x09\0\0\0\0",
        b"\x1a\x45\xdf\xa3\xa3\x42\x86\x81\x01 Matroska",
        b"#EXTM3U\n#EXT-X-VERSION:9\n",
        b"<html><body>not a stream</body></html>",
    ];
    for start in starts {
        let error = read(start).expect_err("no MP4");
        assert_eq!(
            (&error, error.fault()),
            (&MediaError::NotMp4, Fault::Unsupported)
        );
    }
}

#[test]
fn a_file_that_is_not_fragmented_is_told_so() {
    let error = read(b"\0\0\0\x14ftypisom\0\0\0\0isom\0\0\0\x08mdat").expect_err("progressive MP4");
    assert_eq!(
        (&error, error.fault()),
        (&MediaError::NotFragmented, Fault::Unsupported)
    );
}

#[test]
fn unknown_boxes_are_skipped_and_not_held() {
    let mut reader = MediaReader::new(MediaLimits::default());
    let mut items = Vec::new();
    reader
        .read(b"\0\x10\0\0wide", &mut items)
        .expect("a megabyte to skip");
    for _ in 0..16 {
        reader.read(&[0; 4096], &mut items).expect("skipped");
    }
    assert_eq!(reader.unit.capacity(), 0);
    assert_eq!(
        reader.finish(),
        StreamEnd::Truncated {
            bytes: 8 + 16 * 4096
        }
    );
}

#[test]
fn an_error_is_final() {
    let mut reader = MediaReader::new(MediaLimits::default());
    let mut items = Vec::new();
    let first = reader
        .read(b"\0\0\0\x07free", &mut items)
        .expect_err("too small");
    assert_eq!(reader.read(b"\0\0\0\x08free", &mut items), Err(first));
}

#[test]
fn ntp_time_is_converted_to_the_unix_epoch() {
    assert_eq!(ntp_to_unix_nanos(2_208_988_800 << 32), Some(0));
    assert_eq!(
        ntp_to_unix_nanos((2_208_988_801 << 32) | 0x8000_0000),
        Some(1_500_000_000)
    );
    assert_eq!(ntp_to_unix_nanos(5), None);
}
