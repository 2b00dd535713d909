//! The server as JSON, for the status page.

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde::Serialize;

use crate::origin::Origin;
use crate::recording::Recordings;
use crate::sight::{Alarm, EVERY, Process, SERVER_COLUMNS};

use super::page::Page;
use super::{length, millis};

#[derive(Debug, Serialize)]
pub(super) struct Overview {
    /// Unix time in milliseconds, as all moments here.
    now: u64,
    version: &'static str,
    started: u64,
    /// Where the system tells it.
    #[serde(skip_serializing_if = "Option::is_none")]
    process: Option<ProcessInfo>,
    memory: Memory,
    connections: Connections,
    requests: Requests,
    network: Network,
    listeners: Vec<Listener>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recording: Option<Recording>,
    /// The most severe first; at most a hundred.
    alarms: Vec<AlarmInfo>,
    /// How many more there are.
    more_alarms: usize,
    history: History,
}

#[derive(Debug, Serialize)]
struct ProcessInfo {
    cpu_seconds: f64,
    resident_bytes: u64,
}

#[derive(Debug, Serialize)]
struct Memory {
    media_bytes: u64,
    media_limit_bytes: u64,
    streams: u64,
    streams_limit: u64,
    renditions: u64,
    renditions_limit: u64,
}

#[derive(Debug, Serialize)]
struct Connections {
    open: u64,
    limit: u64,
    by_protocol: Vec<Spoken>,
    refused: BTreeMap<&'static str, u64>,
    failed_tls_handshakes: u64,
    failed_accepts: u64,
}

#[derive(Debug, Serialize)]
struct Spoken {
    protocol: &'static str,
    security: &'static str,
    open: u64,
    begun: u64,
}

#[derive(Debug, Serialize)]
struct Requests {
    under_way: u64,
    waiting: u64,
    limit: u64,
    refused: u64,
}

#[derive(Debug, Serialize)]
struct Network {
    sent_bytes: u64,
    received_bytes: u64,
}

#[derive(Debug, Serialize)]
struct Listener {
    address: String,
    tls: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate_ends: Option<u64>,
}

#[derive(Debug, Serialize)]
struct Recording {
    /// What is wrong, where something is.
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<String>,
    streams: u64,
    stored_segments: u64,
    stored_bytes: u64,
    lost_segments: u64,
    queued_bytes: u64,
    /// Of the disk; where the system tells it.
    #[serde(skip_serializing_if = "Option::is_none")]
    free_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disk_bytes: Option<u64>,
}

#[derive(Debug, Serialize)]
struct AlarmInfo {
    severity: &'static str,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<String>,
    text: String,
    since: u64,
}

impl From<&Alarm> for AlarmInfo {
    fn from(alarm: &Alarm) -> Self {
        Self {
            severity: alarm.severity.name(),
            kind: alarm.kind,
            stream: alarm.stream.as_ref().map(ToString::to_string),
            text: alarm.text.clone(),
            since: millis(alarm.since),
        }
    }
}

/// Samples at even distances, the oldest first. Empty where nobody looks.
#[derive(Debug, Serialize)]
pub(super) struct History {
    /// Milliseconds from one to the next.
    pub(super) every: u64,
    pub(super) columns: &'static [&'static str],
    /// The number of the last row: what to ask `since` next time.
    pub(super) count: u64,
    pub(super) newest_at: u64,
    pub(super) rows: Vec<Vec<f64>>,
}

pub(super) fn overview(origin: &Origin, page: &Page) -> Overview {
    let sight = origin.sight();
    let (transport, registry) = (&sight.transport, origin.playlists());
    let (stats, room) = (registry.stats(), transport.room());
    let (alarms, more_alarms, history) = {
        let observed = sight.observed();
        let (alarms, samples) = (observed.alarms(), observed.server());
        let history = History {
            every: length(EVERY),
            columns: &SERVER_COLUMNS,
            count: samples.count(),
            newest_at: millis(samples.newest_at()),
            rows: samples
                .after(page.since)
                .map(|it| it.row().to_vec())
                .collect(),
        };
        let told = alarms.iter().map(AlarmInfo::from).collect();
        (told, alarms.more(), history)
    };
    Overview {
        now: millis(SystemTime::now()),
        version: env!("CARGO_PKG_VERSION"),
        started: millis(sight.started),
        process: Process::look().map(|process| ProcessInfo {
            cpu_seconds: process.cpu.as_secs_f64(),
            resident_bytes: process.resident_bytes,
        }),
        memory: Memory {
            media_bytes: stats.renditions_total.held_bytes,
            media_limit_bytes: registry.config().most_bytes(),
            streams: stats.presentations,
            streams_limit: registry.config().most_presentations() as u64,
            renditions: stats.renditions,
            renditions_limit: registry.config().most_renditions(),
        },
        connections: Connections {
            open: transport.open_connections(),
            limit: room.connections,
            by_protocol: transport
                .connections()
                .map(|(protocol, security, open, begun)| Spoken {
                    protocol,
                    security,
                    open,
                    begun,
                })
                .collect(),
            refused: transport.refusals().into_iter().collect(),
            failed_tls_handshakes: transport.failed_handshakes(),
            failed_accepts: transport.failed_accepts(),
        },
        requests: Requests {
            under_way: sight.traffic.all_under_way(),
            waiting: stats.renditions_total.waiting,
            limit: room.requests,
            refused: transport.requests_refused(),
        },
        network: Network {
            sent_bytes: transport.sent_bytes(),
            received_bytes: transport.received_bytes(),
        },
        listeners: transport
            .listening()
            .into_iter()
            .map(|listener| Listener {
                address: listener.address.to_string(),
                tls: listener.security == crate::sight::Security::Tls,
                certificate_ends: listener.certificate_ends.map(millis),
            })
            .collect(),
        recording: origin.recordings().map(recording),
        alarms,
        more_alarms,
        history,
    }
}

fn recording(recordings: &Recordings) -> Recording {
    let (stats, space) = (recordings.stats(), recordings.space());
    Recording {
        trouble: recordings.trouble(),
        streams: recordings.shelf().len() as u64,
        stored_segments: stats.stored,
        stored_bytes: stats.stored_bytes,
        lost_segments: stats.failed + stats.dropped,
        queued_bytes: stats.queued_bytes,
        free_bytes: space.map(|space| space.free),
        disk_bytes: space.map(|space| space.size),
    }
}
