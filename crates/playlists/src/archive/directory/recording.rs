//! Reading what a directory sink wrote: where the files are, and what there is after a restart.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use llhls_manifest::{
    Availability, BandwidthMeter, Definition, DiscontinuitySequence, MediaDuration, Msn,
    ResourceName,
};

use super::index::{INDEX, Index};
use crate::archive::segment::{ArchivedName, RecordingId, SegmentFacts};
use crate::config::uri_query;
use crate::dvr::{DVR_PLAYLIST, on_demand};
use crate::media::Media;
use crate::multivariant::{self, Entry};
use crate::name::StreamName;

/// The reading side of a directory of recordings. Needs no sink: another process may write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory {
    root: PathBuf,
}

/// One recording as its index has it: what to list of it, and where to go on.
#[derive(Clone, Debug)]
pub struct Recording {
    id: RecordingId,
    index: Index,
}

impl Directory {
    /// The recordings below `root`.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Where a stored resource lies. Always below the root.
    #[must_use]
    pub fn path(&self, name: &ArchivedName) -> PathBuf {
        self.folder(name.recording()).join(name.file())
    }

    /// All recordings that have an index, in no order.
    ///
    /// # Errors
    ///
    /// When the root cannot be listed. Folders that are none of ours are passed over.
    pub fn recordings(&self) -> io::Result<Vec<RecordingId>> {
        let mut found = Vec::new();
        for (presentation, path) in folders(&self.root)? {
            for (rendition, path) in folders(&path).unwrap_or_default() {
                for (epoch, path) in folders(&path).unwrap_or_default() {
                    let names = presentation.parse::<StreamName>().ok();
                    let names = names.zip(rendition.parse::<StreamName>().ok());
                    if let Some((presentation, rendition)) = names
                        && path.join(INDEX).is_file()
                    {
                        found.push(RecordingId {
                            presentation,
                            rendition,
                            epoch: epoch.into(),
                        });
                    }
                }
            }
        }
        Ok(found)
    }

    /// What there is of a recording; `None` when its index says nothing that can be read.
    /// Linear in its segments.
    ///
    /// # Errors
    ///
    /// When there is no such recording, or it cannot be read.
    pub fn recording(&self, id: &RecordingId) -> io::Result<Option<Recording>> {
        let text = fs::read(self.folder(id).join(INDEX))?;
        // Everything we write is ASCII; what is not was damaged, and ends what is read.
        let index = Index::read(&String::from_utf8_lossy(&text));
        let matching = index.filter(|index| index.header.names.epoch() == &*id.epoch);
        Ok(matching.map(|index| Recording {
            id: id.clone(),
            index,
        }))
    }

    pub(super) fn folder(&self, id: &RecordingId) -> PathBuf {
        let RecordingId {
            presentation,
            rendition,
            epoch,
        } = id;
        let home = self.root.join(presentation.as_str());
        home.join(rendition.as_str()).join(&**epoch)
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }
}

impl Recording {
    /// Whose it is.
    #[must_use]
    pub fn id(&self) -> &RecordingId {
        &self.id
    }

    /// Its segments, oldest first, consecutive in number; gaps among them.
    pub fn segments(&self) -> impl ExactSizeIterator<Item = &SegmentFacts> {
        self.index.entries.iter().map(|entry| &entry.facts)
    }

    /// Whether the stream ended, rather than broke off.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.index.ended
    }

    /// What its rendition carries; `None` where an older version wrote the index.
    #[must_use]
    pub fn carries(&self) -> Option<&Media> {
        self.index.header.carries.as_ref()
    }

    /// When the first and the last of its segments were stored, to the second.
    #[must_use]
    pub fn stored(&self) -> Option<(SystemTime, SystemTime)> {
        let entries = &self.index.entries;
        Some((entries.first()?.stored, entries.last()?.stored))
    }

    /// `EXT-X-TARGETDURATION` of its playlist.
    #[must_use]
    pub fn target_duration(&self) -> MediaDuration {
        MediaDuration::from_secs(self.index.header.target_secs.get().into())
    }

    /// How long it plays.
    #[must_use]
    pub fn duration(&self) -> MediaDuration {
        self.segments().fold(MediaDuration::ZERO, |sum, segment| {
            sum.saturating_add(segment.duration)
        })
    }

    /// Where a stream that takes its place goes on: what
    /// [`ManifestConfig::start`](llhls_manifest::ManifestConfig::start) has to be given for numbers
    /// never to fall (UP-17). Its first part is a discontinuity.
    #[must_use]
    pub fn continuation(&self) -> Option<(Msn, DiscontinuitySequence)> {
        let last = self.segments().last()?;
        Some((last.msn.next(), last.discontinuity_sequence))
    }

    /// The playlist of everything that is there, on demand: with `EXT-X-ENDLIST`, and its media
    /// under the names that the live playlists used. `None` while there is no segment.
    #[must_use]
    pub fn playlist(&self) -> Option<String> {
        self.playlist_with(None)
    }

    /// As [`playlist`](Self::playlist), with URIs that hand on a parameter as
    /// [`RegistryConfig::query_parameter`](crate::RegistryConfig::query_parameter) has it.
    #[must_use]
    pub fn playlist_with(&self, query_parameter: Option<&str>) -> Option<String> {
        let segments: Vec<_> = self.segments().copied().collect();
        let config = self.index.header.config();
        let config = match query_parameter {
            Some(name) => config
                .define(Definition::QueryParameter(name.to_owned()))
                .uri_query(uri_query(name)),
            None => config,
        };
        on_demand(config, &segments)
    }

    /// The multivariant playlist over the recordings of a presentation's renditions, each under
    /// `RENDITION/dvr.m3u8`. `None` where no rendition has a segment and says what it carries.
    #[must_use]
    pub fn multivariant<'a>(
        recordings: impl IntoIterator<Item = &'a Self>,
        query_parameter: Option<&str>,
    ) -> Option<String> {
        let query = query_parameter.map_or_else(String::new, uri_query);
        let entries = recordings.into_iter().filter_map(|it| it.entry(&query));
        let entries: Vec<_> = entries.collect();
        if entries.is_empty() {
            return None;
        }
        // Fails for what no registry opened: an index that somebody else wrote.
        multivariant::write(&entries, query_parameter).ok()
    }

    fn entry(&self, query: &str) -> Option<Entry> {
        let mut rates = BandwidthMeter::new(self.target_duration());
        let whole = |it: &&SegmentFacts| it.availability == Availability::Available;
        for segment in self.segments().filter(whole) {
            rates.segment(segment.bytes, segment.duration);
        }
        let name = self.id.rendition().clone();
        let uri = format!("{name}/{DVR_PLAYLIST}{query}");
        let (peak, mean) = (rates.peak()?, rates.average()?);
        Some(Entry::new(name, uri, self.carries()?.clone(), peak, mean))
    }

    /// The resource that [`playlist`](Self::playlist) names, by that name.
    #[must_use]
    pub fn resource(&self, name: &str) -> Option<ArchivedName> {
        let mut segments = self.segments();
        let known = match self.index.header.names.parse(name)? {
            ResourceName::Segment(msn) => segments.any(|segment| segment.msn == msn),
            ResourceName::Init(version) => segments.any(|segment| segment.init == Some(version)),
            _ => false,
        };
        known.then(|| ArchivedName::new(self.id.clone(), name.to_owned()))
    }
}

/// The folders in a folder whose names are text, with their paths.
fn folders(path: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        if entry.file_type()?.is_dir()
            && let Ok(name) = entry.file_name().into_string()
        {
            found.push((name, entry.path()));
        }
    }
    Ok(found)
}
