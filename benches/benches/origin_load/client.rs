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
        let (status, mut missing) =
            read_head(&self.buffer[..head]).ok_or_else(|| io::Error::other("a strange head"))?;
        take(&self.buffer[head..have]);
        missing -= have - head;
        while missing > 0 {
            let read = self.socket.read(&mut self.buffer).await?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            take(&self.buffer[..read]);
            missing -= read;
        }
        Ok(status)
    }
}

/// Status and length. An answer without a length is none of the origin's.
fn read_head(head: &[u8]) -> Option<(u16, usize)> {
    let head = std::str::from_utf8(head).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let length = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let is_length = name.eq_ignore_ascii_case("content-length");
        is_length.then(|| value.trim().parse().ok())?
    });
    Some((status, length?))
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
