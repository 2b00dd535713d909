//! What is kept on disk.

use crate::recording::Recordings;

use super::family::{Family, counter, counters, gauge};

pub(super) static FAMILIES: &[Family] = &[
    counter(
        "llhls_recorded_segments",
        "Segments that were stored",
        |scene| scene.recorded.stored,
    ),
    counter(
        "llhls_recorded",
        "Bytes of segments that were stored",
        |scene| scene.recorded.stored_bytes,
    )
    .bytes(),
    counters(
        "llhls_unrecorded_segments",
        &["reason"],
        "Segments that were not stored: the disk refused them, or was too slow for the queue",
        |scene, to| {
            let stats = &scene.recorded;
            to.values([("refused", stats.failed), ("queue_full", stats.dropped)])
        },
    ),
    gauge(
        "llhls_recording_queue",
        "Media on the way to the disk",
        |scene| scene.recorded.queued_bytes,
    )
    .bytes(),
    gauge(
        "llhls_recording_failing",
        "Whether the last segment could not be stored: 1 or 0",
        |scene| {
            let trouble = scene.origin.recordings().and_then(Recordings::trouble);
            u64::from(trouble.is_some())
        },
    ),
    gauge(
        "llhls_recorded_streams",
        "Streams of which there is a recording, live or over",
        |scene| {
            let recorded = scene.origin.recordings();
            recorded.map_or(0, |it| it.shelf().len() as u64)
        },
    ),
];
