//! One RTMP connection without its socket: bytes in, messages and bytes out.

use bytes::{Bytes, BytesMut};
use rtmp_rs::amf::AmfValue;
use rtmp_rs::media::fourcc::{AudioFourCc, VideoFourCc};
use rtmp_rs::protocol::chunk::{ChunkDecoder, ChunkEncoder, RtmpChunk};
use rtmp_rs::protocol::constants::{
    CMD_CONNECT, CMD_CREATE_STREAM, CMD_DELETE_STREAM, CMD_FC_PUBLISH, CMD_FC_UNPUBLISH,
    CMD_PUBLISH, CMD_RELEASE_STREAM, CSID_COMMAND, CSID_PROTOCOL_CONTROL, DEFAULT_WINDOW_ACK_SIZE,
    MSG_AUDIO, MSG_COMMAND_AMF0, MSG_COMMAND_AMF3, MSG_DATA_AMF0, MSG_DATA_AMF3, MSG_VIDEO,
    NS_PUBLISH_BAD_NAME, NS_PUBLISH_START,
};
use rtmp_rs::protocol::enhanced::{CapsEx, EnhancedCapabilities, FourCcCapability};
use rtmp_rs::protocol::handshake::{Handshake, HandshakeRole};
use rtmp_rs::protocol::message::{
    Command, ConnectResponseBuilder, DataMessage, RtmpMessage, UserControlEvent,
};

use crate::rtmp::amf;
use crate::rtmp::error::RtmpError;
use crate::rtmp::gate::{Gate, LARGEST_COMMAND, LARGEST_FRAME};

/// The one message stream that there is.
const STREAM: u32 = 1;

/// Size of our chunks: one for every answer.
const CHUNK: u32 = 4096;

/// What a connection's bytes said.
#[derive(Debug)]
pub(super) enum Event {
    /// The encoder wants to publish: [`Session::accept`] or [`Session::reject`] is the answer.
    Publish {
        /// `rtmp://HOST/APP/KEY`: each as it was sent, with what follows a question mark.
        app: String,
        key: String,
    },
    /// Media, or words about it.
    Message(Message),
    /// The encoder has ended its stream.
    Unpublish,
}

/// A message of the stream.
#[derive(Debug)]
pub(super) enum Message {
    /// A video tag, and its time in milliseconds.
    Video { time: u32, tag: Bytes },
    /// An audio tag, and its time in milliseconds.
    Audio { time: u32, tag: Bytes },
    /// `onMetaData`.
    Metadata(AmfValue),
}

/// The state of a connection.
///
/// Holds at most the messages that the gate lets in and one read of the socket.
pub(super) struct Session {
    handshake: Handshake,
    decoder: ChunkDecoder,
    encoder: ChunkEncoder,
    gate: Gate,
    input: BytesMut,
    output: BytesMut,
    app: String,
    stage: Stage,
    received: u64,
    acknowledged: u64,
    window: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Idle,
    Asked,
    Publishing,
}

impl Session {
    pub(super) fn new() -> Self {
        let mut handshake = Handshake::new(HandshakeRole::Server);
        // A server has nothing to say first; this makes it listen.
        handshake.generate_initial();
        Self {
            handshake,
            decoder: ChunkDecoder::new(),
            encoder: ChunkEncoder::new(),
            gate: Gate::default(),
            input: BytesMut::new(),
            output: BytesMut::new(),
            app: String::new(),
            stage: Stage::Idle,
            received: 0,
            acknowledged: 0,
            window: DEFAULT_WINDOW_ACK_SIZE.into(),
        }
    }

    /// What the connection holds of messages that are not whole, in bytes.
    pub(super) fn held_bytes(&self) -> u64 {
        self.gate.announced_bytes() + self.input.len() as u64
    }

    /// What is to be sent.
    pub(super) fn take_output(&mut self) -> BytesMut {
        self.output.split()
    }

    /// Takes bytes as they arrive.
    ///
    /// # Errors
    ///
    /// [`RtmpError`], after which the connection cannot go on; events before it are in `events`.
    pub(super) fn receive(
        &mut self,
        bytes: &[u8],
        events: &mut Vec<Event>,
    ) -> Result<(), RtmpError> {
        self.input.extend_from_slice(bytes);
        self.received += bytes.len() as u64;
        if !self.shake_hands()? {
            return Ok(());
        }
        loop {
            let limit = match self.stage {
                Stage::Publishing => LARGEST_FRAME,
                Stage::Idle | Stage::Asked => LARGEST_COMMAND,
            };
            self.gate.check(&self.input, limit)?;
            let before = self.input.len();
            if let Some(chunk) = self.decoder.decode(&mut self.input)? {
                self.message(&chunk, events)?;
                // Whether media may come is for the caller to say, before more is read.
                if self.stage == Stage::Asked {
                    break;
                }
            } else if self.input.len() == before {
                break;
            }
        }
        if self.received - self.acknowledged >= self.window {
            self.acknowledged = self.received;
            // The protocol has 32 bits, and lets the number start over.
            let sequence = (self.received & u64::from(u32::MAX)) as u32;
            self.send(
                0,
                CSID_PROTOCOL_CONTROL,
                &RtmpMessage::Acknowledgement { sequence },
            );
        }
        Ok(())
    }

    /// Whether the handshake is done.
    fn shake_hands(&mut self) -> Result<bool, RtmpError> {
        while !self.handshake.is_done() {
            let needed = self.handshake.bytes_needed();
            if self.input.len() < needed {
                return Ok(false);
            }
            let mut packet = self.input.split_to(needed).freeze();
            if let Some(answer) = self.handshake.process(&mut packet)? {
                self.output.extend_from_slice(&answer);
            }
        }
        Ok(true)
    }

    fn message(&mut self, chunk: &RtmpChunk, events: &mut Vec<Event>) -> Result<(), RtmpError> {
        let is_media = matches!(chunk.message_type, MSG_AUDIO | MSG_VIDEO);
        if is_media {
            if self.stage != Stage::Publishing {
                return Err(RtmpError::NotPublishing);
            }
        } else if chunk.payload.len() as u64 > u64::from(LARGEST_COMMAND) {
            let bytes = u32::try_from(chunk.payload.len()).unwrap_or(u32::MAX);
            let limit = LARGEST_COMMAND;
            return Err(RtmpError::MessageTooLarge { bytes, limit });
        }
        match chunk.message_type {
            MSG_COMMAND_AMF0 | MSG_DATA_AMF0 => amf::check(&chunk.payload)?,
            MSG_COMMAND_AMF3 | MSG_DATA_AMF3 => {
                // AMF0 behind a zero byte, or AMF3 proper, which nobody sends.
                let body = chunk.payload.strip_prefix(&[0]).ok_or(RtmpError::Amf)?;
                amf::check(body)?;
            }
            _ => {}
        }
        match RtmpMessage::from_chunk(chunk)? {
            RtmpMessage::SetChunkSize(bytes) => {
                if bytes == 0 || bytes > LARGEST_FRAME {
                    return Err(RtmpError::ChunkSize(bytes));
                }
                self.decoder.set_chunk_size(bytes);
            }
            RtmpMessage::Abort { csid } => self.decoder.abort(csid),
            RtmpMessage::WindowAckSize(bytes) => self.window = u64::from(bytes.max(1)),
            RtmpMessage::UserControl(UserControlEvent::PingRequest(time)) => {
                let pong = RtmpMessage::UserControl(UserControlEvent::PingResponse(time));
                self.send(0, CSID_PROTOCOL_CONTROL, &pong);
            }
            RtmpMessage::Audio { timestamp, data } => {
                let (time, tag) = (timestamp, data);
                events.push(Event::Message(Message::Audio { time, tag }));
            }
            RtmpMessage::Video { timestamp, data } => {
                let (time, tag) = (timestamp, data);
                events.push(Event::Message(Message::Video { time, tag }));
            }
            RtmpMessage::Data(data) | RtmpMessage::DataAmf3(data) => {
                events.extend(metadata(data).map(|words| Event::Message(Message::Metadata(words))));
            }
            RtmpMessage::Command(command) | RtmpMessage::CommandAmf3(command) => {
                self.command(&command, events);
            }
            _ => {}
        }
        Ok(())
    }

    fn command(&mut self, command: &Command, events: &mut Vec<Event>) {
        let number = command.transaction_id;
        match command.name.as_str() {
            CMD_CONNECT => {
                let app = command.command_object.get_string("app").unwrap_or_default();
                self.app = app.trim_matches('/').to_owned();
                self.send(
                    0,
                    CSID_PROTOCOL_CONTROL,
                    &RtmpMessage::WindowAckSize(DEFAULT_WINDOW_ACK_SIZE),
                );
                let bandwidth = RtmpMessage::SetPeerBandwidth {
                    size: DEFAULT_WINDOW_ACK_SIZE,
                    limit_type: rtmp_rs::protocol::constants::BANDWIDTH_LIMIT_DYNAMIC,
                };
                self.send(0, CSID_PROTOCOL_CONTROL, &bandwidth);
                self.send(0, CSID_PROTOCOL_CONTROL, &RtmpMessage::SetChunkSize(CHUNK));
                self.encoder.set_chunk_size(CHUNK);
                let mut response = ConnectResponseBuilder::new();
                if speaks_enhanced(&command.command_object) {
                    response = response.enhanced_capabilities(&taken());
                }
                self.answer(0, response.build(number));
            }
            CMD_CREATE_STREAM => {
                let stream = AmfValue::Number(STREAM.into());
                self.answer(0, Command::result(number, AmfValue::Null, stream));
            }
            CMD_RELEASE_STREAM | CMD_FC_PUBLISH => {
                self.answer(
                    0,
                    Command::result(number, AmfValue::Null, AmfValue::Undefined),
                );
            }
            CMD_PUBLISH if self.stage == Stage::Idle => {
                let key = command.arguments.first().and_then(AmfValue::as_str);
                let key = key.unwrap_or_default();
                self.stage = Stage::Asked;
                events.push(Event::Publish {
                    app: self.app.clone(),
                    key: key.to_owned(),
                });
            }
            CMD_FC_UNPUBLISH | CMD_DELETE_STREAM | "closeStream"
                if self.stage == Stage::Publishing =>
            {
                self.stage = Stage::Idle;
                events.push(Event::Unpublish);
            }
            _ => {}
        }
    }

    /// The encoder may publish. What it sent meanwhile is read with the next [`Session::receive`].
    pub(super) fn accept(&mut self) {
        self.stage = Stage::Publishing;
        let begin = RtmpMessage::UserControl(UserControlEvent::StreamBegin(STREAM));
        self.send(0, CSID_PROTOCOL_CONTROL, &begin);
        let status = Command::on_status(STREAM, "status", NS_PUBLISH_START, "publishing");
        self.answer(STREAM, status);
    }

    /// The encoder may not publish, for this reason.
    pub(super) fn reject(&mut self, reason: &str) {
        self.stage = Stage::Idle;
        let status = Command::on_status(STREAM, "error", NS_PUBLISH_BAD_NAME, reason);
        self.answer(STREAM, status);
    }

    fn answer(&mut self, stream: u32, command: Command) {
        self.send(stream, CSID_COMMAND, &RtmpMessage::Command(command));
    }

    fn send(&mut self, stream_id: u32, csid: u32, message: &RtmpMessage) {
        let (message_type, payload) = message.encode();
        let chunk = RtmpChunk {
            csid,
            timestamp: 0,
            message_type,
            stream_id,
            payload,
        };
        self.encoder.encode(&chunk, &mut self.output);
    }
}

/// Whether an encoder tells, or asks, what of enhanced RTMP is spoken.
fn speaks_enhanced(connect: &AmfValue) -> bool {
    const FIELDS: [&str; 4] = [
        "fourCcList",
        "videoFourCcInfoMap",
        "audioFourCcInfoMap",
        "capsEx",
    ];
    FIELDS.iter().any(|field| connect.get(field).is_some())
}

/// The codecs that are passed on, and what else of enhanced RTMP is read.
fn taken() -> EnhancedCapabilities {
    let forward = FourCcCapability::forward();
    EnhancedCapabilities {
        enabled: true,
        caps_ex: CapsEx::from_bits(CapsEx::MODEX),
        video_codecs: [(VideoFourCc::Avc, forward), (VideoFourCc::Hevc, forward)].into(),
        audio_codecs: [(AudioFourCc::Aac, forward)].into(),
        ..EnhancedCapabilities::default()
    }
}

/// What `onMetaData` says, whether it comes by itself or is to be kept (`@setDataFrame`).
fn metadata(data: DataMessage) -> Option<AmfValue> {
    let mut values = data.values.into_iter();
    match data.name.as_str() {
        "onMetaData" => values.next(),
        "@setDataFrame" => values
            .next()
            .filter(|name| name.as_str() == Some("onMetaData"))
            .and_then(|_| values.next()),
        _ => None,
    }
}
