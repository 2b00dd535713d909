//! Codec names as the `CODECS` attribute takes them (RFC 6381 and the registrations that extend it).

use mp4_atom::{Av1c, Avcc, Dops, Esds, Hvcc, VpcC};

use super::entry::SampleEntry;
use super::error::MediaError;

/// What a sample entry says of its codec.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Described {
    /// The RFC 6381 name.
    pub(crate) name: String,
    /// Channels, where the codec's own configuration knows better than the sample entry.
    pub(crate) channels: Option<u16>,
    /// Peak bits per second, where that configuration says.
    pub(crate) max_bitrate: Option<u32>,
}

impl Described {
    fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            channels: None,
            max_bitrate: None,
        }
    }
}

/// Names the codec of a sample entry; `Ok(None)` for one that this origin cannot name, and so cannot announce.
pub(crate) fn describe(entry: &SampleEntry<'_>) -> Result<Option<Described>, MediaError> {
    let described = match &entry.format().0 {
        b"avc1" => Described::named(avc("avc1", &entry.configuration(b"avcC")?)),
        b"avc3" => Described::named(avc("avc3", &entry.configuration(b"avcC")?)),
        b"hvc1" => Described::named(hevc("hvc1", &entry.configuration(b"hvcC")?)),
        b"hev1" => Described::named(hevc("hev1", &entry.configuration(b"hvcC")?)),
        b"av01" => Described::named(av1(&entry.configuration(b"av1C")?)),
        b"vp09" => Described::named(vp9(&entry.configuration(b"vpcC")?)),
        b"mp4a" => mp4a(&entry.configuration(b"esds")?),
        b"Opus" => {
            let channels = entry.configuration::<Dops>(b"dOps")?.output_channel_count;
            Described {
                channels: Some(u16::from(channels)),
                ..Described::named("opus")
            }
        }
        b"fLaC" => Described::named("fLaC"),
        b"ac-3" => Described::named("ac-3"),
        b"ec-3" => Described::named("ec-3"),
        b"wvtt" => Described::named("wvtt"),
        // TTML in MP4: only the IMSC1 text profile may be in HLS (§3.1.5), so it is the one to name.
        b"stpp" => Described::named("stpp.ttml.im1t"),
        _ => return Ok(None),
    };
    Ok(Some(described))
}

/// `avc1.PPCCLL`: profile, constraints and level in hexadecimal.
fn avc(kind: &str, config: &Avcc) -> String {
    format!(
        "{kind}.{:02x}{:02x}{:02x}",
        config.avc_profile_indication, config.profile_compatibility, config.avc_level_indication
    )
}

/// `hvc1.1.6.L93.B0`: profile space and profile, compatibility flags in reverse bit order, tier and
/// level, then the constraint bytes without trailing zeros (ISO/IEC 14496-15 annex E).
fn hevc(kind: &str, config: &Hvcc) -> String {
    let space = ["", "A", "B", "C"][usize::from(config.general_profile_space & 3)];
    let compatibility =
        u32::from_be_bytes(config.general_profile_compatibility_flags).reverse_bits();
    let tier = if config.general_tier_flag { 'H' } else { 'L' };
    let mut name = format!(
        "{kind}.{space}{}.{compatibility:X}.{tier}{}",
        config.general_profile_idc, config.general_level_idc
    );
    let constraints = &config.general_constraint_indicator_flags;
    let used = constraints
        .iter()
        .rposition(|&byte| byte != 0)
        .map_or(0, |last| last + 1);
    for byte in &constraints[..used] {
        name.push_str(&format!(".{byte:X}"));
    }
    name
}

/// `av01.P.LLT.DD`: profile, level and tier, bit depth (AV1 in ISOBMFF, section 5).
fn av1(config: &Av1c) -> String {
    let tier = if config.seq_tier_0 { 'H' } else { 'M' };
    let depth = match (config.high_bitdepth, config.twelve_bit) {
        (true, true) => 12,
        (true, false) => 10,
        (false, _) => 8,
    };
    format!(
        "av01.{}.{:02}{tier}.{depth:02}",
        config.seq_profile, config.seq_level_idx_0
    )
}

/// `vp09.PP.LL.DD`: profile, level, bit depth.
fn vp9(config: &VpcC) -> String {
    format!(
        "vp09.{:02}.{:02}.{:02}",
        config.profile, config.level, config.bit_depth
    )
}

/// MPEG-4 audio in an `esds`: the object type in hexadecimal, and for AAC the audio object type in decimal.
fn mp4a(esds: &Esds) -> Described {
    const MPEG4_AUDIO: u8 = 0x40;
    let config = &esds.es_desc.dec_config;
    let specific = config.dec_specific.as_ref();
    let name = match config.object_type_indication {
        // AAC-LC is what a stream without its own configuration is.
        MPEG4_AUDIO => format!(
            "mp4a.40.{}",
            specific.map_or(2, |specific| specific.profile)
        ),
        other => format!("mp4a.{other:02X}"),
    };
    let channels = match specific.map_or(0, |specific| specific.chan_conf) {
        channels @ 1..=6 => Some(u16::from(channels)),
        7 => Some(8),
        // Zero, and what is reserved: the sample entry has to know.
        _ => None,
    };
    Described {
        name,
        channels,
        max_bitrate: (config.max_bitrate > 0).then_some(config.max_bitrate),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn avc_is_named_by_profile_constraints_and_level() {
        let config = Avcc {
            avc_profile_indication: 0x64,
            profile_compatibility: 0,
            avc_level_indication: 0x1f,
            ..Avcc::default()
        };
        assert_eq!(avc("avc1", &config), "avc1.64001f");
    }

    #[test]
    fn hevc_main_is_named_as_annex_e_shows() {
        let mut config = Hvcc::new();
        config.general_profile_idc = 1;
        config.general_profile_compatibility_flags = [0x60, 0, 0, 0];
        config.general_level_idc = 93;
        config.general_constraint_indicator_flags = [0xb0, 0, 0, 0, 0, 0];
        assert_eq!(hevc("hvc1", &config), "hvc1.1.6.L93.B0");
    }

    #[test]
    fn av1_is_named_by_profile_level_tier_and_depth() {
        let config = Av1c {
            seq_level_idx_0: 4,
            high_bitdepth: true,
            ..Av1c::default()
        };
        assert_eq!(av1(&config), "av01.0.04M.10");
    }
}
