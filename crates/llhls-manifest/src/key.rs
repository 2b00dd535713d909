//! How segments are encrypted (§4.4.4.4), and what a change of that does to the text.

use std::sync::Arc;

use crate::text::{TextError, check_quoted, hexadecimal, quoted};

/// The `METHOD` of a key; clear content has no key at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyMethod {
    /// `AES-128`: whole resources, CBC. In a playlist with initialisation sections it needs an
    /// explicit IV (SEG-10).
    Aes128,
    /// `AES-256-GCM`: whole resources. No IV.
    Aes256Gcm,
    /// `SAMPLE-AES`: samples (`cbcs`).
    SampleAes,
    /// `SAMPLE-AES-CTR`: samples (`cenc`). No IV.
    SampleAesCtr,
}

/// One `EXT-X-KEY`, or one `EXT-X-SESSION-KEY`.
///
/// ```
/// use llhls_manifest::{Key, KeyMethod};
///
/// let key = Key::new(KeyMethod::SampleAes, "skd://key1")?.format("com.apple.streamingkeydelivery", "1")?;
/// assert_eq!(key.method(), KeyMethod::SampleAes);
/// # Ok::<(), llhls_manifest::TextError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    method: KeyMethod,
    uri: String,
    iv: Option<[u8; 16]>,
    format: Option<(String, String)>,
}

/// Keys that cannot be in effect together, or not in this playlist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyError {
    /// `AES-128` without an IV in a playlist with initialisation sections (§4.4.4.5).
    IvNeeded,
    /// An IV where the method carries its own (§4.4.4.4).
    IvForbidden,
    /// Two keys have one KEYFORMAT: a client could not choose.
    SameFormat,
    /// A variable in one of the texts has no definition (§4.3).
    UndefinedVariable,
    /// The stream has ended.
    Ended,
}

impl core::fmt::Display for KeyError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::IvNeeded => "AES-128 with an initialisation section needs an IV",
            Self::IvForbidden => "the method takes no IV",
            Self::UndefinedVariable => "a variable has no definition",
            Self::SameFormat => "two keys have the same KEYFORMAT",
            Self::Ended => "the stream has ended",
        })
    }
}

impl core::error::Error for KeyError {}

impl Key {
    /// A key to be had at `uri`.
    ///
    /// # Errors
    /// When a quoted string cannot hold the URI.
    pub fn new(method: KeyMethod, uri: impl Into<String>) -> Result<Self, TextError> {
        let uri = uri.into();
        check_quoted("URI", &uri)?;
        Ok(Self {
            method,
            uri,
            iv: None,
            format: None,
        })
    }

    /// The initialisation vector.
    #[must_use]
    pub const fn iv(mut self, iv: [u8; 16]) -> Self {
        self.iv = Some(iv);
        self
    }

    /// `KEYFORMAT` and `KEYFORMATVERSIONS`; without them the key is 16 raw bytes.
    ///
    /// # Errors
    /// When a quoted string cannot hold one of them.
    pub fn format(
        mut self,
        format: impl Into<String>,
        versions: impl Into<String>,
    ) -> Result<Self, TextError> {
        let (format, versions) = (format.into(), versions.into());
        check_quoted("KEYFORMAT", &format)?;
        check_quoted("KEYFORMATVERSIONS", &versions)?;
        self.format = Some((format, versions));
        Ok(self)
    }

    fn format_name(&self) -> &str {
        self.format
            .as_ref()
            .map_or("identity", |(format, _)| format)
    }

    /// How it is used.
    #[must_use]
    pub const fn method(&self) -> KeyMethod {
        self.method
    }

    /// The attributes, in our fixed order.
    pub(crate) fn write(&self, out: &mut String) {
        out.push_str("METHOD=");
        out.push_str(match self.method {
            KeyMethod::Aes128 => "AES-128",
            KeyMethod::Aes256Gcm => "AES-256-GCM",
            KeyMethod::SampleAes => "SAMPLE-AES",
            KeyMethod::SampleAesCtr => "SAMPLE-AES-CTR",
        });
        quoted(out, "URI", &self.uri);
        if let Some(iv) = &self.iv {
            out.push_str(",IV=");
            hexadecimal(out, iv);
        }
        if let Some((format, versions)) = &self.format {
            quoted(out, "KEYFORMAT", format);
            quoted(out, "KEYFORMATVERSIONS", versions);
        }
    }

    /// The version its attributes ask for (§8).
    pub(crate) fn version(&self) -> u8 {
        let sample = matches!(self.method, KeyMethod::SampleAes | KeyMethod::SampleAesCtr);
        if sample || self.format.is_some() {
            5
        } else if self.iv.is_some() {
            2
        } else {
            1
        }
    }

    pub(crate) fn check_iv(&self) -> Result<(), KeyError> {
        let forbidden = matches!(self.method, KeyMethod::Aes256Gcm | KeyMethod::SampleAesCtr);
        if forbidden && self.iv.is_some() {
            Err(KeyError::IvForbidden)
        } else {
            Ok(())
        }
    }
}

/// The keys in effect for a run of segments: their lines, rendered once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Keys {
    /// `EXT-X-KEY` lines; empty as long as nothing was ever encrypted, `METHOD=NONE` after that.
    pub(crate) lines: Arc<str>,
    /// Whether initialisation sections are encrypted too, so that it matters which key stands
    /// before an `EXT-X-MAP`.
    pub(crate) whole_resources: bool,
    /// The version that the lines ask for.
    pub(crate) version: u8,
    /// The KEYFORMATs, each with a line feed; empty for clear content.
    pub(crate) formats: Arc<str>,
}

const NONE: &str = "#EXT-X-KEY:METHOD=NONE\n";

impl Keys {
    /// Clear content after `before` (SEG-09).
    pub(crate) fn clear(before: &Self) -> Self {
        if before.lines.is_empty() {
            return Self::default();
        }
        Self {
            lines: NONE.into(),
            whole_resources: false,
            version: 1,
            formats: "".into(),
        }
    }

    /// Appends what ends these keys ahead of `next`, if they are of other formats: a key is in
    /// effect until one *of its KEYFORMAT* follows. A format that is only added would not need
    /// it, but hls.js then gives that key to the segments before it too.
    pub(crate) fn write_end(&self, next: &Self, out: &mut String) {
        let same = |one: &Self, other: &Self| {
            let has = |format: &str| other.formats.lines().any(|other| other == format);
            one.formats.lines().all(has)
        };
        let encrypts = !self.lines.is_empty() && &*self.lines != NONE;
        let ends_itself = &*next.lines == NONE;
        if encrypts && !ends_itself && !(same(self, next) && same(next, self)) {
            out.push_str(NONE);
        }
    }

    pub(crate) fn new(keys: &[Key], has_init: bool) -> Result<Self, KeyError> {
        let mut lines = String::new();
        for (index, key) in keys.iter().enumerate() {
            key.check_iv()?;
            if key.method == KeyMethod::Aes128 && has_init && key.iv.is_none() {
                return Err(KeyError::IvNeeded);
            }
            if keys[..index]
                .iter()
                .any(|other| other.format_name() == key.format_name())
            {
                return Err(KeyError::SameFormat);
            }
            lines.push_str("#EXT-X-KEY:");
            key.write(&mut lines);
            lines.push('\n');
        }
        Ok(Self {
            lines: lines.into(),
            whole_resources: keys
                .iter()
                .any(|key| matches!(key.method, KeyMethod::Aes128 | KeyMethod::Aes256Gcm)),
            version: keys.iter().map(Key::version).max().unwrap_or(1),
            formats: keys
                .iter()
                .flat_map(|key| [key.format_name(), "\n"])
                .collect::<String>()
                .into(),
        })
    }
}
