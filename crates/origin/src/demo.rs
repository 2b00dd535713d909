//! The demo stream's driver: publishes what `media::demo` makes, when the clock says so.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use llhls::manifest::{Cut, DiscontinuitySequence, MediaDuration, Msn, ResourceNames, WallClock};
use llhls::registry::{Part, PublishError, Publisher, PublisherError, RenditionConfig, StreamName};
use tokio::time::Instant;

use crate::media::{DemoIndex, DemoSegment, DemoSource, Independence, MediaPart};
use crate::origin::Origin;
use crate::rendition;

/// The demo's presentation.
pub const DEMO: &str = "demo";

/// How the demo is cut where segments may have this many seconds, and the epoch of its names.
///
/// The names never change: they carry a number that is a function of the time, so a name means the
/// same media for ever, on every origin. Segments of another length are counted otherwise, and so
/// have names of their own.
fn cut_for(target_duration: u64) -> (DemoSegment, &'static str) {
    match target_duration {
        0 | 1 => (DemoSegment::OneSecond, "demo1s"),
        _ => (DemoSegment::TwoSeconds, "demo"),
    }
}

/// A demo stream that runs for as long as this value is polled.
///
/// Three renditions, in step: part *k* of each covers the same 200 ms since the UNIX epoch. At the
/// start the playlists are filled with the media of the last half minute, so the first viewer sees
/// a stream that has been on for a while. Segments have two seconds, or one where the origin's target
/// duration is one.
#[derive(Debug)]
pub struct Demo {
    source: DemoSource,
    publishers: Vec<Publisher>,
    next: DemoIndex,
    /// The wall clock as it stood at `started`; steps of the clock after that are not followed.
    unix: Duration,
    started: Instant,
}

/// Why there is no demo stream.
#[derive(Debug)]
#[non_exhaustive]
pub enum DemoError {
    /// The system's clock is before 1970.
    Clock,
    /// A rendition could not be opened.
    Open(PublisherError),
    /// A part was refused.
    Publish(PublishError),
}

impl fmt::Display for DemoError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clock => formatter.write_str("the system clock is before 1970"),
            Self::Open(error) => write!(formatter, "opening the demo stream: {error}"),
            Self::Publish(error) => write!(formatter, "publishing the demo stream: {error}"),
        }
    }
}

impl std::error::Error for DemoError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Clock => None,
            Self::Open(error) => Some(error),
            Self::Publish(error) => Some(error),
        }
    }
}

impl From<PublishError> for DemoError {
    fn from(error: PublishError) -> Self {
        Self::Publish(error)
    }
}

impl Demo {
    /// Opens the demo stream in `origin`, its window already full. Needs a Tokio runtime.
    ///
    /// # Errors
    ///
    /// [`DemoError::Open`] when `demo` is published already, or the registry is full.
    pub fn open(origin: &Origin) -> Result<Self, DemoError> {
        let (segment, epoch) = cut_for(origin.target_duration());
        let source = DemoSource::new(segment);
        let unix = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_err(|_| DemoError::Clock)?;
        let newest = source.index_at(unix).ok_or(DemoError::Clock)?;
        let per_segment = source.segment().parts();
        let window = per_segment * u64::from(origin.window_segments());
        let first = source.segment_start(DemoIndex::new(newest.value().saturating_sub(window)));
        let msn = Msn::new(source.part_at(first).media_sequence);

        let presentation: StreamName = DEMO.parse().expect("a plain word is a name");
        let mut publishers = Vec::new();
        for rendition in source.renditions() {
            let names = ResourceNames::new(epoch).expect("a plain word is an epoch");
            let part_target = MediaDuration::from_nanos(rendition.part_target().as_nanos());
            let config = RenditionConfig {
                manifest: origin
                    .manifest_config(names, part_target)
                    .start(msn, DiscontinuitySequence::new(0)),
                media: rendition::media(rendition.track(), rendition.frame_rate()),
            };
            let name: StreamName = rendition.name().parse().expect("a plain word is a name");
            let mut publisher = origin
                .playlists()
                .publisher(&presentation, &name, config)
                .map_err(DemoError::Open)?;
            publisher.init(rendition.init().clone());
            publishers.push(publisher);
        }
        let mut demo = Self {
            source,
            publishers,
            next: first,
            unix,
            started: Instant::now(),
        };
        while demo.next <= newest {
            demo.publish_next()?;
        }
        Ok(demo)
    }

    /// Publishes in real time, for ever.
    ///
    /// # Errors
    ///
    /// When a part is refused, as after the presentation was removed or ended.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the stream interrupted between two parts; calling again continues.
    pub async fn run(&mut self) -> Result<(), DemoError> {
        loop {
            let due = self
                .source
                .available_at(self.next)
                .saturating_sub(self.unix);
            tokio::time::sleep_until(self.started + due).await;
            self.publish_next()?;
        }
    }

    fn publish_next(&mut self) -> Result<(), DemoError> {
        let part = self.source.part_at(self.next);
        let cut = match part.part_in_segment {
            0 => Cut::Before,
            last if u64::from(last) + 1 == self.source.segment().parts() => Cut::After,
            _ => Cut::Never,
        };
        let parts = part.renditions.into_iter().map(|media| ready(media, cut));
        // One step, so that the reports in each playlist are those of this very part.
        for published in Publisher::publish_together(self.publishers.iter_mut().zip(parts)) {
            published?;
        }
        self.next = self.next.next();
        Ok(())
    }
}

fn ready(media: MediaPart, cut: Cut) -> Part {
    let part = Part::new(
        media.bytes,
        MediaDuration::from_nanos(media.duration.as_nanos()),
    )
    .captured_at(WallClock::from_unix_nanos(media.decode_time.as_nanos()))
    .cut(cut);
    match media.independence {
        Independence::Independent => part.independent(),
        Independence::Dependent => part,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origin::OriginConfig;

    #[tokio::test]
    async fn every_target_duration_that_can_be_configured_has_a_demo() {
        for target in [1, 2, 3, 60] {
            let origin = Origin::new(OriginConfig::new().target_duration(target)).unwrap();
            let mut demo = Demo::open(&origin).unwrap();
            for _ in 0..2 * demo.source.segment().parts() {
                demo.publish_next()
                    .unwrap_or_else(|error| panic!("{target} s: {error}"));
            }
        }
    }
}
