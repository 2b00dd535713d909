//! A client that asks the same over HTTP/1.1, over cleartext HTTP/2 and over HTTP/2 with TLS.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, Version};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio_rustls::TlsConnector;

/// How a test speaks with its server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    /// HTTP/1.1, a connection for each request.
    H1,
    /// HTTP/2 in clear text with prior knowledge, one connection for all requests.
    H2c,
    /// HTTP/2 by ALPN over TLS, one connection for all requests.
    H2Tls,
}

/// Runs each test on every transport, as `h1::NAME`, `h2c::NAME` and `h2_tls::NAME`.
macro_rules! on_every_transport {
    ($($name:ident),+ $(,)?) => {
        mod h1 { $(#[tokio::test] async fn $name() { super::$name($crate::client::Transport::H1).await; })+ }
        mod h2c { $(#[tokio::test] async fn $name() { super::$name($crate::client::Transport::H2c).await; })+ }
        mod h2_tls { $(#[tokio::test] async fn $name() { super::$name($crate::client::Transport::H2Tls).await; })+ }
    };
}
pub(crate) use on_every_transport;

/// Where a server is, and whom to trust there.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) clear: SocketAddr,
    pub(crate) tls: SocketAddr,
    pub(crate) trusted: Arc<rustls::ClientConfig>,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) version: Version,
    /// When its head arrived.
    pub(crate) at: Instant,
}

/// An answer whose body is still to be read.
pub(crate) struct Opening {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Incoming,
    version: Version,
    at: Instant,
}

/// Asks one server over one transport. Cloning shares the connection, where there is one.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    transport: Transport,
    place: Place,
    shared: Arc<OnceCell<http2::SendRequest<Full<Bytes>>>>,
}

impl Client {
    pub(crate) fn new(transport: Transport, place: Place) -> Self {
        Self {
            transport,
            place,
            shared: Arc::default(),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.get_with(path, &[]).await
    }

    pub(crate) async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.request(Method::GET, path, headers, Bytes::new()).await
    }

    pub(crate) async fn request(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Answer {
        self.open(method, path, headers, body).await.read().await
    }

    /// Sends a request and waits for the head of its answer.
    pub(crate) async fn open(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Opening {
        let scheme = match self.transport {
            Transport::H2Tls => "https",
            _ => "http",
        };
        let uri = match self.transport {
            Transport::H1 => path.to_owned(),
            _ => format!("{scheme}://localhost{path}"),
        };
        let mut request = Request::builder().method(method).uri(uri);
        if self.transport == Transport::H1 {
            request = request.header("host", "localhost");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(body)).unwrap();
        let answer = match self.transport {
            Transport::H1 => {
                let socket = TcpStream::connect(self.place.clear).await.unwrap();
                let (mut sender, connection) =
                    http1::handshake(TokioIo::new(socket)).await.unwrap();
                tokio::spawn(connection);
                sender.send_request(request).await.unwrap()
            }
            Transport::H2c | Transport::H2Tls => {
                let mut sender = self.connection().await;
                sender.ready().await.unwrap();
                sender.send_request(request).await.unwrap()
            }
        };
        let at = Instant::now();
        let (head, body) = answer.into_parts();
        Opening {
            status: head.status,
            headers: head.headers,
            version: head.version,
            body,
            at,
        }
    }

    async fn connection(&self) -> http2::SendRequest<Full<Bytes>> {
        let connect = async || {
            let executor = TokioExecutor::new();
            if self.transport == Transport::H2c {
                let socket = TcpStream::connect(self.place.clear).await.unwrap();
                let (sender, connection) = http2::handshake(executor, TokioIo::new(socket))
                    .await
                    .unwrap();
                tokio::spawn(connection);
                return sender;
            }
            let stream = self.place.shake_hands().await.unwrap();
            assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
            let (sender, connection) = http2::handshake(executor, TokioIo::new(stream))
                .await
                .unwrap();
            tokio::spawn(connection);
            sender
        };
        self.shared.get_or_init(connect).await.clone()
    }
}

impl Place {
    /// A TLS connection that trusts the server's certificate and nothing else.
    pub(crate) async fn shake_hands(
        &self,
    ) -> std::io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
        self.shake_hands_over(TcpStream::connect(self.tls).await?)
            .await
    }

    /// The same over a socket that is connected already.
    pub(crate) async fn shake_hands_over(
        &self,
        socket: TcpStream,
    ) -> std::io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
        let name = ServerName::try_from("localhost").unwrap();
        let connector = TlsConnector::from(Arc::clone(&self.trusted));
        connector.connect(name, socket).await
    }
}

impl Opening {
    pub(crate) async fn read(self) -> Answer {
        let answer = Answer {
            status: self.status,
            headers: self.headers,
            version: self.version,
            at: self.at,
            body: self.body.collect().await.unwrap().to_bytes(),
        };
        answer.judge();
        answer
    }

    /// The next piece of the body, as the server sent it; nothing when it ended well.
    pub(crate) async fn piece(&mut self) -> Option<Result<Bytes, hyper::Error>> {
        loop {
            let piece = match self.body.frame().await? {
                Ok(frame) => frame.into_data().unwrap(),
                Err(error) => return Some(Err(error)),
            };
            // HTTP/2 ends a body with an empty frame.
            if !piece.is_empty() {
                return Some(Ok(piece));
            }
        }
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        header(&self.headers, name)
    }

    /// Holds every playlist that any test is served against two foreign parsers and the draft.
    fn judge(&self) {
        let is_playlist = self.header("content-type") == "application/vnd.apple.mpegurl";
        if is_playlist && !self.body.is_empty() && self.header("content-encoding").is_empty() {
            let text = std::str::from_utf8(&self.body).unwrap();
            if let Err(violations) = playlist_oracle::check(text) {
                panic!("{violations:#?}\n{text}");
            }
        }
    }

    /// The body as a media playlist that two foreign parsers and the draft's rules accept.
    pub(crate) fn playlist(&self) -> &str {
        assert_eq!(self.status, StatusCode::OK, "{self:?}");
        let text = std::str::from_utf8(&self.body).unwrap();
        playlist_oracle::assert_media_playlist(text);
        text
    }
}

pub(crate) fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers
        .get(name)
        .map_or("", |value| value.to_str().unwrap())
}
