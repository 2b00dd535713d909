//! Servers on loopback, ours and bare ones, and both ends of what is asked of them.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use origin::{Origin, OriginConfig, Server};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::watch;

/// Two workers, with sockets.
pub(crate) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("threads to be had")
}

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.expect("loopback has free ports");
    let address = listener.local_addr().expect("it is bound");
    (listener, address)
}

/// Ours.
pub(crate) async fn ours() -> (Origin, SocketAddr) {
    let origin = Origin::new(OriginConfig::new()).expect("the defaults are sound");
    let (listener, address) = listen().await;
    let server = Server::new(origin.service()).listen(listener);
    tokio::spawn(server.run(std::future::pending()));
    (origin, address)
}

/// What a bare server does with a request.
#[derive(Clone, Debug)]
pub(crate) enum Bare {
    /// Reads the body and drops it.
    Sink,
    /// Keeps so many bytes of a body together, and gives them to those who asked for the next.
    Relay(Arc<Relay>),
}

/// The newest part, and how long each is.
#[derive(Debug)]
pub(crate) struct Relay {
    pub(crate) size: usize,
    pub(crate) newest: watch::Sender<Bytes>,
}

/// A hyper server that looks at nothing.
pub(crate) async fn bare(does: Bare) -> SocketAddr {
    let (listener, address) = listen().await;
    tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.expect("descriptors suffice");
            socket.set_nodelay(true).expect("a socket takes it");
            let does = does.clone();
            tokio::spawn(async move {
                let service = service_fn(move |request| {
                    let does = does.clone();
                    async move { Ok::<_, Infallible>(answer(does, request).await) }
                });
                // The end of a connection is its client's.
                let _ = auto::Builder::new(TokioExecutor::new())
                    .serve_connection(TokioIo::new(socket), service)
                    .await;
            });
        }
    });
    address
}

async fn answer(does: Bare, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let is_read = request.method() == http::Method::GET;
    let mut body = request.into_body();
    match does {
        Bare::Sink => {
            while let Some(Ok(frame)) = body.frame().await {
                std::hint::black_box(frame);
            }
            Response::default()
        }
        Bare::Relay(relay) if is_read => {
            let mut newest = relay.newest.subscribe();
            newest.changed().await.expect("the relay lives");
            let part = newest.borrow().clone();
            Response::new(Full::new(part))
        }
        Bare::Relay(relay) => {
            let mut held = Vec::with_capacity(relay.size);
            while let Some(Ok(frame)) = body.frame().await {
                held.extend_from_slice(&frame.into_data().unwrap_or_default());
                if held.len() >= relay.size {
                    let part = std::mem::replace(&mut held, Vec::with_capacity(relay.size));
                    relay.newest.send_replace(part.into());
                }
            }
            Response::default()
        }
    }
}

/// A publishing request that is sent piece by piece.
pub(crate) struct Encoder(TcpStream);

impl Encoder {
    pub(crate) async fn open(address: SocketAddr, path: &str) -> Self {
        let mut socket = TcpStream::connect(address).await.expect("it listens");
        socket.set_nodelay(true).expect("a socket takes it");
        let head =
            format!("PUT {path} HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n");
        socket.write_all(head.as_bytes()).await.expect("it reads");
        Self(socket)
    }

    pub(crate) async fn send(&mut self, piece: &[u8]) {
        let framed = chunk(piece);
        self.0.write_all(&framed).await.expect("it reads");
    }
}

/// A piece of a body in the framing of HTTP/1.1.
fn chunk(piece: &[u8]) -> Vec<u8> {
    let mut framed = format!("{:x}\r\n", piece.len()).into_bytes();
    framed.extend_from_slice(piece);
    framed.extend_from_slice(b"\r\n");
    framed
}

/// One connection of a client.
pub(crate) struct Client(http1::SendRequest<Full<Bytes>>);

impl Client {
    pub(crate) async fn open(address: SocketAddr) -> Self {
        let socket = TcpStream::connect(address).await.expect("it listens");
        socket.set_nodelay(true).expect("a socket takes it");
        let (sender, connection) = http1::handshake(TokioIo::new(socket))
            .await
            .expect("it speaks HTTP");
        tokio::spawn(connection);
        Self(sender)
    }

    pub(crate) async fn get(&mut self, path: &str) -> Bytes {
        let request = Request::get(path).header("host", "localhost");
        let request = request.body(Full::default()).expect("a plain request");
        self.ask(request).await
    }

    pub(crate) async fn put(&mut self, path: &str, body: Bytes) {
        let request = Request::put(path).header("host", "localhost");
        let request = request.body(Full::new(body)).expect("a plain request");
        self.ask(request).await;
    }

    async fn ask(&mut self, request: Request<Full<Bytes>>) -> Bytes {
        self.0.ready().await.expect("the connection stays");
        let answer = self.0.send_request(request).await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK, "{answer:?}");
        let body = answer.into_body().collect().await;
        body.expect("it is whole").to_bytes()
    }
}
