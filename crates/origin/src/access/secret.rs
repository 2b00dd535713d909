//! Texts that nobody must read in a log.

use std::fmt;
use std::sync::Arc;

use ring::digest;
use subtle::ConstantTimeEq as _;

/// A secret: cannot be printed, logged or compared with `==`.
///
/// Its `Debug` is the same for all secrets and it has no `Display`, so that no `{:?}` of something
/// around it gives it away.
#[derive(Clone)]
pub struct Secret(Arc<[u8]>);

impl Secret {
    /// A secret of these bytes.
    #[must_use]
    pub fn new(bytes: impl AsRef<[u8]>) -> Self {
        Self(bytes.as_ref().into())
    }

    /// The bytes, for those who compute with them.
    pub(crate) fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(..)")
    }
}

/// What is kept of a key that somebody else presents: its SHA-256.
///
/// Comparing digests takes the same time wherever two keys differ and however long they are. A
/// plain hash is enough because keys are long and random; it would not be for passwords of people.
#[derive(Clone, Copy)]
pub struct KeyDigest([u8; 32]);

impl KeyDigest {
    /// The digest of a key.
    #[must_use]
    pub fn of(key: &[u8]) -> Self {
        let digest = digest::digest(&digest::SHA256, key);
        Self(digest.as_ref().try_into().expect("SHA-256 has 32 bytes"))
    }

    /// Reads 64 hexadecimal digits.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        let digits: Option<Vec<u8>> = text
            .chars()
            .map(|digit| {
                digit
                    .to_digit(16)
                    .and_then(|digit| u8::try_from(digit).ok())
            })
            .collect();
        let bytes: Vec<u8> = digits?
            .chunks(2)
            .map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit))
            .collect();
        Some(Self(bytes.try_into().ok().filter(|_| text.len() == 64)?))
    }

    /// Whether both are of one key, found out in constant time.
    pub(crate) fn is(self, presented: Self) -> bool {
        self.0.ct_eq(&presented.0).into()
    }

    /// For tables: nobody can present a digest in place of its key.
    pub(crate) fn bytes(self) -> [u8; 32] {
        self.0
    }
}

impl fmt::Debug for KeyDigest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A digest of a key that is not random enough can be tried out.
        formatter.write_str("KeyDigest(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_prints_a_secret() {
        #[derive(Debug)]
        #[allow(dead_code, reason = "only printed")]
        struct Around {
            one: Secret,
            other: KeyDigest,
        }
        let around = Around {
            one: Secret::new("correct horse"),
            other: KeyDigest::of(b"battery staple"),
        };
        let printed = format!("{around:?} {around:#?}");
        assert_eq!(
            printed.split_whitespace().collect::<Vec<_>>().join(" "),
            "Around { one: Secret(..), other: KeyDigest(..) } \
             Around { one: Secret(..), other: KeyDigest(..), }"
        );
    }

    #[test]
    fn a_digest_knows_its_key_and_no_other() {
        let digest = KeyDigest::of(b"abc");
        assert!(digest.is(KeyDigest::of(b"abc")));
        for other in ["", "ab", "abd", "abcd", "ABC"] {
            assert!(!digest.is(KeyDigest::of(other.as_bytes())), "{other}");
        }
        let hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert!(KeyDigest::from_hex(hex).unwrap().is(digest));
        for bad in ["", &hex[1..], &hex.replace('b', "g"), &format!("{hex}00")] {
            assert!(KeyDigest::from_hex(bad).is_none(), "{bad}");
        }
    }
}
