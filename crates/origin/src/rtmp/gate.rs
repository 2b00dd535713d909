//! A look at chunk headers before they are decoded.
//!
//! The decoder of `rtmp-rs` keeps a buffer for each chunk stream, and sets aside what a header claims.
//! There are 65 599 chunk streams and a header may claim 16 MiB; an encoder uses a handful, and no frame is
//! that large. Here is where that is bounded.

use crate::rtmp::error::RtmpError;

/// The most chunk streams of a connection. Encoders use one for each of control, commands, sound and pictures.
const CHUNK_STREAMS: usize = 8;

/// Largest message before an encoder publishes, and largest that is no media after it.
pub(super) const LARGEST_COMMAND: u32 = 64 << 10;

/// Largest frame: a picture of ten seconds at 6 Mbit/s would fit.
pub(super) const LARGEST_FRAME: u32 = 8 << 20;

/// Which chunk streams there are, and the largest message that each has announced.
#[derive(Debug, Default)]
pub(super) struct Gate {
    streams: Vec<(u32, u32)>,
}

impl Gate {
    /// Checks the chunk header at the start of `bytes` as far as it is here. `limit` is the largest message.
    pub(super) fn check(&mut self, bytes: &[u8], limit: u32) -> Result<(), RtmpError> {
        let Some((format, stream, header)) = basic_header(bytes) else {
            return Ok(());
        };
        let known = self.streams.iter().position(|(known, _)| *known == stream);
        if known.is_none() && self.streams.len() == CHUNK_STREAMS {
            let limit = CHUNK_STREAMS;
            return Err(RtmpError::ChunkStreams { limit });
        }
        // Only the two long forms give a length, behind three bytes of time.
        let length = header.get(3..6).filter(|_| format < 2).map_or(0, |length| {
            u32::from_be_bytes([0, length[0], length[1], length[2]])
        });
        if length > limit {
            return Err(RtmpError::MessageTooLarge {
                bytes: length,
                limit,
            });
        }
        match known {
            Some(at) => self.streams[at].1 = self.streams[at].1.max(length),
            None => self.streams.push((stream, length)),
        }
        Ok(())
    }

    /// What the decoder behind may hold of messages that are not whole, in bytes.
    pub(super) fn announced_bytes(&self) -> u64 {
        self.streams.iter().map(|(_, most)| u64::from(*most)).sum()
    }
}

/// Format, chunk stream, and what follows the first one to three bytes.
fn basic_header(bytes: &[u8]) -> Option<(u8, u32, &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    let format = first >> 6;
    match first & 0x3f {
        0 => {
            let (&low, rest) = rest.split_first()?;
            Some((format, 64 + u32::from(low), rest))
        }
        1 => {
            let ([low, high], rest) = rest.split_first_chunk::<2>()?;
            Some((format, 64 + u32::from(*low) + 256 * u32::from(*high), rest))
        }
        stream => Some((format, u32::from(stream), rest)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_streams_are_bounded() {
        let mut gate = Gate::default();
        let claims = |length: u32| {
            let mut header = vec![0x04, 0, 0, 0];
            header.extend_from_slice(&length.to_be_bytes()[1..]);
            header
        };
        assert!(gate.check(&claims(100), 100).is_ok());
        assert!(matches!(
            gate.check(&claims(101), 100),
            Err(RtmpError::MessageTooLarge {
                bytes: 101,
                limit: 100
            })
        ));
        for stream in 5..4 + CHUNK_STREAMS as u8 {
            assert!(gate.check(&[0xc0 | stream], 100).is_ok());
        }
        assert!(gate.check(&[0x00, 0xff], 100).is_err(), "one too many");
        assert!(gate.check(&[0xc4], 100).is_ok(), "a known one");
        assert!(gate.check(&claims(20), 100).is_ok());
        assert_eq!(gate.announced_bytes(), 100);
    }
}
