//! Streams as JSON.

use std::time::SystemTime;

use llhls::registry::{Media, PresentationInfo, RenditionInfo, StreamName};
use serde::Serialize;

use crate::config::TokenPlace;
use crate::origin::Origin;
use crate::recording::Recordings;
use crate::sight::{Condition, EVERY, Event, Followed, STREAM_COLUMNS, Samples, StreamSample};

use super::page::Page;
use super::{dvr_path, length, millis, multivariant_path};

/// Values of an outline: one for every twenty seconds.
const OUTLINE: usize = 30;

/// For whom an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    /// Anybody who may watch.
    Viewer,
    /// Whoever runs the server.
    Operator,
}

#[derive(Debug, Serialize)]
pub(super) struct Streams {
    /// Unix time in milliseconds when this was answered: lets a page correct a viewer's clock
    /// before it computes a latency.
    now: u64,
    /// Where viewers' tokens go, as `access.token_place` says; nothing where none is needed. Streams
    /// that the presented token does not open are then not in the list.
    #[serde(skip_serializing_if = "Option::is_none")]
    token_place: Option<&'static str>,
    streams: Vec<Stream>,
    /// What to ask `after` for the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct OneStream {
    now: u64,
    #[serde(flatten)]
    stream: Stream,
    #[serde(skip_serializing_if = "Option::is_none")]
    past: Option<Past>,
}

#[derive(Debug, Serialize)]
pub(super) struct RecordingList {
    now: u64,
    recordings: Vec<Recorded>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

#[derive(Debug, Serialize)]
struct Recorded {
    name: String,
    /// Path of the playlist to watch it by.
    url: String,
    renditions: Vec<String>,
    /// Whether the stream is there now.
    live: bool,
}

#[derive(Debug, Serialize)]
struct Stream {
    name: String,
    /// Path of the multivariant playlist on this server.
    url: String,
    state: State,
    /// Path of the playlist that goes back beyond memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    dvr: Option<String>,
    /// Sessions of the last half minute, as far as players tell who they are.
    viewers: u64,
    renditions: Vec<Rendition>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    operators: Option<StreamForOperators>,
}

/// A condition, or that only a recording is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Starting,
    Live,
    Stalled,
    Ended,
    Recorded,
}

impl From<Condition> for State {
    fn from(condition: Condition) -> Self {
        match condition {
            Condition::Starting => Self::Starting,
            Condition::Live => Self::Live,
            Condition::Stalled => Self::Stalled,
            Condition::Ended => Self::Ended,
        }
    }
}

#[derive(Debug, Serialize)]
struct StreamForOperators {
    /// Unix milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    opened_at: Option<u64>,
    /// Since when it is in its state, as far as was seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    state_since: Option<u64>,
    /// How its media comes in; empty where this program publishes it itself.
    publishers: Vec<PublishedBy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outline: Option<Outline>,
}

#[derive(Debug, Serialize)]
struct PublishedBy {
    /// `http` or `rtmp`.
    way: &'static str,
    /// The last element of its path.
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    /// Requests or connections that publish there now.
    connections: usize,
}

/// The last ten minutes in few values, the oldest first; each is the greatest of its stretch.
#[derive(Debug, Serialize)]
struct Outline {
    bits_per_second: Vec<f32>,
    viewers: Vec<f32>,
    age_seconds: Vec<f32>,
}

/// What was seen of a stream.
#[derive(Debug, Serialize)]
struct Past {
    history: super::server::History,
    /// The newest first.
    events: Vec<Happened>,
}

#[derive(Debug, Serialize)]
struct Happened {
    at: u64,
    rendition: String,
    kind: &'static str,
    text: String,
}

impl From<&Event> for Happened {
    fn from(event: &Event) -> Self {
        Self {
            at: millis(event.at),
            rendition: event.rendition.to_string(),
            kind: event.kind,
            text: event.text.clone(),
        }
    }
}

#[derive(Debug, Serialize)]
struct Rendition {
    name: String,
    kind: &'static str,
    codecs: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    resolution: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frame_rate: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    channels: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<String>,
    /// Bit rate of the fattest segment so far, in bits per second.
    bandwidth: u64,
    /// Bits per second over all segments so far.
    average_bandwidth: u64,
    state: Condition,
    /// Milliseconds since its newest part.
    #[serde(skip_serializing_if = "Option::is_none")]
    age: Option<u64>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    operators: Option<RenditionForOperators>,
}

#[derive(Debug, Serialize)]
struct RenditionForOperators {
    /// Milliseconds from the capture of the newest part's end to its publication.
    #[serde(skip_serializing_if = "Option::is_none")]
    capture_delay: Option<u64>,
    /// In milliseconds.
    target_duration: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    edge: Option<Edge>,
    /// Whether a publisher holds it now.
    publishing: bool,
    /// Requests that wait for its next part.
    waiting: usize,
    /// Media in memory.
    held_bytes: u64,
    /// Since it was opened.
    parts: u64,
    bytes: u64,
    segments: u64,
    gap_parts: u64,
    discontinuities: u64,
    refused_parts: u64,
    publishers_lost: u64,
    publishers_resumed: u64,
}

/// Numbers of the newest version.
#[derive(Debug, Serialize)]
struct Edge {
    /// The first listed segment.
    media_sequence: u64,
    /// Complete segments that are listed.
    segments: u64,
    /// Media Sequence Number and part of the newest part.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_part: Option<(u64, u32)>,
}

/// A page of streams, of those that `shown` says yes to.
pub(super) fn list(
    origin: &Origin,
    reader: Reader,
    page: &Page,
    shown: impl Fn(&StreamName) -> bool,
) -> Streams {
    let after = page.after.as_ref().map(StreamName::as_str);
    let infos = origin.playlists().active_page(after, page.limit, &shown);
    // A full page may be the last one: then the next is empty.
    let last = infos.last().filter(|_| infos.len() == page.limit);
    Streams {
        now: millis(SystemTime::now()),
        token_place: origin.access().token_place().map(TokenPlace::word),
        next: last.map(|info| info.name.to_string()),
        streams: infos
            .iter()
            .map(|info| stream(origin, reader, info, page.history))
            .collect(),
    }
}

/// One stream, on or recorded.
pub(super) fn one(
    origin: &Origin,
    reader: Reader,
    name: &StreamName,
    page: &Page,
) -> Option<OneStream> {
    let info = origin.playlists().info(name.as_str());
    let stream = match &info {
        Some(info) => stream(origin, reader, info, false),
        None => recorded(origin, name)?,
    };
    let past = match reader {
        Reader::Operator => {
            let observed = origin.sight().observed();
            observed.stream(name).map(|it| past(it, page.since))
        }
        Reader::Viewer => None,
    };
    Some(OneStream {
        now: millis(SystemTime::now()),
        stream,
        past,
    })
}

/// A page of what is recorded, of that which `shown` says yes to.
pub(super) fn recordings(
    origin: &Origin,
    page: &Page,
    shown: impl Fn(&StreamName) -> bool,
) -> RecordingList {
    let after = page.after.as_ref().map(StreamName::as_str);
    let found = match origin.recordings() {
        Some(recordings) => recordings.shelf().streams(after, page.limit, shown),
        None => Vec::new(),
    };
    let last = found.last().filter(|_| found.len() == page.limit);
    RecordingList {
        now: millis(SystemTime::now()),
        next: last.map(|(name, _)| name.to_string()),
        recordings: found
            .iter()
            .map(|(name, renditions)| Recorded {
                name: name.to_string(),
                url: dvr_path(name.as_str()),
                renditions: renditions.iter().map(StreamName::to_string).collect(),
                live: origin.playlists().info(name.as_str()).is_some(),
            })
            .collect(),
    }
}

fn stream(origin: &Origin, reader: Reader, info: &PresentationInfo, outline: bool) -> Stream {
    let name = info.name.as_str();
    let renditions = info.renditions.iter();
    Stream {
        url: multivariant_path(name),
        state: Condition::of(info).into(),
        dvr: origin.recordings().map(|_| dvr_path(name)),
        viewers: origin.sight().viewers.count(name),
        name: name.to_owned(),
        renditions: renditions.map(|it| rendition(reader, it)).collect(),
        operators: (reader == Reader::Operator).then(|| {
            let publishers = origin.points().of(&info.name).into_iter();
            let observed = origin.sight().observed();
            let followed = observed.stream(&info.name);
            StreamForOperators {
                opened_at: Some(millis(info.opened_at)),
                state_since: followed.map(|it| millis(it.since)),
                publishers: publishers
                    .map(|(label, way, connections)| PublishedBy {
                        way: way.name(),
                        label: label.map(|it| it.to_string()),
                        connections,
                    })
                    .collect(),
                outline: followed
                    .filter(|_| outline)
                    .map(|it| self::outline(&it.samples)),
            }
        }),
    }
}

/// A stream of which only a recording is left.
fn recorded(origin: &Origin, name: &StreamName) -> Option<Stream> {
    let shelf = origin.recordings().map(Recordings::shelf)?;
    if shelf.renditions(name.as_str()).is_empty() {
        return None;
    }
    Some(Stream {
        name: name.to_string(),
        url: dvr_path(name.as_str()),
        state: State::Recorded,
        dvr: Some(dvr_path(name.as_str())),
        viewers: origin.sight().viewers.count(name.as_str()),
        // Their facts are in files, which no list reads.
        renditions: Vec::new(),
        operators: None,
    })
}

fn past(followed: &Followed, since: u64) -> Past {
    let samples = &followed.samples;
    let rows = samples.after(since).map(|it| it.row().to_vec());
    Past {
        history: super::server::History {
            every: length(EVERY),
            columns: &STREAM_COLUMNS,
            count: samples.count(),
            newest_at: millis(samples.newest_at()),
            rows: rows.collect(),
        },
        events: followed.events.iter().map(Happened::from).collect(),
    }
}

fn outline(samples: &Samples<StreamSample>) -> Outline {
    let round = |values: Vec<f32>, by: f32| {
        let rounded = values.into_iter().map(|value| (value * by).round() / by);
        rounded.collect()
    };
    Outline {
        bits_per_second: round(samples.outline(OUTLINE, |it| it.bits_per_second), 1.0),
        viewers: round(samples.outline(OUTLINE, |it| it.viewers), 1.0),
        age_seconds: round(samples.outline(OUTLINE, |it| it.age), 100.0),
    }
}

fn rendition(reader: Reader, info: &RenditionInfo) -> Rendition {
    let mut rendition = Rendition {
        name: info.name.to_string(),
        kind: "audio",
        codecs: info.media.codec().to_owned(),
        resolution: None,
        frame_rate: None,
        channels: None,
        language: None,
        bandwidth: info.peak_bits_per_second,
        average_bandwidth: info.mean_bits_per_second,
        state: Condition::of_rendition(info),
        age: info.since_part.map(length),
        operators: (reader == Reader::Operator).then(|| for_operators(info)),
    };
    match &info.media {
        Media::Video(video) => {
            rendition.kind = "video";
            rendition.resolution = Some(format!("{}x{}", video.width, video.height));
            rendition.frame_rate = video
                .frame_rate
                .map(|rate| rate.as_thousandths() as f64 / 1000.0);
        }
        Media::Audio(audio) => {
            rendition.channels = Some(audio.channels);
            rendition.language.clone_from(&audio.language);
        }
    }
    rendition
}

fn for_operators(info: &RenditionInfo) -> RenditionForOperators {
    let stats = &info.stats.publish;
    RenditionForOperators {
        capture_delay: info.capture_delay.map(length),
        target_duration: length(info.target_duration),
        edge: info.edge.map(|edge| Edge {
            media_sequence: edge.media_sequence.value(),
            segments: edge.last_complete.map_or(0, |last| {
                (last.value() + 1).saturating_sub(edge.media_sequence.value())
            }),
            last_part: edge
                .last_part
                .map(|part| (part.msn.value(), part.part.value())),
        }),
        publishing: info.publishing,
        waiting: info.waiting,
        held_bytes: info.stats.held_bytes,
        parts: stats.parts,
        bytes: stats.bytes,
        segments: stats.segments,
        gap_parts: stats.gap_parts,
        discontinuities: stats.discontinuities,
        refused_parts: stats.refused(),
        publishers_lost: stats.vanished,
        publishers_resumed: stats.resumed,
    }
}
