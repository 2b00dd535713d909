//! What a configuration lets the server hold, at worst.

use std::fmt;

use crate::access::HOOK_ENTRY_BYTES;
use crate::delivery::FILE_ANSWER_BYTES;
use crate::recording::LOADED_BYTES;
use crate::sight::{FOLLOWED_BYTES, MOST_FOLLOWED, VIEWER_SKETCH_BYTES};

use super::settings::Config;
use super::values::Size;

/// The text of a listed part, and what the index keeps of it.
const PART_BYTES: u64 = 132;
/// The forms in which the text of a window may exist at once: whole and two deltas, each plain
/// and compressed.
const FORMS: u64 = 6;
/// A slot of a ring.
const SLOT_BYTES: u64 = 64;
/// A segment of a DVR playlist, listed or remembered.
const DVR_SEGMENT_BYTES: u64 = 250;
/// Parts may be this much shorter than their target, so there may be this many more of them.
const SLOTS_PER_PART: u64 = 8;

/// What the server may come to hold if strangers and encoders do their worst: no expectation, but
/// a bound. Printed when it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorstCase {
    lines: Vec<(&'static str, u64, String)>,
}

impl Config {
    /// The bound that follows from the configured limits.
    #[must_use]
    pub fn worst_case(&self) -> WorstCase {
        let memory = &self.memory;
        let renditions = (memory.total.0 / memory.per_rendition.0.max(1))
            .min((memory.streams as u64).saturating_mul(memory.renditions as u64));
        let kept = u64::try_from(self.retained().as_millis()).unwrap_or(u64::MAX);
        let parts = kept.div_ceil(self.streams.part_target.0.max(1));
        let index = parts * (SLOT_BYTES * SLOTS_PER_PART + PART_BYTES * (2 + FORMS / 2));
        let segments = kept.div_ceil(u64::from(self.streams.target_duration) * 1000);
        let (ingest, header) = (self.ingest_config(), self.ingest.header);
        let streams = memory.streams as u64;
        let mut lines = vec![
            (
                "media",
                renditions * memory.per_rendition.0,
                format!("{renditions} renditions of {}", memory.per_rendition),
            ),
            (
                "playlists",
                renditions * index,
                format!("{parts} parts of each rendition"),
            ),
            (
                "connections",
                self.limits().worst_case_bytes(),
                format!(
                    "{} and {} requests",
                    self.server.connections, self.server.requests
                ),
            ),
            (
                "headers",
                renditions * segments * header.0,
                format!("{segments} of {header} in each rendition"),
            ),
            (
                "encoders",
                ingest.worst_case_bytes(),
                format!(
                    "{} under way, and once more while it is cut; {} paths",
                    self.ingest.total, self.ingest.paths
                ),
            ),
            (
                "RTMP",
                ingest.rtmp_worst_case_bytes(),
                format!("{} connections", self.ingest.rtmp_connections),
            ),
            (
                "viewer counts",
                streams * VIEWER_SKETCH_BYTES,
                format!("{streams} streams"),
            ),
            (
                "status page",
                streams.min(MOST_FOLLOWED) * FOLLOWED_BYTES,
                "ten minutes of each stream".to_owned(),
            ),
        ];
        if self.recording.directory.is_some() {
            let queue = self.recording.queue;
            lines.push((
                "recording",
                queue.0,
                format!("{queue} on the way to the disk"),
            ));
            // Listed twice, since what left the list is remembered for as long again; four times
            // where a stream comes faster than it plays.
            let target = u64::from(self.streams.target_duration) * 1000;
            let segments = 5 * (self.recording.window.0 / target + 1);
            lines.push((
                "DVR playlists",
                renditions * segments * DVR_SEGMENT_BYTES,
                format!("{segments} segments of each rendition"),
            ));
            let readers = self.recording.readers;
            lines.push((
                "files",
                readers as u64 * FILE_ANSWER_BYTES,
                format!("{readers} answers, {} each", Size(FILE_ANSWER_BYTES)),
            ));
            let loaded = format!("{} of indices read", Size(LOADED_BYTES >> 20 << 20));
            lines.push(("on demand", LOADED_BYTES, loaded));
        }
        if self.access.hook.is_some() {
            let entries = self.access.hook_cache_entries as u64;
            lines.push((
                "hook's words",
                entries * HOOK_ENTRY_BYTES,
                format!("{entries} entries"),
            ));
        }
        WorstCase { lines }
    }
}

impl WorstCase {
    /// All of it, in bytes.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.lines.iter().map(|(_, bytes, _)| bytes).sum()
    }
}

impl fmt::Display for WorstCase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mebi = |bytes: u64| bytes.div_ceil(1 << 20);
        writeln!(formatter, "Memory at worst {} MiB:", mebi(self.total()))?;
        for (name, bytes, why) in &self.lines {
            writeln!(formatter, "  {name:<18}{:>8} MiB  ({why})", mebi(*bytes))?;
        }
        Ok(())
    }
}
