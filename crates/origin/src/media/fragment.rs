//! Fragments: one track's samples of a `moof` and its `mdat`.

use std::sync::Arc;

use bytes::Bytes;

use super::budget::Held;
#[cfg(feature = "rtmp")]
use super::budget::{ByteBudget, NoRoom};
use super::init::TrackId;
use super::protection::Protection;
use super::time::{FrameRate, MediaTime, Timescale};
use super::writer;

/// Whether a decoder can start at a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SyncPoint {
    /// Decodable by itself: an IDR picture, or any frame of sound.
    Sync,
    /// Needs samples before it.
    Dependent,
}

/// One sample: a coded picture, or a frame of sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sample {
    /// Ticks until the next sample's decode time.
    pub duration: u32,
    /// Bytes.
    pub size: u32,
    /// ISO BMFF sample flags, as in the file.
    pub flags: u32,
    /// Presentation time minus decode time, in ticks.
    pub composition_offset: i64,
    /// Whether a decoder can start here.
    pub sync: SyncPoint,
    /// Where the sample's bytes start in the unit that holds them.
    pub(crate) at: usize,
}

/// The bit of the sample flags that says "not a sync sample" (ISO/IEC 14496-12 §8.8.3.1).
pub(crate) const NON_SYNC: u32 = 0x0001_0000;

/// When a producer says that a sample was captured (`prft`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CaptureTime {
    /// Nanoseconds since the UNIX epoch at the fragment's decode time.
    pub unix_nanos: u64,
}

/// One track's samples of one `moof` and `mdat`. At least one sample; cheap to clone.
#[derive(Debug, Clone)]
pub struct Fragment {
    /// The track.
    pub(crate) track: TrackId,
    /// The track's clock.
    pub(crate) timescale: Timescale,
    /// `mfhd` sequence number, as the encoder gave it.
    pub(crate) sequence: u32,
    /// Decode time of the first sample, in ticks.
    pub(crate) decode_time: u64,
    /// Sum of the samples' durations. Invariant: `decode_time + duration` does not overflow.
    pub(crate) duration: u64,
    /// Invariant: not empty; each one's bytes are inside `unit`.
    pub(crate) samples: Arc<[Sample]>,
    /// The bytes that the samples' positions count from: events, `moof` and `mdat`.
    pub(crate) unit: Bytes,
    /// What the original `traf` says beyond its samples.
    pub(crate) shape: Shape,
    /// How the samples are encrypted.
    pub(crate) protection: Protection,
    /// The producer's word on when this was captured.
    pub(crate) capture: Option<CaptureTime>,
    /// What is taken of a budget for as long as this or another fragment of its unit is there.
    pub(crate) held: Option<Arc<Held>>,
}

/// How the fragment stood in the encoder's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    /// `sample_description_index`, where `tfhd` overrides the default.
    pub(crate) description: Option<u32>,
    /// Whether the unit's bytes can go to a player as they are.
    pub(crate) whole: bool,
    /// Where the unit's `moof` starts; event messages are before it.
    pub(crate) moof: usize,
}

#[cfg(feature = "rtmp")]
impl Sample {
    /// A sample whose bytes are a buffer of its own.
    pub(crate) fn new(duration: u32, size: u32, sync: SyncPoint, composition_offset: i64) -> Self {
        // "Depends on no other", or on others; and the bit that players look at.
        let flags = match sync {
            SyncPoint::Sync => 0x0200_0000,
            SyncPoint::Dependent => 0x0100_0000 | NON_SYNC,
        };
        Self {
            duration,
            size,
            flags,
            composition_offset,
            sync,
            at: 0,
        }
    }
}

#[cfg(feature = "rtmp")]
impl Fragment {
    /// One sample that came without boxes around it. A timeline that would overflow is cut off.
    pub(crate) fn of_sample(
        track: TrackId,
        timescale: Timescale,
        sequence: u32,
        decode_time: u64,
        sample: Sample,
        bytes: Bytes,
    ) -> Self {
        let duration = u64::from(sample.duration);
        Self {
            track,
            timescale,
            sequence,
            decode_time: decode_time.min(u64::MAX - duration),
            duration,
            samples: Arc::new([sample]),
            unit: bytes,
            shape: Shape {
                description: None,
                whole: false,
                moof: 0,
            },
            protection: Protection::None,
            capture: None,
            held: None,
        }
    }

    /// Takes what it keeps in memory from a budget, until the last clone is gone.
    ///
    /// # Errors
    /// [`NoRoom`] when there is not that much.
    pub(crate) fn take_from(&mut self, budget: &ByteBudget) -> Result<(), NoRoom> {
        let mut held = budget.hold();
        held.set(self.held_bytes() as u64)?;
        self.held = Some(Arc::new(held));
        Ok(())
    }
}

impl Fragment {
    /// The track.
    pub fn track(&self) -> TrackId {
        self.track
    }

    /// The encoder's number of this fragment (`mfhd`).
    pub fn sequence(&self) -> u32 {
        self.sequence
    }

    /// Decode time of the first sample.
    pub fn decode_time(&self) -> MediaTime {
        MediaTime::new(self.decode_time, self.timescale)
    }

    /// Sum of the samples' durations.
    pub fn duration(&self) -> MediaTime {
        MediaTime::new(self.duration, self.timescale)
    }

    /// Decode time of what follows the last sample.
    pub fn end_time(&self) -> MediaTime {
        MediaTime::new(self.decode_time + self.duration, self.timescale)
    }

    /// Presentation time at which everything in the fragment has been shown.
    ///
    /// Later than [`Fragment::end_time`] where pictures are reordered; not moved by an edit list.
    pub fn presentation_end(&self) -> MediaTime {
        let mut at = self.decode_time;
        let shown = self.samples.iter().map(|sample| {
            let start = at.saturating_add_signed(sample.composition_offset);
            at += u64::from(sample.duration);
            start.saturating_add(u64::from(sample.duration))
        });
        let latest = shown.max().unwrap_or(self.decode_time + self.duration);
        MediaTime::new(latest, self.timescale)
    }

    /// The samples in decode order. Never empty.
    pub fn samples(&self) -> &[Sample] {
        &self.samples
    }

    /// Whether a decoder can start at the first sample.
    pub fn starts_with_sync(&self) -> bool {
        self.samples
            .first()
            .is_some_and(|sample| sample.sync == SyncPoint::Sync)
    }

    /// When the first sample was captured, where the encoder says so (`prft`, ING-16).
    pub fn capture_time(&self) -> Option<CaptureTime> {
        self.capture
    }

    /// Pictures per second by the first sample's duration.
    pub fn frame_rate(&self) -> Option<FrameRate> {
        FrameRate::from_sample_duration(self.samples.first()?.duration, self.timescale)
    }

    /// Bytes of media, without the boxes around it.
    pub fn media_bytes(&self) -> u64 {
        self.samples
            .iter()
            .map(|sample| u64::from(sample.size))
            .sum()
    }

    /// The coded bytes of one of [`Fragment::samples`], shared.
    ///
    /// # Panics
    /// When `index` is not below the number of samples, as slice indexing does.
    pub fn sample_bytes(&self, index: usize) -> Bytes {
        let sample = &self.samples[index];
        self.unit.slice(sample.at..sample.at + sample.size as usize)
    }

    /// A `moof` and `mdat` of this track alone, with its event messages in front.
    ///
    /// Shared with the encoder's bytes when they hold this track only and use
    /// movie-fragment-relative addressing (FMT-03); otherwise written anew, which copies the media once.
    pub fn bytes(&self) -> Bytes {
        if self.shape.whole {
            return self.unit.clone();
        }
        writer::fragment(self.sequence, &[(self, 0..self.samples.len())])
    }

    /// The samples before `index`, if there are any, and those from there on. Not for encrypted fragments.
    pub(crate) fn split_at(&self, index: usize) -> (Option<Self>, Self) {
        let (head, tail) = self.samples.split_at(index);
        if head.is_empty() {
            return (None, self.clone());
        }
        let lasting: u64 = head.iter().map(|sample| u64::from(sample.duration)).sum();
        let shape = Shape {
            whole: false,
            ..self.shape
        };
        let before = Self {
            samples: head.into(),
            duration: lasting,
            shape,
            ..self.clone()
        };
        let later = MediaTime::new(lasting, self.timescale).as_nanos();
        let behind = Self {
            samples: tail.into(),
            decode_time: self.decode_time + lasting,
            duration: self.duration - lasting,
            // Event messages stand before the first sample.
            shape: Shape { moof: 0, ..shape },
            capture: self.capture.map(|capture| CaptureTime {
                unix_nanos: capture.unix_nanos.saturating_add(later),
            }),
            ..self.clone()
        };
        (Some(before), behind)
    }

    /// Whether [`Fragment::bytes`] shares the encoder's bytes.
    pub(crate) fn is_whole(&self) -> bool {
        self.shape.whole
    }

    pub(crate) fn protection(&self) -> &Protection {
        &self.protection
    }

    /// The bytes that positions count from.
    pub(crate) fn unit(&self) -> &[u8] {
        &self.unit
    }

    /// Whether both are the same samples of the same unit.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.samples, &other.samples)
    }

    /// Bytes that this fragment keeps in memory.
    pub(crate) fn held_bytes(&self) -> usize {
        self.unit.len() + self.sample_bytes_held()
    }

    /// Of these, what describes the samples.
    pub(crate) fn sample_bytes_held(&self) -> usize {
        size_of::<Self>() + size_of_val(&*self.samples)
    }

    pub(crate) fn timescale(&self) -> Timescale {
        self.timescale
    }

    pub(crate) fn description(&self) -> Option<u32> {
        self.shape.description
    }

    /// Event messages (`emsg`) that stood before the `moof`.
    pub(crate) fn events(&self) -> &[u8] {
        &self.unit[..self.shape.moof]
    }

    /// The bytes of a sample, borrowed.
    pub(crate) fn sample_slice(&self, sample: &Sample) -> &[u8] {
        &self.unit[sample.at..sample.at + sample.size as usize]
    }
}
