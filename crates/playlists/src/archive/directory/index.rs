//! The index of a recording: one line of text a segment, each with its own checksum.
//!
//! A line is appended when its file is whole; so the index never names half a file, and a crash
//! between the two costs one segment. A line that was cut short has the wrong checksum, and ends
//! what is read.

use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use llhls_manifest::{
    Availability, Continuity, DiscontinuitySequence, FrameRate, InitVersion, ManifestConfig,
    MediaDuration, Msn, ResourceNames, WallClock,
};
use twox_hash::XxHash3_64;

use crate::archive::segment::SegmentFacts;
use crate::media::{Audio, AudioRole, Media, Video};

/// The name of the file. Resources have an extension, so none is called this.
pub(super) const INDEX: &str = "index";

const FORMAT: &str = "llhls-recording-1";

const THOUSAND: NonZeroU32 = NonZeroU32::new(1000).unwrap();

/// What holds for all segments of a recording.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Header {
    pub(super) names: ResourceNames,
    pub(super) target_secs: NonZeroU32,
    /// What the rendition carries; unknown where an older version wrote the index.
    pub(super) carries: Option<Media>,
}

/// One segment, and when it was stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) facts: SegmentFacts,
    pub(super) stored: SystemTime,
}

/// What an index says.
#[derive(Clone, Debug)]
pub(super) struct Index {
    pub(super) header: Header,
    /// Oldest first, consecutive in number.
    pub(super) entries: Vec<Entry>,
    pub(super) ended: bool,
    /// How many bytes of the text are good.
    pub(super) len: u64,
}

impl Header {
    /// The header of a recording under these names, whatever query playlists add to them.
    pub(super) fn new(
        names: &ResourceNames,
        target_duration: MediaDuration,
        carries: &Media,
    ) -> Self {
        let plain = ResourceNames::new(names.epoch());
        let plain = plain.and_then(|plain| plain.extension(&extension(names)));
        let secs = target_duration.as_nanos() / 1_000_000_000;
        Self {
            names: plain.expect("made of names that were checked"),
            target_secs: u32::try_from(secs)
                .ok()
                .and_then(NonZeroU32::new)
                .expect("a playlist's target is between a second and a day"),
            carries: Some(carries.clone()),
        }
    }

    /// Whether segments under the other header can be listed behind those under this one.
    pub(super) fn is_continued_by(&self, other: &Self) -> bool {
        (&self.names, self.target_secs) == (&other.names, other.target_secs)
    }

    pub(super) fn line(&self) -> String {
        let names = &self.names;
        let carries = self.carries.as_ref().and_then(carried);
        sealed(&format!(
            "{FORMAT} {} {} {}{}",
            names.epoch(),
            extension(names),
            self.target_secs,
            carries.unwrap_or_default()
        ))
    }

    pub(super) fn config(&self) -> ManifestConfig {
        ManifestConfig::new(self.names.clone()).target_duration(self.target_secs.get())
    }

    fn read(line: &str) -> Option<Self> {
        let mut words = opened(line)?.split(' ');
        if words.next()? != FORMAT {
            return None;
        }
        let names = ResourceNames::new(words.next()?).ok()?;
        let names = names.extension(words.next()?).ok()?;
        let target_secs = words.next()?.parse().ok()?;
        let carries = carries(words);
        Some(Self {
            names,
            target_secs,
            carries,
        })
    }
}

impl Entry {
    pub(super) fn line(&self) -> String {
        let facts = &self.facts;
        let stored = self.stored.duration_since(UNIX_EPOCH).unwrap_or_default();
        sealed(&format!(
            "segment {} {} {} {} {} {} {} {} {}",
            facts.msn,
            facts.duration.as_nanos(),
            facts.discontinuity_sequence,
            u8::from(facts.continuity == Continuity::Discontinuous),
            optional(facts.init.map(InitVersion::value)),
            optional(facts.captured_at.map(WallClock::as_unix_nanos)),
            facts.bytes,
            u8::from(facts.availability == Availability::Gap),
            stored.as_secs(),
        ))
    }

    fn read(line: &str) -> Option<Self> {
        let mut words = opened(line)?.split(' ');
        if words.next()? != "segment" {
            return None;
        }
        let facts = SegmentFacts {
            msn: Msn::new(number(words.next())?),
            duration: MediaDuration::from_nanos(number(words.next())?),
            discontinuity_sequence: DiscontinuitySequence::new(number(words.next())?),
            continuity: match words.next()? {
                "0" => Continuity::Continuous,
                "1" => Continuity::Discontinuous,
                _ => return None,
            },
            init: perhaps(words.next())?.map(InitVersion::new),
            captured_at: perhaps(words.next())?.map(WallClock::from_unix_nanos),
            bytes: number(words.next())?,
            availability: match words.next()? {
                "0" => Availability::Available,
                "1" => Availability::Gap,
                _ => return None,
            },
        };
        let stored = UNIX_EPOCH.checked_add(Duration::from_secs(number(words.next())?))?;
        Some(Self { facts, stored })
    }
}

/// The line that says that no segment follows.
pub(super) fn end_line() -> String {
    sealed("end")
}

impl Index {
    /// Reads as much as is good; `None` where not even the first line is.
    ///
    /// Where numbers were skipped, what lies before is left out: a playlist cannot list both.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut lines = text.split_inclusive('\n');
        let first = lines.next()?;
        let mut index = Self {
            header: Header::read(first)?,
            entries: Vec::new(),
            ended: false,
            len: first.len() as u64,
        };
        for line in lines {
            if line == end_line() {
                index.ended = true;
            } else if let Some(entry) = Entry::read(line) {
                let next = index.entries.last().map(|last| last.facts.msn.next());
                if next.is_some_and(|next| next != entry.facts.msn) {
                    index.entries.clear();
                }
                index.entries.push(entry);
                index.ended = false;
            } else {
                break;
            }
            index.len += line.len() as u64;
        }
        Some(index)
    }

    /// The text of an index of these.
    pub(super) fn write<'a>(
        header: &Header,
        entries: impl IntoIterator<Item = &'a Entry>,
    ) -> String {
        let lines = entries.into_iter().map(Entry::line);
        std::iter::once(header.line()).chain(lines).collect()
    }
}

/// The extension of segments. No epoch has a dot in it, so it is what follows the last one.
fn extension(names: &ResourceNames) -> String {
    let name = names.segment(Msn::new(0)).to_string();
    name.rsplit('.').next().unwrap_or_default().to_owned()
}

/// What a rendition carries as words, each with a space before it; nothing where a text in it is
/// not one word.
fn carried(media: &Media) -> Option<String> {
    let is_word = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    let words = match media {
        Media::Video(video) => {
            let rate = video.frame_rate.map_or(0, FrameRate::as_thousandths);
            let Video { width, height, .. } = video;
            format!(" video {} {width} {height} {rate}", video.codec)
        }
        Media::Audio(audio) => {
            let language = audio.language.as_deref().unwrap_or("-");
            if !is_word(language) {
                return None;
            }
            let role = audio.role.map_or("-", AudioRole::name);
            let Audio {
                codec, channels, ..
            } = audio;
            format!(" audio {codec} {channels} {language} {role}")
        }
    };
    is_word(media.codec()).then_some(words)
}

/// Reads what [`carried`] wrote.
fn carries<'a>(mut words: impl Iterator<Item = &'a str>) -> Option<Media> {
    match words.next()? {
        "video" => {
            let codec = words.next()?;
            let mut video = Video::new(codec, number(words.next())?, number(words.next())?);
            let rate: u32 = number(words.next())?;
            video.frame_rate = (rate > 0).then(|| FrameRate::new(rate, THOUSAND));
            Some(Media::Video(video))
        }
        "audio" => {
            let mut audio = Audio::new(words.next()?, number(words.next())?);
            let language = words.next()?;
            audio.language = (language != "-").then(|| language.to_owned());
            // Recordings of an earlier version end here.
            audio.role = words.next().and_then(AudioRole::from_name);
            Some(Media::Audio(audio))
        }
        _ => None,
    }
}

/// The text as a line, with its checksum.
fn sealed(text: &str) -> String {
    let sum = XxHash3_64::oneshot(text.as_bytes());
    format!("{text} {sum:016x}\n")
}

/// The text of a line whose checksum is right.
fn opened(line: &str) -> Option<&str> {
    let (text, sum) = line.strip_suffix('\n')?.rsplit_once(' ')?;
    let expected = XxHash3_64::oneshot(text.as_bytes());
    (sum.len() == 16 && u64::from_str_radix(sum, 16) == Ok(expected)).then_some(text)
}

fn optional<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

fn number<T: FromStr>(word: Option<&str>) -> Option<T> {
    word?.parse().ok()
}

fn perhaps<T: FromStr>(word: Option<&str>) -> Option<Option<T>> {
    match word? {
        "-" => Some(None),
        word => word.parse().ok().map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> Header {
        let names = ResourceNames::new("e1").unwrap();
        Header {
            names,
            target_secs: NonZeroU32::MIN,
            carries: None,
        }
    }

    #[test]
    fn what_a_rendition_carries_is_read_as_it_was_written() {
        let mut with_rate = Video::new("avc1.64001f", 1280, 720);
        with_rate.frame_rate = Some(FrameRate::new(30_000, NonZeroU32::new(1001).unwrap()));
        let mut with_language = Audio::new("mp4a.40.2", 2);
        with_language.language = Some("de-AT".to_owned());
        with_language.role = Some(AudioRole::Commentary);
        for media in [
            Media::Video(with_rate),
            Media::Video(Video::new("hvc1.1.6.L93.B0", 640, 360)),
            Media::Audio(with_language),
            Media::Audio(Audio::new("opus", 6)),
        ] {
            let carries = Some(media);
            let header = Header {
                carries,
                ..header()
            };
            assert_eq!(Header::read(&header.line()), Some(header));
        }
        let strange = Some(Media::Audio(Audio::new("two words", 2)));
        let strange = Header {
            carries: strange,
            ..header()
        };
        assert_eq!(Header::read(&strange.line()), Some(header()), "left out");
    }

    fn entry(msn: u64) -> Entry {
        let facts = SegmentFacts {
            msn: Msn::new(msn),
            duration: MediaDuration::from_millis(1000),
            continuity: Continuity::Discontinuous,
            discontinuity_sequence: DiscontinuitySequence::new(3),
            init: Some(InitVersion::new(7)),
            captured_at: msn
                .is_multiple_of(2)
                .then(|| WallClock::from_unix_millis(1_795_219_200_000)),
            bytes: 12_345,
            availability: Availability::Available,
        };
        let stored = UNIX_EPOCH + Duration::from_secs(1_795_219_200 + msn);
        Entry { facts, stored }
    }

    #[test]
    fn what_was_written_is_read_and_no_more_than_was_written() {
        let entries: Vec<_> = (1..=5).map(entry).collect();
        let text = Index::write(&header(), &entries);
        let index = Index::read(&text).unwrap();
        assert_eq!((index.header, index.entries), (header(), entries.clone()));
        assert_eq!(index.len, text.len() as u64);

        // Cut anywhere, it is the index of the whole lines before the cut.
        for cut in 0..text.len() {
            let whole = text[..cut].matches('\n').count();
            match Index::read(&text[..cut]) {
                None => assert_eq!(whole, 0, "cut at {cut}"),
                Some(index) => assert_eq!(index.entries, entries[..whole - 1], "cut at {cut}"),
            }
        }
    }

    #[test]
    fn no_changed_byte_goes_unnoticed() {
        let text = Index::write(&header(), &[entry(1), entry(2)]);
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= 1;
            let Ok(changed) = String::from_utf8(bytes) else {
                continue;
            };
            let read = Index::read(&changed).map_or(0, |index| index.entries.len());
            assert!(read < 2, "byte {at}: {changed}");
        }
    }

    #[test]
    fn what_lies_before_a_skipped_number_is_left_out() {
        let text = Index::write(&header(), &[entry(1), entry(2), entry(9)]) + &end_line();
        let index = Index::read(&text).unwrap();
        assert_eq!(index.entries, [entry(9)]);
        assert!(index.ended);
    }
}
