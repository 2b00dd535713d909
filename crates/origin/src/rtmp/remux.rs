//! FLV's messages into what the cutter takes: a header, and fragments of one frame.

use bytes::Bytes;
use rtmp_rs::amf::AmfValue;
use rtmp_rs::media::aac::AudioSpecificConfig;

use crate::ingest::IngestError;
use crate::media::{
    Fragment, InitSection, MediaItem, MediaLimits, Sample, SyncPoint, Timescale, TrackId,
};
use crate::rtmp::error::RtmpError;
use crate::rtmp::header::{self, AUDIO_TRACK, Audio, VIDEO_TIMESCALE, VIDEO_TRACK, Video};
use crate::rtmp::picture;
use crate::rtmp::session::Message;
use crate::rtmp::tags::{self, AudioTag, VideoCodec, VideoTag};

/// How long media waits for the configuration of the other kind, in milliseconds.
const WAIT: u64 = 1000;

/// The most frames and bytes that wait so.
const MOST_WAITING: usize = 512;
const MOST_BYTES: usize = 16 << 20;

/// Largest configuration of sound that fits the descriptors we write.
const LARGEST_CONFIG: usize = 64;

/// Ticks of a millisecond of pictures.
const TICKS: u64 = VIDEO_TIMESCALE as u64 / 1000;

/// A picture may last this long; where the next one comes later, there is a hole.
const LONGEST_PICTURE: u64 = VIDEO_TIMESCALE as u64 / 5;

/// FLV has whole milliseconds; a time this near to what the rate says is that.
const JITTER: u64 = TICKS * 3 / 2;

/// Sound that is this far from what its frames add up to has jumped, in milliseconds.
const JUMP: u64 = 100;

/// One stream on its way from tags to fragments.
#[derive(Debug)]
pub(super) struct Remux {
    words: Words,
    video_config: Option<(VideoCodec, Bytes)>,
    audio_config: Option<Bytes>,
    /// The tracks of the header that was given out.
    video: Option<Video>,
    audio: Option<Audio>,
    stage: Stage,
    /// A picture whose duration the next one tells.
    picture: Option<Picture>,
    /// Where the next picture is expected, and the next frame of sound.
    next_picture: Option<u64>,
    next_sound: Option<u64>,
    clock: Clock,
    sequence: u32,
}

/// What `onMetaData` says.
#[derive(Clone, Copy, Debug, Default)]
struct Words {
    width: u16,
    height: u16,
    /// Ticks of a picture; zero where it does not say.
    picture: u32,
    has_video: Option<bool>,
    has_audio: Option<bool>,
}

#[derive(Debug)]
enum Stage {
    /// Frames wait until it is known which tracks there are.
    Waiting {
        frames: Vec<Frame>,
        bytes: usize,
        since: Option<u64>,
    },
    Running,
}

/// A frame with its time in milliseconds.
#[derive(Debug)]
enum Frame {
    Video { time: u64, picture: Picture },
    Audio { time: u64, data: Bytes },
}

#[derive(Debug)]
struct Picture {
    /// Decode time in ticks.
    at: u64,
    sync: SyncPoint,
    /// Ticks.
    offset: i64,
    data: Bytes,
}

/// Unwraps times of 32 bits, which start over after 49 days.
#[derive(Debug, Default)]
struct Clock(Option<u64>);

impl Clock {
    fn at(&mut self, time: u32) -> u64 {
        let last = self.0.unwrap_or_else(|| u64::from(time));
        // The nearest of all times with these 32 bits: forwards or back by half of them.
        let ahead = i64::from(time.wrapping_sub(last as u32) as i32);
        let now = last.saturating_add_signed(ahead);
        self.0 = Some(now);
        now
    }
}

impl Remux {
    pub(super) fn new() -> Self {
        Self {
            words: Words::default(),
            video_config: None,
            audio_config: None,
            video: None,
            audio: None,
            stage: Stage::waiting(),
            picture: None,
            next_picture: None,
            next_sound: None,
            clock: Clock::default(),
            sequence: 0,
        }
    }

    /// Takes a message and appends what it completes to `items`.
    ///
    /// # Errors
    ///
    /// [`RtmpError`] for a codec that is not taken, or a tag that cannot be read.
    pub(super) fn take(
        &mut self,
        message: Message,
        items: &mut Vec<MediaItem>,
    ) -> Result<(), RtmpError> {
        match message {
            Message::Metadata(words) => {
                self.words = Words::of(&words);
                Ok(())
            }
            Message::Video { time, tag } => {
                let time = self.clock.at(time);
                match tags::video(tag)? {
                    VideoTag::Config { codec, record } => {
                        let config = Some((codec, record));
                        if self.video_config != config {
                            self.video_config = config;
                            self.configure(items)?;
                        }
                        Ok(())
                    }
                    VideoTag::Frame { sync, offset, data } => {
                        let picture = Picture {
                            at: time.saturating_mul(TICKS),
                            sync,
                            offset: i64::from(offset) * TICKS as i64,
                            data,
                        };
                        self.frame(Frame::Video { time, picture }, items)
                    }
                    VideoTag::Other => Ok(()),
                }
            }
            Message::Audio { time, tag } => {
                let time = self.clock.at(time);
                match tags::audio(tag)? {
                    AudioTag::Config(config) => {
                        if self.audio_config.as_ref() != Some(&config) {
                            self.audio_config = Some(config);
                            self.configure(items)?;
                        }
                        Ok(())
                    }
                    AudioTag::Frame(data) => self.frame(Frame::Audio { time, data }, items),
                    AudioTag::Other => Ok(()),
                }
            }
        }
    }

    /// What waits here, in bytes.
    pub(super) fn held_bytes(&self) -> u64 {
        let waiting = match &self.stage {
            Stage::Waiting { bytes, .. } => *bytes,
            Stage::Running => 0,
        };
        let picture = self.picture.as_ref().map_or(0, |it| it.data.len());
        (waiting + picture) as u64
    }

    /// The stream has ended: what waits goes its way.
    pub(super) fn finish(&mut self, items: &mut Vec<MediaItem>) {
        if matches!(self.stage, Stage::Waiting { .. }) && self.run(items).is_err() {
            return;
        }
        let usual = self.usual();
        if let Some(picture) = self.picture.take() {
            items.extend(self.video_fragment(picture, usual));
        }
    }

    /// A configuration has come, or come anew: once media runs, it makes a new header.
    fn configure(&mut self, items: &mut Vec<MediaItem>) -> Result<(), RtmpError> {
        if matches!(self.stage, Stage::Running) {
            self.finish(items);
            self.stage = Stage::waiting();
        }
        Ok(())
    }

    fn frame(&mut self, frame: Frame, items: &mut Vec<MediaItem>) -> Result<(), RtmpError> {
        if matches!(self.stage, Stage::Running) {
            self.pass(frame, items);
            return Ok(());
        }
        let is_known = self.is_known();
        let Stage::Waiting {
            frames,
            bytes,
            since,
        } = &mut self.stage
        else {
            return Ok(());
        };
        let time = frame.time();
        let waited = time.saturating_sub(*since.get_or_insert(time));
        *bytes += frame.len();
        frames.push(frame);
        if is_known || waited >= WAIT || frames.len() >= MOST_WAITING || *bytes >= MOST_BYTES {
            self.run(items)?;
        }
        Ok(())
    }

    /// Whether every track that is announced, or of which nothing is known, has its configuration.
    fn is_known(&self) -> bool {
        let video = self.video_config.is_some() || self.words.has_video == Some(false);
        let audio = self.audio_config.is_some() || self.words.has_audio == Some(false);
        video && audio
    }

    /// Gives out a header, and then what waited for it.
    fn run(&mut self, items: &mut Vec<MediaItem>) -> Result<(), RtmpError> {
        self.video = match &self.video_config {
            Some((codec, record)) => Some(self.words.video(*codec, record.clone())?),
            None => None,
        };
        self.audio = match &self.audio_config {
            Some(config) => Some(audio(config)?),
            None => None,
        };
        let Stage::Waiting { frames, .. } = std::mem::replace(&mut self.stage, Stage::Running)
        else {
            return Ok(());
        };
        if self.video.is_none() && self.audio.is_none() {
            return Err(RtmpError::Tag);
        }
        let bytes = header::write(self.video.as_ref(), self.audio.as_ref());
        let init = InitSection::parse(bytes, &MediaLimits::default()).map_err(IngestError::from)?;
        items.push(MediaItem::Init(init));
        for frame in frames {
            self.pass(frame, items);
        }
        Ok(())
    }

    fn pass(&mut self, frame: Frame, items: &mut Vec<MediaItem>) {
        match frame {
            Frame::Video { picture, .. } if self.video.is_some() => {
                self.pass_picture(picture, items);
            }
            Frame::Audio { time, data } if self.audio.is_some() => {
                self.pass_sound(time, data, items);
            }
            // Frames of a kind whose configuration never came.
            _ => {}
        }
    }

    fn pass_picture(&mut self, mut picture: Picture, items: &mut Vec<MediaItem>) {
        let usual = self.usual();
        if let Some(next) = self.next_picture
            && next.abs_diff(picture.at) <= JITTER
        {
            picture.at = next;
        }
        self.next_picture = Some(picture.at.saturating_add(usual));
        if let Some(before) = self.picture.take() {
            let lasts = picture.at.checked_sub(before.at);
            let lasts = lasts.filter(|&lasts| lasts <= LONGEST_PICTURE.max(2 * usual));
            items.extend(self.video_fragment(before, lasts.unwrap_or(usual).max(1)));
        }
        self.picture = Some(picture);
    }

    /// Ticks that a picture usually lasts.
    fn usual(&self) -> u64 {
        match self.video.as_ref().map_or(0, |video| video.picture) {
            0 => u64::from(VIDEO_TIMESCALE / 30),
            ticks => ticks.into(),
        }
    }

    fn pass_sound(&mut self, time: u64, data: Bytes, items: &mut Vec<MediaItem>) {
        let Some(audio) = &self.audio else {
            return;
        };
        let (rate, frame) = (u64::from(audio.sample_rate), audio.frame);
        let told = time.saturating_mul(rate) / 1000;
        // Frames add up exactly, milliseconds do not.
        let at = self
            .next_sound
            .filter(|next| next.abs_diff(told) < JUMP * rate / 1000)
            .unwrap_or(told);
        self.next_sound = Some(at.saturating_add(frame.into()));
        let timescale = Timescale::new(audio.sample_rate);
        let track = TrackId::new(AUDIO_TRACK);
        items.extend(self.fragment(track, timescale, at, frame, SyncPoint::Sync, 0, data));
    }

    fn video_fragment(&mut self, picture: Picture, ticks: u64) -> Option<MediaItem> {
        let Picture {
            at,
            sync,
            offset,
            data,
        } = picture;
        let duration = u32::try_from(ticks).unwrap_or(u32::MAX);
        let timescale = Timescale::new(VIDEO_TIMESCALE);
        let track = TrackId::new(VIDEO_TRACK);
        self.fragment(track, timescale, at, duration, sync, offset, data)
    }

    #[allow(
        clippy::too_many_arguments,
        reason = "the fields of one sample, in the order of the format"
    )]
    fn fragment(
        &mut self,
        track: TrackId,
        timescale: Option<Timescale>,
        at: u64,
        duration: u32,
        sync: SyncPoint,
        offset: i64,
        data: Bytes,
    ) -> Option<MediaItem> {
        self.sequence = self.sequence.wrapping_add(1);
        let sample = Sample::new(duration, u32::try_from(data.len()).ok()?, sync, offset);
        let fragment = Fragment::of_sample(track, timescale?, self.sequence, at, sample, data);
        Some(MediaItem::Fragment(fragment))
    }
}

impl Stage {
    fn waiting() -> Self {
        Self::Waiting {
            frames: Vec::new(),
            bytes: 0,
            since: None,
        }
    }
}

impl Frame {
    fn time(&self) -> u64 {
        match self {
            Self::Video { time, .. } | Self::Audio { time, .. } => *time,
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Video { picture, .. } => picture.data.len(),
            Self::Audio { data, .. } => data.len(),
        }
    }
}

impl Words {
    fn of(words: &AmfValue) -> Self {
        let number = |key: &str| words.get_number(key);
        let size = |key: &str| number(key).map_or(0, |size| size as u16);
        let picture = number("framerate")
            .or_else(|| number("videoframerate"))
            .filter(|rate| (1.0..=1000.0).contains(rate))
            .map_or(0, |rate| (f64::from(VIDEO_TIMESCALE) / rate).round() as u32);
        let has = |keys: [&str; 2]| Some(keys.iter().any(|key| words.get(key).is_some()));
        Self {
            width: size("width"),
            height: size("height"),
            picture,
            has_video: has(["videocodecid", "width"]),
            has_audio: has(["audiocodecid", "audiosamplerate"]),
        }
    }

    fn video(&self, codec: VideoCodec, record: Bytes) -> Result<Video, RtmpError> {
        let told = (self.width > 0 && self.height > 0).then_some((self.width, self.height));
        let (width, height) = picture::size(codec, &record)
            .or(told)
            .ok_or(RtmpError::Size)?;
        Ok(Video {
            codec,
            record,
            width,
            height,
            picture: self.picture,
        })
    }
}

fn audio(config: &Bytes) -> Result<Audio, RtmpError> {
    let read = AudioSpecificConfig::parse(config.clone())?;
    if config.len() > LARGEST_CONFIG || read.sampling_frequency == 0 {
        return Err(RtmpError::Tag);
    }
    Ok(Audio {
        config: config.clone(),
        channels: u16::from(read.channels()).max(1),
        sample_rate: read.sampling_frequency,
        frame: read.samples_per_frame(),
    })
}
