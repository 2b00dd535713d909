//! Sequence parameter sets of H.264 and HEVC: coded size, profile and level, and what a decoder configuration repeats.
//!
//! Read here up to the size and no further. mp4-atom reads the boxes around parameter sets, not what is in them.

/// As many bytes of a parameter set are read. What comes before the size is far shorter.
const LONGEST: usize = 1024;

/// What a sequence parameter set says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sps {
    /// Pixels across, cropped.
    pub(crate) width: u16,
    /// Pixels down, cropped.
    pub(crate) height: u16,
    /// 0 is monochrome, 1 is 4:2:0, 2 is 4:2:2, 3 is 4:4:4.
    pub(crate) chroma_format: u8,
    /// Bits of a luma sample, and of a chroma sample.
    pub(crate) depths: (u8, u8),
    /// Of HEVC: the twelve bytes of the general profile, tier and level; how many temporal layers; whether they are nested.
    pub(crate) layers: Option<([u8; 12], u8, bool)>,
}

impl Sps {
    /// Reads the one of H.264 (ITU-T H.264 §7.3.2.1.1); `None` where it is cut off or absurd.
    pub(crate) fn of_avc(unit: &[u8]) -> Option<Self> {
        let payload = payload(unit.get(1..)?);
        let mut bits = Bits::new(&payload);
        let profile = bits.take(8)?;
        bits.take(16)?;
        bits.number()?;
        let (mut chroma_format, mut depths) = (1, (8, 8));
        if matches!(
            profile,
            44 | 83 | 86 | 100 | 110 | 118 | 122 | 128 | 134 | 135 | 138 | 139 | 244
        ) {
            chroma_format = bits.number()?;
            if chroma_format == 3 {
                bits.take(1)?;
            }
            depths = (depth(bits.number()?)?, depth(bits.number()?)?);
            bits.take(1)?;
            if bits.flag()? {
                let lists = if chroma_format == 3 { 12 } else { 8 };
                for list in 0..lists {
                    if bits.flag()? {
                        bits.scaling_list(if list < 6 { 16 } else { 64 })?;
                    }
                }
            }
        }
        bits.number()?;
        match bits.number()? {
            0 => {
                bits.number()?;
            }
            1 => {
                bits.take(1)?;
                bits.number()?;
                bits.number()?;
                for _ in 0..bits.number()?.min(255) {
                    bits.number()?;
                }
            }
            _ => {}
        }
        bits.number()?;
        bits.take(1)?;
        let columns = bits.number()?.checked_add(1)?;
        let rows = bits.number()?.checked_add(1)?;
        let fields = if bits.flag()? { 1 } else { 2 };
        if fields == 2 {
            bits.take(1)?;
        }
        bits.take(1)?;
        let crop = bits.crop()?;
        let (across, down) = subsampling(chroma_format)?;
        Some(Self {
            width: cropped(columns.checked_mul(16)?, crop[0], crop[1], across)?,
            height: cropped(
                rows.checked_mul(16 * fields)?,
                crop[2],
                crop[3],
                down * fields,
            )?,
            chroma_format: u8::try_from(chroma_format).ok()?,
            depths,
            layers: None,
        })
    }

    /// Reads the one of HEVC (ITU-T H.265 §7.3.2.2.1); `None` where it is cut off or absurd.
    pub(crate) fn of_hevc(unit: &[u8]) -> Option<Self> {
        let payload = payload(unit.get(2..)?);
        let mut bits = Bits::new(&payload);
        bits.take(4)?;
        let sub_layers = bits.take(3)?;
        let nested = bits.flag()?;
        let mut general = [0; 12];
        for byte in &mut general {
            *byte = u8::try_from(bits.take(8)?).ok()?;
        }
        let mut present = Vec::new();
        for _ in 0..sub_layers {
            present.push((bits.flag()?, bits.flag()?));
        }
        if sub_layers > 0 {
            bits.take(2 * (8 - sub_layers))?;
        }
        for (profile, level) in present {
            for _ in 0..if profile { 11 } else { 0 } {
                bits.take(8)?;
            }
            if level {
                bits.take(8)?;
            }
        }
        bits.number()?;
        let chroma_format = bits.number()?;
        if chroma_format == 3 {
            bits.take(1)?;
        }
        let (width, height) = (bits.number()?, bits.number()?);
        let crop = bits.crop()?;
        let depths = (depth(bits.number()?)?, depth(bits.number()?)?);
        let (across, down) = subsampling(chroma_format)?;
        Some(Self {
            width: cropped(width, crop[0], crop[1], across)?,
            height: cropped(height, crop[2], crop[3], down)?,
            chroma_format: u8::try_from(chroma_format).ok()?,
            depths,
            layers: Some((general, u8::try_from(sub_layers).ok()? + 1, nested)),
        })
    }
}

fn depth(over_eight: u32) -> Option<u8> {
    u8::try_from(over_eight)
        .ok()
        .filter(|&more| more <= 8)
        .map(|more| more + 8)
}

/// How many luma samples there are to a chroma sample, across and down.
fn subsampling(chroma_format: u32) -> Option<(u32, u32)> {
    match chroma_format {
        0 | 3 => Some((1, 1)),
        1 => Some((2, 2)),
        2 => Some((2, 1)),
        _ => None,
    }
}

fn cropped(size: u32, before: u32, behind: u32, unit: u32) -> Option<u16> {
    let cut = before.checked_add(behind)?.checked_mul(unit)?;
    let size = u16::try_from(size.checked_sub(cut)?).ok()?;
    (size > 0).then_some(size)
}

/// The unit without the bytes that keep it from looking like a start code.
fn payload(unit: &[u8]) -> Vec<u8> {
    let unit = &unit[..unit.len().min(LONGEST)];
    let mut out = Vec::with_capacity(unit.len());
    let mut zeros = 0;
    for &byte in unit {
        if zeros >= 2 && byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        out.push(byte);
    }
    out
}

/// A reader of bits.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Bits<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The next bits, at most 32.
    fn take(&mut self, count: u32) -> Option<u32> {
        let mut number = 0;
        for _ in 0..count {
            let byte = self.bytes.get(self.at / 8)?;
            number = number << 1 | u32::from(byte >> (7 - self.at % 8) & 1);
            self.at += 1;
        }
        Some(number)
    }

    fn flag(&mut self) -> Option<bool> {
        Some(self.take(1)? == 1)
    }

    /// An Exp-Golomb number; a signed one as the code that stands for it.
    fn number(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while !self.flag()? {
            zeros += 1;
        }
        if zeros > 31 {
            return None;
        }
        let rest = u64::from(self.take(zeros)?);
        u32::try_from((1_u64 << zeros) - 1 + rest).ok()
    }

    /// The cropping rectangle: left, right, top, bottom.
    fn crop(&mut self) -> Option<[u32; 4]> {
        if !self.flag()? {
            return Some([0; 4]);
        }
        Some([
            self.number()?,
            self.number()?,
            self.number()?,
            self.number()?,
        ])
    }

    fn scaling_list(&mut self, size: u32) -> Option<()> {
        let (mut last, mut next) = (8_i32, 8_i32);
        for _ in 0..size {
            if next != 0 {
                let code = i32::try_from(self.number()?).ok()?;
                let delta = if code % 2 == 1 {
                    code / 2 + 1
                } else {
                    -(code / 2)
                };
                next = (last + delta).rem_euclid(256);
            }
            if next != 0 {
                last = next;
            }
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_the_bits_is_no_panic() {
        let avc = b"\x67\x64\x00\x1f\xac\xd9\x40\x50\x05\xbb\x01\x10\x00\x00\x03\x00\x10\x00\x00\x03\x03\xc0\xf1\x83\x19\x60";
        let size = Sps::of_avc(avc).map(|sps| (sps.width, sps.height));
        assert_eq!(size, Some((1280, 720)));
        for end in 0..avc.len() {
            let _ = (Sps::of_avc(&avc[..end]), Sps::of_hevc(&avc[..end]));
        }
        assert_eq!(Sps::of_avc(&[0x67; 3]), None);
        assert_eq!(Sps::of_hevc(&[0; 64]), None);
    }
}
