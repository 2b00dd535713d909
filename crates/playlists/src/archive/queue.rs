//! The queue between publishers and the archive's thread: bounded, and never waited for.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::error::StoreError;
use super::segment::{ArchivedSegment, SegmentFacts};
use super::sink::SegmentSink;
use super::worker::ArchiveWorker;
use crate::dvr::Dvr;

/// Bounds of an [`Archive`].
#[derive(Clone, Copy, Debug)]
pub struct ArchiveConfig {
    pub(crate) segments: usize,
    pub(crate) bytes: u64,
    pub(crate) window: Duration,
}

impl ArchiveConfig {
    /// The defaults named at each setter.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            segments: 4096,
            bytes: 256 << 20,
            window: Duration::from_secs(3600),
        }
    }

    /// Segments that may wait for the sink, of all streams together. Default 4096.
    #[must_use]
    pub const fn queue_segments(mut self, limit: usize) -> Self {
        self.segments = limit;
        self
    }

    /// Payload bytes that may wait for the sink. They come on top of what the rings hold.
    /// Default 256 MiB.
    #[must_use]
    pub const fn queue_bytes(mut self, limit: u64) -> Self {
        self.bytes = limit;
        self
    }

    /// How much media a DVR playlist lists. Default one hour.
    ///
    /// A removed segment stays for as long again, by the clock (UP-11), so the sink holds about
    /// twice this. Memory: about 250 bytes a segment, listed or removed; of a stream that comes
    /// faster than it plays four times as many are kept as are listed, and no more.
    #[must_use]
    pub const fn window(mut self, window: Duration) -> Self {
        self.window = window;
        self
    }
}

impl Default for ArchiveConfig {
    fn default() -> Self {
        Self::new()
    }
}

/// Counters of an [`Archive`] since it was made, and two gauges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ArchiveStats {
    /// Segments that were stored.
    pub stored: u64,
    /// Their bytes.
    pub stored_bytes: u64,
    /// Segments that did not fit into the queue.
    pub dropped: u64,
    /// Segments that the sink refused.
    pub failed: u64,
    /// Gauge: segments that wait for the sink.
    pub queued: usize,
    /// Gauge: their bytes.
    pub queued_bytes: u64,
}

/// How an archive does, judged by its last segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ArchiveHealth {
    /// It was stored, or there was none yet.
    #[default]
    Storing,
    /// It did not fit into the queue: the sink is slower than the streams, or hangs.
    Dropping,
    /// The sink refused it.
    Failing(StoreError),
}

/// Takes closed segments from publishers to a sink, without ever making a publisher wait.
///
/// Cloning shares it. Give it to [`RegistryConfig::archive`](crate::RegistryConfig::archive); the
/// worker ends when the last clone is dropped and everything queued is stored.
///
/// ```no_run
/// use playlists::{Archive, ArchiveConfig, DirectoryConfig, DirectorySink, Playlists, RegistryConfig};
///
/// let sink = DirectorySink::open(DirectoryConfig::new("/var/lib/live"))?;
/// let directory = sink.directory(); // where a handler finds the files
/// let archive = Archive::start(ArchiveConfig::new(), sink)?;
/// let playlists = Playlists::new(RegistryConfig::new().archive(archive.clone()))?;
/// println!("{:?} {:?}", archive.health(), archive.stats());
/// # let _ = (directory, playlists);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Archive {
    shared: Arc<Shared>,
    /// Shared by all producers; when the last one goes the worker learns it.
    _open: Arc<Open>,
}

/// What publishers and the worker share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) config: ArchiveConfig,
    queue: Mutex<Queue>,
    arrived: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    jobs: VecDeque<Job>,
    stats: ArchiveStats,
    health: ArchiveHealth,
    closed: bool,
}

/// Closes the queue when it is dropped.
#[derive(Debug)]
struct Open(Arc<Shared>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.arrived.notify_all();
    }
}

/// What the worker is told.
#[derive(Debug)]
pub(crate) enum Job {
    /// A segment, and what was lost before it.
    Segment(Arc<Dvr>, Missed, Box<ArchivedSegment>),
    /// A segment without bytes, and what was lost before it.
    Gap(Arc<Dvr>, Missed, SegmentFacts),
    /// The stream ended; what was lost at its end. Always accepted, once for each stream.
    End(Arc<Dvr>, Missed),
    /// Nobody reads the DVR playlist any more. Always accepted, once for each stream.
    Closed(super::segment::RecordingId),
}

/// Segments that did not fit into the queue, summed up: however many there are, they take no room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Missed {
    pub(crate) segments: u64,
    /// In nanoseconds.
    pub(crate) duration: u64,
    pub(crate) discontinuities: u64,
}

impl Archive {
    /// An archive, and the worker that has to be run for it.
    #[must_use]
    pub fn new(config: ArchiveConfig) -> (Self, ArchiveWorker) {
        let shared = Arc::new(Shared {
            config,
            queue: Mutex::default(),
            arrived: Condvar::new(),
        });
        let archive = Self {
            _open: Arc::new(Open(Arc::clone(&shared))),
            shared: Arc::clone(&shared),
        };
        (archive, ArchiveWorker::new(shared))
    }

    /// An archive whose worker runs on a thread of its own. If the sink panics, that thread ends
    /// and nothing is stored any more, which [`health`](Self::health) tells once the queue is full.
    ///
    /// # Errors
    ///
    /// When the operating system has no thread to give.
    pub fn start(
        config: ArchiveConfig,
        mut sink: impl SegmentSink + 'static,
    ) -> std::io::Result<Self> {
        let (archive, worker) = Self::new(config);
        std::thread::Builder::new()
            .name("archive".to_owned())
            .spawn(move || worker.run(&mut sink))?;
        Ok(archive)
    }

    /// How it does now.
    #[must_use]
    pub fn health(&self) -> ArchiveHealth {
        self.shared.lock().health
    }

    /// What it did so far.
    #[must_use]
    pub fn stats(&self) -> ArchiveStats {
        self.shared.lock().stats
    }

    pub(crate) fn window(&self) -> Duration {
        self.shared.config.window
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Whether a segment of so many bytes was taken; if not, it is counted. Never waits.
    pub(crate) fn offer(&self, bytes: u64, job: impl FnOnce() -> Job) -> bool {
        let mut queue = self.shared.lock();
        let config = &self.shared.config;
        let fits = queue.stats.queued < config.segments
            && queue.stats.queued_bytes.saturating_add(bytes) <= config.bytes;
        if fits {
            queue.stats.queued += 1;
            queue.stats.queued_bytes += bytes;
            queue.jobs.push_back(job());
            drop(queue);
            self.shared.arrived.notify_one();
        } else {
            queue.stats.dropped += 1;
            queue.health = ArchiveHealth::Dropping;
        }
        fits
    }
}

impl Shared {
    /// Takes a word about a stream, not about a segment.
    pub(crate) fn tell(&self, job: Job) {
        self.lock().jobs.push_back(job);
        self.arrived.notify_one();
    }

    /// The next job, if there is one.
    pub(crate) fn poll(&self) -> Polled {
        let mut queue = self.lock();
        match queue.jobs.pop_front() {
            Some(job) => Polled::Job(job),
            None if queue.closed => Polled::Closed,
            None => Polled::Empty,
        }
    }

    /// The next job; waits for one, but not much longer than `patience`.
    pub(crate) fn wait(&self, patience: Duration) -> Polled {
        let queue = self.lock();
        let idle = |queue: &mut Queue| queue.jobs.is_empty() && !queue.closed;
        let waited = self.arrived.wait_timeout_while(queue, patience, idle);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
        self.poll()
    }

    /// A segment of so many bytes left the queue, with this outcome; gaps have none.
    pub(crate) fn done(&self, bytes: u64, outcome: Option<Result<(), StoreError>>) {
        let mut queue = self.lock();
        queue.stats.queued -= 1;
        queue.stats.queued_bytes -= bytes;
        match outcome {
            None => {}
            Some(Ok(())) => {
                queue.stats.stored += 1;
                queue.stats.stored_bytes += bytes;
                queue.health = ArchiveHealth::Storing;
            }
            Some(Err(error)) => {
                queue.stats.failed += 1;
                queue.health = ArchiveHealth::Failing(error);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        // Nothing under this lock panics half-way.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a look into the queue found.
#[derive(Debug)]
pub(crate) enum Polled {
    Job(Job),
    Empty,
    /// Empty, and nobody is left who could add anything.
    Closed,
}
