//! Requests, what was answered, how fast, and to how many.

use crate::sight::traffic::KINDS;

use super::family::{Family, counter, counters, gauge, gauges, histograms};

/// What `playlists`' viewers ask for: the kinds of delivery.
const DELIVERED: usize = 3;

pub(super) static FAMILIES: &[Family] = &[
    gauge(
        "llhls_waiting_requests",
        "Requests that wait for a part",
        |scene| scene.stats.renditions_total.waiting,
    ),
    counters(
        "llhls_playlists_written",
        &["form"],
        "Playlists that were rendered or compressed, once for all viewers",
        |scene, to| {
            let stats = scene.view();
            to.values([
                ("full", stats.forms_full),
                ("delta", stats.forms_delta),
                ("gzip", stats.forms_gzip),
            ])
        },
    ),
    counters(
        "llhls_refused_views",
        &["reason"],
        "Requests of viewers that got neither playlist nor media",
        |scene, to| {
            let stats = scene.view();
            to.values([
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
    counters(
        "llhls_http_requests",
        &["kind", "status"],
        "Requests answered, by what they were for",
        |scene, to| {
            let traffic = &scene.sight().traffic;
            KINDS.into_iter().try_for_each(|kind| {
                let mut answers = traffic.answers(kind);
                answers.try_for_each(|(status, count)| to.value(&[kind.name(), &status], count))
            })
        },
    ),
    counters(
        "llhls_http_answer",
        &["kind"],
        "Bodies of answers whose length is known when they begin; what a client gave up is counted too",
        |scene, to| {
            let traffic = &scene.sight().traffic;
            let mut kinds = KINDS.into_iter();
            kinds.try_for_each(|kind| to.value(&[kind.name()], traffic.bytes(kind)))
        },
    )
    .bytes(),
    gauges(
        "llhls_http_requests_under_way",
        &["kind"],
        "Requests whose answer has not begun; blocked ones are among them",
        |scene, to| {
            let traffic = &scene.sight().traffic;
            let mut kinds = KINDS.into_iter();
            kinds.try_for_each(|kind| to.real(&[kind.name()], traffic.under_way(kind) as f64))
        },
    ),
    gauge(
        "llhls_http_requests_limit",
        "Requests that there may be at once",
        |scene| scene.sight().transport.room().requests,
    ),
    counter(
        "llhls_refused_requests",
        "Requests answered 503 because there were as many as there may be",
        |scene| scene.sight().transport.requests_refused(),
    ),
    histograms(
        "llhls_answer_delay",
        &["kind"],
        "From a request, or the publication of what it waited for, to the head of its answer",
        |scene, to| {
            let delays = &scene.sight().delays;
            let mut kinds = KINDS.into_iter().take(DELIVERED);
            kinds.try_for_each(|kind| to.histogram(&[kind.name()], &delays.own(kind)))
        },
    ),
    histograms(
        "llhls_held",
        &["kind"],
        "How long requests were held until what they wait for was published",
        |scene, to| {
            let delays = &scene.sight().delays;
            let mut kinds = KINDS.into_iter().take(DELIVERED);
            kinds.try_for_each(|kind| to.histogram(&[kind.name()], &delays.held(kind)))
        },
    ),
    gauges(
        "llhls_viewers",
        &["stream"],
        "Sessions seen in the last half minute, by CMCD sid, X-Playback-Session-Id or token; an estimate within a few per cent",
        |scene, to| {
            let viewers = &scene.sight().viewers;
            scene.streams.iter().try_for_each(|stream| {
                let name = stream.name.as_str();
                to.value(&[name], viewers.count(name))
            })
        },
    ),
];
