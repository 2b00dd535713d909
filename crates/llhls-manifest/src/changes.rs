//! Every change of a playlist but the push of a part.

use std::sync::Arc;

use crate::daterange::{DateRange, DateRangeError};
use crate::decimal::Decimal;
use crate::define;
use crate::edge::Liveness;
use crate::error::PushError;
use crate::id::{InitVersion, MediaRef, Msn};
use crate::key::{Key, KeyError, Keys};
use crate::part::{Cut, PartFacts};
use crate::ranges::DateRanges;
use crate::rolled::Rolled;
use crate::roller::M3u8Manifest;
use crate::time::MediaDuration;

impl M3u8Manifest {
    /// Closes the open segment: the next part opens another one. Nothing happens when no part
    /// was pushed since the last one was closed.
    pub fn close_segment(&mut self) -> Rolled {
        let mut rolled = Rolled::nothing(self.open.next_part());
        rolled.closed = self.close(&mut rolled);
        rolled.position = self.open.next_part();
        rolled.removed_parts = self.window.parts_left(&self.settings, self.open.end());
        rolled
    }

    /// Closes the open segment; the next part or gap opens one with `EXT-X-DISCONTINUITY`,
    /// whatever its facts say (§4.4.4.3). For an interruption that is known before anything comes
    /// after it, and for all renditions of a presentation together, so that their Discontinuity
    /// Sequence Numbers stay the same (MV-21).
    ///
    /// Said twice before the next part, it is one discontinuity. Nothing happens after the end.
    pub fn mark_discontinuity(&mut self) -> Rolled {
        let rolled = self.close_segment();
        self.breaks = !self.ended();
        rolled
    }

    /// Closes the open segment; the next part needs another initialisation section and opens a
    /// segment with `EXT-X-DISCONTINUITY` and `EXT-X-MAP` (SEG-05). Until then the section is
    /// hinted, so it must be readable, or be held as a hinted part is, from now on (LL-21).
    ///
    /// Nothing happens when the version is the current one, or in a playlist without sections.
    pub fn change_init(&mut self, version: InitVersion) -> Rolled {
        if self.init.is_none() || self.init == Some(version) || self.ended() {
            return Rolled::nothing(self.open.next_part());
        }
        let rolled = self.close_segment();
        self.init = Some(version);
        // Taken back before any part needed it, it is no change.
        self.init_changed = self.last_part.is_none() || self.open.at.init != self.init;
        rolled
    }

    /// Closes the open segment; the next one is encrypted with these keys, or clear if there are
    /// none (SEG-07 … SEG-10). The keys stay in effect until they are changed again, whatever
    /// slides out of the window.
    ///
    /// # Errors
    /// When the keys cannot be in effect together, or not in this playlist; nothing has changed
    /// then.
    pub fn change_keys(&mut self, keys: &[Key]) -> Result<Rolled, KeyError> {
        if self.ended() {
            return Err(KeyError::Ended);
        }
        let keys = if keys.is_empty() {
            Keys::clear(&self.keys)
        } else {
            Keys::new(keys, self.init.is_some())?
        };
        if !define::check_references(&keys.lines, &self.settings.definitions) {
            return Err(KeyError::UndefinedVariable);
        }
        if keys == self.keys {
            return Ok(Rolled::nothing(self.open.next_part()));
        }
        let rolled = self.close_segment();
        self.keys = keys;
        Ok(rolled)
    }

    /// Adds a date range, or more about one that is listed (§4.4.5.1). It leaves by itself once
    /// its end has left the playlist; one whose end is unknown stays (SEG-20, AMB-30).
    ///
    /// Date ranges need dates: they are printed once a listed segment has one. An ID that was
    /// used must not be used again; this is refused as long as it is remembered, which is as long
    /// as a client may know it.
    ///
    /// # Errors
    /// When the range is inconsistent in itself or with what was said before; nothing has
    /// changed then.
    pub fn set_date_range(&mut self, range: &DateRange) -> Result<(), DateRangeError> {
        if self.ended() {
            return Err(DateRangeError::Ended);
        }
        let mut line = String::new();
        range.write(&mut line);
        if !define::check_references(&line, &self.settings.definitions) {
            return Err(DateRangeError::UndefinedVariable);
        }
        let now = self.open.end();
        let mut ranges = DateRanges::clone(&self.ranges);
        ranges.set(range, now)?;
        self.ranges = Arc::new(ranges);
        Ok(())
    }

    /// Lists missing media as gaps: parts and segments without bytes that last `duration`
    /// (SEG-15, AMB-17). Call it at the pace of the outage, so that players see the playlist
    /// move; push what comes after it as a discontinuity if timestamps jump.
    ///
    /// What is there stays playable: the gaps begin a segment of their own, and so does the
    /// first independent part after them. A part that is missing between others is pushed as a
    /// [`gap`](PartFacts::gap) instead, and makes its segment one.
    ///
    /// Gives a record per part, in order. Linear in the number of parts: an outage that was
    /// longer than the playlist lists it all the same.
    ///
    /// # Errors
    /// As [`push`](Self::push), for the first part that cannot be listed. A playlist of I-frames
    /// has no gaps.
    pub fn push_gap(&mut self, duration: MediaDuration) -> Result<Vec<Rolled>, PushError> {
        let crumb = Decimal::from_units(1).to_media();
        let whole = self
            .settings
            .part_target
            .unwrap_or(self.settings.segment_duration)
            .to_media();
        let (mut left, mut rolled) = (duration, Vec::new());
        let mut cut = if self.open.is_outage() {
            Cut::Auto
        } else {
            Cut::Before
        };
        while left >= crumb || (rolled.is_empty() && left > MediaDuration::ZERO) {
            let mut part = left.min(whole);
            // No crumb is left behind that could not be printed.
            if left.saturating_sub(part) < crumb && part < whole {
                part = left;
            }
            let facts = PartFacts::new(part, MediaRef::new(0)).gap().size(0);
            rolled.push(self.push(facts.cut(cut))?);
            cut = Cut::Auto;
            left = left.saturating_sub(part);
        }
        Ok(rolled)
    }

    /// Forgets the segments before `msn` that have left the playlist, and their parts: requests
    /// for them find them [`Gone`](crate::SegmentLookup::Gone). Gives how many there were.
    ///
    /// For a caller with a clock ([`Retention::Caller`](crate::Retention::Caller)), when what
    /// [`Rolled::removed`] said is over. Amortised O(1).
    pub fn release(&mut self, msn: Msn) -> u64 {
        self.window.release(msn)
    }

    /// Takes the segments before `first` off the list, beyond what the window removes: their
    /// store needs the room. Three target durations stay listed (UP-05), and what was removed
    /// stays retained as ever (UP-11). Nothing happens to an ended playlist, or to one that does
    /// not slide.
    pub fn remove_before(&mut self, first: Msn) -> Rolled {
        let mut rolled = Rolled::nothing(self.open.next_part());
        if !self.ended() {
            self.window
                .remove_before(&self.settings, first, &mut rolled);
            rolled.removed_parts = self.window.parts_left(&self.settings, self.open.end());
            self.slide_date_ranges();
        }
        rolled
    }

    /// Closes the open segment and ends the stream: `EXT-X-ENDLIST`, no hint, no report
    /// (LL-24, LL-35). What is listed stays listed. Idempotent.
    pub fn end(&mut self) -> Rolled {
        let rolled = self.close_segment();
        self.liveness = Liveness::Ended;
        rolled
    }
}
