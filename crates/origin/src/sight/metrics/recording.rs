//! What is kept on disk.

use crate::recording::{Recordings, Space};

use super::family::{Family, Scene, counter, counters, gauge};

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
    gauge(
        "llhls_recording_disk_free",
        "What may still be written to the file system of the recordings, as of some seconds ago; 0 without recordings",
        |scene| space(scene).map_or(0, |space| space.free),
    )
    .bytes(),
    gauge(
        "llhls_recording_disk_size",
        "How large that file system is; 0 without recordings, and where the system does not tell",
        |scene| space(scene).map_or(0, |space| space.size),
    )
    .bytes(),
];

fn space(scene: &Scene) -> Option<Space> {
    scene.origin.recordings()?.space()
}
