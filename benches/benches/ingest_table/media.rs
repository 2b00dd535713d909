//! Made-up media of a real header: as much a second as is wanted, in fragments of any length.

use bytes::Bytes;
use origin::media::{DemoSegment, DemoSource};

/// Pictures a second, and ticks of one.
pub(crate) const RATE: u64 = 30;
const PICTURE: u32 = 3000;
/// Pictures of a part and of a group of pictures.
pub(crate) const PART: u64 = 6;
pub(crate) const GROUP: u64 = 60;
/// The header of the demo's large picture: one video track, 90 000 ticks a second.
pub(crate) fn header() -> Bytes {
    let demo = DemoSource::new(DemoSegment::TwoSeconds);
    demo.renditions()[0].init().clone()
}

/// One fragment of `pictures` from number `first` on, each of `size` bytes.
pub(crate) fn fragment(first: u64, pictures: u64, size: u32) -> Vec<u8> {
    let mut trun = vec![0, 0, 0x07, 0x01];
    let count = u32::try_from(pictures).expect("few");
    trun.extend_from_slice(&count.to_be_bytes());
    let at = trun.len();
    trun.extend_from_slice(&[0; 4]);
    for picture in first..first + pictures {
        let is_sync = picture.is_multiple_of(GROUP);
        let flags: u32 = if is_sync { 0x0200_0000 } else { 0x0101_0000 };
        for field in [PICTURE, size, flags] {
            trun.extend_from_slice(&field.to_be_bytes());
        }
    }
    let number = u32::try_from(first + 1).expect("few");
    let time = first * u64::from(PICTURE);
    // mfhd 16, tfhd 16, tfdt 20, and the headers of moof, traf, trun and mdat.
    let offset = 8 + 16 + 8 + 16 + 20 + 8 + trun.len() + 8;
    let offset = u32::try_from(offset).expect("small");
    trun[at..at + 4].copy_from_slice(&offset.to_be_bytes());

    let traf = [
        boxed(b"tfhd", &[0, 2, 0, 0, 0, 0, 0, 1]),
        boxed(b"tfdt", &[&[1, 0, 0, 0][..], &time.to_be_bytes()].concat()),
        boxed(b"trun", &trun),
    ]
    .concat();
    let mfhd = boxed(b"mfhd", &[&[0; 4][..], &number.to_be_bytes()].concat());
    let mut out = boxed(b"moof", &[mfhd, boxed(b"traf", &traf)].concat());
    let media = vec![0x5a; usize::try_from(pictures).expect("few") * size as usize];
    out.extend_from_slice(&boxed(b"mdat", &media));
    out
}

fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let size = u32::try_from(body.len() + 8).expect("small");
    [&size.to_be_bytes()[..], kind, body].concat()
}

/// Media of about `seconds` at `bits` a second, in fragments of `length` pictures.
pub(crate) fn media(seconds: u64, bits: u64, length: u64) -> Vec<u8> {
    let size = picture(bits);
    (0..seconds * RATE)
        .step_by(usize::try_from(length).expect("few"))
        .flat_map(|first| fragment(first, length, size))
        .collect()
}

/// Bytes of a picture at `bits` a second.
pub(crate) fn picture(bits: u64) -> u32 {
    u32::try_from(bits / 8 / RATE).expect("a picture")
}
