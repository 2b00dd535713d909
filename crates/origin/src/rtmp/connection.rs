//! One encoder's socket.

use std::time::{Duration, SystemTime};

use bytes::BytesMut;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use crate::access::{Verdict, key_in};
use crate::ingest::{Point, Publishing, Way};
use crate::media::{Held, MediaItem, NoRoom};
use crate::origin::Origin;
use crate::rtmp::error::RtmpError;
use crate::rtmp::remux::Remux;
use crate::rtmp::session::{Event, Session};

/// How long an encoder may take until it publishes, and to take an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long one that publishes may be silent before its connection counts as lost. What it had
/// published waits for it as after any lost connection.
const SILENCE: Duration = Duration::from_secs(30);

/// Bytes of one read.
const READ: usize = 64 << 10;

/// A stream that is being published.
struct Stream {
    publishing: Publishing,
    remux: Remux,
    /// What is on its way to the publishing point, which counts the rest.
    held: Held,
}

impl Stream {
    /// Takes what is on its way from what the path may hold.
    fn count(&mut self, session: &Session) -> Result<(), NoRoom> {
        self.held
            .set(session.held_bytes() + self.remux.held_bytes())
    }
}

/// Speaks with an encoder until it leaves, or does what cannot be taken.
pub(super) async fn run(origin: &Origin, mut socket: TcpStream) -> Result<(), RtmpError> {
    socket.set_nodelay(true)?;
    let mut session = Session::new();
    let mut stream = None;
    let mut input = BytesMut::with_capacity(READ);
    let mut heard = Instant::now();
    loop {
        input.clear();
        input.reserve(READ);
        let (patience, silence) = match &stream {
            Some(Stream { publishing, .. }) => (publishing.stall().min(SILENCE), SILENCE),
            None => (PATIENCE, PATIENCE),
        };
        let Ok(read) = timeout(patience, socket.read_buf(&mut input)).await else {
            if heard.elapsed() >= silence {
                return Err(RtmpError::Silent);
            }
            if let Some(Stream { publishing, .. }) = &stream {
                publishing.stalled();
            }
            continue;
        };
        heard = Instant::now();
        let read = read?;
        if read == 0 {
            return finish(stream, Ending::Lost);
        }
        origin.sight().transport.received(read);
        let mut bytes = &input[..];
        loop {
            let mut events = Vec::new();
            let received = session.receive(bytes, &mut events);
            bytes = &[];
            let is_last = !events
                .iter()
                .any(|event| matches!(event, Event::Publish { .. }));
            // What came before a fault is good media, and is published.
            for event in events {
                handle(origin, &mut session, &mut stream, event).await?;
            }
            received?;
            if let Some(stream) = &mut stream {
                stream.count(&session).map_err(RtmpError::NoRoom)?;
            }
            if is_last {
                break;
            }
        }
        let output = session.take_output();
        if !output.is_empty() {
            let sent = timeout(PATIENCE, socket.write_all(&output)).await;
            sent.map_err(|_elapsed| RtmpError::Silent)??;
            origin.sight().transport.sent(output.len());
        }
    }
}

async fn handle(
    origin: &Origin,
    session: &mut Session,
    stream: &mut Option<Stream>,
    event: Event,
) -> Result<(), RtmpError> {
    match event {
        Event::Publish { app, key } => {
            // Some encoders have one field only, and put everything into the application's name.
            let name = if key.is_empty() { &app } else { &key };
            // What follows the name may be a secret: it is neither logged nor sent back.
            let (name, query) = name.split_once('?').unwrap_or((name, ""));
            let secret = key_in(query);
            let verdict = origin.access().may_publish(name, secret.as_deref()).await;
            if verdict != Verdict::Allowed {
                tracing::info!(name, ?verdict, "RTMP refused");
                session.reject("this key does not open this stream");
                return Ok(());
            }
            match Point::parse(name, None)
                .map_err(Into::into)
                .and_then(|point| origin.points().join(origin, point, Way::Rtmp))
            {
                Ok(publishing) => {
                    tracing::info!(name, "an RTMP encoder publishes");
                    *stream = Some(Stream {
                        held: publishing.hold(),
                        remux: Remux::new(),
                        publishing,
                    });
                    session.accept();
                }
                Err(error) => {
                    tracing::info!(name, %error, "RTMP refused");
                    session.reject(&error.to_string());
                }
            }
            Ok(())
        }
        Event::Message(message) => {
            let Some(Stream {
                publishing, remux, ..
            }) = stream
            else {
                return Ok(());
            };
            let mut items = Vec::new();
            let taken = remux.take(message, &mut items);
            publish(publishing, items)?;
            taken
        }
        Event::Unpublish => finish(stream.take(), Ending::LastWord),
    }
}

/// How a stream stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// The encoder ended it: so does the playlist.
    LastWord,
    /// The connection was lost: the stream waits for its encoder to come back.
    Lost,
}

fn finish(stream: Option<Stream>, ending: Ending) -> Result<(), RtmpError> {
    let Some(mut stream) = stream else {
        return Ok(());
    };
    let mut items = Vec::new();
    stream.remux.finish(&mut items);
    if ending == Ending::LastWord {
        items.push(MediaItem::LastSegment);
    }
    publish(&mut stream.publishing, items)?;
    Ok(stream.publishing.finish()?)
}

fn publish(publishing: &mut Publishing, items: Vec<MediaItem>) -> Result<(), RtmpError> {
    let now = SystemTime::now();
    for item in items {
        publishing.take(item, now)?;
    }
    Ok(())
}
