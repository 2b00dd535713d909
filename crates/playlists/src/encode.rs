//! One text in the codings an HTTP answer may ask for, each made at most once.

use std::io::Write as _;
use std::sync::OnceLock;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use twox_hash::XxHash3_64;

/// The content coding of a body (RFC 9110 §8.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Coding {
    /// The text as it is.
    Identity,
    /// The text compressed with gzip.
    Gzip,
}

/// A body in one coding, with the validator that belongs to exactly these bytes.
///
/// Cloning shares both; nothing is copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// The bytes to send.
    pub bytes: Bytes,
    /// A strong entity tag, quotes included (RFC 9110 §8.8.3): equal bytes have equal tags on
    /// every machine, and the codings of one text have different ones.
    pub etag: Bytes,
}

/// A text that is compressed when the first request asks for it, and never again.
///
/// Whoever comes second while the first is still compressing waits for that result: compression
/// takes some hundred microseconds, less than making it twice would cost.
#[derive(Debug)]
pub(crate) struct Encoded {
    identity: Body,
    gzip: OnceLock<Body>,
}

impl Encoded {
    pub(crate) fn new(text: String) -> Self {
        let bytes = Bytes::from(text);
        let etag = etag(&bytes, "");
        Self {
            identity: Body { bytes, etag },
            gzip: OnceLock::new(),
        }
    }

    /// The body in `coding`; a clone of two handles but for the first call with `Gzip`.
    pub(crate) fn body(&self, coding: Coding) -> Body {
        match coding {
            Coding::Identity => self.identity.clone(),
            Coding::Gzip => self.gzip.get_or_init(|| gzip(&self.identity.bytes)).clone(),
        }
    }
}

fn gzip(text: &Bytes) -> Body {
    // Playlists shrink to about a seventh; starting there avoids most regrowth.
    let mut encoder = GzEncoder::new(Vec::with_capacity(text.len() / 6 + 64), Compression::new(6));
    encoder
        .write_all(text)
        .expect("writing into a Vec cannot fail");
    let bytes = encoder.finish().expect("writing into a Vec cannot fail");
    Body {
        bytes: bytes.into(),
        etag: etag(text, "-gz"),
    }
}

fn etag(text: &[u8], suffix: &str) -> Bytes {
    format!("\"{:016x}{suffix}\"", XxHash3_64::oneshot(text)).into()
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn gzip_decodes_to_the_identity_body_and_is_made_once() {
        let text = "#EXTM3U\n".repeat(100);
        let encoded = Encoded::new(text.clone());
        let first = encoded.body(Coding::Gzip);
        let second = encoded.body(Coding::Gzip);
        assert_eq!(
            first.bytes.as_ptr(),
            second.bytes.as_ptr(),
            "compressed twice"
        );

        let mut decoded = String::new();
        flate2::read::GzDecoder::new(&first.bytes[..])
            .read_to_string(&mut decoded)
            .unwrap();
        assert_eq!(decoded, text);
    }

    #[test]
    fn each_coding_has_its_own_validator_and_equal_text_has_equal_ones() {
        let one = Encoded::new("a".to_owned());
        let same = Encoded::new("a".to_owned());
        let other = Encoded::new("b".to_owned());
        let tag = |encoded: &Encoded, coding| encoded.body(coding).etag;
        assert_ne!(tag(&one, Coding::Identity), tag(&one, Coding::Gzip));
        assert_eq!(tag(&one, Coding::Gzip), tag(&same, Coding::Gzip));
        assert_ne!(tag(&one, Coding::Identity), tag(&other, Coding::Identity));
    }
}
