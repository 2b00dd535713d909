//! Every operation that waits, dropped after its first poll, its second, and so on until it is
//! complete, while the stream goes on. Whatever had happened by then, nothing may be left of it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use llhls_manifest::Cut;
use playlists::{Coding, Playlists, Publisher, Viewer};

use crate::support::{PARTS, at, directives, part, publish, publisher, registry, viewer};

type Operation = Pin<Box<dyn Future<Output = ()>>>;

/// What happens between two polls.
#[derive(Clone, Copy, Debug)]
enum Event {
    Nothing,
    Part,
    /// A part that opens a segment, so that the hint before it is given up.
    EarlyCut,
    OtherInit,
    Time,
    End,
    Removal,
}

struct World {
    playlists: Playlists,
    publisher: Option<Publisher>,
    viewer: Viewer,
    parts: u64,
}

impl World {
    /// A stream with `parts` parts.
    fn new(parts: u64) -> Self {
        let playlists = registry();
        let mut publisher = publisher(&playlists);
        publish(&mut publisher, 0..parts);
        Self {
            viewer: viewer(&playlists),
            publisher: Some(publisher),
            playlists,
            parts,
        }
    }

    async fn happen(&mut self, event: Event) {
        let publisher = self.publisher.as_mut();
        match event {
            Event::Nothing => {}
            Event::Part => {
                let next = part(self.parts).independent();
                publisher.unwrap().publish(next).unwrap();
                self.parts += 1;
            }
            Event::EarlyCut => {
                let early = part(2 * PARTS).cut(Cut::Before);
                publisher.unwrap().publish(early).unwrap();
            }
            Event::OtherInit => {
                publisher.unwrap().init(Bytes::from_static(b"other"));
            }
            Event::Time => tokio::time::advance(Duration::from_secs(4)).await,
            Event::End => self.publisher.take().unwrap().fin(),
            Event::Removal => {
                self.playlists.remove("show");
            }
        }
    }
}

fn polled(operation: &mut Operation) -> Poll<()> {
    operation
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
}

/// Drops the operation after every number of polls there is, in a world of its own each.
async fn leaves_nothing(parts: u64, operation: impl Fn(&World) -> Operation, events: &[Event]) {
    for polls in 1.. {
        let mut world = World::new(parts);
        // Lists grow once and stay; that is not of this operation.
        assert!(polled(&mut operation(&world)).is_pending(), "{events:?}");
        let before = world.viewer.snapshot().map(|it| Arc::downgrade(&it));

        let mut running = operation(&world);
        let mut complete = false;
        for number in 0..polls {
            if number > 0 {
                world
                    .happen(*events.get(number - 1).expect("too few events"))
                    .await;
            }
            if polled(&mut running).is_ready() {
                complete = true;
                break;
            }
        }
        drop(running);
        assert_eq!(world.viewer.waiting(), 0, "{polls} polls, {events:?}");
        if complete {
            assert_eq!(polls, events.len() + 1, "too many events: {events:?}");
            return;
        }

        // Nobody keeps a version, and the stream goes on.
        world.happen(Event::Part).await;
        let before = before.unwrap();
        assert_eq!(before.strong_count(), 0, "{polls} polls, {events:?}");
    }
}

/// Drops the operation while it waits, and counts what it leaves.
fn leaves_not_a_byte(parts: u64, operation: impl Fn(&World) -> Operation) {
    let world = World::new(parts);
    let wait = || {
        let mut running = operation(&world);
        for _ in 0..3 {
            assert!(polled(&mut running).is_pending());
        }
    };
    wait();
    let left = allocation_counter::measure(wait);
    assert!(left.count_total > 0, "the operation itself is boxed");
    assert_eq!((left.count_current, left.bytes_current), (0, 0));
}

/// A playlist that waits for the part after the first of segment 2.
fn playlist(world: &World) -> Operation {
    let viewer = world.viewer.clone();
    Box::pin(async move {
        let request = directives("_HLS_msn=2&_HLS_part=1");
        let _ = viewer.playlist(&request, Coding::Gzip).await;
    })
}

fn version(world: &World) -> Operation {
    let viewer = world.viewer.clone();
    Box::pin(async move {
        let _ = viewer.version(&directives("_HLS_msn=2&_HLS_part=1")).await;
    })
}

fn hinted_part(world: &World) -> Operation {
    let viewer = world.viewer.clone();
    Box::pin(async move {
        let _ = viewer.part(at(2, 1)).await;
    })
}

fn resource(world: &World) -> Operation {
    let viewer = world.viewer.clone();
    Box::pin(async move {
        let _ = viewer.resource("e1-2.1.m4s").await;
    })
}

fn multivariant(world: &World) -> Operation {
    let playlists = world.playlists.clone();
    Box::pin(async move {
        let _ = playlists.multivariant("show", Coding::Gzip).await;
    })
}

/// Each way in which a wait for the next part can end.
const ENDS: [&[Event]; 4] = [
    &[Event::Nothing, Event::Part],
    &[Event::Nothing, Event::Time, Event::Time],
    &[Event::Nothing, Event::End],
    &[Event::Nothing, Event::Removal],
];

#[tokio::test(start_paused = true)]
async fn a_dropped_playlist_request_leaves_nothing() {
    for events in ENDS {
        leaves_nothing(PARTS + 1, playlist, events).await;
        leaves_nothing(PARTS + 1, version, events).await;
    }
    // A part beyond the end of its segment becomes the first of the next: two waits in one.
    leaves_nothing(PARTS + 1, playlist, &[Event::OtherInit, Event::Part]).await;
    leaves_not_a_byte(PARTS + 1, playlist);
    leaves_not_a_byte(PARTS + 1, version);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_request_for_a_hinted_part_leaves_nothing() {
    for events in ENDS.into_iter().chain([
        [Event::Nothing, Event::EarlyCut].as_slice(),
        &[Event::Nothing, Event::OtherInit],
    ]) {
        leaves_nothing(PARTS + 1, hinted_part, events).await;
        leaves_nothing(PARTS + 1, resource, events).await;
    }
    leaves_not_a_byte(PARTS + 1, hinted_part);
    leaves_not_a_byte(PARTS + 1, resource);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_multivariant_request_leaves_nothing() {
    for events in [
        [Event::Nothing, Event::Part, Event::Part].as_slice(),
        &[Event::Nothing, Event::Time, Event::Time],
        &[Event::Nothing, Event::Removal],
    ] {
        leaves_nothing(PARTS - 2, multivariant, events).await;
    }
    leaves_not_a_byte(PARTS - 2, multivariant);
}

/// SRV-18.
#[tokio::test(start_paused = true)]
async fn ten_thousand_aborted_requests_leave_nothing() {
    let world = World::new(PARTS + 1);
    let crowd = || {
        let mut crowd: Vec<_> = (0..10_000).map(|_| playlist(&world)).collect();
        for request in &mut crowd {
            assert!(polled(request).is_pending());
        }
        assert_eq!(world.viewer.waiting(), 10_000);
    };
    crowd();
    assert_eq!(world.viewer.waiting(), 0);
    let left = allocation_counter::measure(crowd);
    assert_eq!((left.count_current, left.bytes_current), (0, 0));
}
