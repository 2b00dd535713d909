//! One publishing point's media on its way from boxes to renditions.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use llhls::manifest::WallClock;
use llhls::registry::{Publisher, StreamName};
use tokio::sync::Notify;

use crate::ingest::clock::CaptureClock;
use crate::ingest::config::IngestConfig;
use crate::ingest::early::Early;
use crate::ingest::error::IngestError;
use crate::ingest::label::Point;
use crate::ingest::opening::{Awaited, LONGEST_TARGET, Lengths, Opening};
use crate::ingest::source::{Source, SourceId, Sources, Standing};
use crate::ingest::track::{Outcome, Track};
use crate::media::{
    ByteBudget, Continuity, Fragment, Held, InitSection, MediaError, MediaItem, MediaLimits,
    MediaPart, MediaTime, ParameterSets, PresentationCutter, Relation, TrackId, TrackInfo,
};
use crate::origin::Origin;

/// Media of one publishing point: takes what its sources read, cuts parts, publishes them.
///
/// What belongs to a request (the reader, in the middle of a box) is in its [`Source`]; what belongs
/// to the point (header, cutters, publishers, clock) is here, and stays between requests.
#[derive(Debug)]
pub(super) struct Feed {
    origin: Origin,
    point: Point,
    limits: MediaLimits,
    /// What everything here may hold, and what may wait for the first key frames.
    budget: ByteBudget,
    most_held: u64,
    sources: Sources,
    /// The header in effect, as it was sent, and what is taken for it.
    header: Option<InitSection>,
    held_header: Held,
    /// The same as players get it: with the parameter sets that came in samples.
    fitted: Option<InitSection>,
    /// The parameter sets in effect, of each track that has any.
    sets: Vec<ParameterSets>,
    /// Wakes those who wait for the first header.
    header_came: Arc<Notify>,
    stage: Stage,
    early: Early,
    tracks: Vec<Track>,
    clock: CaptureClock,
    /// Parts that were cut and not published yet.
    ready: VecDeque<Dated>,
    /// The encoder said that this is the end (ING-17).
    last: bool,
    /// Parts published so far.
    parts: u64,
}

/// What is done with media.
#[derive(Debug)]
enum Stage {
    /// There is no header.
    Empty,
    /// It is held until the segment lengths are known.
    Opening(Opening),
    /// It is cut.
    Cutting {
        cutter: PresentationCutter,
        target_duration: u32,
    },
}

impl Feed {
    pub(super) fn new(
        origin: Origin,
        point: Point,
        config: &IngestConfig,
        budget: ByteBudget,
    ) -> Self {
        Self {
            origin,
            point,
            limits: config.limits.clone(),
            most_held: config.most_held(),
            held_header: budget.hold(),
            budget,
            sources: Sources::new(config.sources),
            header: None,
            fitted: None,
            sets: Vec::new(),
            header_came: Arc::default(),
            stage: Stage::Empty,
            early: Early::default(),
            tracks: Vec::new(),
            clock: CaptureClock::default(),
            ready: VecDeque::new(),
            last: false,
            parts: 0,
        }
    }

    /// Whether there is anything to keep between requests: a header, which an encoder may send
    /// alone (ING-04), or more. Nothing is left of a point after its encoder's last word.
    pub(super) fn is_worth_keeping(&self) -> bool {
        self.header.is_some() && !self.last
    }

    /// Whether the encoder said its last word, and the playlists have ended.
    pub(super) fn has_ended(&self) -> bool {
        self.last
    }

    /// How many parts were published here.
    pub(super) fn parts(&self) -> u64 {
        self.parts
    }

    /// What tells of the first header; `None` when it is here.
    pub(super) fn awaited_header(&self) -> Option<Arc<Notify>> {
        self.header.is_none().then(|| Arc::clone(&self.header_came))
    }

    /// A request begins.
    pub(super) fn join(&mut self) -> Result<Source, IngestError> {
        self.sources.join()
    }

    /// A request is over, however it ended.
    pub(super) fn leave(&mut self, source: &Source) {
        self.sources.leave(source.id());
        if self.sources.has_lead() {
            return;
        }
        // What waited for media of this one waits in vain.
        let taken = self.take_early();
        if let Err(error) = taken.and_then(|()| self.publish()) {
            tracing::debug!(%error, "media that came early was refused");
        }
    }

    /// Takes bytes of a request as they arrive and publishes what they complete.
    pub(super) fn receive(
        &mut self,
        source: &mut Source,
        chunk: &[u8],
        now: SystemTime,
    ) -> Result<(), IngestError> {
        let mut items = Vec::new();
        let bounds = (&self.limits, &self.budget);
        let read = source.read(self.header.as_ref(), bounds, chunk, &mut items);
        // What came before a fault is good media, and is published.
        let taken = items
            .into_iter()
            .try_for_each(|item| self.take(source.id(), item, now));
        let published = self.publish();
        taken.and(published)?;
        read.map_err(IngestError::from)
    }

    /// Takes one thing that a source has read, and publishes what it completes.
    #[cfg(feature = "rtmp")]
    pub(super) fn receive_item(
        &mut self,
        source: SourceId,
        mut item: MediaItem,
        now: SystemTime,
    ) -> Result<(), IngestError> {
        if let MediaItem::Fragment(fragment) = &mut item {
            fragment.take_from(&self.budget).map_err(MediaError::from)?;
        }
        let is_header = matches!(item, MediaItem::Init(_));
        let taken = self.take(source, item, now);
        // A connection has one header, and no encoder sends again what it sent over another one.
        if is_header
            && self.sources.standing(source) == Standing::Leads
            && let Stage::Cutting { cutter, .. } = &mut self.stage
        {
            cutter.source_began_anew();
        }
        let published = self.publish();
        taken.and(published)
    }

    /// What all that is held of this point is taken from.
    #[cfg(feature = "rtmp")]
    pub(super) fn budget(&self) -> &ByteBudget {
        &self.budget
    }

    /// Nothing has come for a while: the registry sees to the gap until something does.
    pub(super) fn rest(&mut self) {
        self.tracks.iter_mut().for_each(Track::rest);
    }

    /// After how long without a byte the encoder counts as stalled. One that sends whole segments is
    /// silent for as long as they last.
    pub(super) fn stall(&self) -> Duration {
        let target = match &self.stage {
            Stage::Cutting {
                target_duration, ..
            } => *target_duration,
            Stage::Empty | Stage::Opening(_) => LONGEST_TARGET,
        };
        Duration::from_secs(target.into()) * 3 / 2
    }

    /// The request's body ended in order.
    pub(super) fn request_ended(&mut self, source: &mut Source) -> Result<(), IngestError> {
        source.finish();
        if self.last {
            self.flush()?;
            self.publishers().for_each(Publisher::fin);
        }
        Ok(())
    }

    /// Nobody will publish here again: the playlists end.
    pub(super) fn end(&mut self) {
        if let Err(error) = self.flush() {
            tracing::debug!(%error, "the last part was refused");
        }
        let (origin, presentation) = (&self.origin, &self.point.presentation);
        for track in &mut self.tracks {
            // One that rests was let go, and may have been ended meanwhile.
            if track.rests() && neighbour(origin, presentation, Some(&track.rendition)).is_some() {
                let shortest = MediaTime::new(1, track.info.timescale);
                if let Err(error) = track.open(origin, presentation, shortest, 1) {
                    tracing::debug!(%error, "somebody else has the rendition now");
                }
            }
        }
        self.publishers().for_each(Publisher::fin);
    }

    fn publishers(&mut self) -> impl Iterator<Item = Publisher> + '_ {
        self.tracks.iter_mut().filter_map(Track::take_publisher)
    }

    /// Takes what a source has read. What it completes is ready then.
    fn take(
        &mut self,
        source: SourceId,
        item: MediaItem,
        now: SystemTime,
    ) -> Result<(), IngestError> {
        self.sources.check(source)?;
        match item {
            MediaItem::Init(init) => self.header(source, init),
            MediaItem::Fragment(fragment) => self.fragment(source, fragment, now),
            MediaItem::LastSegment => {
                self.last = true;
                Ok(())
            }
        }
    }

    fn fragment(
        &mut self,
        source: SourceId,
        fragment: Fragment,
        now: SystemTime,
    ) -> Result<(), IngestError> {
        match &self.stage {
            Stage::Empty => return Err(MediaError::MissingInit.into()),
            Stage::Opening(_) => {
                if self.sources.lead(source).is_beside() {
                    self.early.hold(fragment, now);
                    return Ok(());
                }
            }
            Stage::Cutting {
                cutter,
                target_duration,
            } => {
                if self.sources.lead(source).is_beside() {
                    let segment = Duration::from_secs((*target_duration).into());
                    match cutter.relation(&fragment) {
                        Some(Relation::Ahead { ticks })
                            if MediaTime::new(ticks, fragment.decode_time().timescale)
                                .to_duration()
                                <= segment =>
                        {
                            self.early.hold(fragment, now);
                            return Ok(());
                        }
                        Some(Relation::Ahead { .. }) => {
                            self.sources.take_over(source);
                            self.take_early()?;
                        }
                        Some(Relation::Elsewhere) => {
                            self.sources.take_over(source);
                            self.early.clear();
                        }
                        _ => {}
                    }
                }
            }
        }
        self.pass(fragment, now)?;
        self.take_due()
    }

    /// A fragment of the source that leads, or one that nobody else will send.
    fn pass(&mut self, fragment: Fragment, arrived: SystemTime) -> Result<(), IngestError> {
        let Stage::Opening(opening) = &mut self.stage else {
            return self.cut(&fragment, arrived);
        };
        let mut lengths = opening.hold(fragment, arrived);
        if lengths.is_none() && opening.awaited() == Awaited::Picture {
            lengths = neighbour(&self.origin, &self.point.presentation, None);
        }
        lengths.map_or(Ok(()), |lengths| self.open(lengths))
    }

    /// Cuts what waited for what was cut just now.
    fn take_due(&mut self) -> Result<(), IngestError> {
        while let Stage::Cutting { cutter, .. } = &self.stage
            && let Some((fragment, arrived)) = self.early.take_due(|early| cutter.relation(early))
        {
            self.cut(&fragment, arrived)?;
        }
        Ok(())
    }

    /// Takes all that came early, whatever is missing before it.
    fn take_early(&mut self) -> Result<(), IngestError> {
        while let Some((fragment, arrived)) = self.early.take_first() {
            let is_here = matches!(&self.stage, Stage::Opening(opening) if opening.has(&fragment));
            if !is_here {
                self.pass(fragment, arrived)?;
            }
        }
        Ok(())
    }

    /// The segment lengths are known: what was held goes its way.
    fn open(&mut self, lengths: Lengths) -> Result<(), IngestError> {
        let Some(init) = &self.header else {
            return Ok(());
        };
        let mut config = self.origin.cut_config(lengths.target_duration);
        if let Some(longest) = lengths.longest_gop {
            config = config.longest_gop(longest);
        }
        let cutting = Stage::Cutting {
            cutter: PresentationCutter::new(init, config),
            target_duration: lengths.target_duration,
        };
        if let Stage::Opening(opening) = std::mem::replace(&mut self.stage, cutting) {
            let released = opening.release();
            for (fragment, arrived) in &released {
                self.cut(fragment, *arrived)?;
            }
            // Parts are copies: what they were cut from counts until they are the registry's.
            self.publish()?;
        }
        Ok(())
    }

    /// Cuts a fragment; where its samples bring other parameter sets, its track goes on with another header from there.
    fn cut(&mut self, fragment: &Fragment, arrived: SystemTime) -> Result<(), IngestError> {
        let mut rest = fragment.clone();
        while let Some((track, index)) = self.change_in(&rest) {
            let (before, behind) = rest.split_at(index);
            if let Some(before) = before {
                self.cut_alike(&before, arrived)?;
            }
            self.refit(track)?;
            rest = behind;
        }
        self.cut_alike(&rest, arrived)
    }

    /// The first sample that needs another header than the one in effect. Media that is here already changes nothing.
    fn change_in(&mut self, fragment: &Fragment) -> Option<(TrackId, usize)> {
        let Stage::Cutting { cutter, .. } = &self.stage else {
            return None;
        };
        if cutter.relation(fragment) == Some(Relation::Repeats) {
            return None;
        }
        self.sets
            .iter_mut()
            .find_map(|sets| Some((sets.track(), sets.change_in(fragment)?)))
    }

    /// Writes a track's parameter sets into its header, and starts a segment with it.
    fn refit(&mut self, track: TrackId) -> Result<(), IngestError> {
        let sets = self.sets.iter().find(|sets| sets.track() == track);
        let (Some(sets), Some(fitted)) = (sets, &self.fitted) else {
            return Ok(());
        };
        let fitted = sets.write(fitted, &self.limits)?;
        if let Stage::Cutting { cutter, .. } = &mut self.stage {
            let mut parts = Vec::new();
            let finished = cutter.cut_next(track, &mut parts);
            self.date(parts);
            self.publish()?;
            finished?;
        }
        let own = self.tracks.iter_mut().find(|own| own.info.id == track);
        if let (Some(own), Some(info)) = (own, fitted.track(track)) {
            own.refit(info.clone(), fitted.for_track(track).unwrap_or_default());
        }
        self.fitted = Some(fitted);
        Ok(())
    }

    /// Cuts a fragment of which all samples go with the header in effect.
    fn cut_alike(&mut self, fragment: &Fragment, arrived: SystemTime) -> Result<(), IngestError> {
        let Stage::Cutting { cutter, .. } = &mut self.stage else {
            return Ok(());
        };
        let of = |track: &&mut Track| track.info.id == fragment.track();
        let mut parts = Vec::new();
        let pushed = cutter.push(fragment, &mut parts);
        let is_reset = |part: &MediaPart| part.continuity == Continuity::Reset;
        if let Some(first) = parts.iter().position(is_reset) {
            // What ends the old timeline is dated by the old clock.
            let before: Vec<_> = parts.drain(..first).collect();
            self.date(before);
        }
        if let Some(track) = self.tracks.iter_mut().find(of) {
            track.observe(fragment.frame_rate());
            if parts.iter().any(is_reset) {
                self.clock.reset(&track.info, fragment, arrived);
            }
            self.clock.observe(&track.info, fragment, arrived);
        }
        self.date(parts);
        pushed.map(|_accepted| ()).map_err(IngestError::from)
    }

    /// Makes parts ready, with their dates by the clock as it is now.
    fn date(&mut self, parts: Vec<MediaPart>) {
        let clock = &self.clock;
        self.ready.extend(parts.into_iter().map(|part| Dated {
            captured_at: clock.at(part.presentation_time),
            part,
        }));
    }

    /// A header: the first, the same again, or a changed one.
    fn header(&mut self, source: SourceId, init: InitSection) -> Result<(), IngestError> {
        if self.header.as_ref().is_some_and(|present| *present == init) {
            if let Stage::Cutting { cutter, .. } = &mut self.stage {
                match self.sources.standing(source) {
                    Standing::Leads => cutter.source_began(),
                    Standing::Beside => cutter.source_began_beside(),
                }
            }
            return Ok(());
        }
        self.flush()?;
        // As it was sent, as players get it, and track by track.
        let header_bytes = 3 * init.bytes().len() as u64;
        let taken = self.held_header.set(header_bytes);
        taken.map_err(MediaError::from)?;
        if self.header.is_some() {
            // Whoever sends another header is another encoder, or the same one set up anew. The newest one
            // counts: the connection of an encoder that lost its network looks alive for minutes.
            self.sources.take_over(source);
        }
        let sets = ParameterSets::of(&init);
        // Players start with the header, so what is in it is said to be in it (FMT-14).
        let in_band = sets.iter().filter(|sets| sets.are_in_band());
        let fitted = in_band.fold(init.clone(), |fitted, sets| {
            sets.write(&fitted, &self.limits).unwrap_or(fitted)
        });
        let published: Vec<&TrackInfo> = fitted
            .tracks()
            .filter(|track| track.is_video() || track.is_audio())
            .collect();
        let names = names(&published, &self.point)?;
        let mut before = std::mem::take(&mut self.tracks);
        self.tracks = published
            .into_iter()
            .zip(names)
            .map(|(info, rendition)| {
                // A track that kept its name keeps its rendition: new header, same numbers.
                let publisher = before
                    .iter_mut()
                    .find(|track| track.rendition == rendition)
                    .and_then(Track::take_publisher);
                let section = fitted.for_track(info.id).unwrap_or_default();
                Track::new(info.clone(), rendition, section, publisher)
            })
            .collect();
        self.header = Some(init);
        self.fitted = Some(fitted);
        self.sets = sets;
        self.header_came.notify_waiters();
        self.early.clear();
        self.clock.doubt();
        self.begin()
    }

    /// With a new header: goes on with the lengths that are fixed already, or waits for what tells them.
    fn begin(&mut self) -> Result<(), IngestError> {
        let presentation = &self.point.presentation;
        let open = self
            .tracks
            .iter()
            .find_map(|track| neighbour(&self.origin, presentation, Some(&track.rendition)));
        let beside = neighbour(&self.origin, presentation, None);
        let least = u32::try_from(self.origin.target_duration()).unwrap_or(u32::MAX);
        let default = Lengths {
            target_duration: least,
            longest_gop: None,
        };
        let picture = self.tracks.iter().find(|track| track.info.is_video());
        let awaited = match (picture, &self.point.label) {
            (Some(track), _) => Awaited::KeyFrames(track.info.id),
            (None, Some(_)) => Awaited::Picture,
            (None, None) => return self.open(open.or(beside).unwrap_or(default)),
        };
        match (open, beside, awaited) {
            (Some(lengths), _, _) | (None, Some(lengths), Awaited::Picture) => self.open(lengths),
            (None, beside, _) => {
                let least = beside.map_or(least, |lengths| lengths.target_duration.max(least));
                self.stage = Stage::Opening(Opening::new(awaited, least, self.most_held));
                Ok(())
            }
        }
    }

    /// Publishes what is still held.
    fn flush(&mut self) -> Result<(), IngestError> {
        if let Stage::Opening(opening) = &self.stage {
            self.open(opening.lengths_at_end())?;
        }
        let Stage::Cutting { cutter, .. } = &mut self.stage else {
            return Ok(());
        };
        let mut parts = Vec::new();
        let finished = cutter.finish(&mut parts);
        self.date(parts);
        self.publish()?;
        finished.map_err(IngestError::from)
    }

    /// Publishes what is ready. Parts of several tracks that begin at one instant become visible in one step.
    fn publish(&mut self) -> Result<(), IngestError> {
        let mut ready = std::mem::take(&mut self.ready);
        while let Some(first) = ready.pop_front() {
            let mut step = vec![first];
            let mut later = VecDeque::with_capacity(ready.len());
            for part in ready {
                let is_first_of_track = step
                    .iter()
                    .chain(&later)
                    .all(|other: &Dated| other.part.track != part.part.track);
                if is_first_of_track && are_together(&step[0].part, &part.part) {
                    step.push(part);
                } else {
                    later.push_back(part);
                }
            }
            ready = later;
            self.publish_step(&step)?;
        }
        Ok(())
    }

    fn publish_step(&mut self, parts: &[Dated]) -> Result<(), IngestError> {
        let Stage::Cutting {
            cutter,
            target_duration,
        } = &self.stage
        else {
            return Ok(());
        };
        let presentation = &self.point.presentation;
        let mut step = Vec::with_capacity(parts.len());
        let mut of_tracks = Vec::with_capacity(parts.len());
        // Tracks of other kinds, such as text, are read and not published.
        for (index, track) in self.tracks.iter_mut().enumerate() {
            let own = parts.iter().find(|dated| dated.part.track == track.info.id);
            let Some(Dated { part, captured_at }) =
                own.filter(|dated| track.admits(&dated.part) == Outcome::Published)
            else {
                continue;
            };
            let part_target = cutter.part_target(part.track).unwrap_or(part.duration);
            track.open(&self.origin, presentation, part_target, *target_duration)?;
            step.push(track.prepare(part.clone(), *captured_at));
            of_tracks.push(index);
        }
        let published = Publisher::publish_together(step);
        let mut outcome = Ok(());
        for (index, published) in of_tracks.into_iter().zip(published) {
            match published {
                Ok(_) => self.parts += 1,
                Err(error) => {
                    let error = self.tracks[index].refused(error, *target_duration);
                    outcome = outcome.and(Err(error));
                }
            }
        }
        outcome
    }
}

/// A part that waits to be published.
#[derive(Debug)]
struct Dated {
    part: MediaPart,
    captured_at: Option<WallClock>,
}

/// Whether two parts begin at one instant, to half of the shorter one.
fn are_together(one: &MediaPart, other: &MediaPart) -> bool {
    let apart = one
        .decode_time
        .as_nanos()
        .abs_diff(other.decode_time.as_nanos());
    let shorter = one.duration.as_nanos().min(other.duration.as_nanos());
    apart <= shorter / 2
}

/// The target duration of a live rendition of a presentation: of the one with this name, or of any.
fn neighbour(
    origin: &Origin,
    presentation: &StreamName,
    rendition: Option<&StreamName>,
) -> Option<Lengths> {
    let playlists = origin.playlists();
    let names: Vec<StreamName> = match rendition {
        Some(name) => vec![name.clone()],
        None => playlists
            .active()
            .into_iter()
            .filter(|info| info.name == *presentation)
            .flat_map(|info| info.renditions)
            .map(|info| info.name)
            .collect(),
    };
    let target = names
        .iter()
        .filter_map(|name| playlists.viewer(presentation.as_str(), name.as_str()))
        .filter_map(|viewer| viewer.snapshot().ok())
        .filter(|snapshot| !snapshot.view().edge().is_ended())
        .map(|snapshot| snapshot.view().target_duration().as_millis() / 1000)
        .max()?;
    Some(Lengths {
        target_duration: u32::try_from(target).ok()?,
        longest_gop: None,
    })
}

/// Names for the tracks of a header: `video`, `audio_2`, or the point's label.
fn names(tracks: &[&TrackInfo], point: &Point) -> Result<Vec<StreamName>, IngestError> {
    let mut names = Vec::with_capacity(tracks.len());
    for (index, track) in tracks.iter().enumerate() {
        let kind = kind(track);
        let nth = tracks[..index]
            .iter()
            .filter(|other| self::kind(other) == kind)
            .count()
            + 1;
        let mut name = match &point.label {
            Some(label) if tracks.len() == 1 => label.to_string(),
            Some(label) => format!("{label}_{kind}"),
            None => kind.to_owned(),
        };
        if nth > 1 {
            write!(name, "_{nth}").expect("a String takes all writes");
        }
        names.push(name.parse()?);
    }
    Ok(names)
}

fn kind(track: &TrackInfo) -> &'static str {
    if track.is_video() { "video" } else { "audio" }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use llhls::manifest::Directives;
    use llhls::registry::Coding;

    use super::*;
    use crate::origin::OriginConfig;

    const CLIP: &[u8] = include_bytes!("../../demo/video-360.mp4");

    /// The clip without the box at its end, which would say that nothing follows.
    fn live() -> &'static [u8] {
        let end = CLIP
            .windows(4)
            .rposition(|kind| kind == b"mfra")
            .expect("a file ends so");
        &CLIP[..end - 4]
    }

    fn feed(origin: &Origin) -> Feed {
        let (config, point) = (IngestConfig::new(), Point::parse("cam", None).unwrap());
        Feed::new(origin.clone(), point, &config, config.budget())
    }

    fn dates(playlist: &str) -> Vec<i128> {
        playlist
            .lines()
            .filter_map(|line| line.strip_prefix("#EXT-X-PROGRAM-DATE-TIME:"))
            .map(|date| playlist_oracle::read_date(date).unwrap() / 1_000_000)
            .collect()
    }

    #[tokio::test]
    async fn an_encoder_that_starts_again_continues_at_the_time_it_is() {
        let origin = Origin::new(OriginConfig::new()).unwrap();
        let mut feed = feed(&origin);
        let start = UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let mut first = feed.join().unwrap();
        feed.receive(&mut first, live(), start).unwrap();
        feed.leave(&first);
        // Twenty seconds later it sends from the beginning of its own timeline.
        let mut second = feed.join().unwrap();
        feed.receive(&mut second, live(), start + Duration::from_secs(20))
            .unwrap();

        let viewer = origin.playlists().viewer("cam", "video").unwrap();
        let body = viewer
            .playlist(&Directives::NONE, Coding::Identity)
            .await
            .unwrap();
        let text = std::str::from_utf8(&body.bytes).unwrap();
        playlist_oracle::assert_media_playlist(text);
        let (before, after) = text
            .split_once("#EXT-X-DISCONTINUITY\n")
            .expect("a discontinuity");
        assert_eq!(dates(after)[0] - dates(before)[0], 20_000, "{text}");
        assert_eq!(dates(before).len(), 4, "{text}");
    }

    /// An encoder is lost at once and comes back with the same picture, to the bit: a logo, or black.
    #[cfg(feature = "rtmp")]
    #[tokio::test]
    async fn what_comes_over_a_new_connection_is_not_taken_for_a_repetition() {
        let mut items = Vec::new();
        crate::media::MediaReader::new(MediaLimits::default())
            .read(live(), &mut items)
            .unwrap();
        let mut runs = items.into_iter();
        let header = runs.next().expect("a header");
        // Frames, one by one, of the first second.
        let mut frames = Vec::new();
        for item in runs {
            let MediaItem::Fragment(fragment) = item else {
                continue;
            };
            let mut rest = fragment;
            for _ in 1..rest.samples().len() {
                let (frame, behind) = rest.split_at(1);
                frames.extend(frame);
                rest = behind;
            }
            frames.push(rest);
        }
        let second = |frame: &&Fragment| frame.decode_time().as_nanos() < 1_000_000_000;
        let frames: Vec<Fragment> = frames.iter().filter(second).cloned().collect();
        assert!(frames.len() > 10);

        let origin = Origin::new(OriginConfig::new()).unwrap();
        let mut feed = feed(&origin);
        let start = UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        for run in 0..2 {
            let source = feed.join().unwrap();
            let now = start + Duration::from_secs(5 * run);
            feed.receive_item(source.id(), header.clone(), now).unwrap();
            for frame in &frames {
                let item = MediaItem::Fragment(frame.clone());
                feed.receive_item(source.id(), item, now).unwrap();
            }
            feed.leave(&source);
            assert!(matches!(feed.stage, Stage::Cutting { .. }));
        }
        feed.end();
        let viewer = origin.playlists().viewer("cam", "video").unwrap();
        let body = viewer.playlist(&Directives::NONE, Coding::Identity).await;
        let text = String::from_utf8(body.unwrap().bytes.to_vec()).unwrap();
        playlist_oracle::assert_media_playlist(&text);
        let (before, after) = text
            .split_once("#EXT-X-DISCONTINUITY\n")
            .unwrap_or_else(|| panic!("no discontinuity in\n{text}"));
        assert_eq!(seconds(before), seconds(after), "all of it twice\n{text}");
    }

    /// What the segments are long, in words.
    #[cfg(feature = "rtmp")]
    fn seconds(playlist: &str) -> Vec<&str> {
        playlist
            .lines()
            .filter_map(|line| line.strip_prefix("#EXTINF:"))
            .collect()
    }

    #[tokio::test]
    async fn any_chunking_gives_the_same_playlist() {
        let mut texts = Vec::new();
        for size in [1_000, 4_096, 100_000, CLIP.len()] {
            let origin = Origin::new(OriginConfig::new()).unwrap();
            let mut feed = feed(&origin);
            let mut source = feed.join().unwrap();
            for chunk in live().chunks(size) {
                feed.receive(
                    &mut source,
                    chunk,
                    UNIX_EPOCH + Duration::from_secs(1_800_000_000),
                )
                .unwrap();
            }
            let viewer = origin.playlists().viewer("cam", "video").unwrap();
            let body = viewer
                .playlist(&Directives::NONE, Coding::Identity)
                .await
                .unwrap();
            let text = String::from_utf8(body.bytes.to_vec()).unwrap();
            // Names carry the time at which the rendition was opened.
            texts.push(
                text.lines()
                    .map(|line| line.split('-').next_back().unwrap().to_owned())
                    .collect::<Vec<_>>(),
            );
        }
        assert!(texts.windows(2).all(|pair| pair[0] == pair[1]));
    }
}
