//! An encoder that speaks enhanced RTMP: pictures and sound of a real one, in tags of this test's own.

use std::net::SocketAddr;

use bytes::{BufMut as _, Bytes, BytesMut};
use origin::media::{Fragment, MediaItem, MediaLimits, MediaReader, SyncPoint};
use rtmp_rs::amf::AmfValue;
use rtmp_rs::protocol::chunk::{ChunkDecoder, ChunkEncoder, RtmpChunk};
use rtmp_rs::protocol::message::{Command, DataMessage, RtmpMessage};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{Encoded, Packet, probe, run};

/// How a tag says what codec its picture is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// By four letters.
    Enhanced,
    /// By a number that was never registered.
    Number,
}

/// Whether an encoder sends `onMetaData`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Words {
    Said,
    None,
}

/// A message of a stream: type, time in milliseconds, body.
pub(super) struct Tag {
    kind: u8,
    pub(super) time: u32,
    body: Bytes,
}

impl Tag {
    pub(super) fn is_video(&self) -> bool {
        self.kind == VIDEO
    }

    pub(super) fn is_key(&self) -> bool {
        self.body[0] & 0x70 == 0x10
    }
}

const AUDIO: u8 = 8;
const VIDEO: u8 = 9;

/// What an encoder has to send.
pub(super) struct Media {
    /// Body of `hvcC`, and of the decoder's configuration of AAC.
    video_config: Bytes,
    audio_config: Bytes,
    fragments: Vec<Fragment>,
    /// When the packets are decoded and shown: what a file says of that is in more than one place.
    pub(super) pictures: Vec<Packet>,
    pub(super) sounds: Vec<Packet>,
}

/// Reads the packets of what was encoded.
pub(super) async fn media(encoded: &Encoded) -> Media {
    let path = encoded.folder.file("packets.mp4");
    run(format!(
        "{} -f mp4 -movflags +empty_moov+default_base_moof+frag_every_frame+delay_moov {}",
        encoded.copy(),
        path.display()
    ))
    .await;
    let bytes = std::fs::read(&path).unwrap();
    let body = |name: &[u8; 4]| {
        let at = bytes.windows(4).position(|kind| kind == name).unwrap();
        let size = u32::from_be_bytes(bytes[at - 4..at].try_into().unwrap()) as usize;
        Bytes::copy_from_slice(&bytes[at + 4..at - 4 + size])
    };
    // The configuration is the innermost of the descriptors: behind its tag, and a length in four bytes.
    let esds = body(b"esds");
    let tag = [0x05, 0x80, 0x80, 0x80];
    let at = esds.windows(4).position(|bytes| bytes == tag).unwrap();
    let audio_config = esds.slice(at + 5..at + 5 + usize::from(esds[at + 4]));
    let mut items = Vec::new();
    MediaReader::new(MediaLimits::default())
        .read(&bytes, &mut items)
        .unwrap();
    let fragments = items.into_iter().filter_map(|item| match item {
        MediaItem::Fragment(fragment) => Some(fragment),
        _ => None,
    });
    Media {
        video_config: body(b"hvcC"),
        audio_config,
        fragments: fragments.collect(),
        pictures: probe(&encoded.sent, "v:0"),
        sounds: probe(&encoded.sent, "a:0"),
    }
}

/// The media as messages, in order of their times.
pub(super) fn tags(media: &Media, form: Form) -> Vec<Tag> {
    let picture = |key: bool, packet: u8, offset: Option<i32>, data: &[u8]| {
        let mut body = BytesMut::new();
        let kind = if key { 1 } else { 2 };
        match (form, offset) {
            // Coded frames whose presentation time is their decode time have no field for the difference.
            (Form::Enhanced, Some(0)) => body.put_u8(0x80 | kind << 4 | 3),
            (Form::Enhanced, _) => body.put_u8(0x80 | kind << 4 | packet),
            (Form::Number, _) => {
                body.put_u8(kind << 4 | 12);
                body.put_u8(packet);
            }
        }
        if form == Form::Enhanced {
            body.extend_from_slice(b"hvc1");
        }
        match (form, offset) {
            (Form::Enhanced, None | Some(0)) => {}
            (_, offset) => body.extend_from_slice(&offset.unwrap_or(0).to_be_bytes()[1..]),
        }
        body.extend_from_slice(data);
        body.freeze()
    };
    let mut tags = vec![
        Tag {
            kind: VIDEO,
            time: 0,
            body: picture(true, 0, None, &media.video_config),
        },
        Tag {
            kind: AUDIO,
            time: 0,
            body: [&[0xaf, 0], &media.audio_config[..]].concat().into(),
        },
    ];
    // FLV has no negative times: all tracks start together at zero or later.
    let packets = media.pictures.iter().chain(&media.sounds);
    let least = packets.map(|it| it.decoded).fold(f64::MAX, f64::min);
    let milliseconds = |seconds: f64| (seconds * 1000.0).round() as i32;
    let (mut pictures, mut sounds) = (media.pictures.iter(), media.sounds.iter());
    for fragment in &media.fragments {
        for (index, sample) in fragment.samples().iter().enumerate() {
            let data = fragment.sample_bytes(index);
            let is_video = fragment.track().value() == 1;
            let times = if is_video { &mut pictures } else { &mut sounds };
            let packet = times.next().unwrap();
            let time = u32::try_from(milliseconds(packet.decoded - least)).unwrap();
            let (kind, body) = if is_video {
                let offset = milliseconds(packet.shown - packet.decoded);
                let is_key = sample.sync == SyncPoint::Sync;
                (VIDEO, picture(is_key, 1, Some(offset), &data))
            } else {
                (AUDIO, [&[0xaf, 1], &data[..]].concat().into())
            };
            tags.push(Tag { kind, time, body });
        }
    }
    tags.sort_by_key(|tag| tag.time);
    tags
}

/// A connection that publishes.
pub(super) struct Push {
    socket: TcpStream,
    encoder: ChunkEncoder,
    decoder: ChunkDecoder,
    input: BytesMut,
}

impl Push {
    /// Connects and publishes `rtmp://ADDRESS/APP/KEY`; the code of the refusal where the server refuses.
    pub(super) async fn start(address: SocketAddr, app: &str, key: &str) -> Result<Self, String> {
        let mut socket = TcpStream::connect(address).await.unwrap();
        let mut greeting = vec![0; 1 + 1536];
        greeting[0] = 3;
        socket.write_all(&greeting).await.unwrap();
        let mut answer = vec![0; 1 + 1536 + 1536];
        socket.read_exact(&mut answer).await.unwrap();
        socket.write_all(&answer[1..1 + 1536]).await.unwrap();
        let mut push = Self {
            socket,
            encoder: ChunkEncoder::new(),
            decoder: ChunkDecoder::new(),
            input: BytesMut::new(),
        };
        let text = |text: &str| AmfValue::String(text.to_owned());
        let codecs = AmfValue::Array(vec![text("hvc1"), text("mp4a")]);
        let app = [
            ("app".to_owned(), text(app)),
            ("fourCcList".to_owned(), codecs),
        ];
        let app = AmfValue::Object(app.into());
        let (publish, live) = (text(key), text("live"));
        push.command("connect", app, Vec::new()).await;
        let welcome = push.answer().await.command_object;
        let taken = welcome.get("videoFourCcInfoMap").unwrap();
        assert!(taken.get("hvc1").is_some(), "{welcome:?}");
        push.command("createStream", AmfValue::Null, Vec::new())
            .await;
        push.command("publish", AmfValue::Null, vec![publish, live])
            .await;
        match push.status().await.as_str() {
            "NetStream.Publish.Start" => Ok(push),
            code => Err(code.to_owned()),
        }
    }

    pub(super) async fn words(&mut self, words: &[(&str, f64)]) {
        let words = words
            .iter()
            .map(|(key, number)| ((*key).to_owned(), AmfValue::Number(*number)));
        let message = RtmpMessage::Data(DataMessage {
            name: "@setDataFrame".to_owned(),
            values: vec![
                AmfValue::String("onMetaData".to_owned()),
                AmfValue::EcmaArray(words.collect()),
            ],
            stream_id: 1,
        });
        let (kind, body) = message.encode();
        self.message(
            4,
            1,
            Tag {
                kind,
                time: 0,
                body,
            },
        )
        .await;
    }

    pub(super) async fn send(&mut self, tag: Tag) {
        let stream = if tag.kind == VIDEO { 6 } else { 4 };
        self.message(stream, 1, tag).await;
    }

    /// Says goodbye, and waits until the server has heard it.
    pub(super) async fn end(mut self) {
        self.command("deleteStream", AmfValue::Null, vec![AmfValue::Number(1.0)])
            .await;
        self.socket.shutdown().await.unwrap();
        let mut rest = Vec::new();
        self.socket.read_to_end(&mut rest).await.unwrap();
    }

    async fn command(&mut self, name: &str, object: AmfValue, arguments: Vec<AmfValue>) {
        let command = RtmpMessage::Command(Command {
            name: name.to_owned(),
            transaction_id: 1.0,
            command_object: object,
            arguments,
            stream_id: 0,
        });
        let (kind, body) = command.encode();
        self.message(
            3,
            0,
            Tag {
                kind,
                time: 0,
                body,
            },
        )
        .await;
    }

    async fn message(&mut self, csid: u32, stream_id: u32, tag: Tag) {
        let chunk = RtmpChunk {
            csid,
            timestamp: tag.time,
            message_type: tag.kind,
            stream_id,
            payload: tag.body,
        };
        let mut bytes = BytesMut::new();
        self.encoder.encode(&chunk, &mut bytes);
        self.socket.write_all(&bytes).await.unwrap();
    }

    /// The code of the next status.
    async fn status(&mut self) -> String {
        loop {
            let command = self.answer().await;
            if command.name == "onStatus" {
                return command.arguments[0].get_string("code").unwrap().to_owned();
            }
        }
    }

    /// The next command of the server.
    async fn answer(&mut self) -> Command {
        loop {
            while let Some(chunk) = self.decoder.decode(&mut self.input).unwrap() {
                match RtmpMessage::from_chunk(&chunk).unwrap() {
                    RtmpMessage::SetChunkSize(size) => self.decoder.set_chunk_size(size),
                    RtmpMessage::Command(command) => return command,
                    _ => {}
                }
            }
            let read = self.socket.read_buf(&mut self.input).await.unwrap();
            assert!(read > 0, "the connection ended without an answer");
        }
    }
}
