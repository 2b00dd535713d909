//! What a connection is doing: whether it is idle, and whether its answers are being taken.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::Phase;
use super::limits::Limits;
use crate::sight::{Connected, Protocol};

/// The requests of all connections.
#[derive(Debug)]
pub(super) struct Traffic {
    limit: u64,
    /// How many there are, and in units of [`READ`] those of them that only read: one word, since
    /// all cores write to it for each request.
    requests: AtomicU64,
    /// Told when the last of those that only read ends.
    quiet: Notify,
}

/// A request that only reads, GET, HEAD or OPTIONS, in the upper half of a count of requests.
const READ: u64 = 1 << 32;

impl Traffic {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            // A request more than fits would be a read.
            limit: u64::try_from(limit).map_or(READ / 2, |limit| limit.min(READ / 2)),
            requests: AtomicU64::new(0),
            quiet: Notify::new(),
        }
    }

    /// Completes when no request that only reads is under way.
    pub(super) async fn quiet(&self) {
        // A permit from earlier makes the first turn of this loop idle, and nothing worse.
        while self.requests.load(Ordering::Acquire) >= READ {
            self.quiet.notified().await;
        }
    }

    fn end(&self, effect: Effect) {
        // Release, with the Acquire in `quiet`: whoever finds no reads sees all that was done before.
        let before = self.requests.fetch_sub(effect.unit(), Ordering::Release);
        if effect == Effect::Reads && before / READ == 1 {
            self.quiet.notify_one();
        }
    }
}

/// How many spans of time are told apart; see [`Activity::verdict`].
const SPANS: usize = 4;

/// What is known of one connection, shared by its task and its requests.
#[derive(Debug)]
pub(super) struct Activity {
    born: Instant,
    /// When the head of the first request must be there.
    first_head: Instant,
    traffic: Arc<Traffic>,
    phase: watch::Sender<Phase>,
    idle_time: Duration,
    /// Half of `answer_time`.
    span: Duration,
    requests: AtomicU32,
    /// Milliseconds from `born` to the end of the last request; [`NONE_YET`] before the first.
    quiet_since: AtomicU64,
    /// The span of time that it is now.
    current: AtomicUsize,
    /// Milliseconds from `born` to the start of each span.
    starts: [AtomicU64; SPANS],
    /// Answers on their way, by the span of time in which they began.
    sending: [AtomicU32; SPANS],
    connected: Connected,
}

const NONE_YET: u64 = u64::MAX;

/// What the timer of a connection finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// All is well; look again then.
    Well(Instant),
    /// No request for too long, or none at all: close in order.
    Idle,
    /// An answer is not being taken: close.
    Stuck,
}

/// Whether a request only reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    Reads,
    Writes,
}

impl Effect {
    /// What it adds to a count of requests.
    const fn unit(self) -> u64 {
        match self {
            Self::Reads => READ + 1,
            Self::Writes => 1,
        }
    }
}

/// A request under way; dropping it ends it.
#[derive(Debug)]
pub(super) struct Underway {
    activity: Arc<Activity>,
    effect: Effect,
    sending: Option<usize>,
}

impl Activity {
    pub(super) fn new(
        limits: &Limits,
        traffic: Arc<Traffic>,
        phase: watch::Sender<Phase>,
        first_head: Instant,
        connected: Connected,
    ) -> Arc<Self> {
        Arc::new(Self {
            born: Instant::now(),
            first_head,
            traffic,
            phase,
            idle_time: limits.idle_time.max(Duration::from_millis(1)),
            span: (limits.answer_time / 2).max(Duration::from_millis(1)),
            requests: AtomicU32::new(0),
            quiet_since: AtomicU64::new(NONE_YET),
            current: AtomicUsize::new(0),
            starts: Default::default(),
            sending: Default::default(),
            connected,
        })
    }

    /// A request came in this version of HTTP.
    pub(super) fn speaks(&self, version: http::Version) {
        self.connected.speaks(Protocol::from(version));
    }

    /// Begins a request; `None` when the server has as many as it may.
    pub(super) fn begin(self: &Arc<Self>, effect: Effect) -> Option<Underway> {
        // Relaxed: these counts guard memory, not data.
        let traffic = &self.traffic;
        let before = traffic.requests.fetch_add(effect.unit(), Ordering::Relaxed);
        if before % READ >= traffic.limit {
            traffic.end(effect);
            self.connected.transport().refused_request();
            return None;
        }
        self.requests.fetch_add(1, Ordering::Relaxed);
        Some(Underway {
            activity: Arc::clone(self),
            effect,
            sending: None,
        })
    }

    /// What the connection's timer should do now.
    ///
    /// It looks once a span while there are requests, and each look that finds a span over begins
    /// the next one. An answer counts among those of the span that it found: it has had as long as
    /// that span is over, to the millisecond, and at most a span more. So the clock is not read for
    /// an answer, and none has a timer.
    pub(super) fn verdict(&self, now: Instant) -> Verdict {
        let next = now + self.span.min(self.idle_time);
        let current = self.turn(self.millis(now));
        if self.requests.load(Ordering::Relaxed) > 0 {
            return if self.is_stuck(current, self.millis(now)) {
                Verdict::Stuck
            } else {
                Verdict::Well(next)
            };
        }
        let until = match self.quiet_since.load(Ordering::Relaxed) {
            NONE_YET => self.first_head,
            since => self.born + Duration::from_millis(since) + self.idle_time,
        };
        if until <= now {
            Verdict::Idle
        } else {
            Verdict::Well(until.min(next))
        }
    }

    /// Begins the next span where this one is over; gives the one that it is then.
    fn turn(&self, now: u64) -> usize {
        let current = self.current.load(Ordering::Relaxed);
        let start = self.starts[current].load(Ordering::Relaxed);
        if now.saturating_sub(start) < millis(self.span) {
            return current;
        }
        let next = (current + 1) % SPANS;
        self.starts[next].store(now, Ordering::Relaxed);
        self.current.store(next, Ordering::Relaxed);
        next
    }

    /// Whether an answer is under way that began at least two whole spans ago.
    fn is_stuck(&self, current: usize, now: u64) -> bool {
        (1..SPANS).any(|after| {
            // From the oldest on. A span ends where the one after it starts.
            let (span, next) = ((current + after) % SPANS, (current + after + 1) % SPANS);
            let end = self.starts[next].load(Ordering::Relaxed);
            now >= end + 2 * millis(self.span) && self.sending[span].load(Ordering::Relaxed) > 0
        })
    }

    fn millis(&self, now: Instant) -> u64 {
        millis(now.duration_since(self.born))
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(NONE_YET - 1)
}

impl Underway {
    /// The answer begins: from now on the client must take it.
    pub(super) fn answer(&mut self) {
        let span = self.activity.current.load(Ordering::Relaxed);
        self.activity.sending[span].fetch_add(1, Ordering::Relaxed);
        self.sending = Some(span);
    }

    /// Completes when a request that still waits has to be answered otherwise. Never, once the
    /// server is gone: then nothing is too late.
    pub(super) fn too_late(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut phase = self.activity.phase.subscribe();
        async move {
            if phase.wait_for(|phase| *phase >= Phase::Late).await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        let activity = &self.activity;
        if let Some(span) = self.sending {
            activity.sending[span].fetch_sub(1, Ordering::Relaxed);
        }
        let now = activity.millis(Instant::now());
        activity.quiet_since.store(now, Ordering::Relaxed);
        activity.requests.fetch_sub(1, Ordering::Relaxed);
        activity.traffic.end(self.effect);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sight::{Security, Transport};

    fn activity() -> Arc<Activity> {
        let limits = Limits::new()
            .idle_time(Duration::from_secs(60))
            .answer_time(Duration::from_secs(20));
        let first_head = Instant::now() + Duration::from_secs(10);
        let connected = Arc::new(Transport::default()).enter(Security::Clear);
        let phase = watch::Sender::new(Phase::Serving);
        let traffic = Arc::new(Traffic::new(2));
        Activity::new(&limits, traffic, phase, first_head, connected)
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_idle_without_requests_and_only_then() {
        let activity = activity();
        let soon = activity.verdict(Instant::now());
        assert_eq!(soon, Verdict::Well(activity.first_head));
        let then = activity.verdict(activity.first_head);
        assert_eq!(then, Verdict::Idle, "no request came");
        let request = activity.begin(Effect::Reads).unwrap();
        tokio::time::advance(Duration::from_secs(600)).await;
        let verdict = activity.verdict(Instant::now());
        assert!(
            matches!(verdict, Verdict::Well(_)),
            "a held request is no idleness"
        );
        drop(request);
        assert!(matches!(activity.verdict(Instant::now()), Verdict::Well(_)));
        tokio::time::advance(Duration::from_secs(60)).await;
        assert_eq!(activity.verdict(Instant::now()), Verdict::Idle);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_has_its_time_and_half_as_much_again() {
        for start in [0, 1, 9, 10, 25, 39] {
            let activity = activity();
            tokio::time::advance(Duration::from_secs(start)).await;
            let mut request = activity.begin(Effect::Reads).unwrap();
            request.answer();
            let mut taken = 0;
            while activity.verdict(Instant::now()) != Verdict::Stuck {
                tokio::time::advance(Duration::from_secs(1)).await;
                taken += 1;
                assert!(taken <= 30, "never found");
            }
            assert!(taken >= 20, "found after {taken} s, begun at {start} s");
            drop(request);
            assert_ne!(activity.verdict(Instant::now()), Verdict::Stuck);
        }
    }

    #[tokio::test]
    async fn requests_are_bounded_in_all_and_quiet_is_told() {
        let activity = activity();
        let first = activity.begin(Effect::Reads).unwrap();
        let upload = activity.begin(Effect::Writes).unwrap();
        assert!(activity.begin(Effect::Reads).is_none());
        let traffic = Arc::clone(&activity.traffic);
        let quiet = tokio::spawn(async move { traffic.quiet().await });
        tokio::task::yield_now().await;
        assert!(!quiet.is_finished());
        drop(first);
        quiet.await.unwrap();
        drop(upload);
        assert_eq!(activity.traffic.requests.load(Ordering::Relaxed), 0);
    }
}
