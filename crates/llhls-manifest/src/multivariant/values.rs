//! Values of attributes that are neither numbers nor free text.

use core::num::NonZeroU32;

use crate::decimal::{write_integer, write_padded};

/// A picture's size in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resolution {
    width: u32,
    height: u32,
}

impl Resolution {
    /// Width and height in pixels, as displayed.
    #[must_use]
    pub const fn new(width: u32, height: u32) -> Self {
        Self { width, height }
    }

    pub(super) fn write(self, out: &mut String) {
        write_integer(out, u64::from(self.width));
        out.push('x');
        write_integer(out, u64::from(self.height));
    }
}

/// Frames per second, in thousandths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameRate {
    thousandths: u64,
}

impl FrameRate {
    /// `frames` in `seconds`, rounded to thousandths.
    #[must_use]
    pub fn new(frames: u32, seconds: NonZeroU32) -> Self {
        let seconds = u64::from(seconds.get());
        Self {
            thousandths: (u64::from(frames) * 1_000 + seconds / 2) / seconds,
        }
    }

    /// Frames in a thousand seconds.
    #[must_use]
    pub const fn as_thousandths(self) -> u64 {
        self.thousandths
    }

    pub(super) fn write(self, out: &mut String) {
        write_thousandths(out, self.thousandths);
    }
}

/// How much better a variant is than another, whatever its bandwidth: positive, in thousandths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Score {
    thousandths: NonZeroU32,
}

impl Score {
    /// The score in thousandths.
    #[must_use]
    pub const fn from_thousandths(thousandths: NonZeroU32) -> Self {
        Self { thousandths }
    }

    pub(super) fn write(self, out: &mut String) {
        write_thousandths(out, u64::from(self.thousandths.get()));
    }
}

fn write_thousandths(out: &mut String, thousandths: u64) {
    write_integer(out, thousandths / 1_000);
    out.push('.');
    write_padded(out, thousandths % 1_000, 3);
}

/// The dynamic range of a variant's video, `VIDEO-RANGE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum VideoRange {
    /// Standard.
    Sdr,
    /// Hybrid log-gamma.
    Hlg,
    /// Perceptual quantizer.
    Pq,
}

impl VideoRange {
    /// From the transfer characteristics code point of the video (MV-08): 18 is HLG, 16 is PQ.
    #[must_use]
    pub const fn from_transfer_characteristics(code: u8) -> Self {
        match code {
            18 => Self::Hlg,
            16 => Self::Pq,
            _ => Self::Sdr,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Sdr => "SDR",
            Self::Hlg => "HLG",
            Self::Pq => "PQ",
        }
    }
}

/// The content protection that a variant's output needs, `HDCP-LEVEL`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HdcpLevel {
    /// None.
    None,
    /// Type 0.
    Type0,
    /// Type 1.
    Type1,
}

impl HdcpLevel {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::None => "NONE",
            Self::Type0 => "TYPE-0",
            Self::Type1 => "TYPE-1",
        }
    }
}
