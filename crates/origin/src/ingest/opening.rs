//! What has to be known before the first part: how long segments will be.

use std::time::{Duration, SystemTime};

use crate::media::{Fragment, MediaTime, SyncPoint, TrackId};

/// The longest target duration that is chosen, in seconds.
///
/// Encoders put key frames up to ten seconds apart where nobody told them better. Beyond that no segment
/// could start in time for players, which load three target durations before they start.
pub(super) const LONGEST_TARGET: u32 = 10;

/// How long sound alone waits for the picture that belongs to it, when each has a path of its own.
const WAIT_FOR_PICTURE: Duration = Duration::from_secs(3);

/// The most fragments that are held meanwhile: small ones cost more than their bytes.
const MOST_FRAGMENTS: usize = 4096;

/// Segment lengths of a presentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lengths {
    /// `EXT-X-TARGETDURATION`, in seconds.
    pub(super) target_duration: u32,
    /// How far apart key frames are at most, where the encoder says so.
    pub(super) longest_gop: Option<Duration>,
}

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Awaited {
    /// The distance between key frames of this track.
    KeyFrames(TrackId),
    /// A picture that somebody else publishes beside this sound.
    Picture,
}

/// The media of a point before its first part.
///
/// Target durations never change in a stream's life (law 5), and a segment can only start at a key frame,
/// so the distance between key frames must be known first. Some encoders write it into their first picture;
/// of the others the second key frame shows it.
#[derive(Debug)]
pub(super) struct Opening {
    awaited: Awaited,
    /// The least target duration, in seconds.
    least: u32,
    /// The most bytes that are held meanwhile.
    most_bytes: u64,
    /// In order of arrival.
    held: Vec<(Fragment, SystemTime)>,
    bytes: u64,
    first: Option<MediaTime>,
    /// Of the awaited track.
    first_key_frame: Option<MediaTime>,
}

impl Opening {
    pub(super) fn new(awaited: Awaited, least: u32, most_bytes: u64) -> Self {
        Self {
            awaited,
            least,
            most_bytes,
            held: Vec::new(),
            bytes: 0,
            first: None,
            first_key_frame: None,
        }
    }

    /// What is waited for.
    pub(super) fn awaited(&self) -> Awaited {
        self.awaited
    }

    /// Holds a fragment; `Some` when enough is known, or too much is held.
    pub(super) fn hold(&mut self, fragment: Fragment, arrived: SystemTime) -> Option<Lengths> {
        let lengths = match self.awaited {
            Awaited::KeyFrames(track) if fragment.track() == track => self.pictures(&fragment),
            Awaited::KeyFrames(_) => None,
            Awaited::Picture => self
                .span(fragment.end_time())
                .is_some_and(|span| span >= WAIT_FOR_PICTURE)
                .then_some(Lengths {
                    target_duration: self.least,
                    longest_gop: None,
                }),
        };
        self.first.get_or_insert_with(|| fragment.decode_time());
        self.bytes += fragment.held_bytes() as u64;
        self.held.push((fragment, arrived));
        let is_full = self.bytes >= self.most_bytes || self.held.len() >= MOST_FRAGMENTS;
        lengths.or_else(|| is_full.then(|| self.lengths_for(None, None)))
    }

    /// Whether what a fragment holds is here already, as far as its times tell.
    pub(super) fn has(&self, fragment: &Fragment) -> bool {
        self.held.iter().any(|(held, _)| {
            held.track() == fragment.track()
                && held.decode_time().ticks <= fragment.decode_time().ticks
                && fragment.end_time().ticks <= held.end_time().ticks
        })
    }

    /// Everything that was held, in order.
    pub(super) fn release(self) -> Vec<(Fragment, SystemTime)> {
        self.held
    }

    /// The lengths when nothing more will come: no key frame did, or no second one.
    pub(super) fn lengths_at_end(&self) -> Lengths {
        let span = self.held.iter().filter_map(|(fragment, _)| {
            let end = fragment.end_time();
            span(self.first_key_frame?, end)
        });
        match (self.awaited, span.max()) {
            (Awaited::KeyFrames(_), Some(span)) => self.lengths_for(Some(span), None),
            _ => Lengths {
                target_duration: self.least,
                longest_gop: None,
            },
        }
    }

    fn pictures(&mut self, fragment: &Fragment) -> Option<Lengths> {
        let mut at = fragment.decode_time();
        let is_back = |first: MediaTime| at.cmp_time(first).is_le();
        if self.first_key_frame.is_some_and(is_back) {
            // The encoder was started anew before anything of it could be shown.
            *self = Self::new(self.awaited, self.least, self.most_bytes);
        }
        for (index, sample) in fragment.samples().iter().enumerate() {
            if sample.sync == SyncPoint::Sync {
                let Some(first) = self.first_key_frame else {
                    self.first_key_frame = Some(at);
                    if let Some(pictures) = announced_gop(&fragment.sample_bytes(index)) {
                        let ticks = u64::from(sample.duration).saturating_mul(pictures.into());
                        let gop = MediaTime::new(ticks, at.timescale).to_duration();
                        return Some(self.lengths_for(Some(gop), Some(gop)));
                    }
                    at.ticks += u64::from(sample.duration);
                    continue;
                };
                return Some(self.lengths_for(span(first, at), None));
            }
            at.ticks += u64::from(sample.duration);
        }
        let waited = span(self.first_key_frame.or(self.first)?, at)?;
        (waited > Duration::from_secs(LONGEST_TARGET.into())).then(|| self.lengths_for(None, None))
    }

    /// The target duration is the distance rounded to whole seconds, as segments are (MED-03).
    fn lengths_for(&self, gop: Option<Duration>, longest_gop: Option<Duration>) -> Lengths {
        let seconds = gop.map_or(LONGEST_TARGET, |gop| {
            let rounded = gop.saturating_add(Duration::from_millis(500)).as_secs();
            u32::try_from(rounded).unwrap_or(u32::MAX)
        });
        Lengths {
            target_duration: seconds.clamp(self.least, LONGEST_TARGET.max(self.least)),
            longest_gop,
        }
    }

    fn span(&self, end: MediaTime) -> Option<Duration> {
        span(self.first?, end)
    }
}

/// From one time to a later one.
fn span(from: MediaTime, to: MediaTime) -> Option<Duration> {
    to.to_duration().checked_sub(from.to_duration())
}

/// How many pictures a group has at most, where the first picture says so.
///
/// x264 and x265 write their settings as text into the first picture (an SEI message): ` keyint=250 `.
/// They are the encoders whose groups differ in length, because a scene cut starts one early: the first
/// group says little of the others.
fn announced_gop(picture: &[u8]) -> Option<u32> {
    const NAME: &[u8] = b" keyint=";
    const SETTINGS: usize = 4096;
    let head = &picture[..picture.len().min(SETTINGS)];
    let at = head.windows(NAME.len()).position(|window| window == NAME)? + NAME.len();
    let digits: Vec<u8> = head[at..]
        .iter()
        .copied()
        .take_while(u8::is_ascii_digit)
        .collect();
    let count = std::str::from_utf8(&digits).ok()?.parse().ok()?;
    (1..100_000).contains(&count).then_some(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoder_s_own_word_is_found() {
        let settings =
            b"\x06\x05x264 - core 164 - options: cabac=1 keyint=250 keyint_min=25 scenecut=40";
        assert_eq!(announced_gop(settings), Some(250));
        assert_eq!(announced_gop(b"x265 min-keyint=25 keyint=infinite"), None);
        assert_eq!(announced_gop(b" keyint=99999999999999999999"), None);
        assert_eq!(announced_gop(b" keyint="), None);
    }

    #[test]
    fn a_target_is_the_distance_in_whole_seconds() {
        let opening = Opening::new(Awaited::Picture, 2, 1 << 20);
        let target = |millis| {
            let gop = Some(Duration::from_millis(millis));
            opening.lengths_for(gop, None).target_duration
        };
        assert_eq!(target(1000), 2);
        assert_eq!(target(2002), 2, "sixty pictures at 29.97");
        assert_eq!(target(2500), 3);
        assert_eq!(target(8342), 8);
        assert_eq!(target(60_000), LONGEST_TARGET);
    }
}
