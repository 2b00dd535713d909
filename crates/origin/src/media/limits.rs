//! How much of an encoder's bytes a reader is willing to hold.

/// Bounds on what one [`MediaReader`](super::MediaReader) holds in memory.
///
/// A reader never holds more than one unit at a time: an initialization section, or a fragment's
/// boxes up to the end of its `mdat`. Its worst case is therefore
/// `max(init, 2 × small + movie_fragment + media_data)`, which is a little over 17 MiB with the defaults.
/// Memory grows with the bytes that arrived, never with a size that a box merely claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaLimits {
    /// Largest `moov`, and largest `ftyp` plus `moov`.
    pub(crate) init: u64,
    /// Largest `moof`.
    pub(crate) movie_fragment: u64,
    /// Largest `mdat`.
    pub(crate) media_data: u64,
    /// Most bytes of `styp`, `prft` and `emsg` boxes in front of one fragment.
    pub(crate) small: u64,
    /// Most tracks of one initialization section.
    pub(crate) tracks: usize,
    /// Most samples of one fragment, all tracks together.
    pub(crate) samples: usize,
}

impl Default for MediaLimits {
    /// 128 KiB of `moov`, 1 MiB of `moof`, 16 MiB of `mdat`, 64 KiB of event messages, 16 tracks, 65 536 samples.
    fn default() -> Self {
        Self {
            init: 128 << 10,
            movie_fragment: 1 << 20,
            media_data: 16 << 20,
            small: 64 << 10,
            tracks: 16,
            samples: 1 << 16,
        }
    }
}

impl MediaLimits {
    /// Largest initialization section (`ftyp` and `moov` together), in bytes. Default 128 KiB.
    #[must_use]
    pub fn init_bytes(mut self, bytes: u64) -> Self {
        self.init = bytes;
        self
    }

    /// Largest `moof`, in bytes. Default 1 MiB.
    #[must_use]
    pub fn movie_fragment_bytes(mut self, bytes: u64) -> Self {
        self.movie_fragment = bytes;
        self
    }

    /// Largest `mdat`, in bytes. Default 16 MiB: ten seconds at 13 Mbit/s, or two at 67.
    #[must_use]
    pub fn media_data_bytes(mut self, bytes: u64) -> Self {
        self.media_data = bytes;
        self
    }

    /// Most tracks of an initialization section. Default 16.
    #[must_use]
    pub fn tracks(mut self, tracks: usize) -> Self {
        self.tracks = tracks;
        self
    }

    /// Most samples of one fragment. Default 65 536.
    #[must_use]
    pub fn samples(mut self, samples: usize) -> Self {
        self.samples = samples;
        self
    }
}
