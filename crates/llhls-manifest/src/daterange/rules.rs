//! What a date range may be, and what may be added to it (SEG-17, SEG-18, SEG-22).

use super::{DateCue, DateRange, DateRangeError, Extension};
use crate::text::check_quoted;
use crate::time::MediaDuration;

impl DateRange {
    /// The rules about one tag.
    pub(crate) fn check(&self) -> Result<(), DateRangeError> {
        let text = |value: &str| {
            check_quoted("DATERANGE", value).map_err(|error| DateRangeError::Text(error.value))
        };
        text(&self.id)?;
        if let Some(class) = &self.class {
            text(class)?;
        }
        for (index, (name, value)) in self.extensions.iter().enumerate() {
            let legal = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-';
            let again = self.extensions[..index]
                .iter()
                .any(|(other, _)| other == name);
            if !name.starts_with("X-") || !name.chars().all(legal) || again {
                return Err(DateRangeError::Text(name.clone()));
            }
            match value {
                Extension::Text(value) => text(value)?,
                Extension::Bytes(bytes) if bytes.is_empty() => {
                    return Err(DateRangeError::Text(name.clone()));
                }
                _ => {}
            }
        }
        let sections = [&self.scte35_command, &self.scte35_out, &self.scte35_in];
        if sections.into_iter().flatten().any(Vec::is_empty) {
            return Err(DateRangeError::Text("SCTE35".to_owned()));
        }
        if self.cues.contains(&DateCue::Pre) && self.cues.contains(&DateCue::Post) {
            return Err(DateRangeError::Cue);
        }
        Ok(())
    }

    /// The rules about everything that is known of an ID.
    pub(crate) fn check_whole(&self) -> Result<(), DateRangeError> {
        let Some(start) = self.start else {
            return Err(DateRangeError::Unknown(self.id.clone()));
        };
        if let Some(end) = self.end {
            let disagree = |duration: MediaDuration| {
                // Dates are printed in milliseconds.
                end.since(start).as_nanos().abs_diff(duration.as_nanos()) > 1_000_000
            };
            if end < start || self.duration.is_some_and(disagree) {
                return Err(DateRangeError::End);
            }
        }
        let ended = self.end.is_some() || self.duration.is_some();
        if self.ends_on_next && (self.class.is_none() || ended) {
            return Err(DateRangeError::EndOnNext);
        }
        if self.class.as_deref() == Some("com.apple.hls.interstitial") {
            let has = |name: &str| self.extensions.iter().any(|(other, _)| other == name);
            if has("X-ASSET-URI") == has("X-ASSET-LIST") {
                return Err(DateRangeError::Asset);
            }
        }
        Ok(())
    }

    /// Adds what `more` says; returns only what is new, ready to be printed as a tag of its own.
    pub(crate) fn merge(&mut self, more: &Self) -> Result<Self, DateRangeError> {
        fn add<T: Clone + PartialEq>(
            have: &mut Option<T>,
            more: &Option<T>,
            name: &'static str,
        ) -> Result<Option<T>, DateRangeError> {
            match (&have, more) {
                (_, None) => Ok(None),
                (Some(old), Some(new)) if old == new => Ok(None),
                (Some(_), Some(_)) => Err(DateRangeError::Contradiction(name)),
                (None, Some(new)) => {
                    *have = Some(new.clone());
                    Ok(Some(new.clone()))
                }
            }
        }
        let mut new = Self::update(self.id.clone());
        add(&mut self.start, &more.start, "START-DATE")?;
        new.class = add(&mut self.class, &more.class, "CLASS")?;
        new.end = add(&mut self.end, &more.end, "END-DATE")?;
        new.duration = add(&mut self.duration, &more.duration, "DURATION")?;
        new.planned_duration = add(
            &mut self.planned_duration,
            &more.planned_duration,
            "PLANNED-DURATION",
        )?;
        new.scte35_command = add(&mut self.scte35_command, &more.scte35_command, "SCTE35-CMD")?;
        new.scte35_out = add(&mut self.scte35_out, &more.scte35_out, "SCTE35-OUT")?;
        new.scte35_in = add(&mut self.scte35_in, &more.scte35_in, "SCTE35-IN")?;
        if !more.cues.is_empty() && more.cues != self.cues {
            if !self.cues.is_empty() {
                return Err(DateRangeError::Contradiction("CUE"));
            }
            self.cues.clone_from(&more.cues);
            new.cues.clone_from(&more.cues);
        }
        if more.ends_on_next && !self.ends_on_next {
            self.ends_on_next = true;
            new.ends_on_next = true;
            // "MUST contain a CLASS attribute": this tag too.
            new.class.clone_from(&self.class);
        }
        for (name, value) in &more.extensions {
            match self.extensions.iter().find(|(other, _)| other == name) {
                Some((_, old)) if old == value => {}
                Some(_) => return Err(DateRangeError::Contradiction("X-")),
                None => {
                    self.extensions.push((name.clone(), value.clone()));
                    new.extensions.push((name.clone(), value.clone()));
                }
            }
        }
        self.check_whole()?;
        Ok(new)
    }
}
