//! `/metrics`: what there is to measure, in tables that the exposition and its documentation are
//! both made from.

mod family;
mod recording;
mod server;
mod streams;
mod viewing;

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::registry::Registry;

use crate::origin::Origin;

use family::{Family, Scene};

/// All families, in the order in which they are exposed and documented.
fn families() -> impl Iterator<Item = &'static Family> {
    [
        server::FAMILIES,
        streams::FAMILIES,
        viewing::FAMILIES,
        recording::FAMILIES,
    ]
    .into_iter()
    .flatten()
}

/// Reads everything when it is scraped.
#[derive(Debug)]
struct Everything(Origin);

impl Collector for Everything {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let scene = Scene::of(&self.0);
        self.0.sight().forget_viewers_but(&scene.streams);
        families().try_for_each(|family| family.encode(&scene, &mut encoder))
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
    families()
        .try_for_each(|family| family.document(&mut out))
        .expect("a String takes all writes");
    out
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::Duration;

    use prometheus_parse::{Sample, Scrape, Value};

    use super::*;
    use crate::sight::traffic::{KINDS, Kind};
    use crate::{Demo, OriginConfig, Tls};

    fn scrape(text: &str) -> Scrape {
        let lines = text.lines().map(|line| Ok(line.to_owned()));
        Scrape::parse(lines).unwrap()
    }

    /// The names of all families.
    fn documented() -> BTreeSet<String> {
        let names: Vec<_> = families().map(Family::full_name).collect();
        let distinct: BTreeSet<_> = names.iter().cloned().collect();
        assert_eq!(distinct.len(), names.len(), "two families of one name");
        distinct
    }

    /// The family that a series belongs to.
    fn family(series: &str) -> &str {
        ["_bucket", "_sum", "_count"]
            .iter()
            .find_map(|suffix| series.strip_suffix(suffix))
            .unwrap_or(series)
    }

    fn numbers(sample: &Sample) -> Vec<f64> {
        match &sample.value {
            Value::Counter(value) | Value::Gauge(value) | Value::Untyped(value) => vec![*value],
            Value::Histogram(counts) => counts.iter().map(|it| it.count).collect(),
            Value::Summary(_) => panic!("{sample:?}"),
        }
    }

    #[tokio::test]
    async fn a_prometheus_parser_reads_every_metric_that_is_documented() {
        let origin = Origin::new(OriginConfig::new()).unwrap();
        let _demo = Demo::open(&origin).unwrap();
        let show = "demo".parse().unwrap();
        let sight = origin.sight();
        sight.viewers.seen(&show, 1);
        sight.viewers.seen(&show, 1 << 60);
        let ok = http::StatusCode::OK;
        sight.traffic.answered(Kind::Media, ok, Some(1000));
        let millisecond = Duration::from_millis(1);
        sight.delays.answered(Kind::Media, millisecond, None);
        let tls = Tls::self_signed(["localhost".to_owned()]).unwrap();
        let address = "127.0.0.1:8443".parse().unwrap();
        sight.transport.listens(address, Some(tls));
        let text = text(&origin);
        assert!(text.ends_with("# EOF\n"), "{text}");

        let scrape = scrape(&text);
        let samples = scrape.samples.iter();
        let exposed: BTreeSet<String> = samples.map(|it| family(&it.metric).to_owned()).collect();
        assert_eq!(exposed, documented());
        for sample in &scrape.samples {
            assert!(
                numbers(sample).iter().all(|value| *value >= 0.0),
                "{sample:?}"
            );
        }
        let value = |metric: &str, label: (&str, &str)| {
            let sample = scrape.samples.iter().find(|sample| {
                sample.metric == metric && sample.labels.get(label.0) == Some(label.1)
            });
            let sample = sample.unwrap_or_else(|| panic!("{metric} {label:?}\n{text}"));
            numbers(sample)
        };
        assert_eq!(value("llhls_viewers", ("stream", "demo")), [2.0]);
        assert_eq!(value("llhls_http_requests_total", ("status", "200")), [1.0]);
        let media = ("kind", "media");
        assert_eq!(value("llhls_http_answer_bytes_total", media), [1000.0]);
        let delays = value("llhls_answer_delay_seconds", media);
        assert_eq!(delays[..4], [0.0, 0.0, 0.0, 1.0], "cumulative");
        assert_eq!(delays.last(), Some(&1.0));
        assert_eq!(value("llhls_streams_by_state", ("state", "live")), [1.0]);
        let rates = ["peak", "mean"].map(|rate| {
            let metric = format!("llhls_rendition_{rate}_bits_per_second");
            value(&metric, ("stream", "demo"))[0]
        });
        assert!(rates[0] >= rates[1] && rates[1] > 0.0, "{rates:?}");
    }

    #[test]
    fn the_table_in_docs_is_the_code() {
        let docs = include_str!("../../../../../docs/metrics.md");
        assert!(
            docs.ends_with(&reference()),
            "docs/metrics.md should end with:\n\n{}",
            reference()
        );
    }

    /// Every word of `text` that looks like a metric of ours.
    fn asked(text: &str) -> BTreeSet<&str> {
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let words = text.split(|c| !is_word(c));
        words
            .filter(|word| word.starts_with("llhls_") || word.starts_with("process_"))
            .collect()
    }

    #[test]
    fn dashboard_alerts_and_docs_ask_for_metrics_that_exist() {
        let documented = documented();
        let texts = [
            include_str!("../../../../../deploy/grafana-dashboard.json"),
            include_str!("../../../../../deploy/alerts.yml"),
            include_str!("../../../../../docs/metrics.md"),
            include_str!("../../../../../docs/operations.md"),
        ];
        for text in texts {
            let asked = asked(text);
            assert!(asked.len() > 5);
            for series in asked {
                assert!(documented.contains(family(series)), "{series}");
            }
        }
    }

    #[test]
    fn whoever_is_woken_by_an_alert_finds_what_to_do() {
        let alerts = include_str!("../../../../../deploy/alerts.yml");
        let page = include_str!("../../../../../docs/operations.md");
        let names = alerts
            .lines()
            .filter_map(|line| line.trim().strip_prefix("- alert: "));
        let mut count = 0;
        for name in names {
            assert!(page.contains(&format!("`{name}`")), "{name}");
            count += 1;
        }
        assert!(count > 10);
    }

    #[test]
    fn kinds_are_labels_of_their_own() {
        let names: BTreeSet<_> = KINDS.into_iter().map(Kind::name).collect();
        assert_eq!(names.len(), KINDS.len());
    }
}
