//! A look at everything every two seconds, and what it showed in the last ten minutes: the graphs
//! of the status page, the last events of each stream, and what an operator should know.
//!
//! ```text
//!   every 2 s: registry, traffic, transport, process ──► Observed: server's samples
//!                                                          │       each stream's samples, events
//!   GET /api/server, /api/streams/NAME ◄───────────────────┘       alarms
//! ```
//!
//! What happened is read from counters that went on since the last look. Nothing on the way of a
//! part or a request knows of it.

mod alarms;
mod events;
mod samples;

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use llhls::registry::{PresentationInfo, RegistryStats, StreamName};
use tokio::time::{Instant, MissedTickBehavior};

use crate::origin::Origin;

use super::Condition;
use super::process::Process;
use super::traffic::KINDS;

pub(crate) use alarms::Alarm;
pub(crate) use events::Event;
pub(crate) use samples::{SERVER_COLUMNS, STREAM_COLUMNS, Samples, ServerSample, StreamSample};

use alarms::{Alarms, Circumstances, Happened};
use events::Events;

/// How often is looked.
pub(crate) const EVERY: Duration = Duration::from_secs(2);

/// Samples that are kept: ten minutes.
pub(crate) const KEPT: usize = 300;

/// The most streams that are followed, the first to come. The rest is counted and not remembered.
pub(crate) const MOST_STREAMS: usize = 4_096;

/// What following one stream takes, in bytes.
pub(crate) const STREAM_BYTES: u64 =
    (KEPT.next_power_of_two() * size_of::<StreamSample>() + events::BYTES + 1_024) as u64;

/// What was seen so far.
#[derive(Debug, Default)]
pub(crate) struct Observed {
    server: Samples<ServerSample>,
    streams: BTreeMap<StreamName, Followed>,
    alarms: Alarms,
    before: Option<Totals>,
}

/// One stream's past.
#[derive(Debug)]
pub(crate) struct Followed {
    pub(crate) samples: Samples<StreamSample>,
    pub(crate) events: Events,
    pub(crate) condition: Condition,
    /// When it came into that condition, as far as was seen.
    pub(crate) since: SystemTime,
    bytes: u64,
}

/// Everything as it was at one look, gathered before the lock on what was seen is taken.
#[derive(Debug)]
pub(crate) struct Look {
    at: Instant,
    streams: Vec<PresentationInfo>,
    /// Of each stream, in the same order.
    viewers: Vec<u64>,
    stats: RegistryStats,
    process: Option<Process>,
    connections: u64,
    totals: Totals,
    circumstances: Circumstances,
}

/// Counters of the server.
#[derive(Clone, Copy, Debug)]
struct Totals {
    at: Instant,
    cpu: Duration,
    requests: u64,
    failed: u64,
    sent: u64,
    received: u64,
    failed_accepts: u64,
    early_releases: u64,
}

impl Look {
    pub(crate) fn at(origin: &Origin) -> Self {
        let (sight, playlists) = (origin.sight(), origin.playlists());
        let (streams, stats) = (playlists.active(), playlists.stats());
        sight.forget_viewers_but(&streams);
        let process = Process::look();
        let answers = |kind| sight.traffic.counts(kind);
        let all = || KINDS.into_iter().flat_map(answers);
        let at = Instant::now();
        Self {
            at,
            viewers: streams
                .iter()
                .map(|stream| sight.viewers.count(stream.name.as_str()))
                .collect(),
            connections: sight.transport.open_connections(),
            totals: Totals {
                at,
                cpu: process.map_or(Duration::ZERO, |it| it.cpu),
                requests: all().map(|(_, count)| count).sum(),
                failed: all()
                    .filter(|(status, _)| *status >= 500)
                    .map(|(_, count)| count)
                    .sum(),
                sent: sight.transport.sent_bytes(),
                received: sight.transport.received_bytes(),
                failed_accepts: sight.transport.failed_accepts(),
                early_releases: stats.renditions_total.publish.retention_cut_short,
            },
            circumstances: Circumstances::of(origin),
            streams,
            stats,
            process,
        }
    }
}

impl Observed {
    /// Takes in what one look showed.
    pub(crate) fn take(&mut self, look: &Look) {
        let Look { streams, stats, .. } = look;
        let now = look.totals;
        let before = self.before.replace(now);
        let seconds = before.map_or(0.0, |before| (look.at - before.at).as_secs_f64());
        self.streams.retain(|name, _| {
            let found = streams.binary_search_by_key(&name, |it| &it.name);
            found.is_ok()
        });
        for (stream, viewers) in streams.iter().zip(&look.viewers) {
            self.follow(stream, *viewers, seconds);
        }
        let per_second = |count: fn(&Totals) -> u64| match before {
            Some(before) if seconds > 0.0 => {
                count(&now).saturating_sub(count(&before)) as f64 / seconds
            }
            _ => 0.0,
        };
        let count_of = |condition| {
            let of = streams.iter().map(Condition::of);
            of.filter(|it| *it == condition).count() as f64
        };
        let sample = ServerSample {
            cpu: before.map_or(0.0, |before| {
                now.cpu.saturating_sub(before.cpu).as_secs_f64() / seconds.max(0.001)
            }),
            resident_bytes: look.process.map_or(0.0, |it| it.resident_bytes as f64),
            media_bytes: stats.renditions_total.held_bytes as f64,
            connections: look.connections as f64,
            requests: per_second(|it| it.requests),
            failed: per_second(|it| it.failed),
            sent: 8.0 * per_second(|it| it.sent),
            received: 8.0 * per_second(|it| it.received),
            waiting: stats.renditions_total.waiting as f64,
            live: count_of(Condition::Live),
            stalled: count_of(Condition::Stalled),
            viewers: look.viewers.iter().sum::<u64>() as f64,
        };
        self.server.push(sample);
        let since = |count: fn(&Totals) -> u64| {
            before.map_or(0, |before| count(&now).saturating_sub(count(&before)))
        };
        let happened = Happened {
            failed_accepts: since(|it| it.failed_accepts),
            early_releases: since(|it| it.early_releases),
        };
        self.alarms
            .take(&look.circumstances, streams, stats, &sample, happened);
    }

    fn follow(&mut self, stream: &PresentationInfo, viewers: u64, seconds: f64) {
        let bytes = stream.renditions.iter().map(|it| it.stats.publish.bytes);
        let (bytes, condition) = (bytes.sum(), Condition::of(stream));
        let is_known = self.streams.contains_key(&stream.name);
        if !is_known && self.streams.len() >= MOST_STREAMS {
            return;
        }
        let followed = self
            .streams
            .entry(stream.name.clone())
            .or_insert_with(|| Followed {
                samples: Samples::default(),
                events: Events::default(),
                condition,
                since: SystemTime::now(),
                bytes,
            });
        if followed.condition != condition {
            followed.condition = condition;
            followed.since = SystemTime::now();
        }
        let sent = bytes.saturating_sub(followed.bytes) as f64 * 8.0;
        followed.bytes = bytes;
        followed.events.look(stream);
        let live = stream.renditions.iter().filter(|it| !it.ended);
        let age = live.filter_map(|it| it.since_part).max();
        followed.samples.push(StreamSample {
            // Counters that started again, or no earlier look: nothing is known of the rate.
            bits_per_second: if seconds > 0.0 {
                (sent / seconds) as f32
            } else {
                0.0
            },
            viewers: viewers as f32,
            age: age.unwrap_or_default().as_secs_f32(),
        });
    }

    pub(crate) fn server(&self) -> &Samples<ServerSample> {
        &self.server
    }

    pub(crate) fn stream(&self, name: &StreamName) -> Option<&Followed> {
        self.streams.get(name)
    }

    pub(crate) fn alarms(&self) -> &Alarms {
        &self.alarms
    }
}

/// Looks for as long as it is polled.
///
/// # Cancel safety
///
/// Dropping the future ends the looking; what was seen stays.
pub(crate) async fn observe(origin: Origin) {
    let mut ticks = tokio::time::interval(EVERY);
    // After a pause of the machine one look is enough.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        origin.look();
    }
}
