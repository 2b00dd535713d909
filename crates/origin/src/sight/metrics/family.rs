//! What a family of metrics is: its name, its help and how its values are read, said once.

use std::fmt::{self, Write as _};

use llhls::registry::{
    ArchiveStats, NameStats, PresentationInfo, PublishStats, RegistryStats, RenditionInfo,
    ViewStats,
};
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Unit;

use crate::origin::Origin;
use crate::recording::Recordings;
use crate::sight::Sight;
use crate::sight::delays::Reading;

/// One family of metrics.
#[derive(Clone, Copy)]
pub(super) struct Family {
    /// Without unit and `_total`, which follow from the rest.
    name: &'static str,
    unit: Of,
    kind: Kind,
    labels: &'static [&'static str],
    help: &'static str,
    read: Read,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Counter,
    Gauge,
    Histogram,
}

/// What is counted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    Things,
    Bytes,
    Seconds,
}

/// How the values of a family are read.
#[derive(Clone, Copy)]
enum Read {
    /// One, without labels.
    One(fn(&Scene) -> u64),
    /// As many as there are.
    Each(fn(&Scene, &mut Samples<'_>) -> fmt::Result),
}

/// A number that only grows.
pub(super) const fn counter(
    name: &'static str,
    help: &'static str,
    read: fn(&Scene) -> u64,
) -> Family {
    Family::new(name, Kind::Counter, &[], help, Read::One(read))
}

/// Several, told apart by labels.
pub(super) const fn counters(
    name: &'static str,
    labels: &'static [&'static str],
    help: &'static str,
    read: fn(&Scene, &mut Samples<'_>) -> fmt::Result,
) -> Family {
    Family::new(name, Kind::Counter, labels, help, Read::Each(read))
}

/// A number that goes up and down.
pub(super) const fn gauge(
    name: &'static str,
    help: &'static str,
    read: fn(&Scene) -> u64,
) -> Family {
    Family::new(name, Kind::Gauge, &[], help, Read::One(read))
}

/// Several, told apart by labels; without any, one that need not be known, or no whole number.
pub(super) const fn gauges(
    name: &'static str,
    labels: &'static [&'static str],
    help: &'static str,
    read: fn(&Scene, &mut Samples<'_>) -> fmt::Result,
) -> Family {
    Family::new(name, Kind::Gauge, labels, help, Read::Each(read))
}

/// Distributions of times.
pub(super) const fn histograms(
    name: &'static str,
    labels: &'static [&'static str],
    help: &'static str,
    read: fn(&Scene, &mut Samples<'_>) -> fmt::Result,
) -> Family {
    Family::new(name, Kind::Histogram, labels, help, Read::Each(read)).seconds()
}

impl Family {
    const fn new(
        name: &'static str,
        kind: Kind,
        labels: &'static [&'static str],
        help: &'static str,
        read: Read,
    ) -> Self {
        Self {
            name,
            unit: Of::Things,
            kind,
            labels,
            help,
            read,
        }
    }

    /// It counts bytes.
    pub(super) const fn bytes(mut self) -> Self {
        self.unit = Of::Bytes;
        self
    }

    /// It is a time.
    pub(super) const fn seconds(mut self) -> Self {
        self.unit = Of::Seconds;
        self
    }

    /// The name as Prometheus knows it.
    pub(super) fn full_name(&self) -> String {
        let unit = match self.unit {
            Of::Bytes => "_bytes",
            Of::Seconds => "_seconds",
            Of::Things => "",
        };
        let suffix = match self.kind {
            Kind::Counter => "_total",
            Kind::Gauge | Kind::Histogram => "",
        };
        format!("{}{unit}{suffix}", self.name)
    }

    /// Its row in the documentation.
    pub(super) fn document(&self, out: &mut String) -> fmt::Result {
        let kind = match self.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        let labels: Vec<_> = self.labels.iter().map(|it| format!("`{it}`")).collect();
        let (name, labels) = (self.full_name(), labels.join(", "));
        writeln!(out, "| `{name}` | {kind} | {labels} | {} |", self.help)
    }

    /// Its lines in the exposition.
    pub(super) fn encode(
        &'static self,
        scene: &Scene,
        encoder: &mut DescriptorEncoder<'_>,
    ) -> fmt::Result {
        let kind = match self.kind {
            Kind::Counter => MetricType::Counter,
            Kind::Gauge => MetricType::Gauge,
            Kind::Histogram => MetricType::Histogram,
        };
        let unit = match self.unit {
            Of::Things => None,
            Of::Bytes => Some(Unit::Bytes),
            Of::Seconds => Some(Unit::Seconds),
        };
        let encoder = encoder.encode_descriptor(self.name, self.help, unit.as_ref(), kind)?;
        let family = self;
        let mut samples = Samples { family, encoder };
        match self.read {
            Read::One(read) => samples.value(&[], read(scene)),
            Read::Each(read) => read(scene, &mut samples),
        }
    }
}

/// Where the values of one family go.
pub(super) struct Samples<'a> {
    family: &'static Family,
    encoder: MetricEncoder<'a>,
}

impl Samples<'_> {
    /// A whole number.
    pub(super) fn value(&mut self, labels: &[&str], value: u64) -> fmt::Result {
        match self.family.kind {
            Kind::Counter => self.labelled(labels, |encoder| {
                encoder.encode_counter::<NoLabelSet, u64, f64>(&value, None)
            }),
            // Exact below 2^53.
            _ => self.real(labels, value as f64),
        }
    }

    /// Any number.
    pub(super) fn real(&mut self, labels: &[&str], value: f64) -> fmt::Result {
        match self.family.kind {
            Kind::Counter => self.labelled(labels, |encoder| {
                encoder.encode_counter::<NoLabelSet, f64, f64>(&value, None)
            }),
            _ => self.labelled(labels, |encoder| encoder.encode_gauge(&value)),
        }
    }

    /// The value of each reason, or whatever tells them apart.
    pub(super) fn values<const N: usize>(&mut self, values: [(&str, u64); N]) -> fmt::Result {
        values
            .into_iter()
            .try_for_each(|(label, value)| self.value(&[label], value))
    }

    /// A distribution.
    pub(super) fn histogram(&mut self, labels: &[&str], reading: &Reading) -> fmt::Result {
        let Reading { sum, buckets } = reading;
        let count = buckets.iter().map(|(_, count)| count).sum();
        self.labelled(labels, |encoder| {
            encoder.encode_histogram::<NoLabelSet>(*sum, count, buckets, None)
        })
    }

    fn labelled(
        &mut self,
        values: &[&str],
        encode: impl FnOnce(&mut MetricEncoder<'_>) -> fmt::Result,
    ) -> fmt::Result {
        let names = self.family.labels;
        debug_assert_eq!(names.len(), values.len(), "labels of {}", self.family.name);
        if names.is_empty() {
            return encode(&mut self.encoder);
        }
        let labels: Vec<(&str, &str)> = names.iter().copied().zip(values.iter().copied()).collect();
        encode(&mut self.encoder.encode_family(&labels)?)
    }
}

/// Everything as it was at the moment of one scrape.
pub(super) struct Scene {
    pub(super) origin: Origin,
    pub(super) stats: RegistryStats,
    pub(super) streams: Vec<PresentationInfo>,
    /// All zero where nothing is recorded.
    pub(super) recorded: ArchiveStats,
}

impl Scene {
    pub(super) fn of(origin: &Origin) -> Self {
        let playlists = origin.playlists();
        Self {
            origin: origin.clone(),
            stats: playlists.stats(),
            streams: playlists.active(),
            recorded: origin
                .recordings()
                .map(Recordings::stats)
                .unwrap_or_default(),
        }
    }

    pub(super) fn sight(&self) -> &Sight {
        self.origin.sight()
    }

    pub(super) fn publish(&self) -> &PublishStats {
        &self.stats.renditions_total.publish
    }

    pub(super) fn view(&self) -> &ViewStats {
        &self.stats.renditions_total.view
    }

    pub(super) fn names(&self) -> &NameStats {
        &self.stats.names
    }

    /// Calls `each` with every stream's name and each of its renditions.
    pub(super) fn each_rendition(
        &self,
        mut each: impl FnMut(&str, &RenditionInfo) -> fmt::Result,
    ) -> fmt::Result {
        self.streams.iter().try_for_each(|stream| {
            let mut renditions = stream.renditions.iter();
            renditions.try_for_each(|rendition| each(stream.name.as_str(), rendition))
        })
    }
}
