use super::ffmpeg::{TempFile, decoded_frames};
use crate::media::{DemoIndex, DemoSegment, DemoSource};

/// Three loops and two seams, from the middle of a segment's loop on a day in 2026.
#[test]
fn three_loops_of_each_rendition_decode_without_a_word() {
    let demo = DemoSource::new(DemoSegment::TwoSeconds);
    let first = DemoIndex::new(1_795_219_200 * 5 + 20);
    for (which, rendition) in demo.renditions().iter().enumerate() {
        let mut bytes = rendition.init().to_vec();
        let mut index = first;
        let mut samples = 0;
        for _ in 0..120 {
            let part = &demo.part_at(index).renditions[which];
            bytes.extend_from_slice(&part.bytes);
            samples += u64::from(part.samples);
            index = index.next();
        }
        let expected = if rendition.track().is_video() {
            3 * 240
        } else {
            3 * 375
        };
        assert_eq!(samples, expected);
        let file = TempFile::with("mp4", &bytes);
        assert_eq!(
            decoded_frames(file.path()),
            expected,
            "{}",
            rendition.name()
        );
    }
}
