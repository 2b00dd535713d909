//! One text in the codings an HTTP answer may ask for, each made at most once.

use std::sync::OnceLock;

use bytes::Bytes;
use twox_hash::XxHash3_64;

use crate::gzip::gzip_whole;

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
    /// A strong entity tag, quotes included (RFC 9110 §8.8.3): a digest of the bytes to send, so
    /// that equal bytes have equal tags on every machine, and the codings of one text have
    /// different ones.
    pub etag: Bytes,
}

impl Body {
    /// A text that is no version's, such as that of a recording. Compressed anew by each call.
    #[must_use]
    pub fn of(text: String, coding: Coding) -> Self {
        Encoded::new(text).body(coding)
    }

    /// Adds the validator; both share one allocation.
    pub(crate) fn new(mut bytes: Vec<u8>) -> Self {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let hash = XxHash3_64::oneshot(&bytes);
        let len = bytes.len();
        bytes.reserve_exact(18);
        bytes.push(b'"');
        bytes.extend((0..16).map(|digit| DIGITS[(hash >> (60 - 4 * digit)) as usize & 15]));
        bytes.push(b'"');
        let mut bytes = Bytes::from(bytes);
        let etag = bytes.split_off(len);
        Self { bytes, etag }
    }
}

/// A text that is compressed when the first request asks for it, and never again.
///
/// Whoever comes second while the first is still compressing waits for that result: see
/// [`Snapshot::body`](crate::Snapshot::body).
#[derive(Debug)]
pub(crate) struct Encoded {
    identity: Body,
    gzip: OnceLock<Body>,
}

impl Encoded {
    pub(crate) fn new(text: String) -> Self {
        Self {
            identity: Body::new(text.into_bytes()),
            gzip: OnceLock::new(),
        }
    }

    /// The body in `coding`; a clone of two handles but for the first call with `Gzip`.
    pub(crate) fn body(&self, coding: Coding) -> Body {
        self.body_with(coding, gzip_whole)
    }

    /// As [`body`](Self::body), compressed by `gzip` if nobody did before.
    pub(crate) fn body_with(&self, coding: Coding, gzip: impl FnOnce(&[u8]) -> Vec<u8>) -> Body {
        match coding {
            Coding::Identity => self.identity.clone(),
            Coding::Gzip => self
                .gzip
                .get_or_init(|| Body::new(gzip(&self.identity.bytes)))
                .clone(),
        }
    }
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
        let tag = tag(&one, Coding::Identity);
        let expected = format!("\"{:016x}\"", XxHash3_64::oneshot(b"a"));
        assert_eq!(tag, expected.as_bytes());
    }
}
