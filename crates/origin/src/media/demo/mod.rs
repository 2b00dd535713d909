//! The demo source: embedded clips, looped for ever and placed on the wall clock.
//!
//! Media time *is* wall-clock time here: part `k` covers the 200 ms from `k × 200 ms` after the UNIX
//! epoch, on every rendition. Everything else follows from `k`: the bytes, the decode times, the
//! segment's number and the part's place in it. An origin that restarts, or a second one beside it,
//! therefore continues the very same stream under the very same names, with nothing kept and
//! nothing agreed; and anyone who knows the time can measure the latency from outside.
//!
//! ```text
//!  part k          0    1    2    3    4 │  5    6  …            39 │ 40   41 …     200 ms each
//!  clip position   0    1    2    3    4 │  5    6  …            39 │  0    1 …     k mod 40
//!  video 30/s    IDR    ·    ·    ·    · │IDR    ·  …               │IDR            6 pictures each
//!  audio           9    9   10    9    9 │ 10   …                   │               9 or 10 AAC frames
//! ```

mod clip;

use std::fmt;
use std::time::Duration;

use bytes::Bytes;

use self::clip::Clip;
use super::fragment::CaptureTime;
use super::init::TrackInfo;
use super::part::{Continuity, MediaPart, SegmentEnd, SegmentStart};
use super::time::{FrameRate, MediaTime};

/// How long a part is, on every rendition.
pub const PART_DURATION: Duration = Duration::from_millis(200);

/// Parts of one loop of the clips: eight seconds.
pub(crate) const PARTS_PER_LOOP: u64 = 40;

/// Parts of one GOP of the clips: one second.
const PARTS_PER_GOP: u64 = 5;

/// The number of a part: whole part durations since the UNIX epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DemoIndex(u64);

impl DemoIndex {
    /// Part `value` since the epoch.
    pub fn new(value: u64) -> Self {
        Self(value)
    }

    /// The number.
    pub fn value(self) -> u64 {
        self.0
    }

    /// The part after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for DemoIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How long the demo's segments are. Every one starts with an IDR picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DemoSegment {
    /// One second: one GOP, five parts.
    OneSecond,
    /// Two seconds: two GOPs, ten parts.
    #[default]
    TwoSeconds,
    /// Four seconds: four GOPs, twenty parts.
    FourSeconds,
}

impl DemoSegment {
    /// Parts of a segment.
    pub fn parts(self) -> u64 {
        PARTS_PER_GOP
            * match self {
                Self::OneSecond => 1,
                Self::TwoSeconds => 2,
                Self::FourSeconds => 4,
            }
    }

    /// The segment's length.
    pub fn duration(self) -> Duration {
        Duration::from_secs(self.parts() / PARTS_PER_GOP)
    }
}

/// What a rendition of the demo is; all of it read from its clip.
#[derive(Debug)]
pub struct DemoRendition {
    /// A name that fits into a URL.
    name: &'static str,
    /// The clip.
    clip: Clip,
    /// Bits per second: the largest segment's, and the mean.
    peak: u64,
    mean: u64,
}

impl DemoRendition {
    /// A name that fits into a URL: `video-720`, `video-360` or `audio`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Codec, resolution or channels, timescale.
    pub fn track(&self) -> &TrackInfo {
        &self.clip.track
    }

    /// The initialization section, the same for ever.
    pub fn init(&self) -> &Bytes {
        &self.clip.init
    }

    /// Pictures per second; `None` for sound.
    pub fn frame_rate(&self) -> Option<FrameRate> {
        self.clip.frame_rate
    }

    /// The longest of its parts, for `PART-TARGET`: 200 ms of video; ten AAC frames, 213.3 ms, of sound.
    pub fn part_target(&self) -> MediaTime {
        self.clip.longest_part()
    }

    /// Bits per second of its largest segment, boxes included (`BANDWIDTH`).
    pub fn peak_bit_rate(&self) -> u64 {
        self.peak
    }

    /// Bits per second on average, boxes included (`AVERAGE-BANDWIDTH`).
    pub fn mean_bit_rate(&self) -> u64 {
        self.mean
    }
}

/// One part of all renditions.
#[derive(Debug, Clone)]
pub struct DemoPart {
    /// Which part.
    pub index: DemoIndex,
    /// Media Sequence Number of its segment.
    pub media_sequence: u64,
    /// Its place in the segment, from 0.
    pub part_in_segment: u32,
    /// Its bytes and facts for each rendition, in the order of [`DemoSource::renditions`].
    pub renditions: Vec<MediaPart>,
}

/// The demo's clips, ready to be placed in time. Pure: the time is an argument, the waiting is the caller's.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use origin::media::{DemoSegment, DemoSource};
///
/// let demo = DemoSource::new(DemoSegment::TwoSeconds);
/// let now = Duration::from_secs(1_800_000_000);
/// let index = demo.index_at(now).expect("later than 1970");
/// assert_eq!(demo.available_at(index), now);
/// let part = demo.part_at(index);
/// assert_eq!(part.renditions.len(), demo.renditions().len());
/// assert_eq!(part.media_sequence, 899_999_999);
/// ```
#[derive(Debug)]
pub struct DemoSource {
    /// Largest picture first, sound last.
    renditions: Vec<DemoRendition>,
    /// How many parts a segment has.
    segment: DemoSegment,
}

impl DemoSource {
    /// Reads the embedded clips: about a megabyte, in a few milliseconds.
    ///
    /// # Panics
    /// Never with the clips in the repository, which the tests read.
    pub fn new(segment: DemoSegment) -> Self {
        let clips: [(&'static str, &[u8]); 3] = [
            ("video-720", include_bytes!("../../../demo/video-720.mp4")),
            ("video-360", include_bytes!("../../../demo/video-360.mp4")),
            ("audio", include_bytes!("../../../demo/audio.mp4")),
        ];
        let renditions = clips
            .into_iter()
            .map(|(name, bytes)| {
                let clip = Clip::read(bytes).unwrap_or_else(|error| {
                    panic!("invariant: the embedded clip {name} can be read, but {error}")
                });
                DemoRendition {
                    name,
                    peak: clip.bit_rate(segment.parts()),
                    mean: clip.bit_rate(PARTS_PER_LOOP),
                    clip,
                }
            })
            .collect();
        Self {
            renditions,
            segment,
        }
    }

    /// The renditions: largest picture first, sound last.
    pub fn renditions(&self) -> &[DemoRendition] {
        &self.renditions
    }

    /// How long its segments are.
    pub fn segment(&self) -> DemoSegment {
        self.segment
    }

    /// The newest part that is complete `since_epoch` after the UNIX epoch; `None` before the first one is.
    pub fn index_at(&self, since_epoch: Duration) -> Option<DemoIndex> {
        let complete = since_epoch.as_nanos() / PART_DURATION.as_nanos();
        u64::try_from(complete).ok()?.checked_sub(1).map(DemoIndex)
    }

    /// When a part is complete and may be published, after the UNIX epoch: at its end.
    pub fn available_at(&self, index: DemoIndex) -> Duration {
        let millis = u64::try_from(PART_DURATION.as_millis()).expect("a part is 200 ms");
        Duration::from_millis(index.0.saturating_add(1).saturating_mul(millis))
    }

    /// The first part of the segment that `index` belongs to. A publisher starts with such a part,
    /// so that its numbering is the one that every other publisher of the demo has.
    pub fn segment_start(&self, index: DemoIndex) -> DemoIndex {
        DemoIndex(index.0 - index.0 % self.segment.parts())
    }

    /// Part `index` of every rendition. Copies each rendition's part once; any index may be
    /// asked for at any time, past ones to fill a window at once, as well as the next.
    pub fn part_at(&self, index: DemoIndex) -> DemoPart {
        let parts = self.segment.parts();
        let place = index.0 % parts;
        let segment = if place == 0 {
            SegmentStart::Starts
        } else {
            SegmentStart::Continues
        };
        let renditions = self
            .renditions
            .iter()
            .map(|rendition| {
                let placed = rendition.clip.place(index.0);
                MediaPart {
                    track: rendition.clip.track.id,
                    bytes: placed.bytes,
                    // Media time is wall-clock time.
                    capture_time: Some(CaptureTime {
                        unix_nanos: placed.decode_time.as_nanos(),
                    }),
                    decode_time: placed.decode_time,
                    presentation_time: placed.decode_time,
                    duration: placed.duration,
                    samples: placed.samples,
                    independence: placed.independence,
                    segment,
                    end: if place + 1 == parts {
                        SegmentEnd::Ends
                    } else {
                        SegmentEnd::Unknown
                    },
                    continuity: Continuity::Continues,
                }
            })
            .collect();
        DemoPart {
            index,
            media_sequence: index.0 / parts,
            part_in_segment: u32::try_from(place).expect("a segment has at most twenty parts"),
            renditions,
        }
    }
}

#[cfg(test)]
mod tests;
