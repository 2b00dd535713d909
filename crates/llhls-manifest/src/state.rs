//! A manifest as text, so that a restarted process, or another machine, continues the playlist
//! exactly (MP-05, UP-17).
//!
//! The form is ours and carries its version. Numbers and escaped words, one record a line; what
//! can be derived, above all the playlist's text, is not stored but rendered again.

use core::fmt;
use core::str::FromStr;
use std::sync::Arc;

use crate::config::{ManifestConfig, Settings};
use crate::decimal::Decimal;
use crate::define;
use crate::edge::Liveness;
use crate::error::ConfigError;
use crate::id::{DiscontinuitySequence, InitVersion, MediaRef, Msn, PartIndex, Position};
use crate::key::Keys;
use crate::part::{Availability, Continuity, Independence};
use crate::ranges::DateRanges;
use crate::roller::M3u8Manifest;
use crate::rounding::Rounding;
use crate::segment::{OpenSegment, Part, Segment, SegmentStart};
use crate::time::{MediaDuration, WallClock};
use crate::window::Window;

const HEADER: &str = "llhls-manifest-state 1";

/// A state that cannot be continued.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImportError {
    /// The configuration is wrong by itself.
    Config(ConfigError),
    /// Not a state, or one of a version that is not known here.
    Format,
    /// The playlist was published with other targets, which must not change (MP-04).
    OtherTargets,
    /// A line that cannot be read, from 1.
    Line(usize),
    /// It contradicts itself.
    Inconsistent,
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) => error.fmt(f),
            Self::Format => f.write_str("not a state of a known version"),
            Self::OtherTargets => f.write_str("the playlist was published with other targets"),
            Self::Line(line) => write!(f, "line {line} of the state cannot be read"),
            Self::Inconsistent => f.write_str("the state contradicts itself"),
        }
    }
}

impl core::error::Error for ImportError {}

impl M3u8Manifest {
    /// Everything that a successor needs to continue this playlist byte for byte. Linear in what
    /// is retained.
    #[must_use]
    pub fn export(&self) -> String {
        let mut out = Writer(String::new());
        out.0.push_str(HEADER);
        out.0.push('\n');
        out.record("targets", &fixed(&self.settings));
        let mut keys: Vec<&Keys> = vec![&self.keys];
        let list = self.window.list();
        let starts = list
            .retained()
            .iter()
            .map(|segment| &segment.at)
            .chain([&self.open.at]);
        for known in starts.flat_map(|at| [&at.keys, &at.keys_before, &at.map_keys]) {
            if !keys.contains(&known) {
                keys.push(known);
            }
        }
        for key in &keys {
            let whole = u8::from(key.whole_resources);
            out.record(
                "keys",
                &[
                    whole.to_string(),
                    key.version.to_string(),
                    escape(&key.formats),
                    escape(&key.lines),
                ],
            );
        }
        let index = |key: &Keys| {
            let at = keys.iter().position(|known| *known == key);
            at.expect("every key in effect was collected").to_string()
        };
        out.record(
            "now",
            &[
                self.rounding.media().as_nanos().to_string(),
                optional(self.clock.map(WallClock::as_unix_nanos)),
                optional(self.init.map(InitVersion::value)),
                u8::from(self.init_changed).to_string(),
                optional(self.last_part.map(|last| last.msn)),
                optional(self.last_part.map(|last| last.part)),
                u8::from(self.liveness == Liveness::Ended).to_string(),
                self.window.longest().units().to_string(),
            ],
        );
        let expiries = self
            .window
            .expiries()
            .map(Some)
            .chain(core::iter::repeat(None));
        for (segment, expiry) in list.retained().iter().zip(expiries) {
            out.segment("segment", &segment.at, segment.i_frame_in, expiry, &index);
            out.parts(&segment.parts);
        }
        out.segment("open", &self.open.at, self.open.i_frame_in, None, &index);
        out.parts(&self.open.parts);
        self.ranges
            .export(|record, fields| out.record(record, fields));
        out.0
    }

    /// Continues an exported playlist. References to media are as they were exported.
    ///
    /// Names, the window and what is not printed may be configured anew; what players must never
    /// see change, may not. Any text is safe to import: it is either continued or refused.
    ///
    /// # Errors
    /// When the text is no state, contradicts itself, or belongs to a playlist with other
    /// targets.
    #[allow(clippy::needless_pass_by_value)] // A configuration is used up by what it configures.
    pub fn import(config: ManifestConfig, state: &str) -> Result<Self, ImportError> {
        let settings = config.check().map_err(ImportError::Config)?;
        let mut lines = state
            .lines()
            .enumerate()
            .map(|(index, line)| (index + 1, line));
        if lines.next().map(|(_, line)| line) != Some(HEADER) {
            return Err(ImportError::Format);
        }
        let mut import = Import::new(&settings);
        for (number, line) in lines {
            let mut fields = line.split(' ');
            let record = fields.next().unwrap_or_default();
            match import.record(record, &mut Fields(fields)) {
                None => return Err(ImportError::Line(number)),
                Some(Ok(())) => {}
                Some(Err(error)) => return Err(error),
            }
        }
        import.finish()
    }
}

/// What must be the same for the whole life of a playlist.
fn fixed(settings: &Settings) -> Vec<String> {
    let decimal = |value: Option<Decimal>| optional(value.map(Decimal::units));
    vec![
        settings.target_secs.to_string(),
        decimal(settings.part_target),
        decimal(settings.part_hold_back),
        decimal(settings.hold_back),
        decimal(settings.skip_until),
        u8::from(settings.skip_date_ranges).to_string(),
        format!("{:?}", settings.kind),
        format!("{:?}", settings.addressing),
        format!("{:?}", settings.bit_rates),
        format!("{:?}", settings.independent_segments),
    ]
}

struct Writer(String);

impl Writer {
    fn record(&mut self, name: &str, fields: &[String]) {
        self.0.push_str(name);
        for field in fields {
            self.0.push(' ');
            self.0.push_str(field);
        }
        self.0.push('\n');
    }

    fn segment(
        &mut self,
        name: &str,
        at: &SegmentStart,
        i_frame_in: Option<(Msn, u64)>,
        expiry: Option<Decimal>,
        index: &dyn Fn(&Keys) -> String,
    ) {
        self.record(
            name,
            &[
                at.msn.to_string(),
                at.dsn.to_string(),
                at.start.units().to_string(),
                u8::from(at.continuity == Continuity::Discontinuous).to_string(),
                optional(at.init.map(InitVersion::value)),
                u8::from(at.prints_map).to_string(),
                index(&at.keys),
                u8::from(at.prints_keys).to_string(),
                index(&at.keys_before),
                index(&at.map_keys),
                optional(at.time.map(WallClock::as_unix_nanos)),
                optional(i_frame_in.map(|(msn, _)| msn)),
                optional(i_frame_in.map(|(_, offset)| offset)),
                optional(expiry.map(Decimal::units)),
            ],
        );
    }

    fn parts(&mut self, parts: &[Part]) {
        for part in parts {
            self.record(
                "part",
                &[
                    part.media.to_string(),
                    part.duration.units().to_string(),
                    u8::from(part.independence == Independence::Independent).to_string(),
                    u8::from(part.availability == Availability::Gap).to_string(),
                    part.size.to_string(),
                ],
            );
        }
    }
}

fn optional<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

/// Makes one word of any text: `%` and everything up to the space as `%XX`, nothing as `%`.
pub(crate) fn escape(text: &str) -> String {
    if text.is_empty() {
        return "%".to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c <= ' ' || c == '%' {
            out.push_str(&format!("%{:02X}", u32::from(c)));
        } else {
            out.push(c);
        }
    }
    out
}

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
pub(crate) struct Fields<'a>(core::str::Split<'a, char>);

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

struct Import<'s> {
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
    last_part: Option<Position>,
    liveness: Liveness,
    longest: Decimal,
}

/// `None`: the line cannot be read.
type Outcome = Option<Result<(), ImportError>>;

impl<'s> Import<'s> {
    fn new(settings: &'s Settings) -> Self {
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

    fn record(&mut self, record: &str, fields: &mut Fields<'_>) -> Outcome {
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

    fn finish(mut self) -> Result<M3u8Manifest, ImportError> {
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
        Ok(M3u8Manifest {
            settings: Arc::new(self.settings.clone()),
            window: self.window,
            open: Arc::new(open),
            rounding,
            clock: now.clock,
            init: now.init,
            init_changed: now.init_changed,
            keys,
            ranges: Arc::new(self.ranges),
            last_part: now.last_part,
            liveness: now.liveness,
        })
    }
}
