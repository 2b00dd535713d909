//! Reading an exported state: the counterpart of `state`, and as careful as the text is strange.

use core::str::FromStr;
use std::sync::Arc;

use crate::config::Settings;
use crate::decimal::Decimal;
use crate::define;
use crate::edge::Liveness;
use crate::id::{DiscontinuitySequence, InitVersion, MediaRef, Msn, PartIndex, Position};
use crate::key::Keys;
use crate::part::{Availability, Continuity, Independence};
use crate::ranges::DateRanges;
use crate::roller::M3u8Manifest;
use crate::rounding::Rounding;
use crate::segment::{OpenSegment, Part, Segment, SegmentStart};
use crate::state::{ImportError, fixed};
use crate::time::{MediaDuration, WallClock};
use crate::window::Window;

fn unescape(word: &str) -> Option<String> {
    if word == "%" {
        return Some(String::new());
    }
    let mut out = String::with_capacity(word.len());
    let mut rest = word;
    while let Some((plain, after)) = rest.split_once('%') {
        out.push_str(plain);
        let code = u8::from_str_radix(after.get(..2)?, 16)
            .ok()
            .filter(u8::is_ascii)?;
        out.push(char::from(code));
        rest = &after[2..];
    }
    out.push_str(rest);
    Some(out)
}

/// The words of a line.
pub(crate) struct Fields<'a>(pub(crate) core::str::Split<'a, char>);

impl<'a> Fields<'a> {
    fn word(&mut self) -> Option<&'a str> {
        self.0.next()
    }

    pub(crate) fn number<T: FromStr>(&mut self) -> Option<T> {
        self.word()?.parse().ok()
    }

    pub(crate) fn optional<T: FromStr>(&mut self) -> Option<Option<T>> {
        match self.word()? {
            "-" => Some(None),
            word => word.parse().ok().map(Some),
        }
    }

    fn flag(&mut self) -> Option<bool> {
        match self.word()? {
            "0" => Some(false),
            "1" => Some(true),
            _ => None,
        }
    }

    pub(crate) fn text(&mut self) -> Option<String> {
        unescape(self.word()?)
    }
}

pub(crate) struct Import<'s> {
    settings: &'s Settings,
    keys: Vec<Keys>,
    manifest: Option<Now>,
    window: Window,
    /// The segment whose parts are being read, and its expiry.
    reading: Option<(OpenSegment, Option<Decimal>)>,
    is_open: bool,
    ranges: DateRanges,
}

struct Now {
    media: MediaDuration,
    clock: Option<WallClock>,
    init: Option<InitVersion>,
    init_changed: bool,
    breaks: bool,
    last_part: Option<Position>,
    liveness: Liveness,
    longest: Decimal,
}

/// `None`: the line cannot be read.
type Outcome = Option<Result<(), ImportError>>;

impl<'s> Import<'s> {
    pub(crate) fn new(settings: &'s Settings) -> Self {
        Self {
            settings,
            keys: Vec::new(),
            manifest: None,
            window: Window::new(),
            reading: None,
            is_open: false,
            ranges: DateRanges::default(),
        }
    }

    pub(crate) fn record(&mut self, record: &str, fields: &mut Fields<'_>) -> Outcome {
        match record {
            "targets" => {
                let expected = fixed(self.settings);
                let same = expected.iter().all(|field| fields.word() == Some(field));
                return Some(if same {
                    Ok(())
                } else {
                    Err(ImportError::OtherTargets)
                });
            }
            "keys" => {
                let whole_resources = fields.flag()?;
                let version: u8 = fields.number().filter(|version| *version <= 13)?;
                let formats = fields.text()?;
                let lines = fields.text()?;
                let legal = lines.is_empty()
                    || (lines.ends_with('\n')
                        && lines.lines().all(|line| line.starts_with("#EXT-X-KEY:"))
                        && define::check_references(&lines, &self.settings.definitions));
                if !legal {
                    return None;
                }
                self.keys.push(Keys {
                    lines: lines.into(),
                    whole_resources,
                    version,
                    formats: formats.into(),
                });
            }
            "now" => {
                let now = Now {
                    media: MediaDuration::from_nanos(fields.number()?),
                    clock: fields.optional()?.map(WallClock::from_unix_nanos),
                    init: fields.optional()?.map(InitVersion::new),
                    init_changed: fields.flag()?,
                    breaks: fields.flag()?,
                    last_part: {
                        let msn = fields.optional()?.map(Msn::new);
                        let part = fields.optional()?.map(PartIndex::new);
                        msn.zip(part).map(|(msn, part)| Position::new(msn, part))
                    },
                    liveness: if fields.flag()? {
                        Liveness::Ended
                    } else {
                        Liveness::Live
                    },
                    longest: Decimal::from_units(fields.number()?),
                };
                self.manifest = Some(now);
            }
            "segment" | "open" => {
                if self.is_open || !self.finish_segment() {
                    return Some(Err(ImportError::Inconsistent));
                }
                self.is_open = record == "open";
                return self.segment(fields);
            }
            "part" => return self.part(fields),
            _ => return self.ranges.import(record, fields).map(Ok),
        }
        Some(Ok(()))
    }

    fn segment(&mut self, fields: &mut Fields<'_>) -> Outcome {
        let msn = Msn::new(fields.number()?);
        let dsn = DiscontinuitySequence::new(fields.number()?);
        let start = Decimal::from_units(fields.number()?);
        let discontinuous = fields.flag()?;
        let init = fields.optional()?.map(InitVersion::new);
        let prints_map = fields.flag()?;
        let keys = self.keys.get(fields.number::<usize>()?)?.clone();
        let prints_keys = fields.flag()?;
        let keys_before = self.keys.get(fields.number::<usize>()?)?.clone();
        let map_keys = self.keys.get(fields.number::<usize>()?)?.clone();
        let time = fields.optional()?.map(WallClock::from_unix_nanos);
        let resource = fields.optional()?.map(Msn::new);
        let offset = fields.optional()?;
        let expiry = fields.optional()?.map(Decimal::from_units);
        // Far from where saturating arithmetic would hide a fault.
        let most = u64::MAX / 4;
        let sane = msn.value() < most
            && dsn.value() < most
            && start.units() < most
            && (dsn.value() > 0 || !discontinuous)
            && init.is_some() == self.settings.init.is_some()
            && expiry.is_none_or(|expiry| expiry.units() < most);
        if !sane {
            return Some(Err(ImportError::Inconsistent));
        }
        let continuity = if discontinuous {
            Continuity::Discontinuous
        } else {
            Continuity::Continuous
        };
        let mut segment = OpenSegment::empty(SegmentStart {
            msn,
            dsn,
            start,
            continuity,
            init,
            prints_map,
            keys,
            prints_keys,
            keys_before,
            map_keys,
            time,
        });
        segment.i_frame_in = resource.zip(offset);
        self.reading = Some((segment, expiry));
        Some(Ok(()))
    }

    fn part(&mut self, fields: &mut Fields<'_>) -> Outcome {
        let media = MediaRef::new(fields.number()?);
        let duration = Decimal::from_units(fields.number()?);
        let independence = if fields.flag()? {
            Independence::Independent
        } else {
            Independence::Dependent
        };
        let availability = if fields.flag()? {
            Availability::Gap
        } else {
            Availability::Available
        };
        let size = fields.number()?;
        let part = Part {
            media,
            duration,
            independence,
            availability,
            size,
        };
        let Some((segment, _)) = &mut self.reading else {
            return Some(Err(ImportError::Inconsistent));
        };
        let fits = duration > Decimal::ZERO
            && duration <= self.settings.part_limit()
            && segment.duration.plus(duration) <= self.settings.segment_limit;
        if !fits {
            return Some(Err(ImportError::Inconsistent));
        }
        if segment.is_empty() {
            segment.begin(self.settings);
        }
        segment.add(self.settings, part);
        Some(Ok(()))
    }

    /// Puts the segment that was read into the window; whether it fits there.
    fn finish_segment(&mut self) -> bool {
        let Some((segment, expiry)) = self.reading.take() else {
            return true;
        };
        let follows = self
            .window
            .list()
            .retained()
            .last()
            .is_none_or(|last: &Segment| {
                last.at.msn.next() == segment.at.msn && last.end() == segment.at.start
            });
        // The unlisted ones come first.
        let ordered = expiry.is_none() || self.window.list().listed().is_empty();
        let whole = !segment.is_empty();
        whole && follows && ordered && {
            self.window.restore(segment.close(self.settings), expiry);
            true
        }
    }

    pub(crate) fn finish(mut self) -> Result<M3u8Manifest, ImportError> {
        let now = self.manifest.ok_or(ImportError::Inconsistent)?;
        let (open, _) = self.reading.take().ok_or(ImportError::Inconsistent)?;
        let keys = self.keys.first().ok_or(ImportError::Inconsistent)?.clone();
        let printed = open.end();
        let rounding = Rounding::restore(now.media, printed).ok_or(ImportError::Inconsistent)?;
        let last = self.window.list().retained().last();
        let follows = last
            .is_none_or(|last| last.at.msn.next() == open.at.msn && last.end() == open.at.start);
        let ended = now.liveness == Liveness::Ended;
        let last_part = if open.is_empty() {
            last.map(|last| (last.at.msn, last.parts.len()))
        } else {
            Some((open.at.msn, open.parts.len()))
        };
        // After everything expired there may be a last part that no segment holds any more; the
        // window never lets the newest one go, so that cannot be.
        let last_matches = now
            .last_part
            .map(|last| (last.msn, last.part.value() as usize + 1))
            == last_part;
        let consistent = self.is_open
            && follows
            && last_matches
            && (!ended || open.is_empty())
            && now.init.is_some() == self.settings.init.is_some()
            && now.longest.units() < u64::MAX / 4
            && self.window.list().listed().len() >= usize::from(last.is_some());
        if !consistent {
            return Err(ImportError::Inconsistent);
        }
        self.window.restore_longest(now.longest);
        // Told before: what is in the state has been published.
        let _ = self.window.parts_left(self.settings, printed);
        Ok(M3u8Manifest {
            settings: Arc::new(self.settings.clone()),
            window: self.window,
            open: Arc::new(open),
            rounding,
            clock: now.clock,
            init: now.init,
            init_changed: now.init_changed,
            breaks: now.breaks,
            keys,
            ranges: Arc::new(self.ranges),
            last_part: now.last_part,
            liveness: now.liveness,
        })
    }
}
