//! What an operator should know, in plain words: what it is, and what to do about it.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use llhls::registry::{PresentationInfo, RegistryStats, RenditionInfo, StreamName};

use crate::origin::Origin;
use crate::recording::{Recordings, Space};
use crate::sight::Condition;
use crate::sight::transport::{ListenerInfo, Room};

use super::ServerSample;

/// The most that are told at once; how many more there are is told too.
const MOST: usize = 100;

/// How much of a bound may be used before it is said.
const NEARLY: f64 = 0.85;

/// The share of the recordings' disk that should be free: what is left is a while yet.
const DISK_FREE: f64 = 0.05;

/// How long before its end a certificate is mentioned, and is urgent.
const CERTIFICATE_SOON: Duration = Duration::from_secs(14 * 86_400);
const CERTIFICATE_NOW: Duration = Duration::from_secs(2 * 86_400);

/// How late media may arrive after it was captured.
const LATE: Duration = Duration::from_secs(10);

/// How long what happened once is told.
const REMEMBERED: Duration = Duration::from_secs(60);

/// How much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Severity {
    /// Viewers notice, or soon will.
    Critical,
    /// It should be looked at.
    Warning,
}

impl Severity {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Warning => "warning",
        }
    }
}

/// One of them.
#[derive(Clone, Debug)]
pub(crate) struct Alarm {
    pub(crate) severity: Severity,
    pub(crate) kind: &'static str,
    pub(crate) stream: Option<StreamName>,
    pub(crate) text: String,
    /// When it was first seen.
    pub(crate) since: SystemTime,
}

/// What tells an alarm from others: its kind, and what it is about.
type About = (&'static str, String);

/// Those that hold now.
#[derive(Debug, Default)]
pub(crate) struct Alarms {
    now: Vec<Alarm>,
    more: usize,
    since: BTreeMap<About, SystemTime>,
    last_failed_accept: Option<SystemTime>,
    last_early_release: Option<SystemTime>,
}

/// What alarms are about, beside streams and counters.
#[derive(Debug)]
pub(super) struct Circumstances {
    is_leaving: bool,
    /// Why recording fails, where it does.
    trouble: Option<String>,
    /// Where recordings are kept.
    space: Option<Space>,
    room: Room,
    requests: u64,
    listeners: Vec<ListenerInfo>,
    most_renditions: u64,
    most_streams: u64,
}

impl Circumstances {
    pub(super) fn of(origin: &Origin) -> Self {
        let (sight, config) = (origin.sight(), origin.playlists().config());
        Self {
            is_leaving: sight.is_leaving(),
            trouble: origin.recordings().and_then(Recordings::trouble),
            space: origin.recordings().and_then(Recordings::space),
            room: sight.transport.room(),
            requests: sight.traffic.all_under_way(),
            listeners: sight.transport.listening(),
            most_renditions: config.most_renditions(),
            most_streams: config.most_presentations() as u64,
        }
    }
}

/// Counted since the last look.
#[derive(Clone, Copy, Debug)]
pub(super) struct Happened {
    pub(super) failed_accepts: u64,
    pub(super) early_releases: u64,
}

impl Alarms {
    /// The most severe first, then the oldest.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Alarm> {
        self.now.iter()
    }

    /// How many more there are than are told.
    pub(crate) fn more(&self) -> usize {
        self.more
    }

    pub(super) fn take(
        &mut self,
        circumstances: &Circumstances,
        streams: &[PresentationInfo],
        stats: &RegistryStats,
        sample: &ServerSample,
        happened: Happened,
    ) {
        let now = SystemTime::now();
        if happened.failed_accepts > 0 {
            self.last_failed_accept = Some(now);
        }
        if happened.early_releases > 0 {
            self.last_early_release = Some(now);
        }
        let mut found = Found::default();
        found.server(circumstances, sample);
        found.certificates(&circumstances.listeners, now);
        found.memory(circumstances, stats);
        let recent = |last: Option<SystemTime>| {
            last.is_some_and(|last| now.duration_since(last).unwrap_or_default() < REMEMBERED)
        };
        if recent(self.last_failed_accept) {
            found.critical(
                "accept",
                "New connections cannot be accepted: file descriptors ran out. Raise the limit \
                 of the process (LimitNOFILE= in systemd) or lower server.connections.",
            );
        }
        if recent(self.last_early_release) {
            found.warning(
                "early_release",
                "Media left memory before its time: the bit rate is higher than \
                 memory.per_rendition allows. Players that are late get errors; raise it.",
            );
        }
        streams.iter().for_each(|stream| found.stream(stream));
        self.keep(found.alarms, now);
    }

    /// Keeps what was found, with the time at which each was first seen.
    fn keep(&mut self, found: Vec<(Severity, About, Option<StreamName>, String)>, now: SystemTime) {
        let before = std::mem::take(&mut self.since);
        self.now.clear();
        for (severity, about, stream, text) in found {
            let since = before.get(&about).copied().unwrap_or(now);
            self.now.push(Alarm {
                severity,
                kind: about.0,
                stream,
                text,
                since,
            });
            self.since.insert(about, since);
        }
        self.now.sort_by_key(|alarm| (alarm.severity, alarm.since));
        self.more = self.now.len().saturating_sub(MOST);
        self.now.truncate(MOST);
    }
}

/// What one look found.
#[derive(Debug, Default)]
struct Found {
    alarms: Vec<(Severity, About, Option<StreamName>, String)>,
}

impl Found {
    fn critical(&mut self, kind: &'static str, text: impl Into<String>) {
        let about = (kind, String::new());
        self.alarms
            .push((Severity::Critical, about, None, text.into()));
    }

    fn warning(&mut self, kind: &'static str, text: impl Into<String>) {
        let about = (kind, String::new());
        self.alarms
            .push((Severity::Warning, about, None, text.into()));
    }

    fn server(&mut self, circumstances: &Circumstances, sample: &ServerSample) {
        if circumstances.is_leaving {
            self.warning(
                "leaving",
                "The server was told to stop and waits for its last answers.",
            );
        }
        if let Some(trouble) = &circumstances.trouble {
            self.critical(
                "recording",
                format!(
                    "Recording fails, live goes on: {trouble}. What is not stored is listed as \
                     gaps; make room on the disk or look at its health."
                ),
            );
        }
        if let Some(space) = circumstances.space
            && space.share() < DISK_FREE
        {
            self.warning(
                "disk",
                format!(
                    "The disk of the recordings has {} MiB left, {:.0} % of it. When it is full, \
                     what comes is lost to them: make room, or lower recording.total or \
                     recording.age.",
                    space.free >> 20,
                    space.share() * 100.0
                ),
            );
        }
        let room = circumstances.room;
        let nearly = |used: f64, limit: u64| limit > 0 && used >= limit as f64 * NEARLY;
        if nearly(sample.connections, room.connections) {
            self.critical(
                "connections",
                format!(
                    "{} of {} connections are taken; whoever comes after that is turned away. \
                     Raise server.connections, or send viewers to another origin.",
                    sample.connections, room.connections
                ),
            );
        }
        let under_way = circumstances.requests;
        if nearly(under_way as f64, room.requests) {
            self.critical(
                "requests",
                format!(
                    "{under_way} of {} requests are under way; more are answered 503. Raise \
                     server.requests.",
                    room.requests
                ),
            );
        }
        if sample.failed >= 1.0 && sample.failed >= sample.requests / 100.0 {
            self.warning(
                "failures",
                format!(
                    "{:.1} answers a second are failures of the server (5xx) out of {:.1}. The \
                     metric llhls_http_requests_total tells which.",
                    sample.failed, sample.requests
                ),
            );
        }
    }

    fn certificates(&mut self, listeners: &[ListenerInfo], now: SystemTime) {
        for listener in listeners {
            let Some(end) = listener.certificate_ends else {
                continue;
            };
            let address = listener.address;
            let (severity, text) = match end.duration_since(now) {
                Err(_) => (
                    Severity::Critical,
                    format!("The certificate of {address} has expired: no browser connects."),
                ),
                Ok(left) if left < CERTIFICATE_SOON => (
                    if left < CERTIFICATE_NOW {
                        Severity::Critical
                    } else {
                        Severity::Warning
                    },
                    format!(
                        "The certificate of {address} ends in {} hours. Put a new one in its \
                         place: it is read by itself.",
                        left.as_secs() / 3600
                    ),
                ),
                Ok(_) => continue,
            };
            let about = ("certificate", address.to_string());
            self.alarms.push((severity, about, None, text));
        }
    }

    fn memory(&mut self, circumstances: &Circumstances, stats: &RegistryStats) {
        let bounds = [
            (
                "renditions",
                stats.renditions,
                circumstances.most_renditions,
                "memory.total",
            ),
            (
                "streams",
                stats.presentations,
                circumstances.most_streams,
                "memory.streams",
            ),
        ];
        for (what, used, limit, key) in bounds {
            if used as f64 >= limit as f64 * NEARLY {
                let left = limit.saturating_sub(used);
                self.warning(
                    what,
                    format!(
                        "{used} of {limit} {what} are taken: {left} more find room, then encoders \
                         are refused. Raise {key}."
                    ),
                );
            }
        }
    }

    fn stream(&mut self, stream: &PresentationInfo) {
        let name = &stream.name;
        let mut of_stream = |severity, kind, rendition: &str, text| {
            let about = (kind, format!("{name}/{rendition}"));
            self.alarms
                .push((severity, about, Some(name.clone()), text));
        };
        if Condition::of(stream) == Condition::Stalled {
            let silent = stream.renditions.iter().filter_map(|it| it.since_part);
            let seconds = silent.min().unwrap_or_default().as_secs();
            let is_held = stream.renditions.iter().any(|it| it.publishing);
            let text = if is_held {
                format!(
                    "{name} has sent nothing for {seconds} s, though its encoder is connected: \
                     look at the encoder and its network."
                )
            } else {
                format!("{name} lost its encoder {seconds} s ago and waits for it to come back.")
            };
            of_stream(Severity::Critical, "stalled", "", text);
            return;
        }
        let all = stream.renditions.iter();
        let is_stalled = |it: &&RenditionInfo| Condition::of_rendition(it) == Condition::Stalled;
        for rendition in all.clone().filter(is_stalled) {
            let seconds = rendition.since_part.unwrap_or_default().as_secs();
            let rendition = rendition.name.as_str();
            let text = format!(
                "{name}: nothing of {rendition} for {seconds} s, while other renditions go on. \
                 Its viewers stand still."
            );
            of_stream(Severity::Critical, "stalled", rendition, text);
        }
        let late = all.filter(|it| !it.ended).filter_map(|it| it.capture_delay);
        if let Some(delay) = late.max().filter(|delay| *delay > LATE) {
            let text = format!(
                "{name} arrives {} s after it was captured: the encoder's network is too slow, or \
                 its clock is wrong.",
                delay.as_secs()
            );
            of_stream(Severity::Warning, "late", "", text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_is_told_of_before_it_is_full() {
        let origin = Origin::new(crate::OriginConfig::new()).unwrap();
        let mut circumstances = Circumstances::of(&origin);
        let mut told = |free: Option<u64>| {
            circumstances.space = free.map(|free| Space {
                free,
                size: 1 << 40,
            });
            let mut found = Found::default();
            found.server(&circumstances, &ServerSample::default());
            let kinds = found.alarms.into_iter();
            kinds
                .map(|(_, about, _, text)| (about.0, text))
                .collect::<Vec<_>>()
        };
        assert_eq!(told(None), []);
        assert_eq!(told(Some(1 << 39)), []);
        let found = told(Some(1 << 34));
        assert_eq!((found.len(), found[0].0), (1, "disk"));
        assert!(
            found[0].1.contains("16384 MiB left, 2 % of it"),
            "{found:?}"
        );
    }
}
