//! What a connection is doing: whether it is idle, and whether its answers are being taken.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::limits::Limits;
use crate::sight::{Connected, Protocol};

/// The requests of all connections.
#[derive(Debug)]
pub(super) struct Traffic {
    limit: usize,
    requests: AtomicUsize,
    /// Those of them that only read: GET, HEAD, OPTIONS.
    reads: AtomicUsize,
    /// Told when the last of `reads` ends.
    quiet: Notify,
}

impl Traffic {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            requests: AtomicUsize::new(0),
            reads: AtomicUsize::new(0),
            quiet: Notify::new(),
        }
    }

    /// Completes when no request that only reads is under way.
    pub(super) async fn quiet(&self) {
        // A permit from earlier makes the first turn of this loop idle, and nothing worse.
        while self.reads.load(Ordering::Acquire) > 0 {
            self.quiet.notified().await;
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
    idle_time: Duration,
    /// Half of `answer_time`.
    span: Duration,
    requests: AtomicU32,
    /// Milliseconds from `born` to the end of the last request; [`NONE_YET`] before the first.
    quiet_since: AtomicU64,
    /// Answers on their way, by the span of time in which they began, modulo [`SPANS`].
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
        first_head: Instant,
        connected: Connected,
    ) -> Arc<Self> {
        Arc::new(Self {
            born: Instant::now(),
            first_head,
            traffic,
            idle_time: limits.idle_time.max(Duration::from_millis(1)),
            span: (limits.answer_time / 2).max(Duration::from_millis(1)),
            requests: AtomicU32::new(0),
            quiet_since: AtomicU64::new(NONE_YET),
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
        if traffic.requests.fetch_add(1, Ordering::Relaxed) >= traffic.limit {
            traffic.requests.fetch_sub(1, Ordering::Relaxed);
            self.connected.transport().refused_request();
            return None;
        }
        if effect == Effect::Reads {
            traffic.reads.fetch_add(1, Ordering::Relaxed);
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
    /// An answer that began three spans ago or earlier has had at least `answer_time`, that is two
    /// whole spans. Counting answers by span instead of giving each a timer costs one addition.
    pub(super) fn verdict(&self, now: Instant) -> Verdict {
        let next = now + self.span.min(self.idle_time);
        if self.requests.load(Ordering::Relaxed) > 0 {
            let oldest = (self.span_at(now) + 1) % SPANS;
            return if self.sending[oldest].load(Ordering::Relaxed) > 0 {
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

    fn span_at(&self, now: Instant) -> usize {
        let spans = now.duration_since(self.born).as_nanos() / self.span.as_nanos();
        // The remainder is below SPANS.
        (spans % SPANS as u128) as usize
    }
}

impl Underway {
    /// The answer begins: from now on the client must take it.
    pub(super) fn answer(&mut self) {
        let span = self.activity.span_at(Instant::now());
        self.activity.sending[span].fetch_add(1, Ordering::Relaxed);
        self.sending = Some(span);
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        let activity = &self.activity;
        if let Some(span) = self.sending {
            activity.sending[span].fetch_sub(1, Ordering::Relaxed);
        }
        let now = activity.born.elapsed().as_millis();
        let now = u64::try_from(now).unwrap_or(NONE_YET - 1);
        activity.quiet_since.store(now, Ordering::Relaxed);
        activity.requests.fetch_sub(1, Ordering::Relaxed);
        activity.traffic.requests.fetch_sub(1, Ordering::Relaxed);
        if self.effect == Effect::Reads
            // Release, with the Acquire in `quiet`: whoever finds zero sees all that was done before.
            && activity.traffic.reads.fetch_sub(1, Ordering::Release) == 1
        {
            activity.traffic.quiet.notify_one();
        }
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
        Activity::new(&limits, Arc::new(Traffic::new(2)), first_head, connected)
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
