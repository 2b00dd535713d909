//! Which answer of an HTTP/2 connection leaves first, frame by frame.

use std::collections::BTreeMap;

use bytes::Bytes;
use llhls::manifest::{Cut, MediaDuration};
use llhls::registry::{Part, Publisher};
use tokio::net::TcpSocket;

use crate::client::Transport;
use crate::frames::{DATA, END_STREAM, Frames, WIDEST};
use crate::support::{Server, video};

/// What the client's kernel takes before anybody reads: a slow link in small.
const RECEIVE_BUFFER: u32 = 16 * 1024;

const SEGMENTS: u32 = 8;
const SEGMENT: usize = 1 << 20;

/// Segments of a mebibyte.
fn large(server: &Server) -> Publisher {
    let mut publisher = server.publisher("large", video());
    for number in 0..SEGMENTS {
        let bytes = Bytes::from(vec![u8::try_from(number).unwrap(); SEGMENT]);
        let part = Part::new(bytes, MediaDuration::from_millis(500)).independent();
        publisher.publish(part.cut(Cut::After)).unwrap();
    }
    publisher
}

/// HTTP-02, PROF-06: a playlist that is asked for while a queue of media is on its way does not wait
/// for that queue, and none of the queue is forgotten.
#[tokio::test]
async fn a_playlist_overtakes_a_queue_of_media() {
    let server = Server::over(Transport::H2Tls).await;
    let _publisher = large(&server);
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(RECEIVE_BUFFER).unwrap();
    let socket = socket.connect(server.place.tls).await.unwrap();
    let stream = server.place.shake_hands_over(socket).await.unwrap();
    // Windows that never fill, so that TCP alone holds anything back.
    let mut frames = Frames::begin(stream, WIDEST).await;
    let mut media = BTreeMap::new();
    for msn in 1..=SEGMENTS {
        let path = format!("/live/show/large/e1-{msn}.m4s");
        media.insert(frames.ask(&path).await, 0);
    }
    let mut taken = 0;
    while taken < SEGMENT {
        let frame = frames.next().await.unwrap();
        if frame.kind == DATA {
            *media.get_mut(&frame.stream).unwrap() += frame.length;
            taken += frame.length;
        }
    }
    assert!(media.values().all(|taken| *taken > 0), "{media:?}");

    let playlist = frames.ask("/live/show/large/media.m3u8").await;
    let mut before = 0;
    loop {
        let frame = frames.next().await.unwrap();
        if frame.kind == DATA && frame.stream == playlist {
            assert_eq!(frame.flags & END_STREAM, END_STREAM, "it is one frame");
            break;
        }
        if frame.kind == DATA {
            *media.get_mut(&frame.stream).unwrap() += frame.length;
            before += frame.length;
        }
    }
    println!("{before} bytes of media came before the playlist");
    assert!(before < SEGMENT / 2, "{before} bytes came first");

    let mut ended = 0;
    while ended < SEGMENTS {
        let frame = frames.next().await.unwrap();
        if frame.kind == DATA {
            *media.get_mut(&frame.stream).unwrap() += frame.length;
            ended += u32::from(frame.flags & END_STREAM);
        }
    }
    assert!(media.values().all(|taken| *taken == SEGMENT), "{media:?}");
}
