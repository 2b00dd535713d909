//! Law 10: whoever holds the same stream gives the same bytes, whatever he was asked before.

use bytes::Bytes;
use llhls_manifest::{Cut, MediaDuration, WallClock};
use playlists::{
    ArchiveConfig, ArchiveWorker, Body, Coding, Part, Playlists, PublishError, Publisher, Resource,
    Viewer,
};

use crate::archive::memory::{MemorySink, registry, work};
use crate::support::{Random, audio, directives, name, video};

const RENDITIONS: [&str; 2] = ["video", "audio"];

/// What happens to a stream; one list of these is fed to both instances.
#[derive(Clone, Debug)]
enum Event {
    Publish(usize, Part),
    Init(usize, Bytes),
    /// The publisher is lost, and another one comes.
    Reconnect(usize),
    /// The stream ends, and another one comes under its name.
    Restart(usize),
    End(usize),
}

fn history(seed: u64, length: u64) -> Vec<Event> {
    let mut random = Random::new(seed);
    let mut media = MediaDuration::ZERO;
    let mut events = Vec::new();
    for number in 0..length {
        let rendition = random.below(2) as usize;
        let event = match random.below(60) {
            0 => Event::Init(rendition, Bytes::from(format!("init {}", random.below(3)))),
            1 => Event::Reconnect(rendition),
            2 if random.one_in(4) => Event::Restart(rendition),
            _ => {
                let millis = [500, 500, 500, 460, 430][random.below(5) as usize];
                let duration = MediaDuration::from_millis(millis);
                let bytes = vec![number as u8; 1 + random.below(300) as usize];
                let mut part = Part::new(bytes.into(), duration);
                if random.one_in(3) {
                    part = part.independent();
                }
                part = part.cut([Cut::Auto, Cut::Auto, Cut::After][random.below(3) as usize]);
                // Also by clocks that jump.
                if random.one_in(3) {
                    let start = WallClock::from_unix_millis(1_795_219_200_000);
                    let jump = MediaDuration::from_millis(random.below(5_000));
                    part = part.captured_at(start.plus(media).plus(jump));
                }
                media = media.saturating_add(duration);
                Event::Publish(rendition, part)
            }
        };
        events.push(event);
    }
    events.extend([Event::End(0), Event::End(1)]);
    events
}

struct Instance {
    playlists: Playlists,
    publishers: [Option<Publisher>; 2],
    epochs: [u64; 2],
    worker: ArchiveWorker,
    sink: MemorySink,
}

impl Instance {
    fn new() -> Self {
        let (playlists, _archive, worker) = registry(ArchiveConfig::new());
        let mut instance = Self {
            playlists,
            publishers: [None, None],
            epochs: [0, 0],
            worker,
            sink: MemorySink::default(),
        };
        for rendition in 0..2 {
            instance.connect(rendition);
        }
        instance
    }

    fn connect(&mut self, rendition: usize) {
        let epoch = format!("e{}", self.epochs[rendition]);
        let config = [video(&epoch), audio(&epoch)][rendition].clone();
        let name_of = name(RENDITIONS[rendition]);
        let publisher = self.playlists.publisher(&name("show"), &name_of, config);
        let mut publisher = publisher.unwrap();
        publisher.init(Bytes::from_static(b"init"));
        self.publishers[rendition] = Some(publisher);
    }

    /// Gives what became of it.
    fn feed(&mut self, event: &Event) -> String {
        let outcome = match event {
            Event::Publish(rendition, part) => {
                let publisher = self.publishers[*rendition].as_mut();
                let outcome: Option<Result<_, PublishError>> =
                    publisher.map(|publisher| publisher.publish(part.clone()));
                format!("{outcome:?}")
            }
            Event::Init(rendition, bytes) => {
                let publisher = self.publishers[*rendition].as_mut();
                format!(
                    "{:?}",
                    publisher.map(|publisher| publisher.init(bytes.clone()))
                )
            }
            Event::Reconnect(rendition) => {
                self.publishers[*rendition] = None;
                self.connect(*rendition);
                String::new()
            }
            Event::Restart(rendition) => {
                self.epochs[*rendition] += 1;
                self.publishers[*rendition].take().unwrap().fin();
                self.connect(*rendition);
                String::new()
            }
            Event::End(rendition) => {
                self.publishers[*rendition].take().unwrap().fin();
                String::new()
            }
        };
        work(&mut self.worker, &mut self.sink);
        outcome
    }

    fn viewers(&self) -> [Viewer; 2] {
        RENDITIONS.map(|rendition| self.playlists.viewer("show", rendition).unwrap())
    }

    /// Every form in every coding, and everything that they name.
    async fn everything(&self) -> Vec<(String, Vec<Body>)> {
        let mut answers = Vec::new();
        for (viewer, rendition) in self.viewers().iter().zip(RENDITIONS) {
            if !viewer.snapshot().unwrap().view().is_playable() {
                continue;
            }
            for query in ["", "_HLS_skip=YES", "_HLS_skip=v2", "_HLS_msn=0"] {
                for coding in [Coding::Identity, Coding::Gzip] {
                    let directives = directives(query);
                    let live = viewer.playlist(&directives, coding).await.unwrap();
                    let mut bodies = vec![live];
                    let dvr = viewer.dvr().unwrap();
                    // An ended rendition was replaced, and nothing is listed of the new one.
                    if let Ok(body) = dvr.playlist(&directives, coding).await {
                        bodies.push(body);
                    }
                    answers.push((format!("{rendition} {query} {coding:?}"), bodies));
                }
            }
        }
        let playable = |viewer: &Viewer| viewer.snapshot().unwrap().view().is_playable();
        if self.viewers().iter().all(playable) {
            for coding in [Coding::Identity, Coding::Gzip] {
                let body = self.playlists.multivariant("show", coding).await.unwrap();
                answers.push((format!("multivariant {coding:?}"), vec![body]));
            }
        }
        answers
    }

    /// The media that a playlist names.
    async fn media(&self) -> Vec<(String, Resource)> {
        let mut answers = Vec::new();
        for viewer in self.viewers() {
            let snapshot = viewer.snapshot().unwrap();
            let body = snapshot.body(llhls_manifest::Form::Full, Coding::Identity);
            let text = String::from_utf8(body.bytes.to_vec()).unwrap();
            for line in text.lines() {
                let quoted = line
                    .split_once("URI=\"")
                    .and_then(|(_, rest)| rest.split_once('"'));
                let uri = match quoted {
                    Some((uri, _)) if !line.contains("HINT") && !line.contains("REPORT") => uri,
                    None if !line.starts_with('#') => line,
                    _ => continue,
                };
                answers.push((uri.to_owned(), viewer.resource(uri).await.unwrap()));
            }
        }
        answers
    }
}

/// One is asked for everything at every version, the other now and then: what each of them has
/// cached differs, what they answer does not.
#[tokio::test(start_paused = true)]
async fn two_instances_answer_every_request_with_the_same_bytes() {
    for seed in 0..6 {
        let mut random = Random::new(1000 + seed);
        let (mut busy, mut idle) = (Instance::new(), Instance::new());
        let (mut compared, mut published) = (0, 0);
        for (number, event) in history(seed, 400).iter().enumerate() {
            let outcomes = (busy.feed(event), idle.feed(event));
            assert_eq!(
                outcomes.0, outcomes.1,
                "seed {seed}, event {number}: {event:?}"
            );
            published += usize::from(outcomes.0.contains("Ok"));
            let is_last = number > 400;
            if random.one_in(12) || is_last {
                let (one, other) = (busy.everything().await, idle.everything().await);
                assert_eq!(one, other, "seed {seed}, after event {number}: {event:?}");
                assert_eq!(busy.media().await, idle.media().await);
                compared += one.len();
            } else if random.one_in(3) {
                busy.everything().await;
            }
        }
        assert!(
            compared > 300 && published > 100,
            "seed {seed}: {compared} of {published}"
        );
        assert_eq!(busy.sink.files, idle.sink.files);
    }
}
