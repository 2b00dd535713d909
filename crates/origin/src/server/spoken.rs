//! Which HTTP a connection speaks, found out before any buffer is made for it.

use std::io::{self, Cursor};

use rustls::ServerConnection;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

/// What an HTTP/2 client sends first (RFC 9113 §3.4). `PRI` is no method of HTTP/1.1.
const PREFACE: &[u8] = b"PRI";

/// Which HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spoken {
    Http1,
    Http2,
}

/// What the first bytes of a client tell.
#[derive(Debug)]
pub(super) enum Heard {
    /// They are still in the socket.
    Enough(Spoken),
    /// They came one at a time, and had to be taken out to wait for more. No client does that, but
    /// any network may.
    InPieces(Spoken, Cursor<Vec<u8>>),
}

/// Listens to a client in clear text.
///
/// hyper-util's `auto` reads the first bytes and puts them back in front of the socket: hyper's
/// read buffer is then twice as large for the whole life of the connection.
///
/// # Errors
///
/// The socket's.
pub(super) async fn hear(socket: &mut TcpStream) -> io::Result<Heard> {
    let mut first = [0; PREFACE.len()];
    let seen = socket.peek(&mut first).await?;
    if let Some(spoken) = judge(&first[..seen]) {
        return Ok(Heard::Enough(spoken));
    }
    let mut taken = Vec::with_capacity(PREFACE.len());
    loop {
        let missing = PREFACE.len() - taken.len();
        if socket.take(missing as u64).read_buf(&mut taken).await? == 0 {
            // It said nothing, or not enough: whatever it was, it is HTTP/1.1's to refuse.
            return Ok(Heard::InPieces(Spoken::Http1, Cursor::new(taken)));
        }
        if let Some(spoken) = judge(&taken) {
            return Ok(Heard::InPieces(spoken, Cursor::new(taken)));
        }
    }
}

/// `None`: too little to tell.
fn judge(first: &[u8]) -> Option<Spoken> {
    if first.starts_with(PREFACE) {
        Some(Spoken::Http2)
    } else if !first.is_empty() && PREFACE.starts_with(first) {
        None
    } else {
        Some(Spoken::Http1)
    }
}

impl Spoken {
    /// What client and server agreed on (RFC 9113 §3.2).
    pub(super) fn agreed(tls: &ServerConnection) -> Self {
        match tls.alpn_protocol() {
            Some(b"h2") => Self::Http2,
            _ => Self::Http1,
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;

    use super::*;

    #[test]
    fn a_preface_is_told_from_a_request() {
        for (first, spoken) in [
            (&b"PRI"[..], Some(Spoken::Http2)),
            (b"GET", Some(Spoken::Http1)),
            (b"PUT", Some(Spoken::Http1)),
            (b"PR", None),
            (b"P", None),
            (b"G", Some(Spoken::Http1)),
            // The client has gone.
            (b"", Some(Spoken::Http1)),
        ] {
            assert_eq!(judge(first), spoken, "{first:?}");
        }
    }
    #[tokio::test]
    async fn what_comes_in_pieces_is_waited_for_and_kept() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        for (pieces, spoken, kept) in [
            (["PR", "I * HTTP/2.0"], Spoken::Http2, "PRI"),
            (["P", "OST / HTTP/1.1"], Spoken::Http1, "POS"),
        ] {
            let connecting = TcpStream::connect(listener.local_addr().unwrap());
            let (client, accepted) = tokio::join!(connecting, listener.accept());
            let (mut client, mut socket) = (client.unwrap(), accepted.unwrap().0);
            client.write_all(pieces[0].as_bytes()).await.unwrap();
            socket.readable().await.unwrap();
            // The first half has been looked at before the second one is sent.
            let (heard, sent) =
                tokio::join!(hear(&mut socket), client.write_all(pieces[1].as_bytes()));
            sent.unwrap();
            let Heard::InPieces(found, first) = heard.unwrap() else {
                panic!("it came in pieces");
            };
            assert_eq!(found, spoken);
            assert_eq!(first.into_inner(), kept.as_bytes());
        }
    }
}
