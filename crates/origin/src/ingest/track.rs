//! One track of a header on its way into its rendition.

use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use llhls::manifest::{Cut, MediaDuration, PushError, WallClock};
use llhls::registry::{Part, PublishError, Publisher, StreamName};

use crate::ingest::error::IngestError;
use crate::media::{
    Continuity, FrameRate, Independence, MediaPart, MediaTime, SegmentEnd, TrackInfo,
};
use crate::origin::Origin;
use crate::rendition;

/// One track of the header, which is one rendition.
#[derive(Debug)]
pub(super) struct Track {
    pub(super) info: TrackInfo,
    pub(super) rendition: StreamName,
    init: Bytes,
    /// Pictures per second, by the first fragment: headers seldom tell.
    frame_rate: Option<FrameRate>,
    /// Opened with the first part, when the part target is known.
    publisher: Option<Publisher>,
    state: State,
    /// The next part does not follow from the last one that was published.
    continuity: Link,
}

/// Which parts may come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// One that a decoder can start in, and no other: at the start, and after media was lost.
    Starting,
    /// Any.
    Running,
    /// One that opens a segment, because the last one ended its own.
    BetweenSegments,
}

/// Whether the next part follows from the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    Whole,
    Broken,
}

/// What became of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Viewers can have it.
    Published,
    /// No decoder could have used it.
    Dropped,
}

impl Track {
    /// A track whose rendition is opened with its first part, or goes on with `publisher`.
    pub(super) fn new(
        info: TrackInfo,
        rendition: StreamName,
        init: Bytes,
        mut publisher: Option<Publisher>,
    ) -> Self {
        // Another header may come with another timeline.
        let mut continuity = Link::Whole;
        if let Some(publisher) = &mut publisher {
            publisher.init(init.clone());
            continuity = Link::Broken;
            if let Err(error) = publisher.set_media(rendition::media(&info, None)) {
                tracing::warn!(%error, "the multivariant playlist keeps what it said of the rendition");
            }
        }
        Self {
            info,
            rendition,
            init,
            frame_rate: None,
            publisher,
            state: State::Starting,
            continuity,
        }
    }

    /// What the samples say of the track beyond its header.
    pub(super) fn observe(&mut self, frame_rate: Option<FrameRate>) {
        self.frame_rate = self.frame_rate.or(frame_rate);
    }

    /// The track goes on with another header: the samples brought other parameter sets.
    pub(super) fn refit(&mut self, info: TrackInfo, init: Bytes) {
        self.info = info;
        self.init = init;
        let Some(publisher) = &mut self.publisher else {
            return;
        };
        publisher.init(self.init.clone());
        if let Err(error) = publisher.set_media(rendition::media(&self.info, self.frame_rate)) {
            tracing::warn!(%error, "the multivariant playlist keeps what it said of the rendition");
        }
        self.break_off();
    }

    /// The publisher, for a track that takes this one's place or for the end of the stream.
    pub(super) fn take_publisher(&mut self) -> Option<Publisher> {
        self.publisher.take()
    }

    /// Opens the rendition.
    pub(super) fn open(
        &mut self,
        origin: &Origin,
        presentation: &StreamName,
        part_target: MediaTime,
        target_duration: u32,
    ) -> Result<(), IngestError> {
        if self.publisher.is_some() {
            return Ok(());
        }
        let shape = rendition::Shape {
            part_target: duration(part_target),
            target_duration,
            frame_rate: self.frame_rate,
            epoch: epoch(),
        };
        let opened = rendition::open(origin, presentation, &self.rendition, &self.info, &shape);
        let mut publisher = opened.map_err(|error| IngestError::Open {
            rendition: self.rendition.clone(),
            error,
        })?;
        publisher.init(self.init.clone());
        self.publisher = Some(publisher);
        Ok(())
    }

    /// Lets the rendition go until media comes again: the registry sees to the gap meanwhile.
    pub(super) fn rest(&mut self) {
        if self.publisher.take().is_some() {
            self.break_off();
        }
    }

    /// Whether [`Track::rest`] let the rendition go.
    pub(super) fn rests(&self) -> bool {
        self.publisher.is_none() && self.continuity == Link::Broken
    }

    /// Whether the part will be published, if it is the next.
    pub(super) fn admits(&mut self, part: &MediaPart) -> Outcome {
        if !matches!(part.continuity, Continuity::Continues) {
            self.break_off();
        }
        let dependent = part.independence == Independence::Dependent;
        if self.state == State::BetweenSegments && dependent {
            // The key frame that the encoder's rhythm promised did not come, and nothing else can open a segment.
            self.break_off();
        }
        if self.state == State::Starting && dependent {
            Outcome::Dropped
        } else {
            Outcome::Published
        }
    }

    fn break_off(&mut self) {
        self.state = State::Starting;
        self.continuity = Link::Broken;
    }

    /// The publisher, and what it is to publish, of a part that [`Track::admits`].
    ///
    /// # Panics
    ///
    /// When the rendition was not opened.
    pub(super) fn prepare(
        &mut self,
        part: MediaPart,
        captured_at: Option<WallClock>,
    ) -> (&mut Publisher, Part) {
        let opens = self.state != State::Running || part.segment.opens_segment();
        // A segment of a single part has its end seen with the next one.
        let ends = part.end == SegmentEnd::Ends && !opens;
        let mut ready = Part::new(part.bytes, duration(part.duration));
        if part.independence == Independence::Independent {
            ready = ready.independent();
        }
        if self.continuity == Link::Broken {
            ready = ready.discontinuous();
        }
        if let Some(time) = captured_at {
            ready = ready.captured_at(time);
        }
        ready = ready.cut(match (opens, ends) {
            (true, _) => Cut::Before,
            (false, true) => Cut::After,
            (false, false) => Cut::Never,
        });
        // A part that is refused ends the request, and what comes later starts anew.
        self.continuity = Link::Whole;
        self.state = if ends {
            State::BetweenSegments
        } else {
            State::Running
        };
        let publisher = self.publisher.as_mut();
        (
            publisher.expect("the rendition is opened before its first part"),
            ready,
        )
    }

    /// A part was refused.
    pub(super) fn refused(&mut self, error: PublishError, target_duration: u32) -> IngestError {
        self.break_off();
        let rendition = self.rendition.clone();
        match error {
            PublishError::Refused(PushError::NotIndependent | PushError::SegmentTooLong { .. }) => {
                IngestError::KeyFrames {
                    rendition,
                    target_duration,
                }
            }
            error => IngestError::Publish { rendition, error },
        }
    }
}

fn duration(time: MediaTime) -> MediaDuration {
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
