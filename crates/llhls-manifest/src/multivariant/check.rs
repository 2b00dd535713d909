//! The rules about the graph as a whole.

use super::rendition::{Rendition, RenditionKind};
use super::session::Contents;
use super::steering::is_pathway;
use super::variant::{ClosedCaptions, Picture};
use super::{MultivariantError, MultivariantPlaylist};
use crate::config::NEWEST_VERSION;
use crate::define::{self, Definition};
use crate::text::check_quoted;

type Outcome = Result<(), MultivariantError>;

impl MultivariantPlaylist {
    pub(super) fn check(&self) -> Outcome {
        if self.variants.is_empty() {
            return Err(MultivariantError::NoVariant);
        }
        if self.minimum_version > NEWEST_VERSION {
            return Err(MultivariantError::Version(self.minimum_version));
        }
        self.check_definitions()?;
        self.check_session()?;
        for rendition in &self.renditions {
            check_rendition(rendition)?;
        }
        self.check_groups()?;
        for picture in self.pictures() {
            check_picture(picture)?;
            self.check_group(picture.video.as_deref(), RenditionKind::Video)?;
        }
        self.check_variants()?;
        self.check_stable_ids()
    }

    fn pictures(&self) -> impl Iterator<Item = &Picture> {
        let variants = self.variants.iter().map(|variant| &variant.picture);
        variants.chain(self.i_frame_variants.iter().map(|variant| &variant.picture))
    }

    fn check_definitions(&self) -> Outcome {
        let import = |definition: &Definition| matches!(definition, Definition::Import(_));
        let sound =
            define::check_all(&self.definitions).is_ok() && !self.definitions.iter().any(import);
        if sound {
            Ok(())
        } else {
            Err(MultivariantError::Definitions)
        }
    }

    /// MV-26, MV-27, MV-28.
    fn check_session(&self) -> Outcome {
        for (index, data) in self.session_data.iter().enumerate() {
            text("DATA-ID", &data.id)?;
            optional("LANGUAGE", data.language.as_deref())?;
            match &data.contents {
                Contents::Value(value) => text("VALUE", value)?,
                Contents::Json(uri) | Contents::Raw(uri) => text("URI", uri)?,
            }
            let again =
                |other: &super::SessionData| other.id == data.id && other.language == data.language;
            if self.session_data[..index].iter().any(again) {
                return Err(MultivariantError::Duplicate(data.id.clone()));
            }
        }
        for (index, key) in self.session_keys.iter().enumerate() {
            if key.check_iv().is_err() {
                return Err(MultivariantError::SessionKey);
            }
            if self.session_keys[..index].contains(key) {
                return Err(MultivariantError::Duplicate("a session key".to_owned()));
            }
        }
        let Some(steering) = &self.steering else {
            return Ok(());
        };
        text("SERVER-URI", &steering.server_uri)?;
        if let Some(pathway) = &steering.pathway {
            check_pathway(pathway)?;
            let is_on = |picture: &Picture| picture.pathway.as_deref().unwrap_or(".") == pathway;
            if !self.variants.iter().any(|variant| is_on(&variant.picture)) {
                return Err(MultivariantError::UnknownPathway(pathway.clone()));
            }
        }
        Ok(())
    }

    /// MV-17, MV-18.
    fn check_groups(&self) -> Outcome {
        for (index, rendition) in self.renditions.iter().enumerate() {
            let ambiguous = self.renditions[..index].iter().any(|other| {
                (other.kind, &other.group) == (rendition.kind, &rendition.group)
                    && (other.name == rendition.name || (other.default && rendition.default))
            });
            if ambiguous {
                return Err(MultivariantError::AmbiguousGroup(rendition.group.clone()));
            }
        }
        let members = |of: &Rendition| {
            let mut members: Vec<String> = self
                .renditions
                .iter()
                .filter(|other| (other.kind, &other.group) == (of.kind, &of.group))
                .map(comparable)
                .collect();
            members.sort();
            members
        };
        for (index, rendition) in self.renditions.iter().enumerate() {
            let same_kind = self.renditions[..index]
                .iter()
                .rfind(|o| o.kind == rendition.kind);
            if let Some(other) = same_kind.filter(|other| other.group != rendition.group)
                && members(other) != members(rendition)
            {
                return Err(MultivariantError::UnequalGroups {
                    one: other.group.clone(),
                    other: rendition.group.clone(),
                });
            }
        }
        Ok(())
    }

    fn check_group(&self, group: Option<&str>, kind: RenditionKind) -> Outcome {
        let exists = |group: &str| {
            self.renditions
                .iter()
                .any(|other| other.kind == kind && other.group == group)
        };
        match group {
            Some(group) if !exists(group) => Err(MultivariantError::UnknownGroup(group.to_owned())),
            _ => Ok(()),
        }
    }

    /// MV-10, MV-11, MV-12.
    fn check_variants(&self) -> Outcome {
        let mut scores = 0;
        let mut without_captions = 0;
        for variant in &self.variants {
            self.check_group(variant.audio.as_deref(), RenditionKind::Audio)?;
            self.check_group(variant.subtitles.as_deref(), RenditionKind::Subtitles)?;
            match &variant.closed_captions {
                Some(ClosedCaptions::Group(group)) => {
                    self.check_group(Some(group), RenditionKind::ClosedCaptions)?;
                }
                Some(ClosedCaptions::None) => without_captions += 1,
                None => {}
            }
            scores += usize::from(variant.picture.score.is_some());
            if let Some(layout) = &variant.required_layout {
                check_layout(layout)?;
            }
        }
        let all = self.variants.len();
        if scores > 0 && scores < all {
            return Err(MultivariantError::OnSomeVariants("SCORE"));
        }
        if without_captions > 0 && without_captions < all {
            return Err(MultivariantError::OnSomeVariants("CLOSED-CAPTIONS=NONE"));
        }
        Ok(())
    }

    /// MV-13: one URI, one ID.
    fn check_stable_ids(&self) -> Outcome {
        let pictures = self
            .pictures()
            .map(|p| (Some(p.uri.as_str()), p.stable_id.as_deref()));
        let renditions = self
            .renditions
            .iter()
            .map(|r| (r.uri.as_deref(), r.stable_id.as_deref()));
        for list in [pictures.collect::<Vec<_>>(), renditions.collect()] {
            for (index, (uri, id)) in list.iter().enumerate() {
                if let Some(id) = id {
                    let legal = |c: char| c.is_ascii_alphanumeric() || "+/=._-".contains(c);
                    if id.is_empty() || !id.chars().all(legal) {
                        return Err(bad("STABLE-ID", id));
                    }
                }
                let Some(uri) = uri else { continue };
                let differs = |(other, other_id): &(Option<&str>, Option<&str>)| {
                    *other == Some(uri) && other_id != id
                };
                if list[..index].iter().any(differs) {
                    return Err(MultivariantError::StableId((*uri).to_owned()));
                }
            }
        }
        Ok(())
    }
}

fn bad(attribute: &'static str, value: &str) -> MultivariantError {
    MultivariantError::Text {
        attribute,
        value: value.to_owned(),
    }
}

fn text(attribute: &'static str, value: &str) -> Outcome {
    check_quoted(attribute, value).map_err(|_| bad(attribute, value))
}

fn optional(attribute: &'static str, value: Option<&str>) -> Outcome {
    value.map_or(Ok(()), |value| text(attribute, value))
}

/// A word of a list within a quoted string.
fn word(attribute: &'static str, value: &str) -> Outcome {
    text(attribute, value)?;
    let separates = |c: char| c == ',' || c.is_whitespace();
    if value.contains(separates) {
        Err(bad(attribute, value))
    } else {
        Ok(())
    }
}

fn check_pathway(pathway: &str) -> Outcome {
    if is_pathway(pathway) {
        Ok(())
    } else {
        Err(bad("PATHWAY-ID", pathway))
    }
}

/// MV-12: known specifiers, and not only the defaults.
fn check_layout(layout: &str) -> Outcome {
    const KNOWN: [&str; 7] = [
        "CH-MONO",
        "CH-STEREO",
        "PROJ-RECT",
        "PROJ-EQUI",
        "PROJ-HEQU",
        "PROJ-PRIM",
        "PROJ-AIV",
    ];
    let mut words = layout.split([',', '/']);
    let known = words.clone().all(|word| KNOWN.contains(&word));
    let telling = words.any(|word| word != "CH-MONO" && word != "PROJ-RECT");
    if known && telling {
        Ok(())
    } else {
        Err(bad("REQ-VIDEO-LAYOUT", layout))
    }
}

/// MV-03, MV-04, MV-09.
fn check_picture(picture: &Picture) -> Outcome {
    text("URI", &picture.uri)?;
    if picture.uri.starts_with('#') || picture.uri.contains(char::is_whitespace) {
        return Err(bad("URI", &picture.uri));
    }
    let average = picture.average_bandwidth.unwrap_or(picture.bandwidth);
    if picture.bandwidth == 0 || average == 0 || average > picture.bandwidth {
        return Err(MultivariantError::Bandwidth {
            uri: picture.uri.clone(),
        });
    }
    for codec in &picture.codecs {
        word("CODECS", codec)?;
    }
    for codec in &picture.supplemental_codecs {
        word("SUPPLEMENTAL-CODECS", codec)?;
        if picture.codecs.is_empty() || codec.starts_with('/') || codec.ends_with('/') {
            return Err(bad("SUPPLEMENTAL-CODECS", codec));
        }
    }
    for (format, labels) in &picture.allowed_cpc {
        word("ALLOWED-CPC", format)?;
        for label in labels {
            let legal = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-';
            if label.is_empty() || !label.chars().all(legal) {
                return Err(bad("ALLOWED-CPC", label));
            }
        }
    }
    optional("VIDEO", picture.video.as_deref())?;
    picture.pathway.as_deref().map_or(Ok(()), check_pathway)
}

/// MV-14, MV-15, MV-16.
fn check_rendition(rendition: &Rendition) -> Outcome {
    text("GROUP-ID", &rendition.group)?;
    text("NAME", &rendition.name)?;
    optional("URI", rendition.uri.as_deref())?;
    optional("LANGUAGE", rendition.language.as_deref())?;
    optional("ASSOC-LANGUAGE", rendition.associated_language.as_deref())?;
    optional("INSTREAM-ID", rendition.instream_id.as_deref())?;
    optional("CHANNELS", rendition.channels.as_deref())?;
    for characteristic in &rendition.characteristics {
        word("CHARACTERISTICS", characteristic)?;
    }
    let wrong = |attribute| {
        Err(MultivariantError::Rendition {
            name: rendition.name.clone(),
            attribute,
        })
    };
    let audio = rendition.kind == RenditionKind::Audio;
    if rendition.forced && rendition.kind != RenditionKind::Subtitles {
        return wrong("FORCED");
    }
    if !audio && rendition.channels.is_some() {
        return wrong("CHANNELS");
    }
    if !audio && rendition.bit_depth.is_some() {
        return wrong("BIT-DEPTH");
    }
    if !audio && rendition.sample_rate.is_some() {
        return wrong("SAMPLE-RATE");
    }
    if rendition.kind == RenditionKind::ClosedCaptions {
        let id = rendition.instream_id.as_deref().unwrap_or_default();
        let within = |prefix: &str, most: u8| {
            let number = id
                .strip_prefix(prefix)
                .filter(|n| !n.starts_with(['0', '+']));
            number
                .and_then(|n| n.parse::<u8>().ok())
                .is_some_and(|n| n <= most)
        };
        if !within("CC", 4) && !within("SERVICE", 63) {
            return wrong("INSTREAM-ID");
        }
    }
    Ok(())
}

/// What two groups must have in common (MV-18).
fn comparable(rendition: &Rendition) -> String {
    let mut same = rendition.clone();
    same.group.clear();
    same.uri = None;
    same.channels = None;
    same.bit_depth = None;
    same.stable_id = None;
    same.instream_id = None;
    same.sample_rate = None;
    let mut text = String::new();
    same.write(&mut text);
    text
}
