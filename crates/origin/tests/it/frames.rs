//! A client of HTTP/2 that sees and sends frames: no library in between reads ahead, sorts or refuses.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;

pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;

/// The widest window that there is.
pub(crate) const WIDEST: u32 = 0x7fff_ffff;

/// A connection.
pub(crate) struct Frames<S> {
    pub(crate) stream: S,
    next_id: u32,
}

/// A frame, without its payload.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
    pub(crate) length: usize,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Frames<S> {
    /// Begins HTTP/2 with `window` for each stream, and the widest for the connection.
    pub(crate) async fn begin(stream: S, window: u32) -> Self {
        let mut frames = Self { stream, next_id: 1 };
        let mut hello = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
        let initial_window_size = [&[0, 4], &window.to_be_bytes()[..]].concat();
        hello.extend(frame(SETTINGS, 0, 0, &initial_window_size));
        let more = WIDEST - 0xffff;
        hello.extend(frame(WINDOW_UPDATE, 0, 0, &more.to_be_bytes()));
        frames.stream.write_all(&hello).await.unwrap();
        frames
    }

    /// Asks for `path`, and says under which number.
    pub(crate) async fn ask(&mut self, path: &str) -> u32 {
        let id = self.next_id;
        self.next_id += 2;
        let head = frame(HEADERS, END_STREAM | END_HEADERS, id, &get(path));
        self.stream.write_all(&head).await.unwrap();
        id
    }

    pub(crate) async fn next(&mut self) -> io::Result<Frame> {
        let mut head = [0; 9];
        self.stream.read_exact(&mut head).await?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let mut payload = vec![0; length];
        self.stream.read_exact(&mut payload).await?;
        Ok(Frame {
            kind: head[3],
            flags: head[4],
            stream: u32::from_be_bytes([head[5], head[6], head[7], head[8]]),
            length,
        })
    }
}

/// A frame as bytes.
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut bytes = length[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// The header block of a GET.
pub(crate) fn get(path: &str) -> Vec<u8> {
    let mut block = vec![0x82, 0x87, 0x04, u8::try_from(path.len()).unwrap()];
    block.extend(path.as_bytes());
    block.extend(b"\x01\x01a");
    block
}
