//! `/metrics`: what there is to measure, in one table that the exposition and its documentation
//! are both made from.

use std::fmt::{self, Write as _};
use std::time::{SystemTime, UNIX_EPOCH};

use llhls::registry::{
    ArchiveStats, NameStats, PresentationInfo, PublishStats, RegistryStats, RenditionInfo,
    ViewStats,
};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Registry, Unit};

use crate::origin::Origin;
use crate::recording::Recordings;

use super::traffic::KINDS;

/// One family of metrics.
#[derive(Clone, Copy)]
struct Metric {
    /// Without unit and `_total`, which follow from the rest.
    name: &'static str,
    unit: Of,
    kind: Kind,
    labels: &'static [&'static str],
    help: &'static str,
    read: fn(&Scene, &mut Samples<'_>) -> fmt::Result,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Counter,
    Gauge,
}

/// What is counted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    Things,
    Bytes,
    Seconds,
}

impl Of {
    fn unit(self) -> Option<Unit> {
        match self {
            Self::Things => None,
            Self::Bytes => Some(Unit::Bytes),
            Self::Seconds => Some(Unit::Seconds),
        }
    }
}

/// Everything as it was at the moment of one scrape.
struct Scene {
    origin: Origin,
    stats: RegistryStats,
    streams: Vec<PresentationInfo>,
    /// All zero where nothing is recorded.
    recorded: ArchiveStats,
}

impl Scene {
    fn publish(&self) -> &PublishStats {
        &self.stats.renditions_total.publish
    }

    fn view(&self) -> &ViewStats {
        &self.stats.renditions_total.view
    }

    fn names(&self) -> &NameStats {
        &self.stats.names
    }
}

/// Where values go.
struct Samples<'a> {
    metric: &'static Metric,
    encoder: MetricEncoder<'a>,
}

impl Samples<'_> {
    fn count(&mut self, values: &[&str], count: u64) -> fmt::Result {
        let labels = self.labels(values);
        let mut family = self.encoder.encode_family(&labels)?;
        family.encode_counter::<NoLabelSet, u64, f64>(&count, None)
    }

    fn gauge(&mut self, values: &[&str], value: f64) -> fmt::Result {
        let labels = self.labels(values);
        self.encoder.encode_family(&labels)?.encode_gauge(&value)
    }

    fn only_count(&mut self, count: u64) -> fmt::Result {
        self.encoder
            .encode_counter::<NoLabelSet, u64, f64>(&count, None)
    }

    fn only_gauge(&mut self, value: f64) -> fmt::Result {
        self.encoder.encode_gauge(&value)
    }

    /// The value of each reason that something was refused for.
    fn reasons<const N: usize>(&mut self, reasons: [(&str, u64); N]) -> fmt::Result {
        reasons
            .into_iter()
            .try_for_each(|(reason, count)| self.count(&[reason], count))
    }

    fn labels<'v>(&self, values: &[&'v str]) -> Vec<(&'static str, &'v str)> {
        debug_assert_eq!(self.metric.labels.len(), values.len());
        let names = self.metric.labels.iter().copied();
        names.zip(values.iter().copied()).collect()
    }
}

/// A number that a gauge can show: exact below 2^53.
fn number(value: u64) -> f64 {
    value as f64
}

const fn counter(
    name: &'static str,
    labels: &'static [&'static str],
    help: &'static str,
    read: fn(&Scene, &mut Samples<'_>) -> fmt::Result,
) -> Metric {
    Metric {
        name,
        unit: Of::Things,
        kind: Kind::Counter,
        labels,
        help,
        read,
    }
}

const fn gauge(
    name: &'static str,
    labels: &'static [&'static str],
    help: &'static str,
    read: fn(&Scene, &mut Samples<'_>) -> fmt::Result,
) -> Metric {
    Metric {
        kind: Kind::Gauge,
        ..counter(name, labels, help, read)
    }
}

static METRICS: &[Metric] = &[
    gauge(
        "llhls_build",
        &["version"],
        "Always 1; the version is its label",
        |_, to| to.gauge(&[env!("CARGO_PKG_VERSION")], 1.0),
    ),
    Metric {
        unit: Of::Seconds,
        ..gauge(
            "llhls_start_time",
            &[],
            "When the origin started, in Unix time",
            |scene, to| {
                let started = scene.origin.sight().started;
                let since = started.duration_since(UNIX_EPOCH).unwrap_or_default();
                to.only_gauge(since.as_secs_f64())
            },
        )
    },
    gauge(
        "llhls_streams",
        &[],
        "Streams that are there",
        |scene, to| to.only_gauge(number(scene.stats.presentations)),
    ),
    gauge(
        "llhls_renditions",
        &[],
        "Renditions of all streams",
        |scene, to| to.only_gauge(number(scene.stats.renditions)),
    ),
    gauge(
        "llhls_publishers",
        &[],
        "Renditions that a publisher holds",
        |scene, to| to.only_gauge(number(scene.stats.publishers)),
    ),
    Metric {
        unit: Of::Bytes,
        ..gauge(
            "llhls_media_held",
            &[],
            "Media in memory, listed or still to be had",
            |scene, to| to.only_gauge(number(scene.stats.renditions_total.held_bytes)),
        )
    },
    gauge(
        "llhls_waiting_requests",
        &[],
        "Requests that wait for a part",
        |scene, to| to.only_gauge(number(scene.stats.renditions_total.waiting)),
    ),
    counter(
        "llhls_published_parts",
        &[],
        "Parts taken in",
        |scene, to| to.only_count(scene.publish().parts),
    ),
    Metric {
        unit: Of::Bytes,
        ..counter(
            "llhls_published",
            &[],
            "Bytes of parts taken in",
            |scene, to| to.only_count(scene.publish().bytes),
        )
    },
    counter(
        "llhls_published_segments",
        &[],
        "Segments that were completed",
        |scene, to| to.only_count(scene.publish().segments),
    ),
    counter(
        "llhls_discontinuities",
        &[],
        "Segments that began with a discontinuity",
        |scene, to| to.only_count(scene.publish().discontinuities),
    ),
    counter(
        "llhls_refused_parts",
        &["reason"],
        "Parts that were not taken",
        |scene, to| {
            let stats = scene.publish();
            to.reasons([
                ("breaks_promise", stats.refused_by_manifest),
                ("no_init", stats.refused_no_init),
                ("over_budget", stats.refused_over_budget),
                ("too_many_parts", stats.refused_too_many_parts),
                ("ended", stats.refused_ended),
                ("gone", stats.refused_gone),
            ])
        },
    ),
    counter(
        "llhls_publishers_lost",
        &[],
        "Publishers that left without ending their stream",
        |scene, to| to.only_count(scene.publish().vanished),
    ),
    counter(
        "llhls_publishers_resumed",
        &[],
        "Publishers that continued a stream that another one had left",
        |scene, to| to.only_count(scene.publish().resumed),
    ),
    counter(
        "llhls_refused_publishers",
        &["reason"],
        "Publishers that were not let in by the registry",
        |scene, to| {
            let stats = scene.names();
            to.reasons([
                ("conflict", stats.conflicts),
                ("no_room", stats.at_capacity),
                ("configuration", stats.misconfigured),
            ])
        },
    ),
    counter(
        "llhls_streams_opened",
        &[],
        "Streams that began",
        |scene, to| to.only_count(scene.names().opened),
    ),
    counter(
        "llhls_streams_removed",
        &[],
        "Streams that went",
        |scene, to| to.only_count(scene.names().removed),
    ),
    counter(
        "llhls_playlists_written",
        &["form"],
        "Playlists that were rendered or compressed, once for all viewers",
        |scene, to| {
            let stats = scene.view();
            to.reasons([
                ("full", stats.forms_full),
                ("delta", stats.forms_delta),
                ("gzip", stats.forms_gzip),
            ])
        },
    ),
    counter(
        "llhls_refused_views",
        &["reason"],
        "Requests of viewers that got neither playlist nor media",
        |scene, to| {
            let stats = scene.view();
            to.reasons([
                ("part_without_msn", stats.rejected_part_without_msn),
                ("msn_too_far", stats.rejected_msn_too_far),
                ("part_too_far", stats.rejected_part_too_far),
                ("other_directive", stats.rejected_otherwise),
                ("timed_out", stats.timed_out),
                ("too_many_waiting", stats.busy),
                ("gone", stats.gone),
                ("not_found", stats.not_found),
                ("expired", stats.expired),
            ])
        },
    ),
    counter(
        "llhls_recorded_segments",
        &[],
        "Segments that were stored",
        |scene, to| to.only_count(scene.recorded.stored),
    ),
    Metric {
        unit: Of::Bytes,
        ..counter(
            "llhls_recorded",
            &[],
            "Bytes of segments that were stored",
            |scene, to| to.only_count(scene.recorded.stored_bytes),
        )
    },
    counter(
        "llhls_unrecorded_segments",
        &["reason"],
        "Segments that were not stored: the disk refused them, or was too slow for the queue",
        |scene, to| {
            let stats = &scene.recorded;
            to.reasons([("refused", stats.failed), ("queue_full", stats.dropped)])
        },
    ),
    Metric {
        unit: Of::Bytes,
        ..gauge(
            "llhls_recording_queue",
            &[],
            "Media on the way to the disk",
            |scene, to| to.only_gauge(number(scene.recorded.queued_bytes)),
        )
    },
    gauge(
        "llhls_recording_failing",
        &[],
        "Whether the last segment could not be stored: 1 or 0",
        |scene, to| {
            let trouble = scene.origin.recordings().and_then(Recordings::trouble);
            to.only_gauge(f64::from(u8::from(trouble.is_some())))
        },
    ),
    counter(
        "llhls_http_requests",
        &["kind", "status"],
        "Requests answered, by what they were for",
        |scene, to| {
            let traffic = &scene.origin.sight().traffic;
            KINDS.into_iter().try_for_each(|kind| {
                traffic
                    .answers(kind)
                    .try_for_each(|(status, count)| to.count(&[kind.name(), &status], count))
            })
        },
    ),
    Metric {
        unit: Of::Bytes,
        ..counter(
            "llhls_http_answer",
            &["kind"],
            "Bodies of answers whose length is known when they begin; what a client gave up is counted too",
            |scene, to| {
                let traffic = &scene.origin.sight().traffic;
                KINDS
                    .into_iter()
                    .try_for_each(|kind| to.count(&[kind.name()], traffic.bytes(kind)))
            },
        )
    },
    gauge(
        "llhls_http_requests_under_way",
        &["kind"],
        "Requests whose answer has not begun; blocked ones are among them",
        |scene, to| {
            let traffic = &scene.origin.sight().traffic;
            KINDS
                .into_iter()
                .try_for_each(|kind| to.gauge(&[kind.name()], traffic.under_way(kind) as f64))
        },
    ),
    gauge(
        "llhls_viewers",
        &["stream"],
        "Sessions seen in the last half minute, by CMCD sid, X-Playback-Session-Id or token; an estimate within a few per cent",
        |scene, to| {
            scene.streams.iter().try_for_each(|stream| {
                let name = stream.name.as_str();
                to.gauge(&[name], number(scene.origin.sight().viewers.count(name)))
            })
        },
    ),
    Metric {
        unit: Of::Seconds,
        ..gauge(
            "llhls_rendition_age",
            &["stream", "rendition"],
            "Time since the newest part of a rendition that has not ended",
            |scene, to| {
                each_rendition(scene, |stream, rendition| {
                    let age = age(&scene.origin, stream, rendition.name.as_str());
                    match age.filter(|_| !rendition.ended) {
                        Some(age) => to.gauge(&[stream, rendition.name.as_str()], age),
                        None => Ok(()),
                    }
                })
            },
        )
    },
    gauge(
        "llhls_rendition_peak_bits_per_second",
        &["stream", "rendition"],
        "Bit rate of the fattest segment so far",
        |scene, to| {
            each_rendition(scene, |stream, rendition| {
                let rate = number(rendition.peak_bits_per_second);
                to.gauge(&[stream, rendition.name.as_str()], rate)
            })
        },
    ),
];

fn each_rendition(
    scene: &Scene,
    mut each: impl FnMut(&str, &RenditionInfo) -> fmt::Result,
) -> fmt::Result {
    scene.streams.iter().try_for_each(|stream| {
        let mut renditions = stream.renditions.iter();
        renditions.try_for_each(|rendition| each(stream.name.as_str(), rendition))
    })
}

/// How long ago the newest version of a rendition was made, in seconds.
pub(crate) fn age(origin: &Origin, stream: &str, rendition: &str) -> Option<f64> {
    let viewer = origin.playlists().viewer(stream, rendition)?;
    let published = viewer.snapshot().ok()?.published_at();
    let age = SystemTime::now().duration_since(published);
    Some(age.unwrap_or_default().as_secs_f64())
}

/// Reads everything when it is scraped.
#[derive(Debug)]
struct Everything(Origin);

impl Collector for Everything {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let playlists = self.0.playlists();
        let scene = Scene {
            origin: self.0.clone(),
            stats: playlists.stats(),
            streams: playlists.active(),
            recorded: self
                .0
                .recordings()
                .map(Recordings::stats)
                .unwrap_or_default(),
        };
        let is_there = |name: &llhls::registry::StreamName| {
            scene.streams.iter().any(|stream| stream.name == *name)
        };
        self.0.sight().viewers.retain(is_there);
        for metric in METRICS {
            let kind = match metric.kind {
                Kind::Counter => MetricType::Counter,
                Kind::Gauge => MetricType::Gauge,
            };
            let unit = metric.unit.unit();
            let encoder =
                encoder.encode_descriptor(metric.name, metric.help, unit.as_ref(), kind)?;
            (metric.read)(&scene, &mut Samples { metric, encoder })?;
        }
        Ok(())
    }
}

/// The exposition, in `OpenMetrics` text.
pub(super) fn text(origin: &Origin) -> String {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Everything(origin.clone())));
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry)
        .expect("a String takes all writes");
    text
}

/// The table of all metrics as Markdown: what `docs/metrics.md` ends with.
#[must_use]
pub fn reference() -> String {
    let mut out = String::from("| metric | type | labels | meaning |\n|---|---|---|---|\n");
    for metric in METRICS {
        let (kind, suffix) = match metric.kind {
            Kind::Counter => ("counter", "_total"),
            Kind::Gauge => ("gauge", ""),
        };
        let unit = match metric.unit {
            Of::Bytes => "_bytes",
            Of::Seconds => "_seconds",
            Of::Things => "",
        };
        let labels: Vec<_> = metric
            .labels
            .iter()
            .map(|label| format!("`{label}`"))
            .collect();
        writeln!(
            out,
            "| `{}{unit}{suffix}` | {kind} | {} | {} |",
            metric.name,
            labels.join(", "),
            metric.help
        )
        .expect("a String takes all writes");
    }
    out
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use prometheus_parse::{Scrape, Value};

    use super::*;
    use crate::{Demo, OriginConfig};

    fn scrape(text: &str) -> Scrape {
        let lines = text.lines().map(|line| Ok(line.to_owned()));
        Scrape::parse(lines).unwrap()
    }

    #[tokio::test]
    async fn a_prometheus_parser_reads_every_metric_that_is_documented() {
        let origin = Origin::new(OriginConfig::new()).unwrap();
        let _demo = Demo::open(&origin).unwrap();
        let show = "demo".parse().unwrap();
        origin.sight().viewers.seen(&show, 1);
        origin.sight().viewers.seen(&show, 1 << 60);
        let ok = http::StatusCode::OK;
        origin.sight().traffic.answered(KINDS[2], ok, Some(1000));
        let text = text(&origin);
        assert!(text.ends_with("# EOF\n"), "{text}");

        let scrape = scrape(&text);
        let exposed: BTreeSet<&str> = scrape.samples.iter().map(|it| it.metric.as_str()).collect();
        let reference = reference();
        let documented: BTreeSet<&str> = reference
            .lines()
            .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
            .collect();
        assert_eq!(exposed, documented);
        for sample in &scrape.samples {
            let (Value::Counter(value) | Value::Gauge(value) | Value::Untyped(value)) =
                sample.value
            else {
                panic!("{sample:?}");
            };
            assert!(value >= 0.0, "{sample:?}");
        }
        let value = |metric: &str, label: (&str, &str)| {
            let sample = scrape.samples.iter().find(|sample| {
                sample.metric == metric && sample.labels.get(label.0) == Some(label.1)
            });
            match sample
                .unwrap_or_else(|| panic!("{metric} {label:?}\n{text}"))
                .value
            {
                Value::Counter(value) | Value::Gauge(value) | Value::Untyped(value) => value,
                _ => f64::NAN,
            }
        };
        assert_eq!(value("llhls_viewers", ("stream", "demo")), 2.0);
        assert_eq!(value("llhls_http_requests_total", ("status", "200")), 1.0);
        assert_eq!(
            value("llhls_http_answer_bytes_total", ("kind", "media")),
            1000.0
        );
        assert!(value("llhls_rendition_peak_bits_per_second", ("stream", "demo")) > 0.0);
    }

    #[test]
    fn the_table_in_docs_is_the_code() {
        let docs = include_str!("../../../../docs/metrics.md");
        assert!(
            docs.ends_with(&reference()),
            "docs/metrics.md should end with:\n\n{}",
            reference()
        );
    }

    #[test]
    fn the_dashboard_asks_for_metrics_that_exist() {
        let dashboard = include_str!("../../../../deploy/grafana-dashboard.json");
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let asked: BTreeSet<&str> = dashboard
            .match_indices("llhls_")
            .map(|(at, _)| dashboard[at..].split(|c| !is_word(c)).next().unwrap())
            .collect();
        assert!(asked.len() > 10);
        let reference = reference();
        for metric in asked {
            assert!(reference.contains(&format!("`{metric}`")), "{metric}");
        }
    }
}
