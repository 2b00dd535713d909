//! What an HTTP/2 connection with TLS sends at a time, gathered so that it leaves in one piece.
//!
//! `h2` hands on each frame by itself and flushes after it: a part of more than 16 KiB takes two
//! writes and three records. Here frames wait until the connection has nothing more to do.

use std::fmt::Display;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, BytesMut};
use hyper_util::server::graceful::GracefulConnection;
use pin_project_lite::pin_project;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What is gathered at most, in bytes: two whole frames. What lies here has its turn, as in the
/// kernel's buffer.
const MOST: usize = 2 * (9 + 16 * 1024);

/// The half that HTTP/2 reads and writes.
#[derive(Debug)]
pub(super) struct Gathered<I>(Arc<Mutex<Wire<I>>>);

/// The half that sends what was gathered.
#[derive(Debug)]
pub(super) struct Sender<I>(Arc<Mutex<Wire<I>>>);

#[derive(Debug)]
struct Wire<I> {
    io: I,
    held: BytesMut,
    /// Whether the socket has still to take what was sent last. TLS would go on taking more.
    owing: bool,
}

/// Both halves belong to one task, so that neither ever waits for the other.
pub(super) fn gathered<I>(io: I) -> (Gathered<I>, Sender<I>) {
    let wire = Arc::new(Mutex::new(Wire {
        io,
        held: BytesMut::new(),
        owing: false,
    }));
    (Gathered(Arc::clone(&wire)), Sender(wire))
}

fn lock<I>(wire: &Mutex<Wire<I>>) -> MutexGuard<'_, Wire<I>> {
    wire.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<I: AsyncWrite + Unpin> Wire<I> {
    /// Sends all that is held, to the socket itself.
    fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.owing = true;
        ready!(self.poll_let_go(context))?;
        ready!(Pin::new(&mut self.io).poll_flush(context))?;
        self.owing = false;
        Poll::Ready(Ok(()))
    }

    /// Writes all that is held.
    fn poll_let_go(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.held.is_empty() {
            let written = ready!(Pin::new(&mut self.io).poll_write(context, &self.held))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.held.advance(written);
        }
        // An idle connection keeps no room.
        self.held = BytesMut::new();
        Poll::Ready(Ok(()))
    }
}

impl<I: AsyncWrite + Unpin> Sender<I> {
    /// Sends what was gathered, as far as the socket takes it; when it takes no more, the task is
    /// woken for the rest.
    pub(super) fn poll_send(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        lock(&self.0).poll_send(context)
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Gathered<I> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut lock(&self.0).io).poll_read(context, buffer)
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Gathered<I> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(context, &[io::IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut wire = lock(&self.0);
        let wire = &mut *wire;
        let new: usize = slices.iter().map(|slice| slice.len()).sum();
        if wire.owing || wire.held.len() + new > MOST {
            ready!(wire.poll_send(context))?;
        }
        if new > MOST {
            return Pin::new(&mut wire.io).poll_write_vectored(context, slices);
        }
        wire.held.reserve(new);
        for slice in slices {
            wire.held.extend_from_slice(slice);
        }
        Poll::Ready(Ok(new))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    /// Nothing: the sender does it.
    fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut wire = lock(&self.0);
        ready!(wire.poll_let_go(context))?;
        Pin::new(&mut wire.io).poll_shutdown(context)
    }
}

/// A connection that is driven to its end, and may be told to come to it.
pub(super) trait Conversation: Future<Output = Result<(), Self::Broken>> {
    /// Why it ended otherwise.
    type Broken: Display;

    /// No request is taken any more; those that are there are answered.
    fn finish(self: Pin<&mut Self>);
}

impl<C> Conversation for C
where
    C: GracefulConnection<Error: Display>,
{
    type Broken = C::Error;

    fn finish(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

pin_project! {
    /// A connection over a [`Gathered`], and what sends what it wrote.
    #[derive(Debug)]
    pub(super) struct Sending<C, I> {
        #[pin]
        connection: C,
        sender: Sender<I>,
    }
}

impl<C, I> Sending<C, I> {
    pub(super) fn new(connection: C, sender: Sender<I>) -> Self {
        Self { connection, sender }
    }
}

impl<C, I> Future for Sending<C, I>
where
    C: GracefulConnection,
    I: AsyncWrite + Unpin,
{
    type Output = Result<(), C::Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let ended = this.connection.poll(context);
        match this.sender.poll_send(context) {
            Poll::Ready(Err(error)) if ended.is_pending() => {
                tracing::debug!(%error, "a client has gone");
                Poll::Ready(Ok(()))
            }
            _ => ended,
        }
    }
}

impl<C, I> Conversation for Sending<C, I>
where
    C: GracefulConnection<Error: Display>,
    I: AsyncWrite + Unpin,
{
    type Broken = C::Error;

    fn finish(self: Pin<&mut Self>) {
        self.project().connection.graceful_shutdown();
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use tokio::io::AsyncWriteExt as _;

    use super::*;

    /// A socket that takes so many bytes a write, and so many writes.
    #[derive(Default)]
    struct Socket {
        width: usize,
        room: usize,
        writes: Vec<usize>,
        bytes: Vec<u8>,
    }

    impl AsyncWrite for Socket {
        fn poll_write(
            mut self: Pin<&mut Self>,
            _context: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            if self.room == 0 {
                return Poll::Pending;
            }
            self.room -= 1;
            let taken = bytes.len().min(self.width);
            self.writes.push(taken);
            self.bytes.extend_from_slice(&bytes[..taken]);
            Poll::Ready(Ok(taken))
        }

        fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    #[tokio::test]
    async fn frames_leave_in_one_piece_when_there_is_no_more_to_do() {
        let socket = Socket {
            width: usize::MAX,
            room: 1,
            ..Socket::default()
        };
        let (mut wire, sender) = gathered(socket);
        for frame in [300, 16_384, 1_116] {
            wire.write_all(&vec![7; frame]).await.unwrap();
            wire.flush().await.unwrap();
        }
        assert!(lock(&sender.0).io.writes.is_empty());
        let sent = sender.poll_send(&mut Context::from_waker(Waker::noop()));
        assert!(matches!(sent, Poll::Ready(Ok(()))));
        assert_eq!(lock(&sender.0).io.writes, [17_800]);
        assert_eq!(lock(&sender.0).held.capacity(), 0, "kept while idle");
    }

    #[test]
    fn a_slow_socket_loses_nothing_and_is_never_owed_more_than_the_most() {
        let socket = Socket {
            width: 1_000,
            ..Socket::default()
        };
        let (mut wire, sender) = gathered(socket);
        let context = &mut Context::from_waker(Waker::noop());
        let mut expected = Vec::new();
        for turn in 0..400_usize {
            // Now and then a frame that is wider than all that is gathered.
            let width = if turn % 40 == 39 { MOST + 9 } else { 5_000 };
            let frame = vec![u8::try_from(turn % 251).unwrap(); width];
            let slices = [io::IoSlice::new(&frame[..9]), io::IoSlice::new(&frame[9..])];
            let taken = Pin::new(&mut wire).poll_write_vectored(context, &slices);
            if let Poll::Ready(taken) = taken {
                expected.extend_from_slice(&frame[..taken.unwrap()]);
            }
            lock(&sender.0).io.room = turn % 7;
            let _ = sender.poll_send(context);
            assert!(lock(&sender.0).held.len() <= MOST);
        }
        lock(&sender.0).io.room = usize::MAX;
        assert!(sender.poll_send(context).is_ready());
        assert!(expected.len() > 2 * MOST);
        assert_eq!(lock(&sender.0).io.bytes, expected);
    }
}
