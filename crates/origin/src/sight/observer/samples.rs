//! Samples of the last ten minutes, numbered, so that a page asks for those it has not seen.

use std::collections::VecDeque;
use std::time::SystemTime;

use super::KEPT;

/// A ring of samples.
#[derive(Debug)]
pub(crate) struct Samples<T> {
    kept: VecDeque<T>,
    /// How many there ever were: the number of the newest, from 1.
    count: u64,
    newest_at: SystemTime,
}

impl<T> Default for Samples<T> {
    fn default() -> Self {
        Self {
            kept: VecDeque::new(),
            count: 0,
            newest_at: SystemTime::UNIX_EPOCH,
        }
    }
}

impl<T: Copy> Samples<T> {
    pub(super) fn push(&mut self, sample: T) {
        if self.kept.len() >= KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back(sample);
        self.count += 1;
        self.newest_at = SystemTime::now();
    }

    /// The number of the newest one; 0 before the first.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// When the newest one was taken.
    pub(crate) fn newest_at(&self) -> SystemTime {
        self.newest_at
    }

    /// Those with a greater number, the oldest first.
    pub(crate) fn after(&self, number: u64) -> impl Iterator<Item = T> + '_ {
        let unseen = self.count.saturating_sub(number);
        let unseen = usize::try_from(unseen).unwrap_or(usize::MAX);
        let skipped = self.kept.len().saturating_sub(unseen);
        self.kept.iter().skip(skipped).copied()
    }

    /// At most `points` values for all that is kept: the greatest of each stretch, so that no peak is lost.
    pub(crate) fn outline(&self, points: usize, value: impl Fn(&T) -> f32) -> Vec<f32> {
        let stretch = KEPT.div_ceil(points.max(1));
        // Whole stretches, counted from a fixed sample on: a point does not change as time goes by.
        let first = self.count - self.kept.len() as u64;
        let mut outline: Vec<f32> = Vec::with_capacity(points + 1);
        let mut current = None;
        for (number, sample) in (first..).zip(&self.kept) {
            let of = number / stretch as u64;
            match outline.last_mut() {
                Some(last) if current == Some(of) => *last = last.max(value(sample)),
                _ => outline.push(value(sample)),
            }
            current = Some(of);
        }
        outline
    }
}

/// The whole server, at one look. Rates are over the time since the one before.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct ServerSample {
    /// Processors in use: 1 is one of them, wholly.
    pub(crate) cpu: f64,
    pub(crate) resident_bytes: f64,
    pub(crate) media_bytes: f64,
    pub(crate) connections: f64,
    /// A second.
    pub(crate) requests: f64,
    /// Answers of 500 and above, a second.
    pub(crate) failed: f64,
    /// Bits a second.
    pub(crate) sent: f64,
    pub(crate) received: f64,
    pub(crate) waiting: f64,
    pub(crate) live: f64,
    pub(crate) stalled: f64,
    pub(crate) viewers: f64,
}

/// What the columns of a server's row are.
pub(crate) const SERVER_COLUMNS: [&str; 12] = [
    "cpu",
    "resident_bytes",
    "media_bytes",
    "connections",
    "requests_per_second",
    "failed_per_second",
    "sent_bits_per_second",
    "received_bits_per_second",
    "waiting",
    "live",
    "stalled",
    "viewers",
];

impl ServerSample {
    pub(crate) fn row(&self) -> [f64; SERVER_COLUMNS.len()] {
        [
            self.cpu,
            self.resident_bytes,
            self.media_bytes,
            self.connections,
            self.requests,
            self.failed,
            self.sent,
            self.received,
            self.waiting,
            self.live,
            self.stalled,
            self.viewers,
        ]
        .map(|value| (value * 1000.0).round() / 1000.0)
    }
}

/// One stream, at one look.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct StreamSample {
    pub(crate) bits_per_second: f32,
    pub(crate) viewers: f32,
    /// Seconds since the newest part of the rendition that is furthest behind.
    pub(crate) age: f32,
}

/// What the columns of a stream's row are.
pub(crate) const STREAM_COLUMNS: [&str; 3] = ["bits_per_second", "viewers", "age_seconds"];

impl StreamSample {
    pub(crate) fn row(&self) -> [f64; STREAM_COLUMNS.len()] {
        [self.bits_per_second, self.viewers, self.age]
            .map(|value| (f64::from(value) * 1000.0).round() / 1000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_minutes_are_kept_and_what_was_seen_is_not_told_again() {
        let mut samples = Samples::default();
        assert_eq!(samples.after(0).count(), 0);
        for value in 0..KEPT as u64 + 5 {
            samples.push(value);
        }
        assert_eq!((samples.count(), samples.after(0).count()), (305, KEPT));
        assert_eq!(samples.after(303).collect::<Vec<_>>(), [303, 304]);
        assert_eq!(samples.after(305).count(), 0);
        assert_eq!(
            samples.after(9_999).count(),
            0,
            "the number of another life"
        );
    }

    #[test]
    fn an_outline_keeps_the_peaks() {
        let mut samples = Samples::default();
        for number in 0..KEPT {
            samples.push(if number == 77 { 9.0 } else { 1.0_f32 });
        }
        let outline = samples.outline(30, |value| *value);
        assert_eq!(outline.len(), 30);
        assert_eq!(outline.iter().position(|value| *value > 1.0), Some(7));
        samples.push(1.0);
        assert!(samples.outline(30, |value| *value).len() <= 31);
    }
}
