//! What a stranger may send, in any pieces: nothing panics, and pieces change nothing.

use bytes::{Bytes, BytesMut};
use proptest::prelude::*;
use rtmp_rs::amf::AmfValue;
use rtmp_rs::protocol::chunk::{ChunkEncoder, RtmpChunk};
use rtmp_rs::protocol::message::{Command, RtmpMessage};

use super::fuzzing::read_all;
use crate::media::MediaItem;

/// C0, C1 and C2: of all their bytes only the version matters.
fn handshake() -> Vec<u8> {
    let mut bytes = vec![0; 1 + 1536 + 1536];
    bytes[0] = 3;
    bytes
}

fn command(name: &str, object: AmfValue, arguments: Vec<AmfValue>) -> (u8, Bytes) {
    let command = Command {
        name: name.to_owned(),
        transaction_id: 1.0,
        command_object: object,
        arguments,
        stream_id: 0,
    };
    RtmpMessage::Command(command).encode()
}

/// What an encoder sends: words, configurations, and a second of pictures and sound.
fn session() -> Vec<u8> {
    let text = |text: &str| AmfValue::String(text.to_owned());
    let app = AmfValue::Object([("app".to_owned(), text("live"))].into());
    let mut messages: Vec<(u32, u32, (u8, Bytes))> = vec![
        (3, 0, command("connect", app, Vec::new())),
        (3, 0, command("createStream", AmfValue::Null, Vec::new())),
        (
            3,
            0,
            command("publish", AmfValue::Null, vec![text("cam"), text("live")]),
        ),
    ];
    let words = AmfValue::EcmaArray(
        [
            ("width".to_owned(), AmfValue::Number(160.0)),
            ("height".to_owned(), AmfValue::Number(90.0)),
            ("framerate".to_owned(), AmfValue::Number(30.0)),
            ("videocodecid".to_owned(), AmfValue::Number(7.0)),
            ("audiocodecid".to_owned(), AmfValue::Number(10.0)),
        ]
        .into(),
    );
    let metadata = rtmp_rs::protocol::message::DataMessage {
        name: "@setDataFrame".to_owned(),
        values: vec![text("onMetaData"), words],
        stream_id: 1,
    };
    messages.push((4, 0, RtmpMessage::Data(metadata).encode()));
    let record = b"\x17\0\0\0\0\x01\x64\0\x1f\xff\xe1\0\x04\x67\x64\0\x1f\x01\0\x01\x68";
    messages.push((6, 0, (9, Bytes::from_static(record))));
    messages.push((4, 0, (8, Bytes::from_static(b"\xaf\0\x11\x90"))));
    for picture in 0..30_u32 {
        let time = picture * 1000 / 30;
        let kind = if picture == 0 { 0x17 } else { 0x27 };
        let mut tag = vec![kind, 1, 0, 0, 40];
        tag.extend(std::iter::repeat_n(picture as u8, 300));
        messages.push((6, time, (9, tag.into())));
        // Frames of one size, a steady step apart: the shortest chunk headers.
        let sound = [&b"\xaf\x01"[..], &[picture as u8; 40]].concat();
        messages.push((4, picture * 33, (8, sound.into())));
    }
    let end = command("deleteStream", AmfValue::Null, vec![AmfValue::Number(1.0)]);
    messages.push((3, 1000, end));

    let mut encoder = ChunkEncoder::new();
    let mut out = BytesMut::from(&handshake()[..]);
    for (csid, timestamp, (message_type, payload)) in messages {
        let stream_id = u32::from(csid != 3);
        let chunk = RtmpChunk {
            csid,
            timestamp,
            message_type,
            stream_id,
            payload,
        };
        encoder.encode(&chunk, &mut out);
    }
    out.to_vec()
}

/// Decode times and bytes, in order.
fn seen(items: &[MediaItem]) -> Vec<(u32, u64, Bytes)> {
    items
        .iter()
        .map(|item| match item {
            MediaItem::Fragment(fragment) => (
                fragment.track().value(),
                fragment.decode_time().ticks,
                fragment.sample_bytes(0),
            ),
            MediaItem::Init(init) => (0, 0, init.bytes().clone()),
            MediaItem::LastSegment => (0, 1, Bytes::new()),
        })
        .collect()
}

#[test]
fn a_session_gives_every_frame_once_and_in_its_place() {
    let items = read_all(std::iter::once(session().as_slice()));
    let seen = seen(&items);
    let times = |track: u32| -> Vec<u64> {
        let own = seen.iter().filter(|(number, _, _)| *number == track);
        own.map(|(_, time, _)| *time).collect()
    };
    assert_eq!(
        seen.iter().filter(|(track, _, _)| *track == 0).count(),
        1,
        "one header"
    );
    let pictures: Vec<u64> = (0..30).map(|picture| picture * 3000).collect();
    assert_eq!(
        times(1),
        pictures,
        "milliseconds became pictures of a thirtieth"
    );
    assert_eq!(times(2).len(), 30);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn pieces_change_nothing(size in 1_usize..700) {
        let session = session();
        let whole = read_all(std::iter::once(session.as_slice()));
        prop_assert_eq!(seen(&read_all(session.chunks(size))), seen(&whole));
    }

    #[test]
    fn damage_is_no_panic(damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20), size in 1_usize..700) {
        let mut session = session();
        let body = 3073;
        for (at, to) in damage {
            let at = body + at.index(session.len() - body);
            session[at] = to;
        }
        let whole = read_all(std::iter::once(session.as_slice()));
        prop_assert_eq!(seen(&read_all(session.chunks(size))), seen(&whole));
    }
}
