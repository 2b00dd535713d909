//! One connection of a client.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
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
    H1(http1::SendRequest<Empty<Bytes>>),
    H2(http2::SendRequest<Empty<Bytes>>),
}

impl Connection {
    pub(crate) async fn open(protocol: Protocol, address: SocketAddr) -> std::io::Result<Self> {
        let socket = TcpStream::connect(address).await?;
        socket.set_nodelay(true)?;
        if protocol == Protocol::H2Tls {
            let name = ServerName::try_from("localhost").expect("a plain name");
            let stream = TlsConnector::from(trusting()).connect(name, socket).await?;
            return Self::h2(TokioIo::new(stream)).await;
        }
        if protocol == Protocol::H2c {
            return Self::h2(TokioIo::new(socket)).await;
        }
        let (sender, connection) = http1::handshake(TokioIo::new(socket))
            .await
            .map_err(std::io::Error::other)?;
        tokio::spawn(connection);
        Ok(Self::H1(sender))
    }

    async fn h2<I>(io: I) -> std::io::Result<Self>
    where
        I: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
    {
        let (sender, connection) = http2::handshake(TokioExecutor::new(), io)
            .await
            .map_err(std::io::Error::other)?;
        tokio::spawn(connection);
        Ok(Self::H2(sender))
    }

    /// The status, and the first piece of a body that was read to its end.
    pub(crate) async fn get(&mut self, path: &str) -> hyper::Result<(StatusCode, Bytes)> {
        let (status, mut body) = self.send(path, "gzip").await?;
        let first = match body.frame().await {
            Some(frame) => frame?.into_data().unwrap_or_default(),
            None => Bytes::new(),
        };
        while let Some(frame) = body.frame().await {
            frame?;
        }
        Ok((status, first))
    }

    /// The status, and how many bytes the body has, without a content coding.
    pub(crate) async fn count_plain(&mut self, path: &str) -> hyper::Result<(StatusCode, usize)> {
        let (status, mut body) = self.send(path, "identity").await?;
        let mut len = 0;
        while let Some(frame) = body.frame().await {
            len += frame?.data_ref().map_or(0, Bytes::len);
        }
        Ok((status, len))
    }

    /// A body as text, without a content coding.
    pub(crate) async fn text(&mut self, path: &str) -> Option<String> {
        let (_, body) = self.send(path, "identity").await.ok()?;
        let bytes = body.collect().await.ok()?.to_bytes();
        String::from_utf8(bytes.into()).ok()
    }

    async fn send(&mut self, path: &str, coding: &str) -> hyper::Result<(StatusCode, Incoming)> {
        let request = Request::builder().header("accept-encoding", coding);
        let answer = match self {
            Self::H1(sender) => {
                let request = request.uri(path).header("host", "localhost");
                let request = request.body(Empty::new()).expect("a plain request");
                sender.ready().await?;
                sender.send_request(request).await?
            }
            Self::H2(sender) => {
                let request = request.uri(format!("https://localhost{path}"));
                let request = request.body(Empty::new()).expect("a plain request");
                sender.ready().await?;
                sender.send_request(request).await?
            }
        };
        Ok((answer.status(), answer.into_body()))
    }
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
