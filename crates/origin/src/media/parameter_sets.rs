//! Parameter sets of H.264 and HEVC that come inside samples, and headers that follow them.
//!
//! Encoders may put parameter sets into the header, into the samples (`avc3`, `hev1`), or both. Players start with the
//! header; Apple's want them there (FMT-14). So a header is completed with what the samples bring, and when the samples bring
//! another sequence parameter set, which is another picture size or profile, there is another header.

use bytes::Bytes;
use mp4_atom::{Avcc, AvccExt, Encode as _, HvcCArray, Hvcc};

use super::boxes::{self, BoxKind, Child};
use super::error::MediaError;
use super::fragment::{Fragment, SyncPoint};
use super::init::{InitSection, TrackId, track_id};
use super::limits::MediaLimits;
use super::protection::Protection;
use super::sps::Sps;

/// The most bytes of parameter sets that a sample may bring, and the most of one kind.
const MOST_BYTES: usize = 2048;
const MOST_UNITS: usize = 16;

/// The parameter sets in effect of one track.
#[derive(Debug, Clone)]
pub(crate) struct ParameterSets {
    track: TrackId,
    codec: Codec,
    in_band: bool,
    /// Bytes of a unit's length in the samples.
    length_size: usize,
    units: Units,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Codec {
    Avc,
    Hevc,
}

/// Parameter sets by kind. Those of video only HEVC has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Units {
    video: Vec<Vec<u8>>,
    sequence: Vec<Vec<u8>>,
    picture: Vec<Vec<u8>>,
}

impl ParameterSets {
    /// Those of each track of a header that has any, or may get some.
    pub(crate) fn of(init: &InitSection) -> Vec<Self> {
        let tracks = init.tracks().filter(|track| track.is_video());
        tracks
            .filter_map(|track| Self::read(init.bytes(), track.id))
            .collect()
    }

    /// The track.
    pub(crate) fn track(&self) -> TrackId {
        self.track
    }

    /// Whether the header leaves room for parameter sets in samples.
    pub(crate) fn are_in_band(&self) -> bool {
        self.in_band
    }

    fn read(bytes: &[u8], track: TrackId) -> Option<Self> {
        let place = Place::find(bytes, track)?;
        let configuration = &bytes[place.configuration.whole.clone()];
        let (codec, length_size, units) = match place.codec {
            Codec::Avc => {
                let config: Avcc = boxes::decode(place.configuration.kind, configuration).ok()?;
                let units = Units {
                    video: Vec::new(),
                    sequence: config.sequence_parameter_sets,
                    picture: config.picture_parameter_sets,
                };
                (Codec::Avc, config.length_size.into(), units)
            }
            Codec::Hevc => {
                let config: Hvcc = boxes::decode(place.configuration.kind, configuration).ok()?;
                let of = |kind| {
                    let arrays = config.arrays.iter();
                    let of_kind = arrays.filter(move |array| array.nal_unit_type == kind);
                    of_kind.flat_map(|array| array.nalus.clone()).collect()
                };
                let units = Units {
                    video: of(32),
                    sequence: of(33),
                    picture: of(34),
                };
                (
                    Codec::Hevc,
                    usize::from(config.length_size_minus_one) + 1,
                    units,
                )
            }
        };
        let entry = place.parents[place.parents.len() - 1];
        let in_band = matches!(&bytes[entry + 4..entry + 8], b"avc3" | b"hev1");
        Some(Self {
            track,
            codec,
            in_band,
            length_size,
            units,
        })
    }

    /// The first sample of a fragment that brings a sequence parameter set unlike those in effect: from there on the
    /// track needs another header, for which this is to be asked again.
    pub(crate) fn change_in(&mut self, fragment: &Fragment) -> Option<usize> {
        if fragment.track() != self.track || !matches!(fragment.protection(), Protection::None) {
            return None;
        }
        let samples = fragment.samples().iter().enumerate();
        let syncs = samples.filter(|(_, sample)| sample.sync == SyncPoint::Sync);
        for (index, sample) in syncs {
            let found = self.scan(fragment.sample_slice(sample));
            let is_new = |unit: &Vec<u8>| !self.units.sequence.contains(unit);
            if found.sequence.iter().any(is_new) {
                self.units.replace(found);
                return Some(index);
            }
        }
        None
    }

    /// The parameter sets at the start of a picture.
    fn scan(&self, sample: &[u8]) -> Units {
        let mut units = Units::default();
        let (mut rest, mut bytes) = (sample, 0);
        while let Some((length, behind)) = rest.split_at_checked(self.length_size) {
            let length = length
                .iter()
                .fold(0, |sum, &byte| sum << 8 | usize::from(byte));
            let Some((unit, behind)) = behind.split_at_checked(length) else {
                break;
            };
            rest = behind;
            let Some(&first) = unit.first() else {
                continue;
            };
            let into = match (self.codec, first & 0x1f, first >> 1 & 0x3f) {
                (Codec::Avc, 7, _) | (Codec::Hevc, _, 33) => &mut units.sequence,
                (Codec::Avc, 8, _) | (Codec::Hevc, _, 34) => &mut units.picture,
                (Codec::Hevc, _, 32) => &mut units.video,
                // Pictures begin here.
                (Codec::Avc, 1..=5, _) | (Codec::Hevc, _, 0..=31) => break,
                _ => continue,
            };
            bytes += unit.len();
            if bytes > MOST_BYTES || into.len() == MOST_UNITS {
                break;
            }
            into.push(unit.to_vec());
        }
        units
    }

    /// The header with these parameter sets in it, and the size of pictures that they say. As it is where there are none.
    pub(crate) fn write(
        &self,
        init: &InitSection,
        limits: &MediaLimits,
    ) -> Result<InitSection, MediaError> {
        if self.units.sequence.is_empty() || self.units.picture.is_empty() {
            return Ok(init.clone());
        }
        let bytes = init.bytes();
        let Some(place) = Place::find(bytes, self.track) else {
            return Ok(init.clone());
        };
        let old = &bytes[place.configuration.whole.clone()];
        let first = &self.units.sequence[0];
        let (sps, configuration) = match self.codec {
            Codec::Avc => {
                let sps = Sps::of_avc(first);
                let config: Avcc = boxes::decode(place.configuration.kind, old)?;
                (sps.clone(), encode(&self.avcc(config, sps)))
            }
            Codec::Hevc => {
                let sps = Sps::of_hevc(first);
                let config: Hvcc = boxes::decode(place.configuration.kind, old)?;
                (sps.clone(), encode(&self.hvcc(config, sps)))
            }
        };
        let mut out = bytes.to_vec();
        if let Some(sps) = sps {
            place.resize(&mut out, sps.width, sps.height);
        }
        let name = match self.codec {
            Codec::Avc => b"avc1",
            Codec::Hevc => b"hvc1",
        };
        let entry = place.parents[place.parents.len() - 1];
        out[entry + 4..entry + 8].copy_from_slice(name);
        let whole = place.configuration.whole.clone();
        let grown = configuration.len() as i64 - whole.len() as i64;
        out.splice(whole, configuration);
        for parent in place.parents {
            let size = u32::from_be_bytes([
                out[parent],
                out[parent + 1],
                out[parent + 2],
                out[parent + 3],
            ]);
            let size = u32::try_from(i64::from(size) + grown).map_err(|_| malformed())?;
            out[parent..parent + 4].copy_from_slice(&size.to_be_bytes());
        }
        InitSection::parse(Bytes::from(out), limits)
    }

    fn avcc(&self, mut config: Avcc, sps: Option<Sps>) -> Avcc {
        if let [_, profile, compatibility, level, ..] = self.units.sequence[0][..] {
            config.avc_profile_indication = profile;
            config.profile_compatibility = compatibility;
            config.avc_level_indication = level;
            // Only these profiles have the fields.
            let extended = matches!(profile, 100 | 110 | 122 | 144 | 244);
            config.ext = sps.filter(|_| extended).map(|sps| AvccExt {
                chroma_format: sps.chroma_format,
                bit_depth_luma: sps.depths.0,
                bit_depth_chroma: sps.depths.1,
                sequence_parameter_sets_ext: Vec::new(),
            });
        }
        config.sequence_parameter_sets = self.units.sequence.clone();
        config.picture_parameter_sets = self.units.picture.clone();
        config
    }

    fn hvcc(&self, mut config: Hvcc, sps: Option<Sps>) -> Hvcc {
        if let Some((sps, (general, layers, nested))) =
            sps.and_then(|sps| sps.layers.map(|layers| (sps, layers)))
        {
            config.general_profile_space = general[0] >> 6;
            config.general_tier_flag = general[0] >> 5 & 1 == 1;
            config.general_profile_idc = general[0] & 0x1f;
            config
                .general_profile_compatibility_flags
                .copy_from_slice(&general[1..5]);
            config
                .general_constraint_indicator_flags
                .copy_from_slice(&general[5..11]);
            config.general_level_idc = general[11];
            config.chroma_format_idc = sps.chroma_format;
            config.bit_depth_luma_minus8 = sps.depths.0 - 8;
            config.bit_depth_chroma_minus8 = sps.depths.1 - 8;
            config.num_temporal_layers = layers;
            config.temporal_id_nested = nested;
        }
        let sets = [
            (32, &self.units.video),
            (33, &self.units.sequence),
            (34, &self.units.picture),
        ];
        let kinds = sets.map(|(kind, _)| kind);
        let others = std::mem::take(&mut config.arrays);
        let of_sets = sets.into_iter().map(|(kind, units)| HvcCArray {
            completeness: true,
            nal_unit_type: kind,
            nalus: units.clone(),
        });
        let others = others
            .into_iter()
            .filter(|array| !kinds.contains(&array.nal_unit_type));
        config.arrays = of_sets
            .filter(|array| !array.nalus.is_empty())
            .chain(others)
            .collect();
        config
    }
}

/// For the fuzz target: the headers that a stream gets from what its samples bring, as ingest makes them.
///
/// # Panics
///
/// When a header that was written does not hold what it was written for.
#[cfg(fuzzing)]
pub fn fit_headers(
    init: &InitSection,
    fragments: &[&Fragment],
    limits: &MediaLimits,
) -> Vec<InitSection> {
    let mut headers = vec![init.clone()];
    let mut all = ParameterSets::of(init);
    for fragment in fragments {
        for sets in &mut all {
            let mut rest = (*fragment).clone();
            while let Some(index) = sets.change_in(&rest) {
                let before = headers.last().expect("it has the first");
                let Ok(fitted) = sets.write(before, limits) else {
                    return headers;
                };
                let read = ParameterSets::of(&fitted);
                let own = read.iter().find(|read| read.track == sets.track);
                let is_complete = !sets.units.sequence.is_empty() && !sets.units.picture.is_empty();
                let read = own.expect("the track is there").units.clone();
                assert!(!is_complete || read == sets.units, "{read:?}");
                headers.push(fitted);
                rest = rest.split_at(index).1;
            }
        }
    }
    headers
}

impl Units {
    /// Takes the place of what is in effect, kind by kind.
    fn replace(&mut self, by: Self) {
        for (own, new) in [
            (&mut self.video, by.video),
            (&mut self.sequence, by.sequence),
            (&mut self.picture, by.picture),
        ] {
            if !new.is_empty() {
                *own = new;
            }
        }
    }
}

/// Where a header says what a track's parameter sets are.
struct Place {
    codec: Codec,
    /// Where the boxes around it start, from the outermost; the last is the sample entry.
    parents: Vec<usize>,
    /// The `avcC` or `hvcC`.
    configuration: Child,
    /// The `tkhd`'s body.
    tkhd: std::ops::Range<usize>,
}

impl Place {
    fn find(bytes: &[u8], track: TrackId) -> Option<Self> {
        let child = |within: &Child, skip: usize, kind: &[u8; 4]| {
            let within = within.body.start + skip..within.body.end;
            let inside = boxes::children(bytes, within, BoxKind::MOOV).ok()?;
            inside.into_iter().find(|child| &child.kind.0 == kind)
        };
        let top = boxes::children(bytes, 0..bytes.len(), BoxKind::MOOV).ok()?;
        let moov = top.into_iter().find(|child| child.kind == BoxKind::MOOV)?;
        let traks = boxes::children(bytes, moov.body.clone(), BoxKind::MOOV).ok()?;
        let trak = traks.into_iter().find(|child| {
            child.kind == BoxKind::TRAK && track_id(bytes, child).is_ok_and(|id| id == track)
        })?;
        let tkhd = child(&trak, 0, b"tkhd")?.body;
        let mut parents = vec![moov.whole.start, trak.whole.start];
        let mut current = trak;
        for kind in [b"mdia", b"minf", b"stbl", b"stsd"] {
            current = child(&current, 0, kind)?;
            parents.push(current.whole.start);
        }
        let entries = current.body.start + 8..current.body.end;
        let entries = boxes::children(bytes, entries, current.kind).ok()?;
        // With several descriptions it is not clear whose parameter sets a sample brings.
        let [entry] = &entries[..] else {
            return None;
        };
        parents.push(entry.whole.start);
        let (codec, name) = match &entry.kind.0 {
            b"avc1" | b"avc3" => (Codec::Avc, b"avcC"),
            b"hvc1" | b"hev1" => (Codec::Hevc, b"hvcC"),
            _ => return None,
        };
        const FIELDS: usize = 78;
        let configuration = child(entry, FIELDS.min(entry.body.len()), name)?;
        // Sizes of 64 bits are for media, not for headers; nobody writes them here.
        let is_short = |&at: &usize| bytes[at..at + 4] != [0, 0, 0, 1];
        (parents.iter().all(is_short) && configuration.whole.len() - configuration.body.len() == 8)
            .then_some(Self {
                codec,
                parents,
                configuration,
                tkhd,
            })
    }

    /// Writes another size of pictures; the one to show them in changes in proportion.
    fn resize(&self, out: &mut [u8], width: u16, height: u16) {
        let entry = self.parents[self.parents.len() - 1] + 8 + 24;
        let shown = self.tkhd.end.saturating_sub(8);
        for (coded, shown, new) in [(entry, shown, width), (entry + 2, shown + 4, height)] {
            let old = u16::from_be_bytes([out[coded], out[coded + 1]]);
            let fixed =
                u32::from_be_bytes([out[shown], out[shown + 1], out[shown + 2], out[shown + 3]]);
            let scaled = u64::from(fixed) * u64::from(new) / u64::from(old.max(1));
            let scaled = u32::try_from(scaled).unwrap_or_else(|_| u32::from(new) << 16);
            out[coded..coded + 2].copy_from_slice(&new.to_be_bytes());
            out[shown..shown + 4].copy_from_slice(&scaled.to_be_bytes());
        }
    }
}

fn encode<A: mp4_atom::Atom>(atom: &A) -> Vec<u8> {
    let mut out = Vec::new();
    atom.encode(&mut out)
        .expect("what was read can be written, and parameter sets are bounded");
    out
}

fn malformed() -> MediaError {
    MediaError::Malformed {
        kind: BoxKind::MOOV,
        reason: "too large".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::tests::ffmpeg::{TempFile, decoded_frames, encode};
    use crate::media::{MediaItem, MediaReader, TrackKind};

    const PICTURES: &str = "-f lavfi -i testsrc2=size=320x180:rate=25:duration=1";
    const GOPS: &str = "-movflags +cmaf+frag_keyframe+empty_moov+default_base_moof";

    /// Parameter sets in the header and in the samples, under a name that allows both.
    fn both() -> [Vec<u8>; 2] {
        let avc = "-c:v libx264 -preset veryfast -pix_fmt yuv420p -profile:v high -tag:v avc3";
        let hevc = "-c:v libx265 -preset ultrafast -pix_fmt yuv420p -tag:v hev1";
        [
            encode(
                PICTURES,
                &format!("{avc} -x264-params repeat-headers=1"),
                GOPS,
            ),
            encode(
                PICTURES,
                &format!("{hevc} -x265-params repeat-headers=1:log-level=none"),
                GOPS,
            ),
        ]
    }

    fn read(bytes: &[u8]) -> (InitSection, Vec<Fragment>) {
        let mut items = Vec::new();
        let mut reader = MediaReader::new(MediaLimits::default());
        reader
            .read(bytes, &mut items)
            .expect("ffmpeg writes what we read");
        let fragments = items.into_iter().filter_map(|item| match item {
            MediaItem::Fragment(fragment) => Some(fragment),
            _ => None,
        });
        let fragments = fragments.collect();
        (reader.init().expect("a header").clone(), fragments)
    }

    #[test]
    fn a_header_is_completed_with_what_samples_bring() {
        for (source, name) in both().iter().zip(["avc1.64", "hvc1.1.6.L"]) {
            let (init, fragments) = read(source);
            let mut sets = ParameterSets::of(&init).remove(0);
            assert!(sets.are_in_band());
            assert_eq!(
                sets.change_in(&fragments[0]),
                None,
                "the same as in the header"
            );
            // As if the header had none.
            let header = std::mem::take(&mut sets.units);
            let unchanged = sets
                .write(&init, &MediaLimits::default())
                .expect("a header");
            assert_eq!(unchanged, init);
            assert_eq!(sets.change_in(&fragments[0]), Some(0));
            assert_eq!(sets.units.sequence, header.sequence);
            assert_eq!(sets.change_in(&fragments[0]), None, "once");

            // The header had another size before.
            let mut small = init.bytes().to_vec();
            let place = Place::find(&small, sets.track()).expect("a place");
            place.resize(&mut small, 160, 90);
            let small =
                InitSection::parse(small.into(), &MediaLimits::default()).expect("a header");
            let fitted = sets
                .write(&small, &MediaLimits::default())
                .expect("a header");
            let track = fitted.tracks().next().expect("one track");
            assert!(track.codec.starts_with(name), "{}", track.codec);
            let is_sized = matches!(
                track.kind,
                TrackKind::Video {
                    width: 320,
                    height: 180,
                    ..
                }
            );
            assert!(is_sized, "{track:?}");
            // Players find all in the header that they need.
            let mut file = fitted.bytes().to_vec();
            fragments
                .iter()
                .for_each(|fragment| file.extend_from_slice(&fragment.bytes()));
            assert_eq!(decoded_frames(TempFile::with("mp4", &file).path()), 25);
        }
    }

    #[test]
    fn a_fragment_is_split_where_another_header_begins() {
        let [source, _] = both();
        let (_, fragments) = read(&source);
        let fragment = &fragments[0];
        let (before, behind) = fragment.split_at(10);
        let before = before.expect("ten samples");
        assert_eq!(before.end_time(), behind.decode_time());
        assert_eq!(behind.end_time(), fragment.end_time());
        assert_eq!(
            before.samples().len() + behind.samples().len(),
            fragment.samples().len()
        );
        assert_eq!(behind.sample_bytes(0), fragment.sample_bytes(10));
        assert!(fragment.split_at(0).0.is_none());
    }
}
