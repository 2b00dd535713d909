//! The date ranges of a playlist: added, extended, and removed once their time has left it.

use crate::daterange::{DateRange, DateRangeError};
use crate::decimal::Decimal;
use crate::import::Fields;
use crate::state::escape;
use crate::time::WallClock;

/// More than this is an accident: it is repeated in every playlist.
const MOST: usize = 4096;

/// One ID, and the tags that said something about it.
#[derive(Clone, Debug)]
struct Entry {
    /// Everything that is known.
    whole: DateRange,
    /// Each tag with the edge at which it was added.
    tags: Vec<(Decimal, String)>,
    /// Where it ends, once that is known: from its own tags, or from the next of its class.
    end: Option<WallClock>,
}

/// The date ranges of one version. Shared with views; copied when one is alive at a change.
#[derive(Clone, Debug, Default)]
pub(crate) struct DateRanges {
    entries: Vec<Entry>,
    /// IDs that left, with the edge at which they did; those that a client may still have.
    removed: Vec<(Decimal, String)>,
}

impl DateRanges {
    /// Adds a range, or what is new about a known one, at the edge `now`.
    pub(crate) fn set(&mut self, range: &DateRange, now: Decimal) -> Result<(), DateRangeError> {
        range.check()?;
        if let Some(entry) = self
            .entries
            .iter_mut()
            .find(|entry| entry.whole.id == range.id)
        {
            let mut whole = entry.whole.clone();
            let new = whole.merge(range)?;
            if new != DateRange::update(range.id.clone()) {
                let mut line = String::new();
                new.write(&mut line);
                entry.tags.push((now, line));
            }
            entry.end = entry.end.or_else(|| whole.known_end());
            entry.whole = whole;
        } else {
            if self.removed.iter().any(|(_, id)| *id == range.id) {
                return Err(DateRangeError::Reused(range.id.clone()));
            }
            range.check_whole()?;
            if self.entries.len() >= MOST {
                return Err(DateRangeError::TooMany);
            }
            let mut line = String::new();
            range.write(&mut line);
            self.entries.push(Entry {
                whole: range.clone(),
                tags: vec![(now, line)],
                end: range.known_end(),
            });
        }
        self.end_on_next();
        Ok(())
    }

    /// A range with END-ON-NEXT ends where the next of its class starts.
    fn end_on_next(&mut self) {
        for index in 0..self.entries.len() {
            let this = &self.entries[index];
            if !this.whole.ends_on_next || this.end.is_some() {
                continue;
            }
            let start = this.whole.start;
            let next = self
                .entries
                .iter()
                .filter(|other| other.whole.class == this.whole.class && other.whole.start > start)
                .filter_map(|other| other.whole.start)
                .min();
            self.entries[index].end = next;
        }
    }

    /// Removes what ended before `first`, the date of the first listed segment (SEG-20); a range
    /// whose end is unknown stays (AMB-30). Forgets removals older than `memory`.
    pub(crate) fn slide(&mut self, first: WallClock, now: Decimal, memory: Decimal) {
        let removed = &mut self.removed;
        removed.retain(|(at, _)| now.minus(*at) <= memory);
        self.entries.retain(|entry| {
            let over = entry.end.is_some_and(|end| end < first);
            if over {
                removed.push((now, entry.whole.id.clone()));
            }
            !over
        });
    }

    /// Whether [`slide`](Self::slide) would change anything: so that versions stay shared.
    pub(crate) fn slides(&self, first: WallClock, now: Decimal, memory: Decimal) -> bool {
        self.removed.iter().any(|(at, _)| now.minus(*at) > memory)
            || self
                .entries
                .iter()
                .any(|entry| entry.end.is_some_and(|end| end < first))
    }

    /// Every tag, in the order in which IDs came.
    pub(crate) fn write_all(&self, out: &mut String) {
        for (_, line) in self.entries.iter().flat_map(|entry| &entry.tags) {
            out.push_str(line);
        }
    }

    /// The tags that were added within `distance` of `now` (§6.2.5.1).
    pub(crate) fn write_recent(&self, now: Decimal, distance: Decimal, out: &mut String) {
        for (at, line) in self.entries.iter().flat_map(|entry| &entry.tags) {
            if now.minus(*at) <= distance {
                out.push_str(line);
            }
        }
    }

    /// The IDs that were removed within `distance` of `now`, separated by TABs (AMB-24).
    pub(crate) fn recently_removed(&self, now: Decimal, distance: Decimal) -> String {
        let recent = self
            .removed
            .iter()
            .filter(|(at, _)| now.minus(*at) <= distance);
        recent
            .map(|(_, id)| id.as_str())
            .collect::<Vec<_>>()
            .join("\t")
    }

    /// Writes records for [`import`](Self::import).
    pub(crate) fn export(&self, mut record: impl FnMut(&str, &[String])) {
        for entry in &self.entries {
            let end = entry.end.map(WallClock::as_unix_nanos);
            let end = end.map_or_else(|| "-".to_owned(), |end| end.to_string());
            record("range", &[escape(&entry.whole.id), end]);
            entry.whole.export(&mut record);
            for (at, line) in &entry.tags {
                record("range-tag", &[at.units().to_string(), escape(line)]);
            }
        }
        for (at, id) in &self.removed {
            record("range-removed", &[at.units().to_string(), escape(id)]);
        }
    }

    /// Reads one of those records; `None` when it cannot be read.
    pub(crate) fn import(&mut self, record: &str, fields: &mut Fields<'_>) -> Option<()> {
        match record {
            "range" => {
                let whole = DateRange::update(fields.text()?);
                whole.check().ok()?;
                let end = fields.optional()?.map(WallClock::from_unix_nanos);
                if self.entries.len() >= MOST {
                    return None;
                }
                self.entries.push(Entry {
                    whole,
                    tags: Vec::new(),
                    end,
                });
            }
            "range-tag" => {
                let at = Decimal::from_units(fields.number()?);
                let line = fields.text()?;
                let body = line
                    .strip_prefix("#EXT-X-DATERANGE:ID=")?
                    .strip_suffix('\n')?;
                if body.contains(char::is_control) {
                    return None;
                }
                self.entries.last_mut()?.tags.push((at, line));
            }
            "range-removed" => {
                let at = Decimal::from_units(fields.number()?);
                let id = fields.text()?;
                DateRange::update(id.clone()).check().ok()?;
                self.removed.push((at, id));
            }
            _ => {
                let whole = &mut self.entries.last_mut()?.whole;
                whole.import(record, fields)?;
                whole.check().ok()?;
            }
        }
        Some(())
    }
}
