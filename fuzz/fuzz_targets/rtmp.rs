//! What a stranger sends to the RTMP port, behind the handshake, in pieces of any size.
//!
//! * No input makes the session, the AMF0 and tag readers, or the remuxer panic, or hold more than they may.
//! * However the bytes are cut into pieces, the same header and the same samples come out.
//!
//! The last byte of an input chooses the pieces; the rest is what an encoder sends after the handshake.
#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use origin::media::MediaItem;

/// C0, C1 and C2: of all their bytes only the version matters.
fn handshake() -> Vec<u8> {
    let mut bytes = vec![0; 1 + 1536 + 1536];
    bytes[0] = 3;
    bytes
}

fuzz_target!(|input: &[u8]| -> Corpus {
    let Some((&choice, stream)) = input.split_last() else {
        return Corpus::Reject;
    };
    let bytes = [handshake().as_slice(), stream].concat();
    let whole = origin::read_rtmp(std::iter::once(bytes.as_slice()));
    let size = usize::from(choice) % 61 + 1;
    let pieces = origin::read_rtmp(bytes.chunks(size));
    assert_eq!(whole.len(), pieces.len());
    for (one, other) in whole.iter().zip(&pieces) {
        match (one, other) {
            (MediaItem::Init(one), MediaItem::Init(other)) => assert_eq!(one, other),
            (MediaItem::Fragment(one), MediaItem::Fragment(other)) => {
                assert_eq!(one.decode_time(), other.decode_time());
                assert_eq!(one.samples(), other.samples());
                assert_eq!(one.bytes(), other.bytes());
            }
            _ => panic!("{one:?} became {other:?}"),
        }
    }
    Corpus::Keep
});
