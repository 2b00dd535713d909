//! Multivariant playlists from seeds, with what each must say.

use core::num::NonZeroU32;

use llhls_manifest::{
    ClosedCaptions, ContentSteering, Definition, FrameRate, IFrameVariant, MultivariantPlaylist,
    Rendition, Resolution, Score, SessionData, Variant, VideoRange,
};

use crate::facts::{list, or_null, quote};
use crate::lives::Dice;

/// A graph that is sound: groups are alike, and every variant names groups that exist.
struct Graph {
    playlist: MultivariantPlaylist,
    renditions: Vec<String>,
    variants: Vec<String>,
    i_frames: Vec<String>,
    query: &'static str,
    audio_groups: usize,
    subtitles: bool,
    captions: bool,
    scored: bool,
    steered: bool,
}

/// The text, and the facts as JSON.
pub(crate) fn graph(seed: u64) -> (String, String) {
    let mut dice = Dice::new(seed.wrapping_add(1_000));
    for _ in 0..8 {
        let _ = dice.roll();
    }
    let heads = dice.roll();
    let has = |bit: u8| heads & bit != 0;
    let mut graph = Graph {
        playlist: MultivariantPlaylist::new(),
        renditions: Vec::new(),
        variants: Vec::new(),
        i_frames: Vec::new(),
        query: if has(2) { "?t={$token}" } else { "" },
        audio_groups: usize::from(dice.roll() % 3),
        subtitles: has(16),
        captions: has(32),
        scored: has(64),
        steered: has(8),
    };
    graph.head(has(1), has(4));
    let languages = 1 + usize::from(dice.roll() % 3);
    for group in 0..graph.audio_groups {
        graph.audio(group, languages);
    }
    graph.texts();
    for index in 0..1 + usize::from(dice.roll() % 4) {
        graph.variant(&mut dice, index);
    }
    if has(128) {
        graph.i_frames();
    }
    let text = graph.playlist.build().expect("a sound graph");
    let facts = format!(
        "{{ \"steering\": {}, \"sessionData\": {}, \"renditions\": {}, \"variants\": {}, \"iFrames\": {} }}",
        or_null(graph.steered.then(|| quote("https://host/steering"))),
        has(4),
        list(&graph.renditions, Clone::clone),
        list(&graph.variants, Clone::clone),
        list(&graph.i_frames, Clone::clone),
    );
    (text, facts)
}

impl Graph {
    fn add(
        &mut self,
        rendition: Rendition,
        kind: &str,
        [group, name, language, uri]: [&str; 4],
        default: bool,
    ) {
        self.playlist = std::mem::take(&mut self.playlist).rendition(rendition);
        let uri = or_null((!uri.is_empty()).then(|| quote(uri)));
        self.renditions.push(format!(
            "{{ \"type\": \"{kind}\", \"group\": {}, \"name\": {}, \"language\": {}, \"uri\": {uri}, \"default\": {default} }}",
            quote(group), quote(name), quote(language)
        ));
    }

    fn head(&mut self, independent: bool, data: bool) {
        let mut playlist = std::mem::take(&mut self.playlist);
        if independent {
            playlist = playlist.independent_segments();
        }
        if !self.query.is_empty() {
            playlist = playlist.define(Definition::Value {
                name: "token".into(),
                value: "T".into(),
            });
        }
        if data {
            let title = SessionData::value("com.example.title", "A title");
            playlist = playlist.session_data(title.language("en"));
        }
        if self.steered {
            let steering = ContentSteering::new("https://host/steering").pathway("P0");
            playlist = playlist.content_steering(steering);
        }
        self.playlist = playlist;
    }

    fn audio(&mut self, group: usize, languages: usize) {
        let group = format!("audio{group}");
        for language in ["en", "de", "x-klingon"].iter().take(languages) {
            let uri = format!("{group}/{language}.m3u8{}", self.query);
            let name = format!("Sound, {language}");
            let rendition = Rendition::audio(&group, &name, &uri)
                .language(*language)
                .channels("2");
            let default = *language == "en";
            let rendition = if default {
                rendition.default()
            } else {
                rendition
            };
            self.add(rendition, "AUDIO", [&group, &name, language, &uri], default);
        }
    }

    fn texts(&mut self) {
        if self.subtitles {
            let uri = format!("subtitles.m3u8{}", self.query);
            let rendition = Rendition::subtitles("sub", "Untertitel", &uri).language("de");
            let texts = ["sub", "Untertitel", "de", &uri];
            self.add(rendition, "SUBTITLES", texts, false);
        }
        if self.captions {
            let rendition = Rendition::closed_captions("cc", "CC", "CC1").language("en");
            self.add(rendition, "CLOSED-CAPTIONS", ["cc", "CC", "en", ""], false);
        }
    }

    fn variant(&mut self, dice: &mut Dice, index: usize) {
        let audio = (self.audio_groups > 0).then(|| format!("audio{}", index % self.audio_groups));
        let bandwidth = (1 + index as u64) * 900_000 + u64::from(dice.roll()) * 1_009;
        let average = (dice.roll() & 1 == 1).then_some(bandwidth - 1_000);
        let height = 180 * (1 + u32::from(dice.roll() % 6));
        let frames = u32::from(dice.roll() % 3);
        let rate = [(25_000, 1_000), (30_000, 1_001), (60_000, 1_001)][frames as usize];
        let range =
            [None, Some(VideoRange::Sdr), Some(VideoRange::Pq)][usize::from(dice.roll() % 3)];
        let pathway = self.steered.then(|| format!("P{}", index % 2));
        let uri = format!("v{index}.m3u8{}", self.query);
        let rate_thousandths =
            (u64::from(rate.0) * 1_000 + u64::from(rate.1) / 2) / u64::from(rate.1);
        let mut variant = Variant::new(&uri, bandwidth)
            .codecs(["avc1.64001f", "mp4a.40.2"])
            .resolution(Resolution::new(height * 16 / 9, height))
            .frame_rate(FrameRate::new(
                rate.0,
                NonZeroU32::new(rate.1).expect("not zero"),
            ));
        if let Some(average) = average {
            variant = variant.average_bandwidth(average);
        }
        if let Some(range) = range {
            variant = variant.video_range(range);
        }
        if let Some(audio) = &audio {
            variant = variant.audio(audio);
        }
        if self.subtitles {
            variant = variant.subtitles("sub");
        }
        if self.captions {
            variant = variant.closed_captions(ClosedCaptions::Group("cc".into()));
        }
        let score = NonZeroU32::new(500 + index as u32).expect("not zero");
        if self.scored {
            variant = variant.score(Score::from_thousandths(score));
        }
        if let Some(pathway) = &pathway {
            variant = variant.pathway(pathway);
        }
        self.playlist = std::mem::take(&mut self.playlist).variant(variant);
        let text = |value: Option<&str>| or_null(value.map(quote));
        self.variants.push(format!(
            "{{ \"uri\": {}, \"bandwidth\": {bandwidth}, \"average\": {}, \"width\": {}, \"height\": {height}, \"frameRate\": {}, \"range\": {}, \"audio\": {}, \"subtitles\": {}, \"captions\": {}, \"score\": {}, \"pathway\": {} }}",
            quote(&uri),
            or_null(average),
            height * 16 / 9,
            rate_thousandths as f64 / 1e3,
            text(range.map(|range| if range == VideoRange::Pq { "PQ" } else { "SDR" })),
            text(audio.as_deref()),
            text(self.subtitles.then_some("sub")),
            text(self.captions.then_some("cc")),
            or_null(self.scored.then(|| f64::from(score.get()) / 1e3)),
            text(pathway.as_deref()),
        ));
    }

    fn i_frames(&mut self) {
        let uri = format!("i.m3u8{}", self.query);
        let variant = IFrameVariant::new(&uri, 90_000).codecs(["avc1.64001f"]);
        self.playlist = std::mem::take(&mut self.playlist).i_frame_variant(variant);
        self.i_frames.push(format!(
            "{{ \"uri\": {}, \"bandwidth\": 90000 }}",
            quote(&uri)
        ));
    }
}
