use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Duration;

use bytes::Bytes;
use llhls_manifest::{Cut, Decision, Form, MediaDuration, WallClock};
use playlist_oracle::Media;
use playlists::{
    Absence, ArchiveConfig, ArchiveWorker, Body, Coding, DvrResource, MediaError, OnConflict, Part,
    PlaylistError, Playlists, PublishError, Published, Publisher, PublisherError, Removal,
    RenditionConfig, Resource, StoreError, Viewer,
};
use tokio::time::Instant;

use super::audience::{Kind, LONGEST, Request, check_target, text};
use super::books::{Books, named};
use crate::archive::memory::{MemorySink, registry_with, work};
use crate::support::{Random, audio, directives, name, video};

/// How long a step takes, in milliseconds: as long as the longest part.
const STEP: u64 = 500;

/// One rendition's URL, over all of its lives.
struct Line {
    presentation: &'static str,
    rendition: &'static str,
    publisher: Option<Publisher>,
    /// The life that is there now.
    epoch: Option<String>,
    /// What was captured when, by a clock that is set now and then.
    clock: u64,
    /// Which init section is in use.
    init: u64,
}

pub(super) struct World {
    random: Random,
    playlists: Playlists,
    worker: ArchiveWorker,
    sink: MemorySink,
    lines: Vec<Line>,
    /// Publishers whose place somebody else has taken.
    displaced: Vec<Publisher>,
    on_conflict: OnConflict,
    epochs: u64,
    parts: u64,
    books: BTreeMap<String, Books>,
    dvr_books: BTreeMap<String, Books>,
    requests: Vec<Request>,
    transcript: DefaultHasher,
    answered: u64,
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let absence = [
            Absence::Wait,
            Absence::End { linger: 3 },
            Absence::default(),
        ][random.below(3) as usize];
        let on_conflict = [OnConflict::Refuse, OnConflict::TakeOver][random.below(2) as usize];
        let removal = [Removal::KeepMedia, Removal::AtOnce][random.below(2) as usize];
        let archive = ArchiveConfig::new().window(Duration::from_secs(60));
        let (playlists, _archive, worker) = registry_with(archive, |config| {
            let config = config.absence(absence).on_conflict(on_conflict);
            config.removal(removal)
        });
        let urls = [
            ("one", "video"),
            ("one", "audio"),
            ("two", "video"),
            ("three", "audio"),
        ];
        let lines = urls.map(|(presentation, rendition)| Line {
            presentation,
            rendition,
            publisher: None,
            epoch: None,
            clock: 1_795_219_200_000,
            init: 0,
        });
        Self {
            random,
            playlists,
            worker,
            sink: MemorySink::default(),
            lines: lines.into(),
            displaced: Vec::new(),
            on_conflict,
            epochs: 0,
            parts: 0,
            books: BTreeMap::new(),
            dvr_books: BTreeMap::new(),
            requests: Vec::new(),
            transcript: DefaultHasher::new(),
            answered: 0,
        }
    }

    pub(super) async fn step(&mut self) {
        for line in 0..self.lines.len() {
            // Encoders pause, and catch up.
            let parts = [0, 1, 1, 1, 1, 1, 1, 1, 1, 4][self.random.below(10) as usize];
            for _ in 0..parts {
                self.publish(line);
            }
        }
        if self.random.one_in(4) {
            self.publish_together();
        }
        self.event();
        for _ in 0..self.random.below(4) {
            self.ask();
        }
        if self.random.one_in(3) && !self.requests.is_empty() {
            let at = self.random.below(self.requests.len() as u64) as usize;
            self.requests.swap_remove(at).abort();
        }
        if self.random.one_in(10) {
            let error = [StoreError::Full, StoreError::OverBudget { limit: 1 }];
            self.sink
                .answers
                .push_back(error[self.random.below(2) as usize]);
        }
        if !self.random.one_in(5) {
            work(&mut self.worker, &mut self.sink);
        }
        self.settle().await;
        self.audit().await;
        // Now and then everything stands still for longer than anybody may be held.
        let pause = if self.random.one_in(60) { 20_000 } else { STEP };
        tokio::time::advance(Duration::from_millis(pause)).await;
        self.playlists.tick(Instant::now());
        self.settle().await;
    }

    /// A part of up to half a second, somewhere between regular and odd; and its bytes.
    fn part(&mut self, line: usize) -> (Part, Bytes) {
        self.parts += 1;
        let bytes = Bytes::from(format!("part {} of all", self.parts));
        let line = &mut self.lines[line];
        let millis = [500, 500, 500, 480, 430, 100][self.random.below(6) as usize];
        let mut part = Part::new(bytes.clone(), MediaDuration::from_millis(millis))
            .captured_at(WallClock::from_unix_millis(line.clock));
        line.clock += millis;
        if self.random.one_in(3) || millis < 425 {
            part = part.independent();
        }
        if self.random.one_in(40) {
            part = part.discontinuous();
        }
        part = part.cut([Cut::Auto, Cut::Auto, Cut::After][self.random.below(3) as usize]);
        (part, bytes)
    }

    fn publish(&mut self, line: usize) {
        let (part, bytes) = self.part(line);
        let Line {
            publisher: Some(publisher),
            epoch,
            ..
        } = &mut self.lines[line]
        else {
            return;
        };
        if epoch.is_none() {
            // Its presentation was removed, which it learns now.
            let outcome = publisher.publish(part.independent());
            assert!(matches!(outcome, Err(PublishError::Gone)), "{outcome:?}");
            self.lines[line].publisher = None;
            return;
        }
        let again = part.clone().independent();
        let outcome = match publisher.publish(part) {
            // It opens a segment, and such a part has to be independent.
            Err(PublishError::Refused(_)) => publisher.publish(again),
            outcome => outcome,
        };
        self.published(line, outcome, &bytes);
    }

    /// Both renditions of a presentation at one instant.
    fn publish_together(&mut self) {
        let parts = [self.part(0), self.part(1)];
        let [(one, one_bytes), (other, other_bytes)] = parts;
        let [first, second] = self.lines.get_disjoint_mut([0, 1]).unwrap();
        let (Some(_), Some(_)) = (&first.epoch, &second.epoch) else {
            return;
        };
        let (Some(first), Some(second)) = (&mut first.publisher, &mut second.publisher) else {
            return;
        };
        let outcomes = Publisher::publish_together([(first, one), (second, other)]);
        let bytes = [one_bytes, other_bytes];
        for (line, (outcome, bytes)) in outcomes.into_iter().zip(bytes).enumerate() {
            self.published(line, outcome, &bytes);
        }
    }

    /// Books what was published.
    fn published(&mut self, line: usize, outcome: Result<Published, PublishError>, bytes: &Bytes) {
        let line = &mut self.lines[line];
        match outcome {
            Ok(published) => {
                let view = line.publisher.as_ref().unwrap().view();
                let part = view.names().part(published.position).to_string();
                let segment = view.names().segment(published.position.msn).to_string();
                let books = self.books.get_mut(line.epoch.as_ref().unwrap()).unwrap();
                books.part(&part, &segment, bytes);
            }
            Err(PublishError::Ended | PublishError::Gone) => line.publisher = None,
            Err(PublishError::Refused(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }

    fn event(&mut self) {
        let line = self.random.below(self.lines.len() as u64) as usize;
        match self.random.below(24) {
            0..=5 => self.connect(line),
            6 => self.lines[line].publisher = None,
            7 => {
                let line = &mut self.lines[line];
                line.init = self.random.below(3);
                if let (Some(publisher), Some(epoch)) = (&mut line.publisher, &line.epoch) {
                    let bytes = Bytes::from(format!("init {}", line.init));
                    let version = publisher.init(bytes.clone());
                    let file = publisher.view().names().init(version).to_string();
                    self.books.get_mut(epoch).unwrap().init(&file, &bytes);
                }
            }
            8 => {
                if let Some(publisher) = self.lines[line].publisher.take() {
                    publisher.fin();
                }
            }
            9 if self.random.one_in(2) => {
                self.playlists.fin(self.lines[line].presentation);
            }
            10 if self.random.one_in(4) => self.remove(self.lines[line].presentation),
            // Clocks are set, forwards and back.
            11 => self.lines[line].clock += self.random.below(10_000),
            12 => self.lines[line].clock -= self.random.below(10_000),
            // An encoder knows what it lost.
            13 => {
                let lost = Duration::from_millis(self.random.below(5_000));
                let line = &mut self.lines[line];
                if let (Some(publisher), Some(_)) = (&mut line.publisher, &line.epoch) {
                    let _ = publisher.gap(lost);
                }
            }
            14 => {
                for mut publisher in self.displaced.drain(..) {
                    let part =
                        Part::new(Bytes::from_static(b"late"), MediaDuration::from_millis(500));
                    let outcome = publisher.publish(part.independent());
                    let told = matches!(
                        outcome,
                        Err(PublishError::Superseded | PublishError::Ended | PublishError::Gone)
                    );
                    assert!(told, "{outcome:?}");
                }
            }
            _ => {}
        }
    }

    /// A publisher comes: the first, one too many, one that returns, one after the end.
    fn connect(&mut self, line: usize) {
        self.epochs += 1;
        let epoch = format!("e{}", self.epochs);
        let line = &mut self.lines[line];
        let config: RenditionConfig = match line.rendition {
            "video" => video(&epoch),
            _ => audio(&epoch),
        };
        let (presentation, rendition) = (name(line.presentation), name(line.rendition));
        let ended = |publisher: &Publisher| publisher.view().edge().is_ended();
        let over = line.publisher.as_ref().is_some_and(ended);
        let publisher = self.playlists.publisher(&presentation, &rendition, config);
        let mut publisher = match publisher {
            Ok(publisher) => publisher,
            Err(PublisherError::Conflict) => {
                let refused = self.on_conflict == OnConflict::Refuse;
                assert!(
                    refused && line.publisher.is_some(),
                    "a conflict with nobody"
                );
                return;
            }
            Err(error) => panic!("{error}"),
        };
        if let Some(before) = line.publisher.take()
            && line.epoch.is_some()
        {
            // What has ended may be followed by a new life while its publisher does not know yet.
            let taken = self.on_conflict == OnConflict::TakeOver;
            assert!(over || taken, "two publishers at a time");
            self.displaced.push(before);
        }
        let view = publisher.view();
        let current = view.names().epoch().to_owned();
        let books = self.books.entry(current.clone()).or_default();
        books.check_edge(&view.edge());
        // A new life goes on where the old one ended (UP-17).
        if let Some(before) = line.epoch.replace(current.clone())
            && before != current
        {
            assert_eq!(current, epoch);
            let edge = self.books[&before].last_edge();
            self.books.get_mut(&current).unwrap().continue_from(edge);
        }
        let bytes = Bytes::from(format!("init {}", line.init));
        let version = publisher.init(bytes.clone());
        let file = publisher.view().names().init(version).to_string();
        self.books.get_mut(&current).unwrap().init(&file, &bytes);
        line.publisher = Some(publisher);
    }

    fn remove(&mut self, presentation: &str) {
        self.playlists.remove(presentation);
        for line in self
            .lines
            .iter_mut()
            .filter(|line| line.presentation == presentation)
        {
            // Numbers may begin anew: so do the names.
            line.epoch = None;
        }
    }

    fn viewer(&self, line: usize) -> Option<(String, Viewer)> {
        let line = &self.lines[line];
        let epoch = line.epoch.clone()?;
        let viewer = self.playlists.viewer(line.presentation, line.rendition)?;
        Some((epoch, viewer))
    }

    fn ask(&mut self) {
        let line = self.random.below(self.lines.len() as u64) as usize;
        if let Some((epoch, viewer)) = self.viewer(line) {
            self.requests
                .extend(Request::random(epoch, &viewer, &mut self.random));
        }
    }

    /// Lets everybody run who can, and looks at what came of it.
    async fn settle(&mut self) {
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
        let (finished, pending) = std::mem::take(&mut self.requests)
            .into_iter()
            .partition::<Vec<_>, _>(Request::is_finished);
        for request in &pending {
            request.check_pending();
        }
        self.requests = pending;
        for request in finished {
            self.check(request).await;
        }
    }

    async fn check(&mut self, request: Request) {
        let waited = request.since.elapsed();
        let current = |line: &Line| line.epoch.as_ref() == Some(&request.epoch);
        // Removed, or ended and replaced.
        let gone = !self.lines.iter().any(current);
        let books = self.books.get_mut(&request.epoch).unwrap();
        match request.kind {
            Kind::Playlist {
                directives,
                expected,
                coding,
                task,
            } => match task.await.unwrap() {
                Ok(body) => {
                    let text = text(&body, coding);
                    let media = books.check_body(&text, Instant::now());
                    assert!(directives.skip.is_some() || media.skipped == 0, "LL-31");
                    match expected {
                        Decision::Wait(target) => check_target(&media, target),
                        Decision::Ready => assert_eq!(waited, Duration::ZERO),
                        Decision::Reject(reason) => panic!("{reason} was answered"),
                    }
                    self.answered += 1;
                    body.bytes.hash(&mut self.transcript);
                    if !gone {
                        for name in named(&media) {
                            fetch(books, &request.viewer, &name).await;
                        }
                    }
                }
                Err(PlaylistError::Rejected(reason)) => {
                    assert_eq!(expected, Decision::Reject(reason));
                }
                Err(PlaylistError::TimedOut) => {
                    assert!(matches!(expected, Decision::Wait(_)) && waited >= LONGEST);
                }
                Err(PlaylistError::Gone) => assert!(gone, "nobody removed it"),
                Err(error) => panic!("{error}"),
            },
            Kind::Resource { name, task } => match task.await.unwrap() {
                Ok(Resource::Part(bytes) | Resource::Init(bytes)) => {
                    books.check_bytes(&name, &bytes);
                    bytes.hash(&mut self.transcript);
                    self.answered += 1;
                }
                Err(MediaError::TimedOut) => assert!(waited >= LONGEST),
                Err(MediaError::Gone) => assert!(gone, "nobody removed it"),
                // A hint that was given up, or a part behind it (HINT-03, HINT-04).
                Err(MediaError::NotFound) => {}
                other => panic!("{name}: {other:?}"),
            },
        }
    }

    /// Looks at one rendition as a new viewer would.
    async fn audit(&mut self) {
        let line = self.random.below(self.lines.len() as u64) as usize;
        let Some((epoch, viewer)) = self.viewer(line) else {
            return;
        };
        let books = self.books.get_mut(&epoch).unwrap();
        let snapshot = viewer.snapshot().unwrap();
        books.check_edge(&snapshot.view().edge());
        if !snapshot.view().is_playable() {
            return;
        }
        let body = snapshot.body(Form::Full, Coding::Identity);
        body.bytes.hash(&mut self.transcript);
        let media = books.check_body(&text(&body, Coding::Identity), Instant::now());
        // Laws 1 and 2: what is named is there, and what was named stays as long as it must.
        for name in named(&media)
            .into_iter()
            .chain(books.promised(Instant::now()))
        {
            fetch(books, &viewer, &name).await;
        }
        // A delta says what the full one says.
        for coding in [Coding::Identity, Coding::Gzip] {
            let directives = directives("_HLS_skip=YES");
            let body = viewer.playlist(&directives, coding).await.unwrap();
            books.check_body(&text(&body, coding), Instant::now());
        }
        self.audit_dvr(&epoch, &viewer).await;
        self.audit_presentation(line, &media).await;
    }

    /// What one rendition says of its siblings, and what the multivariant playlist says of all.
    async fn audit_presentation(&mut self, line: usize, media: &Media) {
        let Line {
            presentation,
            rendition,
            ..
        } = self.lines[line];
        let siblings: Vec<Viewer> = self
            .playlists
            .active()
            .into_iter()
            .filter(|info| info.name.as_str() == presentation)
            .flat_map(|info| info.renditions)
            .filter_map(|info| self.playlists.viewer(presentation, info.name.as_str()))
            .collect();
        for (uri, msn, part) in &media.reports {
            let name = uri
                .strip_prefix("../")
                .and_then(|uri| uri.strip_suffix("/media.m3u8"));
            let name = name.unwrap_or_else(|| panic!("a report on {uri}"));
            assert_ne!(name, rendition, "LL-28: a report on itself");
            let sibling = self.playlists.viewer(presentation, name).expect("LL-25");
            let reported = (*msn, part.expect("LL-27"));
            let edge = sibling.edge().unwrap();
            // A new life that has no part yet goes on behind the old one, which was reported.
            let next = edge.next_part();
            let next = (next.msn.value(), u64::from(next.part.value()));
            assert!(
                reported < next,
                "LL-26: {reported:?} of {name}, which waits for {next:?}"
            );
        }
        let control = |viewer: &Viewer| viewer.snapshot().unwrap().view().server_control();
        let first = control(&siblings[0]);
        assert!(
            siblings.iter().all(|viewer| control(viewer) == first),
            "LL-11"
        );

        let playable = |viewer: &Viewer| viewer.snapshot().unwrap().view().is_playable();
        if siblings.iter().all(playable) {
            let body = self
                .playlists
                .multivariant(presentation, Coding::Gzip)
                .await;
            let text = text(&body.unwrap(), Coding::Gzip);
            playlist_oracle::assert_multivariant(&text);
            text.hash(&mut self.transcript);
            for line in text.lines().filter(|line| !line.starts_with('#')) {
                let name = line.strip_suffix("/media.m3u8").expect("a media playlist");
                assert!(self.playlists.viewer(presentation, name).is_some());
            }
        }
    }

    async fn audit_dvr(&mut self, epoch: &str, viewer: &Viewer) {
        let dvr = viewer.dvr().unwrap();
        let listed: Result<Body, _> = dvr.playlist(&directives(""), Coding::Identity).await;
        // Before its first segment it would wait; the archive is behind now and then.
        let Ok(body) = listed else {
            return;
        };
        body.bytes.hash(&mut self.transcript);
        let listing = self.dvr_books.entry(epoch.to_owned()).or_default();
        let media = listing.check_body(&text(&body, Coding::Identity), Instant::now());
        for name in named(&media) {
            let bytes = match dvr
                .resource(&name)
                .unwrap_or_else(|it| panic!("{name}: {it}"))
            {
                DvrResource::Memory(parts) => Bytes::from(parts.concat()),
                DvrResource::Archived(file) => {
                    let key = (file.recording().clone(), file.file().to_owned());
                    self.sink.files[&key].clone()
                }
                other => panic!("{other:?}"),
            };
            self.books[epoch].check_bytes(&name, &bytes);
        }
    }

    /// Everything ends, and nothing is left.
    pub(super) async fn close(mut self) -> u64 {
        for presentation in ["one", "two", "three"] {
            self.remove(presentation);
        }
        self.settle().await;
        assert!(self.requests.is_empty(), "somebody still waits");
        for line in &mut self.lines {
            line.publisher = None;
        }
        self.displaced.clear();
        work(&mut self.worker, &mut self.sink);
        // What players have a claim on is kept for as long as they have it (UP-16).
        tokio::time::advance(Duration::from_secs(3600)).await;
        self.playlists.tick(Instant::now());
        let stats = self.playlists.stats();
        let now = stats.renditions_total;
        let left = (stats.presentations, stats.renditions, stats.publishers);
        assert_eq!((left, now.waiting, now.held_bytes), ((0, 0, 0), 0, 0));
        assert!(self.playlists.active().is_empty());
        assert!(
            self.answered > 10,
            "only {} requests were answered",
            self.answered
        );
        self.transcript.finish()
    }
}

async fn fetch(books: &Books, viewer: &Viewer, name: &str) {
    match viewer.resource(name).await {
        Ok(Resource::Part(bytes) | Resource::Init(bytes)) => books.check_bytes(name, &bytes),
        Ok(Resource::Segment(parts)) => books.check_bytes(name, &parts.concat()),
        other => panic!("{name} was named, but {other:?}"),
    }
}
