//! Cutting all tracks of a request together, so that their segments start at the same places.

use super::config::CutConfig;
use super::cutter::{Accepted, PartCutter, Relation};
use super::error::MediaError;
use super::fragment::Fragment;
use super::init::{InitSection, TrackId};
use super::part::MediaPart;
use super::time::MediaTime;

/// A [`PartCutter`] for each track of an initialization section: the first video track leads, and
/// the others start their segments where it does, at their next sample. Without video each track cuts on the grid of media time.
///
/// A muxed request becomes one rendition per track this way, and segment numbers of the renditions mean the same time.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use origin::media::*;
///
/// // Two seconds of the demo's large picture stand for what an encoder sends.
/// let demo = DemoSource::new(DemoSegment::OneSecond);
/// let mut sent = demo.renditions()[0].init().to_vec();
/// for index in 0..10 {
///     sent.extend_from_slice(&demo.part_at(DemoIndex::new(index)).renditions[0].bytes);
/// }
///
/// let mut reader = MediaReader::new(MediaLimits::default());
/// let mut cutter = None;
/// let mut parts = Vec::new();
/// for chunk in sent.chunks(1000) {
///     let mut items = Vec::new();
///     reader.read(chunk, &mut items)?;
///     for item in items {
///         match (item, &mut cutter) {
///             (MediaItem::Init(init), cutter) => {
///                 let config = CutConfig::new(Duration::from_millis(400), Duration::from_secs(1));
///                 *cutter = Some(PresentationCutter::new(&init, config));
///             }
///             (MediaItem::Fragment(fragment), Some(cutter)) => {
///                 cutter.push(&fragment, &mut parts)?;
///             }
///             _ => {}
///         }
///     }
/// }
/// // 400 + 400 + 200 ms, twice; each second starts a segment.
/// cutter.expect("a header was sent").finish(&mut parts)?;
/// assert_eq!(parts.len(), 6);
/// assert_eq!(parts.iter().filter(|part| part.segment.opens_segment()).count(), 2);
/// # Ok::<(), MediaError>(())
/// ```
#[derive(Debug)]
pub struct PresentationCutter {
    /// In the order of the initialization section. Invariant: not empty.
    cutters: Vec<(TrackId, PartCutter)>,
    /// Index of the cutter that leads.
    leader: Option<usize>,
}

impl PresentationCutter {
    /// Cutters for all tracks of `init`.
    pub fn new(init: &InitSection, config: CutConfig) -> Self {
        let leader = init.tracks().position(|track| track.is_video());
        let cutters = init
            .tracks()
            .enumerate()
            .map(|(index, track)| {
                let follows = leader.is_some_and(|leader| leader != index);
                let cutter = if follows {
                    PartCutter::following(track, config)
                } else {
                    PartCutter::new(track, config)
                };
                (track.id, cutter)
            })
            .collect();
        Self { cutters, leader }
    }

    /// Takes a fragment of any of the tracks and appends the parts that it completes to `parts`.
    ///
    /// # Errors
    /// As [`PartCutter::push`].
    pub fn push(
        &mut self,
        fragment: &Fragment,
        parts: &mut Vec<MediaPart>,
    ) -> Result<Accepted, MediaError> {
        let track = fragment.track();
        let index = self
            .cutters
            .iter()
            .position(|(id, _)| *id == track)
            .ok_or(MediaError::UnknownTrack { track })?;
        let goes_back = self.cutters[index].1.is_set_back_by(fragment);
        if goes_back && (Some(index) == self.leader || self.cutters[index].1.source_is_new()) {
            // The old timeline ends in all tracks before the new one begins in any.
            self.finish_others(index, parts)?;
        }
        let accepted = self.cutters[index].1.push(fragment, parts)?;
        if goes_back {
            for (other, (_, cutter)) in self.cutters.iter_mut().enumerate() {
                if other != index {
                    cutter.reset_is_due();
                }
            }
        }
        if Some(index) == self.leader {
            let made = self.cutters[index].1.take_cuts();
            let expected = self.cutters[index].1.expected_cut();
            for (other, (_, cutter)) in self.cutters.iter_mut().enumerate() {
                if other != index {
                    made.iter()
                        .try_for_each(|&cut| cutter.follow_cut(cut, parts))?;
                    expected.map_or(Ok(()), |cut| cutter.expect_cut(cut, parts))?;
                }
            }
        }
        Ok(accepted)
    }

    fn finish_others(
        &mut self,
        index: usize,
        parts: &mut Vec<MediaPart>,
    ) -> Result<(), MediaError> {
        self.cutters
            .iter_mut()
            .enumerate()
            .filter(|(other, _)| *other != index)
            .try_for_each(|(_, (_, cutter))| cutter.finish(parts))
    }

    /// The header came again: see [`PartCutter::source_began`].
    pub fn source_began(&mut self) {
        for (_, cutter) in &mut self.cutters {
            cutter.source_began();
        }
    }

    /// The header came again from an encoder that sends nothing twice: see `PartCutter::source_began_anew`.
    #[cfg_attr(
        not(feature = "rtmp"),
        allow(dead_code, reason = "encoders over HTTP may send anything again")
    )]
    pub(crate) fn source_began_anew(&mut self) {
        for (_, cutter) in &mut self.cutters {
            cutter.source_began_anew();
        }
    }

    /// The header came from a second source: see [`PartCutter::source_began_beside`].
    pub(crate) fn source_began_beside(&mut self) {
        for (_, cutter) in &mut self.cutters {
            cutter.source_began_beside();
        }
    }

    /// A track needs another header from its next sync sample on: see [`PartCutter::cut_next`].
    pub(crate) fn cut_next(
        &mut self,
        track: TrackId,
        parts: &mut Vec<MediaPart>,
    ) -> Result<(), MediaError> {
        let found = self.cutters.iter_mut().find(|(id, _)| *id == track);
        found.map_or(Ok(()), |(_, cutter)| cutter.cut_next(parts))
    }

    /// How a fragment stands to what was taken before; `None` for one of an unknown track. Changes nothing.
    pub(crate) fn relation(&self, fragment: &Fragment) -> Option<Relation> {
        let track = fragment.track();
        let found = self.cutters.iter().find(|(id, _)| *id == track);
        found.map(|(_, cutter)| cutter.relation(fragment))
    }

    /// Gives out what each track still holds: the encoder has stopped.
    ///
    /// # Errors
    /// As [`PartCutter::push`].
    pub fn finish(&mut self, parts: &mut Vec<MediaPart>) -> Result<(), MediaError> {
        self.cutters
            .iter_mut()
            .try_for_each(|(_, cutter)| cutter.finish(parts))
    }

    /// The longest part of a track (`PART-TARGET`); `None` before the track's first fragment, or for an unknown track.
    pub fn part_target(&self, track: TrackId) -> Option<MediaTime> {
        self.cutters
            .iter()
            .find(|(id, _)| *id == track)?
            .1
            .part_target()
    }
}
