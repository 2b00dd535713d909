//! Streams, their renditions, and who publishes them.

use crate::sight::Condition;

use super::family::{Family, counter, counters, gauge, gauges};

pub(super) static FAMILIES: &[Family] = &[
    gauge("llhls_streams", "Streams that are there", |scene| {
        scene.stats.presentations
    }),
    gauges(
        "llhls_streams_by_state",
        &["state"],
        "Streams that are starting, live, stalled or ended",
        |scene, to| {
            Condition::ALL.into_iter().try_for_each(|condition| {
                let of = scene.streams.iter().map(Condition::of);
                let count = of.filter(|it| *it == condition).count();
                to.value(&[condition.name()], count as u64)
            })
        },
    ),
    gauge(
        "llhls_streams_limit",
        "Streams that there may be",
        |scene| scene.origin.playlists().config().most_presentations() as u64,
    ),
    gauge("llhls_renditions", "Renditions of all streams", |scene| {
        scene.stats.renditions
    }),
    gauge(
        "llhls_renditions_limit",
        "Renditions that find room in memory; one more encoder is refused",
        |scene| scene.origin.playlists().config().most_renditions(),
    ),
    gauge(
        "llhls_publishers",
        "Renditions that a publisher holds",
        |scene| scene.stats.publishers,
    ),
    gauge(
        "llhls_media_held",
        "Media in memory, listed or still to be had",
        |scene| scene.stats.renditions_total.held_bytes,
    )
    .bytes(),
    gauge(
        "llhls_media_limit",
        "Media that there may be in memory",
        |scene| scene.origin.playlists().config().most_bytes(),
    )
    .bytes(),
    gauge(
        "llhls_ingest_held",
        "What encoders sent that is not published yet",
        |scene| scene.origin.points().held_bytes(),
    )
    .bytes(),
    gauge(
        "llhls_ingest_limit",
        "What encoders may have sent that is not published yet",
        |scene| scene.origin.points().most_bytes(),
    )
    .bytes(),
    counter("llhls_published_parts", "Parts taken in", |scene| {
        scene.publish().parts
    }),
    counter("llhls_published", "Bytes of parts taken in", |scene| {
        scene.publish().bytes
    })
    .bytes(),
    counter(
        "llhls_published_segments",
        "Segments that were completed",
        |scene| scene.publish().segments,
    ),
    counter(
        "llhls_gap_parts",
        "Parts that are missing and listed as such, for want of an encoder",
        |scene| scene.publish().gap_parts,
    ),
    counter(
        "llhls_discontinuities",
        "Segments that began with a discontinuity",
        |scene| scene.publish().discontinuities,
    ),
    counters(
        "llhls_refused_parts",
        &["reason"],
        "Parts that were not taken",
        |scene, to| {
            let stats = scene.publish();
            to.values([
                ("breaks_promise", stats.refused_by_manifest),
                ("no_init", stats.refused_no_init),
                ("over_budget", stats.refused_over_budget),
                ("too_many_parts", stats.refused_too_many_parts),
                ("ended", stats.refused_ended),
                ("superseded", stats.refused_superseded),
                ("gone", stats.refused_gone),
            ])
        },
    ),
    counter(
        "llhls_early_releases",
        "Segments whose media had to go before its time: `memory.per_rendition` is too small",
        |scene| scene.publish().retention_cut_short,
    ),
    counter(
        "llhls_publishers_lost",
        "Publishers that left without ending their stream",
        |scene| scene.publish().vanished,
    ),
    counter(
        "llhls_publishers_resumed",
        "Publishers that continued a stream that another one had left",
        |scene| scene.publish().resumed,
    ),
    counters(
        "llhls_refused_publishers",
        &["reason"],
        "Publishers that were not let in by the registry",
        |scene, to| {
            let stats = scene.names();
            to.values([
                ("conflict", stats.conflicts),
                ("no_room", stats.at_capacity),
                ("configuration", stats.misconfigured),
            ])
        },
    ),
    counter("llhls_streams_opened", "Streams that began", |scene| {
        scene.names().opened
    }),
    counter("llhls_streams_removed", "Streams that went", |scene| {
        scene.names().removed
    }),
    gauges(
        "llhls_rendition_age",
        &["stream", "rendition"],
        "Time since the newest part of a rendition that has not ended; gaps do not count",
        |scene, to| {
            scene.each_rendition(|stream, rendition| {
                match rendition.since_part.filter(|_| !rendition.ended) {
                    Some(age) => to.real(&[stream, rendition.name.as_str()], age.as_secs_f64()),
                    None => Ok(()),
                }
            })
        },
    )
    .seconds(),
    gauges(
        "llhls_rendition_capture_delay",
        &["stream", "rendition"],
        "From the capture of the newest part's end, as dated, to its publication",
        |scene, to| {
            scene.each_rendition(|stream, rendition| {
                match rendition.capture_delay.filter(|_| !rendition.ended) {
                    Some(delay) => to.real(&[stream, rendition.name.as_str()], delay.as_secs_f64()),
                    None => Ok(()),
                }
            })
        },
    )
    .seconds(),
    gauges(
        "llhls_rendition_peak_bits_per_second",
        &["stream", "rendition"],
        "Bit rate of the fattest segment so far",
        |scene, to| {
            scene.each_rendition(|stream, rendition| {
                let labels = [stream, rendition.name.as_str()];
                to.value(&labels, rendition.peak_bits_per_second)
            })
        },
    ),
    gauges(
        "llhls_rendition_mean_bits_per_second",
        &["stream", "rendition"],
        "Bit rate over all segments so far",
        |scene, to| {
            scene.each_rendition(|stream, rendition| {
                let labels = [stream, rendition.name.as_str()];
                to.value(&labels, rendition.mean_bits_per_second)
            })
        },
    ),
];
