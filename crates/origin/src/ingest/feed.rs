//! One publishing point's media on its way from boxes to renditions.

use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use llhls::manifest::{Cut, MediaDuration, PushError};
use llhls::registry::{Part, PublishError, Publisher, StreamName};

use crate::ingest::clock::CaptureClock;
use crate::ingest::error::IngestError;
use crate::ingest::label::Point;
use crate::media::{
    Continuity, FrameRate, Independence, InitSection, MediaItem, MediaLimits, MediaPart,
    MediaReader, PresentationCutter, StreamEnd, TrackInfo,
};
use crate::origin::Origin;
use crate::rendition;

/// Media of one publishing point: reads boxes, cuts parts, publishes them.
///
/// What belongs to a request (the reader, in the middle of a box) is renewed with each; what belongs
/// to the point (header, cutters, publishers, clock) stays.
#[derive(Debug)]
pub(super) struct Feed {
    origin: Origin,
    point: Point,
    reader: Option<MediaReader>,
    /// The header in effect, and its cutter.
    header: Option<(InitSection, PresentationCutter)>,
    tracks: Vec<Track>,
    clock: CaptureClock,
    /// The encoder said that this is the end (ING-17).
    last: bool,
    /// Parts published by the present request.
    parts: u64,
}

/// One track of the header, which is one rendition.
#[derive(Debug)]
struct Track {
    info: TrackInfo,
    rendition: StreamName,
    init: Bytes,
    /// Pictures per second, by the first fragment: headers seldom tell.
    frame_rate: Option<FrameRate>,
    /// Opened with the first part, when the part target is known.
    publisher: Option<Publisher>,
    /// Nothing is published before a part that a decoder can start in: at the start, and after
    /// media was lost.
    starting: bool,
}

impl Feed {
    pub(super) fn new(origin: Origin, point: Point) -> Self {
        Self {
            origin,
            point,
            reader: None,
            header: None,
            tracks: Vec::new(),
            clock: CaptureClock::default(),
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

    /// Takes bytes as they arrive and publishes what they complete.
    pub(super) fn receive(&mut self, chunk: &[u8], now: SystemTime) -> Result<(), IngestError> {
        let mut reader = self.reader.take().unwrap_or_else(|| match &self.header {
            Some((init, _)) => MediaReader::with_init(MediaLimits::default(), init.clone()),
            None => MediaReader::new(MediaLimits::default()),
        });
        let mut items = Vec::new();
        let read = reader.read(chunk, &mut items);
        self.reader = Some(reader);
        // What came before a fault is good media, and is published.
        for item in items {
            self.item(item, now)?;
        }
        read.map_err(IngestError::from)
    }

    /// The request's body ended in order; how many parts it gave.
    pub(super) fn request_ended(&mut self) -> Result<u64, IngestError> {
        if let Some(StreamEnd::Truncated { bytes }) = self.reader.take().map(MediaReader::finish) {
            tracing::debug!(bytes, "the body ended inside a box, which was dropped");
        }
        if self.last {
            self.flush()?;
            for track in &mut self.tracks {
                if let Some(publisher) = track.publisher.take() {
                    publisher.fin();
                }
            }
        }
        Ok(self.parts)
    }

    /// The request is over, however it ended.
    pub(super) fn release(&mut self) {
        self.reader = None;
        self.parts = 0;
    }

    /// Nobody will publish here again: the playlists end.
    pub(super) fn end(mut self: Box<Self>) {
        if let Err(error) = self.flush() {
            tracing::debug!(%error, "the last part was refused");
        }
        for track in self.tracks.drain(..) {
            if let Some(publisher) = track.publisher {
                publisher.fin();
            }
        }
    }

    fn item(&mut self, item: MediaItem, now: SystemTime) -> Result<(), IngestError> {
        match item {
            MediaItem::Init(init) => self.header(init),
            MediaItem::Fragment(fragment) => {
                let Some((_, cutter)) = &mut self.header else {
                    return Err(crate::media::MediaError::MissingInit.into());
                };
                let of = |track: &&mut Track| track.info.id == fragment.track();
                if let Some(track) = self.tracks.iter_mut().find(of) {
                    track.frame_rate = track.frame_rate.or_else(|| fragment.frame_rate());
                }
                let mut parts = Vec::new();
                let pushed = cutter.push(&fragment, &mut parts);
                if parts
                    .iter()
                    .any(|part| part.continuity == Continuity::Reset)
                {
                    self.clock.reset(&fragment, now);
                }
                self.clock.observe(&fragment, now);
                self.publish(parts)?;
                pushed.map(|_accepted| ()).map_err(IngestError::from)
            }
            MediaItem::LastSegment => {
                self.last = true;
                Ok(())
            }
        }
    }

    /// A header: the first, the same again, or a changed one.
    fn header(&mut self, init: InitSection) -> Result<(), IngestError> {
        if self
            .header
            .as_ref()
            .is_some_and(|(present, _)| *present == init)
        {
            return Ok(());
        }
        self.flush()?;
        let published: Vec<&TrackInfo> = init
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
                    .and_then(|track| track.publisher.take());
                Track {
                    init: init.for_track(info.id).unwrap_or_default(),
                    info: info.clone(),
                    rendition,
                    frame_rate: None,
                    publisher,
                    starting: true,
                }
            })
            .collect();
        let cutter = PresentationCutter::new(&init, self.origin.cut_config());
        self.header = Some((init, cutter));
        for track in &mut self.tracks {
            if let Some(publisher) = &mut track.publisher {
                publisher.init(track.init.clone());
            }
        }
        Ok(())
    }

    /// Publishes what the cutter still holds.
    fn flush(&mut self) -> Result<(), IngestError> {
        let Some((_, cutter)) = &mut self.header else {
            return Ok(());
        };
        let mut parts = Vec::new();
        let finished = cutter.finish(&mut parts);
        self.publish(parts)?;
        finished.map_err(IngestError::from)
    }

    fn publish(&mut self, parts: Vec<MediaPart>) -> Result<(), IngestError> {
        for part in parts {
            self.publish_one(part)?;
        }
        Ok(())
    }

    fn publish_one(&mut self, part: MediaPart) -> Result<(), IngestError> {
        let target = self
            .header
            .as_ref()
            .and_then(|(_, cutter)| cutter.part_target(part.track));
        let of = |track: &&mut Track| track.info.id == part.track;
        // Tracks of other kinds, such as text, are read and not published.
        let Some(track) = self.tracks.iter_mut().find(of) else {
            return Ok(());
        };
        let interrupted = !matches!(part.continuity, Continuity::Continues);
        track.starting |= interrupted;
        if track.starting && part.independence == Independence::Dependent {
            return Ok(());
        }
        let refused = |error| IngestError::Publish {
            rendition: track.rendition.clone(),
            error,
        };
        if track.publisher.is_none() {
            let longest = target.unwrap_or(part.duration);
            let publisher = rendition::open(
                &self.origin,
                &self.point.presentation,
                &track.rendition,
                &track.info,
                &rendition::Shape {
                    part_target: duration(longest),
                    frame_rate: track.frame_rate,
                    epoch: epoch(),
                },
            )
            .map_err(|error| IngestError::Open {
                rendition: track.rendition.clone(),
                error,
            })?;
            let publisher = track.publisher.insert(publisher);
            publisher.init(track.init.clone());
        }
        let publisher = track
            .publisher
            .as_mut()
            .expect("opened above where it was missing");

        let mut ready = Part::new(part.bytes, duration(part.duration));
        if part.independence == Independence::Independent {
            ready = ready.independent();
        }
        if interrupted {
            ready = ready.discontinuous();
        }
        if let Some(time) = self.clock.at(part.decode_time) {
            ready = ready.captured_at(time);
        }
        let opens = track.starting || part.segment.opens_segment();
        ready = ready.cut(if opens { Cut::Before } else { Cut::Never });
        match publisher.publish(ready) {
            Ok(_) => {
                track.starting = false;
                self.parts += 1;
                Ok(())
            }
            Err(PublishError::Refused(
                PushError::NotIndependent | PushError::SegmentTooLong { .. },
            )) => Err(IngestError::KeyFrames {
                rendition: track.rendition.clone(),
                target_duration: self.origin.target_duration(),
            }),
            Err(error) => Err(refused(error)),
        }
    }
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

fn duration(time: crate::media::MediaTime) -> MediaDuration {
    MediaDuration::from_nanos(time.as_nanos())
}

/// A token for the names of a new rendition that no earlier one had: the time in base 36.
fn epoch() -> String {
    const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let mut rest = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_millis();
    let mut digits = Vec::new();
    while rest > 0 || digits.is_empty() {
        digits.push(char::from(DIGITS[(rest % 36) as usize]));
        rest /= 36;
    }
    digits.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

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
        let point = Point::parse("cam", None).unwrap();
        let mut feed = Feed::new(origin.clone(), point);
        let start = UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        feed.receive(live(), start).unwrap();
        feed.release();
        // Twenty seconds later it sends from the beginning of its own timeline.
        feed.receive(live(), start + Duration::from_secs(20))
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

    #[tokio::test]
    async fn any_chunking_gives_the_same_playlist() {
        let mut texts = Vec::new();
        for size in [1_000, 4_096, 100_000, CLIP.len()] {
            let origin = Origin::new(OriginConfig::new()).unwrap();
            let mut feed = Feed::new(origin.clone(), Point::parse("cam", None).unwrap());
            for chunk in live().chunks(size) {
                feed.receive(chunk, UNIX_EPOCH + Duration::from_secs(1_800_000_000))
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
