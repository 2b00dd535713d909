//! What was recorded, by name, on demand: found in the directory at start, added to as streams
//! come.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use llhls::registry::{Body, Coding, Directory, Recording, RecordingId, StreamName};

/// Segments of all recordings together whose indices are kept in memory.
const LOADED_SEGMENTS: usize = 200_000;

/// What a kept segment takes: its facts, and its lines of text, plain and compressed.
const SEGMENT_BYTES: u64 = 300;

/// What the shelf may keep in memory, in bytes.
pub(crate) const LOADED_BYTES: u64 = LOADED_SEGMENTS as u64 * SEGMENT_BYTES;

/// How long a loaded index counts: recordings are deleted for their age or for want of room.
const FRESH: Duration = Duration::from_secs(10);

/// The recordings of a directory. Looking for what was never recorded touches no disk.
#[derive(Debug)]
pub(crate) struct Shelf {
    directory: Directory,
    query_parameter: Option<String>,
    books: Mutex<Books>,
    /// One index at a time is read: whoever asks for many of them waits for himself.
    loading: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Books {
    /// By presentation and rendition, the newest last.
    catalogue: BTreeMap<StreamName, BTreeMap<StreamName, Vec<RecordingId>>>,
    /// The least recently loaded first.
    loaded: VecDeque<(Instant, Arc<OnDemand>)>,
}

/// A recording as it stands, with its playlist.
#[derive(Debug)]
pub(crate) struct OnDemand {
    pub(crate) recording: Recording,
    playlist: [Body; 2],
}

impl OnDemand {
    pub(crate) fn playlist(&self, coding: Coding) -> Body {
        let at = usize::from(coding == Coding::Gzip);
        self.playlist[at].clone()
    }

    /// In whole seconds.
    pub(crate) fn target_duration(&self) -> u64 {
        self.recording.target_duration().as_millis() / 1000
    }
}

impl Books {
    fn add(&mut self, id: &RecordingId) {
        let renditions = self.catalogue.entry(id.presentation().clone()).or_default();
        let recordings = renditions.entry(id.rendition().clone()).or_default();
        if recordings.last() != Some(id) {
            recordings.retain(|known| known != id);
            recordings.push(id.clone());
        }
    }

    fn remove(&mut self, id: &RecordingId) {
        let Some(renditions) = self.catalogue.get_mut(id.presentation()) else {
            return;
        };
        if let Some(recordings) = renditions.get_mut(id.rendition()) {
            recordings.retain(|known| known != id);
        }
        renditions.retain(|_, recordings| !recordings.is_empty());
        if renditions.is_empty() {
            self.catalogue.remove(id.presentation());
        }
    }

    fn unload(&mut self, id: &RecordingId) {
        self.loaded
            .retain(|(_, loaded)| loaded.recording.id() != id);
    }

    fn loaded(&self, id: &RecordingId) -> Option<Arc<OnDemand>> {
        let fresh = |(at, loaded): &&(Instant, Arc<OnDemand>)| {
            loaded.recording.id() == id && at.elapsed() < FRESH
        };
        let (_, loaded) = self.loaded.iter().find(fresh)?;
        Some(Arc::clone(loaded))
    }

    fn keep(&mut self, loaded: Arc<OnDemand>) {
        self.unload(loaded.recording.id());
        self.loaded.push_back((Instant::now(), loaded));
        let len = |(_, it): &(Instant, Arc<OnDemand>)| it.recording.segments().len();
        let mut segments: usize = self.loaded.iter().map(len).sum();
        while segments > LOADED_SEGMENTS
            && let Some(oldest) = self.loaded.pop_front()
        {
            segments -= len(&oldest);
        }
    }
}

impl Shelf {
    /// Reads what is there. Linear in all that was recorded.
    pub(super) fn open(directory: Directory, query_parameter: Option<&str>) -> io::Result<Self> {
        let mut found = Vec::new();
        for id in directory.recordings()? {
            // What cannot be read is none of ours.
            let recording = directory.recording(&id).ok().flatten();
            if let Some((_, last)) = recording.and_then(|it| it.stored()) {
                found.push((last, id));
            }
        }
        found.sort();
        let mut books = Books::default();
        for (_, id) in &found {
            books.add(id);
        }
        Ok(Self {
            directory,
            query_parameter: query_parameter.map(str::to_owned),
            books: Mutex::new(books),
            loading: tokio::sync::Mutex::default(),
        })
    }

    /// Another segment of it was stored.
    pub(super) fn changed(&self, id: &RecordingId) {
        let mut books = self.books();
        books.add(id);
        books.unload(id);
    }

    /// How many streams there are recordings of.
    pub(crate) fn len(&self) -> usize {
        self.books().catalogue.len()
    }

    /// The first `limit` streams with recordings that `keep` says yes to and whose names come after
    /// `after`, with their renditions.
    pub(crate) fn streams(
        &self,
        after: Option<&str>,
        limit: usize,
        keep: impl Fn(&StreamName) -> bool,
    ) -> Vec<(StreamName, Vec<StreamName>)> {
        let books = self.books();
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let range = books.catalogue.range::<str, _>((start, Bound::Unbounded));
        range
            .filter(|(name, _)| keep(name))
            .take(limit)
            .map(|(name, renditions)| (name.clone(), renditions.keys().cloned().collect()))
            .collect()
    }

    /// The renditions of a stream that there are recordings of; none where there are none.
    pub(crate) fn renditions(&self, presentation: &str) -> Vec<StreamName> {
        let books = self.books();
        let renditions = books.catalogue.get(presentation);
        renditions.map_or_else(Vec::new, |it| it.keys().cloned().collect())
    }

    /// The newest recording of a rendition.
    pub(crate) fn newest(&self, presentation: &str, rendition: &str) -> Option<RecordingId> {
        let books = self.books();
        let recordings = books.catalogue.get(presentation)?.get(rendition)?;
        recordings.last().cloned()
    }

    /// The recording of a rendition whose resource this name is, if there is such a resource.
    pub(crate) fn owner(
        &self,
        presentation: &str,
        rendition: &str,
        name: &str,
    ) -> Option<RecordingId> {
        let (epoch, _) = name.split_once('-')?;
        let is_legal = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
        let books = self.books();
        let recordings = books.catalogue.get(presentation)?.get(rendition)?;
        let owner = recordings.iter().find(|id| id.epoch() == epoch)?;
        name.bytes().all(is_legal).then(|| owner.clone())
    }

    /// The multivariant playlist of what was recorded last of a presentation: of each rendition
    /// that was there at the same time as the newest one.
    pub(crate) async fn multivariant(
        &self,
        presentation: &str,
        coding: Coding,
    ) -> Option<(Body, u64)> {
        let ids: Vec<_> = {
            let books = self.books();
            let renditions = books.catalogue.get(presentation)?.values();
            renditions.filter_map(|it| it.last().cloned()).collect()
        };
        let mut recorded = Vec::new();
        for id in &ids {
            recorded.extend(self.load(id).await);
        }
        let stored = |it: &Arc<OnDemand>| it.recording.stored();
        let (began, _) = recorded
            .iter()
            .filter_map(stored)
            .max_by_key(|(_, last): &(SystemTime, SystemTime)| *last)?;
        recorded.retain(|it| stored(it).is_some_and(|(_, last)| last >= began));
        let target = recorded.iter().map(|it| it.target_duration()).max()?;
        let text = Recording::multivariant(
            recorded.iter().map(|it| &it.recording),
            self.query_parameter.as_deref(),
        )?;
        Some((Body::of(text, coding), target))
    }

    /// A recording with its playlist; `None` when it was deleted.
    ///
    /// # Cancel safety
    ///
    /// What is being read when the future is dropped is read to its end, and not kept.
    pub(crate) async fn load(&self, id: &RecordingId) -> Option<Arc<OnDemand>> {
        if let Some(loaded) = self.books().loaded(id) {
            return Some(loaded);
        }
        let _one_at_a_time = self.loading.lock().await;
        if let Some(loaded) = self.books().loaded(id) {
            return Some(loaded);
        }
        let (directory, query, wanted) = (
            self.directory.clone(),
            self.query_parameter.clone(),
            id.clone(),
        );
        let read = move || -> io::Result<Option<OnDemand>> {
            let Some(recording) = directory.recording(&wanted)? else {
                return Ok(None);
            };
            let Some(text) = recording.playlist_with(query.as_deref()) else {
                return Ok(None);
            };
            let playlist = [
                Body::of(text.clone(), Coding::Identity),
                Body::of(text, Coding::Gzip),
            ];
            Ok(Some(OnDemand {
                recording,
                playlist,
            }))
        };
        let read = tokio::task::spawn_blocking(read).await.ok()?;
        let mut books = self.books();
        match read {
            Ok(Some(on_demand)) => {
                let loaded = Arc::new(on_demand);
                books.keep(Arc::clone(&loaded));
                Some(loaded)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                books.remove(id);
                None
            }
            Err(error) => {
                tracing::warn!(recording = %id, "a recording cannot be read: {error}");
                None
            }
            Ok(None) => None,
        }
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        // Nothing under this lock panics half-way.
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
