//! One connection of a client.
//!
//! On HTTP/1.1 it is written by hand and does as little as it can: what a client spends is taken
//! from the server that shares the machine with it.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Empty};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// How a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    H1,
    H2c,
    H2Tls,
}

impl Protocol {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::H1 => "h1",
            Self::H2c => "h2c",
            Self::H2Tls => "h2 + TLS",
        }
    }
}

pub(crate) enum Connection {
    H1(Plain),
    H2(http2::SendRequest<Empty<Bytes>>),
}

/// What is known of an answer that was read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Bytes of its body.
    pub(crate) len: usize,
    /// The first of them, in network order; zero where there are fewer than eight.
    pub(crate) first: u64,
}

/// Which content codings a request accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Identity,
    Gzip,
}

impl Coding {
    const fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
        }
    }
}

impl Connection {
    pub(crate) async fn open(protocol: Protocol, address: SocketAddr) -> io::Result<Self> {
        let socket = TcpStream::connect(address).await?;
        socket.set_nodelay(true)?;
        match protocol {
            Protocol::H1 => Ok(Self::H1(Plain::new(socket))),
            Protocol::H2c => Self::h2(TokioIo::new(socket)).await,
            Protocol::H2Tls => {
                let name = ServerName::try_from("localhost").expect("a plain name");
                let stream = TlsConnector::from(trusting()).connect(name, socket).await?;
                Self::h2(TokioIo::new(stream)).await
            }
        }
    }

    async fn h2<I>(io: I) -> io::Result<Self>
    where
        I: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
    {
        let (sender, connection) = http2::handshake(TokioExecutor::new(), io)
            .await
            .map_err(io::Error::other)?;
        tokio::spawn(connection);
        Ok(Self::H2(sender))
    }

    /// Asks and reads the answer to its end.
    pub(crate) async fn get(&mut self, path: &str, coding: Coding) -> io::Result<Answer> {
        let mut first = [0; 8];
        let (mut have, mut len) = (0, 0);
        let status = self
            .fetch(path, coding, |piece| {
                let taken = piece.len().min(first.len() - have);
                first[have..have + taken].copy_from_slice(&piece[..taken]);
                have += taken;
                len += piece.len();
            })
            .await?;
        let first = if have == first.len() {
            u64::from_be_bytes(first)
        } else {
            0
        };
        Ok(Answer { status, len, first })
    }

    /// A body as text, without a content coding.
    pub(crate) async fn text(&mut self, path: &str) -> io::Result<String> {
        let mut text = Vec::new();
        self.fetch(path, Coding::Identity, |piece| {
            text.extend_from_slice(piece);
        })
        .await?;
        String::from_utf8(text).map_err(io::Error::other)
    }

    /// Asks, hands the pieces of the body on, and returns the status.
    async fn fetch(
        &mut self,
        path: &str,
        coding: Coding,
        mut take: impl FnMut(&[u8]),
    ) -> io::Result<u16> {
        match self {
            Self::H1(plain) => plain.fetch(path, coding, take).await,
            Self::H2(sender) => {
                let request = Request::builder()
                    .uri(format!("https://localhost{path}"))
                    .header("accept-encoding", coding.name())
                    .body(Empty::new())
                    .expect("a plain request");
                sender.ready().await.map_err(io::Error::other)?;
                let answer = sender.send_request(request).await;
                let answer = answer.map_err(io::Error::other)?;
                let status = answer.status().as_u16();
                let mut body = answer.into_body();
                while let Some(frame) = body.frame().await {
                    let frame = frame.map_err(io::Error::other)?;
                    take(frame.data_ref().map_or(&[], |data| data));
                }
                Ok(status)
            }
        }
    }
}

/// A connection of HTTP/1.1.
pub(crate) struct Plain {
    socket: TcpStream,
    request: Vec<u8>,
    buffer: Vec<u8>,
}

/// Room for the head of an answer and a part of the live stream, so that it takes one read.
const BUFFER: usize = 32 * 1024;

impl Plain {
    fn new(socket: TcpStream) -> Self {
        Self {
            socket,
            request: Vec::new(),
            buffer: vec![0; BUFFER],
        }
    }

    async fn fetch(
        &mut self,
        path: &str,
        coding: Coding,
        mut take: impl FnMut(&[u8]),
    ) -> io::Result<u16> {
        self.request.clear();
        for piece in [
            "GET ",
            path,
            " HTTP/1.1\r\nhost: localhost\r\naccept-encoding: ",
            coding.name(),
            "\r\n\r\n",
        ] {
            self.request.extend_from_slice(piece.as_bytes());
        }
        self.socket.write_all(&self.request).await?;
        let mut have = 0;
        let head = loop {
            let read = self.socket.read(&mut self.buffer[have..]).await?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            // The end may lie across two reads.
            let from = have.saturating_sub(3);
            have += read;
            let end = self.buffer[from..have]
                .windows(4)
                .position(|four| four == b"\r\n\r\n");
            if let Some(end) = end {
                break from + end + 4;
            }
        };
        let (status, mut rest) =
            read_head(&self.buffer[..head]).ok_or_else(|| io::Error::other("a strange head"))?;
        let mut from = head;
        loop {
            let is_whole = rest.read(&self.buffer[from..have], &mut take);
            if is_whole.ok_or_else(|| io::Error::other("a strange body"))? {
                return Ok(status);
            }
            (from, have) = (0, self.socket.read(&mut self.buffer).await?);
            if have == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}

/// What is still to come of a body.
enum Rest {
    /// That many bytes, where the length was told, as the origin does.
    Bytes(usize),
    /// Chunks. A cache sends a body so whose length it does not know yet: one that still comes
    /// from the origin, compressed, while it goes out plain to whoever wants it plain.
    Chunks(Chunk),
}

/// Where in a chunk the body is.
enum Chunk {
    /// In the line with its size, which is so much so far.
    Size(usize),
    /// In its bytes and the line end behind them.
    Bytes(usize),
    /// In the line end of the body.
    End,
}

impl Rest {
    /// Hands on what `piece` has of the body. Whether that was the end of it; none where it is no
    /// body.
    fn read(&mut self, mut piece: &[u8], mut take: impl FnMut(&[u8])) -> Option<bool> {
        match self {
            Self::Bytes(missing) => {
                take(piece);
                *missing = missing.checked_sub(piece.len())?;
                Some(*missing == 0)
            }
            Self::Chunks(chunk) => {
                while let Some((&byte, behind)) = piece.split_first() {
                    match chunk {
                        Chunk::Size(size) => {
                            piece = behind;
                            match (byte, (byte as char).to_digit(16)) {
                                (_, Some(digit)) => *size = (*size << 4) | digit as usize,
                                (b'\r', _) => {}
                                (b'\n', _) if *size == 0 => *chunk = Chunk::End,
                                (b'\n', _) => *chunk = Chunk::Bytes(*size + LINE_END),
                                _ => return None,
                            }
                        }
                        Chunk::Bytes(missing) => {
                            let (mine, behind) = piece.split_at(piece.len().min(*missing));
                            let of_body = missing.saturating_sub(LINE_END).min(mine.len());
                            take(&mine[..of_body]);
                            piece = behind;
                            *missing -= mine.len();
                            if *missing == 0 {
                                *chunk = Chunk::Size(0);
                            }
                        }
                        // Nobody here sends trailers.
                        Chunk::End => {
                            piece = behind;
                            if byte == b'\n' {
                                return piece.is_empty().then_some(true);
                            }
                        }
                    }
                }
                Some(false)
            }
        }
    }
}

/// `\r\n`
const LINE_END: usize = 2;

/// Status, and how the body is delimited. One that ends with its connection is nobody's here.
fn read_head(head: &[u8]) -> Option<(u16, Rest)> {
    let head = std::str::from_utf8(head).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let rest = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        if name.eq_ignore_ascii_case("content-length") {
            value.trim().parse().ok().map(Rest::Bytes)
        } else {
            let is_chunked = name.eq_ignore_ascii_case("transfer-encoding");
            is_chunked.then_some(Rest::Chunks(Chunk::Size(0)))
        }
    });
    Some((status, rest?))
}

/// A configuration that takes any certificate: it is a benchmark's own, and checking signatures
/// over a chain is not what is measured.
fn trusting() -> Arc<ClientConfig> {
    static CONFIG: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    let make = || {
        let provider = Arc::new(ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .expect("the defaults of rustls")
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anybody(provider)))
            .with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec()];
        Arc::new(config)
    };
    Arc::clone(CONFIG.get_or_init(make))
}

#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("the server speaks TLS 1.3".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
